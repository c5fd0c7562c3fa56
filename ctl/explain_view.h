/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CTL_EXPLAIN_VIEW_H
#define SIPWARDEN_CTL_EXPLAIN_VIEW_H

#include <stddef.h>

#include "ban_view.h"

/* What Explain() answers (control/bus.h); the strings are the message's. */
struct rule_view {
	const char *rule;
	uint32_t count, proven, threshold;
	uint64_t window, ban, unproven_ban;
	int observe;
};

struct past_view {
	const char *address, *lifted_by, *rule, *reason;
	uint64_t start, end, lifted;
	uint32_t count;
	int proven, observed;
};

struct explain_view {
	const char *address; /* that was asked for */
	int banned;
	struct ban_view ban;
	json_t *facts;
	const char *evidence, *accounts;
	struct rule_view *rules;
	size_t n_rules;
	struct past_view *past;
	size_t n_past;
};

/* 0 or negative errno; explain_view_done() in any case. */
int explain_view_read(sd_bus_message *m, const char *address, struct explain_view *ret);
void explain_view_done(struct explain_view *v);
json_t *explain_view_json(const struct explain_view *v);

/* How an earlier ban ended, for people; NULL: it did not. */
const char *past_view_end(const struct past_view *p);

#endif
