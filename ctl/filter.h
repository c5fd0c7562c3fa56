/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CTL_FILTER_H
#define SIPWARDEN_CTL_FILTER_H

#include <jansson.h>

#include "base/diag.h"
#include "config/filter.h"
#include "ctl.h"
#include "match/match.h"

/* The verbs of "sipwarden filter"; argv[0] is the verb's own name. They return
 * an exit status. dirs: where filters are; ends with NULL. */
int filter_match(const struct ctl *ctl, char *const *dirs, int argc, char **argv); /* filter_match.c */
int filter_lint(const struct ctl *ctl, char *const *dirs, int argc, char **argv);  /* filter_lint.c */
int filter_new(const struct ctl *ctl, char *const *dirs, int argc, char **argv);   /* filter_new.c */
int filter_import(const struct ctl *ctl, char *const *dirs, int argc, char **argv); /* filter_import.c */

/* A filter and what runs it. */
struct loaded_filter {
	struct filter *filter;
	struct matcher *matcher;
};
/* Mistakes go to diag. Returns an exit status; *ret is to be released whatever it is. */
int filter_open(const char *name, char *const *dirs, struct diag *diag, struct loaded_filter *ret);
void filter_close(struct loaded_filter *f);

/* The names that stand in argv behind the verb, or of all filters there are; for filter_names_free(). */
char **filter_chosen(char *const *dirs, int argc, char **argv);
/* For verbs without options: CTL_OK, or CTL_USAGE and what is wrong was said; moves arguments behind "--". */
int filter_no_options(int argc, char **argv);

/* [{"severity", "file", "line", "text", "hint"}] */
json_t *filter_diag_json(const struct diag *diag);

#endif
