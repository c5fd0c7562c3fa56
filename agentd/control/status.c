/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the agent is. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "control/bus.h"
#include "control/private.h"

static int append_texts(sd_bus_message *m, const struct health *h, const struct verdict *v)
{
	char path[PATH_MAX], error[sizeof(h->store.last_error)], metrics[PATH_MAX];
	const struct {
		const char *key, *value;
	} texts[] = {
		{ "health", health_word(v->worst) },
		{ "version", SIPWARDEN_VERSION },
		{ "config", text_escape(SPAN(h->config_path), path, sizeof(path)) },
		{ "pause_reason", h->pause_reason },
		{ "database_error", text_printable(SPAN(h->store.last_error), error, sizeof(error)) },
		{ "last_problem", h->trouble.text },
		{ "last_problem_level", h->trouble.when ? log_level_name(h->trouble.level) : "" },
		{ "patterns_slowed", h->patterns_slowed },
		{ "patterns_off", h->patterns_off },
		{ "metrics_file",
		  h->metrics_file ? text_escape(SPAN(h->metrics_file), metrics, sizeof(metrics)) : "" },
	};
	size_t i;
	int r = 0;

	for (i = 0; r >= 0 && i < ELEMENTSOF(texts); i++)
		r = control_append_text(m, texts[i].key, texts[i].value);
	return r;
}

static int append_numbers(sd_bus_message *m, const struct health *h)
{
	const struct decide_stats *ds = &h->decide;
	const struct firewall_stats *fw = &h->firewall;
	const struct {
		const char *key;
		uint64_t value;
	} facts[] = {
		{ "started", h->started },
		{ "counted_since", h->counted_since },
		{ "config_loaded", h->loaded },
		{ "reload_refused", h->reload_refused },
		{ "paused", h->paused },
		{ "observe", h->observe },
		{ "flushed", h->flushed },
		{ "bans", ds->active },
		{ "bans_in_kernel", h->bans_in_kernel },
		{ "bans_observed", h->bans_observed },
		{ "bans_unproven", ds->unproven },
		{ "bans_of_prefixes", ds->prefixes },
		{ "bans_total", ds->bans },
		{ "lifts_total", ds->lifts },
		{ "events", ds->events },
		{ "attempts", ds->attempts },
		{ "attempts_wired", ds->wired },
		{ "crafted", ds->crafted },
		{ "exempted", ds->exempted },
		{ "unbannable", ds->unbannable },
		{ "exempt_names", h->names },
		{ "exempt_names_failing", h->names_failing },
		{ "forged", ds->forged },
		{ "spared", ds->spared },
		{ "braked", ds->braked },
		{ "observed_total", ds->observed },
		{ "alerts", ds->alerts + h->calls.warnings + h->calls.criticals },
		{ "friends", ds->friends },
		{ "waiting", ds->waiting },
		{ "offenders", ds->offenders },
		{ "forgotten", ds->forgotten },
		{ "firewall_ready", fw->ready },
		{ "firewall_silent", health_helper_silence(h) },
		{ "firewall_bans", fw->bans },
		{ "firewall_refused", fw->refused },
		{ "firewall_errors", fw->errors },
		{ "firewall_restarts", fw->restarts },
		{ "firewall_restores", fw->restores },
		{ "firewall_pending", fw->pending },
		{ "firewall_resident", fw->resident },
		{ "sip_firewall", h->sip_wanted },
		{ "sip_firewall_on", fw->sip },
		{ "sip_firewall_passed", health_sip_packets(fw, true) },
		{ "sip_firewall_dropped", health_sip_packets(fw, false) },
		{ "sip_firewall_limited", h->sip_limited },
		{ "agent_resident", h->resident },
		{ "database_bytes", h->store.bytes },
		{ "database_committed", h->store.last_commit },
		{ "database_failing", h->store.failing_since },
		{ "database_errors", h->store.errors },
		{ "log_warnings", h->trouble.warnings },
		{ "log_errors", h->trouble.errors },
		{ "last_problem_time", h->trouble.when },
	};
	size_t i;
	int r = 0;

	for (i = 0; r >= 0 && i < ELEMENTSOF(facts); i++)
		r = control_append_number(m, facts[i].key, facts[i].value);
	return r;
}

static int append_facts(sd_bus_message *m, const struct health *h, const struct verdict *v)
{
	int r = sd_bus_message_open_container(m, 'a', "{sv}");

	if (r >= 0)
		r = append_numbers(m, h);
	if (r >= 0)
		r = append_texts(m, h, v);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_inputs(sd_bus_message *m, const struct health *h)
{
	int r = sd_bus_message_open_container(m, 'a', "(" BUS_INPUT ")");
	size_t i;

	for (i = 0; r >= 0 && i < h->n_inputs; i++) {
		const struct health_input *in = &h->inputs[i];
		const struct input_stats *s = &in->input;

		r = sd_bus_message_append(m, "(" BUS_INPUT ")", in->name, in->filter, in->journal ? "journal" : "file",
					  health_input_state(in->state), s->open, s->lines, s->bytes, in->match.events,
					  in->match.crafted, in->match.undated, in->match.limited, s->cut, s->rotations,
					  s->errors, s->lag_bytes, s->lag, s->last_line, s->rate, s->last_error);
	}
	return r < 0 ? r : sd_bus_message_close_container(m);
}

int control_append_sets(sd_bus_message *m, const struct firewall_stats *fw)
{
	int r = sd_bus_message_open_container(m, 'a', "(" BUS_SET ")");
	size_t i;

	for (i = 0; r >= 0 && i < KERNEL_SETS; i++) {
		const struct kernel_set_size *s = &fw->sizes[i];

		if (s->known)
			r = sd_bus_message_append(m, "(" BUS_SET ")", kernel_set_name((enum kernel_set)i), s->count,
						  s->limit);
	}
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_problems(sd_bus_message *m, const struct verdict *v)
{
	int r = sd_bus_message_open_container(m, 'a', "(" BUS_PROBLEM ")");
	size_t i;

	for (i = 0; r >= 0 && i < v->count; i++)
		r = sd_bus_message_append(m, "(" BUS_PROBLEM ")", health_word(v->problems[i].severity),
					  v->problems[i].text, v->problems[i].advice);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int reply_health(sd_bus_message *m, const struct health *h, const struct verdict *v)
{
	sd_bus_message *reply = NULL;
	int r = sd_bus_message_new_method_return(m, &reply);

	if (r >= 0)
		r = append_facts(reply, h, v);
	if (r >= 0)
		r = append_inputs(reply, h);
	if (r >= 0)
		r = control_append_sets(reply, &h->firewall);
	if (r >= 0)
		r = append_problems(reply, v);
	if (r >= 0)
		r = sd_bus_message_send(reply);
	sd_bus_message_unref(reply);
	return r < 0 ? r : 1;
}

int control_method_status(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct control_client *c = userdata;
	const struct control_ops *ops = &c->control->ops;
	struct verdict v;
	struct health h;
	int r = control_check_allowed(c, error);

	if (r < 0)
		return r;
	r = ops->health(ops->userdata, &h, &v);
	if (r >= 0)
		r = reply_health(m, &h, &v);
	free(h.inputs);
	return r;
}

int control_method_metrics(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct control_client *c = userdata;
	const struct control_ops *ops = &c->control->ops;
	_cleanup_free_ char *text = NULL;
	int r = control_check_allowed(c, error);

	if (r < 0)
		return r;
	text = ops->metrics(ops->userdata);
	return text ? sd_bus_reply_method_return(m, "s", text) : -ENOMEM;
}
