/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explain_view.h"

#include <errno.h>
#include <stdlib.h>

#include "control/bus.h"
#include "facts.h"
#include "output.h"

/* Room for one more of what list holds n of, or NULL. */
static void *one_more(void **list, size_t n, size_t size)
{
	void *longer = reallocarray(*list, n + 1, size);

	if (!longer)
		return NULL;
	*list = longer;
	return (char *)longer + n * size;
}

static int read_rules(sd_bus_message *m, struct explain_view *v)
{
	struct rule_view one, *place;
	int r = sd_bus_message_enter_container(m, 'a', "(" BUS_RULE ")");

	while (r > 0 && (r = sd_bus_message_read(m, "(" BUS_RULE ")", &one.rule, &one.count, &one.proven, &one.threshold,
						 &one.window, &one.ban, &one.unproven_ban, &one.observe)) > 0) {
		place = one_more((void **)&v->rules, v->n_rules, sizeof(one));
		if (!place)
			return -ENOMEM;
		*place = one;
		v->n_rules++;
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_past(sd_bus_message *m, struct explain_view *v)
{
	struct past_view one, *place;
	int r = sd_bus_message_enter_container(m, 'a', "(" BUS_HISTORY ")");

	while (r > 0 &&
	       (r = sd_bus_message_read(m, "(" BUS_HISTORY ")", &one.address, &one.start, &one.end, &one.lifted,
					&one.lifted_by, &one.count, &one.rule, &one.reason, &one.proven,
					&one.observed)) > 0) {
		place = one_more((void **)&v->past, v->n_past, sizeof(one));
		if (!place)
			return -ENOMEM;
		*place = one;
		v->n_past++;
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

int explain_view_read(sd_bus_message *m, const char *address, struct explain_view *ret)
{
	struct explain_view *v = ret;
	int r;

	*v = (struct explain_view){ .address = address };
	r = sd_bus_message_read(m, "b", &v->banned);
	if (r >= 0)
		r = ban_view_read(m, &v->ban);
	if (r < 0)
		return r;
	v->facts = facts_read(m);
	if (!v->facts)
		return -EBADMSG;
	r = sd_bus_message_read(m, "ss", &v->evidence, &v->accounts);
	if (r >= 0)
		r = read_rules(m, v);
	return r < 0 ? r : read_past(m, v);
}

void explain_view_done(struct explain_view *v)
{
	json_decref(v->facts);
	free(v->rules);
	free(v->past);
}

const char *past_view_end(const struct past_view *p)
{
	if (p->lifted)
		return p->lifted_by;
	return p->end <= time_now() ? "its time is over" : NULL;
}

/* JSON */

static json_t *text_fact(const struct explain_view *v, const char *key)
{
	const char *text = facts_text(v->facts, key);

	return *text ? output_string(text) : json_null();
}

static json_t *friend_json(const struct explain_view *v)
{
	if (!facts_number(v->facts, "friend_last"))
		return json_null();
	return json_pack("{s:o, s:b, s:o, s:o, s:I, s:I}", "address", text_fact(v, "friend_address"), "is_friend",
			 facts_number(v->facts, "friend") != 0, "first",
			 output_time((usec_t)facts_number(v->facts, "friend_first")), "last",
			 output_time((usec_t)facts_number(v->facts, "friend_last")), "successes",
			 (json_int_t)facts_number(v->facts, "friend_successes"), "accounts",
			 (json_int_t)facts_number(v->facts, "friend_accounts"));
}

static json_t *rules_json(const struct explain_view *v)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < v->n_rules; i++) {
		const struct rule_view *r = &v->rules[i];

		json_array_append_new(array, json_pack("{s:o, s:I, s:I, s:I, s:o, s:o, s:o, s:b}", "rule",
						       output_string(r->rule), "attempts", (json_int_t)r->count, "proven",
						       (json_int_t)r->proven, "threshold", (json_int_t)r->threshold,
						       "window_seconds", output_span(r->window), "ban_seconds",
						       output_span(r->ban), "unproven_ban_seconds",
						       output_span(r->unproven_ban), "observe", r->observe));
	}
	return array;
}

static json_t *past_json(const struct explain_view *v)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < v->n_past; i++) {
		const struct past_view *p = &v->past[i];
		const char *end = past_view_end(p);

		json_array_append_new(array,
				      json_pack("{s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:b, s:b}", "address",
						output_string(p->address), "start", output_time(p->start), "end",
						output_time(p->end), "lifted", output_time(p->lifted), "ended",
						end ? output_string(end) : json_null(), "attempts", (json_int_t)p->count,
						"rule", output_string(p->rule), "reason", output_string(p->reason),
						"proven", p->proven, "observed", p->observed));
	}
	return array;
}

json_t *explain_view_json(const struct explain_view *v)
{
	json_t *mode = json_copy(v->facts), *o;

	facts_mode(mode);
	o = json_pack("{s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:I, s:b}", "address", output_string(v->address),
		      "banned", v->banned, "ban", v->banned ? ban_view_json(&v->ban) : json_null(), "evidence",
		      output_string(v->evidence), "accounts", ban_view_lines(v->accounts), "exemption",
		      text_fact(v, "exemption"), "exemption_source", text_fact(v, "exemption_source"), "exemption_reason",
		      text_fact(v, "exemption_reason"), "unbannable", text_fact(v, "unbannable"), "ports_banned",
		      (json_int_t)facts_number(v->facts, "ports_banned"), "friend", friend_json(v),
		      "forgeries", (json_int_t)facts_number(v->facts, "forgeries"), "waiting",
		      facts_number(v->facts, "waiting") != 0);
	json_object_set(o, "paused", json_object_get(mode, "paused"));
	json_object_set(o, "observe", json_object_get(mode, "observe"));
	json_object_set_new(o, "firewall_ready", json_boolean(facts_number(v->facts, "firewall_ready")));
	json_object_set_new(o, "rules", rules_json(v));
	json_object_set_new(o, "history", past_json(v));
	json_decref(mode);
	return o;
}
