/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The SIP firewall as a kernel takes it that refuses it. */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "firewall/nft.h"

static const uint16_t ports[] = { 5060 };

static void count(void *userdata, const struct nft_element *e)
{
	(void)e;
	++*(unsigned *)userdata;
}

static unsigned bans(struct nft *n)
{
	unsigned all = 0;

	assert_int_equal(nft_dump(n, NFT_BAN4, count, &all), 0);
	return all;
}

static struct nft *open_table(void)
{
	const struct nft_witness w = { .on = true, .size = 100, .span = USEC_PER_SEC, .called_span = USEC_PER_SEC, .ports = ports, .n_ports = 1 };
	struct nft *n = NULL;
	bool replaced;

	assert_int_equal(nft_open("wardensip", 1000, &n), 0);
	assert_int_equal(nft_set_witness(n, &w), 1);
	assert_int_equal(nft_setup(n, &replaced), 0);
	return n;
}

/* A ceiling of nothing: the kernel answers EINVAL, as one does that lacks an expression with ENOENT. */
static struct nft_sip *refused(void)
{
	const struct config_rate rate = { 10, 10 };
	struct nft_sip *sip = calloc(1, sizeof(*sip));
	struct config_sip *l = &sip->limits;

	sip->on = true;
	sip->udp[sip->n_udp++] = 5060;
	l->source = l->trusted = l->keepalive = l->connections = l->trusted_connections = rate;
	l->retried = l->known = l->called = l->new_connections = l->known_connections = rate;
	sip->limits.trusted_size = sip->limits.sources = sip->limits.greylist = 1000;
	return sip;
}

static void ban(struct nft *n)
{
	const struct addr a = { AF_INET, 32, { 192, 0, 2, 1 }, 0 };

	nft_begin(n);
	nft_add(n, NFT_BAN4, &a, USEC_INFINITY);
	assert_int_equal(nft_commit(n), 0);
}

static void what_is_refused_changes_nothing(void **state)
{
	struct nft_sip *sip = refused();
	struct nft *n = open_table();

	(void)state;
	ban(n);
	assert_true(nft_switch_sip(n, sip, true) < 0);
	assert_false(nft_sip_is_on(n));
	assert_false(nft_has_set(n, NFT_TRUSTED4));
	assert_int_equal(bans(n), 1);
	nft_delete(n);
	nft_close(n);
	free(sip);
}

static void bans_are_set_up_without_it(void **state)
{
	struct nft_sip *sip = refused();
	struct nft *n = open_table();
	bool replaced;

	(void)state;
	ban(n);
	assert_int_equal(nft_switch_sip(n, sip, false), 0); /* for the next setup */
	assert_int_equal(nft_setup(n, &replaced), 0);
	assert_false(nft_sip_is_on(n));
	assert_true(nft_take_sip_error(n) < 0);
	assert_int_equal(nft_take_sip_error(n), 0);
	assert_false(nft_has_set(n, NFT_TRUSTED4));
	assert_int_equal(bans(n), 1);
	/* Nor where there is no table yet. */
	assert_int_equal(nft_delete(n), 0);
	assert_int_equal(nft_switch_sip(n, sip, false), 0);
	assert_int_equal(nft_setup(n, &replaced), 0);
	assert_true(nft_take_sip_error(n) < 0);
	ban(n);
	assert_int_equal(bans(n), 1);
	nft_delete(n);
	nft_close(n);
	free(sip);
}

static void what_the_kernel_takes_is_on_for_the_next_to_open(void **state)
{
	struct nft_sip *sip = refused();
	struct nft *n = open_table(), *other = NULL;

	(void)state;
	sip->limits.new = sip->limits.known;
	assert_int_equal(nft_switch_sip(n, sip, true), 0);
	assert_int_equal(nft_open("wardensip", 1000, &other), 0);
	assert_true(nft_sip_is_on(other));
	nft_close(other);
	sip->on = false;
	assert_int_equal(nft_switch_sip(n, sip, true), 0);
	assert_false(nft_has_set(n, NFT_TRUSTED4));
	nft_delete(n);
	nft_close(n);
	free(sip);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_refused_changes_nothing),
		cmocka_unit_test(bans_are_set_up_without_it),
		cmocka_unit_test(what_the_kernel_takes_is_on_for_the_next_to_open),
	};

	if (unshare(CLONE_NEWNET) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
