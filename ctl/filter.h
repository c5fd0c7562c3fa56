/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CTL_FILTER_H
#define SIPWARDEN_CTL_FILTER_H

#include "ctl.h"

/* The verbs of "sipwarden filter"; argv[0] is the verb's own name. They return
 * an exit status. dirs: where filters are; ends with NULL. */
int filter_import(const struct ctl *ctl, char *const *dirs, int argc, char **argv); /* filter_import.c */

#endif
