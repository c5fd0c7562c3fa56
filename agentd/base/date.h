/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_BASE_DATE_H
#define SIPWARDEN_BASE_DATE_H

#include <stdbool.h>
#include <stdint.h>

/* Days of the Gregorian calendar, of years from 1 on. month: 1 to 12, day: from 1. */

bool date_exists(int64_t year, int month, int day);
/* Days from 1970-01-01 to a day that exists. */
int64_t date_days(int64_t year, int month, int day);

#endif
