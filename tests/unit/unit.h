/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_TESTS_UNIT_H
#define SIPWARDEN_TESTS_UNIT_H

/* What cmocka.h wants before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/diag.h"

static inline struct addr unit_addr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse_bannable(text, strlen(text), &a), 0);
	return a;
}

/* Some entry of diag is at this line (0: any) and holds text, in what is wrong or in the hint. */
static inline bool unit_said(const struct diag *diag, unsigned line, const char *text)
{
	size_t i;

	for (i = 0; i < diag->count; i++) {
		const struct diag_entry *e = &diag->entries[i];

		if ((line == 0 || e->line == line) && (strstr(e->text, text) || (e->hint && strstr(e->hint, text))))
			return true;
	}
	diag_print(diag, stderr);
	return false;
}

#endif
