/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "alerts.h"

#include <stdio.h>

#include "client.h"
#include "control/bus.h"
#include "output.h"
#include "usage.h"

int alert_view_read(sd_bus_message *m, struct alert_view *a)
{
	return sd_bus_message_read(m, "(" BUS_ALERT ")", &a->when, &a->kind, &a->address, &a->account, &a->text);
}

static json_t *string_or_null(const char *text)
{
	return *text ? output_string(text) : json_null();
}

json_t *alert_view_json(const struct alert_view *a)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "time", output_time(a->when), "kind", output_string(a->kind), "address",
			 string_or_null(a->address), "account", string_or_null(a->account), "text",
			 output_string(a->text));
}

/* Whole texts, not cells of a table: they are sentences. */
static void print_alert(const struct alert_view *a)
{
	char when[TIME_TEXT_MAX], text[1024];

	printf("%s  %s\n    %s\n", time_format_local(a->when, when), a->kind, output_safe(a->text, text, sizeof(text)));
}

static int read_alerts(const struct ctl *ctl, sd_bus_message *m)
{
	json_t *array = json_array();
	struct alert_view a;
	int r = sd_bus_message_enter_container(m, 'a', "(" BUS_ALERT ")");

	while (r > 0 && (r = alert_view_read(m, &a)) > 0) {
		json_array_append_new(array, alert_view_json(&a));
		if (!ctl->json)
			print_alert(&a);
	}
	if (r >= 0 && !ctl->json && json_array_size(array) == 0)
		puts("No alerts since sipwardend was started.");
	if (r >= 0 && ctl->json)
		output_json(json_incref(array));
	json_decref(array);
	return r < 0 ? client_bad_reply(r) : CTL_OK;
}

int cmd_alerts(struct ctl *ctl, int argc, char **argv)
{
	return client_tell(ctl, argc, argv, "ListAlerts", read_alerts);
}
