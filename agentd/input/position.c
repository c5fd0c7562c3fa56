/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/position.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/timespan.h"

int position_take(int fd, uint64_t offset, struct position *ret)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return -errno;
	*ret = (struct position){ .dev = st.st_dev, .ino = st.st_ino, .offset = offset };
	n = pread(fd, ret->head, sizeof(ret->head), 0);
	if (n < 0)
		return -errno;
	ret->head_len = (unsigned)n;
	ret->empty_at = n == 0 ? time_now() : 0;
	return 0;
}

void position_grow(struct position *p, uint64_t offset, const char *data, size_t len)
{
	size_t n = len < sizeof(p->head) - p->head_len ? len : sizeof(p->head) - p->head_len;

	if (offset != p->head_len || n == 0)
		return;
	memcpy(p->head + p->head_len, data, n);
	p->head_len += (unsigned)n;
	p->empty_at = 0;
}

bool position_same_head(const struct position *p, int fd)
{
	unsigned char head[POSITION_HEAD_MAX];

	return pread(fd, head, p->head_len, 0) == (ssize_t)p->head_len && memcmp(head, p->head, p->head_len) == 0;
}

bool position_fits(const struct position *p, int fd, const struct stat *st)
{
	return (uint64_t)st->st_size >= p->offset && position_same_head(p, fd);
}

char *position_format(const struct position *p, char buf[static POSITION_TEXT_MAX])
{
	int n = snprintf(buf, POSITION_TEXT_MAX, "1 %" PRIu64 " %" PRIu64 " %" PRIu64 " ", p->dev, p->ino, p->offset);
	unsigned i;

	if (p->head_len == 0)
		snprintf(buf + n, (size_t)(POSITION_TEXT_MAX - n), "@%" PRIu64, p->empty_at);
	for (i = 0; i < p->head_len; i++)
		n += snprintf(buf + n, (size_t)(POSITION_TEXT_MAX - n), "%02x", p->head[i]);
	return buf;
}

/* A number and what it ends at, one of ends or the end of text; *text is moved there, or past a blank. */
static bool take_number(const char **text, const char *ends, uint64_t *ret)
{
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	*ret = strtoull(*text, &end, 10);
	if (errno || !strchr(ends, *end))
		return false;
	*text = *end == ' ' ? end + 1 : end;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool position_parse(const char *text, struct position *ret)
{
	struct position p = { 0 };
	uint64_t version;

	if (!take_number(&text, " ", &version) || version != 1 || !take_number(&text, " ", &p.dev) ||
	    !take_number(&text, " ", &p.ino) || !take_number(&text, " ", &p.offset))
		return false;
	if (*text == '@') {
		text++;
		if (!take_number(&text, "\n", &p.empty_at))
			return false;
	}
	for (; *text && *text != '\n'; text += 2) {
		int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);

		if (low < 0 || p.head_len == POSITION_HEAD_MAX)
			return false;
		p.head[p.head_len++] = (unsigned char)(high << 4 | low);
	}
	*ret = p;
	return true;
}

int positions_parse(const char *text, struct position ret[static POSITIONS_MAX])
{
	const char *end;
	int n = 0;

	if (strcmp(text, POSITIONS_NONE) == 0)
		return 0;
	for (;;) {
		if (n == POSITIONS_MAX || !position_parse(text, &ret[n++]))
			return -EINVAL;
		end = strchr(text, '\n');
		if (!end)
			return n;
		text = end + 1;
	}
}
