/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All shipped filters on lines of anybody. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "match/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct matcher *matcher;

/* One matcher of all: the literals of the others point out lines as well, and one pass finds them. */
static void load(void)
{
	static char *dirs[] = { (char *)"filters", NULL };
	struct diag diag = DIAG_INIT;
	struct filter **filters;
	char **names;
	size_t i, n = 0;

	log_set_level(-1);
	if (filter_names(dirs, &names) < 0)
		abort();
	while (names[n])
		n++;
	filters = calloc(n, sizeof(*filters));
	for (i = 0; filters && i < n; i++)
		if (filter_load(names[i], dirs, &diag, &filters[i]) < 0)
			abort();
	if (!filters || n < 3 || matcher_join((const struct filter *const *)filters, n, &diag, &matcher) < 0)
		abort();
	free(filters);
	diag_done(&diag);
	filter_names_free(names);
}

static void check_span(const struct event *e, struct span s)
{
	if (s.ptr && (s.ptr < e->line.ptr || s.ptr + s.len > e->line.ptr + e->line.len))
		abort();
}

/* An event has one line, or several that belong together. */
static void check_line(struct span line)
{
	const char *end = line.ptr + line.len, *at = line.ptr, *stop;

	while ((at = memchr(at, '\n', (size_t)(end - at)))) {
		at++;
		stop = memchr(at, '\n', (size_t)(end - at));
		if (!matcher_is_continued(matcher, at, (size_t)((stop ? stop : end) - at)))
			abort();
	}
}

static void on_event(void *userdata, const struct event *e)
{
	(void)userdata;
	if (e->class == CLASS_NONE || !(e->classes & CLASS_BIT(e->class)) || e->n_addrs > EVENT_ADDRS_MAX)
		abort();
	check_line(e->line);
	check_span(e, e->user);
	check_span(e, e->id);
	check_span(e, e->number);
	check_span(e, e->agent);
	check_span(e, e->from);
	check_span(e, e->transport);
	check_span(e, e->duration);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!matcher)
		load();
	matcher_scan(matcher, (const char *)data, size, NULL, NULL, on_event, NULL);
	return 0;
}
