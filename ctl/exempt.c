/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "output.h"
#include "usage.h"

static const char *const headers[] = { "ADDRESS", "FROM", "REASON", NULL };

static int read_list(const struct ctl *ctl, sd_bus_message *m)
{
	json_t *array = json_array();
	const char *address, *reason;
	struct table t;
	int configured, r = sd_bus_message_enter_container(m, 'a', "(ssb)");

	output_table_begin(&t, headers);
	while (r > 0 && (r = sd_bus_message_read(m, "(ssb)", &address, &reason, &configured)) > 0) {
		json_array_append_new(array, json_pack("{s:o, s:o, s:b}", "address", output_string(address), "reason",
						       *reason ? output_string(reason) : json_null(), "configured",
						       configured));
		output_table_add(&t, address);
		output_table_add(&t, configured ? "config" : "command");
		output_table_add(&t, reason);
	}
	if (r < 0) {
		json_decref(array);
		return client_bad_reply(r);
	}
	if (ctl->json) {
		output_json(array);
	} else {
		json_decref(array);
		output_table_print(&t);
	}
	return CTL_OK;
}

static int list(struct ctl *ctl)
{
	sd_bus_message *m = NULL;
	sd_bus *bus = NULL;
	int status = client_open(ctl, &bus);

	if (status != CTL_OK)
		return status;
	status = client_call(bus, &m, "ListExempt", "");
	if (status == CTL_OK)
		status = read_list(ctl, m);
	sd_bus_message_unref(m);
	client_close(bus);
	return status;
}

static int change_one(const struct ctl *ctl, sd_bus *bus, bool add, const char *address, const char *reason)
{
	sd_bus_message *m = NULL;
	uint64_t lifted = 0;
	int r = 0, status = add ? client_call(bus, &m, "Exempt", "ss", address, reason) :
				  client_call(bus, &m, "Unexempt", "s", address);

	if (status == CTL_OK)
		r = sd_bus_message_read(m, "t", &lifted);
	sd_bus_message_unref(m);
	if (status != CTL_OK || r < 0)
		return status != CTL_OK ? status : client_bad_reply(r);
	if (ctl->json)
		output_json(json_pack("{s:s, s:I}", add ? "exempt" : "removed", address, "lifted", (json_int_t)lifted));
	else if (!add)
		printf("%s is not exempt any more\n", address);
	else if (lifted > 0)
		printf("%s is exempt; bans that touched it are lifted: %llu\n", address, (unsigned long long)lifted);
	else
		printf("%s is exempt\n", address);
	return CTL_OK;
}

static int change(struct ctl *ctl, bool add, const char *reason, int n, char **addresses)
{
	sd_bus *bus = NULL;
	int i, status = client_open(ctl, &bus);

	if (status != CTL_OK)
		return status;
	for (i = 0; i < n; i++) {
		int one = change_one(ctl, bus, add, addresses[i], reason);

		status = status == CTL_OK ? one : status;
	}
	client_close(bus);
	return status;
}

int cmd_exempt(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = { { "reason", required_argument, NULL, 'r' }, { NULL, 0, NULL, 0 } };
	const char *reason = "";
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c != 'r')
			return CTL_USAGE;
		reason = optarg;
	}
	argc -= optind;
	argv += optind;
	if (argc == 1 && strcmp(argv[0], "list") == 0)
		return list(ctl);
	if (argc > 1 && strcmp(argv[0], "add") == 0)
		return change(ctl, true, reason, argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[0], "remove") == 0)
		return change(ctl, false, reason, argc - 1, argv + 1);
	return usage_error("exempt", "needs: list, add ADDRESS… or remove ADDRESS…", NULL);
}
