/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CTL_BAN_VIEW_H
#define SIPWARDEN_CTL_BAN_VIEW_H

#include <jansson.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "base/timespan.h"

/* A ban as the bus brings it (BUS_BAN); the strings are the message's. */
struct ban_view {
	const char *address;
	uint64_t start, end;
	uint32_t count, step;
	const char *rule, *reason, *accounts, *state;
	int in_kernel, proven, observed;
	uint64_t packets, bytes;
};

/* Reads the next ban of the message: 1, 0 at the end of its array, or negative errno. */
int ban_view_read(sd_bus_message *m, struct ban_view *b);
/* Names, one a line, as an array. */
json_t *ban_view_lines(const char *text);
json_t *ban_view_json(const struct ban_view *b);
/* How long it still lasts, for people: "9m58s", "ever". */
char *ban_view_left(const struct ban_view *b, char buf[static TIMESPAN_TEXT_MAX]);

#endif
