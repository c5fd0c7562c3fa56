/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "replay/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "calls/calls.h"
#include "config/suggest.h"
#include "replay/source.h"

/* Questions that one event may raise. */
#define ASKED_MAX 16

struct replay {
	const struct world *world;
	struct replay_options options;
	struct replay_callbacks callbacks;
	struct decider *decider;
	struct calls *calls;
	struct source **sources;
	size_t n_sources;
	struct past past;
	bool witnessed; /* seen is given */
	struct addr *seen; /* sorted */
	size_t n_seen;
	struct addr asked[ASKED_MAX]; /* not answered yet */
	size_t n_asked;
	usec_t clock;
};

/* Decisions */

static void on_ban(void *userdata, struct ban *b)
{
	struct replay *r = userdata;

	past_note(&r->past, b);
	if (r->callbacks.ban)
		r->callbacks.ban(r->callbacks.userdata, b->start, b);
}

static void on_lift(void *userdata, struct ban *b, enum lift_cause cause)
{
	const struct replay *r = userdata;

	if (r->callbacks.lift)
		r->callbacks.lift(r->callbacks.userdata, cause == LIFT_EXPIRED ? b->end : r->clock, b, cause);
}

static void on_alert(void *userdata, const struct alert *a)
{
	const struct replay *r = userdata;

	if (r->callbacks.alert)
		r->callbacks.alert(r->callbacks.userdata, r->clock, a);
}

static void on_fraud(void *userdata, const struct fraud *f)
{
	struct replay *r = userdata;
	const struct fraud_source source = { f->call->source, f->call->by_login, f->call->proven };
	const struct alert a = {
		.kind = f->critical ? ALERT_FRAUD : ALERT_FRAUD_WARNING,
		.addr = f->call->source,
		.account = *f->call->account ? f->call->account : NULL,
		.text = f->text,
	};

	if (r->callbacks.alert)
		r->callbacks.alert(r->callbacks.userdata, f->when, &a);
	if (fraud_asks_for_ban(f))
		decider_fraud(r->decider, &source, f->rule->name, f->text, f->rule->ban_for, f->when);
}

static unsigned on_history(void *userdata, const struct addr *addr, usec_t since)
{
	const struct replay *r = userdata;

	return past_count(&r->past, addr, since);
}

/* The kernel does not answer at once, either. */
static bool on_ask(void *userdata, const struct addr *addr)
{
	struct replay *r = userdata;

	if (!r->witnessed || r->n_asked == ASKED_MAX)
		return false;
	r->asked[r->n_asked++] = *addr;
	return true;
}

static int compare_addrs(const void *a, const void *b)
{
	return addr_compare(a, b);
}

static void answer_all(struct replay *r)
{
	size_t i;

	for (i = 0; i < r->n_asked; i++) {
		const struct addr *addr = &r->asked[i];
		bool seen = bsearch(addr, r->seen, r->n_seen, sizeof(*r->seen), compare_addrs) != NULL;

		decider_answer(r->decider, addr, seen ? WITNESS_SEEN : WITNESS_UNSEEN);
	}
	r->n_asked = 0;
}

void replay_seen(struct replay *r, struct addr *addrs, size_t n)
{
	free(r->seen);
	r->witnessed = true;
	r->seen = addrs;
	r->n_seen = n;
	qsort(addrs, n, sizeof(*addrs), compare_addrs);
}

/* Begin and end */

int replay_new(const struct world *w, const struct replay_options *options, const struct replay_callbacks *callbacks,
	       struct replay **ret)
{
	struct replay *r = calloc(1, sizeof(*r));
	const struct decide_callbacks decide = {
		.ban = on_ban,
		.lift = on_lift,
		.alert = on_alert,
		.ask = on_ask,
		.history = on_history,
		.userdata = r,
	};
	const struct calls_callbacks calls = { .fraud = on_fraud, .userdata = r };
	size_t i;
	int e;

	if (!r)
		return -ENOMEM;
	r->world = w;
	/* A log of days is read in seconds: what the pace of the agent would leave out were live lines once. */
	for (i = 0, e = 0; e >= 0 && i < w->cfg->n_inputs; i++) {
		matcher_pace(w->matchers[i], 0);
		e = matcher_use_jit(w->matchers[i]);
	}
	r->options = *options;
	r->callbacks = *callbacks;
	if (e >= 0)
		e = past_init(&r->past);
	if (e >= 0)
		e = decider_new(w->cfg, &decide, &r->decider);
	if (e >= 0)
		e = calls_new(w->cfg, &calls, &r->calls);
	if (e < 0) {
		replay_free(r);
		return e;
	}
	*ret = r;
	return 0;
}

struct replay *replay_free(struct replay *r)
{
	if (!r)
		return NULL;
	while (r->n_sources > 0)
		source_free(r->sources[--r->n_sources]);
	free(r->sources);
	calls_free(r->calls);
	decider_free(r->decider);
	past_done(&r->past);
	free(r->seen);
	free(r);
	return NULL;
}

/* Logs */

static int no_such_input(const struct config *cfg, const char *name, struct diag *diag)
{
	const char **names = calloc(cfg->n_inputs + 1, sizeof(*names)), *near = NULL;
	_cleanup_free_ char *hint = NULL;
	size_t i;

	for (i = 0; names && i < cfg->n_inputs; i++)
		names[i] = cfg->inputs[i].name;
	if (names)
		near = suggest_nearest(name, names, cfg->n_inputs);
	free(names);
	hint = near ? text_printf("did you mean '%s'?", near) :
		      text_printf("add the section [input %s], which tells its filter", name);
	diag_error(diag, cfg->path, 0, hint, "there is no input '%s'", name);
	return -ENOENT;
}

static int find_input(const struct replay *r, const char *name, struct diag *diag)
{
	const struct config *cfg = r->world->cfg;
	size_t i;

	for (i = 0; i < cfg->n_inputs; i++)
		if (strcmp(cfg->inputs[i].name, name) == 0)
			return (int)i;
	return no_such_input(cfg, name, diag);
}

static int keep_source(struct replay *r, struct source *s)
{
	struct source **longer = reallocarray(r->sources, r->n_sources + 1, sizeof(struct source *));

	if (!longer)
		return -ENOMEM;
	r->sources = longer;
	r->sources[r->n_sources++] = s;
	return 0;
}

static bool is_there(const struct replay *r, const struct source *s)
{
	size_t i;

	for (i = 0; i < r->n_sources; i++)
		if (source_is_same(r->sources[i], s))
			return true;
	return false;
}

static bool is_banned(void *userdata, const struct addr *addr, usec_t when)
{
	const struct replay *r = userdata;
	const struct ban *b = decider_find(r->decider, addr);

	return b && b->end > when;
}

int replay_add(struct replay *r, const char *input, const char *path, struct diag *diag)
{
	const struct config_input *ci;
	struct source *s = NULL;
	int i = find_input(r, input, diag), e;

	if (i < 0)
		return i;
	ci = &r->world->cfg->inputs[i];
	if (!path && ci->type != INPUT_JOURNAL) {
		diag_error(diag, ci->file, ci->line, "set type = journal, or give a file (one called journal as ./journal)",
			   "input '%s' is not read from the journal", ci->name);
		return -EINVAL;
	}
	e = source_new(&(struct source_options){ .input = ci,
						 .matcher = r->world->matchers[i],
						 .path = path,
						 .since = r->options.since,
						 .until = r->options.until,
						 .is_banned = is_banned,
						 .userdata = r },
		       diag, &s);
	if (e >= 0)
		e = is_there(r, s) ? -EEXIST : keep_source(r, s);
	if (e < 0)
		source_free(s);
	return e;
}

/* Running */

static struct source *earliest(const struct replay *r)
{
	struct source *best = NULL;
	usec_t first = USEC_INFINITY;
	size_t i;

	for (i = 0; i < r->n_sources; i++) {
		usec_t order = source_order(r->sources[i]);

		if (order >= first)
			continue;
		first = order;
		best = r->sources[i];
	}
	return best;
}

static void turn_clock(struct replay *r, usec_t when)
{
	if (when <= r->clock)
		return;
	r->clock = when;
	decider_expire(r->decider, when);
	calls_tick(r->calls, when);
}

static void take_event(struct replay *r, const struct source_event *se)
{
	struct event e = se->event;

	e.askable = e.witnessed = r->witnessed;
	turn_clock(r, se->order);
	calls_event(r->calls, &e, r->clock);
	decider_event(r->decider, &e, r->clock);
	answer_all(r);
}

int replay_run(struct replay *r, struct diag *diag)
{
	const struct source_event *se;
	struct replay_stats stats;
	struct source *s;
	int status = 0;

	while ((s = earliest(r))) {
		int n = source_next(s, diag, &se);

		if (n > 0)
			take_event(r, se);
		else if (n < 0)
			status = n;
		if (n == -ENOMEM)
			return n;
	}
	replay_stats(r, &stats);
	turn_clock(r, stats.last);
	return status;
}

void replay_stats(const struct replay *r, struct replay_stats *ret)
{
	size_t i;

	*ret = (struct replay_stats){ .logs = r->n_sources };
	for (i = 0; i < r->n_sources; i++) {
		const struct source_stats *s = source_stats(r->sources[i]);

		ret->lines += s->lines;
		ret->bytes += s->bytes;
		ret->cut += s->cut;
		ret->future += s->future;
		ret->untimed += s->untimed;
		if (s->start && (!ret->first || s->start < ret->first))
			ret->first = s->start;
		if (s->end > ret->last)
			ret->last = s->end;
	}
	if (ret->first < r->options.since)
		ret->first = r->options.since;
	if (ret->last > r->options.until)
		ret->last = r->options.until;
	decider_stats(r->decider, &ret->decide);
}

const struct past *replay_past(const struct replay *r)
{
	return &r->past;
}
