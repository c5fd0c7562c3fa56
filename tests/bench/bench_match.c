/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measures the matcher alone, on a log in memory.
 *
 *   bench_match [--jit] LOG FILTER…    lines, events and CPU microseconds
 *
 * With --jit as "sipwarden simulate" matches, without as the agent does.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "config/config.h"
#include "config/textfile.h"
#include "filters.h"

#define LOG_MAX ((size_t)1 << 30)

static void count_event(void *userdata, const struct event *e)
{
	(void)e;
	++*(unsigned long *)userdata;
}

/* What the built-in rules count, as an agent with an empty config would want. */
static class_set counted(void)
{
	struct diag diag = DIAG_INIT;
	struct config *cfg = NULL;
	class_set classes = 0;

	if (config_load_text("built in", "", 0, &diag, &cfg) >= 0)
		classes = config_classes(cfg);
	config_free(cfg);
	diag_done(&diag);
	return classes;
}

int main(int argc, char **argv)
{
	struct diag diag = DIAG_INIT;
	unsigned long events = 0;
	struct time_reader *reader = NULL;
	struct matcher *m;
	char *text = NULL;
	size_t len = 0, at, lines;
	clock_t start;
	bool jit = argc > 1 && strcmp(argv[1], "--jit") == 0;

	argc -= jit;
	argv += jit;
	if (argc < 3 || textfile_read(argv[1], LOG_MAX, &diag, &text, &len) < 0)
		return 2;
	m = filters_load(argv + 2, argc - 2);
	if (!m || time_reader_new(NULL, &reader) < 0 || (jit && matcher_use_jit(m) < 0))
		return 1;
	matcher_want(m, counted());
	matcher_pace(m, 5000);
	lines = text_count_lines(text, len);
	start = clock();
	for (at = 0; at < len;) {
		size_t n = len - at < CHUNK ? len - at : CHUNK;
		const char *end = memrchr(text + at, '\n', n);

		n = end ? (size_t)(end - (text + at)) + 1 : n;
		matcher_scan(m, text + at, n, NULL, reader, count_event, &events);
		at += n;
	}
	printf("%zu %lu %ld\n", lines, events, (long)(clock() - start));
	time_reader_free(reader);
	free(text);
	return 0;
}
