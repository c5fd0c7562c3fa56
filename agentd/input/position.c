/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/position.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
	return 0;
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

	for (i = 0; i < p->head_len; i++)
		n += snprintf(buf + n, (size_t)(POSITION_TEXT_MAX - n), "%02x", p->head[i]);
	return buf;
}

bool position_parse(const char *text, struct position *ret)
{
	struct position p = { 0 };
	int used = 0;
	size_t digits;

	if (sscanf(text, "1 %" SCNu64 " %" SCNu64 " %" SCNu64 " %n", &p.dev, &p.ino, &p.offset, &used) != 3 || used == 0)
		return false;
	text += used;
	digits = strspn(text, "0123456789abcdef");
	if (text[digits] != '\0' || digits % 2 != 0 || digits / 2 > POSITION_HEAD_MAX)
		return false;
	for (p.head_len = 0; p.head_len < digits / 2; p.head_len++, text += 2) {
		unsigned byte;

		if (sscanf(text, "%2x", &byte) != 1)
			return false;
		p.head[p.head_len] = (unsigned char)byte;
	}
	*ret = p;
	return true;
}
