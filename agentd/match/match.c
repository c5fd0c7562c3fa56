/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/match.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "config/textfile.h"
#include "config/value.h"
#include "match/brake.h"
#include "match/literal.h"
#include "match/match_private.h"
#include "match/prefilter.h"
#include "match/probe.h"

/* How long after its twin was seen a pattern's own lines do not count. */
#define TWIN_WINDOW (3600 * USEC_PER_SEC)

static void set_add(uint64_t *set, size_t i)
{
	set[i / 64] |= (uint64_t)1 << (i % 64);
}

/* Making a matcher */

struct literals {
	struct span *texts;
	uint64_t *sets; /* set_words for each */
	size_t set_words;
	size_t count;
};

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
	set_add(l->sets + i * l->set_words, pattern);
	return 0;
}

/* Each line of the literal that the filter gives: one of them is in every line that matches. */
static int literals_add_given(struct literals *l, size_t pattern, const struct filter_pattern *p, struct diag *diag)
{
	const struct filter_text *at = &p->literal;
	struct span rest = SPAN(at->text), line;
	int r = 0;

	while (r == 0 && textfile_next_line(&rest, &line)) {
		if (line.len >= LITERAL_MIN && line.len < LITERAL_MAX) {
			r = literals_add(l, pattern, line.ptr, line.len);
			continue;
		}
		diag_error(diag, at->file, at->line, "4 to 199 characters",
			   "a literal of pattern '%s' is too short or too long", p->name);
	}
	return r;
}

/* The one that every match of the regex must hold. */
static int literals_add_found(struct literals *l, struct matcher *m, size_t pattern, const struct filter_pattern *p,
			      struct diag *diag)
{
	struct span text = pattern_literal(m->members[pattern].pattern);

	if (text.len > 0)
		return literals_add(l, pattern, text.ptr, text.len);
	diag_warning(diag, p->regex.file, p->regex.line,
		     "add literal = TEXT with something that every such line holds; several, one a line, if each holds one",
		     "pattern '%s' is slow: no text of four characters that every match must hold", p->name);
	set_add(m->always.bits, pattern);
	m->any_always = true;
	return 0;
}

static int literals_collect(struct matcher *m, struct literals *l, struct diag *diag)
{
	size_t i, places = m->n_members + 1;
	int r = 0;

	/* A literal takes up a line, so there are no more of them than of line ends. */
	for (i = 0; i < m->n_members; i++)
		if (m->members[i].text->literal.text)
			places += text_count_lines(m->members[i].text->literal.text,
						   strlen(m->members[i].text->literal.text));
	l->set_words = m->set_words;
	l->texts = calloc(places, sizeof(*l->texts));
	l->sets = calloc(places, m->set_words * sizeof(*l->sets));
	if (!l->texts || !l->sets)
		return -ENOMEM;
	for (i = 0; i < m->n_members && r == 0; i++) {
		const struct filter_pattern *p = m->members[i].text;

		r = p->literal.text ? literals_add_given(l, i, p, diag) : literals_add_found(l, m, i, p, diag);
	}
	return r;
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
	for (i = 0; i < m->n_members; i++)
		set_add(m->always.bits, i);
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

/* Compiles the patterns of f, after those that are there. */
static int add_filter(struct matcher *m, const struct filter *f, struct diag *diag)
{
	struct grammar *g = NULL;
	struct wordset *words = NULL;
	struct continuation *continued = NULL;
	size_t i;
	int r = pattern_grammar(f, diag, &g);

	if (r >= 0)
		r = wordset_new(f, &words);
	if (r >= 0)
		r = continuation_new(f, g, diag, &continued);
	m->words[m->n_filters] = words;
	m->continued[m->n_filters++] = continued;
	for (i = 0; r >= 0 && i < f->n_patterns; i++) {
		struct member *member = &m->members[m->n_members++];

		*member = (struct member){ .filter = f, .text = &f->patterns[i], .words = words, .continued = continued };
		if (pattern_new(f, g, member->text, diag, &member->pattern) == -ENOMEM)
			r = -ENOMEM;
	}
	grammar_free(g);
	return r == -EINVAL ? 0 : r; /* it is in diag; others may have mistakes, too */
}

static struct member *find_member(struct matcher *m, const struct filter *f, const char *name)
{
	size_t i;

	for (i = 0; i < m->n_members; i++)
		if (m->members[i].filter == f && strcmp(m->members[i].text->name, name) == 0)
			return &m->members[i];
	return NULL;
}

/* The patterns that each is to give way to. One that an admin has switched off is not there. */
static int find_twins(struct matcher *m)
{
	size_t i, k, n;

	for (i = 0; i < m->n_members; i++) {
		struct member *member = &m->members[i];
		char *const *names = member->text->unless;

		if (!names)
			continue;
		member->twins = calloc(strings_count(names) + 1, sizeof(struct member *));
		if (!member->twins)
			return -ENOMEM;
		for (k = n = 0; names[k]; k++) {
			member->twins[n] = find_member(m, member->filter, names[k]);
			if (member->twins[n])
				member->twins[n]->is_twin = true;
			n += member->twins[n] != NULL;
		}
	}
	return 0;
}

/* Which of them tell of successes, and of challenges that were sent. */
static int sort_members(struct matcher *m)
{
	size_t i;
	int r = 0;

	for (i = 0; i < m->n_members && r == 0; i++) {
		const struct member *member = &m->members[i];

		if (member->text->class == CLASS_AUTH_SUCCESS)
			set_add(m->successes.bits, i);
		if (member->text->class != CLASS_AUTH_CHALLENGE || !pattern_has_challenge(member->pattern))
			continue;
		set_add(m->challenges.bits, i);
		r = m->sent ? 0 : challenge_log_new(&m->sent);
	}
	return r;
}

static int make_room(struct matcher *m, const struct filter *const *filters, size_t n, struct diag *diag)
{
	size_t i, total = 0;

	for (i = 0; i < n; i++)
		total += filters[i]->n_patterns;
	if (n == 0 || total > MATCHER_PATTERNS_MAX) {
		diag_error(diag, n ? filters[0]->path : "", 0, "give the input fewer filters",
			   "no filter, or more than %d patterns for one input", MATCHER_PATTERNS_MAX);
		return -EINVAL;
	}
	m->filter = filters[0];
	m->set_words = (total + 63) / 64;
	m->members = calloc(total + 1, sizeof(*m->members));
	m->words = calloc(n, sizeof(struct wordset *));
	m->continued = calloc(n, sizeof(struct continuation *));
	m->name = strdup(filters[0]->name);
	for (i = 1; m->name && i < n; i++) {
		char *longer = text_printf("%s %s", m->name, filters[i]->name);

		free(m->name);
		m->name = longer;
	}
	return m->members && m->words && m->continued && m->name ? 0 : -ENOMEM;
}

int matcher_join(const struct filter *const *filters, size_t n, struct diag *diag, struct matcher **ret)
{
	struct matcher *m = calloc(1, sizeof(*m));
	size_t i, errors = diag->errors;
	int r;

	if (!m)
		return -ENOMEM;
	r = make_room(m, filters, n, diag);
	if (r >= 0)
		r = pattern_context_new(&m->context);
	for (i = 0; r >= 0 && i < n; i++)
		r = add_filter(m, filters[i], diag);
	if (r >= 0)
		r = find_twins(m);
	if (r >= 0 && diag->errors == errors)
		r = sort_members(m);
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
	matcher_want(m, ~(class_set)0);
	*ret = m;
	return 0;
}

int matcher_new(const struct filter *f, struct diag *diag, struct matcher **ret)
{
	return matcher_join(&f, 1, diag, ret);
}

void matcher_trust_twins(struct matcher *m)
{
	m->twins_count = true;
}

void matcher_brake(struct matcher *m)
{
	m->braking = true;
}

void matcher_braked_each(const struct matcher *m,
			 void (*fn)(void *userdata, const struct filter *f, const struct filter_pattern *p, bool off),
			 void *userdata)
{
	size_t i;

	for (i = 0; i < m->n_members; i++)
		if (m->members[i].brake.state != BRAKE_NONE)
			fn(userdata, m->members[i].filter, m->members[i].text, m->members[i].brake.state == BRAKE_OFF);
}

void matcher_probe(struct matcher *m, struct diag *diag)
{
	size_t i;

	for (i = 0; i < m->n_members; i++) {
		const struct filter_pattern *p = m->members[i].text;

		if (probe_pattern(m->members[i].pattern, m->context, p))
			diag_warning(diag, p->regex.file, p->regex.line,
				     "make repeated parts possessive, as in (?:a++)+; 'sipwarden filter lint' shows more",
				     "pattern '%s' takes more than %d steps for a line of %d bytes: sipwardend will switch it "
				     "off when it meets such lines",
				     p->name, BRAKE_STEPS, BRAKE_LINE_MAX);
	}
}

void matcher_pace(struct matcher *m, unsigned per_second)
{
	m->pace = per_second;
}

int matcher_use_jit(struct matcher *m)
{
	return pattern_context_use_jit(m->context);
}

/* Another one within this second? */
static bool take_token(const struct matcher *m, struct tokens *t, usec_t now)
{
	if (!m->pace)
		return true;
	if (now < t->filled || now - t->filled >= USEC_PER_SEC) {
		t->filled = now;
		t->left = m->pace;
	}
	if (t->left == 0)
		return false;
	t->left--;
	return true;
}

struct answer {
	struct matcher *matcher;
	const struct event *event;
};

/* Does this line say that the challenge went to the address of the event? */
static bool is_answered(void *userdata, const char *line, size_t len)
{
	const struct answer *a = userdata;
	struct matcher *m = a->matcher;
	struct event e;
	size_t i;

	for (i = 0; i < m->n_members; i++) {
		if (!(m->challenges.bits[i / 64] & ((uint64_t)1 << (i % 64))))
			continue;
		if (pattern_match(m->members[i].pattern, m->context, line, len, &e) == PATTERN_MATCHED)
			return e.n_addrs == 1 && addr_equal(&e.addrs[0], &a->event->addrs[0]) &&
			       span_equal(e.challenge, a->event->challenge);
	}
	return false;
}

bool matcher_was_challenged(struct matcher *m, const struct event *e)
{
	struct answer a = { m, e };

	/* A challenge itself answers none: whoever forges a request causes one. */
	return m->sent && e->class != CLASS_AUTH_CHALLENGE && e->n_addrs == 1 &&
	       challenge_log_any(m->sent, e->challenge, is_answered, &a);
}

void matcher_want(struct matcher *m, class_set classes)
{
	size_t i;

	memset(&m->wanted, 0, sizeof(m->wanted));
	for (i = 0; i < m->n_members; i++) {
		const struct member *member = &m->members[i];
		enum event_class class = member->text->class;

		if (classes & (CLASS_BIT(class) |
			       wordset_may_add(member->words, class, pattern_captures(member->pattern))))
			set_add(m->wanted.bits, i);
	}
}

struct matcher *matcher_free(struct matcher *m)
{
	if (!m)
		return NULL;
	while (m->n_members > 0) {
		pattern_free(m->members[--m->n_members].pattern);
		free(m->members[m->n_members].twins);
	}
	free(m->members);
	while (m->n_filters > 0) {
		wordset_free(m->words[--m->n_filters]);
		continuation_free(m->continued[m->n_filters]);
	}
	free(m->words);
	free(m->continued);
	pattern_context_free(m->context);
	challenge_log_free(m->sent);
	prefilter_free(m->prefilter);
	free(m->literals);
	free(m->name);
	free(m);
	return NULL;
}

/* Running it */

static void tell_limited(struct matcher *m, const struct member *member, const char *line, size_t len)
{
	const struct filter_pattern *p = member->text;
	char shown[120];

	if (log_limit_pass(&m->limited))
		log_warning("filter %s, pattern %s (%s:%u): gave up on a line of %zu bytes, which takes too many steps; "
			    "it counts against nobody: %s",
			    member->filter->name, p->name, p->file, p->line, len,
			    text_escape((struct span){ line, len }, shown, sizeof(shown)));
}

/* A line, and how much text there is from its start to the end of the buffer. */
struct place_in_log {
	const char *text;
	size_t len, limit;
};

/* A short line that takes as many steps shows what the pattern is like, whoever wrote it. */
static bool is_catastrophic(struct matcher *m, const struct member *member, const char *line, size_t len)
{
	struct event e;

	return len <= BRAKE_LINE_MAX &&
	       pattern_match_within(member->pattern, m->context, BRAKE_STEPS, line, len, &e) == PATTERN_LIMITED;
}

/* The limit was hit. */
static void brake(struct matcher *m, struct member *member, const char *line, size_t len)
{
	const struct filter_pattern *p = member->text;
	const char *filter = member->filter->name;

	if (!brake_note(&member->brake, m->now) || !brake_judge(&member->brake, is_catastrophic(m, member, line, len)))
		return;
	if (member->brake.state == BRAKE_OFF)
		log_error("filter %s, pattern %s (%s:%u) is switched off: it gave up on %d lines within a minute, and takes more "
			  "than %d steps for one of %zu bytes. Its lines count against nobody now; other patterns go on. Make "
			  "repeated parts possessive, as in (?:a++)+, try it with 'sipwarden filter lint %s', and reload "
			  "sipwardend, which switches it on again",
			  filter, p->name, p->file, p->line, BRAKE_HITS, BRAKE_STEPS, len, filter);
	else
		log_warning("filter %s, pattern %s (%s:%u) is slowed down: it gave up on %d lines within a minute. Lines as "
			    "gateways write them still count; those on which it gives up count against nobody. Somebody may have "
			    "made them for that; 'sipwarden filter lint %s' tells whether the pattern can be made better",
			    filter, p->name, p->file, p->line, BRAKE_HITS, filter);
}

static bool match_pattern(struct matcher *m, size_t i, const struct place_in_log *at, struct event *e)
{
	struct member *member = &m->members[i];
	const char *line = at->text;
	enum pattern_result result;
	size_t len = at->len;

	if (member->brake.state == BRAKE_OFF) {
		m->stats.off++;
		return false;
	}
	if (member->continued) {
		len = continuation_extend(member->continued, m->context, line, len, at->limit);
		if (len == 0)
			return false;
	}
	result = pattern_match_within(member->pattern, m->context, brake_limit(&member->brake, len, m->now), line, len, e);
	if (result == PATTERN_NONE)
		return false;
	if (result == PATTERN_LIMITED) {
		m->stats.limited++;
		tell_limited(m, member, line, len);
		if (m->braking)
			brake(m, member, line, len);
	}
	e->line = (struct span){ line, len };
	e->class = member->text->class;
	e->filter = member->filter->name;
	e->pattern = member->text->name;
	e->pattern_index = (unsigned)i;
	e->classes = CLASS_BIT(e->class) | wordset_classes(member->words, e);
	m->stats.events++;
	m->stats.crafted += e->n_addrs > 1;
	return true;
}

/* Tries the patterns of set in their order; true if one matched. */
static bool match_line(struct matcher *m, const struct pattern_set *set, const struct place_in_log *at, struct event *e)
{
	size_t word;

	for (word = 0; word < m->set_words; word++) {
		uint64_t bits = set->bits[word] | m->always.bits[word];

		for (; bits; bits &= bits - 1)
			if (match_pattern(m, word * 64 + (size_t)__builtin_ctzll(bits), at, e))
				return true;
	}
	return false;
}

/* A scan in progress: hits of one line gather until a hit of a later line comes. */
struct scan {
	struct matcher *m;
	const char *data;
	size_t len;
	const usec_t *times;
	struct time_reader *reader;
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
	const struct span at = e->stamp.ptr ? e->stamp : (struct span){ s->data + s->start, s->end - s->start };

	if (!s->times)
		return s->reader ? time_reader_read(s->reader, at.ptr, at.len, s->now) : 0;
	s->line_index += text_count_lines(s->data + s->counted, s->start - s->counted);
	s->counted = s->start;
	return s->times[s->line_index];
}

/* Need the line be looked at? Keeps it, if it tells of a challenge. */
static bool is_wanted(struct scan *s)
{
	struct matcher *m = s->m;
	uint64_t wanted = 0, success = 0, challenge = 0;
	size_t i;

	for (i = 0; i < m->set_words; i++) {
		uint64_t hits = s->hits.bits[i] | m->always.bits[i];

		wanted |= hits & m->wanted.bits[i] & ~m->successes.bits[i];
		success |= hits & m->wanted.bits[i] & m->successes.bits[i];
		challenge |= hits & m->challenges.bits[i];
	}
	if (challenge && take_token(m, &m->challenge_tokens, s->now))
		challenge_log_note(m->sent, s->data + s->start, s->end - s->start);
	if (wanted || (success && take_token(m, &m->success_tokens, s->now)))
		return true;
	m->stats.paced += success != 0;
	m->stats.unwanted += success == 0;
	return false;
}

/* Is a better line for such an attempt in the log, too? Notes when each pattern matched. */
static bool has_twin(struct matcher *m, const struct event *e, usec_t now)
{
	struct member *member = &m->members[e->pattern_index], **twin;
	usec_t when = e->time ? e->time : now;

	if (!m->twins_count)
		return false;
	if (e->n_addrs == 1)
		member->last = when;
	for (twin = member->twins; twin && *twin; twin++)
		if ((*twin)->last && (when > (*twin)->last ? when - (*twin)->last : (*twin)->last - when) <= TWIN_WINDOW)
			return true;
	return false;
}

static void finish_line(struct scan *s)
{
	struct place_in_log at;
	struct event e;

	if (!s->open)
		return;
	s->open = false;
	s->m->stats.hits++;
	if (!is_wanted(s))
		return;
	at = (struct place_in_log){ s->data + s->start, s->end - s->start, s->len - s->start };
	if (!match_line(s->m, &s->hits, &at, &e))
		return;
	e.time = line_time(s, &e);
	s->m->stats.undated += e.time == 0 && s->reader;
	if (has_twin(s->m, &e, s->now))
		s->m->stats.twins++;
	else
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
	const uint64_t *patterns = s->m->literals + literal * s->m->set_words;
	size_t i;

	if (!s->open || end > s->end) {
		finish_line(s);
		open_line(s, end - 1);
	}
	for (i = 0; i < s->m->set_words; i++)
		s->hits.bits[i] |= patterns[i];
}

/* Some pattern wants to see every line: no use in scanning for the others first. */
static void scan_every_line(struct scan *s)
{
	size_t at = 0, i;

	while (at < s->len) {
		open_line(s, at);
		for (i = 0; i < s->m->n_members; i++)
			set_add(s->hits.bits, i);
		finish_line(s);
		at = s->end + 1;
	}
}

void matcher_scan(struct matcher *m, const char *data, size_t len, const usec_t *times, struct time_reader *reader,
		  event_fn fn, void *userdata)
{
	struct scan s = { .m = m, .data = data, .len = len, .times = times, .reader = reader };

	s.fn = fn;
	s.userdata = userdata;
	s.now = m->now = time_now();
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
	matcher_scan(m, line, len, NULL, NULL, keep_event, e);
	return e->class != CLASS_NONE;
}

void matcher_stats(const struct matcher *m, struct match_stats *ret)
{
	*ret = m->stats;
}

bool matcher_continues(const struct matcher *m)
{
	size_t i;

	for (i = 0; i < m->n_filters; i++)
		if (m->continued[i])
			return true;
	return false;
}

bool matcher_is_continued(struct matcher *m, const char *line, size_t len)
{
	size_t i;

	for (i = 0; i < m->n_filters; i++)
		if (m->continued[i] && continuation_matches(m->continued[i], m->context, line, len))
			return true;
	return false;
}

const char *matcher_name(const struct matcher *m)
{
	return m->name;
}

const struct filter *matcher_filter(const struct matcher *m)
{
	return m->filter;
}
