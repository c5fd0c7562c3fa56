/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From inputs through the matchers to the decider. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent_private.h"
#include "base/text.h"
#include "base/zone.h"

/* A line that was written just now cannot be older; see line_moment(). */
#define LIVE_SKEW_MAX (300 * USEC_PER_SEC)

/* What was learned of an input's zone outlives a restart: the lines to catch up with come before the live ones. */
static char *zone_key(const struct agent_input *in)
{
	return text_printf("zone:%s", in->cfg->name);
}

static const char *zone_name(const struct agent_input *in)
{
	return in->cfg->timezone ? in->cfg->timezone : "local";
}

static void store_zone(const struct agent_input *in)
{
	_cleanup_free_ char *key = zone_key(in), *value = text_printf("%d %s", in->skew.quarters, zone_name(in));

	if (!key || !value)
		return;
	store_position_put(in->agent->store, key, value);
	agent_commit_soon(in->agent);
}

/* It was learned against a zone; with another one in the config it is void. */
static void restore_zone(struct agent_input *in)
{
	_cleanup_free_ char *key = zone_key(in), *value = key ? store_position_get(in->agent->store, key) : NULL;
	char *end = value;
	long quarters = value ? strtol(value, &end, 10) : 0;

	if (value && end > value && *end == ' ' && strcmp(end + 1, zone_name(in)) == 0 &&
	    labs(quarters) <= SKEW_QUARTERS_MAX)
		in->skew.quarters = (int)quarters;
}

static void tell_zone(const struct agent_input *in)
{
	const int32_t offset = time_reader_offset(in->reader, in->arrival) - in->skew.quarters * 900;
	const usec_t off = (usec_t)abs(in->skew.quarters) * SKEW_QUARTER;
	char span[TIMESPAN_TEXT_MAX], text[ZONE_OFFSET_TEXT_MAX];

	if (off == 0)
		log_notice("Input %s: the log's time is ours again", in->cfg->name);
	else if (abs(offset) > ZONE_OFFSET_MAX)
		log_warning("Input %s: the log's time is always %s away from ours, as in no time zone; going on with that. "
			    "Set the clock of the gateway",
			    in->cfg->name, timespan_format(off, span));
	else
		log_warning("Input %s: the log's time is always %s %s ours: it is in zone %s, not in %s; going on with that. "
			    "Set timezone = %s in [input %s], or the name of the zone",
			    in->cfg->name, timespan_format(off, span), in->skew.quarters > 0 ? "behind" : "ahead of",
			    zone_offset_format(offset, text), zone_name(in), text, in->cfg->name);
}

static void learn_zone(struct agent_input *in, usec_t logged)
{
	if (in->timed || !skew_learn(&in->skew, logged, in->arrival))
		return;
	tell_zone(in);
	store_zone(in);
}

static void tell_old(struct agent_input *in, usec_t apart)
{
	char span[TIMESPAN_TEXT_MAX];

	if (!in->old_told)
		log_warning("Input %s: a line that was written just now is %s old; such lines count for when they happened. "
			    "If the time zone or clock of the gateway's log is wrong, they do so for three minutes",
			    in->cfg->name, timespan_format(apart, span));
	in->old_told = true;
}

static void tell_skew(struct agent_input *in, usec_t apart)
{
	char span[TIMESPAN_TEXT_MAX];

	if (!in->skew_told)
		log_warning("Input %s: the log's time is %s away from ours; using the time of arrival. Check the time "
			    "zone of the gateway's log",
			    in->cfg->name, timespan_format(apart, span));
	in->skew_told = true;
}

/*
 * The log's own time counts, so that an old log read again gives the same bans.
 * But if lines that are written just now claim another hour, the same one for a
 * while, that tells of a wrong time zone or clock: then their arrival is the truth.
 * Others are old: somebody has copied a rotated log, or a relay had a backlog.
 */
static usec_t line_moment(struct agent_input *in, const struct event *e)
{
	usec_t when, apart, length;
	bool steady;

	if (e->time == 0)
		return 0;
	/* A record is written when its call ends, and has the time at which it began. */
	length = calls_length(e);
	if (in->live)
		learn_zone(in, e->time + length);
	when = skew_correct(&in->skew, e->time + length);
	apart = when > in->arrival ? when - in->arrival : in->arrival - when;
	if (!in->live)
		return when - length;
	steady = skew_is_steady(&in->skew, when, in->arrival);
	if (apart <= LIVE_SKEW_MAX)
		return when - length;
	if (when < in->arrival && !steady) {
		tell_old(in, apart);
		return when - length;
	}
	tell_skew(in, apart);
	return in->arrival - length;
}

/*
 * The kernel ends a ban by itself, in time. Here it is known a little longer: lines
 * that were written before its end may still be on their way.
 */
#define HORIZON_LIVE USEC_PER_SEC
/* For an input of which nothing can be read is not waited longer. */
#define CATCH_UP_MAX (60 * USEC_PER_SEC)

usec_t agent_horizon(const struct agent *a, const struct agent_input *but)
{
	usec_t now = time_now(), horizon = now - HORIZON_LIVE, reached;
	size_t i;

	for (i = 0; i < a->n_inputs; i++) {
		const struct agent_input *in = &a->inputs[i];

		reached = input_caught_up(in->input);
		/* When it was looked last, not now: who gets no CPU has not read either. */
		reached = reached ? reached - HORIZON_LIVE : in->reached;
		if (in == but || (!reached && now - a->started > CATCH_UP_MAX))
			continue;
		if (reached < horizon)
			horizon = reached;
	}
	return horizon;
}

static void on_event(void *userdata, const struct event *e)
{
	struct agent_input *in = userdata;
	struct event timed = *e;

	in->agent->watch.events[e->class]++;
	timed.time = line_moment(in, e);
	/* Also of what is read late, in a log that was just rotated; of yesterday's it says little. */
	timed.askable = in->cfg->witness && (timed.time == 0 || timed.time + LIVE_SKEW_MAX > in->arrival);
	timed.fresh = timed.askable && in->live && wired_is_fresh(timed.time, in->arrival);
	timed.witnessed = witnessed_counts(in, timed.time);
	witnessed_learn(in, e);
	if (timed.time > in->reached)
		in->reached = timed.time < in->arrival ? timed.time : in->arrival;
	/* An old log is read in no time, and bans of its time shall not fill the table. */
	if (!in->live)
		decider_expire(in->agent->decider, in->reached < in->horizon ? in->reached : in->horizon);
	/* Looked up where it makes a difference only: it takes a while. */
	if (!timed.proven && timed.challenge.len > 0 && timed.n_addrs == 1 &&
	    !decider_find(in->agent->decider, &timed.addrs[0]))
		timed.proven = matcher_was_challenged(in->matcher, &timed);
	calls_event(in->agent->calls, &timed, in->arrival);
	decider_event(in->agent->decider, &timed, in->arrival);
}

static void on_chunk(void *userdata, struct input *input, const struct input_chunk *chunk)
{
	struct agent_input *in = input_context(input);

	(void)userdata;
	in->arrival = time_now();
	in->live = chunk->live;
	in->timed = chunk->times != NULL;
	in->horizon = agent_horizon(in->agent, in);
	wired_receive(in->agent);
	matcher_scan(in->matcher, chunk->data, chunk->len, chunk->times, in->reader, on_event, in);
}

static bool on_continues(void *userdata, struct input *input, const char *line, size_t len)
{
	const struct agent_input *in = input_context(input);

	(void)userdata;
	return in && matcher_is_continued(in->matcher, line, len);
}

static void on_position(void *userdata, struct input *input, const char *key, const char *value)
{
	struct agent *a = userdata;

	(void)input;
	store_position_put(a->store, key, value);
	agent_commit_soon(a);
}

static char *on_restore(void *userdata, const char *key)
{
	struct agent *a = userdata;

	return store_position_get(a->store, key);
}

void agent_inputs_stop(struct agent_input *inputs, size_t n)
{
	size_t i;

	for (i = 0; inputs && i < n; i++) {
		input_stop(inputs[i].input);
		time_reader_free(inputs[i].reader);
		pack_done(&inputs[i].kept);
	}
	free(inputs);
}

static int start_input(struct agent *a, const struct config_input *ci, struct matcher *m, struct agent_input *in)
{
	const struct input_callbacks callbacks = {
		.chunk = on_chunk,
		.position = on_position,
		.continues = matcher_continues(m) ? on_continues : NULL,
		.restore = on_restore,
		.userdata = a,
	};
	int r;

	*in = (struct agent_input){ .agent = a, .cfg = ci, .matcher = m };
	r = time_reader_new(ci->timezone, &in->reader);
	if (r < 0)
		return r;
	restore_zone(in);
	r = input_start(a->loop, ci, &callbacks, &in->input);
	if (r >= 0)
		input_set_context(in->input, in);
	return r;
}


int agent_inputs_start(struct agent *a, const struct world *w, struct agent_input **ret)
{
	struct agent_input *inputs = calloc(w->cfg->n_inputs + 1, sizeof(*inputs));
	size_t i;
	int r;

	if (!inputs)
		return -ENOMEM;
	for (i = 0; i < w->cfg->n_inputs; i++) {
		const struct config_input *ci = &w->cfg->inputs[i];

		r = start_input(a, ci, w->matchers[i], &inputs[i]);
		if (r < 0) {
			log_error("%s:%u: input %s cannot be followed: %s", ci->file, ci->line, ci->name, strerror(-r));
			agent_inputs_stop(inputs, i + 1);
			return r;
		}
	}
	*ret = inputs;
	return 0;
}
