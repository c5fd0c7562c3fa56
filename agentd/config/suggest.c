/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/suggest.h"

#include <string.h>

#define WORD_MAX 40
#define DISTANCE_MAX 2

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Optimal string alignment distance; WORD_MAX for words too long to compare. */
static unsigned distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), i, j;
	unsigned d[WORD_MAX + 1][WORD_MAX + 1];

	if (la > WORD_MAX || lb > WORD_MAX)
		return WORD_MAX;
	for (i = 0; i <= la; i++)
		d[i][0] = (unsigned)i;
	for (j = 0; j <= lb; j++)
		d[0][j] = (unsigned)j;
	for (i = 1; i <= la; i++) {
		for (j = 1; j <= lb; j++) {
			d[i][j] = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			d[i][j] = least(d[i][j], least(d[i - 1][j], d[i][j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[la][lb];
}

const char *suggest_nearest(const char *word, const char *const *candidates, size_t n)
{
	unsigned best = DISTANCE_MAX + 1;
	const char *found = NULL;
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned far = distance(word, candidates[i]);

		if (far < best && far < strlen(candidates[i])) {
			best = far;
			found = candidates[i];
		}
	}
	return found;
}
