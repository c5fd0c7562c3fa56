/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What reads regexes and lines for people: the text up to the first line end is
 * walked through as a regex, and looked at by a shipped filter for where it
 * stops; with what follows, hostile text is made of it as of an example.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "match/hostile.h"
#include "match/literal.h"
#include "match/match.h"
#include "match/token.h"
#include "match/trace.h"
#include "match/wild.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct filter *filter;
static struct tracer *tracers[FILTER_PATTERNS_MAX];

static void load(void)
{
	static char *dirs[] = { (char *)"filters", NULL };
	struct diag diag = DIAG_INIT;
	size_t i;

	log_set_level(-1);
	if (filter_load("kamailio", dirs, &diag, &filter) < 0)
		abort();
	for (i = 0; i < filter->n_patterns; i++)
		if (tracer_new(filter, &filter->patterns[i], &tracers[i]) < 0)
			abort();
	diag_done(&diag);
}

static void walk(const char *regex)
{
	const char *p = regex, *end = regex + strlen(regex);
	char literal[LITERAL_MAX];
	struct token t;
	struct wild w;

	while (token_next(&p, &t) != TOKEN_END && t.kind != TOKEN_BAD)
		if (t.text.ptr < regex || t.text.len == 0 || t.text.ptr + t.text.len != p || p > end)
			abort();
	if (wild_find(filter, regex, &w) && w.item.len == 0)
		abort();
	if (literal_extract(regex, literal) > LITERAL_MAX || literal_before_address(regex, literal) > LITERAL_MAX)
		abort();
}

static void check_reading(void *userdata, const struct trace_reading *r)
{
	const struct span *line = userdata;
	size_t i;

	for (i = 0; i < r->n; i++)
		if (r->captures[i].text.ptr < line->ptr ||
		    r->captures[i].text.ptr + r->captures[i].text.len > line->ptr + line->len)
			abort();
}

static void trace(struct span line)
{
	size_t i;

	for (i = 0; i < filter->n_patterns; i++) {
		struct trace_near near;

		tracer_readings(tracers[i], line.ptr, line.len, check_reading, &line);
		if (tracer_near(tracers[i], line.ptr, line.len, &near) && near.at > line.len)
			abort();
	}
}

static void imitate(struct span line, size_t first)
{
	struct hostile h = { 0 };
	const size_t marks[] = { first, line.len };
	struct addr own;
	size_t i;

	if (addr_parse("192.0.2.5", strlen("192.0.2.5"), &own) < 0)
		abort();
	hostile_add_for(&h, line, &own, first / 2, first, marks, ELEMENTSOF(marks));
	for (i = 0; i < h.n; i++)
		if (strlen(h.texts[i]) > HOSTILE_TEXT_MAX)
			abort();
	hostile_done(&h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\n', size);
	size_t first = end ? (size_t)(end - data) : size;
	_cleanup_free_ char *regex = strndup((const char *)data, first);

	if (!filter)
		load();
	if (!regex || size > 2048)
		return 0;
	walk(regex);
	trace((struct span){ (const char *)data, first });
	imitate((struct span){ (const char *)data, size }, first);
	return 0;
}
