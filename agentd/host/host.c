/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/private.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/timespan.h"

#define BUFFER_SIZE 32768
#define GROUPS (RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE)
/* Changes come in bursts; they are read once, so long after the first. */
#define SETTLE_TIME (50 * USEC_PER_MSEC)

/* What is asked for, one after the other. */
static const uint16_t dumps[] = { RTM_GETADDR, RTM_GETROUTE };

struct host {
	struct host_callbacks callbacks;
	struct mnl_socket *events, *query; /* notifications; questions and their answers */
	sd_event_source *events_io, *query_io, *settle;
	uint32_t seq;
	size_t dump;		 /* the one under way; ELEMENTSOF(dumps): none */
	bool again;		 /* something changed while it was */
	bool told;		 /* the callback was called once */
	struct addr_list fresh, known;
	struct log_limit failing, full;
	char buffer[BUFFER_SIZE];
};

static int ask(struct host *h)
{
	_Alignas(struct nlmsghdr) char buffer[NLMSG_SPACE(sizeof(struct rtmsg))];
	struct nlmsghdr *m = mnl_nlmsg_put_header(buffer);

	m->nlmsg_type = dumps[h->dump];
	m->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	m->nlmsg_seq = ++h->seq;
	if (dumps[h->dump] == RTM_GETADDR)
		mnl_nlmsg_put_extra_header(m, sizeof(struct ifaddrmsg));
	else
		mnl_nlmsg_put_extra_header(m, sizeof(struct rtmsg));
	return mnl_socket_sendto(h->query, m, m->nlmsg_len) < 0 ? -errno : 0;
}

static void read_soon(struct host *h)
{
	h->again = true;
	if (h->dump < ELEMENTSOF(dumps))
		return;
	sd_event_source_set_time_relative(h->settle, SETTLE_TIME);
	sd_event_source_set_enabled(h->settle, SD_EVENT_ONESHOT);
}

/* What is known stays, and it is tried again. */
static void failed(struct host *h, int error)
{
	if (log_limit_pass(&h->failing))
		log_warning("This host's addresses could not be read: %s; those known stay exempt", strerror(-error));
	h->dump = ELEMENTSOF(dumps);
	h->again = true;
	sd_event_source_set_time_relative(h->settle, USEC_PER_SEC);
	sd_event_source_set_enabled(h->settle, SD_EVENT_ONESHOT);
}

static void begin(struct host *h)
{
	int r;

	free(h->fresh.items);
	h->fresh = (struct addr_list){ 0 };
	h->again = false;
	h->dump = 0;
	r = ask(h);
	if (r < 0)
		failed(h, r);
}

static int on_settled(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source;
	(void)usec;
	begin(userdata);
	return 0;
}

static void finish(struct host *h)
{
	bool changed = !h->told || h->fresh.n != h->known.n ||
		       (h->known.n > 0 &&
			memcmp(h->fresh.items, h->known.items, h->known.n * sizeof(*h->known.items)) != 0);

	if (h->fresh.full && log_limit_pass(&h->full))
		log_warning("This host has more than %d addresses: the first of them are exempt, the others only if "
			    "[exempt] names them",
			    HOST_ADDRS_MAX);
	free(h->known.items);
	h->known = h->fresh;
	h->fresh = (struct addr_list){ 0 };
	if (changed) {
		h->told = true;
		h->callbacks.changed(h->callbacks.userdata, h->known.items, h->known.n);
	}
	if (h->again)
		read_soon(h);
}

static void dump_done(struct host *h)
{
	int r;

	if (++h->dump == ELEMENTSOF(dumps)) {
		finish(h);
		return;
	}
	r = ask(h);
	if (r < 0)
		failed(h, r);
}

static void take_answer(struct host *h, const struct nlmsghdr *m)
{
	/* The end of an earlier question. */
	if (m->nlmsg_seq != h->seq || h->dump >= ELEMENTSOF(dumps))
		return;
	/* Something changed in the middle of it, and may be missing. */
	h->again = h->again || (m->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
	if (m->nlmsg_type == NLMSG_DONE)
		dump_done(h);
	else if (m->nlmsg_type == NLMSG_ERROR)
		failed(h, -EIO);
	else if (m->nlmsg_type == RTM_NEWADDR)
		route_read_address(m, &h->fresh);
	else if (m->nlmsg_type == RTM_NEWROUTE)
		route_read_gateways(m, &h->fresh);
}

static void take_event(struct host *h, const struct nlmsghdr *m)
{
	/* A router's thousands of other routes are none of ours. */
	if ((m->nlmsg_type == RTM_NEWROUTE || m->nlmsg_type == RTM_DELROUTE) && !route_is_default(m))
		return;
	read_soon(h);
}

/* One datagram. Returns 0, -EAGAIN, or what went wrong. */
static int receive(struct host *h, const struct mnl_socket *from, void (*take)(struct host *h, const struct nlmsghdr *m))
{
	const struct nlmsghdr *m = (const void *)h->buffer;
	ssize_t n = mnl_socket_recvfrom(from, h->buffer, sizeof(h->buffer));
	int left = (int)n;

	if (n < 0)
		return -errno;
	for (; mnl_nlmsg_ok(m, left); m = mnl_nlmsg_next(m, &left))
		take(h, m);
	return 0;
}

static int on_query(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct host *h = userdata;
	int r = receive(h, h->query, take_answer);

	(void)source;
	(void)fd;
	(void)revents;
	if (r < 0 && r != -EAGAIN && r != -EINTR)
		failed(h, r);
	return 0;
}

static int on_events(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct host *h = userdata;
	int r = receive(h, h->events, take_event);

	(void)source;
	(void)fd;
	(void)revents;
	/* ENOBUFS: some were lost, whatever they said. */
	if (r < 0 && r != -EAGAIN && r != -EINTR)
		read_soon(h);
	return 0;
}

static int open_socket(unsigned groups, struct mnl_socket **ret)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_NONBLOCK | SOCK_CLOEXEC);
	int r;

	if (!s)
		return -errno;
	if (mnl_socket_bind(s, groups, MNL_SOCKET_AUTOPID) < 0) {
		r = -errno;
		mnl_socket_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

/* The kernel answers within the call, so there is nothing to wait for. */
static void read_at_once(struct host *h)
{
	begin(h);
	while (h->dump < ELEMENTSOF(dumps)) {
		int r = receive(h, h->query, take_answer);

		if (r == -EAGAIN)
			break;
		if (r < 0 && r != -EINTR)
			failed(h, r);
	}
}

static int start(struct host *h, sd_event *loop)
{
	int r = open_socket(GROUPS, &h->events);

	if (r >= 0)
		r = open_socket(0, &h->query);
	if (r >= 0)
		r = sd_event_add_io(loop, &h->events_io, mnl_socket_get_fd(h->events), EPOLLIN, on_events, h);
	if (r >= 0)
		r = sd_event_add_io(loop, &h->query_io, mnl_socket_get_fd(h->query), EPOLLIN, on_query, h);
	if (r >= 0)
		r = sd_event_add_time(loop, &h->settle, CLOCK_MONOTONIC, 0, 1, on_settled, h);
	return r < 0 ? r : sd_event_source_set_enabled(h->settle, SD_EVENT_OFF);
}

int host_start(sd_event *loop, const struct host_callbacks *callbacks, struct host **ret)
{
	struct host *h = calloc(1, sizeof(*h));
	int r;

	if (!h)
		return -ENOMEM;
	h->callbacks = *callbacks;
	h->dump = ELEMENTSOF(dumps);
	r = start(h, loop);
	if (r < 0) {
		host_stop(h);
		return r;
	}
	read_at_once(h);
	*ret = h;
	return 0;
}

struct host *host_stop(struct host *h)
{
	if (!h)
		return NULL;
	sd_event_source_disable_unref(h->events_io);
	sd_event_source_disable_unref(h->query_io);
	sd_event_source_disable_unref(h->settle);
	if (h->events)
		mnl_socket_close(h->events);
	if (h->query)
		mnl_socket_close(h->query);
	free(h->fresh.items);
	free(h->known.items);
	free(h);
	return NULL;
}
