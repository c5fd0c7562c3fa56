/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resolve/dns.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/timespan.h"

#define RESOLV_CONF "/etc/resolv.conf"
/* Of the first try with a server; the second is given twice that. */
#define TRY_MSEC 2000
#define TRIES 2

struct dns_socket {
	struct dns_socket *next;
	ares_socket_t fd;
	sd_event_source *io;
};

struct dns {
	sd_event *loop;
	ares_channel channel;
	bool open;
	struct dns_socket *sockets;
	sd_event_source *timer;
	struct stat conf; /* as it was when the channel was opened; zeros: there was none */
};

/* Until when c-ares wants to be called again, if no answer comes. */
static void arm(struct dns *d)
{
	struct timeval tv, *left = d->open ? ares_timeout(d->channel, NULL, &tv) : NULL;

	if (!left) {
		sd_event_source_set_enabled(d->timer, SD_EVENT_OFF);
		return;
	}
	sd_event_source_set_time_relative(d->timer, (usec_t)left->tv_sec * USEC_PER_SEC + (usec_t)left->tv_usec);
	sd_event_source_set_enabled(d->timer, SD_EVENT_ONESHOT);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct dns *d = userdata;

	(void)source;
	(void)usec;
	ares_process_fd(d->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	arm(d);
	return 0;
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct dns *d = userdata;
	const bool failed = revents & (EPOLLERR | EPOLLHUP);

	(void)source;
	ares_process_fd(d->channel, revents & EPOLLIN || failed ? fd : ARES_SOCKET_BAD,
			revents & EPOLLOUT ? fd : ARES_SOCKET_BAD);
	arm(d);
	return 0;
}

/* c-ares says which sockets are to be watched; neither: it is about to close this one. */
static void on_socket(void *userdata, ares_socket_t fd, int readable, int writable)
{
	const uint32_t events = (readable ? EPOLLIN : 0) | (writable ? EPOLLOUT : 0);
	struct dns *d = userdata;
	struct dns_socket **link = &d->sockets, *s;

	while (*link && (*link)->fd != fd)
		link = &(*link)->next;
	s = *link;
	if (!events && s) {
		*link = s->next;
		sd_event_source_disable_unref(s->io);
		free(s);
	} else if (s) {
		sd_event_source_set_io_events(s->io, events);
	} else if (events) {
		s = calloc(1, sizeof(*s));
		/* One that cannot be watched has its questions time out. */
		if (!s || sd_event_add_io(d->loop, &s->io, fd, events, on_io, d) < 0) {
			free(s);
			return;
		}
		s->fd = fd;
		s->next = d->sockets;
		d->sockets = s;
	}
}

static void look_at_conf(struct stat *ret)
{
	if (stat(RESOLV_CONF, ret) < 0)
		memset(ret, 0, sizeof(*ret));
}

static bool same_conf(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int open_channel(struct dns *d)
{
	struct ares_options options = {
		.timeout = TRY_MSEC,
		.tries = TRIES,
		.sock_state_cb = on_socket,
		.sock_state_cb_data = d,
	};
	int status;

	look_at_conf(&d->conf);
	status = ares_init_options(&d->channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
	d->open = status == ARES_SUCCESS;
	return d->open ? 0 : status == ARES_ENOMEM ? -ENOMEM : -EIO;
}

static void close_channel(struct dns *d)
{
	const bool open = d->open;

	/* Those who hear that their question is cancelled ask no other. */
	d->open = false;
	if (open)
		ares_destroy(d->channel);
}

int dns_start(sd_event *loop, struct dns **ret)
{
	struct dns *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return -ENOMEM;
	d->loop = sd_event_ref(loop);
	r = ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS ? 0 : -ENOMEM;
	if (r >= 0)
		r = sd_event_add_time(loop, &d->timer, CLOCK_MONOTONIC, 0, 1, on_timer, d);
	if (r >= 0)
		r = sd_event_source_set_enabled(d->timer, SD_EVENT_OFF);
	if (r >= 0)
		r = open_channel(d);
	if (r < 0) {
		dns_stop(d);
		return r;
	}
	*ret = d;
	return 0;
}

struct dns *dns_stop(struct dns *d)
{
	if (!d)
		return NULL;
	close_channel(d);
	sd_event_source_disable_unref(d->timer);
	sd_event_unref(d->loop);
	ares_library_cleanup();
	free(d);
	return NULL;
}

bool dns_refresh(struct dns *d)
{
	struct stat now;

	look_at_conf(&now);
	if (d->open && same_conf(&now, &d->conf))
		return false;
	close_channel(d);
	open_channel(d);
	arm(d);
	return true;
}

struct question {
	dns_fn fn;
	void *userdata;
};

static void on_answer(void *userdata, int status, int timeouts, unsigned char *message, int len)
{
	struct question *q = userdata;

	(void)timeouts;
	q->fn(q->userdata, status, status == ARES_SUCCESS ? message : NULL, status == ARES_SUCCESS ? (size_t)len : 0);
	free(q);
}

void dns_ask(struct dns *d, const char *name, int type, dns_fn fn, void *userdata)
{
	struct question *q = d->open ? malloc(sizeof(*q)) : NULL;

	if (!q) {
		fn(userdata, d->open ? ARES_ENOMEM : ARES_ENOTINITIALIZED, NULL, 0);
		return;
	}
	*q = (struct question){ fn, userdata };
	ares_query(d->channel, name, ns_c_in, type, on_answer, q);
	arm(d);
}

bool dns_is_negative(int status)
{
	return status == ARES_ENODATA || status == ARES_ENOTFOUND;
}

const char *dns_strerror(int status)
{
	switch (status) {
	case ARES_ENODATA:
	case ARES_ENOTFOUND:
		return "it has no address";
	case ARES_ETIMEOUT:
		return "no DNS server answers";
	case ARES_ECONNREFUSED:
	case ARES_ESERVFAIL:
	case ARES_EREFUSED:
	case ARES_ENOTIMP:
		/* c-ares gives the first one for all, once it has tried every server. */
		return "no DNS server can be reached that answers it";
	default:
		return ares_strerror(status);
	}
}
