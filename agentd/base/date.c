/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/date.h"

#define MONTHS 12

static bool is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

bool date_exists(int64_t year, int month, int day)
{
	static const uint8_t lengths[MONTHS] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return year >= 1 && month >= 1 && month <= MONTHS && day >= 1 &&
	       day <= lengths[month - 1] + (month == 2 && is_leap(year));
}

int64_t date_days(int64_t year, int month, int day)
{
	static const uint16_t before[MONTHS] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	const int64_t past = year - 1;
	/* 719162: of the years 1 to 1969. */
	const int64_t days = past * 365 + past / 4 - past / 100 + past / 400 - 719162;

	return days + before[month - 1] + (month > 2 && is_leap(year)) + day - 1;
}
