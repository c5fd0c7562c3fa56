/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ELLIPSIS "\xe2\x80\xa6"
#define REPLACEMENT "\xef\xbf\xbd"

bool span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

struct span span_trim(struct span s)
{
	while (s.len > 0 && is_blank(s.ptr[0])) {
		s.ptr++;
		s.len--;
	}
	while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

/*
 * The length of the UTF-8 character at p[0..len) and its code point, or 0 if
 * there is none: RFC 3629, so neither surrogates nor overlong forms.
 */
static unsigned utf8_decode(const unsigned char *p, size_t len, uint32_t *ret)
{
	unsigned n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
	uint32_t c;
	unsigned i;

	if (n == 0 || n > len)
		return 0;
	c = n == 1 ? p[0] : p[0] & (0x7fu >> n);
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if ((n == 3 && c < 0x800) || (n == 4 && (c < 0x10000 || c > 0x10ffff)) || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return n;
}

/* Does a terminal show c as itself, without moving, hiding or reordering anything? */
static bool is_harmless(uint32_t c)
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return false;
	if (c == 0xad || c == 0x61c || c == 0x180e || c == 0xfeff)
		return false;
	/* Zero width, bidi marks and overrides, separators, invisible operators. */
	if ((c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f))
		return false;
	/* Tags, variation selectors, non-characters, private use. */
	if ((c >= 0xe0000 && c <= 0xe0fff) || (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe)
		return false;
	return !(c >= 0xe000 && c <= 0xf8ff) && !(c >= 0xfff9 && c <= 0xfffb);
}

static char *escape(struct span s, bool backslash, char *buf, size_t size)
{
	const size_t mark = sizeof(ELLIPSIS) - 1;
	size_t used = 0, fits = 0, i = 0;

	if (size == 0)
		return buf;
	while (i < s.len) {
		const unsigned char *p = (const unsigned char *)s.ptr + i;
		uint32_t c = 0;
		unsigned n = utf8_decode(p, s.len - i, &c), k;
		bool keep = n > 0 && is_harmless(c) && (c != '\\' || !backslash);
		size_t need;

		n = n ? n : 1;
		need = keep ? n : (size_t)n * 4;
		if (used + need >= size) {
			/* Go back to where the mark still fits. */
			used = fits;
			if (fits + mark < size) {
				memcpy(buf + fits, ELLIPSIS, mark);
				used = fits + mark;
			}
			break;
		}
		if (keep)
			memcpy(buf + used, p, n);
		for (k = 0; !keep && k < n; k++)
			snprintf(buf + used + (size_t)k * 4, 5, "\\x%02x", p[k]);
		used += need;
		if (used + mark < size)
			fits = used;
		i += n;
	}
	buf[used] = '\0';
	return buf;
}

char *text_escape(struct span s, char *buf, size_t size)
{
	return escape(s, true, buf, size);
}

char *text_printable(struct span s, char *buf, size_t size)
{
	return escape(s, false, buf, size);
}

char *text_to_utf8(struct span s)
{
	const size_t mark = sizeof(REPLACEMENT) - 1;
	char *copy = malloc(s.len * mark + 1), *to = copy;
	size_t i = 0;

	if (!copy)
		return NULL;
	while (i < s.len) {
		uint32_t c = 0;
		unsigned n = utf8_decode((const unsigned char *)s.ptr + i, s.len - i, &c);

		if (n == 0 || c == 0) {
			memcpy(to, REPLACEMENT, mark);
			to += mark;
			i++;
			continue;
		}
		memcpy(to, s.ptr + i, n);
		to += n;
		i += n;
	}
	*to = '\0';
	return copy;
}

char *text_printf(const char *format, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vasprintf(&text, format, ap);
	va_end(ap);
	return n < 0 ? NULL : text;
}

/* Blocks of a fixed size: the compiler compares all their bytes at once. */
#define BLOCK 64

size_t text_count_lines(const char *text, size_t len)
{
	size_t n = 0, i;

	for (; len >= BLOCK; len -= BLOCK, text += BLOCK) {
		unsigned char found = 0;

		for (i = 0; i < BLOCK; i++)
			found = (unsigned char)(found + (text[i] == '\n'));
		n += found;
	}
	for (i = 0; i < len; i++)
		n += text[i] == '\n';
	return n;
}
