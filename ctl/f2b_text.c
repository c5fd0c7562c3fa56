/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "f2b_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* Room for len more bytes and a NUL. */
static bool reserve(struct f2b_text *t, size_t len)
{
	size_t max = t->max ? t->max : F2B_TEXT_MAX, size;
	char *longer;

	if (t->failed || len > max || t->len > max - len) {
		t->failed = true;
		return false;
	}
	if (t->len + len + 1 <= t->size)
		return true;
	size = (t->len + len + 1) * 2;
	longer = realloc(t->ptr, size);
	if (!longer) {
		t->failed = true;
		return false;
	}
	t->ptr = longer;
	t->size = size;
	return true;
}

void f2b_text_add(struct f2b_text *t, const char *text, size_t len)
{
	if (!reserve(t, len))
		return;
	if (len > 0)
		memcpy(t->ptr + t->len, text, len);
	t->len += len;
	t->ptr[t->len] = '\0';
}

void f2b_text_puts(struct f2b_text *t, const char *text)
{
	f2b_text_add(t, text, strlen(text));
}

void f2b_text_putc(struct f2b_text *t, char c)
{
	f2b_text_add(t, &c, 1);
}

void f2b_text_printf(struct f2b_text *t, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vasprintf(&text, format, ap);
	va_end(ap);
	if (n < 0) {
		text = NULL;
		t->failed = true;
		return;
	}
	f2b_text_add(t, text, (size_t)n);
}

void f2b_text_replace(struct f2b_text *t, size_t at, size_t len, const char *text)
{
	size_t n = strlen(text);

	if (n > len && !reserve(t, n - len))
		return;
	memmove(t->ptr + at + n, t->ptr + at + len, t->len - at - len + 1);
	memcpy(t->ptr + at, text, n);
	t->len = t->len - len + n;
}

const char *f2b_text_get(const struct f2b_text *t)
{
	return t->ptr ? t->ptr : "";
}

void f2b_text_done(struct f2b_text *t)
{
	free(t->ptr);
	*t = (struct f2b_text){.max = t->max};
}
