/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_MATCH_TIMESTAMP_H
#define SIPWARDEN_MATCH_TIMESTAMP_H

#include <stddef.h>

#include "base/timespan.h"

/*
 * The time at the head of a log line: "[2026-11-23 23:19:40.120]", ISO 8601
 * with or without zone and fraction, "Nov  4 18:30:40" (the year is the one
 * that brings it nearest to now), "[Jan 18 17:39:50]", "2014/04/01 22:20:38",
 * "[Sat Jun 01 02:17:42.123456 2013]", "08-03 08:10:21.026299", "[1373098165]"
 * and "1373098165.123" (epoch). A time without zone is local (tzset(3)).
 * Returns 0 when there is none or it is not a real date.
 */
usec_t timestamp_parse(const char *line, size_t len, usec_t now);

#endif
