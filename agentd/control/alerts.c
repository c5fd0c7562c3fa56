/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Alerts: told as they come, and the last ones kept for who asks later. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/bus.h"
#include "control/private.h"

static void alert_done(struct control_alert *a)
{
	free(a->account);
	free(a->text);
	*a = (struct control_alert){ 0 };
}

void control_alerts_done(struct control *c)
{
	size_t i;

	for (i = 0; i < CONTROL_ALERTS; i++)
		alert_done(&c->alerts[i]);
}

static int append_alert(const struct control *control, sd_bus_message *m, const void *data)
{
	const struct control_alert *a = data;
	char addr[ADDR_TEXT_MAX];

	(void)control;
	return sd_bus_message_append(m, "(" BUS_ALERT ")", a->when, alert_name(a->kind),
				     a->addr.family ? addr_format(&a->addr, addr) : "", a->account ? a->account : "",
				     a->text);
}

void control_notify_alert(struct control *c, const struct alert *alert)
{
	struct control_alert a = { .when = time_now(), .kind = alert->kind, .addr = alert->addr }, *place;

	if (!c)
		return;
	a.account = alert->account ? strdup(alert->account) : NULL;
	a.text = strdup(alert->text);
	if (!a.text) {
		alert_done(&a);
		return;
	}
	place = &c->alerts[c->next_alert++ % CONTROL_ALERTS];
	alert_done(place);
	*place = a;
	control_notify(c, "Alert", append_alert, place);
}

int control_method_alerts(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct control_client *c = userdata;
	const struct control *control = c->control;
	sd_bus_message *reply = NULL;
	size_t i;
	int r = control_check_allowed(c, error);

	if (r < 0)
		return r;
	r = sd_bus_message_new_method_return(m, &reply);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "(" BUS_ALERT ")");
	/* From the oldest: the place that is written next, unless the ring is not full yet. */
	for (i = 0; r >= 0 && i < CONTROL_ALERTS; i++) {
		const struct control_alert *a = &control->alerts[(control->next_alert + i) % CONTROL_ALERTS];

		if (a->when)
			r = append_alert(control, reply, a);
	}
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	if (r >= 0)
		r = sd_bus_message_send(reply);
	sd_bus_message_unref(reply);
	return r < 0 ? r : 1;
}
