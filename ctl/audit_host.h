/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AUDIT_HOST_H
#define SIPWARDEN_AUDIT_HOST_H

#include "audit_ranges.h"

/* This host's addresses, and the networks behind them. */
struct host_route {
	const char *interface; /* "": no packet of a stranger has this address: loopback, link-local, down */
	int family;
	number_t own, network;
	unsigned len; /* of the network, in bits */
};

/* More are left out. */
#define ROUTES_MAX 32

struct ifaddrs;

struct host {
	struct host_route routes[ROUTES_MAX];
	size_t n;
	bool full;
	struct ifaddrs *addresses; /* to which the names belong */
};

/* Negative errno. Always to be released. */
int host_read(struct host *h);
void host_done(struct host *h);
bool host_has(const struct host *h, int family, number_t address);
/* The interface whose network has the address; NULL: it is in none, so routes would have to be asked. */
const char *host_way_out(const struct host *h, int family, number_t address);

#endif
