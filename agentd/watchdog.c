/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looks at the agent once a second: says what went wrong and what is well again,
 * writes the metrics, and feeds systemd's watchdog (sd_notify(3)), as long as a
 * restart would mend nothing. This runs on the loop at the priority of all else:
 * when the loop hangs, nothing is fed.
 */
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "agent_private.h"
#include "base/memory.h"

#define TICK USEC_PER_SEC
/* A helper that has said nothing for so long is asked. */
#define PING_INTERVAL (2 * USEC_PER_SEC)
/* How full the sets are, costs a kernel that does not count them a look at each source seen. */
#define SIZES_INTERVAL (15 * USEC_PER_SEC)

static bool is_told(const struct verdict *v, const struct problem *p)
{
	size_t i;

	for (i = 0; i < v->count; i++)
		if (v->problems[i].code == p->code && v->problems[i].subject == p->subject)
			return true;
	return false;
}

/* Those that nobody else says when they happen. */
static bool is_ours_to_tell(const struct health *h, const struct problem *p)
{
	switch (p->code) {
	case PROBLEM_HELPER_DOWN:
		return health_helper_silence(h) >= HEALTH_HELPER_STARTS;
	case PROBLEM_HELPER_SILENT:
	case PROBLEM_INPUT_STUCK:
	case PROBLEM_INPUT_ASLEEP:
	case PROBLEM_INPUT_LATE:
	case PROBLEM_SET_FULL:
	case PROBLEM_WITNESS_FULL:
		return true;
	default:
		return false;
	}
}

static void tell_problems(struct agent *a, const struct health *h, const struct verdict *v)
{
	struct verdict *told = &a->watch.told;
	struct verdict now = { .count = 0 };
	size_t i;

	for (i = 0; i < v->count; i++) {
		const struct problem *p = &v->problems[i];

		if (!is_ours_to_tell(h, p))
			continue;
		now.problems[now.count++] = *p;
		if (!is_told(told, p))
			log_message(p->severity == SEVERITY_UNPROTECTED ? LOG_ERR : LOG_WARNING, "%s What to do: %s",
				    p->text, p->advice);
	}
	for (i = 0; i < told->count; i++)
		if (!is_told(&now, &told->problems[i]))
			log_notice("This is over: %s", told->problems[i].text);
	*told = now;
}

/* For systemctl status. */
static void tell_systemd(struct agent *a, const struct verdict *v)
{
	struct agent_watch *w = &a->watch;
	int worst = v->count > 0 ? (int)v->problems[0].code : -1;

	if (worst == w->worst)
		return;
	w->worst = worst;
	sd_notifyf(0, "STATUS=%s", worst >= 0 ? v->problems[0].text : agent_doing(a));
}

static void feed(struct agent_watch *w, const struct health *h)
{
	const char *reason = health_needs_restart(h);

	if (!w->watchdog)
		return;
	if (reason && !w->withheld)
		log_error("The watchdog is not fed any more, so that sipwardend is started again: %s", reason);
	w->withheld = reason != NULL;
	if (reason || h->monotonic - w->fed < w->watchdog / 3)
		return;
	sd_notify(0, "WATCHDOG=1");
	w->fed = h->monotonic;
}

static void ping(struct agent *a, const struct health *h)
{
	struct agent_watch *w = &a->watch;
	bool sizes = !w->sized || h->monotonic - w->sized >= SIZES_INTERVAL;

	if (!h->firewall.ready) {
		w->sized = 0;
		return;
	}
	if (h->firewall.asked || (!sizes && h->monotonic - h->firewall.last_answer < PING_INTERVAL))
		return;
	firewall_ping(a->firewall, sizes);
	if (sizes)
		w->sized = h->monotonic;
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct agent *a = userdata;
	struct verdict v;
	struct health h;

	(void)usec;
	if (agent_health(a, false, &h, &v) >= 0) {
		ping(a, &h);
		agent_sip_tick(a, &h.firewall);
		tell_problems(a, &h, &v);
		tell_systemd(a, &v);
	}
	feed(&a->watch, &h);
	agent_publish(a);
	free(h.inputs);
	sd_event_source_set_time_relative(source, a->watch.interval);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

void agent_watch_init(struct agent *a)
{
	a->watch.memory = memory_open();
	a->watch.worst = -1;
	agent_watch_loaded(a);
}

void agent_watch_loaded(struct agent *a)
{
	a->watch.loaded = time_now();
	a->watch.followed = time_monotonic();
	a->watch.told.count = 0; /* inputs have other numbers */
}

int agent_watch_start(struct agent *a)
{
	struct agent_watch *w = &a->watch;
	uint64_t watchdog = 0;

	w->watchdog = sd_watchdog_enabled(0, &watchdog) > 0 ? watchdog : 0;
	w->interval = w->watchdog && w->watchdog / 3 < TICK ? w->watchdog / 3 : TICK;
	return sd_event_add_time_relative(a->loop, &w->timer, CLOCK_MONOTONIC, w->interval, 0, on_tick, a);
}

void agent_watch_stop(struct agent *a)
{
	struct agent_watch *w = &a->watch;

	sd_event_source_disable_unref(w->timer);
	agent_unpublish(a);
	if (w->memory >= 0)
		close(w->memory);
	free(w->metrics_error);
	free(w->metrics_file);
}
