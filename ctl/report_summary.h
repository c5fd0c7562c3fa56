/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_REPORT_SUMMARY_H
#define SIPWARDEN_REPORT_SUMMARY_H

#include "report.h"

/* New strings, printable; NULL when out of memory. */

/* "Calls of HOST, 1 July 2026 to 30 September 2026" */
char *report_title(const struct report *r);
/* What a manager reads first: some sentences. */
char *report_summary(const struct report *r);

#endif
