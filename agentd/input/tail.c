/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/tail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"

/* Reads of one turn, so that other inputs have theirs. */
#define READS_MAX 4

static bool line_continues(void *userdata, const char *line, size_t len)
{
	const struct tail *t = userdata;

	return t->input->callbacks.continues(t->input->callbacks.userdata, t->input, line, len);
}

struct tail *tail_new(struct input *in, const char *path, int fd, uint64_t offset, void (*moved)(struct tail *t))
{
	struct tail *t = calloc(1, sizeof(*t));

	if (t)
		t->path = strdup(path);
	if (!t || !t->path) {
		close(fd);
		if (t)
			t->fd = -1;
		return tail_free(t);
	}
	t->input = in;
	t->moved = moved;
	t->fd = fd;
	t->watch = -1;
	t->offset = offset;
	t->idle_since = time_monotonic();
	position_take(fd, offset, &t->position);
	in->stats.open++;
	return t;
}

struct tail *tail_free(struct tail *t)
{
	if (!t)
		return NULL;
	if (t->fd >= 0) {
		close(t->fd);
		t->input->stats.open--;
	}
	lines_done(&t->lines);
	free(t->path);
	free(t);
	return NULL;
}

static void store_position(struct tail *t)
{
	t->position.offset = t->offset - t->lines.pending;
	t->moved(t);
}

void tail_rename(struct tail *t, const char *path)
{
	char *copy = strdup(path);

	if (!copy)
		return;
	free(t->path);
	t->path = copy;
}

static void deliver(struct tail *t, size_t len)
{
	uint64_t cut = t->lines.cut;

	input_deliver(t->input, t->lines.buf, len, NULL, t->live);
	lines_next(&t->lines);
	t->input->stats.cut += t->lines.cut - cut;
}

/* One read(2). Returns its result. */
static ssize_t read_once(struct tail *t)
{
	uint64_t cut = t->lines.cut;
	ssize_t n = pread(t->fd, lines_room(&t->lines), LINES_READ_SIZE, (off_t)t->offset);
	size_t whole;

	if (n <= 0)
		return n < 0 ? -errno : 0;
	/* What was read, not what the file holds by now: it may be truncated at any moment. */
	position_grow(&t->position, t->offset, lines_room(&t->lines), (size_t)n);
	t->offset += (uint64_t)n;
	whole = lines_take(&t->lines, (size_t)n);
	t->input->stats.cut += t->lines.cut - cut;
	deliver(t, whole);
	if (whole > 0)
		store_position(t);
	return n;
}

bool tail_read(struct tail *t)
{
	ssize_t n = 0;
	int i;

	if (!t->lines.buf && lines_init(&t->lines, t->input->callbacks.continues ? line_continues : NULL, t) < 0)
		return false;
	for (i = 0; i < READS_MAX; i++) {
		n = read_once(t);
		if (n <= 0)
			break;
		t->idle_since = time_monotonic();
		t->refused = false;
	}
	if (n < 0 && n != -EINTR && !t->refused) {
		input_failed(t->input, t->path, (int)n);
		t->refused = true;
	}
	if (n > 0)
		return true;
	t->live = true;
	/* A log that is quiet needs no buffer. */
	if (t->lines.len == 0 && !t->lines.cutting)
		lines_done(&t->lines);
	return false;
}

static void release(struct tail *t)
{
	deliver(t, lines_release(&t->lines));
	store_position(t);
}

bool tail_release(struct tail *t)
{
	if (!t->lines.buf || !lines_holds(&t->lines))
		return false;
	if (time_monotonic() - t->idle_since < INPUT_HOLD)
		return true;
	release(t);
	return false;
}

bool tail_is_truncated(const struct tail *t, const struct stat *st)
{
	return (uint64_t)st->st_size < t->offset || !position_same_head(&t->position, t->fd);
}

void tail_settle(struct tail *t)
{
	if (t->lines.buf && lines_holds(&t->lines))
		release(t);
	t->position.offset = t->offset - t->lines.pending;
}

void tail_begin_anew(struct tail *t)
{
	log_info("Input %s: %s was truncated; reading it from its start", t->input->name, t->path);
	t->input->stats.rotations++;
	t->offset = 0;
	if (t->lines.buf)
		lines_reset(&t->lines);
	position_take(t->fd, 0, &t->position);
	store_position(t);
}

void tail_finish(struct tail *t)
{
	uint64_t cut = t->lines.cut;
	size_t len = t->lines.buf ? lines_end(&t->lines) : 0;

	if (len == 0)
		return;
	input_deliver(t->input, t->lines.buf, len, NULL, t->live);
	t->input->stats.cut += t->lines.cut - cut;
	lines_reset(&t->lines);
	store_position(t);
}
