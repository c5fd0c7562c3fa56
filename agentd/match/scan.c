/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running a matcher: over a buffer of log, or one line. */
#include "match/match.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "match/brake.h"
#include "match/match_private.h"
#include "match/prefilter.h"

/* How long after its twin was seen a pattern's own lines do not count. */
#define TWIN_WINDOW (3600 * USEC_PER_SEC)

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
	e->limited = result == PATTERN_LIMITED;
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
			pattern_set_add(s->hits.bits, i);
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
