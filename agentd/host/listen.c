/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "host/listen_private.h"
#include "host/sockdiag.h"

#define TRIES 3 /* a dump that was interrupted may have missed some */

struct listen {
	struct sockdiag *diag;
	struct owners owners;
};

/* What is being found. */
struct finding {
	const struct owners *owners;
	struct owner *ports; /* of one protocol */
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

static void take_socket(void *userdata, const struct nlmsghdr *m)
{
	const struct finding *f = userdata;
	const struct inet_diag_msg *d = mnl_nlmsg_get_payload(m);
	struct owner *o = &f->ports[ntohs(d->id.idiag_sport)];

	/* Several may listen at a port, each at another address: a gateway, if there is one. */
	if (!is_loopback(d) && !o->gateway)
		*o = owners_look_up(f->owners, d->idiag_uid, cgroup_of(m));
}

static int read_sockets(struct listen *l, const struct question *q, struct owner *ports)
{
	struct finding f = { &l->owners, ports };
	int r = -EINTR;
	unsigned i;

	for (i = 0; r == -EINTR && i < TRIES; i++)
		r = sockdiag_each(l->diag, q->family, q->protocol, q->states, take_socket, &f);
	/* What was found by then is there. */
	return r == -EINTR ? 0 : r;
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
	r = sockdiag_open(&l->diag);
	if (r < 0) {
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
	sockdiag_close(l->diag);
	free(l);
	return NULL;
}
