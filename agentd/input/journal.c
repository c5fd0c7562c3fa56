/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Follows the journal by its matches. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-journal.h>

#include "base/log.h"
#include "base/text.h"
#include "input/entries.h"
#include "input/private.h"

/*
 * journald announces new entries by inotify up to half a second late, but
 * sd_journal_next() sees them at once. So it is asked: often while entries come,
 * less often when it is quiet.
 */
#define POLL_LIVELY (2 * USEC_PER_MSEC)
#define POLL_QUIET (15 * USEC_PER_MSEC)
#define LIVELY_FOR (5 * USEC_PER_SEC)
#define REOPEN_DELAY (5 * USEC_PER_SEC)
/* Of a stored position that is no cursor: no entry had been there yet. Microseconds since the epoch follow. */
#define SINCE_MARK '@'

struct reader {
	struct input *input;
	sd_journal *journal;
	sd_event_source *io, *timer;
	char *key;
	char *cursor; /* of the entry delivered last */
	struct entries lines; /* not yet delivered */
	bool live;
	usec_t last_entry; /* CLOCK_MONOTONIC */
};

static void store_cursor(struct reader *r)
{
	if (r->cursor)
		r->input->callbacks.position(r->input->callbacks.userdata, r->input, r->key, r->cursor);
}

/* The place is the current entry, or, if there is none, this moment. */
static void take_cursor(struct reader *r, bool entry)
{
	char *cursor = NULL;

	if (entry && sd_journal_get_cursor(r->journal, &cursor) < 0)
		return;
	if (!entry)
		cursor = text_printf("%c%llu", SINCE_MARK, (unsigned long long)time_now());
	if (!cursor)
		return;
	free(r->cursor);
	r->cursor = cursor;
}

/* Where nothing was read yet: the end, and it is stored, so that what comes while nobody reads is not missed. */
static int seek_end(struct reader *r)
{
	bool cut;
	int n = sd_journal_seek_tail(r->journal);

	/* sd_journal_seek_tail() alone leaves no place to go on from. */
	if (n >= 0)
		n = sd_journal_previous(r->journal);
	if (n < 0)
		return n;
	/* What comes next may be the rest of this one. */
	if (n > 0)
		linebreak_is_rest(&r->lines.breaks, r->journal, &cut);
	take_cursor(r, n > 0);
	store_cursor(r);
	return n == 0 ? sd_journal_seek_head(r->journal) : n;
}

/* To the place from where sd_journal_next() gives the first entry not yet read. */
static int seek(struct reader *r)
{
	bool cut;
	int n;

	if (!r->cursor)
		return r->input->cfg->from_start ? sd_journal_seek_head(r->journal) : seek_end(r);
	if (r->cursor[0] == SINCE_MARK)
		return sd_journal_seek_realtime_usec(r->journal, strtoull(r->cursor + 1, NULL, 10));
	n = sd_journal_seek_cursor(r->journal, r->cursor);
	if (n >= 0)
		n = sd_journal_next(r->journal);
	if (n > 0 && sd_journal_test_cursor(r->journal, r->cursor) > 0) {
		linebreak_is_rest(&r->lines.breaks, r->journal, &cut);
		return 0;
	}
	if (n < 0)
		return n;
	/* It is not there any more: go on with what came after it. */
	log_warning("Input %s: the journal has dropped entries that were not read yet", r->input->name);
	r->input->stats.rotations++;
	n = sd_journal_seek_cursor(r->journal, r->cursor);
	return n;
}

static void take_entry(struct reader *r)
{
	uint64_t cut = r->lines.cut;
	int n = entries_take(&r->lines, r->journal);

	r->input->stats.cut += r->lines.cut - cut;
	if (n < 0)
		input_failed(r->input, "journal entry", n);
}

static void deliver(struct reader *r)
{
	take_cursor(r, true);
	input_deliver(r->input, r->lines.buf, r->lines.len, r->lines.times, r->live);
	store_cursor(r);
	r->lines.len = r->lines.n = 0;
}

/*
 * A line may go on in the next entry: deliver when none has come for a while.
 * Where the buffer is full before that, its last line may have an end that is
 * not known, and is marked as one that was cut.
 */
static void deliver_or_hold(struct reader *r, bool came)
{
	if (!r->input->callbacks.continues) {
		if (came)
			deliver(r);
		return;
	}
	if (entries_full(&r->lines)) {
		if (r->lines.len > 1)
			r->lines.buf[r->lines.len - 2] = INPUT_CUT_MARK;
		deliver(r);
	} else if (r->lines.n > 0 && !came && time_monotonic() - r->last_entry >= INPUT_HOLD) {
		deliver(r);
	}
}

/* True if there may be more at once. */
static bool read_entries(struct reader *r)
{
	unsigned entries = 0;
	int n = 0;

	while (!entries_full(&r->lines) && entries < ENTRIES_MAX) {
		n = sd_journal_next(r->journal);
		if (n <= 0)
			break;
		take_entry(r);
		entries++;
	}
	if (n < 0)
		input_failed(r->input, "journal", n);
	else if (entries > 0)
		input_recovered(r->input);
	if (entries > 0)
		r->last_entry = time_monotonic();
	deliver_or_hold(r, entries > 0);
	if (n == 0)
		r->live = true;
	return n > 0;
}

static void close_journal(struct reader *r)
{
	r->io = sd_event_source_disable_unref(r->io);
	sd_journal_close(r->journal);
	r->journal = NULL;
	r->input->stats.open = 0;
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata);

static int open_journal(struct reader *r)
{
	int n = entries_open(r->input->cfg->matches, &r->journal);

	if (n < 0)
		return n;
	n = seek(r);
	if (n >= 0)
		n = sd_journal_get_fd(r->journal);
	if (n >= 0)
		n = sd_event_add_io(r->input->loop, &r->io, n, EPOLLIN, on_io, r);
	if (n < 0)
		close_journal(r);
	else
		r->input->stats.open = 1;
	return n;
}

static void arm(struct reader *r, usec_t delay)
{
	sd_event_source_set_time_relative(r->timer, delay);
	sd_event_source_set_enabled(r->timer, SD_EVENT_ONESHOT);
}

static void turn(struct reader *r)
{
	usec_t quiet;

	if (read_entries(r)) {
		arm(r, 0);
		return;
	}
	quiet = time_monotonic() - r->last_entry;
	arm(r, quiet < LIVELY_FOR ? POLL_LIVELY : POLL_QUIET);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct reader *r = userdata;
	int n = sd_journal_process(r->journal);

	(void)source;
	(void)fd;
	(void)revents;
	if (n < 0) {
		input_failed(r->input, "journal", n);
		close_journal(r);
		arm(r, REOPEN_DELAY);
		return 0;
	}
	turn(r);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct reader *r = userdata;
	int n;

	(void)source;
	(void)usec;
	if (!r->journal) {
		n = open_journal(r);
		if (n < 0) {
			input_failed(r->input, "journal", n);
			arm(r, REOPEN_DELAY);
			return 0;
		}
	}
	turn(r);
	return 0;
}

static int journal_start(struct input *in)
{
	struct reader *r = calloc(1, sizeof(*r));
	int n;

	if (!r)
		return -ENOMEM;
	in->state = r;
	r->input = in;
	r->key = text_printf("journal:%s", in->name);
	if (entries_init(&r->lines) < 0 || !r->key)
		return -ENOMEM;
	r->cursor = in->callbacks.restore(in->callbacks.userdata, r->key);
	r->last_entry = time_monotonic();
	n = open_journal(r);
	if (n < 0)
		return n;
	return sd_event_add_time_relative(in->loop, &r->timer, CLOCK_MONOTONIC, 0, 500, on_timer, r);
}

static void journal_stop(struct input *in)
{
	struct reader *r = in->state;

	if (!r)
		return;
	close_journal(r);
	sd_event_source_disable_unref(r->timer);
	free(r->key);
	free(r->cursor);
	entries_done(&r->lines);
	free(r);
}

static void journal_settle(struct input *in)
{
	struct reader *r = in->state;

	if (r->journal)
		read_entries(r);
}

static void journal_measure(const struct input *in, struct input_stats *stats)
{
	(void)in;
	stats->lag_bytes = 0;
}

static bool journal_has_caught_up(const struct input *in)
{
	const struct reader *r = in->state;

	return r->live && r->lines.n == 0;
}

const struct input_kind input_journal_kind = { journal_start, journal_stop, journal_settle, journal_measure,
					       journal_has_caught_up };
