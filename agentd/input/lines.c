/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "input/input.h"

int lines_init(struct lines *l, lines_continues_fn continues, void *userdata)
{
	*l = (struct lines){
		.buf = malloc(INPUT_LINE_MAX + LINES_READ_SIZE + 1),
		.continues = continues,
		.userdata = userdata,
	};
	return l->buf ? 0 : -ENOMEM;
}

void lines_done(struct lines *l)
{
	free(l->buf);
	*l = (struct lines){ 0 };
}

void lines_reset(struct lines *l)
{
	l->len = l->pending = l->rest_at = l->rest_len = 0;
	l->cutting = false;
}

char *lines_room(struct lines *l)
{
	return l->buf + l->len;
}

static bool has_long_line(const char *text, size_t len)
{
	while (len > INPUT_LINE_MAX + 1) {
		const char *end = memrchr(text, '\n', INPUT_LINE_MAX + 1);

		if (!end)
			return true;
		len -= (size_t)(end + 1 - text);
		text = end + 1;
	}
	return false;
}

static size_t without_cr(const char *line, size_t n)
{
	while (n > 0 && line[n - 1] == '\r')
		n--;
	return n;
}

/* Cleans each line of text[0..len) in place. Returns what is left of it. */
static size_t clean(struct lines *l, char *text, size_t len)
{
	char *from = text, *to = text, *end = text + len;

	while (from < end) {
		char *newline = memchr(from, '\n', (size_t)(end - from));
		size_t n = (size_t)(newline - from);

		while (n > 0 && *from == '\0') {
			from++;
			n--;
		}
		n = without_cr(from, n);
		if (n > INPUT_LINE_MAX) {
			/* Once more: a line that was cut while it came in ends there, too. */
			n = INPUT_LINE_MAX;
			from[n - 1] = INPUT_CUT_MARK;
			l->cut++;
		}
		memmove(to, from, n);
		to[n] = '\n';
		to += n + 1;
		from = newline + 1;
	}
	return (size_t)(to - text);
}

/*
 * Where the last of the whole lines in buf[0..whole) begins that belong to no
 * line before them: it and what follows may go on.
 */
static size_t last_beginning(const struct lines *l, size_t whole)
{
	size_t end = whole;

	while (end > 0) {
		const char *before = memrchr(l->buf, '\n', end - 1);
		size_t start = before ? (size_t)(before - l->buf) + 1 : 0;

		if (!l->continues(l->userdata, l->buf + start, end - 1 - start))
			return start;
		end = start;
	}
	return 0;
}

/* The end of the whole lines in buf[0..n) that can be handed on now; 0: there is none. */
static size_t whole_lines(struct lines *l, size_t n)
{
	const char *last = memrchr(l->buf, '\n', n);
	size_t whole = last ? (size_t)(last - l->buf) + 1 : 0, held;

	if (whole == 0 || !l->continues)
		return whole;
	held = last_beginning(l, whole);
	if (n - held <= INPUT_LINE_MAX)
		return held;
	/* More than can be held: whether that is the end of the line is not known. */
	if (whole > 1)
		l->buf[whole - 2] = INPUT_CUT_MARK;
	l->cut++;
	return whole;
}

static size_t cleaned(struct lines *l, size_t whole)
{
	if (whole > 0 && (memchr(l->buf, '\r', whole) || memchr(l->buf, '\0', whole) || has_long_line(l->buf, whole)))
		return clean(l, l->buf, whole);
	return whole;
}

size_t lines_take(struct lines *l, size_t n)
{
	char *new = l->buf + l->len;
	size_t dropped = 0, whole;

	if (l->cutting) {
		char *first = memchr(new, '\n', n);

		dropped = first ? (size_t)(first - new) : n;
		memmove(new, new + dropped, n - dropped);
		n -= dropped;
		l->cutting = !first;
	}
	l->pending += dropped + n;
	whole = whole_lines(l, l->len + n);
	l->rest_at = whole;
	l->rest_len = l->len + n - whole;
	/* What is left is as it was read, unless its start has been cut: then it is all that is pending. */
	if (whole > 0)
		l->pending = l->rest_len;
	return cleaned(l, whole);
}

bool lines_holds(const struct lines *l)
{
	return l->len > 0 && !l->cutting && memchr(l->buf, '\n', l->len);
}

size_t lines_release(struct lines *l)
{
	const char *last = memrchr(l->buf, '\n', l->len);
	size_t whole = last ? (size_t)(last - l->buf) + 1 : 0;

	l->rest_at = whole;
	l->rest_len = l->len - whole;
	if (whole > 0)
		l->pending = l->rest_len;
	return cleaned(l, whole);
}

void lines_next(struct lines *l)
{
	/* A hole in the log may be larger than any line. */
	while (l->rest_len > 0 && l->buf[l->rest_at] == '\0') {
		l->rest_at++;
		l->rest_len--;
	}
	memmove(l->buf, l->buf + l->rest_at, l->rest_len);
	l->len = l->rest_len;
	l->rest_at = 0;
	if (l->len > INPUT_LINE_MAX) {
		l->len = INPUT_LINE_MAX;
		l->buf[l->len - 1] = INPUT_CUT_MARK;
		l->cutting = true;
		l->cut++;
	}
	l->rest_len = l->len;
}

size_t lines_end(struct lines *l)
{
	if (l->len == 0)
		return 0;
	if (l->buf[l->len - 1] != '\n')
		l->buf[l->len++] = '\n';
	return clean(l, l->buf, l->len);
}
