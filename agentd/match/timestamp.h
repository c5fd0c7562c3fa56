/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_MATCH_TIMESTAMP_H
#define SIPWARDEN_MATCH_TIMESTAMP_H

#include <stddef.h>
#include <stdint.h>

#include "base/timespan.h"

/*
 * Reads the times of one log. Each input has its own, since two gateways may
 * log with the same filter in different zones.
 *
 * Read at the head of the text, after blanks, a syslog <PRI> with or without
 * the version of RFC 5424, the UUID of a FreeSWITCH call, up to two sequence
 * numbers of Cisco IOS ("001234: ", after <PRI> with the name of the device
 * before them), one of [ or ", one of IOS's * or .:
 *
 *   2026-11-24 10:00:00      also with T, or /; Yate's _ and 20261124100000
 *   Nov 24 10:00:00          RFC 3164; Asterisk and Cisco with the year after the day
 *   Tue Nov 24 10:00:00 2026 apache, ctime(3)
 *   24/Nov/2026:10:00:00     CLF; also with - and a blank
 *   24.11.2026 10:00:00
 *   11-24 10:00:00           FreeSWITCH, month first
 *   1795514400               epoch in 10 digits, ms in 13, us in 16
 *
 * each with or without a fraction (. or ,) and a zone: Z, UTC, GMT, +01:00,
 * +0100, +01. Other abbreviations name several zones each (CST: four) and are
 * passed over. 11/24/2026 is not read: which is the day?
 *
 * Without zone, the reader's is meant. In the hour that comes twice in autumn,
 * the second is meant if it is now, or if the time read before was in the first
 * and would otherwise be run back to. Without year, the last one is meant that
 * does not put the line days into the future. A leap second (:60) is the moment
 * after :59.
 *
 * Where syslog's date and the program's own stand in one line, the one at the
 * head counts: the same daemon wrote it on every line, whichever program spoke,
 * and no sender can put his text before it; what the second has more (year,
 * fraction) tells little within a window of minutes. A filter whose second date
 * is the right one captures it as (?<time>...).
 */
struct time_reader;

/* zone: as zone_new() has it. Returns 0, -EINVAL (no such zone), -ENOMEM. */
int time_reader_new(const char *zone, struct time_reader **ret);
struct time_reader *time_reader_free(struct time_reader *r);

/*
 * The time at the head of text; 0: there is none, or it is no real one, as
 * February 30th. now decides what the text leaves open.
 */
usec_t time_reader_read(struct time_reader *r, const char *text, size_t len, usec_t now);

/*
 * The log is of the past: nothing in it was written after that moment, which
 * counts instead of a later now. 0: it is still being written.
 */
void time_reader_until(struct time_reader *r, usec_t written);

/* Seconds east of UTC of the reader's zone at a moment. */
int32_t time_reader_offset(struct time_reader *r, usec_t when);

#endif
