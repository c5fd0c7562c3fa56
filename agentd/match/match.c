/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/match.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "match/literal.h"
#include "match/pattern.h"
#include "match/prefilter.h"
#include "match/timestamp.h"
#include "match/wordset.h"

/* A set of patterns, by their index. */
struct pattern_set {
	uint64_t bits[FILTER_PATTERNS_MAX / 64];
};

struct matcher {
	const struct filter *filter;
	struct pattern **patterns;
	struct pattern_context *context;
	struct wordset *words;
	struct prefilter *prefilter; /* NULL: every line is looked at */
	struct pattern_set *literals; /* patterns that each literal of the prefilter points to */
	struct pattern_set always;    /* patterns without a literal */
	bool any_always;
	size_t set_words; /* words of a pattern_set in use */
	struct match_stats stats;
	struct log_limit limited;
};

static void set_add(struct pattern_set *set, size_t i)
{
	set->bits[i / 64] |= (uint64_t)1 << (i % 64);
}

/* Making a matcher */

struct literals {
	struct span *texts;
	struct pattern_set *sets;
	size_t count;
};

/* The text that the literal of pattern i is, in buf; length 0: it has none. */
static size_t literal_of(const struct filter_pattern *p, char buf[static LITERAL_MAX], struct diag *diag)
{
	size_t n;

	if (p->literal.text) {
		n = strlen(p->literal.text);
		if (n >= LITERAL_MIN && n < LITERAL_MAX) {
			memcpy(buf, p->literal.text, n);
			return n;
		}
		diag_error(diag, p->literal.file, p->literal.line, "4 to 199 characters",
			   "the literal of pattern '%s' is too short or too long", p->name);
		return 0;
	}
	n = literal_extract(p->regex.text, buf);
	if (n == 0)
		diag_warning(diag, p->regex.file, p->regex.line,
			     "add literal = TEXT with something that every such line holds",
			     "pattern '%s' is slow: no text of four characters that every match must hold", p->name);
	return n;
}

static int literals_add(struct literals *l, size_t pattern, const char *text, size_t len)
{
	struct span s = { text, len };
	size_t i;

	for (i = 0; i < l->count; i++)
		if (span_equal(l->texts[i], s))
			break;
	if (i == l->count) {
		char *copy = malloc(len);

		if (!copy)
			return -ENOMEM;
		memcpy(copy, text, len);
		l->texts[l->count++] = (struct span){ copy, len };
	}
	set_add(&l->sets[i], pattern);
	return 0;
}

static int literals_collect(struct matcher *m, struct literals *l, struct diag *diag)
{
	const struct filter *f = m->filter;
	size_t i;

	l->texts = calloc(f->n_patterns + 1, sizeof(*l->texts));
	l->sets = calloc(f->n_patterns + 1, sizeof(*l->sets));
	if (!l->texts || !l->sets)
		return -ENOMEM;
	for (i = 0; i < f->n_patterns; i++) {
		char text[LITERAL_MAX];
		size_t n = literal_of(&f->patterns[i], text, diag);

		if (n == 0) {
			set_add(&m->always, i);
			m->any_always = true;
		} else if (literals_add(l, i, text, n) < 0) {
			return -ENOMEM;
		}
	}
	return 0;
}

static void literals_done(struct literals *l)
{
	while (l->count > 0)
		free((char *)l->texts[--l->count].ptr);
	free(l->texts);
	free(l->sets);
}

/* Without a prefilter (a processor Vectorscan does not serve) every pattern sees every line. */
static void look_at_all(struct matcher *m)
{
	size_t i;

	log_notice("filter %s: this processor cannot scan whole buffers; matching line by line, which is slower",
		   m->filter->name);
	for (i = 0; i < m->filter->n_patterns; i++)
		set_add(&m->always, i);
	m->any_always = true;
}

static int make_prefilter(struct matcher *m, struct diag *diag)
{
	struct literals l = { 0 };
	int r = literals_collect(m, &l, diag);

	if (r >= 0 && l.count > 0) {
		r = prefilter_new(l.texts, l.count, &m->prefilter);
		if (r >= 0)
			m->literals = TAKE_PTR(l.sets);
		else if (r == -EOPNOTSUPP)
			look_at_all(m);
	}
	literals_done(&l);
	return r == -EOPNOTSUPP ? 0 : r;
}

int matcher_new(const struct filter *f, struct diag *diag, struct matcher **ret)
{
	struct matcher *m = calloc(1, sizeof(*m));
	size_t i, errors = diag->errors;
	int r;

	if (!m)
		return -ENOMEM;
	m->filter = f;
	m->set_words = (f->n_patterns + 63) / 64;
	m->patterns = calloc(f->n_patterns + 1, sizeof(struct pattern *));
	r = m->patterns ? pattern_context_new(&m->context) : -ENOMEM;
	for (i = 0; r >= 0 && i < f->n_patterns; i++)
		if (pattern_new(f, &f->patterns[i], diag, &m->patterns[i]) == -ENOMEM)
			r = -ENOMEM;
	if (r >= 0)
		r = wordset_new(f, &m->words);
	/* What a regex must hold only makes sense of one that compiles. */
	if (r >= 0 && diag->errors > errors)
		r = -EINVAL;
	if (r >= 0)
		r = make_prefilter(m, diag);
	if (r >= 0 && diag->errors > errors)
		r = -EINVAL;
	if (r < 0) {
		matcher_free(m);
		return r;
	}
	*ret = m;
	return 0;
}

struct matcher *matcher_free(struct matcher *m)
{
	size_t i;

	if (!m)
		return NULL;
	for (i = 0; m->patterns && i < m->filter->n_patterns; i++)
		pattern_free(m->patterns[i]);
	free(m->patterns);
	pattern_context_free(m->context);
	wordset_free(m->words);
	prefilter_free(m->prefilter);
	free(m->literals);
	free(m);
	return NULL;
}

/* Running it */

static void tell_limited(struct matcher *m, const struct filter_pattern *p, const char *line, size_t len)
{
	char shown[120];

	if (log_limit_pass(&m->limited))
		log_warning("filter %s, pattern %s (%s:%u): gave up on a line of %zu bytes, which takes too many steps; "
			    "it counts against nobody: %s",
			    m->filter->name, p->name, p->file, p->line, len,
			    text_escape((struct span){ line, len }, shown, sizeof(shown)));
}

/* Tries the patterns of set in their order; true if one matched. */
static bool match_line(struct matcher *m, const struct pattern_set *set, const char *line, size_t len,
		       struct event *e)
{
	size_t word;

	for (word = 0; word < m->set_words; word++) {
		uint64_t bits = set->bits[word] | m->always.bits[word];

		for (; bits; bits &= bits - 1) {
			size_t i = word * 64 + (size_t)__builtin_ctzll(bits);
			const struct filter_pattern *p = &m->filter->patterns[i];
			enum pattern_result result;

			*e = (struct event){ .line = { line, len } };
			result = pattern_match(m->patterns[i], m->context, line, len, e);
			if (result == PATTERN_NONE)
				continue;
			if (result == PATTERN_LIMITED) {
				m->stats.limited++;
				tell_limited(m, p, line, len);
			}
			e->class = p->class;
			e->filter = m->filter->name;
			e->pattern = p->name;
			e->pattern_index = (unsigned)i;
			e->classes = CLASS_BIT(p->class) | wordset_classes(m->words, e);
			m->stats.events++;
			m->stats.crafted += e->n_addrs > 1;
			return true;
		}
	}
	return false;
}

/* A scan in progress: hits of one line gather until a hit of a later line comes. */
struct scan {
	struct matcher *m;
	const char *data;
	size_t len;
	const usec_t *times;
	event_fn fn;
	void *userdata;
	usec_t now;
	bool open;
	size_t start, end; /* the line with hits, without its '\n' */
	struct pattern_set hits;
	size_t counted;	   /* lines are counted up to this offset */
	size_t line_index; /* of the line that holds it */
};

static usec_t line_time(struct scan *s, const struct event *e)
{
	if (!s->times && e->stamp.ptr)
		return timestamp_parse(e->stamp.ptr, e->stamp.len, s->now);
	if (!s->times)
		return timestamp_parse(s->data + s->start, s->end - s->start, s->now);
	s->line_index += text_count_lines(s->data + s->counted, s->start - s->counted);
	s->counted = s->start;
	return s->times[s->line_index];
}

static void finish_line(struct scan *s)
{
	struct event e;

	if (!s->open)
		return;
	s->open = false;
	s->m->stats.hits++;
	if (!match_line(s->m, &s->hits, s->data + s->start, s->end - s->start, &e))
		return;
	e.time = line_time(s, &e);
	s->fn(s->userdata, &e);
}

static void open_line(struct scan *s, size_t at)
{
	const char *before = memrchr(s->data, '\n', at), *after = memchr(s->data + at, '\n', s->len - at);

	s->start = before ? (size_t)(before - s->data) + 1 : 0;
	s->end = after ? (size_t)(after - s->data) : s->len;
	memset(&s->hits, 0, s->m->set_words * sizeof(uint64_t));
	s->open = true;
}

static void on_hit(void *userdata, unsigned literal, size_t end)
{
	struct scan *s = userdata;
	size_t i;

	if (!s->open || end > s->end) {
		finish_line(s);
		open_line(s, end - 1);
	}
	for (i = 0; i < s->m->set_words; i++)
		s->hits.bits[i] |= s->m->literals[literal].bits[i];
}

/* Some pattern wants to see every line: no use in scanning for the others first. */
static void scan_every_line(struct scan *s)
{
	size_t at = 0, i;

	while (at < s->len) {
		open_line(s, at);
		for (i = 0; i < s->m->filter->n_patterns; i++)
			set_add(&s->hits, i);
		finish_line(s);
		at = s->end + 1;
	}
}

void matcher_scan(struct matcher *m, const char *data, size_t len, const usec_t *times, event_fn fn,
		  void *userdata)
{
	struct scan s = { .m = m, .data = data, .len = len, .times = times, .fn = fn, .userdata = userdata };

	s.now = time_now();
	m->stats.bytes += len;
	m->stats.lines += text_count_lines(data, len);
	if (m->any_always) {
		scan_every_line(&s);
	} else if (m->prefilter) {
		prefilter_scan(m->prefilter, data, len, on_hit, &s);
		finish_line(&s);
	}
}

static void keep_event(void *userdata, const struct event *e)
{
	*(struct event *)userdata = *e;
}

bool matcher_line(struct matcher *m, const char *line, size_t len, struct event *e)
{
	*e = (struct event){ 0 };
	matcher_scan(m, line, len, NULL, keep_event, e);
	m->stats.lines++;
	return e->class != CLASS_NONE;
}

void matcher_stats(const struct matcher *m, struct match_stats *ret)
{
	*ret = m->stats;
}

const struct filter *matcher_filter(const struct matcher *m)
{
	return m->filter;
}
