/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/rotated.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

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

/* Opens a candidate; *match: it is the file of p. */
static bool open_candidate(const char *path, const struct position *p, const struct stat *current,
			   struct rotated *ret, bool *match)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return false;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    (st.st_dev == current->st_dev && st.st_ino == current->st_ino)) {
		close(fd);
		return false;
	}
	*ret = (struct rotated){ .path = strdup(path), .fd = fd, .mtime = mtime_of(&st) };
	*match = p->head_len > 0 && position_fits(p, fd, &st);
	if (!ret->path) {
		close(fd);
		return false;
	}
	return true;
}

/* Keeps the file of p and what is newer, in order. */
static int keep_newer(struct rotated *r, size_t n, size_t match, uint64_t offset)
{
	uint64_t since = r[match].mtime;
	size_t i, kept = 0;

	r[match].offset = offset;
	for (i = 0; i < n; i++) {
		if (i == match || r[i].mtime > since)
			r[kept++] = r[i];
		else
			drop(&r[i]);
	}
	qsort(r, kept, sizeof(*r), by_mtime);
	return (int)kept;
}

int rotated_find(const char *path, const struct position *p, const struct stat *current,
		 struct rotated ret[static ROTATED_MAX])
{
	_cleanup_free_ char *pattern = text_printf("%s?*", path);
	size_t i, n = 0, match = ROTATED_MAX;
	glob_t found;

	if (!pattern)
		return -ENOMEM;
	if (glob(pattern, GLOB_NOSORT, NULL, &found) != 0)
		return -ENOENT;
	for (i = 0; i < found.gl_pathc && n < ROTATED_MAX; i++) {
		bool is_match = false;

		if (is_compressed(found.gl_pathv[i]) ||
		    !open_candidate(found.gl_pathv[i], p, current, &ret[n], &is_match))
			continue;
		if (is_match)
			match = n;
		n++;
	}
	globfree(&found);
	if (match < n)
		return keep_newer(ret, n, match, p->offset);
	while (n > 0)
		drop(&ret[--n]);
	return -ENOENT;
}
