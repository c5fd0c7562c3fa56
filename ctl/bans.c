/* SPDX-License-Identifier: GPL-2.0-or-later */
/* list, ban, unban */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ban_view.h"
#include "client.h"
#include "control/bus.h"
#include "output.h"
#include "usage.h"

/* list */

static const char *const list_headers[] = { "ADDRESS", "LEFT", "STATE", "RULE", "ATTEMPTS", "PACKETS", "REASON", NULL };

static void add_row(struct table *t, const struct ban_view *b)
{
	char left[TIMESPAN_TEXT_MAX], number[24];

	output_table_add(t, b->address);
	output_table_add(t, ban_view_left(b, left));
	output_table_add(t, b->state);
	output_table_add(t, b->rule);
	snprintf(number, sizeof(number), "%u", b->count);
	output_table_add(t, number);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)b->packets);
	output_table_add(t, number);
	output_table_add(t, b->reason);
}

/* One page into the table or the array. Returns an exit status. */
static int read_page(sd_bus_message *m, bool enforced, struct table *t, json_t *array, uint32_t *cursor)
{
	struct ban_view b;
	int r = sd_bus_message_enter_container(m, 'a', "(" BUS_BAN ")");

	while (r > 0 && (r = ban_view_read(m, &b)) > 0) {
		if (enforced && b.observed)
			continue;
		if (array)
			json_array_append_new(array, ban_view_json(&b));
		else
			add_row(t, &b);
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	if (r >= 0)
		r = sd_bus_message_read(m, "u", cursor);
	return r < 0 ? client_bad_reply(r) : CTL_OK;
}

/* list --limited */

static int tell_limited(const struct ctl *ctl, sd_bus_message *m)
{
	static const char *const headers[] = { "ADDRESS", "PACKETS DROPPED", "BYTES", NULL };
	json_t *array = json_array();
	const char *address;
	uint64_t packets, bytes, left;
	struct table t;
	int r = sd_bus_message_enter_container(m, 'a', "(" BUS_LIMITED ")");

	output_table_begin(&t, headers);
	while (r > 0 && (r = sd_bus_message_read(m, "(" BUS_LIMITED ")", &address, &packets, &bytes, &left)) > 0) {
		char number[24];

		json_array_append_new(array, json_pack("{s:o, s:I, s:I, s:o}", "address", output_string(address), "packets",
						       (json_int_t)packets, "bytes", (json_int_t)bytes,
						       "forgotten_in_seconds", output_span(left)));
		if (ctl->json)
			continue;
		output_table_add(&t, address);
		snprintf(number, sizeof(number), "%llu", (unsigned long long)packets);
		output_table_add(&t, number);
		snprintf(number, sizeof(number), "%llu", (unsigned long long)bytes);
		output_table_add(&t, number);
	}
	if (r >= 0 && ctl->json)
		output_json(json_incref(array));
	else if (r >= 0 && t.count == 0)
		puts("Nobody has sent too much within the last minute.");
	else if (r >= 0)
		output_table_print(&t);
	json_decref(array);
	return r < 0 ? client_bad_reply(r) : CTL_OK;
}

int cmd_list(struct ctl *ctl, int argc, char **argv)
{
	bool enforced = argc == 2 && strcmp(argv[1], "--enforced") == 0;
	json_t *array = ctl->json ? json_array() : NULL;
	uint32_t cursor = 0;
	sd_bus *bus = NULL;
	struct table t;
	int status;

	if (argc == 2 && strcmp(argv[1], "--limited") == 0) {
		json_decref(array);
		return client_tell(ctl, 1, argv, "ListLimited", tell_limited);
	}
	if (argc > 1 && !enforced)
		return usage_error(argv[0], "takes only --enforced or --limited, not", argv[argc - 1]);
	status = client_open(ctl, &bus);
	if (status != CTL_OK)
		return status;
	output_table_begin(&t, list_headers);
	do {
		sd_bus_message *m = NULL;

		status = client_call(bus, &m, "ListBans", "u", cursor);
		if (status == CTL_OK)
			status = read_page(m, enforced, &t, array, &cursor);
		sd_bus_message_unref(m);
	} while (status == CTL_OK && cursor > 0);
	client_close(bus);
	if (array && status == CTL_OK)
		output_json(array);
	else if (status == CTL_OK && t.count == 0)
		puts("Nobody is banned.");
	else if (status == CTL_OK)
		output_table_print(&t);
	return status;
}

/* ban */

int cmd_ban(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {
		{ "for", required_argument, NULL, 'f' },
		{ "reason", required_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 },
	};
	const char *reason = "";
	usec_t span = USEC_INFINITY;
	sd_bus *bus = NULL;
	int c, status;

	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c == 'r')
			reason = optarg;
		else if (c != 'f')
			return CTL_USAGE;
		else if (timespan_parse(optarg, &span) < 0 || span == 0)
			return usage_error(argv[0], "--for takes a length of time, as 2h or 1d12h, not", optarg);
	}
	if (optind + 1 != argc)
		return usage_error(argv[0], "needs one ADDRESS or ADDRESS/LEN", NULL);
	status = client_open(ctl, &bus);
	if (status != CTL_OK)
		return status;
	status = client_call(bus, NULL, "Ban", "sts", argv[optind], span, reason);
	client_close(bus);
	if (status == CTL_OK && ctl->json)
		output_json(json_pack("{s:s}", "banned", argv[optind]));
	else if (status == CTL_OK)
		printf("Banned %s\n", argv[optind]);
	return status;
}

/* unban */

static int unban_all(const struct ctl *ctl, sd_bus *bus)
{
	sd_bus_message *m = NULL;
	uint64_t n = 0;
	int status = client_call(bus, &m, "UnbanAll", ""), r = 0;

	if (status == CTL_OK)
		r = sd_bus_message_read(m, "t", &n);
	sd_bus_message_unref(m);
	if (status != CTL_OK || r < 0)
		return status != CTL_OK ? status : client_bad_reply(r);
	if (ctl->json)
		output_json(json_pack("{s:I}", "lifted", (json_int_t)n));
	else
		printf("Lifted %llu bans\n", (unsigned long long)n);
	return CTL_OK;
}

/* All that are named, whatever becomes of the others; the first failure counts. */
static int unban_each(const struct ctl *ctl, sd_bus *bus, int n, char **addresses)
{
	json_t *lifted = json_array();
	int i, status = CTL_OK;

	for (i = 0; i < n; i++) {
		int one = client_call(bus, NULL, "Unban", "s", addresses[i]);

		if (one == CTL_OK && ctl->json)
			json_array_append_new(lifted, output_string(addresses[i]));
		else if (one == CTL_OK)
			printf("Lifted the ban of %s\n", addresses[i]);
		status = status == CTL_OK ? one : status;
	}
	if (ctl->json)
		output_json(json_pack("{s:o}", "lifted", lifted));
	else
		json_decref(lifted);
	return status;
}

int cmd_unban(struct ctl *ctl, int argc, char **argv)
{
	bool all = argc == 2 && strcmp(argv[1], "--all") == 0;
	sd_bus *bus = NULL;
	int status;

	if (argc < 2)
		return usage_error(argv[0], "needs ADDRESS… or --all", NULL);
	if (!all && argv[1][0] == '-')
		return usage_error(argv[0], "does not know the option", argv[1]);
	status = client_open(ctl, &bus);
	if (status != CTL_OK)
		return status;
	status = all ? unban_all(ctl, bus) : unban_each(ctl, bus, argc - 1, argv + 1);
	client_close(bus);
	return status;
}
