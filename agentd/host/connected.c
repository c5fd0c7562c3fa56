/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/connected.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "host/sockdiag.h"

#define NETWORK6 64

struct connected {
	struct sockdiag *diag;
};

struct sources {
	const uint16_t *ports;
	size_t n_ports;
	struct addr *items; /* one for each connection */
	size_t count, size;
};

static int compare_ports(const void *a, const void *b)
{
	return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

static int compare_sources(const void *a, const void *b)
{
	return addr_compare(a, b);
}

static struct addr source_of(const struct inet_diag_msg *d)
{
	const void *raw = d->id.idiag_dst;
	struct addr a = { .family = AF_INET, .len = 32 };

	if (d->idiag_family == AF_INET) {
		memcpy(a.bytes, raw, 4);
	} else if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)raw)) {
		memcpy(a.bytes, (const char *)raw + 12, 4);
	} else {
		a.family = AF_INET6;
		a.len = 128;
		memcpy(a.bytes, raw, 16);
		a = addr_truncate(&a, NETWORK6);
	}
	return a;
}

static void take(void *userdata, const struct nlmsghdr *m)
{
	struct sources *s = userdata;
	const struct inet_diag_msg *d = mnl_nlmsg_get_payload(m);
	const uint16_t port = ntohs(d->id.idiag_sport);

	if (s->count == CONNECTED_MAX || !bsearch(&port, s->ports, s->n_ports, sizeof(port), compare_ports))
		return;
	if (s->count == s->size) {
		const size_t size = s->size ? s->size * 2 : 1024;
		struct addr *items = reallocarray(s->items, size, sizeof(*items));

		if (!items)
			return;
		s->items = items;
		s->size = size;
	}
	s->items[s->count] = source_of(d);
	s->count += addr_unbannable(&s->items[s->count]) == NULL;
}

/* What changed meanwhile is seen at the next time. */
static int read_family(struct connected *c, uint8_t family, struct sources *s)
{
	int r = sockdiag_each(c->diag, family, IPPROTO_TCP, 1U << TCP_ESTABLISHED, take, s);

	return r == -EINTR ? 0 : r;
}

static void tell(struct sources *s, unsigned most, connected_fn fn, void *userdata)
{
	size_t i, first;

	if (s->count > 0)
		qsort(s->items, s->count, sizeof(*s->items), compare_sources);
	for (first = 0; first < s->count; first = i) {
		for (i = first; i < s->count && addr_equal(&s->items[i], &s->items[first]); i++)
			;
		if (i - first > most)
			fn(userdata, &s->items[first], (unsigned)(i - first));
	}
}

int connected_count(struct connected *c, const uint16_t *ports, size_t n_ports, unsigned most, connected_fn fn, void *userdata)
{
	struct sources s = { .ports = ports, .n_ports = n_ports };
	int r = read_family(c, AF_INET, &s);

	if (r >= 0)
		r = read_family(c, AF_INET6, &s);
	if (r >= 0)
		tell(&s, most, fn, userdata);
	free(s.items);
	return r;
}

int connected_open(struct connected **ret)
{
	struct connected *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	r = sockdiag_open(&c->diag);
	if (r < 0) {
		free(c);
		return r;
	}
	*ret = c;
	return 0;
}

struct connected *connected_close(struct connected *c)
{
	if (c)
		sockdiag_close(c->diag);
	free(c);
	return NULL;
}
