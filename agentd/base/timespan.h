/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_BASE_TIMESPAN_H
#define SIPWARDEN_BASE_TIMESPAN_H

#include <stddef.h>
#include <stdint.h>

/* Microseconds: since the epoch for a moment, or a length of time. */
typedef uint64_t usec_t;

#define USEC_PER_MSEC ((usec_t)1000)
#define USEC_PER_SEC ((usec_t)1000000)
#define USEC_INFINITY UINT64_MAX

/* CLOCK_REALTIME now. */
usec_t time_now(void);
/* CLOCK_MONOTONIC now. */
usec_t time_monotonic(void);

/*
 * Reads a length of time: "90", "90s", "500ms", "10m", "1h30m", "1h 30m",
 * "2d", "1w"; a bare number is seconds. Returns 0, -EINVAL for anything else,
 * -ERANGE above TIMESPAN_MAX (ten years).
 */
int timespan_parse(const char *text, usec_t *ret);
#define TIMESPAN_MAX (10 * 365 * 86400 * USEC_PER_SEC)
#define TIMESPAN_TEXT_MAX 48
/* "1h30m", "45s", "250ms", "0s": at most the two largest units. Returns buf. */
char *timespan_format(usec_t span, char buf[static TIMESPAN_TEXT_MAX]);

#define TIME_TEXT_MAX 40
/* RFC 3339 in UTC with milliseconds: "2026-11-24T10:00:00.123Z". Returns buf. */
char *time_format_utc(usec_t when, char buf[static TIME_TEXT_MAX]);
/* Local time for people: "2026-11-24 11:00:00". Returns buf. */
char *time_format_local(usec_t when, char buf[static TIME_TEXT_MAX]);

#endif
