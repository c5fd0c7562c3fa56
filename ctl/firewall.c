/* SPDX-License-Identifier: GPL-2.0-or-later */
/* firewall: show, plan, on, off */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "control/bus.h"
#include "facts.h"
#include "output.h"
#include "usage.h"

#define fact facts_number

/* Reading */

static json_t *read_port(sd_bus_message *m)
{
	const char *transport, *how, *gateway;
	uint16_t port;

	if (sd_bus_message_read(m, "(" BUS_PORT ")", &port, &transport, &how, &gateway) <= 0)
		return NULL;
	return json_pack("{s:i, s:s, s:s, s:o}", "port", (int)port, "transport", transport, "found_by", how, "gateway",
			 *gateway ? output_string(gateway) : json_null());
}

static json_t *read_limit(sd_bus_message *m)
{
	const char *name;
	uint32_t rate, burst;

	if (sd_bus_message_read(m, "(" BUS_LIMIT ")", &name, &rate, &burst) <= 0)
		return NULL;
	return json_pack("{s:s, s:I, s:I}", "limit", name, "per_second", (json_int_t)rate, "burst", (json_int_t)burst);
}

static json_t *read_count(sd_bus_message *m)
{
	const char *name;
	uint64_t packets, bytes;

	if (sd_bus_message_read(m, "(" BUS_COUNT ")", &name, &packets, &bytes) <= 0)
		return NULL;
	return json_pack("{s:s, s:I, s:I}", "count", name, "packets", (json_int_t)packets, "bytes", (json_int_t)bytes);
}

/* All of it; NULL: not what we know. */
static json_t *read_firewall(sd_bus_message *m)
{
	json_t *facts = facts_read(m);
	int r = facts ? facts_read_array(m, facts, "ports", "(" BUS_PORT ")", read_port) : -EBADMSG;

	if (r >= 0)
		r = facts_read_array(m, facts, "limits", "(" BUS_LIMIT ")", read_limit);
	if (r >= 0)
		r = facts_read_array(m, facts, "packets", "(" BUS_COUNT ")", read_count);
	if (r >= 0)
		r = facts_read_sets(m, facts);
	if (r >= 0)
		return facts;
	json_decref(facts);
	return NULL;
}

static void finish_json(json_t *facts)
{
	static const char *const truths[] = { "wanted", "on", "enabled", "evidence", "firewall_ready" };
	size_t i;

	for (i = 0; i < sizeof(truths) / sizeof(*truths); i++)
		json_object_set_new(facts, truths[i], json_boolean(fact(facts, truths[i])));
	json_object_set_new(facts, "switched", output_time((usec_t)fact(facts, "switched")));
	json_object_set_new(facts, "paused", json_boolean(fact(facts, "paused")));
}

/* Showing */

static const json_t *find(const json_t *facts, const char *list, const char *key, const char *name)
{
	const json_t *array = json_object_get(facts, list), *item;
	size_t i;

	json_array_foreach(array, i, item)
		if (strcmp(facts_text(item, key), name) == 0)
			return item;
	return NULL;
}

static long long per_second(const json_t *facts, const char *limit)
{
	return fact(find(facts, "limits", "limit", limit), "per_second");
}

static long long burst(const json_t *facts, const char *limit)
{
	return fact(find(facts, "limits", "limit", limit), "burst");
}

static void print_ports(const json_t *facts)
{
	const char *from = facts_text(facts, "ports_from");
	const json_t *ports = json_object_get(facts, "ports"), *p;
	size_t i;

	printf("Ports (%s):\n", strcmp(from, "config") == 0 ? "named in [sip-firewall]" :
			       strcmp(from, "found") == 0  ? "found: a gateway listens there" :
							     "no gateway was found to listen: the usual ones");
	json_array_foreach(ports, i, p)
		printf("  %5lld %s%s%s\n", fact(p, "port"), facts_text(p, "transport"), *facts_text(p, "gateway") ? " of " : "",
		       facts_text(p, "gateway"));
	if (fact(facts, "media"))
		printf("  %lld UDP ports of gateways are taken for media, and not limited\n", fact(facts, "media"));
}

static void print_limits(const json_t *facts)
{
	static const struct {
		const char *limit, *text;
	} lines[] = {
		{ "source", "packets of one address" },
		{ "keepalive", "of these, short ones" },
		{ "connections", "new connections of one address" },
		{ "trusted", "packets of one that has logged in, or that the gateway calls" },
		{ "trusted_connections", "new connections of one of these" },
		{ "new", "packets of all unknown addresses together" },
		{ "retried", "more of those that had to send again" },
		{ "known", "packets of all that the gateway has answered" },
		{ "called", "packets of all that the gateway calls, and that have not logged in" },
		{ "new_connections", "new connections of all unknown addresses" },
		{ "known_connections", "new connections of all that it has answered" },
	};
	size_t i;

	puts("Limits, a second, and at once after a rest:");
	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		printf("  %6lld %7lld  %s (%s)\n", per_second(facts, lines[i].limit), burst(facts, lines[i].limit), lines[i].text,
		       lines[i].limit);
	if (fact(facts, "concurrent"))
		printf("  %6lld          connections of one address at once, unless it has logged in (concurrent)\n",
		       fact(facts, "concurrent"));
	printf("  UDP of more than %lld bytes is dropped, unless its sender has logged in (largest)\n", fact(facts, "largest"));
}

static void print_packets(const json_t *facts)
{
	static const struct {
		const char *count, *text;
	} lines[] = {
		{ "pass_trusted", "passed: logged in lately, or called by the gateway" },
		{ "pass_known", "passed: the gateway has answered them" },
		{ "pass_new", "passed: unknown" },
		{ "pass_retried", "passed: unknown, and sent again" },
		{ "drop_trusted", "dropped: over the limit of one that has logged in, or is called" },
		{ "drop_source", "dropped: over the limit of one address" },
		{ "drop_keepalive", "dropped: short ones over the limit of one address" },
		{ "drop_large", "dropped: too large" },
		{ "drop_connections", "dropped: new connections over the limit of one address" },
		{ "drop_concurrent", "dropped: new connections of a source that has too many" },
		{ "drop_known", "dropped: all known ones together were over their ceiling" },
		{ "drop_new", "dropped: all unknown ones together were; who sends again may pass" },
		{ "drop_retried", "dropped: all that sent again together were" },
	};
	size_t i;

	puts("Packets, and of TCP new connections, so far:");
	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		printf("  %12lld  %s\n", fact(find(facts, "packets", "count", lines[i].count), "packets"), lines[i].text);
}

static void print_sets(const json_t *facts)
{
	static const char *const shown[] = { "trusted4", "trusted6", "answered4", "answered6", "grey4",
					     "grey6",	 "source4",  "source6",	  "limited4",  "limited6" };
	size_t i, n = 0;

	for (i = 0; i < sizeof(shown) / sizeof(*shown); i++) {
		const json_t *s = find(facts, "sets", "set", shown[i]);

		if (s)
			printf("%s%s %lld/%lld", n++ ? ", " : "In the kernel: ", shown[i], fact(s, "elements"), fact(s, "limit"));
	}
	if (n > 0)
		putchar('\n');
}

static void print_state(const json_t *facts)
{
	usec_t switched = (usec_t)fact(facts, "switched");
	char when[TIME_TEXT_MAX], error[200];

	printf("The SIP firewall is %s", fact(facts, "on") ? "on" : "off");
	if (switched)
		printf(", switched by hand at %s", time_format_local(switched, when));
	else
		printf(", as the configuration says");
	puts(".");
	if (*facts_text(facts, "error"))
		printf("It shall be on, but the kernel refuses its rules: %s. Bans are enforced.\n",
		       output_safe(facts_text(facts, "error"), error, sizeof(error)));
	else if (fact(facts, "wanted") && !fact(facts, "on"))
		puts("It shall be on: that is done as soon as the firewall helper answers.");
	if (fact(facts, "paused"))
		puts("Enforcement is paused: nothing is limited.");
	if (!fact(facts, "on"))
		return;
	if (fact(facts, "limited"))
		printf("%lld source%s too much now: see 'sipwarden list --limited'.\n", fact(facts, "limited"),
		       fact(facts, "limited") == 1 ? " sends" : "s send");
	printf("Who does so for long %s; that was so %lld time%s.\n",
	       fact(facts, "evidence") ? "counts for rules of class flood" : "counts for no rule (evidence = no)",
	       fact(facts, "events"), fact(facts, "events") == 1 ? "" : "s");
}

static int tell_show(const struct ctl *ctl, sd_bus_message *m)
{
	json_t *facts = read_firewall(m);

	if (!facts)
		return client_bad_reply(-EBADMSG);
	if (ctl->json) {
		finish_json(facts);
		output_json(facts);
		return CTL_OK;
	}
	print_state(facts);
	print_ports(facts);
	print_limits(facts);
	if (fact(facts, "on")) {
		print_packets(facts);
		print_sets(facts);
	}
	json_decref(facts);
	return CTL_OK;
}

/* Planning */

static void print_plan(const json_t *facts)
{
	const json_t *seen4 = find(facts, "sets", "set", "seen4"), *seen6 = find(facts, "sets", "set", "seen6");

	if (fact(facts, "on")) {
		puts("The SIP firewall is on already: 'sipwarden firewall on' would change nothing. This is what it does:");
	} else {
		puts("'sipwarden firewall on' would limit packets to these ports. Nothing is changed now.");
	}
	print_ports(facts);
	print_limits(facts);
	puts("Whom it would not limit: who is exempt; connections that stand already; packets to other ports.");
	printf("Whom it would trust at once: %lld addresses that have logged in lately.\n", fact(facts, "friends"));
	if (fact(facts, "friends") == 0)
		puts("  That is nobody: until somebody has logged in, all phones share the ceilings of the unknown.");
	if (seen4 || seen6)
		printf("Seen lately at the watched ports: %lld IPv4 addresses, %lld IPv6 networks.\n", fact(seen4, "elements"),
		       fact(seen6, "elements"));
	printf("Whom it would limit cannot be told before: nobody has counted yet what each one sends. A phone sends some ten\n"
	       "packets when it starts, and an address that sends more than %lld a second for long is limited.\n",
	       per_second(facts, "source"));
	puts("Back: 'sipwarden firewall off', at once; bans stay in force.");
}

static int tell_plan(const struct ctl *ctl, sd_bus_message *m)
{
	json_t *facts = read_firewall(m);

	if (!facts)
		return client_bad_reply(-EBADMSG);
	if (ctl->json) {
		finish_json(facts);
		json_object_set_new(facts, "would_change", json_boolean(!json_is_true(json_object_get(facts, "on"))));
		output_json(facts);
		return CTL_OK;
	}
	print_plan(facts);
	json_decref(facts);
	return CTL_OK;
}

static int switch_firewall(struct ctl *ctl, bool on)
{
	const char *text = "", *word = on ? "on" : "off";
	sd_bus_message *m = NULL;
	sd_bus *bus = NULL;
	int status = client_open(ctl, &bus), r = 0;

	if (status != CTL_OK)
		return status;
	status = client_call(bus, &m, "SwitchFirewall", "b", on);
	if (status == CTL_OK)
		r = sd_bus_message_read(m, "s", &text);
	if (r < 0)
		status = client_bad_reply(r);
	else if (status == CTL_OK && ctl->json)
		output_json(json_pack("{s:s, s:o}", "firewall", word, "text", output_string(text)));
	else if (status == CTL_OK)
		printf("The SIP firewall is %s: %s\n", word, text);
	sd_bus_message_unref(m);
	client_close(bus);
	return status;
}

int cmd_firewall(struct ctl *ctl, int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "show";

	if (argc > 2)
		return usage_error(argv[0], "takes show, plan, on or off, and no more; not", argv[2]);
	if (strcmp(what, "show") == 0)
		return client_tell(ctl, 1, argv, "Firewall", tell_show);
	if (strcmp(what, "plan") == 0)
		return client_tell(ctl, 1, argv, "Firewall", tell_plan);
	if (strcmp(what, "on") == 0 || strcmp(what, "off") == 0)
		return switch_firewall(ctl, strcmp(what, "on") == 0);
	return usage_error(argv[0], "takes show, plan, on or off, not", what);
}
