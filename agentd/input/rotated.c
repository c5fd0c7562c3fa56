/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/rotated.h"

#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

/* While somebody is rotating, it is looked again, after so long. */
#define TRIES 5
#define TRY_AGAIN_USEC 2000

static bool is_compressed(const char *path)
{
	static const char *const ends[] = { ".gz", ".xz", ".bz2", ".zst", ".lz4", ".Z" };
	const char *dot = strrchr(path, '.');
	size_t i;

	for (i = 0; dot && i < ELEMENTSOF(ends); i++)
		if (strcmp(dot, ends[i]) == 0)
			return true;
	return false;
}

static uint64_t mtime_of(const struct stat *st)
{
	return (uint64_t)st->st_mtim.tv_sec * 1000000000 + (uint64_t)st->st_mtim.tv_nsec;
}

static int by_mtime(const void *a, const void *b)
{
	const struct rotated *x = a, *y = b;

	return x->mtime < y->mtime ? -1 : x->mtime > y->mtime;
}

static void drop(struct rotated *r)
{
	free(r->path);
	close(r->fd);
}

static bool is_of(const struct position *p, int fd, const struct stat *st)
{
	/* A file that was empty is only known by its inode. */
	if (p->head_len == 0)
		return p->dev == st->st_dev && p->ino == st->st_ino;
	return position_fits(p, fd, st);
}

/* Opens a candidate. */
static bool open_candidate(const char *path, const struct position *positions, size_t n, const struct stat *current,
			   struct rotated *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	size_t i;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    (st.st_dev == current->st_dev && st.st_ino == current->st_ino)) {
		close(fd);
		return false;
	}
	*ret = (struct rotated){ .path = strdup(path), .fd = fd, .mtime = mtime_of(&st), .match = -1 };
	if (!ret->path) {
		close(fd);
		return false;
	}
	for (i = 0; i < n && ret->match < 0; i++) {
		if (!is_of(&positions[i], fd, &st))
			continue;
		ret->match = (int)i;
		ret->same_inode = positions[i].dev == st.st_dev && positions[i].ino == st.st_ino;
		ret->offset = positions[i].offset;
	}
	return true;
}

/* Which of two that could both be of a position is it rather? The file itself, not its copy; else what is newer. */
static bool is_rather(const struct rotated *a, const struct rotated *b)
{
	return a->same_inode != b->same_inode ? a->same_inode : a->mtime > b->mtime;
}

/* A position is of one file: logs may begin alike. */
static void match_each_once(struct rotated *r, size_t n)
{
	size_t i, k;

	for (i = 0; i < n; i++)
		for (k = 0; k < n && r[i].match >= 0; k++)
			if (k != i && r[k].match == r[i].match && !is_rather(&r[i], &r[k]))
				r[i].match = -1;
}

/* Keeps the files of positions, and what is newer than since and the last of them, in order. since 0: not known. */
static int keep_some(struct rotated *r, size_t n, bool newer, uint64_t since)
{
	size_t i, kept = 0;
	bool any = since > 0;

	match_each_once(r, n);
	for (i = 0; i < n; i++) {
		any |= r[i].match >= 0;
		if (r[i].match >= 0 && r[i].mtime > since)
			since = r[i].mtime;
	}
	for (i = 0; i < n; i++) {
		if (r[i].match < 0)
			r[i].offset = 0;
		if (r[i].match >= 0 || (newer && any && r[i].mtime > since))
			r[kept++] = r[i];
		else
			drop(&r[i]);
	}
	qsort(r, kept, sizeof(*r), by_mtime);
	return (int)kept;
}

static bool is_open(const struct rotated *r, size_t n, const struct rotated *one)
{
	struct stat a, b;
	size_t i;

	for (i = 0; i < n; i++)
		if (fstat(one->fd, &a) == 0 && fstat(r[i].fd, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
			return true;
	return false;
}

static size_t open_all(const char *pattern, const struct position *positions, size_t n, const struct stat *current,
		       struct rotated ret[static ROTATED_MAX])
{
	size_t i, count = 0;
	glob_t found;

	if (glob(pattern, GLOB_NOSORT, NULL, &found) != 0)
		return 0;
	for (i = 0; i < found.gl_pathc && count < ROTATED_MAX; i++) {
		if (is_compressed(found.gl_pathv[i]) ||
		    !open_candidate(found.gl_pathv[i], positions, n, current, &ret[count]))
			continue;
		/* It was renamed meanwhile, and found by both names. */
		if (is_open(ret, count, &ret[count]))
			drop(&ret[count]);
		else
			count++;
	}
	globfree(&found);
	return count;
}

/* Are they still where they were found, and no others beside them? Else one that was just renamed was missed. */
static bool is_settled(const char *pattern, const struct rotated *r, size_t n)
{
	struct stat a, b;
	size_t i, count = 0;
	glob_t found;

	for (i = 0; i < n; i++)
		if (stat(r[i].path, &a) < 0 || fstat(r[i].fd, &b) < 0 || a.st_ino != b.st_ino || a.st_dev != b.st_dev)
			return false;
	if (glob(pattern, GLOB_NOSORT, NULL, &found) != 0)
		return n == 0;
	for (i = 0; i < found.gl_pathc; i++)
		count += !is_compressed(found.gl_pathv[i]);
	globfree(&found);
	/* What path leads to may itself be among them. */
	return count <= n + 1 || n == ROTATED_MAX;
}

int rotated_find(const char *path, const struct position *positions, size_t n, const struct stat *current, bool newer,
		 struct rotated ret[static ROTATED_MAX], bool *last)
{
	_cleanup_free_ char *pattern = text_printf("%s?*", path);
	uint64_t since = n ? positions[n - 1].empty_at * 1000 : 0;
	size_t i, count = 0;
	unsigned tries;

	*last = false;
	for (tries = 0; pattern && tries < TRIES; tries++) {
		while (count > 0)
			drop(&ret[--count]);
		if (tries > 0)
			usleep(TRY_AGAIN_USEC);
		count = open_all(pattern, positions, n, current, ret);
		if (is_settled(pattern, ret, count))
			break;
	}
	for (i = 0; i < count; i++)
		*last |= ret[i].match == (int)n - 1;
	return keep_some(ret, count, newer, since);
}
