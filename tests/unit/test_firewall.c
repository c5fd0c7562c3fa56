/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bans, from the agent's side to the kernel and back. */
#include "firewall_world.h"

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

/* As many as the config may hold, in the order in which they are worst to sort. */
static void exempt_many(struct config *cfg)
{
	uint32_t i;

	cfg->exempt = reallocarray(cfg->exempt, EXEMPT_MAX, sizeof(*cfg->exempt));
	assert_non_null(cfg->exempt);
	for (i = 0; cfg->n_exempt < EXEMPT_MAX; i++) {
		struct addr *a = &cfg->exempt[cfg->n_exempt++];

		*a = addr("10.0.0.0");
		a->bytes[1] = (uint8_t)(255 - (i >> 15));
		a->bytes[2] = (uint8_t)(255 - (i >> 7));
		a->bytes[3] = (uint8_t)(254 - 2 * i);
	}
}

static void as_many_are_exempt_as_the_config_may_name(void **state)
{
	struct world *w = *state;
	char last[ADDR_TEXT_MAX], command[160], *text;

	stop(w);
	exempt_many(w->cfg);
	start(w);
	ban(w, "10.255.255.254", 60 * USEC_PER_SEC);
	assert_int_equal(w->last_error, -EPERM);
	assert_int_equal(w->refused, 1);
	/* The first and the last of them are in the kernel. */
	addr_format(&w->cfg->exempt[EXEMPT_MAX - 1], last);
	snprintf(command, sizeof(command), "nft get element inet wardentest exempt4 '{ 10.255.255.254, %s }'", last);
	text = nft(command);
	assert_non_null(strstr(text, "10.255.255.254"));
	assert_non_null(strstr(text, last));
	free(text);
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
		TEST(a_port_is_banned_and_the_others_are_not),
		TEST(bans_of_ports_reach_the_kernel),
		TEST(bans_and_lifts_reach_the_kernel),
		TEST(as_many_are_exempt_as_the_config_may_name),
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
		TEST(paused_nothing_is_dropped_whatever_happens),
		TEST(a_helper_comes_up_as_paused_as_the_table_was),
		TEST(a_network_of_64_bits_is_one_element),
		TEST(many_networks_of_64_bits_are_banned_beside_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
