/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit_host.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>

static number_t number_of(const struct sockaddr *sa)
{
	const unsigned char *bytes =
		sa->sa_family == AF_INET
			? (const unsigned char *)&((const struct sockaddr_in *)(const void *)sa)->sin_addr
			: (const unsigned char *)&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
	size_t i, n = sa->sa_family == AF_INET ? 4 : 16;
	number_t x = 0;

	for (i = 0; i < n; i++)
		x = x << 8 | bytes[i];
	return x;
}

/* fe80::/10 */
static bool is_link_local(int family, number_t a)
{
	return family == AF_INET6 && a >> 118 == 0x3fa;
}

static void add(struct host *h, const struct ifaddrs *i)
{
	struct host_route *r = &h->routes[h->n++];
	number_t mask = number_of(i->ifa_netmask);

	*r = (struct host_route){.interface = i->ifa_name, .family = i->ifa_addr->sa_family};
	r->own = number_of(i->ifa_addr);
	r->network = r->own & mask;
	for (; mask; mask &= mask - 1)
		r->len++;
	if (!(i->ifa_flags & IFF_UP) || (i->ifa_flags & IFF_LOOPBACK) || is_link_local(r->family, r->own))
		r->interface = "";
}

int host_read(struct host *h)
{
	const struct ifaddrs *i;

	*h = (struct host){.n = 0};
	if (getifaddrs(&h->addresses) < 0)
		return -errno;
	for (i = h->addresses; i; i = i->ifa_next) {
		if (!i->ifa_addr || !i->ifa_netmask ||
		    (i->ifa_addr->sa_family != AF_INET && i->ifa_addr->sa_family != AF_INET6))
			continue;
		if (h->n == ROUTES_MAX) {
			h->full = true;
			break;
		}
		add(h, i);
	}
	return 0;
}

void host_done(struct host *h)
{
	if (h->addresses)
		freeifaddrs(h->addresses);
	*h = (struct host){.n = 0};
}

bool host_has(const struct host *h, int family, number_t address)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		if (h->routes[i].family == family && h->routes[i].own == address)
			return true;
	return false;
}

const char *host_way_out(const struct host *h, int family, number_t address)
{
	const struct host_route *best = NULL, *r;
	size_t i;

	for (i = 0; i < h->n; i++) {
		r = &h->routes[i];
		if (r->family == family && r->len > 0 && (!best || r->len > best->len) &&
		    (r->network ^ address) >> ((family == AF_INET ? 32 : 128) - r->len) == 0)
			best = r;
	}
	return best ? best->interface : NULL;
}
