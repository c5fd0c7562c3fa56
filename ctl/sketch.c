/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sketch.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "match/grammar.h"
#include "match/literal.h"
#include "match/pattern.h"

#define PARTS_MAX 64
/* Of a capture with more text of the sender behind it. */
#define REST_MAX 64

struct place_of {
	size_t start, end;
	struct addr addr;
};

/* A piece of the line: regex text of its own, a capture of the sender's text, or the address. */
struct part {
	enum { PART_FIXED, PART_CAPTURE, PART_ADDRESS } kind;
	char *regex;
	const char *name;
	struct span text;
};

struct drawing {
	struct span line; /* without its head */
	struct place_of addrs[SKETCH_ADDRESSES_MAX];
	size_t n_addrs, own;
	struct part parts[PARTS_MAX];
	size_t n;
	bool full;
};

/* The head */

/* How much of the line the regex takes, and the group "program" in it. */
static size_t take_head(const char *regex, struct span line, struct span *program)
{
	int error;
	size_t offset, taken = 0;
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED, PATTERN_OPTIONS, &error,
					 &offset, NULL);
	pcre2_match_data *data = code ? pcre2_match_data_create_from_pattern(code, NULL) : NULL;
	const PCRE2_SIZE *v;
	int group;

	if (data && pcre2_match(code, (PCRE2_SPTR)line.ptr, line.len, 0, PCRE2_ANCHORED, data, NULL) > 0) {
		v = pcre2_get_ovector_pointer(data);
		taken = v[1];
		group = program ? pcre2_substring_number_from_name(code, (PCRE2_SPTR) "program") : 0;
		if (group > 0)
			*program = (struct span){ line.ptr + v[2 * group], v[2 * group + 1] - v[2 * group] };
	}
	pcre2_match_data_free(data);
	pcre2_code_free(code);
	return taken;
}

static void skip(struct span *line, size_t n)
{
	line->ptr += n;
	line->len -= n;
}

static int draw_head(struct span *line, struct sketch *s)
{
	struct span program = { NULL, 0 };
	size_t n = take_head("(?(DEFINE)" MATCH_GRAMMAR
			     ")(?&syslog)(?<program>[\\w./-]{1,64})(?:\\[\\d{1,10}\\])?: ",
			     *line, &program);

	if (program.ptr) {
		s->program = strndup(program.ptr, program.len);
		if (!s->program)
			return -ENOMEM;
		skip(line, n);
	}
	/* An address in brackets is no date. */
	n = take_head("\\[(?=[^]]*\\d\\d:\\d\\d|\\d{10})" SKETCH_STAMP "\\] ", *line, NULL);
	s->stamp = n > 0;
	skip(line, n);
	n = n > 0 ? 0 : take_head("(?:" SKETCH_DATE ") ", *line, NULL);
	s->date = n > 0;
	skip(line, n);
	return 0;
}

/* Addresses */

static bool is_part_of_word(char c)
{
	return isalnum((unsigned char)c) || c == '.' || c == ':' || c == '_';
}

/* The length of the address that begins at text, or 0. */
static size_t address_at(const char *text, const char *end, struct addr *a)
{
	static const char *const chars[] = { "0123456789.", "0123456789abcdefABCDEF:." };
	size_t i, n;

	for (i = 0; i < ELEMENTSOF(chars); i++) {
		for (n = 0; text + n < end && text[n] && strchr(chars[i], text[n]); n++)
			;
		for (; n >= 2; n--)
			if (addr_parse(text, n, a) == 0 &&
			    (text + n == end || !isalnum((unsigned char)text[n])))
				return n;
	}
	return 0;
}

static void find_addresses(struct drawing *d)
{
	const char *p = d->line.ptr, *end = p + d->line.len;
	struct addr a;

	while (p < end && d->n_addrs < SKETCH_ADDRESSES_MAX) {
		size_t n = p > d->line.ptr && is_part_of_word(p[-1]) && p[-1] != ':' ? 0 :
										       address_at(p, end, &a);
		size_t start = (size_t)(p - d->line.ptr);

		/* "::" alone is more often punctuation. */
		if (n > 2)
			d->addrs[d->n_addrs++] = (struct place_of){ start, start + n, a };
		p += n > 0 ? n : 1;
	}
}

static bool is_wanted(const struct addr *a, char *const *wanted)
{
	struct addr w;

	for (; wanted && *wanted; wanted++)
		if (addr_parse(*wanted, strlen(*wanted), &w) == 0 && addr_equal(a, &w))
			return true;
	return false;
}

/* Which of the addresses is the sender's. False: that is not certain. */
static bool choose_address(struct drawing *d, char *const *wanted)
{
	size_t i, chosen = SIZE_MAX;

	for (i = 0; i < d->n_addrs; i++) {
		if (!is_wanted(&d->addrs[i].addr, wanted))
			continue;
		if (chosen != SIZE_MAX && !addr_equal(&d->addrs[chosen].addr, &d->addrs[i].addr))
			return false;
		chosen = chosen == SIZE_MAX ? i : chosen;
	}
	for (i = 0; chosen == SIZE_MAX && i < d->n_addrs; i++)
		if (!addr_equal(&d->addrs[0].addr, &d->addrs[i].addr))
			return false;
	d->own = chosen == SIZE_MAX ? 0 : chosen;
	return true;
}

static int list_addresses(const struct drawing *d, char **found, size_t *n_found)
{
	size_t i, k;

	for (i = 0; i < d->n_addrs; i++) {
		for (k = 0; k < i && !addr_equal(&d->addrs[k].addr, &d->addrs[i].addr); k++)
			;
		if (k < i)
			continue;
		found[*n_found] =
			strndup(d->line.ptr + d->addrs[i].start, d->addrs[i].end - d->addrs[i].start);
		if (!found[*n_found])
			return -ENOMEM;
		(*n_found)++;
	}
	return -ENOTUNIQ;
}

/* Parts */

char *sketch_escape(const char *text, size_t len, char *to)
{
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c >= 0x7f) {
			to += sprintf(to, "\\x%02x", c);
			continue;
		}
		if (strchr("\\^$.[]|()?*+{}", c))
			*to++ = '\\';
		*to++ = (char)c;
	}
	*to = '\0';
	return to;
}

static void add_fixed(struct drawing *d, const char *regex)
{
	struct part *last = d->n > 0 ? &d->parts[d->n - 1] : NULL;
	char *longer;

	if (last && last->kind == PART_FIXED) {
		longer = text_printf("%s%s", last->regex, regex);
		free(last->regex);
		last->regex = longer;
	} else if (d->n < PARTS_MAX) {
		longer = strdup(regex);
		d->parts[d->n++] = (struct part){ .kind = PART_FIXED, .regex = longer };
	} else {
		d->full = true;
		return;
	}
	d->full = d->full || !longer;
}

static void add_chars(struct drawing *d, size_t at, size_t n)
{
	char regex[256];
	size_t i, piece;

	for (i = 0; i < n; i += piece) {
		piece = n - i < sizeof(regex) / 5 ? n - i : sizeof(regex) / 5;
		sketch_escape(d->line.ptr + at + i, piece, regex);
		add_fixed(d, regex);
	}
}

static bool has_capture(const struct drawing *d, const char *name)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		if (d->parts[i].kind == PART_CAPTURE && strcmp(d->parts[i].name, name) == 0)
			return true;
	return false;
}

/* The sender's text from start to end; each name but "text" is given once. */
static void add_capture(struct drawing *d, const char *name, size_t start, size_t end)
{
	if (d->n >= PARTS_MAX) {
		d->full = true;
		return;
	}
	if (has_capture(d, name))
		name = "text";
	d->parts[d->n++] = (struct part){ .kind = PART_CAPTURE,
					  .name = name,
					  .text = { d->line.ptr + start, end - start } };
}

/* What a word before a value says of it; NULL: nothing. */
static const char *name_for(struct span word)
{
	static const struct {
		const char *word, *name;
	} words[] = {
		{ "user", "user" },	  { "username", "user" },
		{ "account", "user" },	  { "login", "user" },
		{ "peer", "user" },	  { "auth", "user" },
		{ "agent", "agent" },	  { "ua", "agent" },
		{ "useragent", "agent" }, { "user-agent", "agent" },
		{ "callid", "id" },	  { "call-id", "id" },
		{ "id", "id" },		  { "session", "id" },
		{ "number", "number" },	  { "extension", "number" },
		{ "to", "number" },	  { "from", "from" },
	};
	size_t i;

	for (i = 0; i < ELEMENTSOF(words); i++)
		if (word.len == strlen(words[i].word) && strncasecmp(word.ptr, words[i].word, word.len) == 0)
			return words[i].name;
	return NULL;
}

/* The word before at, with punctuation between. */
static struct span word_before(const struct drawing *d, size_t at)
{
	size_t end = at, start;

	while (end > 0 && strchr(" =:(<['\"", d->line.ptr[end - 1]))
		end--;
	for (start = end;
	     start > 0 && (isalnum((unsigned char)d->line.ptr[start - 1]) || d->line.ptr[start - 1] == '-');)
		start--;
	return (struct span){ d->line.ptr + start, end - start };
}

static bool has_own(const struct drawing *d, size_t start, size_t end)
{
	const struct place_of *own = &d->addrs[d->own];

	return own->start < end && own->end > start;
}

/* The place of the character that closes what c opened at; 0: there is none before the sender's address. */
static size_t find_close(const struct drawing *d, size_t at, char c)
{
	size_t i;

	for (i = at + 1; i < d->line.len; i++)
		if (d->line.ptr[i] == c &&
		    (i + 1 == d->line.len || !isalnum((unsigned char)d->line.ptr[i + 1])))
			return has_own(d, at, i) ? 0 : i;
	return 0;
}

/* 'text', "text", <sip:x>, [user@host] at: what is in it is the sender's. Returns the place behind it, or at.
 */
static size_t take_enclosed(struct drawing *d, size_t at)
{
	char c = d->line.ptr[at], closing = c == '<' ? '>' : c == '[' ? ']' : c;
	bool quote = c == '\'' || c == '"';
	const char *name;
	size_t end;

	if (!quote && c != '<' && c != '[')
		return at;
	if (quote && at > 0 && isalnum((unsigned char)d->line.ptr[at - 1]))
		return at;
	end = find_close(d, at, closing);
	if (end == 0 || (!quote && !memchr(d->line.ptr + at, '@', end - at) &&
			 !memmem(d->line.ptr + at, end - at, "sip:", 4)))
		return at;
	name = name_for(word_before(d, at));
	if (!name)
		name = c == '<'							? "from" :
		       memchr(d->line.ptr + at, ' ', end - at) || end == at + 1 ? "text" :
										  "user";
	add_chars(d, at, 1);
	add_capture(d, name, at + 1, end);
	add_chars(d, end, 1);
	return end + 1;
}

/* The value of "user=value" at. */
static size_t take_value(struct drawing *d, size_t at)
{
	const char *name;
	size_t end = at;

	if (at == 0 || d->line.ptr[at - 1] != '=')
		return at;
	name = name_for(word_before(d, at));
	while (end < d->line.len && !strchr(" ,;", d->line.ptr[end]))
		end++;
	if (!name || end == at || has_own(d, at, end))
		return at;
	add_capture(d, name, at, end);
	return end;
}

static size_t take_port(struct drawing *d, size_t at)
{
	size_t n = at;

	if (n + 1 >= d->line.len || d->line.ptr[n] != ':' || !isdigit((unsigned char)d->line.ptr[n + 1]))
		return at;
	for (n++; n < d->line.len && isdigit((unsigned char)d->line.ptr[n]);)
		n++;
	if (n - at > 6)
		return at;
	add_fixed(d, "(?::(?&port))?");
	return n;
}

static size_t take_address(struct drawing *d, size_t at)
{
	size_t i, bracket = d->line.ptr[at] == '[';

	for (i = 0; i < d->n_addrs; i++) {
		size_t end = d->addrs[i].end;

		if (d->addrs[i].start != at + bracket)
			continue;
		if (bracket && (end >= d->line.len || d->line.ptr[end] != ']'))
			continue;
		if (i == d->own && d->n < PARTS_MAX)
			d->parts[d->n++] = (struct part){ .kind = PART_ADDRESS };
		else
			add_fixed(d, "(?&ip)");
		return take_port(d, end + bracket);
	}
	return at;
}

/* Numbers that are no part of a word differ from line to line. */
static size_t take_number(struct drawing *d, size_t at)
{
	size_t digits = 0, hex = 0;
	const char *p = d->line.ptr + at;

	if (at > 0 && (isalpha((unsigned char)p[-1]) || p[-1] == '_'))
		return at;
	if (p[0] == '0' && at + 2 < d->line.len && p[1] == 'x' && isxdigit((unsigned char)p[2])) {
		for (hex = 2; at + hex < d->line.len && isxdigit((unsigned char)p[hex]);)
			hex++;
		add_fixed(d, "0x[0-9a-f]{1,16}");
		return at + hex;
	}
	while (at + digits < d->line.len && isdigit((unsigned char)p[digits]))
		digits++;
	if (digits == 0 || digits > 20 ||
	    (at + digits < d->line.len && (isalpha((unsigned char)p[digits]) || p[digits] == '_')))
		return at;
	add_fixed(d, digits > 10 ? "\\d{1,20}" : "\\d{1,10}");
	return at + digits;
}

static void draw_parts(struct drawing *d)
{
	static size_t (*const takers[])(struct drawing * d, size_t at) = { take_address, take_enclosed,
									   take_value, take_number };
	size_t at = 0, i;

	while (at < d->line.len && !d->full) {
		size_t next = at;

		for (i = 0; i < ELEMENTSOF(takers) && next == at; i++)
			next = takers[i](d, at);
		if (next == at) {
			/* A word of letters and digits is one. */
			for (next = at + 1; isalnum((unsigned char)d->line.ptr[next - 1]) &&
					    next < d->line.len && isalnum((unsigned char)d->line.ptr[next]);)
				next++;
			add_chars(d, at, next - at);
		}
		at = next;
	}
}

/* The regex */

/* Is part i the last capture before the address, or of the line? */
static bool is_last_capture(const struct drawing *d, size_t i)
{
	for (i++; i < d->n && d->parts[i].kind != PART_ADDRESS; i++)
		if (d->parts[i].kind == PART_CAPTURE)
			return false;
	return true;
}

static size_t captures_after(const struct drawing *d, size_t i)
{
	size_t n = 0;

	for (; i < d->n; i++)
		n += d->parts[i].kind == PART_CAPTURE;
	return n;
}

/* Capture i, the first of several behind the address: all behind it is text, so that nothing there is asked
 * for. */
static void write_rest(const struct drawing *d, size_t i, FILE *to)
{
	const struct part *p = &d->parts[i];
	char end = p->text.ptr[p->text.len];

	if (strcmp(p->name, "text") != 0)
		fprintf(to, "(?<%s>[^%s%c]{0,%d}+)", p->name, strchr("]^\\", end) ? "\\" : "", end, REST_MAX);
	fputs("(?<text>.*+)", to);
}

/*
 * Only the last capture before the address may be read in several ways: all
 * before it end at the first place they can, and what follows the address
 * cannot change it. So a long line takes few steps, and no reading is missed.
 */
static void write_regex(const struct drawing *d, FILE *to)
{
	size_t tail = 0, i;

	for (i = 0; i < d->n; i++) {
		const struct part *p = &d->parts[i];
		/* Blanks at the ends of a value are cut. */
		bool blank = i == 0 && p->kind == PART_FIXED && *p->regex == ' ';

		if (p->kind == PART_FIXED) {
			fprintf(to, "%s%s", blank ? "\\x20" : "", p->regex + blank);
		} else if (p->kind == PART_ADDRESS) {
			tail = captures_after(d, i);
			fprintf(to, "(?<addr>(?&ip))%s", tail == 1 ? "(?>" : "");
		} else if (tail > 1) {
			write_rest(d, i, to);
			return;
		} else if (is_last_capture(d, i)) {
			fprintf(to, "(?<%s>.*)", p->name);
		} else {
			fprintf(to, "(?>(?<%s>.*?)%s)", p->name, d->parts[i + 1].regex);
			i++;
		}
	}
	if (tail == 1)
		fputs("$)", to);
}

/* The longest text of all parts, for patterns whose own regex tells none. */
static int find_literal(const struct drawing *d, struct sketch *s)
{
	char best[LITERAL_MAX], one[LITERAL_MAX];
	size_t n_best = 0, i;

	if (literal_extract(s->regex, best) > 0)
		return 0;
	for (i = 0; i < d->n; i++) {
		size_t n = d->parts[i].kind == PART_FIXED ? literal_extract(d->parts[i].regex, one) : 0;

		if (n > n_best) {
			memcpy(best, one, n);
			n_best = n;
		}
	}
	if (n_best == 0)
		return 0;
	s->literal = strndup(best, n_best);
	return s->literal ? 0 : -ENOMEM;
}

static int finish(const struct drawing *d, struct sketch *s)
{
	size_t size = 0, i;
	FILE *to = open_memstream(&s->regex, &size);

	if (!to)
		return -ENOMEM;
	write_regex(d, to);
	if (fclose(to) != 0)
		return -ENOMEM;
	s->address =
		strndup(d->line.ptr + d->addrs[d->own].start, d->addrs[d->own].end - d->addrs[d->own].start);
	for (i = 0; i < d->n; i++)
		if (d->parts[i].kind == PART_CAPTURE && strcmp(d->parts[i].name, "user") == 0 &&
		    strstr(s->regex, "(?<user>") && d->parts[i].text.len <= REST_MAX)
			s->user = strndup(d->parts[i].text.ptr, d->parts[i].text.len);
	return s->address ? find_literal(d, s) : -ENOMEM;
}

static bool is_clean(const char *line)
{
	for (; *line; line++)
		if ((unsigned char)*line < 0x20 && *line != '\t')
			return false;
	return true;
}

int sketch_line(const char *line, char *const *wanted, struct sketch *ret,
		char *found[static SKETCH_ADDRESSES_MAX], size_t *n_found)
{
	struct drawing d = { .line = span_trim(SPAN(line)) };
	int r;

	*ret = (struct sketch){ 0 };
	*n_found = 0;
	if (!is_clean(line))
		return -EILSEQ;
	r = draw_head(&d.line, ret);
	if (r < 0)
		return r;
	find_addresses(&d);
	if (d.n_addrs == 0)
		return -ENOENT;
	if (!choose_address(&d, wanted))
		return list_addresses(&d, found, n_found);
	draw_parts(&d);
	r = d.full ? -ENOMEM : finish(&d, ret);
	while (d.n > 0)
		free(d.parts[--d.n].regex);
	return r;
}

void sketch_done(struct sketch *s)
{
	free(s->program);
	free(s->regex);
	free(s->literal);
	free(s->address);
	free(s->user);
	*s = (struct sketch){ 0 };
}
