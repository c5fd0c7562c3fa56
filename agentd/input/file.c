/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Follows files: reads what is written to them, and waits for more. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "input/follower.h"

/* inotify tells of changes at once; this finds what it cannot see (network file
 * systems, targets of symlinks in directories we do not watch). */
#define SCAN_INTERVAL USEC_PER_SEC

/* Lines are held back until it is known what follows them, but not for long. */
static void release_held(struct follower *f)
{
	bool held = false;
	struct tail *t;

	for (t = f->tails; t; t = t->next)
		held |= tail_release(t);
	if (!held)
		return;
	sd_event_source_set_time_relative(f->hold, INPUT_HOLD);
	sd_event_source_set_enabled(f->hold, SD_EVENT_ONESHOT);
}

static int on_hold(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source;
	(void)usec;
	release_held(userdata);
	return 0;
}

static void read_all(struct follower *f)
{
	usec_t begun = time_now();
	const char *busy = NULL;
	struct tail *t;

	for (t = f->tails; t; t = t->next) {
		/* An earlier file of the same name comes first, and wholly. */
		t->waits = busy && strcmp(busy, t->path) == 0;
		if (t->waits)
			continue;
		if (tail_read(t))
			busy = t->path;
	}
	if (busy) {
		sd_event_source_set_time_relative(f->more, 0);
		sd_event_source_set_enabled(f->more, SD_EVENT_ONESHOT);
	}
	f->caught_up = busy ? 0 : begun;
	release_held(f);
	input_looked(f->input);
}

/* To be called now and then, after reading: a file that is longer than it was read, and from which nothing came. */
static void check_stuck(struct follower *f)
{
	usec_t now = time_monotonic();
	struct stat st;
	struct tail *t;

	for (t = f->tails; t; t = t->next) {
		bool more = fstat(t->fd, &st) == 0 && (uint64_t)st.st_size > t->offset;

		if (!more || t->waits || t->offset != t->checked)
			t->stuck_since = 0;
		else if (!t->stuck_since)
			t->stuck_since = now;
		t->checked = t->offset;
	}
}

static int on_more(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source;
	(void)usec;
	read_all(userdata);
	return 0;
}

/* True if any event is of more than new text in a file we know. */
static bool take_events(struct follower *f)
{
	char buf[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	bool changed = false;
	ssize_t len;

	while ((len = read(f->inotify, buf, sizeof(buf))) > 0) {
		const char *p = buf;

		while (p < buf + len) {
			const struct inotify_event *e = (const struct inotify_event *)(const void *)p;

			changed |= (e->mask & ~(uint32_t)IN_MODIFY) != 0;
			p += sizeof(*e) + e->len;
		}
	}
	return changed;
}

/* A file that became shorter tells so by IN_MODIFY only. */
static void check_all_truncated(struct follower *f)
{
	struct stat st;
	struct tail *t;

	for (t = f->tails; t; t = t->next)
		if (fstat(t->fd, &st) == 0 && (uint64_t)st.st_size < t->offset)
			follower_check_truncated(f, t, &st);
}

static int on_inotify(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct follower *f = userdata;

	(void)source;
	(void)fd;
	(void)revents;
	if (take_events(f)) {
		/* First what the files had before they were moved. */
		read_all(f);
		follower_scan(f);
	} else {
		check_all_truncated(f);
	}
	read_all(f);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct follower *f = userdata;

	(void)usec;
	follower_scan(f);
	read_all(f);
	check_stuck(f);
	sd_event_source_set_time_relative(source, SCAN_INTERVAL);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int file_start(struct input *in)
{
	struct follower *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return -ENOMEM;
	in->state = f;
	f->input = in;
	f->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (f->inotify < 0)
		return -errno;
	r = sd_event_add_io(in->loop, &f->io, f->inotify, EPOLLIN, on_inotify, f);
	if (r >= 0)
		/* A timer takes turns with all else; a deferred source always comes first, and who catches up would do nothing else. */
		r = sd_event_add_time_relative(in->loop, &f->more, CLOCK_MONOTONIC, 0, 1, on_more, f);
	if (r >= 0)
		r = sd_event_add_time_relative(in->loop, &f->hold, CLOCK_MONOTONIC, 0, 1, on_hold, f);
	/* Looked for now: a log that comes later is new, and read from its start. It is
	 * read by the loop, when whoever started us is ready for lines. */
	if (r >= 0)
		follower_scan(f);
	if (r >= 0)
		r = sd_event_add_time_relative(in->loop, &f->timer, CLOCK_MONOTONIC, SCAN_INTERVAL, 0, on_timer, f);
	return r;
}

static void file_stop(struct input *in)
{
	struct follower *f = in->state;

	if (!f)
		return;
	sd_event_source_disable_unref(f->io);
	sd_event_source_disable_unref(f->timer);
	sd_event_source_disable_unref(f->more);
	sd_event_source_disable_unref(f->hold);
	follower_drop_tails(f);
	if (f->inotify >= 0)
		close(f->inotify);
	free(f);
}

static void file_settle(struct input *in)
{
	struct follower *f = in->state;

	follower_scan(f);
	read_all(f);
}

static void file_measure(const struct input *in, struct input_stats *stats)
{
	const struct follower *f = in->state;
	const struct tail *t;
	struct stat st;

	stats->lag_bytes = 0;
	for (t = f->tails; t; t = t->next) {
		if (fstat(t->fd, &st) == 0 && (uint64_t)st.st_size > t->offset)
			stats->lag_bytes += (uint64_t)st.st_size - t->offset;
		if (t->stuck_since && (!stats->stuck_since || t->stuck_since < stats->stuck_since))
			stats->stuck_since = t->stuck_since;
	}
}

static usec_t file_caught_up(const struct input *in)
{
	return ((const struct follower *)in->state)->caught_up;
}

const struct input_kind input_file_kind = { file_start, file_stop, file_settle, file_measure, file_caught_up };
