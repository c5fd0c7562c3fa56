/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Enforcement off and on: whether it is off outlives a restart, and is never quiet. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "agent_private.h"
#include "base/message_id.h"
#include "base/text.h"

/* How often the journal is told that nobody is kept out. */
#define REMIND_INTERVAL (3600 * USEC_PER_SEC)
/* "MICROSECONDS REASON" of when it was paused. */
#define META_PAUSED "paused"

static const char *reason_of(const struct agent *a)
{
	return a->pause_reason ? a->pause_reason : "";
}

static void log_paused(const struct agent *a)
{
	char since[TIME_TEXT_MAX], span[TIMESPAN_TEXT_MAX], local[TIME_TEXT_MAX];
	const struct log_field fields[] = {
		{ "SIPWARDEN_TIME", time_format_utc(a->paused, since) },
		{ "SIPWARDEN_REASON", reason_of(a) },
		{ NULL, NULL },
	};
	usec_t now = time_now(), length = now > a->paused ? now - a->paused : 0;

	log_event(LOG_WARNING, MESSAGE_PAUSED, fields,
		  "Enforcement is paused since %s (%s): bans are not being enforced, nobody is kept out. 'sipwarden resume' "
		  "ends this%s%s%s",
		  time_format_local(a->paused, local), timespan_format(length / USEC_PER_SEC * USEC_PER_SEC, span),
		  *reason_of(a) ? " (reason: " : "", reason_of(a), *reason_of(a) ? ")" : "");
}

static int on_remind(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)usec;
	log_paused(userdata);
	sd_event_source_set_time_relative(source, REMIND_INTERVAL);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

const char *agent_doing(const struct agent *a)
{
	if (a->paused)
		return "Paused: bans are not being enforced";
	return a->world->cfg->observe ? "Observing: no bans are enforced" : "Watching";
}

/* Takes over reason. */
static void set(struct agent *a, usec_t since, char *reason)
{
	free(a->pause_reason);
	a->paused = since;
	a->pause_reason = reason;
	sd_event_source_set_time_relative(a->pause_timer, REMIND_INTERVAL);
	sd_event_source_set_enabled(a->pause_timer, since ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
	/* A helper that is not there is told as soon as it is. */
	firewall_pause(a->firewall, since != 0);
	sd_notifyf(0, "STATUS=%s", agent_doing(a));
}

static int store_paused(struct agent *a)
{
	_cleanup_free_ char *value = text_printf("%llu %s", (unsigned long long)a->paused, reason_of(a));

	return value ? store_meta_put(a->store, META_PAUSED, value) : -ENOMEM;
}

void agent_pause_store(struct agent *a)
{
	if (a->paused)
		store_paused(a);
}

static int pause_now(struct agent *a, const char *reason, char **message)
{
	char *kept = strdup(reason);
	int r;

	if (!kept)
		return -ENOMEM;
	set(a, a->paused ? a->paused : time_now(), kept);
	r = store_paused(a);
	agent_commit_soon(a);
	log_paused(a);
	*message = text_printf("nobody is kept out until 'sipwarden resume'; counting and deciding go on%s%s",
			       firewall_is_ready(a->firewall) ? "" : "; the firewall helper is down, and told when it is back",
			       r < 0 ? "; this could not be stored, and ends with a restart" : "");
	return 0;
}

static int resume_now(struct agent *a, char **message)
{
	const struct log_field fields[] = { { NULL, NULL } };
	char span[TIMESPAN_TEXT_MAX];
	usec_t now = time_now(), length = now > a->paused ? now - a->paused : 0;

	if (!a->paused) {
		*message = strdup("enforcement was not paused");
		return 0;
	}
	store_meta_put(a->store, META_PAUSED, NULL);
	set(a, 0, NULL);
	agent_commit_soon(a);
	timespan_format(length / USEC_PER_SEC * USEC_PER_SEC, span);
	log_event(LOG_NOTICE, MESSAGE_RESUMED, fields, "Enforcement is resumed after %s", span);
	*message = text_printf("bans are in force again, after %s", span);
	return 0;
}

int agent_pause(struct agent *a, bool pause, const char *reason, char **message)
{
	return pause ? pause_now(a, reason, message) : resume_now(a, message);
}

void agent_pause_restore(struct agent *a)
{
	_cleanup_free_ char *value = store_meta_get(a->store, META_PAUSED);
	char *end = NULL;
	usec_t since = value ? strtoull(value, &end, 10) : 0;

	if (!since)
		return;
	set(a, since, strdup(*end == ' ' ? end + 1 : end));
	log_paused(a);
}

int agent_pause_start(struct agent *a)
{
	int r = sd_event_add_time_relative(a->loop, &a->pause_timer, CLOCK_MONOTONIC, 0, USEC_PER_SEC, on_remind, a);

	return r < 0 ? r : sd_event_source_set_enabled(a->pause_timer, SD_EVENT_OFF);
}
