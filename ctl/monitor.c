/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "alerts.h"
#include "ban_view.h"
#include "client.h"
#include "control/bus.h"
#include "output.h"
#include "usage.h"

static void tell_ban(const struct ctl *ctl, const struct ban_view *b)
{
	char now[TIME_TEXT_MAX], span[TIMESPAN_TEXT_MAX] = "ever", reason[512];

	if (b->end != USEC_INFINITY)
		timespan_format(b->end - b->start, span);
	if (ctl->json)
		output_json(json_pack("{s:s, s:o}", "event", "banned", "ban", ban_view_json(b)));
	else
		printf("%s  %s  %s for %s by %s: %s\n", time_format_local(time_now(), now), b->observed ? "observe" : "banned ",
		       b->address, span, b->rule, output_safe(b->reason, reason, sizeof(reason)));
}

static void tell_lift(const struct ctl *ctl, const char *address, const char *rule, const char *cause,
		      int observed)
{
	char now[TIME_TEXT_MAX];

	if (ctl->json)
		output_json(json_pack("{s:s, s:s, s:s, s:s, s:b}", "event", "lifted", "address", address, "rule", rule,
				      "cause", cause, "observed", observed));
	else
		printf("%s  lifted   %s (%s%s)\n", time_format_local(time_now(), now), address, cause,
		       observed ? ", observed only" : "");
}

static void tell_alert(const struct ctl *ctl, const struct alert_view *a)
{
	char now[TIME_TEXT_MAX], text[1024];

	if (ctl->json)
		output_json(json_pack("{s:s, s:o}", "event", "alert", "alert", alert_view_json(a)));
	else
		printf("%s  alert    %s: %s\n", time_format_local(a->when, now), a->kind,
		       output_safe(a->text, text, sizeof(text)));
}

static int tell(const struct ctl *ctl, sd_bus_message *m)
{
	const char *address, *rule, *cause;
	struct alert_view a;
	struct ban_view b;
	int r = 0, observed;

	if (sd_bus_message_is_signal(m, BUS_INTERFACE, "Banned") > 0) {
		r = ban_view_read(m, &b);
		if (r > 0)
			tell_ban(ctl, &b);
	} else if (sd_bus_message_is_signal(m, BUS_INTERFACE, "Lifted") > 0) {
		r = sd_bus_message_read(m, "sssb", &address, &rule, &cause, &observed);
		if (r > 0)
			tell_lift(ctl, address, rule, cause, observed);
	} else if (sd_bus_message_is_signal(m, BUS_INTERFACE, "Alert") > 0) {
		r = alert_view_read(m, &a);
		if (r > 0)
			tell_alert(ctl, &a);
	}
	fflush(stdout);
	return r;
}

int cmd_monitor(struct ctl *ctl, int argc, char **argv)
{
	sd_bus *bus = NULL;
	int status, r = 0;

	if (argc > 1)
		return usage_error(argv[0], "takes no argument", argv[1]);
	status = client_open(ctl, &bus);
	if (status != CTL_OK)
		return status;
	/* Asking once tells at once whether we may. */
	status = client_call(bus, NULL, "Status", "");
	while (status == CTL_OK && r >= 0) {
		sd_bus_message *m = NULL;

		r = sd_bus_process(bus, &m);
		if (r > 0 && m)
			r = tell(ctl, m) < 0 ? -EBADMSG : 1;
		else if (r == 0)
			r = sd_bus_wait(bus, UINT64_MAX);
		sd_bus_message_unref(m);
		if (r == -EINTR)
			r = 0;
	}
	client_close(bus);
	if (status != CTL_OK)
		return status;
	fprintf(stderr, "sipwarden: sipwardend ended the connection: %s\n", strerror(-r));
	return CTL_NO_DAEMON;
}
