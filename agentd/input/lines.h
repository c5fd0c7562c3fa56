/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_INPUT_LINES_H
#define SIPWARDEN_INPUT_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Makes whole lines of what is read in pieces. CR at the end of a line is
 * dropped, and NUL bytes at its head (a log truncated under its writer starts
 * with a hole). A line longer than INPUT_LINE_MAX is cut there, and what follows
 * up to its end is dropped, so that it is never taken for a line of its own.
 */
#define LINES_READ_SIZE ((size_t)256 << 10)

struct lines {
	char *buf;	/* INPUT_LINE_MAX + LINES_READ_SIZE + 1 */
	size_t len;	/* of an unfinished line, at the start of buf */
	size_t pending; /* bytes of the log that the unfinished line has taken so far */
	bool cutting;	/* the unfinished line is over length: dropping the rest */
	uint64_t cut;	/* lines cut so far */
	bool (*continues)(void *userdata, const char *line, size_t len);
	void *userdata;
	size_t rest_at, rest_len; /* the unfinished line behind the whole ones, until lines_next() */
};

/* Does a line belong to the one before it? */
typedef bool (*lines_continues_fn)(void *userdata, const char *line, size_t len);
/* continues may be NULL: nothing is held back. Returns 0 or -ENOMEM. */
int lines_init(struct lines *l, lines_continues_fn continues, void *userdata);
void lines_done(struct lines *l);
/* Forgets an unfinished line. */
void lines_reset(struct lines *l);
/* Where to read at most LINES_READ_SIZE bytes to. */
char *lines_room(struct lines *l);
/*
 * n bytes were read there. Returns the length of the whole lines that stand at
 * l->buf until lines_next(), which must follow.
 */
size_t lines_take(struct lines *l, size_t n);
/* Drops the whole lines, keeps the unfinished one. */
void lines_next(struct lines *l);
/* Are whole lines held back, because what follows may belong to them? */
bool lines_holds(const struct lines *l);
/* Those stand at l->buf then; returns their length. lines_next() must follow. */
size_t lines_release(struct lines *l);
/* Ends an unfinished line, which then stands at l->buf; returns its length with
 * '\n', 0 if there is none. lines_reset() must follow. */
size_t lines_end(struct lines *l);

#endif
