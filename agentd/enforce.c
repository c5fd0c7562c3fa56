/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From decisions to the firewall, the store and the journal, and back from the kernel. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent_private.h"
#include "base/message_id.h"

/*
 * Writes to the store gather for so long before they are committed. In a flood all
 * that is counted changes between two commits, and they take long: then they come so
 * seldom that they take a tenth of the time at most. What is not yet stored after a
 * stop is read again, so nothing but a moment at the next start depends on it.
 */
#define COMMIT_DELAY (200 * USEC_PER_MSEC)
#define COMMIT_DELAY_MAX (2 * USEC_PER_SEC)
#define COMMIT_SHARE 10
/* It is looked no more often for bans that ended. */
#define EXPIRE_LOOK (100 * USEC_PER_MSEC)

/* The kernel's clock for a ban may be as far from ours: what is on its way takes time. */
#define END_TOLERANCE (30 * USEC_PER_SEC)

/* Store: everything written within a moment goes into one transaction. */

static void arm_commit(struct agent *a, usec_t delay)
{
	sd_event_source_set_time_relative(a->commit_timer, delay);
	sd_event_source_set_enabled(a->commit_timer, SD_EVENT_ONESHOT);
	a->commit_armed = true;
}

static int on_commit(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct agent *a = userdata;

	(void)source;
	(void)usec;
	a->commit_armed = false;
	if (agent_commit(a) < 0)
		arm_commit(a, STORE_RETRY);
	return 0;
}

void agent_commit_soon(struct agent *a)
{
	usec_t delay = a->keep.took * (COMMIT_SHARE - 1);

	if (a->commit_armed)
		return;
	if (delay < COMMIT_DELAY)
		delay = COMMIT_DELAY;
	arm_commit(a, delay < COMMIT_DELAY_MAX ? delay : COMMIT_DELAY_MAX);
}

/* Decide → firewall, store, journal, control. */

void agent_expire_at(struct agent *a, usec_t when)
{
	uint64_t armed;

	if (when == USEC_INFINITY) {
		sd_event_source_set_enabled(a->expire_timer, SD_EVENT_OFF);
		return;
	}
	/* Only sooner: bans that come all the time must not put it off for ever. */
	if (sd_event_source_get_enabled(a->expire_timer, NULL) > 0 && sd_event_source_get_time(a->expire_timer, &armed) >= 0 &&
	    armed <= when)
		return;
	sd_event_source_set_time(a->expire_timer, when);
	sd_event_source_set_enabled(a->expire_timer, SD_EVENT_ONESHOT);
}

static int on_expire(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct agent *a = userdata;
	usec_t now = time_now(), horizon = agent_horizon(a, NULL), next = decider_expire(a->decider, horizon);

	(void)source;
	(void)usec;
	if (next != USEC_INFINITY)
		next = next > horizon ? now + (next - horizon) : now;
	/* The horizon moves with the clock, but for logs that are still read. */
	agent_expire_at(a, next != USEC_INFINITY && next < now + EXPIRE_LOOK ? now + EXPIRE_LOOK : next);
	return 0;
}

bool agent_enforces(const struct agent *a, const struct ban *b)
{
	return !b->observed && (!a->world->cfg->observe || strcmp(b->rule, "manual") == 0);
}

/* How long it is to be in the kernel from now on; 0: it is not to be there. */
static usec_t enforced_for(const struct agent *a, const struct ban *b)
{
	usec_t now = time_now();

	if (!agent_enforces(a, b))
		return 0;
	if (b->end == USEC_INFINITY)
		return USEC_INFINITY;
	return b->end > now ? b->end - now : 0;
}

/* Into the kernel, if it belongs there. */
static void enforce(void *userdata, struct ban *b)
{
	struct agent *a = userdata;
	usec_t left = enforced_for(a, b);

	b->in_kernel = false;
	if (left > 0)
		firewall_ban(a->firewall, &b->addr, left);
}

/* The same for one of many that are not new. */
static void enforce_later(void *userdata, struct ban *b)
{
	struct agent *a = userdata;

	b->in_kernel = false;
	if (enforced_for(a, b) > 0 && firewall_restore(a->firewall, &b->addr) < 0)
		firewall_ban(a->firewall, &b->addr, enforced_for(a, b));
}

void agent_store_ban(struct agent *a, struct ban *b)
{
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
		.proven = b->proven,
		.observed = b->observed,
	};

	/* 0 if it cannot be; it is put again when there is room. */
	store_ban_put(a->store, &sb);
	b->id = sb.id;
	agent_commit_soon(a);
}

static void on_ban(void *userdata, struct ban *b)
{
	struct agent *a = userdata;

	enforce(a, b);
	agent_sip_banned(a, b);
	agent_store_ban(a, b);
	agent_log_ban(a, b);
	control_notify_ban(a->control, b);
	agent_expire_at(a, time_now() + EXPIRE_LOOK);
}

static void on_lift(void *userdata, struct ban *b, enum lift_cause cause)
{
	static const char *const causes[] = { "its time is over", "by hand", "now exempt" };
	struct agent *a = userdata;

	/* What has run its time the kernel has dropped by itself. */
	if (cause != LIFT_EXPIRED) {
		if (agent_enforces(a, b))
			firewall_unban(a->firewall, &b->addr);
		if (b->id)
			store_ban_lift(a->store, b->id, time_now(), causes[cause]);
		agent_commit_soon(a);
	}
	agent_log_lift(a, b, causes[cause]);
	control_notify_lift(a->control, b, cause);
}

static bool on_ask(void *userdata, const struct addr *addr)
{
	return witnessed_ask(userdata, addr);
}

static bool on_prove(void *userdata, const struct event *e, usec_t when, struct proof *ret)
{
	return wired_prove_line(userdata, e, when, ret);
}

static void on_alert(void *userdata, const struct alert *alert)
{
	struct agent *a = userdata;

	a->watch.alerts[alert->kind]++;
	agent_log_alert(alert);
	control_notify_alert(a->control, alert);
}

static unsigned on_history(void *userdata, const struct addr *addr, usec_t since)
{
	struct agent *a = userdata;
	int n = store_history_count(a->store, addr, since);

	return n < 0 ? 0 : (unsigned)n;
}

/* Firewall → decide: what the kernel has must be what was decided. */

static void enforce_or_not(void *userdata, struct ban *b)
{
	struct agent *a = userdata;

	if (!agent_enforces(a, b))
		firewall_unban(a->firewall, &b->addr);
	enforce(a, b);
}

void agent_enforce_anew(struct agent *a)
{
	decider_each(a->decider, enforce_or_not, a);
}

/* Its turn has come: it may have been lifted, or have got another end. */
static usec_t on_left(void *userdata, const struct addr *addr)
{
	struct agent *a = userdata;
	const struct ban *b = decider_find(a->decider, addr);

	return b && addr_equal(&b->addr, addr) ? enforced_for(a, b) : 0;
}

/* A ban that got another end while the helper could not be told. */
static void correct_end(struct agent *a, const struct ban *b, usec_t left)
{
	usec_t wanted = enforced_for(a, b), apart = wanted > left ? wanted - left : left - wanted;

	if (wanted > 0 && apart > END_TOLERANCE)
		firewall_ban(a->firewall, &b->addr, wanted);
}

static void on_kernel_element(void *userdata, const struct firewall_element *e)
{
	struct agent *a = userdata;
	usec_t now = time_now();
	struct ban b = { .addr = e->addr, .start = now };
	const struct ban *known = decider_find(a->decider, &e->addr);

	if (known && addr_equal(&known->addr, &e->addr))
		correct_end(a, known, e->left);
	if (known && agent_enforces(a, known))
		return;
	if (known || !a->adopt) {
		/* Lifted while the helper could not be told, or only observed now. */
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
	agent_expire_at(a, time_now());
}

static void on_firewall_ready(void *userdata, bool lost)
{
	struct agent *a = userdata;
	const struct log_field fields[] = { { NULL, NULL } };

	a->watch.flushed = false;
	wired_unwatch(a);
	if (lost)
		log_event(LOG_WARNING, MESSAGE_RESTORED, fields,
			  "The nftables table was removed or flushed by somebody else; it is restored with all bans");
	agent_exemptions_enforce(a, true);
	decider_each(a->decider, enforce_later, a);
	decider_ask_again(a->decider);
}

static void on_restored(void *userdata)
{
	struct agent *a = userdata;
	struct firewall_stats stats;

	firewall_stats(a->firewall, &stats);
	if (stats.fresh)
		on_kernel_listed(a, 0); /* there is nothing that we do not know */
	else
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
	struct agent *a = userdata;
	struct firewall_stats stats;

	wired_close(a);
	firewall_stats(a->firewall, &stats);
	log_warning("The firewall helper is gone (%s); bans in the kernel stay in force, and %s", strerror(-error),
		    stats.orphan ? "nobody starts it again: restart sipwardend" : "it is started again");
}

/* From the store, at start */

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
		.proven = sb->proven,
		.observed = sb->observed,
	};

	if (sb->evidence_len) {
		b.evidence = malloc(sb->evidence_len + 1);
		if (b.evidence) {
			memcpy(b.evidence, sb->evidence, sb->evidence_len);
			b.evidence[sb->evidence_len] = '\0';
			b.evidence_len = sb->evidence_len;
		}
	}
	if (b.end > time_now())
		a->adopt = false;
	decider_restore(a->decider, &b);
}

static void restore_exempt(void *userdata, const struct addr *addr, const char *reason)
{
	struct agent *a = userdata;

	decider_exempt(a->decider, addr, reason);
}

void agent_restore(struct agent *a)
{
	/* No bans at all: then those in the kernel are taken over. */
	a->adopt = true;
	store_exempt_each(a->store, restore_exempt, a);
	/* Those that ended while nobody read, too: they stood when lines that are still to be read were written. */
	store_bans_each(a->store, agent_keep_clock(a), restore_ban, a);
	agent_pause_restore(a);
	agent_sip_restore(a);
}

int agent_add_timers(struct agent *a)
{
	int r = sd_event_add_time(a->loop, &a->commit_timer, CLOCK_MONOTONIC, 0, 1, on_commit, a);

	if (r >= 0)
		r = sd_event_source_set_enabled(a->commit_timer, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time(a->loop, &a->expire_timer, CLOCK_REALTIME, 0, USEC_PER_SEC / 10, on_expire, a);
	if (r >= 0)
		r = sd_event_source_set_enabled(a->expire_timer, SD_EVENT_OFF);
	return r < 0 ? r : agent_pause_start(a);
}

const struct decide_callbacks agent_decide_callbacks = {
	.ban = on_ban, .lift = on_lift, .alert = on_alert, .ask = on_ask, .prove = on_prove, .history = on_history,
	.befriended = agent_sip_befriended
};
const struct firewall_callbacks agent_firewall_callbacks = {
	.ready = on_firewall_ready, .done = on_firewall_done, .down = on_firewall_down, .left = on_left, .restored = on_restored,
	.trusted = agent_sip_trusted, .limited = agent_sip_limited, .limited_end = agent_sip_limited_end,
	.switched = agent_sip_switched, .wire = wired_open
};
