/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AUDIT_HISTORY_H
#define SIPWARDEN_AUDIT_HISTORY_H

#include "audit.h"

/*
 * What an audit that is run again and again has found before. A directory of its own has
 * "findings", the ids of the last time as in a baseline, and "report.txt" for people;
 * both may name accounts, and are readable for their owner only.
 */

/*
 * Tells of each finding of warning or worse that is new since the last time, and of how
 * many there are: journal entries with MESSAGE_AUDIT_FINDING and MESSAGE_AUDIT, or lines
 * on standard error. Then writes both files. The first time there is nothing to compare
 * with, and only the number is told. Negative errno.
 */
int audit_history_tell(struct audit *a, const char *dir);

#endif
