/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "input/input.h"

int lines_init(struct lines *l)
{
	*l = (struct lines){ .buf = malloc(INPUT_LINE_MAX + LINES_READ_SIZE + 1) };
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
			n = without_cr(from, INPUT_LINE_MAX);
			l->cut++;
		}
		memmove(to, from, n);
		to[n] = '\n';
		to += n + 1;
		from = newline + 1;
	}
	return (size_t)(to - text);
}

size_t lines_take(struct lines *l, size_t n)
{
	char *new = l->buf + l->len, *last = memrchr(new, '\n', n);
	size_t whole;

	l->pending = last ? (size_t)(new + n - (last + 1)) : l->pending + n;
	if (l->cutting) {
		char *first = memchr(new, '\n', n);
		size_t drop = first ? (size_t)(first - new) : n;

		memmove(new, new + drop, n - drop);
		n -= drop;
		if (last)
			last -= drop;
		l->cutting = !first;
	}
	whole = last ? (size_t)(last + 1 - l->buf) : 0;
	l->rest_at = whole;
	l->rest_len = l->len + n - whole;
	if (whole > 0 && (memchr(l->buf, '\r', whole) || memchr(l->buf, '\0', whole) || has_long_line(l->buf, whole)))
		return clean(l, l->buf, whole);
	return whole;
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
		l->cutting = true;
		l->cut++;
	}
	l->rest_len = l->len;
}

size_t lines_end(struct lines *l)
{
	if (l->len == 0)
		return 0;
	l->buf[l->len] = '\n';
	return clean(l, l->buf, l->len + 1);
}
