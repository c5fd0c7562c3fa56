/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/helper.h"

#include <cap-ng.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/unixsocket.h"
#include "firewall/nft.h"
#include "firewall/proto.h"
#include "firewall/table.h"
#include "sandbox/sandbox.h"

/* Packets taken together into transactions: 5,000 bans hold the kernel's lock for about 30 ms. */
#define PACKETS_MAX 10
/* An agent that does not read for so long is given up. */
#define SEND_TIMEOUT_SEC 10
/* After a foreign change, so that a "flush ruleset; add …" file is complete. */
#define RESTORE_DELAY_MSEC 100

struct helper {
	const struct config *cfg;
	struct config *reloaded; /* in place of cfg, once read again */
	struct table *table;
	int fd;
	struct proto_packet *packets; /* PACKETS_MAX */
	struct proto_entry **run;     /* of commands that go together */
	size_t n_run;
	struct proto_packet *out; /* elements being listed */
	int memory;		  /* memory_open() */
	usec_t watchdog;	  /* how often systemd is told that we turn; 0: it does not ask */
	usec_t fed;		  /* CLOCK_MONOTONIC, when it was told last */
	unsigned lists;		  /* asked for, the first of them in progress */
};

int helper_drop(const struct config *cfg)
{
	const struct passwd *pw = cfg->user && strcmp(cfg->user, "root") != 0 ? getpwnam(cfg->user) : NULL;
	int r;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	/* As the unit or the keeper gave it: nothing more to drop, and capset(2) may be forbidden. */
	if (geteuid() != 0)
		return 0;
	capng_clear(CAPNG_SELECT_ALL);
	capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN);
	r = pw ? capng_change_id((int)pw->pw_uid, (int)pw->pw_gid, CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING) :
		 capng_apply(CAPNG_SELECT_BOTH);
	if (r < 0) {
		log_error("Capabilities could not be reduced to CAP_NET_ADMIN (libcap-ng error %d)", r);
		return -EPERM;
	}
	return 0;
}

static int send_packet(const struct helper *h, const struct proto_packet *p)
{
	for (;;) {
		if (send(h->fd, p, proto_size(p->count), MSG_NOSIGNAL) >= 0)
			return 0;
		if (errno != EINTR)
			return -errno;
	}
}

static int send_hello(struct helper *h, bool lost)
{
	struct proto_packet *p = h->out;

	p->magic = PROTO_MAGIC;
	p->type = PROTO_HELLO;
	p->count = 0;
	p->flags = (lost ? PROTO_LOST : 0) | (table_take_fresh(h->table) ? PROTO_FRESH : 0);
	/* The agent has forgotten what was asked for, or is another one. */
	h->lists = 0;
	table_list_stop(h->table);
	return send_packet(h, p);
}

/* From which the agent can receive, and no more: without CAP_NET_ADMIN the kernel takes no command on it. */
static int send_wire(const struct helper *h)
{
	struct proto_packet *p = h->out;
	const int fd = table_wire_fd(h->table);

	p->magic = PROTO_MAGIC;
	p->type = PROTO_WIRE;
	p->flags = 0;
	p->count = 0;
	return fd < 0 ? 0 : unixsocket_send_fd(h->fd, p, proto_size(0), fd);
}

/* Listing */

static void flush_elements(struct helper *h)
{
	h->out->magic = PROTO_MAGIC;
	h->out->type = PROTO_ELEMENTS;
	h->out->flags = 0;
	if (h->out->count > 0)
		send_packet(h, h->out);
	h->out->count = 0;
}

static void add_element(void *userdata, const struct proto_entry *e)
{
	struct helper *h = userdata;

	h->out->entries[h->out->count++] = *e;
	if (h->out->count == PROTO_ENTRIES_MAX)
		flush_elements(h);
}

/* The listing in progress is over. */
static int end_list(struct helper *h, int error)
{
	struct proto_packet *p = h->out;

	p->magic = PROTO_MAGIC;
	p->type = PROTO_LISTED;
	p->flags = 0;
	p->count = 1;
	p->entries[0] = (struct proto_entry){ .op = PROTO_LIST, .error = error };
	h->lists--;
	return send_packet(h, p);
}

/* Begins those asked for, one after the other. */
static int begin_lists(struct helper *h)
{
	int r = 0;

	while (r >= 0 && h->lists > 0 && table_list_fd(h->table) < 0) {
		/* Deleted on request: then there is nothing. */
		int error = table_is_deleted(h->table) ? 0 : table_list_start(h->table);

		if (error >= 0 && table_list_fd(h->table) >= 0)
			break;
		r = end_list(h, error);
	}
	return r;
}

static int go_on_listing(struct helper *h)
{
	int r, sent = 0;

	h->out->count = 0;
	r = table_list_step(h->table, add_element, h);
	flush_elements(h);
	if (r <= 0)
		sent = end_list(h, r);
	return sent < 0 ? sent : begin_lists(h);
}

/* Commands */

static int reload(struct helper *h)
{
	struct diag diag = DIAG_INIT;
	struct config *cfg = NULL;
	int r = config_load(h->cfg->path, &diag, &cfg);

	if (r >= 0)
		r = table_configure(h->table, cfg);
	if (r < 0) {
		diag_log(&diag);
		log_error("The firewall helper keeps its exemptions: %s could not be read again: %s%s", h->cfg->path,
			  strerror(-r),
			  r == -EACCES ? ". If it was moved to another directory, restart the helper: it reads nowhere else" :
					 "");
		config_free(cfg);
	} else {
		config_free(h->reloaded);
		h->reloaded = cfg;
	}
	diag_done(&diag);
	if (table_is_deleted(h->table)) {
		r = table_restore(h->table);
		if (r >= 0)
			r = send_hello(h, false);
	}
	return r;
}

static void end_run(struct helper *h)
{
	if (h->n_run > 0)
		table_apply(h->table, h->run, h->n_run);
	h->n_run = 0;
}

/* All questions in the packets, at once: no command changes what was seen before it. */
static void answer_questions(struct helper *h, int n_packets)
{
	size_t n = 0;
	unsigned k;
	int i;

	for (i = 0; i < n_packets; i++)
		for (k = 0; k < h->packets[i].count; k++)
			if (h->packets[i].entries[k].op == PROTO_SEEN)
				h->run[n++] = &h->packets[i].entries[k];
	if (n > 0)
		table_seen(h->table, h->run, n);
}

static int size(struct helper *h, struct proto_entry *e)
{
	struct kernel_set_size s;
	int r = table_size(h->table, e->left, &s);

	e->packets = s.count;
	e->bytes = s.limit;
	return r;
}

static int ping(const struct helper *h, struct proto_entry *e)
{
	table_wire_tick(h->table);
	e->bytes = memory_resident(h->memory);
	return 0;
}

static int count_sip(const struct helper *h, struct proto_entry *e)
{
	struct sip_counter c;
	int r = table_sip_count(h->table, e->left, &c);

	e->packets = c.packets;
	e->bytes = c.bytes;
	return r;
}

static void flush_limited(struct helper *h)
{
	h->out->magic = PROTO_MAGIC;
	h->out->type = PROTO_LIMITED;
	h->out->flags = 0;
	if (h->out->count > 0)
		send_packet(h, h->out);
	h->out->count = 0;
}

static void add_limited(void *userdata, const struct proto_entry *e)
{
	struct helper *h = userdata;

	h->out->entries[h->out->count++] = *e;
	if (h->out->count == PROTO_ENTRIES_MAX)
		flush_limited(h);
}

/* A few thousand at most: told at once. */
static int list_limited(struct helper *h)
{
	int r;

	h->out->count = 0;
	r = table_sip_limited(h->table, add_limited, h);
	flush_limited(h);
	return r;
}

static bool is_sip(const struct proto_entry *e)
{
	return e->op >= PROTO_SIP_PORT && e->op <= PROTO_SIP_LIMITED;
}

static int take_sip(struct helper *h, struct proto_entry *e)
{
	switch (e->op) {
	case PROTO_SIP_PORT:
		return table_sip_port(h->table, e);
	case PROTO_SIP:
		return table_sip_switch(h->table, e->left != 0);
	case PROTO_SIP_COUNT:
		return count_sip(h, e);
	default:
		return list_limited(h);
	}
}

static void take_command(struct helper *h, struct proto_entry *e)
{
	if (e->op == PROTO_SEEN)
		return;
	if (e->op < PROTO_LIST || e->op == PROTO_RESTORE || e->op == PROTO_TRUST || e->op == PROTO_DISTRUST ||
	    e->op == PROTO_CROWD) {
		h->run[h->n_run++] = e;
		return;
	}
	end_run(h);
	if (e->op == PROTO_LIST)
		h->lists++; /* begun when what came with it is done */
	else if (e->op == PROTO_RELOAD)
		e->error = reload(h);
	else if (e->op == PROTO_PING)
		e->error = ping(h, e);
	else if (e->op == PROTO_SIZE)
		e->error = size(h, e);
	else if (e->op == PROTO_WATCH)
		e->error = table_watch_wire(h->table, e);
	else if (is_sip(e))
		e->error = take_sip(h, e);
	else if (e->op == PROTO_PAUSE || e->op == PROTO_RESUME)
		e->error = table_pause(h->table, e->op == PROTO_PAUSE);
	else
		e->error = table_delete(h->table);
}

/* As many packets as are there, up to PACKETS_MAX. 0: the agent is gone. */
static int receive(struct helper *h)
{
	int n;

	for (n = 0; n < PACKETS_MAX; n++) {
		struct proto_packet *p = &h->packets[n];
		ssize_t len = recv(h->fd, p, sizeof(*p), n > 0 ? MSG_DONTWAIT : 0);

		if (len < 0 && errno == EINTR) {
			n--;
			continue;
		}
		if (len < 0 && errno == EAGAIN)
			break;
		if (len < 0)
			return -errno;
		if (len == 0)
			break;
		if (proto_check(p, (size_t)len, true) < 0) {
			log_error("The agent sent something that is no command; giving it up");
			return -EBADMSG;
		}
	}
	return n;
}

static int serve_commands(struct helper *h)
{
	int i, n = receive(h), r = 0;
	unsigned k;

	if (n <= 0)
		return n < 0 ? n : -ECONNRESET;
	answer_questions(h, n);
	for (i = 0; i < n; i++)
		for (k = 0; k < h->packets[i].count; k++)
			take_command(h, &h->packets[i].entries[k]);
	end_run(h);
	for (i = 0; r >= 0 && i < n; i++) {
		h->packets[i].type = PROTO_DONE;
		r = send_packet(h, &h->packets[i]);
	}
	return r < 0 ? r : begin_lists(h);
}

static int restore(struct helper *h)
{
	int r;

	poll(NULL, 0, RESTORE_DELAY_MSEC);
	table_watch(h->table);
	r = table_restore(h->table);
	if (r < 0) {
		log_error("The nftables table was removed or changed by somebody else, and cannot be restored: %s",
			  strerror(-r));
		return r;
	}
	return send_hello(h, true);
}

/* Waits until one of fds can be read, and tells systemd meanwhile that we are there. */
static int wait_for(struct helper *h, struct pollfd *fds, nfds_t n)
{
	int timeout = h->watchdog ? (int)(h->watchdog / USEC_PER_MSEC) : -1;
	usec_t now = time_monotonic();

	if (h->watchdog && now - h->fed >= h->watchdog) {
		sd_notify(0, "WATCHDOG=1");
		h->fed = now;
	}
	return poll(fds, n, timeout) < 0 && errno != EINTR ? -errno : 0;
}

/* Serves the agent on h->fd until it is gone. */
static int serve(struct helper *h)
{
	struct timeval timeout = { .tv_sec = SEND_TIMEOUT_SEC };
	struct pollfd fds[] = {
		{ .fd = h->fd, .events = POLLIN },
		{ .fd = table_watch_fd(h->table), .events = POLLIN },
		{ .fd = -1, .events = POLLIN },
	};
	int r;

	setsockopt(h->fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	table_forget_added(h->table);
	r = send_hello(h, false);
	if (r >= 0)
		r = send_wire(h);
	while (r >= 0) {
		fds[0].revents = fds[1].revents = fds[2].revents = 0;
		fds[2].fd = table_list_fd(h->table);
		r = wait_for(h, fds, ELEMENTSOF(fds));
		if (r < 0)
			return r;
		if (fds[1].revents && table_watch(h->table))
			r = restore(h);
		if (r >= 0 && fds[0].revents)
			r = serve_commands(h);
		/* Last: the agent's commands come before. */
		if (r >= 0 && fds[2].revents && table_list_fd(h->table) == fds[2].fd)
			r = go_on_listing(h);
		/* Noticed while questions were answered. */
		if (r >= 0 && table_watch(h->table))
			r = restore(h);
	}
	return r;
}

static int helper_open(struct helper *h, const struct config *cfg)
{
	int r;

	*h = (struct helper){ .cfg = cfg, .fd = -1, .memory = memory_open() };
	h->packets = calloc(PACKETS_MAX, sizeof(*h->packets));
	h->out = calloc(1, sizeof(*h->out));
	h->run = calloc((size_t)PACKETS_MAX * PROTO_ENTRIES_MAX, sizeof(struct proto_entry *));
	r = h->packets && h->out && h->run ? table_open(cfg, &h->table) : -ENOMEM;
	if (r < 0)
		log_error("nftables cannot be used: %s%s", strerror(-r),
			  r == -EPERM ? ". The firewall helper needs CAP_NET_ADMIN" : "");
	return r;
}

static void helper_done(struct helper *h)
{
	if (h->memory >= 0)
		close(h->memory);
	table_close(h->table);
	config_free(h->reloaded);
	free(h->packets);
	free(h->out);
	free(h->run);
}

/*
 * Before the first byte of the agent is read. A reload reads the config again,
 * with its drop-ins beside it: where they are now, and where links lead to.
 */
static void confine(const struct config *cfg)
{
	char named[PATH_MAX], real[PATH_MAX];
	const char *readable[3] = { NULL };

	snprintf(named, sizeof(named), "%s", cfg->path);
	readable[0] = dirname(named);
	if (realpath(cfg->path, real))
		readable[1] = dirname(real);
	sandbox_helper(readable);
}

int helper_run(int fd, const struct config *cfg)
{
	struct helper h;
	int r = helper_open(&h, cfg);

	if (r >= 0) {
		confine(cfg);
		h.fd = fd;
		r = serve(&h);
	}
	helper_done(&h);
	return r == -ECONNRESET || r == -EPIPE ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* As a unit of its own */

/* agent: its user id */
static bool peer_is_agent(int fd, uid_t agent, const struct config *cfg)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	if (peer.uid == 0 || peer.uid == agent)
		return true;
	log_warning("Refused a process of user id %u: only root and %s may use the firewall helper", peer.uid,
		    cfg->user ? cfg->user : "root");
	return false;
}

/* The next agent. A descriptor; -EAGAIN: none yet, -EACCES: somebody else. */
static int next_agent(struct helper *h, int listen_fd, uid_t agent, const struct config *cfg)
{
	struct pollfd p = { .fd = listen_fd, .events = POLLIN };
	int fd, r = wait_for(h, &p, 1);

	if (r < 0)
		return r;
	if (!p.revents)
		return -EAGAIN;
	fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return errno == EINTR || errno == ECONNABORTED ? -EAGAIN : -errno;
	if (peer_is_agent(fd, agent, cfg))
		return fd;
	close(fd);
	return -EACCES;
}

int helper_serve(int listen_fd, const struct config *cfg)
{
	const struct passwd *pw = cfg->user ? getpwnam(cfg->user) : NULL;
	const uid_t agent = pw ? pw->pw_uid : 0;
	struct helper h = { .memory = -1 };
	uint64_t watchdog = 0;
	int r = 0;

	if (listen_fd < 0 && !cfg->firewall_socket) {
		log_error("There is no socket to listen on: set firewall_socket in %s, or start by socket activation",
			  cfg->path);
		return EXIT_FAILURE;
	}
	if (listen_fd < 0) {
		r = listen_fd = unixsocket_listen(cfg->firewall_socket, SOCK_SEQPACKET);
		if (r < 0)
			log_error("%s: cannot listen: %s", cfg->firewall_socket, strerror(-r));
	}
	if (r >= 0)
		r = helper_drop(cfg);
	if (r >= 0)
		r = helper_open(&h, cfg);
	if (r >= 0)
		confine(cfg);
	if (r >= 0 && sd_watchdog_enabled(0, &watchdog) > 0)
		h.watchdog = watchdog / 3;
	while (r >= 0) {
		_cleanup_close_ int fd = next_agent(&h, listen_fd, agent, cfg);

		if (fd < 0 && fd != -EAGAIN && fd != -EACCES)
			r = fd;
		if (fd < 0)
			continue;
		h.fd = fd;
		/* Changes of others while nobody was served. */
		if (table_watch(h.table))
			r = table_restore(h.table);
		if (r >= 0)
			serve(&h);
	}
	helper_done(&h);
	return EXIT_FAILURE;
}

int helper_flush(const struct config *cfg)
{
	struct nft *n;
	int r = nft_open(cfg->table, cfg->max_bans, &n);

	if (r < 0)
		return r;
	r = nft_delete(n);
	nft_close(n);
	return r;
}
