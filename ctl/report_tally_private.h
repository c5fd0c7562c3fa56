/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_REPORT_TALLY_PRIVATE_H
#define SIPWARDEN_REPORT_TALLY_PRIVATE_H

#include "report_tally.h"

/* Between report_tally.c (the whole, destinations) and report_party.c (who called). */

enum when {
	WHEN_EARLIER, /* tells what is known, and counts nowhere */
	WHEN_BEFORE,
	WHEN_NOW,
	WHEN_LATER,
};

/* A record that leaves the house, with what is known of it. */
struct call {
	const struct record *r;
	const struct number *number;
	struct span source; /* address without port */
	enum when when;
	bool dear, off;
	size_t month;
	struct sum sum; /* of this call */
};

void tally_parties(struct tally *t, const struct call *c); /* report_party.c */
void tally_range(struct tally *t, const struct call *c);   /* report_range.c */
/* As much as fits, NUL-terminated. */
void span_copy(struct span s, char *buf, size_t size);

#endif
