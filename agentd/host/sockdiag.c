/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/sockdiag.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdlib.h>

#define BUFFER_SIZE 32768

struct sockdiag {
	struct mnl_socket *socket;
	uint32_t seq;
	_Alignas(struct nlmsghdr) char buffer[BUFFER_SIZE];
};

int sockdiag_open(struct sockdiag **ret)
{
	struct sockdiag *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	/* The kernel answers within the call, so there is nothing to wait for. */
	s->socket = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!s->socket || mnl_socket_bind(s->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		r = -errno;
		sockdiag_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

struct sockdiag *sockdiag_close(struct sockdiag *s)
{
	if (!s)
		return NULL;
	if (s->socket)
		mnl_socket_close(s->socket);
	free(s);
	return NULL;
}

static int ask(struct sockdiag *s, uint8_t family, uint8_t protocol, uint32_t states)
{
	struct nlmsghdr *m = mnl_nlmsg_put_header(s->buffer);
	struct inet_diag_req_v2 *request;

	m->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	m->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	m->nlmsg_seq = ++s->seq;
	request = mnl_nlmsg_put_extra_header(m, sizeof(*request));
	request->sdiag_family = family;
	request->sdiag_protocol = protocol;
	request->idiag_states = states;
	return mnl_socket_sendto(s->socket, m, m->nlmsg_len) < 0 ? -errno : 0;
}

static int error_of(const struct nlmsghdr *m)
{
	if (mnl_nlmsg_get_payload_len(m) < sizeof(struct nlmsgerr))
		return -EBADMSG;
	return ((const struct nlmsgerr *)mnl_nlmsg_get_payload(m))->error;
}

/* One datagram of the answer. 1: the last; 0: there are more; negative errno. */
static int take_answer(struct sockdiag *s, sockdiag_fn fn, void *userdata)
{
	const struct nlmsghdr *m = (const void *)s->buffer;
	ssize_t n = mnl_socket_recvfrom(s->socket, s->buffer, sizeof(s->buffer));
	int left = (int)n;

	if (n < 0)
		return -errno;
	for (; mnl_nlmsg_ok(m, left); m = mnl_nlmsg_next(m, &left)) {
		/* Of a question that was given up. */
		if (m->nlmsg_seq != s->seq)
			continue;
		if (m->nlmsg_type == NLMSG_DONE)
			return (m->nlmsg_flags & NLM_F_DUMP_INTR) != 0 ? -EINTR : 1;
		if (m->nlmsg_type == NLMSG_ERROR)
			return error_of(m);
		if (m->nlmsg_type == SOCK_DIAG_BY_FAMILY && mnl_nlmsg_get_payload_len(m) >= sizeof(struct inet_diag_msg))
			fn(userdata, m);
	}
	return 0;
}

int sockdiag_each(struct sockdiag *s, uint8_t family, uint8_t protocol, uint32_t states, sockdiag_fn fn, void *userdata)
{
	int r = ask(s, family, protocol, states);

	while (r == 0)
		r = take_answer(s, fn, userdata);
	return r < 0 ? r : 0;
}
