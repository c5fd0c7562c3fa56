/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files globs lead to, wherever those come from and go to. */
#include "input/follower.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "input/rotated.h"

/* A gateway goes on writing into a renamed log until it is told to reopen it. */
#define GONE_GRACE (60 * USEC_PER_SEC)
/* A log that is renamed is soon made anew. */
#define MISSING_GRACE (3 * USEC_PER_SEC)
#define FILES_MAX 1024
#define DIR_EVENTS                                                                                            \
	(IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | \
	 IN_EXCL_UNLINK)
#define FILE_EVENTS (IN_MODIFY | IN_MOVE_SELF | IN_ATTRIB)

static struct tail *find_tail(const struct follower *f, const struct stat *st)
{
	struct tail *t;

	for (t = f->tails; t; t = t->next)
		if (t->position.dev == st->st_dev && t->position.ino == st->st_ino)
			return t;
	return NULL;
}

/* In front of before; NULL: last. */
static void insert_tail(struct follower *f, struct tail *t, const struct tail *before)
{
	struct tail **link = &f->tails;

	while (*link && *link != before)
		link = &(*link)->next;
	t->next = *link;
	*link = t;
	f->n_tails++;
	t->watch = inotify_add_watch(f->inotify, t->path, FILE_EVENTS);
	if (t->watch < 0)
		input_failed(f->input, "inotify (looking once a second instead)", -errno);
}

static void append_tail(struct follower *f, struct tail *t)
{
	insert_tail(f, t, NULL);
}

static void drop_tail(struct follower *f, struct tail **link)
{
	struct tail *t = *link;

	*link = t->next;
	f->n_tails--;
	if (t->watch >= 0)
		inotify_rm_watch(f->inotify, t->watch);
	tail_free(t);
}

void follower_drop_tails(struct follower *f)
{
	while (f->tails)
		drop_tail(f, &f->tails);
}

/* Positions */

static char *position_key(const struct follower *f, const char *path)
{
	return text_printf("file:%s:%s", f->input->name, path);
}

/* Of all files that path led to and that are still followed: lines of each are counted with its position. */
static void store_positions(struct follower *f, const char *path)
{
	char text[POSITIONS_MAX * POSITION_TEXT_MAX] = "";
	_cleanup_free_ char *key = position_key(f, path);
	const struct input_callbacks *cb = &f->input->callbacks;
	size_t len = 0, n = 0, skip = 0;
	const struct tail *t;

	for (t = f->tails; t; t = t->next)
		skip += strcmp(t->path, path) == 0;
	/* The first ones were renamed longest ago. */
	skip = skip > POSITIONS_MAX ? skip - POSITIONS_MAX : 0;
	for (t = f->tails; t; t = t->next) {
		if (strcmp(t->path, path) != 0 || (skip > 0 && skip--))
			continue;
		if (n++)
			text[len++] = '\n';
		len += strlen(position_format(&t->position, text + len));
	}
	if (key)
		cb->position(cb->userdata, f->input, key, n ? text : POSITIONS_NONE);
}

static void on_moved(struct tail *t)
{
	store_positions(t->input->state, t->path);
}

/* Opening */

/* Nothing is left to be read, and nobody has written for as long as a gateway may hold on to a renamed log. */
static bool is_done(const struct rotated *r)
{
	struct stat st;

	return fstat(r->fd, &st) == 0 && (uint64_t)st.st_size == r->offset &&
	       time_now() > r->mtime / 1000 + GONE_GRACE;
}

/* What was written to rotated files; positions are those of the path as they were stored. */
static void append_rotated(struct follower *f, const char *path, const struct position *positions, int n,
			   const struct stat *st, bool replaced)
{
	struct rotated found[ROTATED_MAX];
	bool last;
	int i, count = rotated_find(path, positions, (size_t)n, st, replaced, found, &last);

	if (replaced && !last && !f->started && !positions[n - 1].empty_at)
		log_warning("Input %s: %s was replaced since it was last read, and the old file is not there; its last "
			    "lines may be lost",
			    f->input->name, path);
	for (i = 0; i < count; i++) {
		struct tail *t = NULL;

		if (is_done(&found[i]))
			close(found[i].fd);
		else
			t = tail_new(f->input, path, found[i].fd, found[i].offset, on_moved);
		if (t) {
			log_info("Input %s: reading the rest of %s from byte %llu", f->input->name, found[i].path,
				 (unsigned long long)found[i].offset);
			t->gone = true;
			append_tail(f, t);
			f->input->stats.rotations += replaced;
		}
		free(found[i].path);
	}
}

/* As stored for path. Returns how many there are; -EINVAL: nothing is known. */
static int restore_positions(struct follower *f, const char *path, struct position ret[static POSITIONS_MAX])
{
	_cleanup_free_ char *key = position_key(f, path), *stored = NULL;

	if (key)
		stored = f->input->callbacks.restore(f->input->callbacks.userdata, key);
	return stored ? positions_parse(stored, ret) : -EINVAL;
}

/* Has a file of that path been followed since we started? */
static bool was_followed(const struct follower *f, const char *path)
{
	const struct tail *t;

	for (t = f->tails; t; t = t->next)
		if (strcmp(t->path, path) == 0)
			return true;
	return false;
}

/* Where to begin with a file that was not open until now. *known: the stored position, if it is of this file. */
static uint64_t first_offset(struct follower *f, const char *path, int fd, const struct stat *st, struct position *known)
{
	struct position p[POSITIONS_MAX];
	int n = restore_positions(f, path, p);
	bool fits;

	if (n < 0)
		return f->started || f->input->cfg->from_start ? 0 : (uint64_t)st->st_size;
	fits = n > 0 && p[n - 1].dev == st->st_dev && p[n - 1].ino == st->st_ino && position_fits(&p[n - 1], fd, st);
	/* One that was empty may have been filled, copied and truncated since. */
	if (n > 0 && !was_followed(f, path) && (n > fits || p[n - 1].empty_at))
		append_rotated(f, path, p, p[n - 1].empty_at ? n : n - fits, st, !fits || p[n - 1].empty_at);
	if (!fits)
		return 0;
	*known = p[n - 1];
	return known->offset;
}

static void open_file(struct follower *f, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct position known = { 0 };
	struct stat st;
	uint64_t offset;
	struct tail *t;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		if (fd < 0 && errno != ENOENT)
			input_failed(f->input, path, -errno);
		if (fd >= 0)
			close(fd);
		return;
	}
	if (f->n_tails >= FILES_MAX) {
		input_failed(f->input, path, -EMFILE);
		close(fd);
		return;
	}
	offset = first_offset(f, path, fd, &st, &known);
	t = tail_new(f->input, path, fd, offset, on_moved);
	if (!t)
		return;
	/* Not as the file begins by now: it may just have been truncated, and its copy is found by how it began. */
	if (known.head_len > 0)
		t->position = known;
	t->seen = true;
	/* At its end already: what comes is written now. */
	t->live = offset == (uint64_t)st.st_size;
	append_tail(f, t);
	/* From the first moment: what comes while nobody reads is not missed. */
	store_positions(f, path);
	log_info("Input %s: following %s from byte %llu", f->input->name, path, (unsigned long long)offset);
}

/*
 * t's file was copied away, then truncated: what had not been read of it by
 * then is in the copy, and comes before what is written to the file now.
 */
static void insert_copy(struct follower *f, const struct tail *t, const struct stat *st)
{
	struct rotated found[ROTATED_MAX];
	bool last;
	int i, count = rotated_find(t->path, &t->position, 1, st, false, found, &last);

	for (i = 0; i < count; i++) {
		struct tail *copy = NULL;
		struct stat copied;

		if (i == count - 1 && t->position.head_len > 0 && fstat(found[i].fd, &copied) == 0 &&
		    !find_tail(f, &copied))
			copy = tail_new(f->input, t->path, found[i].fd, found[i].offset, on_moved);
		else
			close(found[i].fd);
		if (copy) {
			log_info("Input %s: reading the rest of %s from byte %llu", f->input->name, found[i].path,
				 (unsigned long long)found[i].offset);
			copy->gone = true;
			copy->live = t->live;
			insert_tail(f, copy, t);
		}
		free(found[i].path);
	}
}

void follower_check_truncated(struct follower *f, struct tail *t, const struct stat *st)
{
	if (!tail_is_truncated(t, st))
		return;
	tail_settle(t);
	insert_copy(f, t, st);
	tail_begin_anew(t);
}

/* Scanning */

/* Its position goes with it: nothing of what it held is read again by the former name. */
static void rename_tail(struct follower *f, struct tail *t, const char *path)
{
	_cleanup_free_ char *former = strdup(t->path);

	tail_rename(t, path);
	if (former)
		store_positions(f, former);
	store_positions(f, path);
}

static void see(struct follower *f, const char *path)
{
	struct stat st;
	struct tail *t;

	if (stat(path, &st) < 0)
		return;
	if (S_ISDIR(st.st_mode))
		return;
	t = find_tail(f, &st);
	if (!t) {
		open_file(f, path);
		return;
	}
	if (t->seen)
		return; /* by another name */
	t->seen = true;
	t->gone = false;
	if (strcmp(t->path, path) != 0)
		rename_tail(f, t, path);
	follower_check_truncated(f, t, &st);
}

/* A log that was renamed before we started, and not made anew yet: the rest of it is read now. */
static void see_missing(struct follower *f, const char *path)
{
	const struct stat none = { 0 };
	struct position p[POSITIONS_MAX];
	int n = f->started ? 0 : restore_positions(f, path, p);

	if (n > 0)
		append_rotated(f, path, p, n, &none, true);
}

static void scan_pattern(struct follower *f, const char *pattern)
{
	glob_t found;
	size_t i;

	if (glob(pattern, 0, NULL, &found) != 0) {
		see_missing(f, pattern);
		return;
	}
	for (i = 0; i < found.gl_pathc; i++)
		see(f, found.gl_pathv[i]);
	globfree(&found);
}

/* Watches the directories of the pattern and those above them, as far as they exist. */
static void watch_directories(struct follower *f, const char *pattern)
{
	_cleanup_free_ char *copy = strdup(pattern);
	char *dir = copy;
	unsigned levels = 0;

	while (dir && levels < 2) {
		glob_t found;
		size_t i;

		dir = dirname(dir);
		if (glob(dir, 0, NULL, &found) == 0) {
			for (i = 0; i < found.gl_pathc; i++)
				inotify_add_watch(f->inotify, found.gl_pathv[i], DIR_EVENTS);
			levels++;
			globfree(&found);
		}
		if (strcmp(dir, "/") == 0)
			break;
	}
}

/* The last position of a path stays: what comes there next is told from it. */
static void finish_tail(struct follower *f, struct tail **link)
{
	_cleanup_free_ char *path = strdup((*link)->path);
	const struct tail *t;

	tail_finish(*link);
	drop_tail(f, link);
	for (t = f->tails; path && t; t = t->next) {
		if (strcmp(t->path, path) == 0) {
			store_positions(f, path);
			return;
		}
	}
}

/* Files whose name leads elsewhere now; after a while they are done with. */
static void retire(struct follower *f)
{
	usec_t now = time_monotonic();
	struct tail **link = &f->tails;

	while (*link) {
		struct tail *t = *link;

		if (!t->seen && !t->gone) {
			t->gone = true;
			f->input->stats.rotations++;
			log_info("Input %s: %s was renamed or deleted", f->input->name, t->path);
		}
		if (t->gone && t->live && now - t->idle_since > GONE_GRACE) {
			finish_tail(f, link);
			continue;
		}
		link = &t->next;
	}
}

/* Says once that there is nothing to follow; at a rotation that is so for a moment. */
static void check_missing(struct follower *f)
{
	usec_t now = time_monotonic();
	const struct tail *t;

	for (t = f->tails; t; t = t->next) {
		if (!t->gone) {
			f->missing_since = 0;
			f->told_missing = false;
			return;
		}
	}
	if (!f->missing_since)
		f->missing_since = now;
	if (f->told_missing || (f->started && now - f->missing_since < MISSING_GRACE))
		return;
	f->told_missing = true;
	input_failed(f->input, f->input->cfg->paths[0], -ENOENT);
}

void follower_scan(struct follower *f)
{
	uint64_t errors = f->input->stats.errors;
	bool refused = false;
	char **pattern;
	struct tail *t;

	for (t = f->tails; t; t = t->next) {
		t->seen = false;
		refused |= t->refused || t->watch < 0;
	}
	/* Watched before looked at, so that nothing comes in between unseen. */
	for (pattern = f->input->cfg->paths; *pattern; pattern++)
		watch_directories(f, *pattern);
	for (pattern = f->input->cfg->paths; *pattern; pattern++)
		scan_pattern(f, *pattern);
	retire(f);
	check_missing(f);
	if (!refused && f->input->stats.errors == errors && !f->missing_since)
		input_recovered(f->input);
	f->started = true;
}
