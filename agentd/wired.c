/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proof from the wire (wire/wire.h): friends that fail are watched, and what their
 * packets prove goes to the decider. The helper has the packets copied; the socket they
 * come from was handed over by it, and cannot be configured from here. At which ports
 * gateways take connections, the kernel says (host/listen.h).
 */
#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "agent_private.h"
#include "wire/carried.h"
#include "wire/wire.h"

/* A watch ends by itself, and is renewed when half of it is over. */
#define WATCH_FOR (600 * USEC_PER_SEC)
/* As many as the kernel's set has room for; each host has one place. */
#define WATCHED_MAX 4096
/* Each is a transaction of the helper's. Hosts that share a place would have one for each line, as many as a forger writes. */
#define WATCHES_A_SECOND 100
/* No account that people use has a longer name. */
#define USER_MAX 128
/* A whole packet of 64 kB, and what NFLOG says of it. */
#define MESSAGE_MAX (68 * 1024)
/* Read at once; what is left comes with the next turn of the loop. */
#define BATCH 512

/* The kernel ends a watch by itself, and not at the same moment as we do. */
#define WATCH_MARGIN (10 * USEC_PER_SEC)
/* Gateways are restarted with other ports now and then. */
#define LOOK_INTERVAL (30 * USEC_PER_SEC)

struct watched {
	uint64_t host; /* hash */
	usec_t first;  /* CLOCK_MONOTONIC: watched without a gap from then on */
	usec_t since;  /* when the watch was renewed last; 0: free */
};

/* A line that waits for packets. */
struct waiting {
	struct event event;
	usec_t when;
	char user[USER_MAX];
};

struct wired {
	struct agent *agent;
	sd_event_source *source; /* NULL: no packets can come */
	int fd;
	struct wire *wire;
	struct watched watched[WATCHED_MAX];
	usec_t second; /* CLOCK_MONOTONIC, in which so many were told: */
	unsigned told;
	struct listen_found found; /* where gateways listen */
	usec_t looked;		   /* CLOCK_MONOTONIC; 0: not yet */
	struct waiting waiting[WIRE_LINES_MAX];
	char message[MESSAGE_MAX] __attribute__((aligned(8)));
};

bool wired_is_fresh(usec_t when, usec_t now)
{
	return when == 0 || (when > now ? when - now : now - when) <= WIRE_PAIR_WITHIN;
}

/* The packets of a line that waits have come. */
static void on_proved(void *userdata, unsigned slot, const struct proof *proof)
{
	struct wired *w = userdata;
	const struct waiting *line = &w->waiting[slot];

	decider_proved(w->agent->decider, &line->event, proof, line->when);
}

static const char *gateway_at(void *userdata, uint16_t port)
{
	struct wired *w = userdata;
	const usec_t now = time_monotonic();
	size_t i;

	if (w->looked == 0 || now - w->looked > LOOK_INTERVAL) {
		w->looked = now;
		if (!w->agent->sip.listen || listen_find(w->agent->sip.listen, &w->found) < 0)
			w->found.n = 0;
	}
	for (i = 0; i < w->found.n; i++)
		if (w->found.ports[i].port == port && w->found.ports[i].transport != LISTEN_UDP)
			return w->found.ports[i].gateway;
	return NULL;
}

/* 1; 0: there is no more; or negative errno. What was lost for want of room (ENOBUFS) proves nothing. */
static int receive_one(struct wired *w)
{
	struct sockaddr_nl from = {0};
	socklen_t size = sizeof(from);
	ssize_t len = recvfrom(w->fd, w->message, sizeof(w->message), MSG_DONTWAIT, (struct sockaddr *)&from,
			       &size);

	if (len < 0 && errno != ENOBUFS && errno != EINTR)
		return errno == EAGAIN ? 0 : -errno;
	if (len < 0 && errno == ENOBUFS)
		wire_miss(w->wire, time_monotonic());
	if (len > 0 && from.nl_pid == 0)
		wire_receive(w->wire, w->message, (size_t)len, time_monotonic());
	return len != 0;
}

static void tell(int error)
{
	log_warning("[proof] wire: packets of an address in doubt cannot be received, so guesses from it are "
		    "not proven by "
		    "them, until sipwardend is restarted: %s",
		    strerror(-error));
}

void wired_receive(struct agent *a)
{
	unsigned n;
	int r = 1;

	for (n = 0; r > 0 && n < BATCH && a->wired && a->wired->source; n++)
		r = receive_one(a->wired);
	/* Lines that are read now may be about those that are left. */
	if (r > 0 && n == BATCH)
		wire_miss(a->wired->wire, time_monotonic());
	if (r < 0) {
		tell(r);
		wired_close(a);
	}
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	(void)source;
	(void)fd;
	(void)revents;
	wired_receive(userdata);
	return 0;
}

static struct wired *make(struct agent *a)
{
	struct wired *w = calloc(1, sizeof(*w));
	const struct wire_callbacks callbacks = {on_proved, gateway_at, w};

	if (!w)
		return NULL;
	w->agent = a;
	w->fd = -1;
	if (wire_new(&callbacks, &w->wire) < 0) {
		free(w);
		return NULL;
	}
	return w;
}

static int listen_to(struct wired *w, int fd)
{
	int r = sd_event_add_io(w->agent->loop, &w->source, fd, EPOLLIN, on_io, w->agent);

	/* Before the lines that tell of it. */
	if (r >= 0)
		r = sd_event_source_set_priority(w->source, SD_EVENT_PRIORITY_IMPORTANT);
	return r;
}

void wired_open(void *userdata, int fd)
{
	struct agent *a = userdata;
	int r;

	if (!a->wired)
		a->wired = make(a);
	wired_close(a);
	r = a->wired ? listen_to(a->wired, fd) : -ENOMEM;
	if (r >= 0) {
		a->wired->fd = fd;
		return;
	}
	tell(r);
	wired_close(a);
	close(fd);
}

void wired_close(struct agent *a)
{
	struct wired *w = a->wired;

	if (!w)
		return;
	w->source = sd_event_source_unref(w->source);
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	wired_unwatch(a);
}

void wired_unwatch(struct agent *a)
{
	struct wired *w = a->wired;

	if (!w)
		return;
	memset(w->watched, 0, sizeof(w->watched));
	wire_forget_lines(w->wire);
}

/* As the kernel has it: an IPv6 address is watched with its network. */
static void watch(struct wired *w, struct watched *place, uint64_t hash, const struct addr *addr)
{
	const usec_t now = time_monotonic();
	const bool known = place->since && place->host == hash && now - place->since < WATCH_FOR - WATCH_MARGIN;

	if (known && now - place->since < WATCH_FOR / 2)
		return;
	if (now - w->second >= USEC_PER_SEC) {
		w->second = now;
		w->told = 0;
	}
	if (w->told++ < WATCHES_A_SECOND && firewall_watch(w->agent->firewall, addr, WATCH_FOR) >= 0)
		*place = (struct watched){hash, known ? place->first : now, now};
}

/* Watches it. True: it was, for so long that no packet that matters now was missed. */
static bool is_seen(struct wired *w, const struct addr *addr)
{
	const struct addr host = addr->family == AF_INET6 ? addr_truncate(addr, 64) : *addr;
	const uint64_t hash = addr_hash(&host);
	struct watched *place = &w->watched[hash % WATCHED_MAX];
	const usec_t now = time_monotonic();

	watch(w, place, hash, addr);
	return place->since && place->host == hash && now - place->since < WATCH_FOR - WATCH_MARGIN &&
	       now - place->first > CARRIED_PACKETS_FOR;
}

/* One that is read in two places would have two lines of each refusal. */
static bool is_only_log(const struct agent *a, const char *filter)
{
	unsigned logs = 0;
	char **f;
	size_t i;

	for (i = 0; i < a->n_inputs; i++)
		for (f = a->inputs[i].cfg->filters; f && *f; f++)
			logs += strcmp(*f, filter) == 0;
	return logs == 1;
}

/* Keeps of the event what the decider wants to know of it later. */
static void await(struct waiting *line, const struct event *e, usec_t when)
{
	*line = (struct waiting){.event = {.class = e->class,
					   .classes = e->classes,
					   .filter = e->filter,
					   .pattern = e->pattern,
					   .pattern_index = e->pattern_index,
					   .askable = e->askable,
					   .witnessed = e->witnessed,
					   .time = e->time,
					   .n_addrs = 1,
					   .addrs = {e->addrs[0]}},
				 .when = when};
	memcpy(line->user, e->user.ptr, e->user.len);
	line->event.user = (struct span){line->user, e->user.len};
	if (event_is_call(e))
		line->event.method = SPAN(EVENT_CALL);
}

/*
 * Not where the log tells the port: those gateways' nonces are no random ones, or the line
 * would be proven, and a proxy may pass on what somebody else has made up.
 */
bool wired_prove_line(struct agent *a, const struct event *e, usec_t when, struct proof *ret)
{
	struct wired *w = a->wired;
	struct wire_line line;
	unsigned slot;

	if (!a->world->cfg->policy.wire || !w || !w->source || !e->fresh || e->port.len > 0 ||
	    e->user.len == 0 || e->user.len > USER_MAX)
		return false;
	line = (struct wire_line){.addr = e->addrs[0],
				  .user = e->user,
				  .gateway = e->refusal && is_only_log(a, e->filter) ? e->filter : NULL,
				  .watched = is_seen(w, &e->addrs[0]),
				  .said = e->time};
	if (wire_take(w->wire, &line, time_monotonic(), ret, &slot))
		return true;
	await(&w->waiting[slot], e, when);
	return false;
}

void wired_done(struct agent *a)
{
	if (!a->wired)
		return;
	wired_close(a);
	wire_free(a->wired->wire);
	free(a->wired);
	a->wired = NULL;
}
