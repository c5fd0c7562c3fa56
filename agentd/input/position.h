/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_INPUT_POSITION_H
#define SIPWARDEN_INPUT_POSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/*
 * How far a file was read, in a way that finds it again after it was renamed,
 * and tells it from another file that got its inode: the first bytes go with it.
 */
#define POSITION_HEAD_MAX 128
#define POSITION_TEXT_MAX 400

struct position {
	uint64_t dev, ino;
	uint64_t offset;  /* start of the first line not yet handed on */
	unsigned head_len; /* bytes of head: as many as the file had, at most */
	unsigned char head[POSITION_HEAD_MAX];
	uint64_t empty_at; /* without a head: when it was empty, in microseconds since the epoch */
};

/* Of the open file fd. 0 or negative errno. */
int position_take(int fd, uint64_t offset, struct position *ret);
/* len bytes were read at offset: the head grows with a young file. */
void position_grow(struct position *p, uint64_t offset, const char *data, size_t len);
/* Does the file begin with the head of p, and reach as far? */
bool position_fits(const struct position *p, int fd, const struct stat *st);
/* Does the file still begin as it did? */
bool position_same_head(const struct position *p, int fd);

/* "1 DEV INO OFFSET HEXHEAD"; "1 DEV INO 0 @MICROSECONDS" of one that was empty */
char *position_format(const struct position *p, char buf[static POSITION_TEXT_MAX]);
/* False: not what position_format() wrote. */
bool position_parse(const char *text, struct position *ret);

/*
 * Files that one path led to, one after the other, with a line each: those that
 * were renamed and may still be written to, and last the one it leads to now.
 */
#define POSITIONS_MAX 32
/* Nothing of the path was read yet: a file that comes there is read from its start. */
#define POSITIONS_NONE "0"
/* Returns how many there are, or -EINVAL. */
int positions_parse(const char *text, struct position ret[static POSITIONS_MAX]);

#endif
