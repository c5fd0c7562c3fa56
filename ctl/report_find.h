/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_REPORT_FIND_H
#define SIPWARDEN_REPORT_FIND_H

#include "report.h"

/* Between the parts that draw conclusions. */

/* Takes what over, which may be NULL (out of memory). Returns NULL if there is no room. */
struct finding *find_add(struct report *r, enum finding_level level, const char *kind, char *what);
/* Takes detail over. */
void find_detail(struct finding *f, char *detail);
void find_decide(struct finding *f, const char *decide);
/* printf behind *text, which may be NULL. */
void find_append(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Of pairs, for heavy_sorted(): the most calls first, then by name. */
int find_by_calls(const void *a, const void *b);

void find_accounts(struct report *r, struct party **accounts, size_t n); /* report_suspect.c */
void find_attacks(struct report *r);					 /* report_gaps.c */
void find_audit(struct report *r);
void find_gaps(struct report *r);

#endif
