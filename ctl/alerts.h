/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CTL_ALERTS_H
#define SIPWARDEN_CTL_ALERTS_H

#include <jansson.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

/* An alert as the bus brings it (BUS_ALERT); the strings are the message's, "" if there is none. */
struct alert_view {
	uint64_t when;
	const char *kind, *address, *account, *text;
};

/* Reads the next alert of the message: 1, 0 at the end of its array, or negative errno. */
int alert_view_read(sd_bus_message *m, struct alert_view *a);
json_t *alert_view_json(const struct alert_view *a);

#endif
