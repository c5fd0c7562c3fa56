/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What filters, together, make of many lines: tests/bench/benign.py.
 *
 *   bench_events FILTER… < LINES
 *
 *   lines COUNT
 *   limited COUNT                 lines on which the match limit was hit
 *   attacks COUNT                 lines that are evidence of one
 *   event FILTER CLASS COUNT      of lines that can be read in several ways, too
 *   attack FILTER PATTERN LINE    the first few of them
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "filters.h"

#define ATTACKS_SHOWN 8
#define HARMLESS                                                                                    \
	(CLASS_BIT(CLASS_AUTH_SUCCESS) | CLASS_BIT(CLASS_AUTH_CHALLENGE) | CLASS_BIT(CLASS_CALL_ATTEMPT) | \
	 CLASS_BIT(CLASS_CALL_END))

struct tally {
	char **filters;
	unsigned long events[FILTERS_MAX][CLASS_COUNT];
	unsigned long attacks;
};

static void count_event(void *userdata, const struct event *e)
{
	struct tally *t = userdata;
	unsigned i = 0, c;

	while (strcmp(t->filters[i], e->filter) != 0)
		i++;
	for (c = 0; c < CLASS_COUNT; c++)
		t->events[i][c] += (e->classes & CLASS_BIT(c)) != 0;
	if ((e->classes & ~HARMLESS) != 0 && t->attacks++ < ATTACKS_SHOWN)
		printf("attack %s %s %.*s\n", e->filter, e->pattern, (int)e->line.len, e->line.ptr);
}

/* Whole lines only; what is left of one is moved to the front for the next time. */
static unsigned long scan(struct matcher *m, FILE *in, struct tally *t)
{
	static char buffer[CHUNK];
	unsigned long lines = 0;
	size_t have = 0, n;

	while ((n = fread(buffer + have, 1, sizeof(buffer) - have, in)) > 0) {
		const char *end = memrchr(buffer, '\n', have += n);
		size_t whole = end ? (size_t)(end - buffer) + 1 : 0;

		matcher_scan(m, buffer, whole, NULL, NULL, count_event, t);
		lines += text_count_lines(buffer, whole);
		memmove(buffer, buffer + whole, have -= whole);
	}
	return lines;
}

int main(int argc, char **argv)
{
	struct tally t = { .filters = argv + 1 };
	struct match_stats stats;
	struct matcher *m;
	int i;

	if (argc < 2 || argc > FILTERS_MAX)
		return 2;
	m = filters_load(argv + 1, argc - 1);
	if (!m)
		return 1;
	printf("lines %lu\n", scan(m, stdin, &t));
	matcher_stats(m, &stats);
	printf("limited %llu\n", (unsigned long long)stats.limited);
	printf("attacks %lu\n", t.attacks);
	for (i = 0; i < argc - 1; i++) {
		unsigned c;

		for (c = 0; c < CLASS_COUNT; c++)
			if (t.events[i][c])
				printf("event %s %s %lu\n", argv[i + 1], class_name(c), t.events[i][c]);
	}
	return 0;
}
