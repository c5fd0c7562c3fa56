/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_MATCH_TRACE_H
#define SIPWARDEN_MATCH_TRACE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "config/filter.h"

/*
 * A pattern under the lens, for people who write filters: what it captures
 * where, and how far into a line it gets. Slower than pattern.h by far, and
 * bounded like it.
 */
struct tracer;

/* f and p must outlive it, and p must be one that pattern_new() takes. Returns 0, -EINVAL, -ENOMEM. */
int tracer_new(const struct filter *f, const struct filter_pattern *p, struct tracer **ret);
struct tracer *tracer_free(struct tracer *t);

#define TRACE_CAPTURES_MAX 32
/* Readings told of one line; further ones are passed over. */
#define TRACE_READINGS_MAX 8

struct trace_capture {
	const char *name; /* owned by the tracer */
	struct span text; /* within the line */
};
struct trace_reading {
	struct trace_capture captures[TRACE_CAPTURES_MAX]; /* as they begin in the line */
	size_t n;
};
typedef void (*trace_fn)(void *userdata, const struct trace_reading *r);

/* Calls fn for the first reading of the line, and for each later one with another place of the address. */
void tracer_readings(const struct tracer *t, const char *line, size_t len, trace_fn fn, void *userdata);

/* Where a pattern gave up on a line. */
struct trace_near {
	size_t at;          /* it went so far into the line */
	size_t score;       /* characters of the line that the pattern demands, up to there */
	struct span wanted; /* the rest of its regex, which did not go on; empty: it asks for the line's end */
};
/* False: it did not even get through the prefix. */
bool tracer_near(const struct tracer *t, const char *line, size_t len, struct trace_near *ret);

#endif
