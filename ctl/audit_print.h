/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AUDIT_PRINT_H
#define SIPWARDEN_AUDIT_PRINT_H

#include <stdio.h>

#include "audit.h"

/* What was looked at, in words: "files read" or "listeners asked". Static. */
const char *audit_things(const struct audit *a);
/* For people; what is accepted is only counted. color: with the terminal's. */
void audit_print_text(const struct audit *a, FILE *to, bool color);
/* One JSON object. */
void audit_print_json(const struct audit *a, FILE *to);
/* One HTML page: no script, and nothing that is loaded. title is what was audited. */
void audit_print_html(const struct audit *a, FILE *to, const char *title);

#endif
