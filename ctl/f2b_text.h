/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_F2B_TEXT_H
#define SIPWARDEN_F2B_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Text that grows up to a bound; released with f2b_text_done(). */
struct f2b_text {
	char *ptr; /* NUL-terminated once anything was added; f2b_text_get() before */
	size_t len, size;
	size_t max;  /* 0: F2B_TEXT_MAX */
	bool failed; /* over the bound, or out of memory: what was added is incomplete */
};

/* No value of a fail2ban filter, with all that it refers to, may be longer. */
#define F2B_TEXT_MAX ((size_t)256 << 10)

void f2b_text_add(struct f2b_text *t, const char *text, size_t len);
void f2b_text_puts(struct f2b_text *t, const char *text);
void f2b_text_putc(struct f2b_text *t, char c);
void f2b_text_printf(struct f2b_text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Puts text in place of len bytes at offset at. */
void f2b_text_replace(struct f2b_text *t, size_t at, size_t len, const char *text);
/* Never NULL. */
const char *f2b_text_get(const struct f2b_text *t);
void f2b_text_done(struct f2b_text *t);

#endif
