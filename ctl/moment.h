/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CTL_MOMENT_H
#define SIPWARDEN_CTL_MOMENT_H

#include "base/timespan.h"

/*
 * Reads a moment from the command line: "2026-11-24", "2026-11-24 10:00",
 * "2026-11-24T10:00:00.5", each but the first also with Z, +01:00 or +0100, else
 * in the host's zone; "now"; "2h30m ago". A date alone is its midnight. Returns
 * 0, -EINVAL (another thing, or no such day), -ENOMEM.
 */
int moment_parse(const char *text, usec_t now, usec_t *ret);
/* The same, where a moment without zone is one of zone, as zone_new() has it. */
int moment_parse_in(const char *zone, const char *text, usec_t now, usec_t *ret);

#define MOMENT_FORMS "2026-11-24, '2026-11-24 10:00[:00]' (also with T and Z or +01:00), 'now' or '2h ago'"

#endif
