/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_F2B_IMPORT_H
#define SIPWARDEN_F2B_IMPORT_H

#include "base/class.h"
#include "f2b_date.h"
#include "f2b_read.h"

/* So many lines of a log become examples of one pattern. */
#define F2B_EXAMPLES_MAX 3

/* One failregex, and what became of it. */
struct f2b_item {
	unsigned number; /* from 1, in fail2ban's order */
	struct f2b_place place;
	char *text;    /* as written, after substitution */
	char *regex;   /* ours, with '\n' where it may be broken; NULL: not imported */
	char *literal; /* NULL: none found, or it is found by itself */
	char *why;     /* it was not imported */
	const char *hint;
	bool alternatives_left; /* those that fail2ban does not count by themselves were left out */
	enum event_class class;
	char *examples[F2B_EXAMPLES_MAX], *expects[F2B_EXAMPLES_MAX];
	size_t n_examples;
};

/* A filter of fail2ban, translated. */
struct f2b_import {
	const char *name;
	struct f2b f;
	struct f2b_dates dates;
	struct f2b_text prefix, define, journalmatch;
	struct re_heads heads; /* defines, too */
	struct f2b_item *items;
	size_t n_items, imported;
	size_t ignores, ignores_left; /* ignoreregex lines, and those that could not be translated */
	bool several_lines;	      /* maxlines is above 1 */
};

/*
 * Translates what im->f has read. What could not be translated is in the items;
 * mistakes of the whole go to im->f.diag. Returns 0, -EINVAL, -ENOMEM.
 */
int f2b_import_run(struct f2b_import *im);
/* The filter as text of ours. */
void f2b_import_write(const struct f2b_import *im, struct f2b_text *to);
void f2b_import_done(struct f2b_import *im);

#endif
