/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_TESTS_UNIT_FIREWALL_WORLD_H
#define SIPWARDEN_TESTS_UNIT_FIREWALL_WORLD_H

/* Agent's side, helper and kernel together, in a network namespace of the test's own. */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "firewall/firewall.h"

#define CONFIG                                                                                                   \
	"[sipwarden]\nuser = root\n[firewall]\ntable = wardentest\nmax_bans = 20000\nports = 5060-5061 8021\n"              \
	"witness_size = 4\nwitness_for = 2s\n[exempt]\naddress = 198.51.100.0/24 " \
	"2001:db8:e::/48\n"

struct world {
	struct config *cfg;
	sd_event *loop;
	struct firewall *fw;
	unsigned ready, lost, done, refused, listed, packets;
	int last_error, list_error;
	bool list_ended;
	struct addr seen[64];
	unsigned n_seen;
	unsigned restored;
	usec_t left;	    /* of what is restored */
	struct addr lifted; /* meanwhile */
	unsigned new_after; /* so many were done when the new one was */
	void (*observer)(void *userdata, const struct addr *addr, bool banned, int error);
	unsigned answers;
	enum witness answer[64]; /* in the order they came */
	unsigned wires;
	int wire; /* where copies of packets come from */
};

static inline void on_ready(void *userdata, bool lost)
{
	struct world *w = userdata;

	w->ready++;
	w->lost += lost;
}

static inline void on_done(void *userdata, const struct addr *addr, bool banned, int error)
{
	struct world *w = userdata;

	(void)addr;
	(void)banned;
	w->done++;
	w->refused += error < 0;
	if (error < 0)
		w->last_error = error;
}

static inline usec_t on_left(void *userdata, const struct addr *addr)
{
	struct world *w = userdata;

	return addr_equal(addr, &w->lifted) ? 0 : w->left;
}

static inline void on_restored(void *userdata)
{
	((struct world *)userdata)->restored++;
}

static inline void on_down(void *userdata, int error)
{
	(void)userdata;
	(void)error;
}

static inline void on_element(void *userdata, const struct firewall_element *e)
{
	struct world *w = userdata;

	w->listed++;
	if (w->n_seen < ELEMENTSOF(w->seen))
		w->seen[w->n_seen++] = e->addr;
}

static inline void on_end(void *userdata, int error)
{
	struct world *w = userdata;

	w->list_ended = true;
	w->list_error = error;
}

static inline void on_wire(void *userdata, int fd)
{
	struct world *w = userdata;

	if (w->wires++)
		close(w->wire);
	w->wire = fd;
}

/* Runs the loop until *counter reaches n; fails the test after ten seconds. */
static inline void wait_for(struct world *w, const unsigned *counter, unsigned n)
{
	usec_t end = time_monotonic() + 10 * USEC_PER_SEC;

	while (*counter < n && time_monotonic() < end)
		sd_event_run(w->loop, 100 * USEC_PER_MSEC);
	assert_true(*counter >= n);
}

static inline void on_any_done(void *userdata, const struct addr *addr, bool banned, int error)
{
	struct world *w = userdata;

	(w->observer ? w->observer : on_done)(userdata, addr, banned, error);
}

static inline void start(struct world *w)
{
	const struct firewall_callbacks callbacks = { .ready = on_ready, .done = on_any_done, .down = on_down, .userdata = w,
						      .left = on_left, .restored = on_restored, .wire = on_wire };

	assert_int_equal(sd_event_new(&w->loop), 0);
	assert_int_equal(firewall_start(w->loop, w->cfg, &callbacks, &w->fw), 0);
	wait_for(w, &w->ready, 1);
}

static inline void stop(struct world *w)
{
	w->fw = firewall_stop(w->fw);
	w->loop = sd_event_unref(w->loop);
	w->ready = 0;
	if (w->wires)
		close(w->wire);
	w->wires = 0;
}

/* What nft(8) shows of the table. The command is ours, not made from any input. */
static inline char *nft(const char *command)
{
	FILE *f = popen(command, "r");
	char *text = calloc(1, 1 << 20);

	assert_non_null(f);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 20) - 1, f) < 1 << 20);
	pclose(f);
	return text;
}

static inline int setup_with(void **state, const char *config)
{
	struct world *w = calloc(1, sizeof(*w));
	struct diag diag = DIAG_INIT;

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	free(nft("ip link set lo up"));
	assert_int_equal(config_load_text("test.conf", config, strlen(config), &diag, &w->cfg), 0);
	diag_done(&diag);
	start(w);
	*state = w;
	return 0;
}

static inline int setup(void **state)
{
	return setup_with(state, CONFIG);
}

static inline int teardown(void **state)
{
	struct world *w = *state;

	stop(w);
	config_free(w->cfg);
	free(w);
	return 0;
}

static inline struct addr addr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse_bannable(text, strlen(text), &a), 0);
	return a;
}

static inline void ban(struct world *w, const char *text, usec_t left)
{
	struct addr a = addr(text);

	assert_int_equal(firewall_ban(w->fw, &a, left), 0);
	wait_for(w, &w->done, w->done + 1);
}

static inline void unban(struct world *w, const char *text)
{
	struct addr a = addr(text);

	assert_int_equal(firewall_unban(w->fw, &a), 0);
	wait_for(w, &w->done, w->done + 1);
}

static inline unsigned list(struct world *w)
{
	usec_t end = time_monotonic() + 10 * USEC_PER_SEC;

	w->listed = w->n_seen = 0;
	w->list_ended = false;
	assert_int_equal(firewall_list(w->fw, on_element, on_end, w), 0);
	while (!w->list_ended && time_monotonic() < end)
		sd_event_run(w->loop, 100 * USEC_PER_MSEC);
	assert_true(w->list_ended);
	assert_int_equal(w->list_error, 0);
	return w->listed;
}

static inline bool listed(const struct world *w, const char *text)
{
	struct addr a = addr(text);
	unsigned i;

	for (i = 0; i < w->n_seen; i++)
		if (addr_equal(&w->seen[i], &a))
			return true;
	return false;
}

/* A socket for UDP at an address of this host. port 0: any. */
static inline int open_at(const char *text, unsigned port)
{
	struct addr a = addr(text);
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

	assert_true(fd >= 0);
	setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on));
	memcpy(&from.sin_addr, a.bytes, 4);
	assert_int_equal(bind(fd, (void *)&from, sizeof(from)), 0);
	return fd;
}

static inline void send_text(int fd, const char *to, unsigned port, const char *text)
{
	struct addr a = addr(to);
	struct sockaddr_in there = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	memcpy(&there.sin_addr, a.bytes, 4);
	assert_int_equal(sendto(fd, text, strlen(text), 0, (void *)&there, sizeof(there)), (ssize_t)strlen(text));
}

/* One packet to a UDP port of this host, from an address of its own. */
static inline void send_from(const char *text, unsigned port)
{
	struct addr a = addr(text);
	const bool v6 = a.family == AF_INET6;
	struct sockaddr_in6 from6 = { .sin6_family = AF_INET6 }, to6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	struct sockaddr_in from4 = { .sin_family = AF_INET }, to4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(a.family, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;

	assert_true(fd >= 0);
	setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_FREEBIND : IP_FREEBIND, &on, sizeof(on));
	memcpy(&from6.sin6_addr, a.bytes, 16);
	memcpy(&from4.sin_addr, a.bytes, 4);
	to6.sin6_addr = in6addr_loopback;
	to4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, v6 ? (void *)&from6 : (void *)&from4, v6 ? sizeof(from6) : sizeof(from4)), 0);
	assert_int_equal(sendto(fd, "x", 1, 0, v6 ? (void *)&to6 : (void *)&to4, v6 ? sizeof(to6) : sizeof(to4)), 1);
	close(fd);
}

static inline void on_witness(void *userdata, const struct addr *a, enum witness answer)
{
	struct world *w = userdata;

	(void)a;
	assert_true(w->answers < ELEMENTSOF(w->answer));
	w->answer[w->answers++] = answer;
}

static inline void ask_later(struct world *w, const char *text)
{
	struct addr a = addr(text);

	assert_int_equal(firewall_ask(w->fw, &a, on_witness, w), 0);
}

static inline enum witness ask(struct world *w, const char *text)
{
	unsigned before = w->answers;

	ask_later(w, text);
	assert_int_equal(w->answers, before); /* never from within */
	wait_for(w, &w->answers, before + 1);
	return w->answer[before];
}

/* Until the witness is old enough for its silence to mean something. */
static inline void let_it_age(void)
{
	usleep(2200000);
}

#endif
