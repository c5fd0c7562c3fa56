/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agent: wires the stages together, in the order in which a line of log travels. */
#include "agent.h"

#include <errno.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/message_id.h"
#include "base/privilege.h"
#include "control/control.h"
#include "decide/decide.h"
#include "firewall/firewall.h"
#include "input/input.h"
#include "match/match.h"
#include "store/store.h"
#include "world.h"

/* Writes to the store gather for so long before they are committed. */
#define COMMIT_DELAY (200 * USEC_PER_MSEC)
/* A line that was written just now cannot be older; see line_moment(). */
#define LIVE_SKEW_MAX (300 * USEC_PER_SEC)

struct agent;

struct agent_input {
	struct agent *agent;
	struct input *input;
	struct matcher *matcher;
	const char *name;
	bool live;        /* the chunk at hand was written after all before it was read */
	bool skew_told;
	usec_t arrival;   /* of the chunk at hand */
};

struct agent {
	const struct agent_options *options;
	sd_event *loop;
	struct world *world;
	struct agent_input *inputs;
	size_t n_inputs;
	struct decider *decider;
	struct firewall *firewall;
	struct store *store;
	struct control *control;
	sd_event_source *commit_timer, *expire_timer;
	bool commit_armed;
	bool adopt; /* the store knew no bans: those in the kernel are taken over */
	usec_t started;
};

/* Store: everything written within a moment goes into one transaction. */

static int on_commit(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct agent *a = userdata;

	(void)source;
	(void)usec;
	a->commit_armed = false;
	store_commit(a->store);
	return 0;
}

static void commit_soon(struct agent *a)
{
	if (a->commit_armed)
		return;
	sd_event_source_set_time_relative(a->commit_timer, COMMIT_DELAY);
	sd_event_source_set_enabled(a->commit_timer, SD_EVENT_ONESHOT);
	a->commit_armed = true;
}

/* Decide → firewall, store, journal, control. */

static void log_ban(const struct ban *b, const char *span)
{
	char addr[ADDR_TEXT_MAX], start[TIME_TEXT_MAX];
	const struct log_field fields[] = {
		{ "SIPWARDEN_ADDRESS", addr_format(&b->addr, addr) },
		{ "SIPWARDEN_RULE", b->rule },
		{ "SIPWARDEN_REASON", b->reason },
		{ "SIPWARDEN_TIME", time_format_utc(b->start, start) },
		{ "SIPWARDEN_FOR", span },
		{ "SIPWARDEN_ACCOUNTS", b->accounts },
		{ NULL, NULL },
	};

	log_event(LOG_NOTICE, MESSAGE_BAN, fields, "Banned %s for %s by rule %s: %s", addr, span, b->rule, b->reason);
}

static void expire_at(struct agent *a, usec_t when)
{
	if (when == USEC_INFINITY) {
		sd_event_source_set_enabled(a->expire_timer, SD_EVENT_OFF);
		return;
	}
	sd_event_source_set_time(a->expire_timer, when);
	sd_event_source_set_enabled(a->expire_timer, SD_EVENT_ONESHOT);
}

static int on_expire(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct agent *a = userdata;

	(void)source;
	(void)usec;
	expire_at(a, decider_expire(a->decider, time_now()));
	return 0;
}

static void on_ban(void *userdata, struct ban *b)
{
	struct agent *a = userdata;
	char span[TIMESPAN_TEXT_MAX] = "ever";
	usec_t now = time_now();
	struct store_ban sb = {
		.addr = b->addr,
		.start = b->start,
		.end = b->end,
		.count = b->count,
		.step = b->step,
		.rule = b->rule,
		.reason = b->reason,
		.evidence = b->evidence,
		.evidence_len = b->evidence_len,
		.accounts = b->accounts,
	};

	if (b->end == USEC_INFINITY)
		firewall_ban(a->firewall, &b->addr, USEC_INFINITY);
	else if (b->end > now)
		firewall_ban(a->firewall, &b->addr, b->end - now);
	if (store_ban_put(a->store, &sb) >= 0)
		b->id = sb.id;
	commit_soon(a);
	if (b->end != USEC_INFINITY)
		timespan_format(b->end - b->start, span);
	log_ban(b, span);
	control_notify_ban(a->control, b);
	expire_at(a, now);
}

static void on_lift(void *userdata, struct ban *b, enum lift_cause cause)
{
	static const char *const causes[] = { "its time is over", "by hand", "now exempt" };
	struct agent *a = userdata;
	char addr[ADDR_TEXT_MAX];
	const struct log_field fields[] = {
		{ "SIPWARDEN_ADDRESS", addr_format(&b->addr, addr) },
		{ "SIPWARDEN_RULE", b->rule },
		{ "SIPWARDEN_CAUSE", causes[cause] },
		{ NULL, NULL },
	};

	/* What has run its time the kernel has dropped by itself. */
	if (cause != LIFT_EXPIRED) {
		firewall_unban(a->firewall, &b->addr);
		store_ban_lift(a->store, b->id, time_now(), causes[cause]);
		commit_soon(a);
	}
	log_event(LOG_INFO, MESSAGE_LIFT, fields, "Lifted the ban of %s: %s", addr, causes[cause]);
	control_notify_lift(a->control, b, cause);
}

static unsigned on_history(void *userdata, const struct addr *addr, usec_t since)
{
	struct agent *a = userdata;
	int n = store_history_count(a->store, addr, since);

	return n < 0 ? 0 : (unsigned)n;
}

/* Firewall → decide: what the kernel has must be what was decided. */

static void enforce(void *userdata, struct ban *b)
{
	struct agent *a = userdata;
	usec_t now = time_now();

	b->in_kernel = false;
	if (b->end == USEC_INFINITY)
		firewall_ban(a->firewall, &b->addr, USEC_INFINITY);
	else if (b->end > now)
		firewall_ban(a->firewall, &b->addr, b->end - now);
}

static void exempt_in_firewall(void *userdata, const struct addr *addr, const char *reason, bool configured)
{
	struct agent *a = userdata;

	(void)reason;
	if (!configured)
		firewall_exempt(a->firewall, addr, true);
}

static void on_kernel_element(void *userdata, const struct firewall_element *e)
{
	struct agent *a = userdata;
	usec_t now = time_now();
	struct ban b = { .addr = e->addr, .start = now };
	const struct ban *known = decider_find(a->decider, &e->addr);

	if (known)
		return;
	if (!a->adopt) {
		/* Lifted while the helper could not be told. */
		firewall_unban(a->firewall, &e->addr);
		return;
	}
	b.end = e->left == USEC_INFINITY ? USEC_INFINITY : now + e->left;
	b.rule = strdup("adopted");
	b.reason = strdup("was in the kernel's set when sipwardend started without its database");
	if (decider_restore(a->decider, &b) < 0)
		firewall_unban(a->firewall, &e->addr);
}

static void on_kernel_listed(void *userdata, int error)
{
	struct agent *a = userdata;

	if (error < 0) {
		log_warning("The bans in the kernel could not be listed: %s", strerror(-error));
		return;
	}
	a->adopt = false;
	expire_at(a, time_now());
}

static void on_firewall_ready(void *userdata, bool lost)
{
	struct agent *a = userdata;
	const struct log_field fields[] = { { NULL, NULL } };

	if (lost)
		log_event(LOG_WARNING, MESSAGE_RESTORED, fields,
			  "The nftables table was removed or flushed by somebody else; it is restored with all bans");
	decider_exempt_each(a->decider, exempt_in_firewall, a);
	decider_each(a->decider, enforce, a);
	firewall_list(a->firewall, on_kernel_element, on_kernel_listed, a);
}

static void on_firewall_done(void *userdata, const struct addr *addr, bool banned, int error)
{
	struct agent *a = userdata;
	struct ban *b = decider_find(a->decider, addr);
	char text[ADDR_TEXT_MAX];

	if (b && addr_equal(&b->addr, addr))
		b->in_kernel = banned && error == 0;
	/* -ESHUTDOWN: an admin had everything removed. */
	if (error < 0 && error != -ESHUTDOWN && banned)
		log_error("%s could not be banned in the kernel: %s", addr_format(addr, text), strerror(-error));
}

static void on_firewall_down(void *userdata, int error)
{
	(void)userdata;
	log_warning("The firewall helper is gone (%s); bans in the kernel stay in force, and it is started again",
		    strerror(-error));
}

/* Input → match → decide. */

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
	commit_soon(a);
}

static char *on_restore(void *userdata, const char *key)
{
	struct agent *a = userdata;

	return store_position_get(a->store, key);
}

static void inputs_stop(struct agent_input *inputs, size_t n)
{
	size_t i;

	for (i = 0; inputs && i < n; i++)
		input_stop(inputs[i].input);
	free(inputs);
}

static int inputs_start(struct agent *a, const struct world *w, struct agent_input **ret)
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
		inputs[i].matcher = world_matcher(w, ci->filter);
		r = input_start(a->loop, ci, &callbacks, &inputs[i].input);
		if (r < 0) {
			log_error("%s:%u: input %s cannot be followed: %s", ci->file, ci->line, ci->name, strerror(-r));
			inputs_stop(inputs, i);
			return r;
		}
		input_set_context(inputs[i].input, &inputs[i]);
	}
	*ret = inputs;
	return 0;
}

/* Control: what admins may do. */

static int reload_world(struct agent *a, struct world *w)
{
	struct agent_input *inputs;
	int r;

	/* What was read so far is stored, so the new inputs go on from there. */
	r = inputs_start(a, w, &inputs);
	if (r < 0)
		return r;
	r = decider_reload(a->decider, w->cfg);
	if (r < 0) {
		inputs_stop(inputs, w->cfg->n_inputs);
		return r;
	}
	inputs_stop(a->inputs, a->n_inputs);
	a->inputs = inputs;
	a->n_inputs = w->cfg->n_inputs;
	world_free(a->world);
	a->world = w;
	log_set_level(w->cfg->log_level);
	firewall_reload(a->firewall);
	return 0;
}

static char *first_mistake(const struct diag *diag)
{
	size_t i;

	for (i = 0; i < diag->count; i++)
		if (diag->entries[i].severity == LOG_ERR)
			return text_printf("nothing was changed: %zu mistakes, the first at %s:%u: %s", diag->errors,
					   diag->entries[i].file, diag->entries[i].line, diag->entries[i].text);
	return NULL;
}

static int on_reload(void *userdata, char **message)
{
	struct agent *a = userdata;
	struct diag diag = DIAG_INIT;
	struct world *w = NULL;
	int r;

	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)time_monotonic());
	r = world_load(a->options, &diag, &w);
	diag_log(&diag);
	if (r >= 0)
		r = reload_world(a, w);
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
	sd_notifyf(0, "READY=1\nSTATUS=%s", r < 0 ? "Reload refused: mistakes in the configuration" : "Watching");
	diag_done(&diag);
	return r;
}

static int on_flush(void *userdata, char **message)
{
	struct agent *a = userdata;
	size_t n = decider_unban_all(a->decider);
	int r = firewall_flush(a->firewall);

	*message = text_printf("%zu bans lifted; the table inet %s is removed until 'sipwarden reload'", n,
			       a->world->cfg->table);
	return r;
}

static int on_exempt(void *userdata, const struct addr *addr, const char *reason, bool add, char **message)
{
	struct agent *a = userdata;
	int r = add ? decider_exempt(a->decider, addr, reason) : decider_unexempt(a->decider, addr);

	if (r == -EPERM)
		*message = text_printf("it is exempt by %s; remove it there and reload", a->options->config_path);
	if (r < 0)
		return r;
	r = add ? store_exempt_put(a->store, addr, reason) : store_exempt_remove(a->store, addr);
	commit_soon(a);
	firewall_exempt(a->firewall, addr, add);
	return r;
}

static struct decider *get_decider(void *userdata)
{
	return ((struct agent *)userdata)->decider;
}

static struct firewall *get_firewall(void *userdata)
{
	return ((struct agent *)userdata)->firewall;
}

static struct store *get_store(void *userdata)
{
	return ((struct agent *)userdata)->store;
}

static bool get_input(void *userdata, size_t i, struct input **in, struct matcher **m)
{
	struct agent *a = userdata;

	if (i >= a->n_inputs)
		return false;
	*in = a->inputs[i].input;
	*m = a->inputs[i].matcher;
	return true;
}

static usec_t get_started(void *userdata)
{
	return ((struct agent *)userdata)->started;
}

/* From start to end. */

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	_cleanup_free_ char *message = NULL;

	(void)source;
	(void)info;
	on_reload(userdata, &message);
	return 0;
}

static void restore_ban(void *userdata, const struct store_ban *sb)
{
	struct agent *a = userdata;
	struct ban b = {
		.addr = sb->addr,
		.start = sb->start,
		.end = sb->end,
		.count = sb->count,
		.step = sb->step,
		.id = sb->id,
		.rule = strdup(sb->rule ? sb->rule : "unknown"),
		.reason = strdup(sb->reason ? sb->reason : ""),
		.accounts = sb->accounts ? strdup(sb->accounts) : NULL,
	};

	if (sb->evidence_len) {
		b.evidence = malloc(sb->evidence_len + 1);
		if (b.evidence) {
			memcpy(b.evidence, sb->evidence, sb->evidence_len);
			b.evidence[sb->evidence_len] = '\0';
			b.evidence_len = sb->evidence_len;
		}
	}
	a->adopt = false;
	decider_restore(a->decider, &b);
}

static void restore_exempt(void *userdata, const struct addr *addr, const char *reason)
{
	struct agent *a = userdata;

	decider_exempt(a->decider, addr, reason);
}

static int prepare_directories(const struct config *cfg)
{
	_cleanup_free_ char *socket = strdup(cfg->socket);
	int r = privilege_prepare_dir(cfg->state_dir, cfg->user);

	if (!socket)
		return -ENOMEM;
	return r < 0 ? r : privilege_prepare_dir(dirname(socket), cfg->user);
}

static int open_loop(struct agent *a)
{
	sigset_t signals;
	int r;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	r = sd_event_add_signal(a->loop, NULL, SIGTERM, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(a->loop, NULL, SIGINT, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(a->loop, NULL, SIGHUP, on_hangup, a);
	if (r >= 0)
		r = sd_event_add_time(a->loop, &a->commit_timer, CLOCK_MONOTONIC, 0, 1, on_commit, a);
	if (r >= 0)
		r = sd_event_source_set_enabled(a->commit_timer, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time(a->loop, &a->expire_timer, CLOCK_REALTIME, 0, USEC_PER_SEC / 10, on_expire, a);
	if (r >= 0)
		r = sd_event_source_set_enabled(a->expire_timer, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_set_watchdog(a->loop, true);
	return r;
}

static int start_stages(struct agent *a)
{
	const struct decide_callbacks decide = { on_ban, on_lift, on_history, a };
	const struct firewall_callbacks firewall = { on_firewall_ready, on_firewall_done, on_firewall_down, a };
	const struct control_ops control = {
		.reload = on_reload,
		.flush = on_flush,
		.exempt = on_exempt,
		.decider = get_decider,
		.firewall = get_firewall,
		.store = get_store,
		.input = get_input,
		.started = get_started,
		.userdata = a,
	};
	const struct config *cfg = a->world->cfg;
	int r;

	r = decider_new(cfg, &decide, &a->decider);
	if (r < 0)
		return r;
	/* The helper keeps the right to write the firewall; then we give it up for good. */
	r = firewall_start(a->loop, cfg, &firewall, &a->firewall);
	if (r < 0) {
		log_error("The firewall helper cannot be started: %s", strerror(-r));
		return r;
	}
	r = prepare_directories(cfg);
	if (r < 0)
		return r;
	r = privilege_drop(cfg->user);
	if (r < 0)
		return r;
	r = open_loop(a);
	if (r < 0)
		return r;
	r = store_open(cfg->state_dir, &a->store);
	if (r < 0) {
		log_error("%s: the database cannot be opened: %s", cfg->state_dir, strerror(-r));
		return r;
	}
	a->adopt = true;
	store_exempt_each(a->store, restore_exempt, a);
	store_bans_each(a->store, time_now(), restore_ban, a);
	r = control_start(a->loop, cfg, &control, &a->control);
	if (r < 0) {
		log_error("%s: the control socket cannot be opened: %s", cfg->socket, strerror(-r));
		return r;
	}
	return inputs_start(a, a->world, &a->inputs);
}

static void agent_stop(struct agent *a)
{
	inputs_stop(a->inputs, a->n_inputs);
	control_stop(a->control);
	store_close(a->store);
	firewall_stop(a->firewall);
	decider_free(a->decider);
	world_free(a->world);
	sd_event_source_unref(a->commit_timer);
	sd_event_source_unref(a->expire_timer);
	sd_event_unref(a->loop);
}

int agent_run(const struct agent_options *options)
{
	struct agent a = { .options = options, .started = time_now() };
	struct diag diag = DIAG_INIT;
	int r;

	r = world_load(options, &diag, &a.world);
	diag_log(&diag);
	diag_done(&diag);
	if (r < 0) {
		log_error("Not started: %s", r == -EINVAL ? "mistakes in the configuration" : strerror(-r));
		return EXIT_FAILURE;
	}
	log_set_level(a.world->cfg->log_level);
	r = sd_event_default(&a.loop);
	if (r >= 0)
		r = start_stages(&a);
	if (r >= 0) {
		a.n_inputs = a.world->cfg->n_inputs;
		expire_at(&a, time_now());
		sd_notify(0, "READY=1\nSTATUS=Watching");
		log_info("Watching %zu inputs", a.n_inputs);
		r = sd_event_loop(a.loop);
		sd_notify(0, "STOPPING=1");
	}
	agent_stop(&a);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
