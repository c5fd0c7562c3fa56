/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CTL_FILTER_LENS_H
#define SIPWARDEN_CTL_FILTER_LENS_H

#include <jansson.h>
#include <stdbool.h>

#include "ctl.h"
#include "filter.h"
#include "match/event.h"
#include "match/trace.h"

/*
 * All patterns of some filters, each looked at closely when a line asks for it
 * (match/trace.h).
 */
struct lens {
	struct filter **filters;
	size_t n_filters;
	struct tracer **tracers; /* made when first needed */
	size_t n_patterns;       /* of all filters, numbered as in an event */
};

bool lens_init(struct lens *l, struct filter **filters, size_t n);
void lens_done(struct lens *l);

/* The pattern of that number, and the filter it is of (filter may be NULL). */
const struct filter_pattern *lens_pattern(const struct lens *l, unsigned index, const struct filter **filter);
/* NULL: out of memory. */
const struct tracer *lens_tracer(struct lens *l, unsigned index);

/* The pattern that got furthest into a line which none matches. */
struct near_miss {
	unsigned index;
	struct trace_near where;
};
/* False: none got through text that is worth a word. */
bool lens_nearest(struct lens *l, struct span line, struct near_miss *ret);

/* For people: the line with its captures, and what they are, for each reading. */
void lens_show(struct lens *l, const struct ctl *ctl, const struct event *e);
/* For people: where the line stopped, and what was wanted there. */
void lens_show_near(const struct lens *l, const struct ctl *ctl, struct span line, const struct near_miss *n);

/* [{"name", "start", "end", "text"}]: the captures of the first reading. */
json_t *lens_captures_json(struct lens *l, const struct event *e);
json_t *lens_near_json(const struct lens *l, const struct near_miss *n);

#endif
