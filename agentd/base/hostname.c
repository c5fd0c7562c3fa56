/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/hostname.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define LABEL_MAX 63
#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

static bool is_label(const char *label, size_t len)
{
	return len > 0 && len <= LABEL_MAX && strspn(label, LETTERS DIGITS "-_") >= len && label[0] != '-' &&
	       label[len - 1] != '-';
}

static void lower(const char *text, size_t len, char *buf)
{
	size_t i;

	for (i = 0; i < len; i++)
		buf[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a' : text[i]);
	buf[len] = '\0';
}

int hostname_parse(const char *text, char buf[static HOSTNAME_TEXT_MAX])
{
	size_t len = strlen(text), label;
	const char *p = buf;

	len -= len > 0 && text[len - 1] == '.';
	if (len == 0 || len >= HOSTNAME_TEXT_MAX)
		return -EINVAL;
	lower(text, len, buf);
	if (!strchr(buf, '.'))
		return -EINVAL;
	for (;;) {
		label = strcspn(p, ".");
		if (!is_label(p, label))
			return -EINVAL;
		if (p[label] == '\0')
			break;
		p += label + 1;
	}
	return strspn(p, DIGITS) == label ? -EINVAL : 0;
}
