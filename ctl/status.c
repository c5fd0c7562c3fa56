/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "control/bus.h"
#include "facts.h"
#include "output.h"
#include "usage.h"

static const char *const headers[] = { "INPUT", "FILTER", "OPEN", "LINES", "EVENTS", "LAG", "LAST LINE", "PROBLEM", NULL };

struct input_view {
	const char *name, *filter, *last_error;
	uint32_t open;
	uint64_t lines, bytes, events, crafted, cut, rotations, errors, lag, last_line;
};

static int read_input(sd_bus_message *m, struct input_view *i)
{
	return sd_bus_message_read(m, "(" BUS_INPUT ")", &i->name, &i->filter, &i->open, &i->lines, &i->bytes, &i->events,
				   &i->crafted, &i->cut, &i->rotations, &i->errors, &i->lag, &i->last_line,
				   &i->last_error);
}

static json_t *input_json(const struct input_view *i)
{
	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:s}", "name", i->name, "filter",
			 i->filter, "open", (json_int_t)i->open, "lines", (json_int_t)i->lines, "bytes",
			 (json_int_t)i->bytes, "events", (json_int_t)i->events, "crafted", (json_int_t)i->crafted, "cut",
			 (json_int_t)i->cut, "rotations", (json_int_t)i->rotations, "errors", (json_int_t)i->errors,
			 "lag_bytes", (json_int_t)i->lag, "last_line", output_time(i->last_line), "last_error",
			 i->last_error);
}

static void add_number(struct table *t, uint64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	output_table_add(t, text);
}

static void input_row(struct table *t, const struct input_view *i)
{
	char when[TIME_TEXT_MAX] = "never";

	output_table_add(t, i->name);
	output_table_add(t, i->filter);
	add_number(t, i->open);
	add_number(t, i->lines);
	add_number(t, i->events);
	add_number(t, i->lag);
	output_table_add(t, i->last_line ? time_format_local(i->last_line, when) : when);
	output_table_add(t, i->last_error);
}

static long long fact(const json_t *facts, const char *key)
{
	return facts_number(facts, key);
}

/* What nobody should overlook comes first. */
static void print_mode(const json_t *facts)
{
	usec_t now = time_now(), since = (usec_t)fact(facts, "paused");
	char when[TIME_TEXT_MAX], span[TIMESPAN_TEXT_MAX], reason[512];

	if (since) {
		printf("PAUSED since %s (%s): bans are not being enforced, nobody is kept out.\n",
		       time_format_local(since, when),
		       timespan_format(now > since ? (now - since) / USEC_PER_SEC * USEC_PER_SEC : 0, span));
		if (*facts_text(facts, "pause_reason"))
			printf("  reason     %s\n", output_safe(facts_text(facts, "pause_reason"), reason, sizeof(reason)));
		puts("  'sipwarden resume' ends this.\n");
	}
	if (fact(facts, "observe"))
		puts("OBSERVING ([sipwarden] mode = observe): bans are decided and told, only those by hand are enforced.\n");
}

static void print_store(const json_t *facts)
{
	const char *error = facts_text(facts, "store_error");
	char when[TIME_TEXT_MAX], shown[400];

	if (*error)
		printf("NOTHING IS STORED since %s (%s): a restart would not know what came after that.\n\n",
		       time_format_local((usec_t)fact(facts, "store_failing_since"), when),
		       output_safe(error, shown, sizeof(shown)));
}

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

static void print_facts(const json_t *facts)
{
	char span[TIMESPAN_TEXT_MAX], since[TIME_TEXT_MAX];
	usec_t up = time_now() - (usec_t)fact(facts, "started");

	print_mode(facts);
	print_store(facts);
	printf("sipwardend %s, running for %s, counting since %s\n", facts_text(facts, "version"),
	       timespan_format(up / USEC_PER_SEC * USEC_PER_SEC, span),
	       time_format_local((usec_t)fact(facts, "counted_since"), since));
	print_bans(facts);
	printf("  attempts   %lld counted in %lld log lines; %lld offenders watched\n", fact(facts, "attempts"),
	       fact(facts, "events"), fact(facts, "offenders"));
	printf("  not counted: %lld from exempt sources, %lld crafted lines, %lld impossible sources\n",
	       fact(facts, "exempted"), fact(facts, "crafted"), fact(facts, "unbannable"));
	if (fact(facts, "exempt_names"))
		printf("  exempt     by %lld DNS names, %lld of which cannot be looked up\n", fact(facts, "exempt_names"),
		       fact(facts, "exempt_names_failing"));
	printf("  not banned: %lld forgeries, %lld times a friend, %lld by the brakes; %lld friends known, %lld decisions wait\n",
	       fact(facts, "forged"), fact(facts, "spared"), fact(facts, "braked"), fact(facts, "friends"),
	       fact(facts, "waiting"));
	printf("  firewall   %s; %lld waiting, %lld errors, %lld restarts, %lld restores\n",
	       fact(facts, "firewall_ready") ? "ready" : "NOT READY: new bans are not in force", fact(facts, "firewall_pending"),
	       fact(facts, "firewall_errors"), fact(facts, "firewall_restarts"), fact(facts, "firewall_restores"));
	if (fact(facts, "alerts"))
		printf("  alerts     %lld so far: see 'sipwarden alerts'\n", fact(facts, "alerts"));
}

static int tell(const struct ctl *ctl, sd_bus_message *m)
{
	json_t *facts = facts_read(m), *inputs = json_array();
	bool enforced = facts && fact(facts, "firewall_ready") && !fact(facts, "paused");
	struct input_view i;
	struct table t;
	int r = facts ? sd_bus_message_enter_container(m, 'a', "(" BUS_INPUT ")") : -EBADMSG;

	output_table_begin(&t, headers);
	while (r > 0 && (r = read_input(m, &i)) > 0) {
		if (ctl->json)
			json_array_append_new(inputs, input_json(&i));
		else
			input_row(&t, &i);
	}
	if (r >= 0 && ctl->json) {
		json_object_set(facts, "inputs", inputs);
		facts_mode(facts);
		output_json(json_incref(facts));
	} else if (r >= 0) {
		print_facts(facts);
		putchar('\n');
		output_table_print(&t);
	}
	json_decref(facts);
	json_decref(inputs);
	return r < 0 ? client_bad_reply(r) : enforced ? CTL_OK : CTL_FAILED;
}

int cmd_status(struct ctl *ctl, int argc, char **argv)
{
	sd_bus_message *m = NULL;
	sd_bus *bus = NULL;
	int status;

	if (argc > 1)
		return usage_error(argv[0], "takes no argument", argv[1]);
	status = client_open(ctl, &bus);
	if (status != CTL_OK)
		return status;
	status = client_call(bus, &m, "Status", "");
	if (status == CTL_OK)
		status = tell(ctl, m);
	sd_bus_message_unref(m);
	client_close(bus);
	return status;
}
