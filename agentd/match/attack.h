/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_MATCH_ATTACK_H
#define SIPWARDEN_MATCH_ATTACK_H

#include <stddef.h>

#include "base/diag.h"
#include "config/claim.h"
#include "match/event.h"
#include "match/lint.h"

/* A part of an example that its sender can write. */
struct attack_field {
	enum sender_field kind;
	size_t start, end;
};
#define ATTACK_FIELDS_MAX 24

/* The fields of an event, as they begin in its line; each place once. Returns how many. */
size_t attack_fields(const struct event *e, struct attack_field fields[static ATTACK_FIELDS_MAX]);

/* Whole lines of the filter, to be put into the fields of its other lines. */
struct attack_line {
	struct span line;
	struct addr own;
};

struct attack {
	struct matcher *matcher;
	const struct filter_pattern *pattern;
	const struct filter_example *example;
	const struct attack_line *others;
	size_t n_others;
	bool thorough; /* long texts, and pairs of fields, too */
	struct diag *diag;
	struct lint_result *result;
};

/* Rewrites the example in all ways, of which e is the event (one address). Returns 0 or -ENOMEM. */
int attack_run(const struct attack *a, const struct event *e);

#endif
