/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "host/listen_private.h"

#define BUFFER_SIZE 32768
#define TRIES 3 /* a dump that was interrupted may have missed some */

struct listen {
	struct mnl_socket *socket;
	uint32_t seq;
	struct owners owners;
	_Alignas(struct nlmsghdr) char buffer[BUFFER_SIZE];
};

/* What is asked for. A UDP socket that is bound, but to nobody's address, is in state "closed". */
static const struct question {
	uint8_t family, protocol;
	uint32_t states;
} questions[] = {
	{ AF_INET, IPPROTO_UDP, 1U << TCP_CLOSE },
	{ AF_INET6, IPPROTO_UDP, 1U << TCP_CLOSE },
	{ AF_INET, IPPROTO_TCP, 1U << TCP_LISTEN },
	{ AF_INET6, IPPROTO_TCP, 1U << TCP_LISTEN },
};

static int ask(struct listen *l, const struct question *q)
{
	struct nlmsghdr *m = mnl_nlmsg_put_header(l->buffer);
	struct inet_diag_req_v2 *request;

	m->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	m->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	m->nlmsg_seq = ++l->seq;
	request = mnl_nlmsg_put_extra_header(m, sizeof(*request));
	request->sdiag_family = q->family;
	request->sdiag_protocol = q->protocol;
	request->idiag_states = q->states;
	return mnl_socket_sendto(l->socket, m, m->nlmsg_len) < 0 ? -errno : 0;
}

/* Nobody else's packets get there. */
static bool is_loopback(const struct inet_diag_msg *d)
{
	const void *address = d->id.idiag_src;

	if (d->idiag_family == AF_INET)
		return (ntohl(d->id.idiag_src[0]) >> 24) == 127;
	return IN6_IS_ADDR_LOOPBACK((const struct in6_addr *)address) ||
	       (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)address) && (ntohl(d->id.idiag_src[3]) >> 24) == 127);
}

static uint64_t cgroup_of(const struct nlmsghdr *m)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, m, sizeof(struct inet_diag_msg))
		if (mnl_attr_get_type(attr) == INET_DIAG_CGROUP_ID && mnl_attr_validate(attr, MNL_TYPE_U64) >= 0)
			return mnl_attr_get_u64(attr);
	return 0;
}

static void take_socket(struct listen *l, const struct nlmsghdr *m, struct owner *ports)
{
	const struct inet_diag_msg *d = mnl_nlmsg_get_payload(m);
	struct owner *o;

	if (mnl_nlmsg_get_payload_len(m) < sizeof(*d) || is_loopback(d))
		return;
	o = &ports[ntohs(d->id.idiag_sport)];
	/* Several may listen at a port, each at another address: a gateway, if there is one. */
	if (!o->gateway)
		*o = owners_look_up(&l->owners, d->idiag_uid, cgroup_of(m));
}

/* One datagram of the answer. 1: the last; 0: there are more; negative errno (EINTR: what was listed changed meanwhile). */
static int take_answer(struct listen *l, struct owner *ports)
{
	const struct nlmsghdr *m = (const void *)l->buffer;
	ssize_t n = mnl_socket_recvfrom(l->socket, l->buffer, sizeof(l->buffer));
	int left = (int)n;

	if (n < 0)
		return -errno;
	for (; mnl_nlmsg_ok(m, left); m = mnl_nlmsg_next(m, &left)) {
		/* Of a question that was given up. */
		if (m->nlmsg_seq != l->seq)
			continue;
		if (m->nlmsg_type == NLMSG_DONE)
			return (m->nlmsg_flags & NLM_F_DUMP_INTR) != 0 ? -EINTR : 1;
		if (m->nlmsg_type == NLMSG_ERROR)
			return mnl_nlmsg_get_payload_len(m) < sizeof(struct nlmsgerr)
				       ? -EBADMSG
				       : ((const struct nlmsgerr *)mnl_nlmsg_get_payload(m))->error;
		if (m->nlmsg_type == SOCK_DIAG_BY_FAMILY)
			take_socket(l, m, ports);
	}
	return 0;
}

static int read_sockets(struct listen *l, const struct question *q, struct owner *ports)
{
	int r = -EINTR;
	unsigned i;

	for (i = 0; r == -EINTR && i < TRIES; i++) {
		r = ask(l, q);
		while (r == 0)
			r = take_answer(l, ports);
	}
	/* What was found by then is there. */
	return r == -EINTR ? 0 : r < 0 ? r : 0;
}

int listen_find(struct listen *l, struct listen_found *ret)
{
	_cleanup_free_ struct listeners *all = calloc(1, sizeof(*all));
	size_t i;
	int r = all ? 0 : -ENOMEM;

	memset(ret, 0, sizeof(*ret));
	owners_find_units(&l->owners);
	for (i = 0; r >= 0 && i < ELEMENTSOF(questions); i++)
		r = read_sockets(l, &questions[i], questions[i].protocol == IPPROTO_UDP ? all->udp : all->tcp);
	if (r >= 0)
		listeners_judge(all, ret);
	return r;
}

int listen_open(struct listen **ret)
{
	struct listen *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return -ENOMEM;
	/* The kernel answers within the call, so there is nothing to wait for. */
	l->socket = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!l->socket || mnl_socket_bind(l->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		r = -errno;
		listen_close(l);
		return r;
	}
	owners_find_users(&l->owners);
	*ret = l;
	return 0;
}

struct listen *listen_close(struct listen *l)
{
	if (!l)
		return NULL;
	if (l->socket)
		mnl_socket_close(l->socket);
	free(l);
	return NULL;
}
