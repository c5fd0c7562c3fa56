/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What outlives a process: one that goes on from there decides as the one that never ended. */
#include "unit.h"

#include "base/changes.h"
#include "base/pack.h"
#include "base/text.h"
#include "decide/decide.h"
#include "detect/window.h"

#define SEC USEC_PER_SEC
#define MIN (60 * SEC)
#define START (1795000000 * SEC)
#define COMMITS_MAX 4096

/* A decider, and what it has put into the store. */
struct world {
	struct config *cfg;
	struct decider *d;
	struct pack commits[COMMITS_MAX];
	size_t first, n, round;
	char told[1 << 16]; /* every ban, lift and alert */
	size_t told_len;
	struct addr asked[64];
	size_t n_asked;
	unsigned prefixes; /* banned */
};

static void tell(struct world *w, const char *what, const struct addr *addr, const char *text, usec_t when)
{
	char shown[ADDR_TEXT_MAX] = "";

	if (addr->family)
		addr_format(addr, shown);
	w->told_len += (size_t)snprintf(w->told + w->told_len, sizeof(w->told) - w->told_len, "%s %s %s %llu\n", what, shown,
					text, (unsigned long long)when);
	assert_true(w->told_len < sizeof(w->told));
}

static void on_ban(void *userdata, struct ban *b)
{
	((struct world *)userdata)->prefixes += strcmp(b->rule, "prefix") == 0;
	tell(userdata, "ban", &b->addr, b->reason, b->end);
	tell(userdata, "for", &b->addr, b->evidence ? b->evidence : "-", b->count);
	tell(userdata, "as", &b->addr, b->accounts ? b->accounts : "-", b->proven);
}

static void on_lift(void *userdata, struct ban *b, enum lift_cause cause)
{
	tell(userdata, "lift", &b->addr, b->rule, cause);
}

static void on_alert(void *userdata, const struct alert *a)
{
	tell(userdata, "alert", &a->addr, a->text, a->kind);
}

static bool on_ask(void *userdata, const struct addr *addr)
{
	struct world *w = userdata;

	assert_true(w->n_asked < ELEMENTSOF(w->asked));
	w->asked[w->n_asked++] = *addr;
	return true;
}

static unsigned on_history(void *userdata, const struct addr *addr, usec_t since)
{
	(void)userdata;
	(void)addr;
	(void)since;
	return 0;
}

static const char config[] = "[prefixes]\noffenders = 3\n[accounts]\naddresses = 12\n"
			     "[brakes]\nbans_per_minute = 4\n[rule password-guessing]\nraise = 10.9.0.0/16 9\n";

static void open_world(struct world *w, const char *text)
{
	const struct decide_callbacks callbacks = { .ban = on_ban,
						    .lift = on_lift,
						    .alert = on_alert,
						    .ask = on_ask,
						    .history = on_history,
						    .userdata = w };
	struct diag diag = DIAG_INIT;

	memset(w, 0, sizeof(*w));
	config_load_text("test.conf", text, strlen(text), &diag, &w->cfg);
	if (!w->cfg)
		diag_print(&diag, stderr);
	diag_done(&diag);
	assert_non_null(w->cfg);
	assert_int_equal(decider_new(w->cfg, &callbacks, &w->d), 0);
	assert_int_equal(decider_keep_start(w->d), 0);
}

static void close_world(struct world *w)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		pack_done(&w->commits[i]);
	decider_free(w->d);
	config_free(w->cfg);
}

static void commit(struct world *w)
{
	struct pack *p = &w->commits[w->n];

	assert_true(w->n < COMMITS_MAX);
	assert_true(decider_keep_changed(w->d, p));
	if (decider_keep_sweep(w->d, p->len + 200, p)) {
		/* A round is over: what was before it is of no use any more. */
		w->first = w->round;
		w->round = w->n + 1;
	}
	w->n++;
}

static void copy_ban(void *userdata, struct ban *b)
{
	struct ban copy = *b;

	copy.rule = strdup(b->rule);
	copy.reason = strdup(b->reason);
	copy.evidence = NULL;
	copy.evidence_len = 0;
	copy.accounts = NULL;
	decider_restore(userdata, &copy);
}

static void restore(struct world *to, const struct world *from)
{
	size_t i;

	decider_each(from->d, copy_ban, to->d);
	for (i = from->first; i < from->n; i++) {
		struct unpack u = { from->commits[i].data, from->commits[i].data + from->commits[i].len };
		struct section s;

		while (unpack_section(&u, &s))
			assert_true(decider_keep_restore(to->d, &s, true));
		assert_true(u.at == u.end);
	}
	decider_keep_restored(to->d, 0);
}

/* Something of everything. */
static void happens(struct world *w, unsigned seed, unsigned i)
{
	static const enum event_class classes[] = { CLASS_AUTH_FAILURE, CLASS_AUTH_FAILURE, CLASS_UNKNOWN_USER, CLASS_AUTH_SUCCESS,
						    CLASS_SCANNER,	CLASS_CALL_ATTEMPT, CLASS_CALL_DENIED };
	/* Two lines are of one attempt. */
	const unsigned k = i / 2, r = (seed * 2654435761u + k * 40503u) ^ (k * k * 69069u + seed);
	/* An office with many phones is heard of more often. */
	const unsigned address = r % 6 == 0 ? 0 : r / 7 % 60;
	/* A network with somebody in it who logs in is never banned. */
	enum event_class class = classes[address > 19 && r % 7 == 3 ? 0 : r % ELEMENTSOF(classes)];
	char id[32], user[32], from[40], line[64];
	struct event e = { .class = class, .classes = CLASS_BIT(class), .filter = "pbx", .pattern = "test", .n_addrs = 1 };

	snprintf(id, sizeof(id), "call-%u", k);
	snprintf(user, sizeof(user), "%u", address % 20 < 4 ? 100 : 100 + r / 11 % 50);
	snprintf(line, sizeof(line), "line %u", i);
	if (address < 50)
		snprintf(from, sizeof(from), "%s.%u", address < 20 ? "198.51.100" : address < 30 ? "203.0.113" : "10.9.0",
			 address % 20 + 1);
	else
		snprintf(from, sizeof(from), "2001:db8:%x::%x", address, r % 50);
	e.pattern_index = (r / 13 + i) % 3;
	e.proven = r / 17 % 3 > 0;
	e.witnessed = r / 19 % 2 == 0;
	e.id = SPAN(id);
	e.user = SPAN(user);
	e.number = SPAN("0044123456");
	e.line = SPAN(line);
	e.time = START + i * 700 * USEC_PER_MSEC;
	e.addrs[0] = unit_addr(from);
	decider_expire(w->d, e.time);
	decider_event(w->d, &e, e.time);
	/* The kernel has seen most of them, and answers late. */
	if (i % 40 == 39)
		while (w->n_asked > 0)
			decider_answer(w->d, &w->asked[--w->n_asked], r % 6 ? WITNESS_SEEN : WITNESS_UNSEEN);
}

static void same_standing(const struct world *a, const struct world *b, usec_t now)
{
	unsigned i, k;

	for (i = 1; i < 17; i++) {
		struct explanation x, y;
		struct addr addr;
		char text[32];

		snprintf(text, sizeof(text), "198.51.100.%u", i);
		addr = unit_addr(text);
		assert_int_equal(decider_explain(a->d, &addr, now, &x), 0);
		assert_int_equal(decider_explain(b->d, &addr, now, &y), 0);
		assert_int_equal(x.n_rules, y.n_rules);
		for (k = 0; k < x.n_rules; k++) {
			assert_int_equal(x.rules[k].count, y.rules[k].count);
			assert_int_equal(x.rules[k].proven, y.rules[k].proven);
		}
		assert_int_equal(x.friend.successes, y.friend.successes);
		assert_int_equal(x.friend.accounts, y.friend.accounts);
		assert_int_equal(x.waiting, y.waiting);
		assert_int_equal(x.forgeries, y.forgeries);
		explanation_done(&x);
		explanation_done(&y);
	}
}

static void one_that_goes_on_decides_as_one_that_never_ended(void **state)
{
	static struct world a, b;
	unsigned seed, i, end;

	(void)state;
	for (seed = 1; seed <= 60; seed++) {
		struct decide_stats x, y;
		size_t told;

		open_world(&a, config);
		open_world(&b, config);
		end = seed * 37 % 900 + 20;
		for (i = 0; i < end; i++) {
			happens(&a, seed, i);
			if (i % (seed % 9 + 1) == 0)
				commit(&a);
		}
		commit(&a);
		restore(&b, &a);
		memcpy(b.asked, a.asked, sizeof(a.asked));
		b.n_asked = a.n_asked;
		told = a.told_len;
		same_standing(&a, &b, START + i * 700 * USEC_PER_MSEC);
		for (; i < end + 400; i++) {
			happens(&a, seed, i);
			happens(&b, seed, i);
		}
		assert_string_equal(a.told + told, b.told);
		decider_stats(a.d, &x);
		decider_stats(b.d, &y);
		assert_int_equal(x.events, y.events);
		assert_int_equal(x.attempts, y.attempts);
		assert_int_equal(x.bans, y.bans);
		assert_int_equal(x.braked, y.braked);
		assert_int_equal(x.alerts, y.alerts);
		assert_int_equal(x.forged, y.forged);
		close_world(&a);
		close_world(&b);
	}
}

/* The test above would say the same if nothing had ever happened. */
static void the_events_of_that_test_are_worth_something(void **state)
{
	static struct world w;
	struct decide_stats s;
	unsigned i;

	(void)state;
	open_world(&w, config);
	for (i = 0; i < 1500; i++)
		happens(&w, 7, i);
	decider_stats(w.d, &s);
	assert_true(s.bans > 10);
	assert_true(s.forged > 0);
	assert_true(s.alerts > 0);
	assert_true(s.spared > 0);
	assert_true(w.prefixes > 0);
	close_world(&w);
}

static void what_is_of_no_more_use_is_dropped(void **state)
{
	static struct world w;
	size_t i, bytes = 0;

	(void)state;
	open_world(&w, config);
	for (i = 0; i < 4000; i++) {
		happens(&w, 3, (unsigned)i);
		commit(&w);
	}
	for (i = w.first; i < w.n; i++)
		bytes += w.commits[i].len;
	assert_true(w.first > 0);
	/* The evidence takes most of it: 8192 lines at most. */
	assert_true(bytes < 4 * 4000 * 64);
	close_world(&w);
}

static void counts_of_another_rule_are_left_out(void **state)
{
	static struct world a, b;
	struct addr addr = unit_addr("10.9.0.13");
	struct explanation e;
	unsigned i;

	(void)state;
	open_world(&a, "");
	open_world(&b, "[brakes]\nbans_per_minute = 4\n[rule password-guessing]\nthreshold = 7\n");
	for (i = 0; i < 200; i++)
		happens(&a, 5, i);
	commit(&a);
	restore(&b, &a);
	assert_int_equal(decider_explain(b.d, &addr, START, &e), 0);
	for (i = 0; i < e.n_rules; i++)
		if (strcmp(e.rules[i].cfg->name, "password-guessing") == 0)
			assert_int_equal(e.rules[i].count, 0);
	explanation_done(&e);
	close_world(&a);
	close_world(&b);
}

/* Whatever is in the database, nothing is read beyond its end, and nothing breaks. */
static void nonsense_is_refused(void **state)
{
	static struct world a, b;
	unsigned i, flips;

	(void)state;
	open_world(&a, config);
	for (i = 0; i < 300; i++)
		happens(&a, 9, i);
	commit(&a);
	for (flips = 0; flips < 300; flips++) {
		struct pack *p = &a.commits[0];
		size_t at = flips * 7919u % p->len, len = flips % 3 ? p->len : at;
		uint8_t *copy = malloc(len + 1), was = p->data[at];
		struct unpack u;
		struct section s;

		open_world(&b, config);
		p->data[at] = (uint8_t)(flips * 31);
		memcpy(copy, p->data, len);
		u = (struct unpack){ copy, copy + len };
		while (unpack_section(&u, &s))
			decider_keep_restore(b.d, &s, true);
		decider_keep_restored(b.d, 0);
		for (i = 300; i < 330; i++) {
			happens(&b, 9, i);
			b.n_asked = 0;
		}
		p->data[at] = was;
		free(copy);
		close_world(&b);
	}
	close_world(&a);
}

static void more_changes_than_can_be_noted_ask_for_all(void **state)
{
	struct window_table *t, *u;
	struct pack p = { 0 };
	struct unpack records;
	struct addr key;
	size_t at = 0;
	unsigned i;

	(void)state;
	assert_int_equal(window_table_new(5, MIN, 1000, &t), 0);
	assert_int_equal(window_table_new(5, MIN, 1000, &u), 0);
	window_keep.start(t);
	for (i = 0; i < 100000; i++) {
		char text[32];

		snprintf(text, sizeof(text), "10.%u.%u.%u", i / 65536, i / 256 % 256, i % 256);
		key = unit_addr(text);
		window_note(t, &key, START + i);
	}
	assert_false(window_keep.changed(t, &p));
	assert_int_equal(p.len, 0);
	assert_true(window_keep.sweep(t, &at, SIZE_MAX, SIZE_MAX, &p));
	records = (struct unpack){ p.data, p.data + p.len };
	assert_true(window_keep.restore(u, &records));
	assert_int_equal(window_offenders(t), window_offenders(u));
	assert_int_equal(window_count(u, &key, START + i), 1);
	/* From here on changes are known again. */
	p.len = 0;
	window_note(t, &key, START + i);
	assert_true(window_keep.changed(t, &p));
	assert_true(p.len > 0);
	pack_done(&p);
	window_table_free(t);
	window_table_free(u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_goes_on_decides_as_one_that_never_ended),
		cmocka_unit_test(the_events_of_that_test_are_worth_something),
		cmocka_unit_test(what_is_of_no_more_use_is_dropped),
		cmocka_unit_test(counts_of_another_rule_are_left_out),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(more_changes_than_can_be_noted_ask_for_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
