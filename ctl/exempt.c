/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exempt: what is never banned, by which source, and an admin's own exemptions. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "control/bus.h"
#include "output.h"
#include "usage.h"

#define NAMES_MAX 256
#define NAME_SOURCE "name:"

static const char *const headers[] = { "ADDRESS", "SOURCE", "LOOK-UP", "REASON", NULL };

/* A DNS name; its texts are the message's. */
struct name_view {
	const char *name, *error;
	uint32_t addresses;
	usec_t next, failing;
};

struct exempt_view {
	const char *address, *source, *reason; /* address NULL: a name that has none yet */
	int configured;
	const struct name_view *name; /* NULL: the source is no name */
};

struct list {
	struct name_view names[NAMES_MAX];
	size_t n_names;
	json_t *array; /* with --json; else NULL, and the table */
	struct table table;
};

static int read_names(struct list *l, sd_bus_message *m)
{
	int r = sd_bus_message_enter_container(m, 'a', "(" BUS_NAME ")");

	while (r > 0 && l->n_names < NAMES_MAX) {
		struct name_view *n = &l->names[l->n_names];

		r = sd_bus_message_read(m, "(" BUS_NAME ")", &n->name, &n->addresses, &n->next, &n->failing, &n->error);
		l->n_names += r > 0;
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static const struct name_view *find_name(const struct list *l, const char *source)
{
	size_t i;

	if (strncmp(source, NAME_SOURCE, strlen(NAME_SOURCE)) != 0)
		return NULL;
	for (i = 0; i < l->n_names; i++)
		if (strcmp(l->names[i].name, source + strlen(NAME_SOURCE)) == 0)
			return &l->names[i];
	return NULL;
}

static json_t *name_error(const struct name_view *n)
{
	return n && n->failing ? output_string(n->error) : json_null();
}

static void add_json(struct list *l, const struct exempt_view *e)
{
	const struct name_view *n = e->name;

	json_array_append_new(l->array,
			      json_pack("{s:o, s:o, s:b, s:o, s:o, s:o, s:o}", "address",
					e->address ? output_string(e->address) : json_null(), "reason",
					*e->reason ? output_string(e->reason) : json_null(), "configured", e->configured,
					"source", output_string(e->source), "next_lookup", output_time(n ? n->next : 0),
					"failing_since", output_time(n ? n->failing : 0), "error", name_error(n)));
}

static void add_lookup(struct table *t, const struct name_view *n)
{
	char when[TIME_TEXT_MAX], span[TIMESPAN_TEXT_MAX], text[400];
	usec_t now = time_now();

	if (!n)
		snprintf(text, sizeof(text), "-");
	else if (n->failing)
		snprintf(text, sizeof(text), "fails since %s: %s", time_format_local(n->failing, when), n->error);
	else if (n->next <= now)
		snprintf(text, sizeof(text), "now");
	else
		snprintf(text, sizeof(text), "in %s",
			 timespan_format((n->next - now) / USEC_PER_SEC * USEC_PER_SEC, span));
	output_table_add(t, text);
}

static void add(struct list *l, const struct exempt_view *e)
{
	if (l->array) {
		add_json(l, e);
		return;
	}
	output_table_add(&l->table, e->address ? e->address : "-");
	output_table_add(&l->table, e->source);
	add_lookup(&l->table, e->name);
	output_table_add(&l->table, e->reason);
}

static int read_exemptions(struct list *l, sd_bus_message *m)
{
	struct exempt_view e = { 0 };
	int r = sd_bus_message_enter_container(m, 'a', "(" BUS_EXEMPT ")");

	while (r > 0 &&
	       (r = sd_bus_message_read(m, "(" BUS_EXEMPT ")", &e.address, &e.reason, &e.configured, &e.source)) > 0) {
		e.name = find_name(l, e.source);
		add(l, &e);
	}
	return r;
}

/* Names that stand for nothing yet: whoever relies on them must see it. */
static void add_unknown_names(struct list *l)
{
	char source[300];
	size_t i;

	for (i = 0; i < l->n_names; i++) {
		const struct exempt_view e = { NULL, source, "", false, &l->names[i] };

		snprintf(source, sizeof(source), NAME_SOURCE "%s", l->names[i].name);
		if (l->names[i].addresses == 0)
			add(l, &e);
	}
}

static int read_list(const struct ctl *ctl, sd_bus_message *m)
{
	struct list l = { .array = ctl->json ? json_array() : NULL };
	int r;

	output_table_begin(&l.table, headers);
	r = read_names(&l, m);
	if (r >= 0)
		r = read_exemptions(&l, m);
	if (r < 0) {
		json_decref(l.array);
		return client_bad_reply(r);
	}
	add_unknown_names(&l);
	if (l.array)
		output_json(l.array);
	else
		output_table_print(&l.table);
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
	uint64_t number = 0; /* of bans lifted; or 1: something else keeps it exempt */
	int r = 0, status = add ? client_call(bus, &m, "Exempt", "ss", address, reason) :
				  client_call(bus, &m, "Unexempt", "s", address);

	if (status == CTL_OK)
		r = sd_bus_message_read(m, "t", &number);
	sd_bus_message_unref(m);
	if (status != CTL_OK || r < 0)
		return status != CTL_OK ? status : client_bad_reply(r);
	if (ctl->json)
		output_json(json_pack("{s:s, s:I}", add ? "exempt" : "removed", address, "lifted",
				      (json_int_t)(add ? number : 0)));
	else if (!add && number > 0)
		printf("%s: taken back, but something else keeps it exempt ('sipwarden exempt list')\n", address);
	else if (!add)
		printf("%s is not exempt any more\n", address);
	else if (number > 0)
		printf("%s is exempt; bans that touched it are lifted: %llu\n", address, (unsigned long long)number);
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
