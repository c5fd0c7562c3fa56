/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "number/table.h"

#include <string.h>

/* Rows of size bytes that begin with their prefix. */
struct rows {
	const char *first;
	size_t size;
	size_t from, to; /* those that are still possible */
};

static const char *row_at(const struct rows *rows, size_t i)
{
	return rows->first + i * rows->size;
}

/* The first row whose digit at depth is not less than wanted; all in rows agree on those before. */
static size_t lower_bound(const struct rows *rows, size_t depth, char wanted)
{
	size_t from = rows->from, to = rows->to;

	while (from < to) {
		const size_t middle = from + (to - from) / 2;

		if (row_at(rows, middle)[depth] < wanted)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* Digit by digit: the shortest prefix of those that are left stands first, so it is seen when it ends. */
static const void *find_longest(struct rows rows, const char *digits)
{
	const void *best = NULL;
	size_t depth;

	for (depth = 0; rows.from < rows.to && depth < TABLE_PREFIX_SIZE; depth++) {
		if (row_at(&rows, rows.from)[depth] == '\0')
			best = row_at(&rows, rows.from);
		if (digits[depth] < '0' || digits[depth] > '9')
			break;
		rows.from = lower_bound(&rows, depth, digits[depth]);
		rows.to = lower_bound(&rows, depth, (char)(digits[depth] + 1));
	}
	return best;
}

/* An area code under +1 begins with 2 to 9 (NANPA). */
static bool no_area(const char *digits)
{
	return digits[0] == '1' && (digits[1] == '0' || digits[1] == '1');
}

const struct country_row *country_find(const char *digits)
{
	const struct rows rows = {country_rows[0].prefix, sizeof(country_rows[0]), 0, n_country_rows};

	return no_area(digits) ? NULL : find_longest(rows, digits);
}

const struct range_row *range_find(const char *digits)
{
	const struct rows rows = {range_rows[0].prefix, sizeof(range_rows[0]), 0, n_range_rows};
	const struct range_row *row = find_longest(rows, digits);

	return row && strlen(digits) >= row->min ? row : NULL;
}
