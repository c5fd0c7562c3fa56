/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_HOST_HOST_H
#define SIPWARDEN_HOST_HOST_H

#include <stddef.h>
#include <systemd/sd-event.h>

#include "base/addr.h"

/*
 * This host's own addresses and the gateways of its default routes, in the
 * network namespace the agent runs in, kept current through rtnetlink(7). No
 * capability is needed. Any change of an address, a link or a default route
 * has them read anew; so does an overrun of notifications.
 */
struct host;

/* At most so many addresses, and gateways. */
#define HOST_ADDRS_MAX 4096

struct host_callbacks {
	/* All of them, whenever they changed. Some may be link-local, or there twice. */
	void (*changed)(void *userdata, const struct addr *addrs, size_t n);
	void *userdata;
};

/* Reads them once before it returns (changed is called), then watches. 0 or negative errno. */
int host_start(sd_event *loop, const struct host_callbacks *callbacks, struct host **ret);
struct host *host_stop(struct host *h);

#endif
