/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_F2B_DATE_H
#define SIPWARDEN_F2B_DATE_H

#include "f2b_read.h"
#include "f2b_regex.h"

#define F2B_BEFORE_MAX 8

/* What fail2ban cuts out of a line before it looks at it. */
struct f2b_dates {
	struct f2b_text dates;	      /* alternatives of the define "date" */
	struct f2b_text heads;	      /* what else may stand at the head of a line and is cut with the date */
	char *before[F2B_BEFORE_MAX]; /* texts of the line in front of a date in its middle */
	size_t n_before;
	bool anywhere; /* nothing is said about where the date stands */
};

/* From the filter's datepattern, if it has one. What is not understood goes to diag as a warning. */
void f2b_dates_read(struct f2b_dates *d, struct f2b *f);
/* RE_HOLE where such dates are missing in r. False: out of memory. */
bool f2b_dates_add_holes(const struct f2b_dates *d, struct re *r);
/* The filter's prefix, and its define. */
void f2b_dates_write(const struct f2b_dates *d, struct f2b_text *prefix, struct f2b_text *define);
void f2b_dates_done(struct f2b_dates *d);

#endif
