/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What admins ask for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "agent_private.h"
#include "base/text.h"

static bool differ(const char *a, const char *b)
{
	return !a != !b || (a && strcmp(a, b) != 0);
}

/* Some settings are for the start only. */
static void tell_unchanged(const struct config *old, const struct config *new)
{
	const struct {
		const char *key;
		bool changed;
	} keys[] = {
		{ "user", differ(old->user, new->user) },
		{ "group", differ(old->group, new->group) },
		{ "state_dir", differ(old->state_dir, new->state_dir) },
		{ "socket", differ(old->socket, new->socket) },
		{ "firewall_socket", differ(old->firewall_socket, new->firewall_socket) },
		{ "table", differ(old->table, new->table) },
		{ "max_bans", old->max_bans != new->max_bans },
	};
	size_t i;

	for (i = 0; i < ELEMENTSOF(keys); i++)
		if (keys[i].changed)
			log_warning("The change of '%s' takes effect at the next restart", keys[i].key);
}

static int reload_world(struct agent *a, struct world *w)
{
	bool mode_changed = a->world->cfg->observe != w->cfg->observe;
	struct agent_input *inputs;
	struct pack kept = { 0 };
	size_t i;
	int r;

	/* What was read so far is stored, so the new inputs go on from there. */
	for (i = 0; i < a->n_inputs; i++)
		input_settle(a->inputs[i].input);
	r = agent_inputs_start(a, w, &inputs);
	if (r < 0)
		return r;
	r = decider_reload(a->decider, w->cfg);
	if (r < 0) {
		agent_inputs_stop(inputs, w->cfg->n_inputs);
		return r;
	}
	if (calls_reload(a->calls, w->cfg) < 0)
		log_error("Out of memory: calls are not watched for fraud until the next reload");
	tell_unchanged(a->world->cfg, w->cfg);
	agent_keep_inputs(a, true, &kept);
	agent_inputs_stop(a->inputs, a->n_inputs);
	a->inputs = inputs;
	a->n_inputs = w->cfg->n_inputs;
	agent_keep_restore_inputs(a, &kept);
	pack_done(&kept);
	a->keep.whole = true;
	/* Lines that wait name the old filters, and the helper begins anew. */
	wired_unwatch(a);
	world_free(a->world);
	a->world = w;
	agent_watch_loaded(a);
	log_set_level(w->cfg->log_level);
	firewall_reload(a->firewall);
	agent_exemptions_configure(a);
	agent_sip_configure(a);
	if (mode_changed)
		agent_enforce_anew(a);
	return 0;
}

/* What to tell who asked: the first mistake, and where the others are. */
static char *first_mistake(const struct diag *diag)
{
	size_t i;

	for (i = 0; i < diag->count; i++) {
		_cleanup_free_ char *text = NULL;

		if (diag->entries[i].severity != LOG_ERR)
			continue;
		text = diag_text(&diag->entries[i]);
		if (diag->errors == 1)
			return text_printf("nothing was changed: %s", text ? text : "out of memory");
		return text_printf("nothing was changed: %s (the first of %zu mistakes; 'sipwarden check' shows all)",
				   text ? text : "out of memory", diag->errors);
	}
	return NULL;
}

int agent_reload(struct agent *a, char **message)
{
	struct diag diag = DIAG_INIT;
	struct config *cfg = NULL;
	struct world *w = NULL;
	int r;

	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)time_monotonic());
	r = agent_config(a->options, &diag, &cfg);
	if (r >= 0)
		r = world_load(cfg, &diag, &w);
	diag_log(&diag);
	if (r >= 0)
		r = reload_world(a, w);
	a->watch.reload_refused = r < 0 ? time_now() : 0;
	if (r < 0) {
		*message = first_mistake(&diag);
		log_error("Reload refused, everything goes on as before");
		if (w && w != a->world)
			world_free(w);
	} else {
		*message = text_printf("%zu inputs, %zu filters, %zu rules, %zu exemptions", a->n_inputs,
				       w->n_filters, w->cfg->n_rules, w->cfg->n_exempt);
		log_info("Reloaded %s", a->options->config_path);
	}
	sd_notifyf(0, "READY=1\nSTATUS=%s", r < 0 ? "Reload refused: mistakes in the configuration" : agent_doing(a));
	diag_done(&diag);
	return r;
}

static int on_flush(void *userdata, char **message)
{
	struct agent *a = userdata;
	size_t n = decider_unban_all(a->decider);
	int r = firewall_flush(a->firewall);

	a->watch.flushed |= r >= 0;
	*message = text_printf("%zu bans lifted; the table inet %s is removed until 'sipwarden reload'", n,
			       a->world->cfg->table);
	return r;
}

struct giver_search {
	const struct addr *addr;
	const char *source;
};

static void match_giver(void *userdata, const struct addr *addr, const char *source, const char *reason)
{
	struct giver_search *s = userdata;

	(void)reason;
	if (!s->source && addr_equal(addr, s->addr))
		s->source = source;
}

/* Why an exemption cannot be taken back. */
static char *not_ours(const struct agent *a, const struct addr *addr)
{
	struct giver_search s = { addr, NULL };

	decider_exempt_each(a->decider, match_giver, &s);
	if (!s.source || strcmp(s.source, "config") == 0)
		return text_printf("it is exempt by %s; remove it there and reload", a->options->config_path);
	return text_printf("it is exempt by %s, as [exempt] of %s says; change that there and reload", s.source,
			   a->options->config_path);
}

static int on_pause(void *userdata, bool pause, const char *reason, char **message)
{
	return agent_pause(userdata, pause, reason, message);
}

static usec_t get_paused(void *userdata, const char **reason)
{
	const struct agent *a = userdata;

	*reason = a->pause_reason ? a->pause_reason : "";
	return a->paused;
}

static bool get_enforced(void *userdata, const struct ban *b)
{
	return agent_enforces(userdata, b);
}

static void count_friend(void *userdata, const struct friend *f)
{
	uint64_t *count = userdata;

	(void)f;
	++*count;
}

static void get_sip(void *userdata, struct control_sip *ret)
{
	const struct agent *a = userdata;
	const usec_t span = a->world->cfg->policy.friend_for, now = time_now();

	*ret = (struct control_sip){
		.wanted = agent_sip_wanted(a),
		.switched = a->sip.switched,
		.found = &a->sip.found,
		.limited = a->sip.limited,
		.n_limited = a->sip.n_limited,
		.events = a->sip.events,
	};
	if (span > 0)
		decider_friends_each(a->decider, now > span ? now - span : 0, count_friend, &ret->friends);
}

static int on_sip_switch(void *userdata, bool on, char **message)
{
	return agent_sip_switch(userdata, on, message);
}

static const struct config *get_config(void *userdata)
{
	return ((struct agent *)userdata)->world->cfg;
}

static int on_exempt(void *userdata, const struct addr *addr, const char *reason, bool add, char **message)
{
	struct agent *a = userdata;
	int r = add ? decider_exempt(a->decider, addr, reason) : decider_unexempt(a->decider, addr);

	if (r == -EPERM)
		*message = not_ours(a, addr);
	if (r < 0)
		return r;
	r = add ? store_exempt_put(a->store, addr, reason) : store_exempt_remove(a->store, addr);
	agent_commit_soon(a);
	agent_exemptions_enforce(a, false);
	return r;
}

static struct decider *get_decider(void *userdata)
{
	return ((struct agent *)userdata)->decider;
}

static struct calls *get_calls(void *userdata)
{
	return ((struct agent *)userdata)->calls;
}

static struct firewall *get_firewall(void *userdata)
{
	return ((struct agent *)userdata)->firewall;
}

static struct store *get_store(void *userdata)
{
	return ((struct agent *)userdata)->store;
}

static bool get_name(void *userdata, size_t i, struct resolve_info *info)
{
	const struct agent *a = userdata;

	return a->resolver && resolver_info(a->resolver, i, info);
}

static int get_health(void *userdata, struct health *h, struct verdict *v)
{
	return agent_health(userdata, true, h, v);
}

static char *get_metrics(void *userdata)
{
	return agent_metrics(userdata);
}

static int on_reload(void *userdata, char **message)
{
	return agent_reload(userdata, message);
}

const struct control_ops agent_control_ops = {
	.reload = on_reload,
	.flush = on_flush,
	.exempt = on_exempt,
	.pause = on_pause,
	.paused = get_paused,
	.enforced = get_enforced,
	.sip = get_sip,
	.sip_switch = on_sip_switch,
	.config = get_config,
	.decider = get_decider,
	.calls = get_calls,
	.firewall = get_firewall,
	.store = get_store,
	.name = get_name,
	.health = get_health,
	.metrics = get_metrics,
};
