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
	*ret = (struct span){s->ptr, (size_t)(end - s->ptr)};
	s->len -= ret->len + 1;
	s->ptr = end + 1;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip(struct span *s, size_t n)
{
	s->ptr += n;
	s->len -= n;
}

static void skip_blanks(struct span *s)
{
	while (s->len && is_blank(*s->ptr))
		skip(s, 1);
}

/* Also of line ends, which folded headers have. */
static struct span trim(struct span s)
{
	skip_blanks(&s);
	while (s.len && is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

static bool is_uuid(const char *text)
{
	size_t i;

	for (i = 0; i < UUID_LENGTH; i++) {
		const bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
			return false;
	}
	/* It is a hexadecimal digit, so no NUL. */
	return text[UUID_VERSION] == '4' && strchr("89abAB", text[UUID_VARIANT]);
}

bool sip_take_uuid(struct span *data, struct span *ret)
{
	for (; data->len >= UUID_LENGTH; skip(data, 1)) {
		if (!is_uuid(data->ptr))
			continue;
		*ret = (struct span){data->ptr, UUID_LENGTH};
		skip(data, UUID_LENGTH);
		return true;
	}
	return false;
}

/* From the first name on, if it is anywhere; false: it is not. */
static bool find_name(struct span *value, const char *name)
{
	const size_t len = strlen(name);

	for (; value->len >= len; skip(value, 1))
		if (strncasecmp(value->ptr, name, len) == 0)
			return true;
	return false;
}

/* Behind the name, which it begins with, and a sign of equality. False: there is none. */
static bool skip_name(struct span *value, const char *name)
{
	skip(value, strlen(name));
	skip_blanks(value);
	if (!value->len || *value->ptr != '=')
		return false;
	skip(value, 1);
	skip_blanks(value);
	return true;
}

/* Digest realm="…", nonce="…", … (RFC 7616): the last nonce, before which the realm stands, whatever is in
 * it. */
static void take_challenge(struct span value, struct sip_message *m)
{
	static const char name[] = "nonce";
	struct span nonce = {0}, uuid;

	for (; find_name(&value, name); skip(&value, 1))
		nonce = value;
	if (!nonce.ptr || m->n_nonces == SIP_NONCES_MAX || !skip_name(&nonce, name))
		return;
	/* The UUID is all that is between the quotes. */
	if (nonce.len < UUID_LENGTH + 2 || nonce.ptr[0] != '"' || nonce.ptr[UUID_LENGTH + 1] != '"')
		return;
	nonce = (struct span){nonce.ptr + 1, UUID_LENGTH};
	if (sip_take_uuid(&nonce, &uuid))
		m->nonces[m->n_nonces++] = uuid;
}

/* Digest username="…", …: the first, as FreeSWITCH takes it. A sender who writes it otherwise hides his own name. */
static void take_login(struct span value, struct sip_message *m)
{
	static const char name[] = "username";

	if (m->login.len || !find_name(&value, name) || !skip_name(&value, name) || !value.len || *value.ptr != '"')
		return;
	skip(&value, 1);
	take_until(&value, '"', &m->login);
}

/* Behind the quotes that a display name is in. */
static void skip_quoted(struct span *s)
{
	size_t i;

	if (!s->len || *s->ptr != '"')
		return;
	for (i = 1; i < s->len && s->ptr[i] != '"'; i++)
		i += s->ptr[i] == '\\' && i + 1 < s->len;
	skip(s, i < s->len ? i + 1 : s->len);
}

/* Of "Name" <sip:user:password@host>;tag=…, or without name and brackets. Of any scheme: a sender chooses it.
 */
static struct span user_of(struct span value)
{
	const struct span none = {"", 0};
	struct span uri = trim(value), user, part;

	skip_quoted(&uri);
	if (take_until(&uri, '<', &part)) {
		if (!take_until(&uri, '>', &part))
			return none;
		uri = part;
	}
	uri = trim(uri);
	if (!take_until(&uri, ':', &part))
		return none;
	if (is_named(part, "tel"))
		return take_until(&uri, ';', &part) ? part : uri;
	if (!take_until(&uri, '@', &user))
		return none;
	return take_until(&user, ':', &part) ? part : user;
}

static void take_cseq(struct span value, struct sip_message *m)
{
	value = trim(value);
	/* An answer has it as a number. */
	while (value.len > 1 && *value.ptr == '0')
		skip(&value, 1);
	m->cseq = (struct span){value.ptr, 0};
	while (m->cseq.len < value.len && isdigit((unsigned char)value.ptr[m->cseq.len]))
		m->cseq.len++;
	skip(&value, m->cseq.len);
	m->registers = is_named(trim(value), "REGISTER");
	m->invites = is_named(trim(value), "INVITE");
	if (m->cseq.len > CSEQ_DIGITS)
		m->cseq.len = 0;
}

/* One header, with the lines that go on with it. False: the message has it twice. */
static bool take_header(struct span line, struct sip_message *m)
{
	struct span name, *once = NULL;

	if (!take_until(&line, ':', &name))
		return true;
	name = trim(name);
	if (is_named(name, "Call-ID") || is_named(name, "i"))
		once = &m->call_id;
	else if (is_named(name, "CSeq"))
		once = &m->cseq;
	else if (is_named(name, "To") || is_named(name, "t"))
		once = &m->to;
	if (once && once->ptr)
		return false;
	if (once == &m->call_id)
		m->call_id = trim(line);
	else if (once == &m->cseq)
		take_cseq(line, m);
	else if (once)
		m->to = user_of(line);
	else if (is_named(name, "From") || is_named(name, "f"))
		m->from = user_of(line);
	else if (!m->request && (is_named(name, "WWW-Authenticate") || is_named(name, "Proxy-Authenticate")))
		take_challenge(line, m);
	else if (m->request && (is_named(name, "Authorization") || is_named(name, "Proxy-Authorization")))
		take_login(line, m);
	else if (is_named(name, "Reason"))
		m->reasoned = true;
	return true;
}

/* Up to the end of a line, which is left out. False: it has none. */
static bool take_piece(struct span *data, bool lenient, struct span *ret)
{
	size_t i = 0;

	while (i < data->len && data->ptr[i] != '\n' && !(lenient && data->ptr[i] == '\r'))
		i++;
	if (i == data->len)
		return false;
	*ret = (struct span){data->ptr, i};
	skip(data, i + 1);
	if (ret->ptr[i] == '\r' && data->len && *data->ptr == '\n')
		skip(data, 1);
	return true;
}

/*
 * A line, with those that go on with it. False: there is none, or it begins with a CR in
 * an answer: what that is, others may see otherwise.
 */
static bool take_line(struct span *data, bool lenient, struct span *ret)
{
	const char *start = data->ptr;
	struct span piece;

	do {
		if (!take_piece(data, lenient, &piece) || (!lenient && piece.len > 1 && *piece.ptr == '\r'))
			return false;
		*ret = (struct span){start, (size_t)(piece.ptr + piece.len - start)};
	} while (trim(*ret).len > 0 && data->len && (*data->ptr == ' ' || *data->ptr == '\t'));
	return true;
}

static bool take_start(struct span line, struct sip_message *m)
{
	static const char answer[] = "SIP/2.0 ";
	const size_t head = sizeof(answer) - 1;
	size_t i;

	line = trim(line);
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

	*ret = (struct sip_message){0};
	skip_blanks(&data);
	if (!take_line(&data, true, &line) || !take_start(line, ret))
		return false;
	while (take_line(&data, ret->request, &line)) {
		if (trim(line).len == 0)
			return ret->call_id.len > 0 && ret->cseq.len > 0 && ret->to.ptr;
		if (!take_header(line, ret))
			return false;
	}
	return false;
}
