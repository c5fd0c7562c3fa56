/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exemptions and the sources that give them. */
#include "unit.h"

#include <errno.h>

#include "decide/decide.h"
#include "decide/exempt.h"

static struct config *configure(const char *text)
{
	struct diag diag = DIAG_INIT;
	struct config *cfg = NULL;

	config_load_text("test.conf", text, strlen(text), &diag, &cfg);
	diag_done(&diag);
	assert_non_null(cfg);
	return cfg;
}

static bool is_exempt(const struct exempt_set *set, const char *text)
{
	struct addr a = unit_addr(text);

	return exempt_find(set, &a) != NULL;
}

static void set_source(struct exempt_set *set, const char *source, size_t n, const char *const *texts)
{
	struct addr addrs[8];
	size_t i;

	for (i = 0; i < n; i++)
		addrs[i] = unit_addr(texts[i]);
	assert_int_equal(exempt_set_source(set, source, addrs, n), 0);
}

#define GIVE(set, source, ...)                                                                       \
	set_source(set, source, sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *), \
		   (const char *const[]){ __VA_ARGS__ })

static void a_source_replaces_what_it_gave(void **state)
{
	struct exempt_set set;

	(void)state;
	assert_int_equal(exempt_init(&set), 0);
	GIVE(&set, "name:a", "192.0.2.1", "192.0.2.2");
	GIVE(&set, "name:a", "192.0.2.2", "2001:db8::3", "192.0.2.2");
	assert_false(is_exempt(&set, "192.0.2.1"));
	assert_true(is_exempt(&set, "192.0.2.2"));
	assert_true(is_exempt(&set, "2001:db8::3"));
	assert_true(is_exempt(&set, "192.0.2.0/24")); /* shares an address with it */
	set_source(&set, "name:a", 0, NULL);
	assert_false(is_exempt(&set, "192.0.2.2"));
	assert_null(set.sources);
	set_source(&set, "name:never", 0, NULL);
	assert_null(set.sources);
	exempt_done(&set);
}

static void an_address_stays_until_the_last_source_is_gone(void **state)
{
	struct config *cfg = configure("[exempt]\naddress = 192.0.2.1\n"), *none = configure("");
	struct addr a = unit_addr("192.0.2.1");
	struct exempt_set set;

	(void)state;
	assert_int_equal(exempt_init(&set), 0);
	GIVE(&set, "own", "192.0.2.1");
	GIVE(&set, "name:a", "192.0.2.1");
	assert_int_equal(exempt_add(&set, &a, "mine"), 0);
	assert_int_equal(exempt_add(&set, &a, "mine"), -EEXIST);
	assert_int_equal(exempt_configure(&set, cfg), 0);

	assert_int_equal(exempt_configure(&set, none), 0);
	assert_true(is_exempt(&set, "192.0.2.1"));
	assert_int_equal(exempt_remove(&set, &a), 0);
	assert_int_equal(exempt_remove(&set, &a), -EPERM); /* the others' */
	set_source(&set, "own", 0, NULL);
	assert_true(is_exempt(&set, "192.0.2.1"));
	set_source(&set, "name:a", 0, NULL);
	assert_false(is_exempt(&set, "192.0.2.1"));
	assert_int_equal(exempt_remove(&set, &a), -ENOENT);
	exempt_done(&set);
	config_free(cfg);
	config_free(none);
}

static void a_source_can_exempt_nothing_absurd(void **state)
{
	static const char *const absurd[] = { "0.0.0.0/0", "127.0.0.1", "224.0.0.1", "::", "fe80::1", "198.51.100.0/24" };
	struct exempt_set set;

	(void)state;
	assert_int_equal(exempt_init(&set), 0);
	set_source(&set, "name:liar", ELEMENTSOF(absurd), absurd);
	assert_null(set.sources);
	assert_false(is_exempt(&set, "198.51.100.7"));
	exempt_done(&set);
}

struct seen {
	unsigned n, config, admin, named;
};

static void on_each(void *userdata, const struct addr *addr, const char *source, const char *reason)
{
	struct seen *s = userdata;

	(void)addr;
	s->n++;
	s->config += strcmp(source, "config") == 0;
	s->admin += strcmp(source, "admin") == 0 && reason && strcmp(reason, "mine") == 0;
	s->named += strcmp(source, "name:a") == 0 && !reason;
}

static void each_source_is_told(void **state)
{
	struct config *cfg = configure("[exempt]\naddress = 192.0.2.1\n");
	struct addr a = unit_addr("192.0.2.2");
	struct seen seen = { 0 };
	struct exempt_set set;

	(void)state;
	assert_int_equal(exempt_init(&set), 0);
	assert_int_equal(exempt_configure(&set, cfg), 0);
	assert_int_equal(exempt_add(&set, &a, "mine"), 0);
	GIVE(&set, "name:a", "192.0.2.1", "192.0.2.2", "192.0.2.3");
	exempt_each(&set, on_each, &seen);
	assert_int_equal(seen.config, 3); /* and 127.0.0.0/8, ::1 */
	assert_int_equal(seen.admin, 1);
	assert_int_equal(seen.named, 3);
	assert_int_equal(seen.n, 7);
	exempt_done(&set);
	config_free(cfg);
}

struct lifts {
	unsigned n;
	enum lift_cause cause;
};

static void on_ban(void *userdata, struct ban *b)
{
	(void)userdata;
	(void)b;
}

static void on_lift(void *userdata, struct ban *b, enum lift_cause cause)
{
	struct lifts *l = userdata;

	(void)b;
	l->n++;
	l->cause = cause;
}

static void a_source_lifts_the_bans_it_covers_at_once(void **state)
{
	static const char *const banned[] = { "203.0.113.7", "203.0.113.0/24", "203.0.0.0/16", "203.0.113.8" };
	struct config *cfg = configure("");
	struct lifts lifts = { 0 };
	const struct decide_callbacks callbacks = { .ban = on_ban, .lift = on_lift, .userdata = &lifts };
	struct addr found, given = unit_addr("203.0.113.7"), loopback = unit_addr("127.0.0.1");
	struct decider *d;
	size_t i;

	(void)state;
	assert_int_equal(decider_new(cfg, &callbacks, &d), 0);
	for (i = 0; i < ELEMENTSOF(banned); i++) {
		struct addr a = unit_addr(banned[i]);

		assert_int_equal(decider_ban(d, &a, USEC_INFINITY, "", 1, &found), 0);
	}
	assert_int_equal(decider_exempt_source(d, "name:a", &loopback, 1), 0);
	assert_int_equal(lifts.n, 0);
	assert_int_equal(decider_exempt_source(d, "name:a", &given, 1), 0);
	assert_int_equal(lifts.n, 3); /* all but the neighbour */
	assert_int_equal(lifts.cause, LIFT_EXEMPT);
	assert_int_equal(decider_ban(d, &given, USEC_INFINITY, "", 1, &found), -EPERM);
	assert_int_equal(decider_exempt_source(d, "name:a", NULL, 0), 0);
	assert_int_equal(decider_ban(d, &given, USEC_INFINITY, "", 1, &found), 0);
	decider_free(d);
	config_free(cfg);
}

static void names_are_configured_each_once_and_bounded(void **state)
{
	struct config *cfg = configure("[exempt]\nname = SIP.Carrier.example sip.carrier.example.\nname = b.example\n");
	struct diag diag = DIAG_INIT;
	struct config *none = NULL;
	char text[8192] = "[exempt]\n", *end = text + strlen(text);
	unsigned i;

	(void)state;
	assert_string_equal(cfg->exempt_names[0], "sip.carrier.example");
	assert_string_equal(cfg->exempt_names[1], "b.example");
	assert_null(cfg->exempt_names[2]);
	assert_true(cfg->exempt_own);
	config_free(cfg);
	for (i = 0; i <= EXEMPT_NAMES_MAX; i++)
		end += sprintf(end, "name = n%u.example\n", i);
	assert_true(config_load_text("test.conf", text, strlen(text), &diag, &none) < 0);
	assert_true(unit_said(&diag, EXEMPT_NAMES_MAX + 2, "more than 256 names"));
	diag_done(&diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_replaces_what_it_gave),
		cmocka_unit_test(an_address_stays_until_the_last_source_is_gone),
		cmocka_unit_test(a_source_can_exempt_nothing_absurd),
		cmocka_unit_test(each_source_is_told),
		cmocka_unit_test(a_source_lifts_the_bans_it_covers_at_once),
		cmocka_unit_test(names_are_configured_each_once_and_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
