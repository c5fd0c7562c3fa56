/* SPDX-License-Identifier: GPL-2.0-or-later */
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
};

static void on_ready(void *userdata, bool lost)
{
	struct world *w = userdata;

	w->ready++;
	w->lost += lost;
}

static void on_done(void *userdata, const struct addr *addr, bool banned, int error)
{
	struct world *w = userdata;

	(void)addr;
	(void)banned;
	w->done++;
	w->refused += error < 0;
	if (error < 0)
		w->last_error = error;
}

static usec_t on_left(void *userdata, const struct addr *addr)
{
	struct world *w = userdata;

	return addr_equal(addr, &w->lifted) ? 0 : w->left;
}

static void on_restored(void *userdata)
{
	((struct world *)userdata)->restored++;
}

static void on_down(void *userdata, int error)
{
	(void)userdata;
	(void)error;
}

static void on_element(void *userdata, const struct firewall_element *e)
{
	struct world *w = userdata;

	w->listed++;
	if (w->n_seen < ELEMENTSOF(w->seen))
		w->seen[w->n_seen++] = e->addr;
}

static void on_end(void *userdata, int error)
{
	struct world *w = userdata;

	w->list_ended = true;
	w->list_error = error;
}

/* Runs the loop until *counter reaches n; fails the test after ten seconds. */
static void wait_for(struct world *w, const unsigned *counter, unsigned n)
{
	usec_t end = time_monotonic() + 10 * USEC_PER_SEC;

	while (*counter < n && time_monotonic() < end)
		sd_event_run(w->loop, 100 * USEC_PER_MSEC);
	assert_true(*counter >= n);
}

static void on_any_done(void *userdata, const struct addr *addr, bool banned, int error)
{
	struct world *w = userdata;

	(w->observer ? w->observer : on_done)(userdata, addr, banned, error);
}

static void start(struct world *w)
{
	const struct firewall_callbacks callbacks = { .ready = on_ready, .done = on_any_done, .down = on_down, .userdata = w,
						      .left = on_left, .restored = on_restored };

	assert_int_equal(sd_event_new(&w->loop), 0);
	assert_int_equal(firewall_start(w->loop, w->cfg, &callbacks, &w->fw), 0);
	wait_for(w, &w->ready, 1);
}

static void stop(struct world *w)
{
	w->fw = firewall_stop(w->fw);
	w->loop = sd_event_unref(w->loop);
	w->ready = 0;
}

/* What nft(8) shows of the table. The command is ours, not made from any input. */
static char *nft(const char *command)
{
	FILE *f = popen(command, "r");
	char *text = calloc(1, 1 << 20);

	assert_non_null(f);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 20) - 1, f) < 1 << 20);
	pclose(f);
	return text;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct diag diag = DIAG_INIT;

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	free(nft("ip link set lo up"));
	assert_int_equal(config_load_text("test.conf", CONFIG, strlen(CONFIG), &diag, &w->cfg), 0);
	diag_done(&diag);
	start(w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	stop(w);
	config_free(w->cfg);
	free(w);
	return 0;
}

static struct addr addr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse_bannable(text, strlen(text), &a), 0);
	return a;
}

static void ban(struct world *w, const char *text, usec_t left)
{
	struct addr a = addr(text);

	assert_int_equal(firewall_ban(w->fw, &a, left), 0);
	wait_for(w, &w->done, w->done + 1);
}

static void unban(struct world *w, const char *text)
{
	struct addr a = addr(text);

	assert_int_equal(firewall_unban(w->fw, &a), 0);
	wait_for(w, &w->done, w->done + 1);
}

static unsigned list(struct world *w)
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

static bool listed(const struct world *w, const char *text)
{
	struct addr a = addr(text);
	unsigned i;

	for (i = 0; i < w->n_seen; i++)
		if (addr_equal(&w->seen[i], &a))
			return true;
	return false;
}

/* A socket for UDP at an address of this host. port 0: any. */
static int open_at(const char *text, unsigned port)
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

static void send_text(int fd, const char *to, unsigned port, const char *text)
{
	struct addr a = addr(to);
	struct sockaddr_in there = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	memcpy(&there.sin_addr, a.bytes, 4);
	assert_int_equal(sendto(fd, text, strlen(text), 0, (void *)&there, sizeof(there)), (ssize_t)strlen(text));
}

/* One packet to a UDP port of this host, from an address of its own. */
static void send_from(const char *text, unsigned port)
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

static void on_witness(void *userdata, const struct addr *a, enum witness answer)
{
	struct world *w = userdata;

	(void)a;
	assert_true(w->answers < ELEMENTSOF(w->answer));
	w->answer[w->answers++] = answer;
}

static void ask_later(struct world *w, const char *text)
{
	struct addr a = addr(text);

	assert_int_equal(firewall_ask(w->fw, &a, on_witness, w), 0);
}

static enum witness ask(struct world *w, const char *text)
{
	unsigned before = w->answers;

	ask_later(w, text);
	assert_int_equal(w->answers, before); /* never from within */
	wait_for(w, &w->answers, before + 1);
	return w->answer[before];
}

/* Until the witness is old enough for its silence to mean something. */
static void let_it_age(void)
{
	usleep(2200000);
}

static void the_table_is_as_documented(void **state)
{
	_cleanup_free_ char *text = nft("nft list table inet wardentest");

	(void)state;
	assert_non_null(strstr(text, "type filter hook prerouting priority raw; policy accept;"));
	assert_non_null(strstr(text, "ip saddr @exempt4 accept"));
	assert_non_null(strstr(text, "ip6 saddr @exempt6 accept"));
	assert_non_null(strstr(text, "ip saddr @ban4 counter packets 0 bytes 0 drop"));
	assert_non_null(strstr(text, "ip6 saddr @net6 counter packets 0 bytes 0 drop"));
	assert_non_null(strstr(text, "198.51.100.0/24"));
	assert_non_null(strstr(text, "127.0.0.0/8"));
	assert_non_null(strstr(text, "2001:db8:e::/48"));
	assert_non_null(strstr(text, "size 20000"));
	assert_non_null(strstr(text, "meta l4proto @transports th dport @ports jump witness"));
	assert_non_null(strstr(text, "elements = { 5060, 5061, 8021 }"));
	assert_non_null(strstr(text, "update @seen4 { ip saddr timeout 2s } return"));
	assert_non_null(strstr(text, "update @seen6 { ip6 saddr & ffff:ffff:ffff:ffff:: timeout 2s } return"));
	assert_non_null(strstr(text, "update @missed { meta nfproto timeout 2s }"));
	assert_non_null(strstr(text, "ip saddr . udp sport @port4 counter packets 0 bytes 0 drop"));
	assert_non_null(strstr(text, "type filter hook postrouting priority raw; policy accept;"));
	assert_non_null(strstr(text, "update @called4 { ip daddr timeout 1d }"));
	assert_true(strstr(text, "jump witness") < strstr(text, "@exempt4 accept"));
	assert_true(strstr(text, "@exempt6 accept") < strstr(text, "@ban4 counter"));
	assert_null(strstr(text, "chain paused"));
}

static void who_has_sent_is_seen_and_nobody_else(void **state)
{
	struct world *w = *state;

	let_it_age();
	assert_int_equal(ask(w, "127.0.0.9"), WITNESS_UNSEEN);
	assert_int_equal(ask(w, "2001:db8:1::5"), WITNESS_UNSEEN);
	send_from("127.0.0.9", 5061);
	send_from("127.0.0.10", 5062); /* not watched */
	send_from("2001:db8:1::5", 8021);
	assert_int_equal(ask(w, "127.0.0.9"), WITNESS_SEEN);
	assert_int_equal(ask(w, "127.0.0.10"), WITNESS_UNSEEN);
	assert_int_equal(ask(w, "2001:db8:1::5"), WITNESS_SEEN);
	assert_int_equal(ask(w, "2001:db8:1::77"), WITNESS_SEEN); /* of one network */
	assert_int_equal(ask(w, "2001:db8:1::/64"), WITNESS_SEEN);
	assert_int_equal(ask(w, "2001:db8:1:1::5"), WITNESS_UNSEEN);
	/* What the sets cannot tell. */
	assert_int_equal(ask(w, "127.0.0.0/24"), WITNESS_SILENT);
	assert_int_equal(ask(w, "2001:db8:1::/48"), WITNESS_SILENT);
	let_it_age();
	assert_int_equal(ask(w, "127.0.0.9"), WITNESS_UNSEEN);
}

static void a_fresh_witness_is_silent(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *flushed = NULL;

	assert_int_equal(ask(w, "127.0.0.9"), WITNESS_SILENT);
	send_from("127.0.0.9", 5060);
	assert_int_equal(ask(w, "127.0.0.9"), WITNESS_SEEN);
	let_it_age();
	assert_int_equal(ask(w, "127.0.0.9"), WITNESS_UNSEEN);
	/* Forgotten by somebody else's hand: not held against anybody. */
	send_from("127.0.0.9", 5060);
	flushed = nft("nft flush set inet wardentest seen4");
	assert_int_equal(ask(w, "127.0.0.9"), WITNESS_SILENT);
	wait_for(w, &w->lost, 1);
	assert_int_equal(ask(w, "127.0.0.9"), WITNESS_SILENT);
}

static void a_full_set_is_silent_for_its_family_only(void **state)
{
	struct world *w = *state;
	unsigned i;

	let_it_age();
	for (i = 1; i <= 5; i++) {
		char text[ADDR_TEXT_MAX];

		snprintf(text, sizeof(text), "127.0.1.%u", i);
		send_from(text, 5060);
	}
	assert_int_equal(ask(w, "127.0.1.1"), WITNESS_SEEN);
	assert_int_equal(ask(w, "127.0.1.5"), WITNESS_SILENT);
	assert_int_equal(ask(w, "127.0.0.9"), WITNESS_SILENT);
	assert_int_equal(ask(w, "2001:db8:1::5"), WITNESS_UNSEEN);
	/* And when all that filled it has run out, it speaks again. */
	sleep(4);
	assert_int_equal(ask(w, "127.0.1.5"), WITNESS_UNSEEN);
}

static void questions_are_answered_once_each_in_their_order(void **state)
{
	struct world *w = *state;
	struct firewall_stats stats;
	_cleanup_free_ char *killed = NULL;
	char command[64];
	unsigned i;

	let_it_age();
	send_from("127.0.0.9", 5060);
	for (i = 0; i < 20; i++)
		ask_later(w, i % 2 ? "127.0.0.9" : "127.0.0.8");
	wait_for(w, &w->answers, 20);
	for (i = 0; i < 20; i++)
		assert_int_equal(w->answer[i], i % 2 ? WITNESS_SEEN : WITNESS_UNSEEN);
	/* A helper that dies over them. */
	firewall_stats(w->fw, &stats);
	snprintf(command, sizeof(command), "pkill -STOP -P %d", stats.helper_pid);
	killed = nft(command);
	for (i = 0; i < 20; i++)
		ask_later(w, "127.0.0.8");
	sd_event_run(w->loop, 100 * USEC_PER_MSEC);
	assert_int_equal(w->answers, 20);
	free(killed);
	snprintf(command, sizeof(command), "pkill -KILL -P %d", stats.helper_pid);
	killed = nft(command);
	wait_for(w, &w->ready, 2);
	/* What the dead one had not read, the next one answers, too: to nobody. */
	assert_int_equal(ask(w, "127.0.0.8"), WITNESS_SILENT);
	assert_int_equal(w->answers, 41);
	for (i = 20; i < 40; i++)
		assert_int_equal(w->answer[i], WITNESS_SILENT);
	for (i = 0; i < 20; i++)
		ask_later(w, "127.0.0.8");
	stop(w);
	assert_int_equal(w->answers, 61);
	start(w);
}

static void without_a_table_the_witness_is_silent(void **state)
{
	struct world *w = *state;

	let_it_age();
	assert_int_equal(firewall_flush(w->fw), 0);
	assert_int_equal(list(w), 0);
	assert_int_equal(ask(w, "127.0.0.9"), WITNESS_SILENT);
}

static void no_witness_is_silent(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *text = NULL;

	stop(w);
	w->cfg->witness = false;
	start(w);
	text = nft("nft list table inet wardentest");
	assert_null(strstr(text, "jump witness"));
	let_it_age();
	send_from("127.0.0.9", 5060);
	assert_int_equal(ask(w, "127.0.0.9"), WITNESS_SILENT);
}

static void another_witness_keeps_the_bans(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *text = NULL;

	ban(w, "192.0.2.5", 600 * USEC_PER_SEC);
	stop(w);
	w->cfg->witness_size = 5;
	start(w);
	text = nft("nft list table inet wardentest");
	assert_non_null(strstr(text, "size 5\n"));
	assert_int_equal(list(w), 1);
}

static bool is_paused(struct world *w)
{
	_cleanup_free_ char *text = nft("nft list table inet wardentest");
	struct firewall_stats stats;

	firewall_stats(w->fw, &stats);
	/* In the kernel and as we are told. */
	assert_int_equal(!strstr(text, "drop"), stats.paused);
	assert_int_equal(strstr(text, "chain paused") != NULL, stats.paused);
	assert_non_null(strstr(text, "@exempt4 accept"));
	assert_non_null(strstr(text, "jump witness"));
	return stats.paused;
}

static void paused_nothing_is_dropped_whatever_happens(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *done = NULL;
	struct firewall_stats stats;
	char command[64];

	ban(w, "192.0.2.5", 600 * USEC_PER_SEC);
	assert_int_equal(firewall_pause(w->fw, true), 0);
	ban(w, "192.0.2.6", 600 * USEC_PER_SEC);
	assert_true(is_paused(w));
	assert_int_equal(list(w), 2);
	assert_int_equal(firewall_reload(w->fw), 0);
	ban(w, "192.0.2.7", 600 * USEC_PER_SEC);
	assert_true(is_paused(w));
	done = nft("nft flush ruleset");
	wait_for(w, &w->lost, 1);
	assert_true(is_paused(w));
	firewall_stats(w->fw, &stats);
	snprintf(command, sizeof(command), "pkill -KILL -P %d", stats.helper_pid);
	free(done);
	done = nft(command);
	wait_for(w, &w->ready, 3);
	assert_true(is_paused(w));
	list(w);
	assert_true(is_paused(w));
	assert_int_equal(firewall_pause(w->fw, false), 0);
	list(w);
	assert_false(is_paused(w));
}

static void a_helper_comes_up_as_paused_as_the_table_was(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = NULL;

	assert_int_equal(firewall_pause(w->fw, true), 0);
	list(w);
	stop(w);
	before = nft("nft list table inet wardentest");
	assert_non_null(strstr(before, "chain paused"));
	assert_null(strstr(before, "drop"));
	/* This agent does not know of it: then bans are enforced. */
	start(w);
	list(w);
	assert_false(is_paused(w));
}

static void a_network_of_64_bits_is_one_element(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *text = NULL, *nets = NULL;

	ban(w, "2001:db8:5:6::/64", 600 * USEC_PER_SEC);
	ban(w, "2001:db8:5:6::", 600 * USEC_PER_SEC); /* its first host: another ban */
	ban(w, "2001:db8:5::/48", 600 * USEC_PER_SEC);
	assert_int_equal(list(w), 3);
	assert_true(listed(w, "2001:db8:5:6::/64") && listed(w, "2001:db8:5:6::") && listed(w, "2001:db8:5::/48"));
	text = nft("nft list table inet wardentest");
	assert_non_null(strstr(text, "ip6 saddr & ffff:ffff:ffff:ffff:: == @ban64 counter"));
	free(text);
	text = nft("nft list set inet wardentest ban64");
	assert_non_null(strstr(text, "2001:db8:5:6:: counter packets 0 bytes 0 timeout 10m"));
	nets = nft("nft list set inet wardentest net6");
	assert_null(strstr(nets, "5:6"));
	ban(w, "2001:db8:5:6::/64", 7200 * USEC_PER_SEC);
	free(text);
	text = nft("nft list set inet wardentest ban64");
	assert_non_null(strstr(text, "timeout 2h"));
	ban(w, "2001:db8:e:1::/64", 600 * USEC_PER_SEC); /* exempt */
	assert_int_equal(w->last_error, -EPERM);
	stop(w);
	start(w);
	list(w);
	assert_true(listed(w, "2001:db8:5:6::/64"));
	unban(w, "2001:db8:5:6::/64");
	unban(w, "2001:db8:5:6::");
	unban(w, "2001:db8:5::/48");
	assert_int_equal(list(w), 0);
}

static void many_networks_of_64_bits_are_banned_beside_hosts(void **state)
{
	struct world *w = *state;
	unsigned i, k;

	stop(w);
	w->cfg->max_bans = 20000;
	start(w);
	for (k = 0; k < 2; k++) {
		w->done = 0;
		for (i = 0; i < 20000; i++) {
			struct addr a = { AF_INET6, k ? 64 : 128, { 0x20, 1, 0xd, 0xb8, 0, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i }, 0 };

			assert_int_equal(firewall_ban(w->fw, &a, 600 * USEC_PER_SEC), 0);
		}
		wait_for(w, &w->done, 20000);
	}
	assert_int_equal(w->refused, 0);
	assert_int_equal(list(w), 40000);
}

/* The table of version 0.1.0 before the witness, with a ban of each kind. */
#define OLD_TABLE                                                                                         \
	"nft flush ruleset; nft 'table inet wardentest {\n"                                                  \
	"set exempt4 { type ipv4_addr; flags interval; }\n"                                                  \
	"set exempt6 { type ipv6_addr; flags interval; }\n"                                                  \
	"set ban4 { type ipv4_addr; size 20000; flags timeout; counter; elements = { 192.0.2.5 timeout 1h }; }\n"   \
	"set ban6 { type ipv6_addr; size 20000; flags timeout; counter; elements = { 2001:db8::5 timeout 1h }; }\n" \
	"set net4 { type ipv4_addr; flags interval,timeout; counter; elements = { 203.0.113.0/24 timeout 1h }; }\n" \
	"set net6 { type ipv6_addr; flags interval,timeout; counter; elements = { 2001:db8:5:6::/64 timeout 1h }; }\n" \
	"chain prerouting {\n type filter hook prerouting priority raw;\n ip saddr @exempt4 accept\n"        \
	"ip saddr @ban4 counter drop\n}\n}'"

/* Where ban4 counts nothing. */
static void another_shape_of_table_is_replaced_with_its_bans(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *old = NULL, *text = NULL;

	stop(w);
	old = nft("nft flush ruleset; nft 'table inet wardentest {\n"
		  "set ban4 { type ipv4_addr; flags timeout; elements = { 192.0.2.5 timeout 1h, 192.0.2.6 }; }\n"
		  "set net4 { type ipv4_addr; flags interval,timeout; elements = { 203.0.113.0/24 timeout 1h }; }\n}'");
	start(w);
	assert_int_equal(list(w), 3);
	assert_true(listed(w, "192.0.2.5") && listed(w, "192.0.2.6") && listed(w, "203.0.113.0/24"));
	text = nft("nft list set inet wardentest ban4");
	assert_non_null(strstr(text, "192.0.2.5 counter packets 0 bytes 0 timeout"));
	/* And one whose chain is elsewhere. */
	stop(w);
	free(old);
	old = nft("nft delete chain inet wardentest prerouting; nft 'add chain inet wardentest prerouting "
		  "{ type filter hook input priority 0; }'");
	start(w);
	assert_int_equal(list(w), 3);
	free(text);
	text = nft("nft list table inet wardentest");
	assert_non_null(strstr(text, "type filter hook prerouting priority raw"));
}

static void an_older_table_keeps_its_bans(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *old = NULL, *text = NULL, *nets = NULL;

	stop(w);
	old = nft(OLD_TABLE);
	start(w);
	assert_int_equal(list(w), 4);
	text = nft("nft list table inet wardentest");
	assert_non_null(strstr(text, "192.0.2.5 counter packets 0 bytes 0 timeout 1h"));
	assert_non_null(strstr(text, "jump witness"));
	assert_non_null(strstr(text, "@ban64 counter"));
	/* As the agent tells it again, it moves to its new set. */
	ban(w, "2001:db8:5:6::/64", 600 * USEC_PER_SEC);
	assert_int_equal(list(w), 4);
	nets = nft("nft list set inet wardentest net6");
	assert_null(strstr(nets, "5:6"));
	unban(w, "2001:db8:5:6::/64");
	assert_int_equal(list(w), 3);
}

static void whom_this_host_sends_requests_to_is_called(void **state)
{
	struct world *w = *state;
	_cleanup_close_ int sip = open_at("127.0.0.20", 5060), other = open_at("127.0.0.20", 5099);

	/* Everybody has sent: else nothing is said of them. */
	send_from("127.0.0.21", 5060);
	send_from("127.0.0.22", 5060);
	send_from("127.0.0.23", 5060);
	send_text(sip, "127.0.0.21", 5070, "SIP/2.0 401 Unauthorized\r\n");
	send_text(sip, "127.0.0.21", 5070, "\r\n\r\n\r\n\r\n\r\n");
	send_text(sip, "127.0.0.21", 5070, "OPT");
	send_text(other, "127.0.0.22", 5070, "OPTIONS sip:x SIP/2.0\r\n");
	assert_int_equal(ask(w, "127.0.0.21"), WITNESS_SEEN);
	assert_int_equal(ask(w, "127.0.0.22"), WITNESS_SEEN);
	send_text(sip, "127.0.0.23", 5070, "OPTIONS sip:x SIP/2.0\r\n");
	assert_int_equal(ask(w, "127.0.0.23"), WITNESS_CALLED);
	/* And yet a line about one who has sent nothing is forged. */
	let_it_age();
	assert_int_equal(ask(w, "127.0.0.23"), WITNESS_UNSEEN);
}

static bool hears(int fd)
{
	char buf[16];

	return recv(fd, buf, sizeof(buf), 0) > 0;
}

static void a_port_is_banned_and_the_others_are_not(void **state)
{
	_cleanup_close_ int server = open_at("127.0.0.30", 5060), guesser = open_at("127.0.0.31", 40001),
			    phone = open_at("127.0.0.31", 40002);
	_cleanup_free_ char *text = NULL;

	(void)state;
	/* Loopback is exempt, and may not be banned: this one place the test writes itself. */
	free(nft("nft flush set inet wardentest exempt4"));
	free(nft("nft add element inet wardentest port4 '{ 127.0.0.31 . 40001 timeout 1m }'"));
	send_text(guesser, "127.0.0.30", 5060, "a");
	assert_false(hears(server));
	send_text(phone, "127.0.0.30", 5060, "b");
	assert_true(hears(server));
	text = nft("nft list set inet wardentest port4");
	assert_non_null(strstr(text, "127.0.0.31 . 40001 counter packets 1 "));
}

static void bans_of_ports_reach_the_kernel(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *text = NULL;

	ban(w, "192.0.2.5:40001", 600 * USEC_PER_SEC);
	ban(w, "192.0.2.5:40002", 600 * USEC_PER_SEC);
	ban(w, "192.0.2.5:40002", 7200 * USEC_PER_SEC);
	ban(w, "192.0.2.6", 600 * USEC_PER_SEC);
	assert_int_equal(w->refused, 0);
	text = nft("nft list set inet wardentest port4");
	assert_non_null(strstr(text, "192.0.2.5 . 40001 counter packets 0 bytes 0 timeout 10m"));
	assert_non_null(strstr(text, "192.0.2.5 . 40002 counter packets 0 bytes 0 timeout 2h"));
	assert_int_equal(list(w), 3);
	assert_true(listed(w, "192.0.2.5:40001") && listed(w, "192.0.2.5:40002") && listed(w, "192.0.2.6"));
	unban(w, "192.0.2.5:40001");
	assert_int_equal(list(w), 2);
	/* No port of the exempt. */
	ban(w, "198.51.100.9:40001", USEC_PER_SEC);
	assert_int_equal(w->refused, 1);
	assert_int_equal(w->last_error, -EPERM);
}

static void bans_and_lifts_reach_the_kernel(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *before = NULL, *after = NULL;

	ban(w, "192.0.2.5", 600 * USEC_PER_SEC);
	ban(w, "2001:db8::5", USEC_INFINITY);
	assert_int_equal(w->refused, 0);
	assert_int_equal(list(w), 2);
	assert_true(listed(w, "192.0.2.5") && listed(w, "2001:db8::5"));
	before = nft("nft list set inet wardentest ban4");
	assert_non_null(strstr(before, "192.0.2.5 counter packets 0 bytes 0 timeout 10m"));
	/* A longer ban in place of the first. */
	ban(w, "192.0.2.5", 7200 * USEC_PER_SEC);
	after = nft("nft list set inet wardentest ban4");
	assert_non_null(strstr(after, "192.0.2.5 counter packets 0 bytes 0 timeout 2h"));
	unban(w, "192.0.2.5");
	unban(w, "2001:db8::5");
	unban(w, "192.0.2.99"); /* not there: no error for anybody */
	assert_int_equal(list(w), 0);
	assert_int_equal(w->refused, 0);
}

static void exempt_and_impossible_sources_are_refused_by_the_helper(void **state)
{
	struct world *w = *state;
	struct addr extra = addr("192.0.2.128/25");

	ban(w, "198.51.100.7", 60 * USEC_PER_SEC);
	assert_int_equal(w->last_error, -EPERM);
	ban(w, "198.51.0.0/16", 60 * USEC_PER_SEC);
	assert_int_equal(w->last_error, -EPERM);
	ban(w, "224.0.0.1", 60 * USEC_PER_SEC);
	assert_int_equal(w->last_error, -EINVAL);
	assert_int_equal(w->refused, 3);
	w->refused = 0;
	firewall_exempt(w->fw, &extra, true);
	ban(w, "192.0.2.130", 60 * USEC_PER_SEC);
	assert_int_equal(w->refused, 1);
	firewall_exempt(w->fw, &extra, false);
	ban(w, "192.0.2.130", 60 * USEC_PER_SEC);
	assert_int_equal(w->refused, 1);
	assert_int_equal(list(w), 1);
}

static void prefixes_may_lie_within_each_other(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *text = NULL;

	ban(w, "203.0.113.0/24", 600 * USEC_PER_SEC);
	ban(w, "203.0.113.64/26", 7200 * USEC_PER_SEC);
	ban(w, "203.0.0.0/16", 60 * USEC_PER_SEC);
	ban(w, "2001:db8:1::/48", 60 * USEC_PER_SEC);
	assert_int_equal(w->refused, 0);
	assert_int_equal(list(w), 4);
	text = nft("nft list set inet wardentest net4");
	assert_non_null(strstr(text, "203.0.113.64/26 counter packets 0 bytes 0 timeout 2h"));
	unban(w, "203.0.113.0/24");
	unban(w, "203.0.0.0/16");
	assert_int_equal(list(w), 2);
	assert_true(listed(w, "203.0.113.64/26"));
	unban(w, "203.0.113.64/26");
	unban(w, "2001:db8:1::/48");
	assert_int_equal(list(w), 0);
}

static void thousands_go_in_batches_and_a_full_set_refuses_the_rest(void **state)
{
	struct world *w = *state;
	unsigned i;

	for (i = 0; i < 20500; i++) {
		struct addr a = { AF_INET, 32, { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i }, 0 };

		assert_int_equal(firewall_ban(w->fw, &a, 600 * USEC_PER_SEC), 0);
	}
	wait_for(w, &w->done, 20500);
	assert_int_equal(w->refused, 500);
	assert_int_equal(w->last_error, -ENFILE);
	assert_int_equal(list(w), 20000);
}

static void a_restart_keeps_what_is_in_the_kernel(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *text = NULL;

	ban(w, "192.0.2.5", 600 * USEC_PER_SEC);
	ban(w, "203.0.113.0/24", 600 * USEC_PER_SEC);
	ban(w, "203.0.113.16/28", 900 * USEC_PER_SEC);
	stop(w);
	text = nft("nft list table inet wardentest");
	assert_non_null(strstr(text, "192.0.2.5 counter packets 0 bytes 0 timeout 10m"));
	start(w);
	list(w);
	assert_true(listed(w, "192.0.2.5"));
	assert_true(listed(w, "203.0.113.16/28"));
	/* The wide one comes back in pieces, until it is asked for again. */
	ban(w, "203.0.113.0/24", 600 * USEC_PER_SEC);
	ban(w, "203.0.113.16/28", 900 * USEC_PER_SEC);
	assert_int_equal(list(w), 3);
	unban(w, "203.0.113.0/24");
	unban(w, "203.0.113.16/28");
	assert_int_equal(list(w), 1);
}

static void a_flushed_ruleset_comes_back(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *flushed = nft("nft flush ruleset"), *text = NULL;

	wait_for(w, &w->lost, 1);
	text = nft("nft list table inet wardentest");
	assert_non_null(strstr(text, "ip saddr @exempt4 accept"));
	ban(w, "192.0.2.5", 600 * USEC_PER_SEC);
	assert_int_equal(list(w), 1);
	/* One element taken away by hand is noticed, too. */
	free(flushed);
	flushed = nft("nft delete element inet wardentest ban4 '{ 192.0.2.5 }'");
	wait_for(w, &w->lost, 2);
}

static void a_killed_helper_is_started_again(void **state)
{
	struct world *w = *state;
	char command[64];
	struct firewall_stats stats;
	_cleanup_free_ char *killed = NULL;

	ban(w, "192.0.2.5", 600 * USEC_PER_SEC);
	firewall_stats(w->fw, &stats);
	snprintf(command, sizeof(command), "pkill -KILL -P %d", stats.helper_pid);
	killed = nft(command);
	wait_for(w, &w->ready, 2);
	assert_int_equal(list(w), 1);
}

static void flush_removes_the_table_until_reload(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *text = NULL;

	ban(w, "192.0.2.5", 600 * USEC_PER_SEC);
	assert_int_equal(firewall_flush(w->fw), 0);
	ban(w, "192.0.2.6", 600 * USEC_PER_SEC);
	assert_int_equal(w->last_error, -ESHUTDOWN);
	text = nft("nft list tables");
	assert_null(strstr(text, "wardentest"));
}

static void another_size_keeps_the_bans(void **state)
{
	struct world *w = *state;
	_cleanup_free_ char *text = NULL;

	ban(w, "192.0.2.5", 600 * USEC_PER_SEC);
	ban(w, "2001:db8:5:6::/64", 600 * USEC_PER_SEC);
	ban(w, "203.0.113.0/24", 600 * USEC_PER_SEC);
	stop(w);
	w->cfg->max_bans = 30000;
	start(w);
	text = nft("nft list set inet wardentest ban4");
	assert_non_null(strstr(text, "size 30000"));
	/* What was in it, before the agent says it again. */
	assert_int_equal(list(w), 3);
	assert_true(listed(w, "203.0.113.0/24"));
}

static struct addr numbered(unsigned i)
{
	return (struct addr){ .family = AF_INET, .len = 32, .bytes = { 10, 0, (uint8_t)(i >> 8), (uint8_t)i } };
}

/* All before it were restored, or not yet. */
static void note_order(void *userdata, const struct addr *done, bool banned, int error)
{
	struct world *w = userdata;
	const struct addr new = addr("192.0.2.5");

	on_done(userdata, done, banned, error);
	if (addr_equal(done, &new))
		w->new_after = w->done;
}

static void a_new_ban_does_not_wait_for_those_that_are_restored(void **state)
{
	struct world *w = *state;
	const struct addr new = addr("192.0.2.5");
	unsigned i;

	w->left = 600 * USEC_PER_SEC;
	w->lifted = numbered(19000);
	w->observer = note_order;
	wait_for(w, &w->restored, 1);
	for (i = 0; i < 19500; i++) {
		struct addr a = numbered(i);

		assert_int_equal(firewall_restore(w->fw, &a), 0);
	}
	/* Some are on their way. */
	wait_for(w, &w->done, 1);
	i = w->done;
	assert_int_equal(firewall_ban(w->fw, &new, 600 * USEC_PER_SEC), 0);
	wait_for(w, &w->restored, 2);
	assert_int_equal(w->refused, 0);
	/* Behind at most what was sent already: four packets of 500, and the answer at hand. */
	assert_in_range(w->new_after, 1, i + 2501);
	/* All but the one that was lifted meanwhile. */
	assert_int_equal(w->done, 19500);
	assert_int_equal(list(w), 19500);
}

static void to_be_restored_again_changes_nothing(void **state)
{
	struct world *w = *state;
	struct addr a = addr("192.0.2.5");

	w->left = 60 * USEC_PER_SEC;
	ban(w, "192.0.2.5", 600 * USEC_PER_SEC);
	assert_int_equal(firewall_restore(w->fw, &a), 0);
	wait_for(w, &w->restored, 2);
	assert_int_equal(w->refused, 0);
	assert_int_equal(list(w), 1);
}

static void count_elements(void *userdata, const struct firewall_element *e)
{
	struct world *w = userdata;

	(void)e;
	w->listed++;
}

/* The kernel takes long to tell of many. */
static void a_ban_does_not_wait_for_a_list(void **state)
{
	struct world *w = *state;
	const struct addr new = addr("192.0.2.5");
	unsigned i;

	for (i = 0; i < 19500; i++) {
		struct addr a = numbered(i);

		assert_int_equal(firewall_ban(w->fw, &a, 600 * USEC_PER_SEC), 0);
	}
	wait_for(w, &w->done, 19500);
	assert_int_equal(firewall_list(w->fw, count_elements, on_end, w), 0);
	assert_int_equal(firewall_list(w->fw, count_elements, NULL, w), 0);
	wait_for(w, &w->listed, 1);
	assert_int_equal(firewall_ban(w->fw, &new, 600 * USEC_PER_SEC), 0);
	wait_for(w, &w->done, 19501);
	assert_false(w->list_ended);
	/* Both come to their end. */
	wait_for(w, &w->listed, 39000);
	assert_true(w->list_ended);
	assert_int_equal(w->list_error, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_table_is_as_documented),
		TEST(whom_this_host_sends_requests_to_is_called),
		TEST(a_port_is_banned_and_the_others_are_not),
		TEST(bans_of_ports_reach_the_kernel),
		TEST(bans_and_lifts_reach_the_kernel),
		TEST(exempt_and_impossible_sources_are_refused_by_the_helper),
		TEST(prefixes_may_lie_within_each_other),
		TEST(thousands_go_in_batches_and_a_full_set_refuses_the_rest),
		TEST(a_restart_keeps_what_is_in_the_kernel),
		TEST(a_flushed_ruleset_comes_back),
		TEST(a_killed_helper_is_started_again),
		TEST(flush_removes_the_table_until_reload),
		TEST(a_new_ban_does_not_wait_for_those_that_are_restored),
		TEST(to_be_restored_again_changes_nothing),
		TEST(a_ban_does_not_wait_for_a_list),
		TEST(another_size_keeps_the_bans),
		TEST(another_shape_of_table_is_replaced_with_its_bans),
		TEST(an_older_table_keeps_its_bans),
		TEST(who_has_sent_is_seen_and_nobody_else),
		TEST(a_fresh_witness_is_silent),
		TEST(a_full_set_is_silent_for_its_family_only),
		TEST(questions_are_answered_once_each_in_their_order),
		TEST(without_a_table_the_witness_is_silent),
		TEST(no_witness_is_silent),
		TEST(another_witness_keeps_the_bans),
		TEST(paused_nothing_is_dropped_whatever_happens),
		TEST(a_helper_comes_up_as_paused_as_the_table_was),
		TEST(a_network_of_64_bits_is_one_element),
		TEST(many_networks_of_64_bits_are_banned_beside_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
