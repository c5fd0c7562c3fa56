/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_BENCH_FILTERS_H
#define SIPWARDEN_BENCH_FILTERS_H

#include <stdio.h>

#include "match/match.h"

/* As much as an input hands over at once. */
#define CHUNK ((size_t)256 << 10)
#define FILTERS_MAX 64

/* A matcher of the shipped filters of these names, in this order. NULL: said on standard error. */
static inline struct matcher *filters_load(char **names, int n)
{
	static char *dirs[] = { (char *)"filters", NULL };
	const struct filter *filters[FILTERS_MAX];
	struct diag diag = DIAG_INIT;
	struct matcher *m = NULL;
	struct filter *f = NULL;
	int i, r = 0;

	for (i = 0; i < n && i < FILTERS_MAX && r >= 0; i++) {
		r = filter_load(names[i], dirs, &diag, &f);
		filters[i] = f;
	}
	if (r < 0 || matcher_join(filters, (size_t)i, &diag, &m) < 0)
		diag_print(&diag, stderr);
	diag_done(&diag);
	return m;
}

#endif
