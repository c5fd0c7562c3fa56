/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_HOST_PRIVATE_H
#define SIPWARDEN_HOST_PRIVATE_H

#include <stdbool.h>

#include <libmnl/libmnl.h>

#include "host/host.h"

/* Between host.c, which asks and listens, and routes.c, which reads single messages. */

struct addr_list {
	struct addr *items;
	size_t n;
	bool full; /* more than HOST_ADDRS_MAX, or out of memory */
};

void addr_list_add(struct addr_list *list, uint8_t family, const void *bytes);

/* An RTM_NEWADDR: the address itself. */
void route_read_address(const struct nlmsghdr *m, struct addr_list *list);
/* An RTM_NEWROUTE, or its opposite: is it the default route, so that others are passed over? */
bool route_is_default(const struct nlmsghdr *m);
/* The gateways of a default route: one, or those of all its paths. */
void route_read_gateways(const struct nlmsghdr *m, struct addr_list *list);

#endif
