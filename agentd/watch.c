/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the agent is: gathers what all stages know of themselves. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "agent_private.h"
#include "base/memory.h"

struct count {
	const struct agent *agent;
	struct health *health;
	uint64_t hashed[KERNEL_SETS]; /* bans that the kernel has taken */
};

/* Which hash set of the kernel has it; KERNEL_SETS: none. */
static enum kernel_set hash_of(const struct addr *a)
{
	if (addr_is_host(a))
		return a->port ? KERNEL_PORT4 : a->family == AF_INET ? KERNEL_BAN4 : KERNEL_BAN6;
	return a->family == AF_INET6 && a->len == 64 ? KERNEL_BAN64 : KERNEL_SETS;
}

static void count_ban(void *userdata, struct ban *b)
{
	struct count *c = userdata;
	enum kernel_set set = hash_of(&b->addr);

	if (set < KERNEL_SETS)
		c->hashed[set] += b->in_kernel;
	c->health->bans_observed += !agent_enforces(c->agent, b);
	c->health->bans_in_kernel += b->in_kernel;
}

/* Linux before 6.16 does not tell how many it has: then as many as it has taken. */
static void count_bans(struct agent *a, struct health *h)
{
	static const enum kernel_set hashes[] = { KERNEL_BAN4, KERNEL_BAN6, KERNEL_BAN64, KERNEL_PORT4 };
	struct count c = { a, h, { 0 } };
	size_t i;

	decider_each(a->decider, count_ban, &c);
	for (i = 0; h->firewall.ready && i < ELEMENTSOF(hashes); i++) {
		struct kernel_set_size *s = &h->firewall.sizes[hashes[i]];

		if (!s->known)
			*s = (struct kernel_set_size){ true, c.hashed[hashes[i]], a->world->cfg->max_bans };
	}
}

static void count_names(const struct agent *a, struct health *h)
{
	struct resolve_info i;

	for (; a->resolver && resolver_info(a->resolver, h->names, &i); h->names++) {
		h->names_failing += i.failing > 0;
		h->names_empty += i.failing > 0 && i.addresses == 0;
	}
}

static void name_braked(void *userdata, const struct filter *f, const struct filter_pattern *p, bool off)
{
	struct health *h = userdata;
	char *text = off ? h->patterns_off : h->patterns_slowed, raw[512], name[600];
	size_t used = strlen(text);

	snprintf(raw, sizeof(raw), "%s/%s (%s:%u)", f->name, p->name, p->file, p->line);
	text_printable(SPAN(raw), name, sizeof(name));
	/* Inputs that share a filter have it in common. */
	if (!strstr(text, name) && used + strlen(name) + 2 < HEALTH_PATTERNS_MAX)
		snprintf(text + used, HEALTH_PATTERNS_MAX - used, "%s%s", used ? ", " : "", name);
}

static void fill_input(const struct agent_input *in, struct health_input *ret)
{
	ret->name = input_name(in->input);
	ret->filter = matcher_name(in->matcher);
	ret->journal = in->cfg->type == INPUT_JOURNAL;
	ret->where = ret->journal ? "the journal" : in->cfg->paths[0];
	input_stats(in->input, &ret->input);
	matcher_stats(in->matcher, &ret->match);
}

static int fill_inputs(const struct agent *a, struct health *h)
{
	h->inputs = calloc(a->n_inputs + 1, sizeof(*h->inputs));
	if (!h->inputs)
		return -ENOMEM;
	for (; h->n_inputs < a->n_inputs; h->n_inputs++) {
		fill_input(&a->inputs[h->n_inputs], &h->inputs[h->n_inputs]);
		matcher_braked_each(a->inputs[h->n_inputs].matcher, name_braked, h);
	}
	return 0;
}

int agent_health(struct agent *a, bool with_bans, struct health *h, struct verdict *v)
{
	const struct agent_watch *w = &a->watch;
	const struct config *cfg = a->world->cfg;
	int r;

	*h = (struct health){
		.now = time_now(),
		.monotonic = time_monotonic(),
		.started = a->started,
		.counted_since = a->keep.counted_since,
		.loaded = w->loaded,
		.followed = w->followed,
		.reload_refused = w->reload_refused,
		.config_path = a->options->config_path,
		.paused = a->paused,
		.pause_reason = a->pause_reason ? a->pause_reason : "",
		.observe = cfg->observe,
		.flushed = w->flushed,
		.witness = cfg->witness,
		.sip_wanted = agent_sip_wanted(a),
		.sip_limited = a->sip.n_limited,
		.resident = memory_resident(w->memory),
		.trouble = *log_last_trouble(),
		.metrics_file = cfg->metrics_file,
		.metrics_error = w->metrics_error,
	};
	memcpy(h->events, w->events, sizeof(h->events));
	calls_stats(a->calls, &h->calls);
	memcpy(h->alerts, w->alerts, sizeof(h->alerts));
	h->fraud = w->fraud;
	decider_stats(a->decider, &h->decide);
	firewall_stats(a->firewall, &h->firewall);
	store_stats(a->store, &h->store);
	count_names(a, h);
	if (with_bans)
		count_bans(a, h);
	r = fill_inputs(a, h);
	if (r >= 0)
		health_judge(h, v);
	return r;
}
