/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shipped filters on lines of anybody. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "match/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct matcher *matchers[3];

static void load(void)
{
	static const char *const names[] = { "asterisk", "freeswitch", "kamailio" };
	static char *dirs[] = { (char *)"filters", NULL };
	size_t i;

	log_set_level(-1);
	for (i = 0; i < ELEMENTSOF(names); i++) {
		struct diag diag = DIAG_INIT;
		struct filter *f;

		if (filter_load(names[i], dirs, &diag, &f) < 0 || matcher_new(f, &diag, &matchers[i]) < 0)
			abort();
		diag_done(&diag);
	}
}

static void check_span(const struct event *e, struct span s)
{
	if (s.ptr && (s.ptr < e->line.ptr || s.ptr + s.len > e->line.ptr + e->line.len))
		abort();
}

static void on_event(void *userdata, const struct event *e)
{
	(void)userdata;
	if (e->class == CLASS_NONE || !(e->classes & CLASS_BIT(e->class)) || e->n_addrs > EVENT_ADDRS_MAX)
		abort();
	if (memchr(e->line.ptr, '\n', e->line.len))
		abort();
	check_span(e, e->user);
	check_span(e, e->id);
	check_span(e, e->number);
	check_span(e, e->agent);
	check_span(e, e->from);
	check_span(e, e->transport);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t i;

	if (!matchers[0])
		load();
	for (i = 0; i < ELEMENTSOF(matchers); i++)
		matcher_scan(matchers[i], (const char *)data, size, NULL, NULL, on_event, NULL);
	return 0;
}
