/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/connected.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"

#define BUFFER_SIZE 32768
#define NETWORK6 64

struct connected {
	struct mnl_socket *socket;
	uint32_t seq;
	_Alignas(struct nlmsghdr) char buffer[BUFFER_SIZE];
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

static void take(struct sources *s, const struct inet_diag_msg *d)
{
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

/* One datagram of the answer. 1: the last; 0: there are more; negative errno. */
static int take_answer(struct connected *c, struct sources *s)
{
	const struct nlmsghdr *m = (const void *)c->buffer;
	ssize_t n = mnl_socket_recvfrom(c->socket, c->buffer, sizeof(c->buffer));
	int left = (int)n;

	if (n < 0)
		return -errno;
	for (; mnl_nlmsg_ok(m, left); m = mnl_nlmsg_next(m, &left)) {
		if (m->nlmsg_seq != c->seq)
			continue;
		if (m->nlmsg_type == NLMSG_DONE)
			return 1;
		if (m->nlmsg_type == NLMSG_ERROR)
			return mnl_nlmsg_get_payload_len(m) < sizeof(struct nlmsgerr)
				       ? -EBADMSG
				       : ((const struct nlmsgerr *)mnl_nlmsg_get_payload(m))->error;
		if (m->nlmsg_type == SOCK_DIAG_BY_FAMILY && mnl_nlmsg_get_payload_len(m) >= sizeof(struct inet_diag_msg))
			take(s, mnl_nlmsg_get_payload(m));
	}
	return 0;
}

static int read_family(struct connected *c, uint8_t family, struct sources *s)
{
	struct nlmsghdr *m = mnl_nlmsg_put_header(c->buffer);
	struct inet_diag_req_v2 *request;
	int r = 0;

	m->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	m->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	m->nlmsg_seq = ++c->seq;
	request = mnl_nlmsg_put_extra_header(m, sizeof(*request));
	request->sdiag_family = family;
	request->sdiag_protocol = IPPROTO_TCP;
	request->idiag_states = 1U << TCP_ESTABLISHED;
	if (mnl_socket_sendto(c->socket, m, m->nlmsg_len) < 0)
		return -errno;
	while (r == 0)
		r = take_answer(c, s);
	return r < 0 ? r : 0;
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
	/* The kernel answers within the call, so there is nothing to wait for. */
	c->socket = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!c->socket || mnl_socket_bind(c->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		r = -errno;
		connected_close(c);
		return r;
	}
	*ret = c;
	return 0;
}

struct connected *connected_close(struct connected *c)
{
	if (!c)
		return NULL;
	if (c->socket)
		mnl_socket_close(c->socket);
	free(c);
	return NULL;
}
