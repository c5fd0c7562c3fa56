/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/sip.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define UUID_LENGTH 36
#define UUID_VERSION 14 /* where its version is, and its variant */
#define UUID_VARIANT 19
/* No number of a transaction is longer (RFC 3261 8.1.1.5: 31 bits). */
#define CSEQ_DIGITS 10

static bool is_named(struct span name, const char *text)
{
	return name.len == strlen(text) && strncasecmp(name.ptr, text, name.len) == 0;
}

/* Takes what stands before the first separator, which is left out, too. False: there is none. */
static bool take_until(struct span *s, char separator, struct span *ret)
{
	const char *end = s->len ? memchr(s->ptr, separator, s->len) : NULL;

	if (!end)
		return false;
	*ret = (struct span){ s->ptr, (size_t)(end - s->ptr) };
	s->len -= ret->len + 1;
	s->ptr = end + 1;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip(struct span *s, const char *what)
{
	while (s->len && (is_blank(*s->ptr) || strchr(what, *s->ptr)) && *s->ptr) {
		s->ptr++;
		s->len--;
	}
}

/* Quoted or not; what stands between the quotes. */
static struct span take_value(struct span *s)
{
	struct span value = { s->ptr, 0 };
	size_t i = 0;

	if (s->len && *s->ptr == '"') {
		for (i = 1; i < s->len && s->ptr[i] != '"'; i++)
			i += s->ptr[i] == '\\' && i + 1 < s->len;
		value = (struct span){ s->ptr + 1, i - 1 };
		i += i < s->len;
	} else {
		while (i < s->len && s->ptr[i] != ',' && !is_blank(s->ptr[i]))
			i++;
		value.len = i;
	}
	s->ptr += i;
	s->len -= i;
	return value;
}

/* Digest username="…", nonce="…", stale=true (RFC 7616). */
static bool take_digest(struct span value, struct sip_message *m)
{
	struct span name;

	value = span_trim(value);
	if (value.len < 7 || strncasecmp(value.ptr, "Digest", 6) != 0 || !is_blank(value.ptr[6]))
		return false;
	value.ptr += 6;
	value.len -= 6;
	skip(&value, ",");
	while (take_until(&value, '=', &name)) {
		struct span v;

		name = span_trim(name);
		skip(&value, "");
		v = take_value(&value);
		if (is_named(name, "nonce"))
			m->nonce = v;
		else if (is_named(name, "username"))
			m->username = v;
		else if (is_named(name, "stale"))
			m->stale |= is_named(v, "true");
		skip(&value, ",");
	}
	return m->nonce.ptr != NULL;
}

/* Of "Name" <sip:user:password@host>;tag=…, or without name and brackets. */
static struct span user_of(struct span value)
{
	struct span uri = span_trim(value), user = { "", 0 }, part;

	if (uri.len && *uri.ptr == '"')
		take_value(&uri);
	if (take_until(&uri, '<', &part)) {
		if (!take_until(&uri, '>', &part))
			return user;
		uri = part;
	}
	uri = span_trim(uri);
	if (!take_until(&uri, ':', &part) || (!is_named(part, "sip") && !is_named(part, "sips")))
		return user;
	if (!take_until(&uri, '@', &user))
		return (struct span){ "", 0 };
	if (take_until(&user, ':', &part))
		return part;
	return user;
}

static void take_cseq(struct span value, struct sip_message *m)
{
	value = span_trim(value);
	/* An answer has it as a number. */
	while (value.len > 1 && *value.ptr == '0') {
		value.ptr++;
		value.len--;
	}
	m->cseq = (struct span){ value.ptr, 0 };
	while (m->cseq.len < value.len && isdigit((unsigned char)value.ptr[m->cseq.len]))
		m->cseq.len++;
	value.ptr += m->cseq.len;
	value.len -= m->cseq.len;
	m->registers = is_named(span_trim(value), "REGISTER");
	if (m->cseq.len > CSEQ_DIGITS)
		m->cseq.len = 0;
}

/* False: two of them that differ, of which we cannot know which one counts. */
static bool take_credentials(struct span value, struct sip_message *m)
{
	struct sip_message other = { 0 };

	if (!take_digest(value, &other))
		return true;
	if (m->nonce.ptr && !span_equal(m->nonce, other.nonce))
		return false;
	m->nonce = other.nonce;
	m->username = other.username;
	m->stale |= other.stale;
	return true;
}

/* One header, unfolded or not. False: the message is none of ours. */
static bool take_header(struct span line, struct sip_message *m)
{
	struct span name;

	if (!take_until(&line, ':', &name))
		return true;
	name = span_trim(name);
	if (is_named(name, "Call-ID") || is_named(name, "i")) {
		if (m->call_id.ptr)
			return false;
		m->call_id = span_trim(line);
	} else if (is_named(name, "CSeq")) {
		if (m->cseq.ptr)
			return false;
		take_cseq(line, m);
	} else if (is_named(name, "To") || is_named(name, "t")) {
		if (m->to.ptr)
			return false;
		m->to = user_of(line);
	} else if (m->request ? is_named(name, "Authorization") || is_named(name, "Proxy-Authorization") :
				is_named(name, "WWW-Authenticate") || is_named(name, "Proxy-Authenticate")) {
		return take_credentials(line, m);
	}
	return true;
}

/* Up to the end of the line, with those that go on with it in a request. False: no line, or no clean one of an answer. */
static bool take_line(struct span *data, bool lenient, struct span *ret)
{
	struct span start = *data, line;

	do {
		if (!take_until(data, '\n', &line))
			return false;
		if (!lenient && (line.len == 0 || memchr(line.ptr, '\r', line.len) != line.ptr + line.len - 1 ||
				 memchr(line.ptr, '\0', line.len)))
			return false;
		ret->ptr = start.ptr;
		ret->len = (size_t)(line.ptr + line.len - start.ptr);
		if (span_trim(line).len == 0 || !data->len || (*data->ptr != ' ' && *data->ptr != '\t'))
			return true;
	} while (lenient);
	return false;
}

static bool take_start(struct span line, struct sip_message *m)
{
	static const char answer[] = "SIP/2.0 ";
	const size_t head = sizeof(answer) - 1;
	size_t i;

	line = span_trim(line);
	if (line.len < head + 3)
		return false;
	m->request = memcmp(line.ptr, answer, head) != 0;
	if (m->request)
		return strncasecmp(line.ptr + line.len - 7, "SIP/2.0", 7) == 0;
	for (i = head; i < head + 3; i++) {
		if (!isdigit((unsigned char)line.ptr[i]))
			return false;
		m->status = m->status * 10 + (unsigned)(line.ptr[i] - '0');
	}
	return m->status >= 100 && m->status < 700;
}

bool sip_parse(struct span data, struct sip_message *ret)
{
	struct span line;

	*ret = (struct sip_message){ 0 };
	skip(&data, "");
	if (!take_line(&data, true, &line) || !take_start(line, ret))
		return false;
	while (take_line(&data, ret->request, &line)) {
		if (span_trim(line).len == 0)
			return ret->call_id.len > 0 && ret->cseq.len > 0 && ret->to.ptr;
		if (!take_header(line, ret))
			return false;
	}
	return false;
}

bool sip_nonce_is_random(struct span nonce)
{
	size_t i;

	if (nonce.len != UUID_LENGTH)
		return false;
	for (i = 0; i < nonce.len; i++) {
		const bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? nonce.ptr[i] != '-' : !isxdigit((unsigned char)nonce.ptr[i]))
			return false;
	}
	return nonce.ptr[UUID_VERSION] == '4' && memchr("89abAB", nonce.ptr[UUID_VARIANT], 6);
}
