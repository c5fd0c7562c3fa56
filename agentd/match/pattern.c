/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/pattern.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/cleanup.h"
#include "match/expand.h"
#include "match/grammar.h"
#include "match/literal.h"
#include "match/match.h"

#define JIT_STACK_MIN ((size_t)32 << 10)
#define JIT_STACK_MAX ((size_t)1 << 20)
/* For the interpreter, in KiB (pcre2_set_heap_limit). */
#define HEAP_LIMIT 4096
/* Groups of one name, e.g. the address in each branch of an alternation. */
#define GROUPS_MAX 16

enum field { FIELD_IS_ADDR, FIELD_IS_USER, FIELD_IS_ID, FIELD_IS_NUMBER, FIELD_IS_AGENT, FIELD_IS_FROM,
	     FIELD_IS_TRANSPORT, FIELD_IS_PORT, FIELD_IS_TIME, FIELD_IS_CHALLENGE, FIELD_IS_DURATION, FIELD_IS_METHOD, FIELD_IS_TEXT, FIELD_COUNT };

static const char *const field_names[FIELD_COUNT] = { "addr", "user", "id", "number", "agent", "from", "transport",
						       "sport", "time", "challenge", "duration", "method", "text" };

struct groups {
	uint32_t numbers[GROUPS_MAX];
	unsigned count;
};

struct pattern {
	pcre2_code *code;
	struct groups fields[FIELD_COUNT];
	bool proven, forgeable, refusal;
	bool tried_jit, jit;
	char literal[LITERAL_MAX];
	size_t literal_len;
	char anchor[LITERAL_MAX]; /* where it stands once, there is one address only */
	size_t anchor_len;	  /* 0: not known */
};

/* One match in progress, for the callout. */
struct reading {
	const struct pattern *pattern;
	struct event *event;
	bool any;
	bool one;      /* there can be no other address than the first */
	bool overflow; /* more distinct addresses than an event holds */
	size_t last_start, last_end; /* of the address read last */
};

struct pattern_context {
	pcre2_match_context *match;
	pcre2_match_data *data;
	pcre2_jit_stack *stack; /* NULL: the interpreter does it */
};

static int on_reading(pcre2_callout_block *block, void *userdata);

int pattern_grammar(const struct filter *f, struct diag *diag, struct grammar **ret)
{
	struct grammar *g;
	struct span name;
	size_t i;
	int r = grammar_new(&g);

	if (r < 0)
		return r;
	r = grammar_add(g, MATCH_GRAMMAR, &name);
	for (i = 0; r >= 0 && i < f->n_defines; i++) {
		const struct filter_text *d = &f->defines[i];

		r = grammar_add(g, d->text, &name);
		if (r == -EEXIST)
			diag_error(diag, d->file, d->line, "give it another name", "there is a group '%.*s' already",
				   (int)(name.len < 64 ? name.len : 64), name.ptr);
		else if (r == -EINVAL)
			diag_error(diag, d->file, d->line, "write (?<name>regex), and call it as (?&name)",
				   "a define is one or more named groups, and nothing else");
	}
	if (r < 0)
		grammar_free(g);
	else
		*ret = g;
	return r == -EEXIST ? -EINVAL : r;
}

int pattern_context_new(struct pattern_context **ret)
{
	struct pattern_context *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->match = pcre2_match_context_create(NULL);
	c->data = pcre2_match_data_create(1, NULL);
	if (!c->match || !c->data) {
		pattern_context_free(c);
		return -ENOMEM;
	}
	pcre2_set_heap_limit(c->match, HEAP_LIMIT);
	*ret = c;
	return 0;
}

int pattern_context_use_jit(struct pattern_context *c)
{
	if (!c->stack)
		c->stack = pcre2_jit_stack_create(JIT_STACK_MIN, JIT_STACK_MAX, NULL);
	if (!c->stack)
		return -ENOMEM;
	pcre2_jit_stack_assign(c->match, NULL, c->stack);
	return 0;
}

struct pattern_context *pattern_context_free(struct pattern_context *c)
{
	if (!c)
		return NULL;
	pcre2_match_data_free(c->data);
	pcre2_match_context_free(c->match);
	pcre2_jit_stack_free(c->stack);
	free(c);
	return NULL;
}

/* A regex as text that grows. */
struct regex {
	char *text;
	size_t len;
};

static int regex_add(struct regex *r, const char *text)
{
	size_t n = strlen(text);
	char *longer = realloc(r->text, r->len + n + 1);

	if (!longer)
		return -ENOMEM;
	memcpy(longer + r->len, text, n + 1);
	r->text = longer;
	r->len += n;
	return 0;
}

/* (?(DEFINE)…) with our grammar and that of the filter. */
static int regex_begin(struct regex *r, const struct filter *f)
{
	size_t i;
	int n = regex_add(r, "(?(DEFINE)" MATCH_GRAMMAR);

	for (i = 0; n >= 0 && i < f->n_defines; i++)
		n = regex_add(r, f->defines[i].text);
	return n < 0 ? n : regex_add(r, ")");
}

static pcre2_code *compile(const struct regex *r, size_t before, const struct filter_text *at, const char *what,
			   struct diag *diag)
{
	PCRE2_UCHAR message[160];
	PCRE2_SIZE offset;
	int error;
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)r->text, r->len, PATTERN_OPTIONS, &error, &offset, NULL);

	if (code)
		return code;
	pcre2_get_error_message(error, message, sizeof(message));
	offset = offset > before ? offset - before : 0;
	if (offset > strlen(at->text))
		offset = strlen(at->text);
	diag_error(diag, at->file, at->line, "pcre2pattern(3) describes regexes; (?&ip) reads an address",
		   "%s: %s at character %zu, before '%.20s'", what, (const char *)message, (size_t)offset + 1,
		   at->text + offset);
	return NULL;
}

/*
 * Each text must be a regex by itself, or putting them together would change
 * their meaning: "a)|(b" would only then find its parentheses.
 */
static bool check_alone(const struct filter *f, const struct filter_text *text, const char *what, struct diag *diag)
{
	struct regex r = { 0 };
	pcre2_code *code = NULL;

	if (regex_begin(&r, f) >= 0) {
		size_t before = r.len;

		if (regex_add(&r, text->text) >= 0)
			code = compile(&r, before, text, what, diag);
	}
	free(r.text);
	pcre2_code_free(code);
	return code != NULL;
}

/* The line from its first to its last byte. */
static int regex_whole(struct regex *r, const struct filter *f, const struct filter_pattern *text)
{
	int n = regex_add(r, "^(?:");

	if (n >= 0 && f->prefix.text)
		n = regex_add(r, f->prefix.text);
	if (n >= 0)
		n = regex_add(r, ")(?:");
	if (n >= 0)
		n = regex_add(r, text->regex.text);
	return n < 0 ? n : regex_add(r, ")$");
}

/* At the end of a regex; brings every reading (pcre2callout(3)). */
#define CALLOUT "(?C1)"

static pcre2_code *compile_expanded(struct pattern *p, const struct grammar *g, const struct regex *whole)
{
	struct regex r = { 0 };
	pcre2_code *code = NULL;
	PCRE2_SIZE offset;
	int error;

	if (grammar_expand(g, whole->text, &r.text) < 0)
		return NULL;
	r.len = strlen(r.text);
	p->anchor_len = literal_before_address(r.text, p->anchor);
	if (regex_add(&r, CALLOUT) >= 0)
		code = pcre2_compile((PCRE2_SPTR)r.text, r.len, PATTERN_OPTIONS, &error, &offset, NULL);
	free(r.text);
	return code;
}

int pattern_regex(const struct filter *f, const struct filter_pattern *p, struct pattern_regex *ret)
{
	struct regex r = { 0 };
	int n = regex_begin(&r, f);

	*ret = (struct pattern_regex){ .own = r.len + strlen("^(?:)(?:") + (f->prefix.text ? strlen(f->prefix.text) : 0) };
	ret->end = ret->own + strlen(p->regex.text);
	if (n >= 0)
		n = regex_whole(&r, f, p);
	if (n < 0) {
		free(r.text);
		return n;
	}
	ret->text = r.text;
	ret->len = r.len;
	return 0;
}

static pcre2_code *compile_whole(struct pattern *p, const struct filter *f, const struct grammar *g,
				 const struct filter_pattern *text, struct diag *diag)
{
	struct regex whole = { 0 };
	struct pattern_regex with_defines;
	pcre2_code *code = NULL;

	if (regex_whole(&whole, f, text) >= 0)
		code = compile_expanded(p, g, &whole);
	free(whole.text);
	if (!code && pattern_regex(f, text, &with_defines) >= 0) {
		struct regex r = { with_defines.text, with_defines.len };

		if (regex_add(&r, CALLOUT) >= 0)
			code = compile(&r, with_defines.own, &text->regex, "regex", diag);
		free(r.text);
	}
	return code;
}

/* With calls written out, text in a define counts, too. */
static void find_literal(struct pattern *p, const struct grammar *g, const char *regex)
{
	_cleanup_free_ char *expanded = NULL;

	if (grammar_expand(g, regex, &expanded) >= 0)
		p->literal_len = literal_extract(expanded, p->literal);
	else
		p->literal_len = literal_extract(regex, p->literal);
}

static void find_groups(struct pattern *p)
{
	uint32_t count = 0, size = 0, i;
	PCRE2_SPTR table = NULL;
	unsigned f;

	pcre2_pattern_info(p->code, PCRE2_INFO_NAMECOUNT, &count);
	pcre2_pattern_info(p->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
	pcre2_pattern_info(p->code, PCRE2_INFO_NAMETABLE, &table);
	/* Each entry: two bytes of group number, then the name (pcre2api(3)). */
	for (i = 0; i < count; i++, table += size) {
		for (f = 0; f < FIELD_COUNT; f++) {
			struct groups *g = &p->fields[f];

			if (strcmp((const char *)table + 2, field_names[f]) == 0 && g->count < GROUPS_MAX)
				g->numbers[g->count++] = (uint32_t)table[0] << 8 | table[1];
		}
	}
}

int pattern_new(const struct filter *f, const struct grammar *g, const struct filter_pattern *text, struct diag *diag,
		struct pattern **ret)
{
	struct pattern *p;

	if ((f->prefix.text && !check_alone(f, &f->prefix, "prefix", diag)) ||
	    !check_alone(f, &text->regex, "regex", diag))
		return -EINVAL;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->proven = text->proven;
	p->refusal = text->refusal;
	p->forgeable = text->forgeable;
	p->code = compile_whole(p, f, g, text, diag);
	if (!p->code) {
		free(p);
		return -EINVAL;
	}
	find_groups(p);
	find_literal(p, g, text->regex.text);
	/* Records of calls count by account; most gateways do not write where they came from. */
	if (p->fields[FIELD_IS_ADDR].count == 0 && text->class != CLASS_CALL_END) {
		diag_error(diag, text->regex.file, text->regex.line, "write (?<addr>(?&ip)) where the address stands",
			   "pattern '%s' captures no address", text->name);
		pattern_free(p);
		return -EINVAL;
	}
	if (p->forgeable && (p->fields[FIELD_IS_ADDR].count > 0 || text->class != CLASS_CALL_END)) {
		diag_error(diag, text->file, text->line, "take forgeable away, or the pattern",
			   "pattern '%s' is forgeable, as only a record of a call without address may be", text->name);
		pattern_free(p);
		return -EINVAL;
	}
	*ret = p;
	return 0;
}

struct pattern *pattern_free(struct pattern *p)
{
	if (!p)
		return NULL;
	pcre2_code_free(p->code);
	free(p);
	return NULL;
}

const pcre2_code *pattern_code(const struct pattern *p)
{
	return p->code;
}

int continuation_new(const struct filter *f, const struct grammar *g, struct diag *diag, struct continuation **ret)
{
	_cleanup_free_ char *expanded = NULL;
	pcre2_code *code;

	*ret = NULL;
	if (!f->continued.text)
		return 0;
	if (!check_alone(f, &f->continued, "continued", diag))
		return -EINVAL;
	if (grammar_expand(g, f->continued.text, &expanded) < 0) {
		diag_error(diag, f->continued.file, f->continued.line, "write it without options and (?P>name)",
			   "continued: too intricate");
		return -EINVAL;
	}
	code = pcre2_compile((PCRE2_SPTR)expanded, PCRE2_ZERO_TERMINATED, PATTERN_OPTIONS | PCRE2_ANCHORED, &(int){ 0 },
			     &(PCRE2_SIZE){ 0 }, NULL);
	if (!code)
		return -ENOMEM;
	*ret = (struct continuation *)code;
	return 0;
}

struct continuation *continuation_free(struct continuation *c)
{
	pcre2_code_free((pcre2_code *)c);
	return NULL;
}

bool continuation_matches(const struct continuation *c, struct pattern_context *context, const char *line, size_t len)
{
	pcre2_set_callout(context->match, NULL, NULL);
	pcre2_set_match_limit(context->match, MATCH_LIMIT);
	return pcre2_match((const pcre2_code *)c, (PCRE2_SPTR)line, len, 0, 0, context->data, context->match) >= 0;
}

size_t continuation_extend(const struct continuation *c, struct pattern_context *context, const char *text, size_t len,
			   size_t limit)
{
	while (len + 1 < limit && text[len] == '\n') {
		const char *next = text + len + 1, *end = memchr(next, '\n', limit - len - 1);
		size_t n = end ? (size_t)(end - next) : limit - len - 1;

		if (!continuation_matches(c, context, next, n))
			break;
		len += n + 1;
		if (len > MATCH_LINE_MAX)
			return 0;
	}
	return len;
}

struct span pattern_literal(const struct pattern *p)
{
	return (struct span){ p->literal, p->literal_len };
}

bool pattern_has_challenge(const struct pattern *p)
{
	return p->fields[FIELD_IS_CHALLENGE].count > 0;
}

unsigned pattern_captures(const struct pattern *p)
{
	static const struct {
		enum field field;
		enum list_field list;
	} fields[] = {
		{ FIELD_IS_USER, FIELD_USER },
		{ FIELD_IS_AGENT, FIELD_AGENT },
		{ FIELD_IS_NUMBER, FIELD_NUMBER },
		{ FIELD_IS_FROM, FIELD_FROM },
	};
	unsigned captures = 0;
	size_t i;

	for (i = 0; i < ELEMENTSOF(fields); i++)
		if (p->fields[fields[i].field].count > 0)
			captures |= 1u << fields[i].list;
	return captures;
}

/* The first of these groups that took part in the reading. */
static bool find_capture(const struct groups *g, const pcre2_callout_block *block, size_t *start, size_t *end)
{
	unsigned i;

	for (i = 0; i < g->count; i++) {
		uint32_t n = g->numbers[i];

		if (n >= block->capture_top || block->offset_vector[2 * n] == PCRE2_UNSET)
			continue;
		*start = block->offset_vector[2 * n];
		*end = block->offset_vector[2 * n + 1];
		return true;
	}
	return false;
}

/* All groups of that name, not only the first: each is a place for the sender's text. */
static void take_texts(const struct reading *r, const pcre2_callout_block *block)
{
	const struct groups *g = &r->pattern->fields[FIELD_IS_TEXT];
	struct event *e = r->event;
	unsigned i;

	for (i = 0; i < g->count; i++) {
		const struct groups one = { { g->numbers[i] }, 1 };
		size_t start, end;

		if (e->n_texts < EVENT_TEXTS_MAX && find_capture(&one, block, &start, &end) && end >= start)
			e->texts[e->n_texts++] = (struct span){ (const char *)block->subject + start, end - start };
	}
}

static void take_captures(const struct reading *r, const pcre2_callout_block *block)
{
	struct event *e = r->event;
	struct span *const spans[FIELD_IS_TEXT] = {
		[FIELD_IS_USER] = &e->user,	[FIELD_IS_ID] = &e->id,	    [FIELD_IS_NUMBER] = &e->number,
		[FIELD_IS_AGENT] = &e->agent,	[FIELD_IS_FROM] = &e->from, [FIELD_IS_TRANSPORT] = &e->transport,
		[FIELD_IS_PORT] = &e->port,	[FIELD_IS_TIME] = &e->stamp,
		[FIELD_IS_CHALLENGE] = &e->challenge, [FIELD_IS_DURATION] = &e->duration,
		[FIELD_IS_METHOD] = &e->method,
	};
	unsigned f;

	take_texts(r, block);
	for (f = FIELD_IS_ADDR + 1; f < FIELD_IS_TEXT; f++) {
		size_t start, end;

		if (find_capture(&r->pattern->fields[f], block, &start, &end) && end >= start)
			*spans[f] = (struct span){ (const char *)block->subject + start, end - start };
	}
}

static void take_address(struct reading *r, const pcre2_callout_block *block)
{
	struct event *e = r->event;
	size_t start, end, i;
	struct addr a;

	if (!find_capture(&r->pattern->fields[FIELD_IS_ADDR], block, &start, &end))
		return;
	/* Many readings differ elsewhere only. */
	if (r->any && start == r->last_start && end == r->last_end)
		return;
	r->last_start = start;
	r->last_end = end;
	if (addr_parse((const char *)block->subject + start, end - start, &a) < 0)
		return;
	for (i = 0; i < e->n_addrs; i++)
		if (addr_equal(&e->addrs[i], &a))
			return;
	if (e->n_addrs == EVENT_ADDRS_MAX)
		r->overflow = true;
	else
		e->addrs[e->n_addrs++] = a;
}

static int on_reading(pcre2_callout_block *block, void *userdata)
{
	struct reading *r = userdata;

	if (!r->any)
		take_captures(r, block);
	take_address(r, block);
	r->any = true;
	return r->one ? 0 : 1; /* 1: as if it had not matched, on to the next reading */
}

static bool is_stream(struct span transport)
{
	static const char *const streams[] = { "TCP", "TLS", "WS", "WSS" };
	size_t i;

	/* Most are UDP. */
	if (transport.len == 0 || !strchr("TtWw", *transport.ptr))
		return false;

	for (i = 0; i < ELEMENTSOF(streams); i++)
		if (transport.len == strlen(streams[i]) &&
		    strncasecmp(transport.ptr, streams[i], transport.len) == 0)
			return true;
	return false;
}

/* Of most lines: then the search for other readings, which goes back over the whole line, is saved. */
static bool has_one_address(const struct pattern *p, const char *line, size_t len)
{
	const char *found = p->anchor_len ? memmem(line, len, p->anchor, p->anchor_len) : NULL;

	if (!found)
		return false;
	found++;
	return !memmem(found, (size_t)(line + len - found), p->anchor, p->anchor_len);
}

/*
 * Most patterns of a filter never meet a line in their life, and machine code is
 * large: it is made when the first comes. Where writable executable memory is
 * forbidden this fails, and the interpreter does it after all.
 */
static void make_jit(struct pattern *p)
{
	if (!p->tried_jit)
		p->jit = pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE) == 0;
	p->tried_jit = true;
}

enum pattern_result pattern_match(struct pattern *p, struct pattern_context *c, const char *line, size_t len,
				  struct event *e)
{
	return pattern_match_within(p, c, MATCH_LIMIT + (uint32_t)(len * MATCH_LIMIT_PER_BYTE), line, len, e);
}

enum pattern_result pattern_match_within(struct pattern *p, struct pattern_context *c, uint32_t limit, const char *line,
					 size_t len, struct event *e)
{
	struct reading r = { .pattern = p, .event = e, .one = has_one_address(p, line, len) };
	int n;

	if (c->stack)
		make_jit(p);
	memset(e, 0, offsetof(struct event, addrs));
	pcre2_set_callout(c->match, on_reading, &r);
	pcre2_set_match_limit(c->match, limit);
	n = c->stack && p->jit ? pcre2_jit_match(p->code, (PCRE2_SPTR)line, len, 0, 0, c->data, c->match) :
		     pcre2_match(p->code, (PCRE2_SPTR)line, len, 0, 0, c->data, c->match);
	/* Every other reading was sent back, so a match ends as "no match", or at a limit. */
	if (n < 0 && n != PCRE2_ERROR_NOMATCH) {
		e->n_addrs = 0;
		return PATTERN_LIMITED;
	}
	if (!r.any)
		return PATTERN_NONE;
	/* A TCP handshake, and all above it, needs an address that answers. */
	e->proven = p->proven || is_stream(e->transport);
	e->forgeable = p->forgeable;
	e->refusal = p->refusal;
	return PATTERN_MATCHED;
}
