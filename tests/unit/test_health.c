/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong, how bad, and what a restart would mend; and how it is told to Prometheus. */
#include "unit.h"

#include "health/health.h"

#define SEC USEC_PER_SEC
#define NOW (100000 * SEC)

struct world {
	struct health health;
	struct health_input input[2];
	struct verdict verdict;
};

/* All is well. */
static struct world *world(void)
{
	static struct world w;

	w = (struct world){ 0 };
	w.health = (struct health){
		.now = NOW,
		.monotonic = NOW,
		.started = NOW - 500 * SEC,
		.loaded = NOW - 500 * SEC,
		.followed = NOW - 500 * SEC,
		.config_path = "/etc/sipwarden/sipwarden.conf",
		.pause_reason = "",
		.witness = true,
		.firewall = { .ready = true, .own = true, .last_answer = NOW - SEC },
		.inputs = w.input,
		.n_inputs = 2,
	};
	w.input[0] = (struct health_input){ .name = "asterisk", .filter = "asterisk", .where = "/var/log/asterisk/full" };
	w.input[1] = (struct health_input){ .name = "kamailio", .filter = "kamailio", .where = "the journal", .journal = true };
	w.input[0].input = w.input[1].input = (struct input_stats){ .open = 1, .looked = NOW - SEC };
	return &w;
}

static void judge(struct world *w)
{
	health_judge(&w->health, &w->verdict);
}

static bool has(const struct world *w, enum problem_code code)
{
	size_t i;

	for (i = 0; i < w->verdict.count; i++)
		if (w->verdict.problems[i].code == code)
			return *w->verdict.problems[i].text && *w->verdict.problems[i].advice;
	return false;
}

/* It is the only problem, and a bad one; does a restart of the agent mend it? */
static void only(struct world *w, enum problem_code code, enum severity severity, bool restart)
{
	judge(w);
	assert_int_equal(w->verdict.count, 1);
	assert_true(has(w, code));
	assert_int_equal(w->verdict.worst, severity);
	assert_int_equal(health_needs_restart(&w->health) != NULL, restart);
}

static void all_is_well(void **state)
{
	struct world *w = world();

	(void)state;
	judge(w);
	assert_int_equal(w->verdict.count, 0);
	assert_string_equal(health_word(w->verdict.worst), "ok");
	assert_null(health_needs_restart(&w->health));
	/* A log that is being read is not a problem, however much there is. */
	w->input[0].input.lag_bytes = 1000000000;
	judge(w);
	assert_int_equal(w->verdict.count, 0);
	assert_int_equal(w->input[0].state, INPUT_CATCHING_UP);
}

static void who_enforces_nothing_is_unprotected(void **state)
{
	struct world *w = world();

	(void)state;
	w->health.paused = NOW - 10 * SEC;
	only(w, PROBLEM_PAUSED, SEVERITY_UNPROTECTED, false);
	w = world();
	w->health.flushed = true;
	only(w, PROBLEM_FLUSHED, SEVERITY_UNPROTECTED, false);
}

static void a_helper_of_its_own_unit_never_costs_the_agent(void **state)
{
	struct world *w = world();
	struct firewall_stats *f = &w->health.firewall;

	(void)state;
	f->own = false;
	f->asked = f->last_answer = NOW - 3600 * SEC;
	only(w, PROBLEM_HELPER_SILENT, SEVERITY_UNPROTECTED, false);
	f->ready = false;
	f->asked = 0;
	f->down_since = NOW - 3600 * SEC;
	only(w, PROBLEM_HELPER_DOWN, SEVERITY_UNPROTECTED, false);
	f->gone = true;
	only(w, PROBLEM_HELPER_DOWN, SEVERITY_UNPROTECTED, false);
}

static void our_own_helper_is_given_time_and_one_that_ends_all_of_it(void **state)
{
	struct world *w = world();
	struct firewall_stats *f = &w->health.firewall;

	(void)state;
	f->asked = f->last_answer = NOW - HEALTH_HELPER_SILENT + 1;
	judge(w);
	assert_int_equal(w->verdict.count, 0);
	f->asked = f->last_answer = NOW - HEALTH_HELPER_STUCK + 1;
	only(w, PROBLEM_HELPER_SILENT, SEVERITY_UNPROTECTED, false);
	f->asked = f->last_answer = NOW - HEALTH_HELPER_STUCK;
	only(w, PROBLEM_HELPER_SILENT, SEVERITY_UNPROTECTED, true);
	/* It answers something, and works on. */
	f->last_answer = NOW - SEC;
	judge(w);
	assert_int_equal(w->verdict.count, 0);
	/* It ends again and again: so would that of the next agent. */
	f->ready = false;
	f->gone = true;
	f->asked = 0;
	f->down_since = NOW - 3600 * SEC;
	only(w, PROBLEM_HELPER_DOWN, SEVERITY_UNPROTECTED, false);
	/* It was started, and hangs. */
	f->gone = false;
	only(w, PROBLEM_HELPER_DOWN, SEVERITY_UNPROTECTED, true);
	/* What starts it has ended: at once. */
	f->gone = f->orphan = true;
	f->down_since = NOW - SEC;
	only(w, PROBLEM_HELPER_DOWN, SEVERITY_UNPROTECTED, true);
}

static void inputs_that_do_not_move_are_noticed(void **state)
{
	struct world *w = world();
	struct input_stats *s = &w->input[0].input;

	(void)state;
	s->lag_bytes = 4096;
	s->stuck_since = NOW - HEALTH_INPUT_STUCK + 1;
	judge(w);
	assert_int_equal(w->verdict.count, 0);
	s->stuck_since = NOW - HEALTH_INPUT_STUCK;
	strcpy(s->last_error, "full: Input/output error");
	only(w, PROBLEM_INPUT_STUCK, SEVERITY_DEGRADED, false);
	assert_non_null(strstr(w->verdict.problems[0].text, "Input/output error"));
	w = world();
	w->input[0].input.open = 0;
	only(w, PROBLEM_INPUT_WAITING, SEVERITY_DEGRADED, false);
	w = world();
	strcpy(w->input[0].input.last_error, "full: Permission denied");
	only(w, PROBLEM_INPUT_FAILING, SEVERITY_DEGRADED, false);
	w = world();
	w->input[1].input.lag = HEALTH_INPUT_LATE;
	only(w, PROBLEM_INPUT_LATE, SEVERITY_DEGRADED, false);
	w = world();
	w->health.n_inputs = 0;
	only(w, PROBLEM_NO_INPUT, SEVERITY_DEGRADED, false);
}

static void a_reader_that_stopped_needs_a_restart(void **state)
{
	struct world *w = world();

	(void)state;
	w->input[1].input.looked = NOW - HEALTH_INPUT_ASLEEP;
	only(w, PROBLEM_INPUT_ASLEEP, SEVERITY_DEGRADED, true);
	/* One that was never there: since its config was loaded. */
	w->input[1].input.looked = 0;
	only(w, PROBLEM_INPUT_ASLEEP, SEVERITY_DEGRADED, true);
	w->health.followed = NOW - SEC;
	judge(w);
	assert_int_equal(w->verdict.count, 0);
}

static void sets_that_are_full_are_told(void **state)
{
	struct world *w = world();

	(void)state;
	w->health.firewall.sizes[KERNEL_BAN4] = (struct kernel_set_size){ true, 99, 100 };
	judge(w);
	assert_int_equal(w->verdict.count, 0);
	w->health.firewall.sizes[KERNEL_BAN4].count = 100;
	only(w, PROBLEM_SET_FULL, SEVERITY_DEGRADED, false);
	w = world();
	w->health.firewall.sizes[KERNEL_SEEN6] = (struct kernel_set_size){ true, 100, 100 };
	only(w, PROBLEM_WITNESS_FULL, SEVERITY_DEGRADED, false);
	w = world();
	w->health.firewall.sizes[KERNEL_CALLED4] = (struct kernel_set_size){ true, 100, 100 };
	only(w, PROBLEM_WITNESS_FULL, SEVERITY_DEGRADED, false);
	w->health.witness = false;
	judge(w);
	assert_int_equal(w->verdict.count, 0);
}

static void what_else_is_wrong_is_told(void **state)
{
	struct world *w = world();

	(void)state;
	w->health.store.failing_since = NOW - SEC;
	strcpy(w->health.store.last_error, "cannot be written: disk full");
	only(w, PROBLEM_DATABASE, SEVERITY_DEGRADED, false);
	w = world();
	w->health.reload_refused = NOW - SEC;
	only(w, PROBLEM_RELOAD, SEVERITY_DEGRADED, false);
	w = world();
	w->health.names = w->health.names_failing = 2;
	judge(w);
	assert_int_equal(w->verdict.count, 0);
	w->health.names_empty = 1;
	only(w, PROBLEM_NAMES, SEVERITY_DEGRADED, false);
	w = world();
	w->health.fraud = NOW - HEALTH_FRAUD_FRESH;
	judge(w);
	assert_int_equal(w->verdict.count, 0);
	w->health.fraud += SEC;
	only(w, PROBLEM_FRAUD, SEVERITY_DEGRADED, false);
	w = world();
	w->health.metrics_file = "/nowhere/x.prom";
	w->health.metrics_error = "No such file or directory";
	only(w, PROBLEM_METRICS, SEVERITY_DEGRADED, false);
}

static void the_worst_comes_first_and_text_is_data(void **state)
{
	struct world *w = world();

	(void)state;
	w->input[0].input.open = 0;
	strcpy(w->input[0].input.last_error, "\033[2Jfull: is not there");
	w->health.store.failing_since = NOW - SEC;
	w->health.paused = NOW - SEC;
	judge(w);
	assert_int_equal(w->verdict.count, 3);
	assert_int_equal(w->verdict.problems[0].code, PROBLEM_PAUSED);
	assert_int_equal(w->verdict.worst, SEVERITY_UNPROTECTED);
	assert_true(has(w, PROBLEM_DATABASE) && has(w, PROBLEM_INPUT_WAITING));
	assert_null(strchr(w->verdict.problems[2].text, '\033'));
}

static void more_problems_than_are_kept_leave_out_inputs(void **state)
{
	struct world *w = world();
	struct health_input inputs[100];
	size_t i;

	(void)state;
	for (i = 0; i < ELEMENTSOF(inputs); i++) {
		inputs[i] = w->input[0];
		inputs[i].input.open = 0;
	}
	w->health.inputs = inputs;
	w->health.n_inputs = ELEMENTSOF(inputs);
	w->health.flushed = true;
	judge(w);
	assert_int_equal(w->verdict.count, HEALTH_PROBLEMS_MAX);
	assert_int_equal(w->verdict.problems[0].code, PROBLEM_FLUSHED);
	/* Their states are set all the same. */
	assert_int_equal(inputs[99].state, INPUT_WAITING);
}

static void metrics_escape_labels_and_tell_whole_numbers_whole(void **state)
{
	struct world *w = world();
	char *text;

	(void)state;
	w->input[0].name = "a\"b\\c\nd";
	w->input[0].input.lines = 123456789012345;
	w->health.started = 1795510800 * SEC + 250000;
	judge(w);
	text = health_metrics(&w->health, &w->verdict);
	assert_non_null(text);
	assert_non_null(strstr(text, "\nsipwarden_input_lines_total{input=\"a\\\"b\\\\c\\nd\"} 123456789012345\n"));
	assert_non_null(strstr(text, "\nsipwarden_start_time_seconds 1795510800.250\n"));
	assert_non_null(strstr(text, "\nsipwarden_healthy 1\n"));
	assert_int_equal(text[strlen(text) - 1], '\n');
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_well),
		cmocka_unit_test(who_enforces_nothing_is_unprotected),
		cmocka_unit_test(a_helper_of_its_own_unit_never_costs_the_agent),
		cmocka_unit_test(our_own_helper_is_given_time_and_one_that_ends_all_of_it),
		cmocka_unit_test(inputs_that_do_not_move_are_noticed),
		cmocka_unit_test(a_reader_that_stopped_needs_a_restart),
		cmocka_unit_test(sets_that_are_full_are_told),
		cmocka_unit_test(what_else_is_wrong_is_told),
		cmocka_unit_test(the_worst_comes_first_and_text_is_data),
		cmocka_unit_test(more_problems_than_are_kept_leave_out_inputs),
		cmocka_unit_test(metrics_escape_labels_and_tell_whole_numbers_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
