/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What 'sipwarden status' says to people: at 3 a.m., the first lines must do. */
#include <stdio.h>
#include <string.h>

#include "facts.h"
#include "output.h"
#include "status.h"

#define SIZE_TEXT_MAX 24
#define NUMBER_TEXT_MAX 24

static long long fact(const json_t *facts, const char *key)
{
	return facts_number(facts, key);
}

/* "4.2 MB" */
static const char *format_size(long long bytes, char buf[static SIZE_TEXT_MAX])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	double n = (double)bytes;
	size_t i = 0;

	for (; n >= 1000 && i + 1 < sizeof(units) / sizeof(*units); i++)
		n /= 1000;
	snprintf(buf, SIZE_TEXT_MAX, i > 0 && n < 100 ? "%.1f %s" : "%.0f %s", n, units[i]);
	return buf;
}

/* How long ago, in whole seconds. */
static const char *format_ago(usec_t when, char buf[static TIMESPAN_TEXT_MAX])
{
	usec_t now = time_now();

	return timespan_format(now > when ? (now - when) / USEC_PER_SEC * USEC_PER_SEC : 0, buf);
}

/* The first lines */

static void print_mode(const json_t *facts)
{
	usec_t since = (usec_t)fact(facts, "paused");
	char when[TIME_TEXT_MAX], span[TIMESPAN_TEXT_MAX], reason[512];

	if (since) {
		printf("PAUSED since %s (%s): bans are not being enforced, nobody is kept out.\n",
		       time_format_local(since, when), format_ago(since, span));
		if (*facts_text(facts, "pause_reason"))
			printf("  reason     %s\n", output_safe(facts_text(facts, "pause_reason"), reason, sizeof(reason)));
		puts("  'sipwarden resume' ends this.\n");
	}
	if (fact(facts, "observe"))
		puts("OBSERVING ([sipwarden] mode = observe): bans are decided and told, only those by hand are enforced.\n");
}

static void print_verdict(const json_t *facts)
{
	const char *health = facts_text(facts, "health");

	if (strcmp(health, "unprotected") == 0)
		puts("NOT PROTECTED: bans, or new bans, are not enforced.");
	else if (strcmp(health, "degraded") == 0)
		puts("PROTECTED IN PART: bans are enforced, but not all is well.");
	else if (fact(facts, "observe"))
		puts("All is well.");
	else
		puts("PROTECTED: all is well.");
}

static void print_problems(const json_t *facts)
{
	const json_t *problems = json_object_get(facts, "problems"), *p;
	char safe[512];
	size_t i;

	json_array_foreach(problems, i, p)
	{
		printf("  %s %s\n", strcmp(facts_text(p, "severity"), "unprotected") == 0 ? "!!" : " !",
		       output_safe(facts_text(p, "text"), safe, sizeof(safe)));
		printf("     What to do: %s\n", output_safe(facts_text(p, "advice"), safe, sizeof(safe)));
	}
	putchar('\n');
}

/* The agent */

static void print_bans(const json_t *facts)
{
	long long observed = fact(facts, "bans_observed"), bans = fact(facts, "bans") - observed;

	printf("  bans       %lld %s, %lld so far", bans, fact(facts, "paused") ? "decided, NONE ENFORCED" : "in force",
	       fact(facts, "bans_total"));
	if (observed)
		printf("; %lld only observed", observed);
	if (fact(facts, "bans_unproven"))
		printf("; %lld unproven", fact(facts, "bans_unproven"));
	if (fact(facts, "bans_of_prefixes"))
		printf("; %lld of prefixes", fact(facts, "bans_of_prefixes"));
	putchar('\n');
}

static void print_firewall(const json_t *facts)
{
	const json_t *sets = json_object_get(facts, "sets"), *s;
	long long silent = fact(facts, "firewall_silent");
	char span[TIMESPAN_TEXT_MAX];
	size_t i;

	printf("  firewall   ");
	if (!fact(facts, "firewall_ready"))
		printf("NOT READY: new bans are not in force");
	else if (silent >= (long long)USEC_PER_SEC)
		printf("ready; last answer %s ago", timespan_format((usec_t)silent / USEC_PER_SEC * USEC_PER_SEC, span));
	else
		printf("ready");
	printf("; %lld waiting, %lld errors, %lld restarts, %lld restores\n", fact(facts, "firewall_pending"),
	       fact(facts, "firewall_errors"), fact(facts, "firewall_restarts"), fact(facts, "firewall_restores"));
	if (json_array_size(sets) > 0)
		printf("  kernel     ");
	json_array_foreach(sets, i, s)
	{
		/* Five a line. */
		printf("%s%s %lld", i == 0 ? "" : i % 5 == 0 ? ",\n             " : ", ", facts_text(s, "set"),
		       fact(s, "elements"));
		if (fact(s, "limit"))
			printf("/%lld", fact(s, "limit"));
	}
	if (json_array_size(sets) > 0)
		putchar('\n');
}

static void print_sip(const json_t *facts)
{
	printf("  SIP limits ");
	if (!fact(facts, "sip_firewall")) {
		puts("off: see 'sipwarden firewall plan'");
		return;
	}
	printf("%s; %lld packets passed, %lld dropped; %lld source%s too much now\n",
	       fact(facts, "sip_firewall_on") ? "on" : "NOT ON YET", fact(facts, "sip_firewall_passed"),
	       fact(facts, "sip_firewall_dropped"), fact(facts, "sip_firewall_limited"),
	       fact(facts, "sip_firewall_limited") == 1 ? " sends" : "s send");
}

static void print_store(const json_t *facts)
{
	usec_t committed = (usec_t)fact(facts, "database_committed"), failing = (usec_t)fact(facts, "database_failing");
	char size[SIZE_TEXT_MAX], span[TIMESPAN_TEXT_MAX], error[256];

	printf("  database   %s", format_size(fact(facts, "database_bytes"), size));
	if (committed)
		printf(", last written %s ago", format_ago(committed, span));
	if (failing)
		printf("; FAILING for %s: %s", format_ago(failing, span),
		       output_safe(facts_text(facts, "database_error"), error, sizeof(error)));
	else if (fact(facts, "database_errors"))
		printf("; %lld errors since start", fact(facts, "database_errors"));
	putchar('\n');
}

static void print_memory(const json_t *facts)
{
	char agent[SIZE_TEXT_MAX], helper[SIZE_TEXT_MAX];

	printf("  memory     agent %s", format_size(fact(facts, "agent_resident"), agent));
	if (fact(facts, "firewall_resident"))
		printf(", firewall helper %s", format_size(fact(facts, "firewall_resident"), helper));
	putchar('\n');
}

static void print_log(const json_t *facts)
{
	usec_t when = (usec_t)fact(facts, "last_problem_time");
	char local[TIME_TEXT_MAX], safe[600];

	if (!when)
		return;
	printf("  log        %lld errors and %lld warnings since start; the last, %s:\n             %s: %s\n",
	       fact(facts, "log_errors"), fact(facts, "log_warnings"), time_format_local(when, local),
	       facts_text(facts, "last_problem_level"),
	       output_safe(facts_text(facts, "last_problem"), safe, sizeof(safe)));
}

static void print_facts(const json_t *facts)
{
	char span[TIMESPAN_TEXT_MAX], local[TIME_TEXT_MAX], path[512];

	printf("sipwardend %s, running for %s, counting since %s\n", facts_text(facts, "version"),
	       format_ago((usec_t)fact(facts, "started"), span),
	       time_format_local((usec_t)fact(facts, "counted_since"), local));
	printf("  config     %s, read at %s\n", output_safe(facts_text(facts, "config"), path, sizeof(path)),
	       time_format_local((usec_t)fact(facts, "config_loaded"), local));
	print_bans(facts);
	printf("  attempts   %lld counted in %lld log lines; %lld offenders watched\n", fact(facts, "attempts"),
	       fact(facts, "events"), fact(facts, "offenders"));
	printf("  not counted: %lld from exempt sources, %lld crafted lines, %lld impossible sources\n",
	       fact(facts, "exempted"), fact(facts, "crafted"), fact(facts, "unbannable"));
	if (fact(facts, "attempts_wired"))
		printf("  proven     %lld attempts of friends, by their packets\n", fact(facts, "attempts_wired"));
	if (fact(facts, "exempt_names"))
		printf("  exempt     by %lld DNS names, %lld of which cannot be looked up\n", fact(facts, "exempt_names"),
		       fact(facts, "exempt_names_failing"));
	printf("  not banned: %lld forgeries, %lld times a friend, %lld by the brakes; %lld friends known, %lld decisions wait\n",
	       fact(facts, "forged"), fact(facts, "spared"), fact(facts, "braked"), fact(facts, "friends"),
	       fact(facts, "waiting"));
	print_firewall(facts);
	print_sip(facts);
	print_store(facts);
	print_memory(facts);
	if (fact(facts, "alerts"))
		printf("  alerts     %lld so far: see 'sipwarden alerts'\n", fact(facts, "alerts"));
	print_log(facts);
}

/* Inputs */

static void add_number(struct table *t, long long n)
{
	char text[NUMBER_TEXT_MAX];

	snprintf(text, sizeof(text), "%lld", n);
	output_table_add(t, text);
}

static void add_lag(struct table *t, const json_t *in)
{
	char text[TIMESPAN_TEXT_MAX], size[SIZE_TEXT_MAX];
	double lag = json_number_value(json_object_get(in, "lag_seconds"));

	if (strcmp(facts_text(in, "kind"), "journal") == 0)
		output_table_add(t, timespan_format((usec_t)(lag * 1000) * USEC_PER_MSEC, text));
	else
		output_table_add(t, format_size(fact(in, "lag_bytes"), size));
}

static void add_unread(struct table *t, const json_t *in)
{
	char text[3 * NUMBER_TEXT_MAX];

	snprintf(text, sizeof(text), "%lld/%lld/%lld", fact(in, "undated"), fact(in, "match_limit_hits"),
		 fact(in, "crafted"));
	output_table_add(t, text);
}

static void add_input(struct table *t, const json_t *in)
{
	usec_t last = (usec_t)fact(in, "last_line");
	char rate[NUMBER_TEXT_MAX], local[TIME_TEXT_MAX];

	output_table_add(t, facts_text(in, "name"));
	output_table_add(t, facts_text(in, "filter"));
	output_table_add(t, facts_text(in, "state"));
	add_lag(t, in);
	snprintf(rate, sizeof(rate), "%.1f", json_number_value(json_object_get(in, "lines_per_second")));
	output_table_add(t, rate);
	add_number(t, fact(in, "lines"));
	add_number(t, fact(in, "events"));
	add_unread(t, in);
	output_table_add(t, last ? time_format_local(last, local) : "never");
	output_table_add(t, facts_text(in, "last_error"));
}

static void print_inputs(const json_t *facts)
{
	static const char *const headers[] = { "INPUT",	 "FILTER", "STATE",		       "LAG",	    "LINES/S", "LINES",
					       "EVENTS", "UNDATED/LIMIT/CRAFTED", "LAST LINE", "PROBLEM", NULL };
	const json_t *inputs = json_object_get(facts, "inputs"), *in;
	struct table t;
	size_t i;

	output_table_begin(&t, headers);
	json_array_foreach(inputs, i, in)
		add_input(&t, in);
	output_table_print(&t);
}

void status_print(const json_t *facts)
{
	print_mode(facts);
	print_verdict(facts);
	print_problems(facts);
	print_facts(facts);
	putchar('\n');
	print_inputs(facts);
}
