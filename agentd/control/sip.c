/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The SIP firewall. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "control/bus.h"
#include "control/private.h"

static const char *ports_from(const struct config *cfg, const struct control_sip *sip)
{
	if (!cfg->sip.auto_ports)
		return "config";
	return sip->found->n > 0 ? "found" : "usual";
}

static int append_facts(sd_bus_message *m, const struct control_ops *ops, const struct control_sip *sip,
			const struct firewall_stats *fw)
{
	const struct config *cfg = ops->config(ops->userdata);
	const char *reason;
	const struct {
		const char *key;
		uint64_t value;
	} facts[] = {
		{ "wanted", sip->wanted },
		{ "on", fw->sip },
		{ "enabled", cfg->sip.enabled },
		{ "switched", sip->switched },
		{ "evidence", cfg->sip.evidence },
		{ "events", sip->events },
		{ "limited", sip->n_limited },
		{ "friends", sip->friends },
		{ "paused", ops->paused(ops->userdata, &reason) },
		{ "firewall_ready", fw->ready },
		{ "concurrent", cfg->sip.concurrent },
		{ "largest", cfg->sip.largest },
		{ "media", sip->found->media },
	};
	size_t i;
	int r = sd_bus_message_open_container(m, 'a', "{sv}");

	for (i = 0; r >= 0 && i < ELEMENTSOF(facts); i++)
		r = control_append_number(m, facts[i].key, facts[i].value);
	if (r >= 0)
		r = control_append_text(m, "ports_from", ports_from(cfg, sip));
	if (r >= 0)
		r = control_append_text(m, "error", fw->sip_error ? strerror(-fw->sip_error) : "");
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_configured(sd_bus_message *m, const struct config_sip *cfg, const char *how)
{
	size_t i;
	int r = 0;

	for (i = 0; r >= 0 && i < cfg->n_ports; i++)
		r = sd_bus_message_append(m, "(" BUS_PORT ")", cfg->ports[i], "udp", how, "");
	for (i = 0; r >= 0 && i < cfg->n_ports; i++)
		r = sd_bus_message_append(m, "(" BUS_PORT ")", cfg->ports[i], "tcp", how, "");
	return r;
}

static int append_ports(sd_bus_message *m, const struct config *cfg, const struct control_sip *sip)
{
	const char *from = ports_from(cfg, sip);
	int r = sd_bus_message_open_container(m, 'a', "(" BUS_PORT ")");
	size_t i;

	if (r >= 0 && strcmp(from, "found") != 0)
		r = append_configured(m, &cfg->sip, from);
	for (i = 0; r >= 0 && strcmp(from, "found") == 0 && i < sip->found->n; i++) {
		const struct listen_port *p = &sip->found->ports[i];

		r = sd_bus_message_append(m, "(" BUS_PORT ")", p->port, listen_transport_name(p->transport),
					  listen_how_name(p->how), p->gateway ? p->gateway : "");
	}
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_limits(sd_bus_message *m, const struct config_sip *c)
{
	int r = sd_bus_message_open_container(m, 'a', "(" BUS_LIMIT ")");
	size_t i;

	for (i = 0; r >= 0 && i < CONFIG_SIP_RATES; i++) {
		const struct config_sip_rate *limit = &config_sip_rates[i];
		const struct config_rate *rate = (const void *)((const char *)c + limit->offset);

		r = sd_bus_message_append(m, "(" BUS_LIMIT ")", limit->key, rate->rate, rate->burst);
	}
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_counts(sd_bus_message *m, const struct firewall_stats *fw)
{
	int r = sd_bus_message_open_container(m, 'a', "(" BUS_COUNT ")");
	size_t i;

	for (i = 0; r >= 0 && i < SIP_COUNTS; i++)
		r = sd_bus_message_append(m, "(" BUS_COUNT ")", sip_count_name((enum sip_count)i), fw->sip_counts[i].packets,
					  fw->sip_counts[i].bytes);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

int control_method_firewall(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct control_client *c = userdata;
	const struct control_ops *ops = &c->control->ops;
	sd_bus_message *reply = NULL;
	struct firewall_stats fw;
	struct control_sip sip;
	int r = control_check_allowed(c, error);

	if (r < 0)
		return r;
	ops->sip(ops->userdata, &sip);
	firewall_stats(ops->firewall(ops->userdata), &fw);
	r = sd_bus_message_new_method_return(m, &reply);
	if (r >= 0)
		r = append_facts(reply, ops, &sip, &fw);
	if (r >= 0)
		r = append_ports(reply, ops->config(ops->userdata), &sip);
	if (r >= 0)
		r = append_limits(reply, &ops->config(ops->userdata)->sip);
	if (r >= 0)
		r = append_counts(reply, &fw);
	if (r >= 0)
		r = control_append_sets(reply, &fw);
	if (r >= 0)
		r = sd_bus_message_send(reply);
	sd_bus_message_unref(reply);
	return r < 0 ? r : 1;
}

int control_method_switch_firewall(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct control_client *c = userdata;
	_cleanup_free_ char *message = NULL;
	int on, r = control_check_allowed(c, error);

	if (r >= 0)
		r = sd_bus_message_read(m, "b", &on);
	if (r < 0)
		return r;
	r = c->control->ops.sip_switch(c->control->ops.userdata, on, &message);
	return control_reply_text(m, r, message, error);
}

int control_method_limited(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct control_client *c = userdata;
	const struct control_ops *ops = &c->control->ops;
	sd_bus_message *reply = NULL;
	char text[ADDR_TEXT_MAX];
	struct control_sip sip;
	size_t i;
	int r = control_check_allowed(c, error);

	if (r >= 0)
		r = sd_bus_message_new_method_return(m, &reply);
	if (r < 0)
		return r;
	ops->sip(ops->userdata, &sip);
	r = sd_bus_message_open_container(reply, 'a', "(" BUS_LIMITED ")");
	for (i = 0; r >= 0 && i < sip.n_limited; i++)
		r = sd_bus_message_append(reply, "(" BUS_LIMITED ")", addr_format(&sip.limited[i].addr, text),
					  sip.limited[i].packets, sip.limited[i].bytes, sip.limited[i].left);
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	if (r >= 0)
		r = sd_bus_message_send(reply);
	sd_bus_message_unref(reply);
	return r < 0 ? r : 1;
}
