/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From inputs through the matchers to the decider. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent_private.h"

/* A line that was written just now cannot be older; see line_moment(). */
#define LIVE_SKEW_MAX (300 * USEC_PER_SEC)

/*
 * The log's own time counts, so that an old log read again gives the same bans.
 * But a line that was written just now and claims another hour tells of a wrong
 * time zone or clock: then its arrival is the truth.
 */
static usec_t line_moment(struct agent_input *in, const struct event *e)
{
	usec_t apart = e->time > in->arrival ? e->time - in->arrival : in->arrival - e->time;
	char span[TIMESPAN_TEXT_MAX];

	if (e->time == 0 || !in->live || apart <= LIVE_SKEW_MAX)
		return e->time;
	if (!in->skew_told)
		log_warning("Input %s: the log's time is %s away from ours; using the time of arrival. Check the time "
			    "zone of the gateway's log",
			    in->name, timespan_format(apart, span));
	in->skew_told = true;
	return in->arrival;
}

static void on_event(void *userdata, const struct event *e)
{
	struct agent_input *in = userdata;
	struct event timed = *e;

	timed.time = line_moment(in, e);
	decider_event(in->agent->decider, &timed, in->arrival);
}

static void on_chunk(void *userdata, struct input *input, const struct input_chunk *chunk)
{
	struct agent_input *in = input_context(input);

	(void)userdata;
	in->arrival = time_now();
	in->live = chunk->live;
	matcher_scan(in->matcher, chunk->data, chunk->len, chunk->times, on_event, in);
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

	for (i = 0; inputs && i < n; i++)
		input_stop(inputs[i].input);
	free(inputs);
}

int agent_inputs_start(struct agent *a, const struct world *w, struct agent_input **ret)
{
	const struct input_callbacks callbacks = { on_chunk, on_position, on_restore, a };
	struct agent_input *inputs = calloc(w->cfg->n_inputs + 1, sizeof(*inputs));
	size_t i;
	int r;

	if (!inputs)
		return -ENOMEM;
	for (i = 0; i < w->cfg->n_inputs; i++) {
		const struct config_input *ci = &w->cfg->inputs[i];

		inputs[i] = (struct agent_input){ .agent = a, .name = ci->name };
		inputs[i].matcher = w->matchers[i];
		r = input_start(a->loop, ci, &callbacks, &inputs[i].input);
		if (r < 0) {
			log_error("%s:%u: input %s cannot be followed: %s", ci->file, ci->line, ci->name, strerror(-r));
			agent_inputs_stop(inputs, i);
			return r;
		}
		input_set_context(inputs[i].input, &inputs[i]);
	}
	*ret = inputs;
	return 0;
}
