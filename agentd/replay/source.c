/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "replay/source.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "calls/calls.h"

/* The last lines of a piece in which a time is looked for. */
#define TAIL_LINES 50
/* Lines are looked at in pieces of about this size, so that what was decided on one is known with the next. */
#define PIECE_SIZE ((size_t)16 << 10)

struct source {
	const struct config_input *input;
	struct matcher *matcher;
	struct time_reader *reader;
	char *path; /* NULL: the journal */
	usec_t since, until;
	usec_t now; /* when this was begun */
	bool open, ended;
	bool timed; /* some line of it has a time */
	struct pastfile file;
	struct pastjournal journal;
	bool (*is_banned)(void *userdata, const struct addr *addr, usec_t when);
	void *userdata;
	/* The lines at hand, of which a piece is looked at */
	const char *data;
	size_t len;
	size_t piece, piece_end;
	const usec_t *times; /* journal: of the piece's lines */
	size_t walked; /* times up to there are in last */
	usec_t last;   /* time read last; 0: none yet */
	usec_t order;
	struct source_event *events; /* of the piece */
	size_t n_events, size, at;
	bool failed; /* out of memory */
	struct source_stats stats;
};

static bool line_continues(void *userdata, const char *line, size_t len)
{
	const struct source *s = userdata;

	return matcher_is_continued(s->matcher, line, len);
}

static int open_log(struct source *s, struct diag *diag)
{
	lines_continues_fn continues = matcher_continues(s->matcher) ? line_continues : NULL;
	int r = s->path ? pastfile_open(&s->file, s->path, continues, s, diag) :
			  pastjournal_open(&s->journal, s->input, s->since, s->until, continues, s, diag);

	s->open = r >= 0;
	return r;
}

static void close_log(struct source *s)
{
	if (s->open && s->path)
		pastfile_close(&s->file);
	else if (s->open)
		pastjournal_close(&s->journal);
	s->open = false;
}

/* Reads the next lines to s->data. Returns 1, 0 at the end, or a negative errno. */
static int read_lines(struct source *s, struct diag *diag)
{
	ssize_t n = s->path ? pastfile_read(&s->file, diag) : pastjournal_read(&s->journal, diag);

	s->data = s->path ? s->file.lines.buf : s->journal.lines.buf;
	s->times = s->path ? NULL : s->journal.lines.times;
	s->len = n > 0 ? (size_t)n : 0;
	s->walked = s->piece = s->piece_end = 0;
	return n < 0 ? (int)n : n > 0;
}

/* Times */

/* The time at the head of data[start..end), if it is one to believe. */
static usec_t head_time(struct source *s, size_t start, size_t end)
{
	usec_t when = time_reader_read(s->reader, s->data + start, end - start, s->now);

	return when <= s->now + EVENT_FUTURE_MAX ? when : 0;
}

/* The time of the last line in data[from..to), of at most n lines, that has one; 0: none. */
static usec_t time_before(struct source *s, size_t from, size_t to, unsigned long n)
{
	while (to > from && n-- > 0) {
		const char *before = memrchr(s->data + from, '\n', to - from - 1);
		size_t start = before ? (size_t)(before - s->data) + 1 : from;
		usec_t when = head_time(s, start, to - 1);

		if (when)
			return when;
		to = start;
	}
	return 0;
}

/* The time of the first line that has one; 0: none. */
static usec_t first_time(struct source *s)
{
	size_t start = 0;

	while (start < s->len) {
		const char *newline = memchr(s->data + start, '\n', s->len - start);
		size_t end = newline ? (size_t)(newline - s->data) : s->len;
		usec_t when = head_time(s, start, end);

		if (when)
			return when;
		start = end + 1;
	}
	return 0;
}

/* A line without time goes with the line before it. */
static usec_t event_time(struct source *s, const struct event *e)
{
	size_t start = (size_t)(e->line.ptr - s->data);
	bool future = e->time > s->now + EVENT_FUTURE_MAX;
	usec_t when = e->time && !future ? e->time : time_before(s, s->walked, start, ULONG_MAX);

	if (when)
		s->last = when;
	s->walked = start;
	s->stats.future += future;
	s->stats.untimed += !s->timed && e->time == 0;
	return s->last ? s->last : s->stats.start;
}

/* Events */

/* As the agent does: looked up where it makes a difference only. */
static bool is_proven(struct source *s, const struct event *e, usec_t when)
{
	if (e->proven || e->challenge.len == 0 || e->n_addrs != 1 || s->is_banned(s->userdata, &e->addrs[0], when))
		return e->proven;
	return matcher_was_challenged(s->matcher, e);
}

static void on_event(void *userdata, const struct event *e)
{
	struct source *s = userdata;
	struct source_event *longer, *kept;
	usec_t when = event_time(s, e);

	if (when < s->since || when > s->until)
		return;
	if (s->n_events == s->size) {
		longer = reallocarray(s->events, s->size ? 2 * s->size : 64, sizeof(*longer));
		if (!longer) {
			s->failed = true;
			return;
		}
		s->events = longer;
		s->size = s->size ? 2 * s->size : 64;
	}
	/* A record is written when its call ends. */
	if (when + calls_length(e) > s->order)
		s->order = when + calls_length(e);
	kept = &s->events[s->n_events++];
	*kept = (struct source_event){ .event = *e, .order = s->order };
	kept->event.time = when;
	kept->event.proven = is_proven(s, e, when);
}

/* Where the piece ends that begins at s->piece_end: at a line's end, and that of all that belong to it. */
static size_t next_piece_end(const struct source *s)
{
	size_t end = s->piece_end + PIECE_SIZE;

	while (end < s->len) {
		const char *newline = memchr(s->data + end, '\n', s->len - end);

		end = newline ? (size_t)(newline - s->data) + 1 : s->len;
		newline = end < s->len ? memchr(s->data + end, '\n', s->len - end) : NULL;
		if (!newline || !matcher_continues(s->matcher) ||
		    !line_continues((void *)s, s->data + end, (size_t)(newline - s->data) - end))
			return end;
	}
	return s->len;
}

/* Looks at the next piece. */
static void scan(struct source *s)
{
	size_t lines, end;
	usec_t last;

	s->piece = s->piece_end;
	s->piece_end = end = next_piece_end(s);
	s->n_events = s->at = 0;
	lines = text_count_lines(s->data + s->piece, end - s->piece);
	s->stats.lines += lines;
	s->stats.bytes += end - s->piece;
	matcher_scan(s->matcher, s->data + s->piece, end - s->piece, s->times, s->times ? NULL : s->reader, on_event, s);
	last = s->times ? s->times[lines - 1] : time_before(s, s->walked, end, TAIL_LINES);
	if (s->times)
		s->times += lines;
	s->walked = end;
	if (last)
		s->last = last;
	if (last > s->stats.end)
		s->stats.end = last;
}

/* Looks at the next lines. Returns 1, 0 at the end, or a negative errno. */
static int advance(struct source *s, struct diag *diag)
{
	int r = s->open ? 0 : open_log(s, diag);

	if (r >= 0)
		r = s->piece_end < s->len ? 1 : read_lines(s, diag);
	if (r > 0)
		scan(s);
	s->stats.cut = s->path ? s->file.lines.cut : s->journal.lines.cut;
	if (s->failed)
		r = -ENOMEM;
	if (r <= 0) {
		s->ended = true;
		close_log(s);
	}
	return r;
}

int source_next(struct source *s, struct diag *diag, const struct source_event **ret)
{
	int r = 1;

	if (s->at < s->n_events) {
		*ret = &s->events[s->at++];
		return 1;
	}
	while (r > 0 && s->at == s->n_events && !s->ended)
		r = advance(s, diag);
	return r < 0 ? r : 0;
}

usec_t source_order(const struct source *s)
{
	if (s->at < s->n_events)
		return s->events[s->at].order;
	if (s->ended)
		return USEC_INFINITY;
	/* One whose lines do not begin with a time may hold it elsewhere: it is looked at first. */
	return s->order || !s->timed ? s->order : s->stats.start;
}

/* Begin and end */

/* Finds the first time. What cannot be opened again stays open. */
static int look_ahead(struct source *s, struct diag *diag)
{
	int r = open_log(s, diag);

	if (r >= 0 && s->path)
		time_reader_until(s->reader, s->file.written);
	if (r >= 0)
		r = read_lines(s, diag);
	if (r < 0)
		return r;
	if (r == 0) {
		s->ended = true;
		close_log(s);
		return 0;
	}
	s->stats.start = s->path ? first_time(s) : s->journal.lines.times[0];
	s->timed = s->stats.start != 0;
	if (!s->timed)
		s->stats.start = s->file.written ? s->file.written : s->now;
	if (s->path && s->file.regular) {
		close_log(s);
		s->len = 0;
	}
	return 0;
}

int source_new(const struct source_options *o, struct diag *diag, struct source **ret)
{
	struct source *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->input = o->input;
	s->matcher = o->matcher;
	s->since = o->since;
	s->until = o->until;
	s->is_banned = o->is_banned;
	s->userdata = o->userdata;
	s->now = time_now();
	s->path = o->path ? strdup(o->path) : NULL;
	r = o->path && !s->path ? -ENOMEM : time_reader_new(o->input->timezone, &s->reader);
	if (r >= 0)
		r = look_ahead(s, diag);
	if (r < 0) {
		source_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

struct source *source_free(struct source *s)
{
	if (!s)
		return NULL;
	close_log(s);
	time_reader_free(s->reader);
	free(s->path);
	free(s->events);
	free(s);
	return NULL;
}

const struct source_stats *source_stats(const struct source *s)
{
	return &s->stats;
}

bool source_is_same(const struct source *s, const struct source *other)
{
	if (!s->path || !other->path)
		return !s->path && !other->path && s->input == other->input;
	return s->input == other->input && s->file.regular && other->file.regular && s->file.device == other->file.device &&
	       s->file.inode == other->file.inode;
}
