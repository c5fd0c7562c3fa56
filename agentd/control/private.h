/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CONTROL_PRIVATE_H
#define SIPWARDEN_CONTROL_PRIVATE_H

#include <systemd/sd-bus.h>

#include "control/control.h"

/* Between control.c, which keeps connections, and methods.c, which answers them. */
struct control_client {
	struct control_client *next;
	struct control *control;
	sd_bus *bus;
	sd_event_source *timeout; /* of one that is refused */
	bool allowed;
	bool dead;
	/* What ListBans() is paging through. */
	struct addr *snapshot;
	size_t snapshot_len;
	sd_bus_message *waiting; /* ListBans() that waits for the kernel's counters */
};

struct control {
	sd_event *loop;
	sd_event_source *listen_source, *reaper;
	int listen_fd;
	char *path;
	char *group;
	struct control_ops ops;
	struct control_client *clients;
	unsigned n_allowed, n_refused;
};

extern const sd_bus_vtable control_vtable[];
/* Appends a BUS_BAN struct. */
int control_append_ban(sd_bus_message *m, const struct ban *b);
const char *control_cause(enum lift_cause cause);

#endif
