/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_REPORT_HTML_H
#define SIPWARDEN_REPORT_HTML_H

#include "report.h"

/* Between the page (report_html.c), its tables, its charts and its style. */

extern const char report_style[];

/* What each day or week cost, or how long its dear calls were. */
void chart_days(const struct report *r, FILE *to);
/* Dear calls by weekday and hour. */
void chart_hours(const struct report *r, FILE *to);
/* A bar of now over a thin one of before, both as parts of most. */
void chart_bar(FILE *to, uint64_t now, uint64_t before, uint64_t most);

void html_destinations(struct report *r, FILE *to);
void html_accounts(struct report *r, FILE *to);
void html_sources(struct report *r, FILE *to);
void html_longest(const struct report *r, FILE *to);
void html_faults(const struct report *r, FILE *to);

#endif
