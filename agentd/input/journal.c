/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Follows the journal by its matches. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-journal.h>

#include "base/log.h"
#include "base/mapped.h"
#include "base/text.h"
#include "input/entries.h"
#include "input/place.h"
#include "input/private.h"

/*
 * journald announces new entries by inotify up to half a second late, but
 * sd_journal_next() sees them at once. So it is asked: often while entries come,
 * less often when it is quiet.
 */
#define POLL_LIVELY (2 * USEC_PER_MSEC)
#define POLL_QUIET (15 * USEC_PER_MSEC)
#define LIVELY_FOR (5 * USEC_PER_SEC)
/*
 * As each entry is looked for twice (see place.h), not many more are counted than
 * have room, however long their lines.
 */
#define LOOK_MIN 64
#define UNFINISHED_FOR (100 * USEC_PER_MSEC)
#define REOPEN_DELAY (5 * USEC_PER_SEC)

struct reader {
	struct input *input;
	sd_journal *journal;
	sd_event_source *io, *timer;
	char *key;
	char *cursor; /* of the entry taken last; NULL: none was there yet */
	struct entries lines; /* not yet delivered */
	/* The journal does not stand at cursor, or has to look again from there. */
	bool displaced;
	unsigned look; /* how many entries to count at once */
	/* When the newest entry was first seen without a message (CLOCK_MONOTONIC); 0: it has one. */
	usec_t unfinished;
	bool live;
	usec_t caught_up;  /* input_caught_up() */
	usec_t last_entry; /* CLOCK_MONOTONIC */
	usec_t written;	   /* CLOCK_REALTIME, of the last line taken; 0: none */
	bool more;	   /* the journal had more than was taken */
};

/* Where nothing has been read yet: the end of the journal, or its head. */
static int begin(struct reader *r)
{
	int n;

	if (r->input->cfg->from_start)
		return 0;
	mapped_begin();
	n = place_end(&r->cursor);
	mapped_end();
	/* Stored at once: what comes before the first line is read is not the past of the next run. */
	if (n > 0)
		r->input->callbacks.position(r->input->callbacks.userdata, r->input, r->key, r->cursor);
	return n;
}

/* What comes next may be the rest of what was the last entry of ours before it. */
static void note_break(struct reader *r)
{
	bool cut;

	mapped_begin();
	if (r->cursor && sd_journal_seek_cursor(r->journal, r->cursor) >= 0 && sd_journal_previous(r->journal) > 0)
		linebreak_is_rest(&r->lines.breaks, r->journal, &cut);
	mapped_end();
}

/* Once, when the agent starts. */
static int find_place(struct reader *r)
{
	int n;

	if (r->cursor) {
		mapped_begin();
		n = place_is_there(r->cursor);
		mapped_end();
	} else {
		n = begin(r);
	}
	if (n == 0 && r->cursor) {
		log_warning("Input %s: the journal has dropped entries that were not read yet", r->input->name);
		r->input->stats.rotations++;
	}
	if (n >= 0)
		note_break(r);
	return n;
}

/*
 * libsystemd takes a field that journald is just linking for a bad one, and skips
 * it. That can only be in the newest entry, and not for long; one without a
 * message all the same is none of a gateway's.
 */
static bool is_unfinished(struct reader *r)
{
	usec_t now = time_monotonic();

	if (r->unfinished == 0)
		r->unfinished = now;
	return now - r->unfinished < UNFINISHED_FOR;
}

/* False if it must be looked at again later. newest: nothing is known to come after it. */
static bool take_entry(struct reader *r, bool newest)
{
	uint64_t cut = r->lines.cut;
	int n = entries_take(&r->lines, r->journal);

	r->input->stats.cut += r->lines.cut - cut;
	if (n == -ENOENT && newest && is_unfinished(r))
		return false;
	r->unfinished = 0;
	if (n < 0 && n != -ENOENT)
		input_failed(r->input, "journal entry", n);
	else if (r->lines.n > 0)
		r->written = r->lines.times[r->lines.n - 1];
	return true;
}

static void deliver(struct reader *r)
{
	input_deliver(r->input, r->lines.buf, r->lines.len, r->lines.times, r->live);
	if (r->cursor)
		r->input->callbacks.position(r->input->callbacks.userdata, r->input, r->key, r->cursor);
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

/* Returns how many of count entries, which are known to be there, were taken. */
static unsigned take_entries(struct reader *r, unsigned count)
{
	unsigned taken = 0;
	char *cursor;

	while (taken < count && !entries_full(&r->lines) && sd_journal_next(r->journal) > 0) {
		r->displaced = !take_entry(r, taken + 1 == count);
		if (r->displaced)
			break;
		taken++;
		/* Each time: the file may be gone when the next is asked for. */
		if (sd_journal_get_cursor(r->journal, &cursor) < 0)
			continue;
		free(r->cursor);
		r->cursor = cursor;
	}
	return taken;
}

static void close_journal(struct reader *r)
{
	r->io = sd_event_source_disable_unref(r->io);
	sd_journal_close(r->journal);
	r->journal = NULL;
	r->input->stats.open = 0;
}

/* Returns how many entries were taken; *counted: of how many, or what the journal said. */
static unsigned take_next(struct reader *r, int *counted)
{
	unsigned taken = 0;
	int n;

	mapped_begin();
	n = r->displaced ? place_go(r->journal, r->cursor) : 0;
	if (n >= 0)
		n = place_count(r->journal, r->cursor, r->look);
	r->displaced = n < 0;
	if (n > 0)
		taken = take_entries(r, (unsigned)n);
	mapped_end();
	*counted = n;
	return taken;
}

/* True if there may be more at once. Closes the journal if it must be opened anew. */
static bool read_entries(struct reader *r)
{
	usec_t begun = time_now();
	int n;
	unsigned taken = take_next(r, &n);
	bool more = !r->displaced && taken > 0 && (taken < (unsigned)n || taken == r->look);

	if (n == -ESTALE)
		close_journal(r);
	else if (n < 0)
		input_failed(r->input, "journal", n);
	if (taken > 0) {
		input_recovered(r->input);
		r->last_entry = time_monotonic();
		r->look = taken < LOOK_MIN / 2 ? LOOK_MIN : taken < ENTRIES_MAX / 2 ? 2 * taken : ENTRIES_MAX;
	}
	r->more = more;
	deliver_or_hold(r, taken > 0);
	if (!more && !r->displaced)
		r->live = true;
	r->caught_up = !more && !r->displaced ? begun : 0;
	return more;
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata);

static int open_journal(struct reader *r)
{
	int n;

	mapped_begin();
	n = entries_open(r->input->cfg->matches, &r->journal);
	if (n >= 0)
		n = sd_journal_get_fd(r->journal);
	mapped_end();
	if (n >= 0)
		n = sd_event_add_io(r->input->loop, &r->io, n, EPOLLIN, on_io, r);
	if (n < 0)
		close_journal(r);
	else
		r->input->stats.open = 1;
	r->displaced = true;
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

	if (read_entries(r) || !r->journal) {
		arm(r, 0);
		return;
	}
	quiet = time_monotonic() - r->last_entry;
	arm(r, quiet < LIVELY_FOR ? POLL_LIVELY : POLL_QUIET);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct reader *r = userdata;
	int n;

	(void)source;
	(void)fd;
	(void)revents;
	mapped_begin();
	n = sd_journal_process(r->journal);
	mapped_end();
	if (n < 0) {
		input_failed(r->input, "journal", n);
		close_journal(r);
		arm(r, REOPEN_DELAY);
		return 0;
	}
	/*
	 * Files have come or gone. So may their folder have: libsystemd follows
	 * /var/log/journal only if it was there when the journal was opened.
	 */
	if (n == SD_JOURNAL_INVALIDATE) {
		close_journal(r);
		arm(r, 0);
		return 0;
	}
	/* Something was written, maybe what was not linked yet when it was looked for. */
	r->displaced = true;
	turn(r);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct reader *r = userdata;
	int n;

	(void)source;
	(void)usec;
	input_looked(r->input);
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
	mapped_init();
	in->state = r;
	r->input = in;
	r->look = LOOK_MIN;
	r->key = text_printf("journal:%s", in->name);
	if (entries_init(&r->lines) < 0 || !r->key)
		return -ENOMEM;
	r->cursor = in->callbacks.restore(in->callbacks.userdata, r->key);
	r->last_entry = time_monotonic();
	n = open_journal(r);
	if (n >= 0)
		n = find_place(r);
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
	const struct reader *r = in->state;
	usec_t now = time_now();

	stats->lag = r->more && r->written && r->written < now ? now - r->written : 0;
}

static usec_t journal_caught_up(const struct input *in)
{
	return ((const struct reader *)in->state)->caught_up;
}

const struct input_kind input_journal_kind = { journal_start, journal_stop, journal_settle, journal_measure,
					       journal_caught_up };
