/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From lines to calls. */
#include "calls/calls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "calls/calls_private.h"

/* Calls that go on are looked at as often. */
#define TICK (10 * USEC_PER_SEC)
/* So many ends must have been looked for, and three of four found. */
#define ENDS_MIN 8
#define ENDS_MAX 64

#define CALLS_DATABASE_HINT                                                                     \
	"give [calls] database one in MaxMind's format, as GeoLite2-Country.mmdb, that the user " \
	"sipwarden can read, whole (write another name, then rename), and reload"

/* Begin and end */

/* Where the new one cannot be read, the old one tells more than none. */
static void open_database(struct calls *c, const struct config *cfg)
{
	struct geo *g = NULL;
	int r = cfg->calls.database ? geo_open(cfg->calls.database, &g) : 0;

	if (r < 0)
		log_warning("%s: this database of countries is not used: %s. %s; " CALLS_DATABASE_HINT, cfg->calls.database,
			    geo_strerror(r),
			    c->geo ? "The one that was read before tells where addresses are" :
				     "Where addresses are is not known");
	if (r < 0 && c->geo)
		return;
	geo_close(c->geo);
	c->geo = g;
}

void calls_check(const struct config *cfg, struct diag *diag)
{
	const struct config_calls *at = &cfg->calls;
	struct geo *g = NULL;
	int r = at->database ? geo_open(at->database, &g) : 0;

	if (r < 0)
		diag_warning(diag, at->database_file, at->database_line, CALLS_DATABASE_HINT,
			     "the database of countries %s cannot be used: %s", at->database, geo_strerror(r));
	geo_close(g);
}

int calls_new(const struct config *cfg, const struct calls_callbacks *callbacks, struct calls **ret)
{
	struct calls *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->callbacks = *callbacks;
	r = running_new(&c->running);
	if (r >= 0)
		r = known_new(&c->known);
	if (r >= 0)
		r = ledger_new(TOLD_MAX, &c->told);
	if (r >= 0)
		r = calls_reload(c, cfg);
	if (r < 0) {
		calls_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

struct calls *calls_free(struct calls *c)
{
	if (!c)
		return NULL;
	calls_keep_done(c);
	measures_free(c->measures, c->n_measures);
	running_free(c->running);
	known_done(&c->known);
	ledger_free(c->told);
	geo_close(c->geo);
	zone_free(c->zone);
	free(c);
	return NULL;
}

int calls_reload(struct calls *c, const struct config *cfg)
{
	struct measure *measures = NULL;
	struct zone *zone = NULL;
	size_t n = 0;
	int r = zone_new(cfg->site.timezone, &zone);

	if (r >= 0)
		r = measures_new(cfg, &measures, &n);
	if (r >= 0)
		measures_inherit(measures, n, c->measures, c->n_measures);
	else
		n = 0;
	measures_free(c->measures, c->n_measures);
	zone_free(c->zone);
	c->measures = measures;
	c->n_measures = n;
	c->zone = zone;
	open_database(c, cfg);
	c->cfg = cfg;
	/* The tables are others now. */
	return r >= 0 && c->keep ? calls_keep_start(c) : r;
}

/* Lines */

static bool read_seconds(struct span s, uint64_t *ret)
{
	size_t i;

	*ret = 0;
	for (i = 0; i < s.len && i < 10 && s.ptr[i] >= '0' && s.ptr[i] <= '9'; i++)
		*ret = *ret * 10 + (uint64_t)(s.ptr[i] - '0');
	return i == s.len;
}

usec_t calls_length(const struct event *e)
{
	uint64_t seconds;

	if (!e->duration.ptr || !read_seconds(e->duration, &seconds) || seconds > CALL_LONGEST / USEC_PER_SEC)
		return 0;
	return seconds * USEC_PER_SEC;
}

static usec_t event_moment(struct calls *c, const struct event *e, usec_t arrival)
{
	if (e->time && e->time <= arrival + EVENT_FUTURE_MAX)
		return e->time;
	if (e->time && log_limit_pass(&c->future_limit))
		log_warning("filter %s: a call is dated in the future; using the time of its arrival. Check the clock and "
			    "time zone of the gateway",
			    e->filter);
	return arrival;
}

static void take_account(struct call *call, struct span user)
{
	const char *at = user.len ? memchr(user.ptr, '@', user.len) : NULL;

	if (at)
		user.len = (size_t)(at - user.ptr);
	if (user.len == 0)
		return;
	text_escape(user, call->account, sizeof(call->account));
	call->account_hash = hash_lasting(1, user.ptr, user.len);
	call->account_hash += call->account_hash == 0;
}

/* From where it came, or else from where its account logged in last. */
static void take_source(struct calls *c, struct call *call, const struct event *e)
{
	if (e->n_addrs == 1) {
		call->source = e->addrs[0];
		call->proven = e->proven;
		if (call->account_hash && !addr_unbannable(&call->source))
			place_note(c, call, call->start);
	} else if (call->account_hash && known_last_source(&c->known, call->account_hash, &call->source, &call->proven)) {
		call->by_login = true;
	}
}

static void note_login(struct calls *c, const struct event *e, usec_t when)
{
	struct call call = { .start = when };

	if (e->n_addrs != 1 || addr_unbannable(&e->addrs[0]))
		return;
	take_account(&call, e->user);
	if (!call.account_hash)
		return;
	call.source = e->addrs[0];
	call.proven = e->proven;
	known_login(&c->known, call.account_hash, &call.source, call.proven, when);
	if (place_note(c, &call, when))
		measure_source(c, &call, when);
}

static void note_end_seen(struct calls *c, bool seen)
{
	c->ends.bits = c->ends.bits << 1 | seen;
	c->ends.n += c->ends.n < ENDS_MAX;
}

bool calls_know_ends(const struct calls *c)
{
	unsigned seen = (unsigned)__builtin_popcountll(c->ends.bits);

	return c->ends.n >= ENDS_MIN && 4 * seen >= 3 * c->ends.n;
}

static void finish(struct calls *c, struct running_call *rc, usec_t end)
{
	if (rc->call.end)
		return;
	if (rc->attempted) {
		c->stats.joined++;
		note_end_seen(c, true);
	}
	running_update(c->running, rc, end > rc->call.start ? end : rc->call.start);
	measure_duration(c, &rc->call, rc->call.end);
}

/* Another line of a call that is known. */
static void join(struct calls *c, struct running_call *rc, const struct event *e, uint64_t id, bool record)
{
	/* Its record was read before: they may be in different logs. */
	if (!record && !rc->attempted && rc->call.end)
		note_end_seen(c, true);
	rc->attempted |= !record;
	rc->recorded |= record;
	running_name(c->running, rc, id);
	if (e->n_addrs == 1 && (rc->call.by_login || !rc->call.source.family)) {
		rc->call.source = e->addrs[0];
		rc->call.proven = e->proven;
		rc->call.by_login = false;
	}
	running_update(c->running, rc, 0);
}

static usec_t max_usec(usec_t a, usec_t b)
{
	return a > b ? a : b;
}

static void note_call(struct calls *c, const struct event *e, usec_t when, usec_t arrival)
{
	const bool record = e->class == CLASS_CALL_END, ended = record || e->duration.ptr;
	const uint64_t id = e->id.len ? hash_lasting(2, e->id.ptr, e->id.len) : 0;
	struct call call = { .start = when };
	struct running_call *rc;
	uint64_t pair = 0;

	c->stats.records += ended;
	/* By the clock, too: what it says of its time is as forgeable. */
	if (e->forgeable)
		c->forgeable = max_usec(c->forgeable, max_usec(when, arrival));
	take_account(&call, e->user);
	if (number_read(&c->cfg->site.numbers, e->number, &call.number) >= 0 && call.account_hash)
		pair = hash_lasting(call.account_hash, call.number.digits, strlen(call.number.digits));
	rc = running_find(c->running, pair, id, when, ended);
	/* Only that a call is over, of which nothing else was said. */
	if (!rc && e->number.len == 0)
		return;
	if (rc) {
		join(c, rc, e, id, ended);
	} else {
		take_source(c, &call, e);
		known_since(&c->known, when);
		rc = running_add(c->running, &call, pair, id, ended);
		if (!rc)
			return;
		c->stats.calls++;
		measure_begin(c, &rc->call, when + calls_length(e));
	}
	if (ended)
		finish(c, rc, e->duration.ptr ? rc->call.start + calls_length(e) : when);
}

void calls_event(struct calls *c, const struct event *e, usec_t arrival)
{
	usec_t when;

	/* Several addresses: the line was crafted. */
	if (c->n_measures == 0 || e->limited || e->n_addrs > 1)
		return;
	when = event_moment(c, e, arrival);
	if (e->class == CLASS_AUTH_SUCCESS)
		note_login(c, e, when);
	else if (e->class == CLASS_CALL_ATTEMPT || e->class == CLASS_CALL_END)
		note_call(c, e, when, arrival);
}

void calls_tick(struct calls *c, usec_t now)
{
	const struct running_call *rc;
	size_t given_up;

	if (now < c->ticked + TICK && c->ticked <= now)
		return;
	c->ticked = now;
	for (given_up = running_expire(c->running, now); given_up > 0; given_up--)
		note_end_seen(c, false);
	if (!calls_know_ends(c))
		return;
	for (rc = running_first(c->running, false); rc; rc = rc->next)
		measure_duration(c, &rc->call, now);
}

void calls_stats(const struct calls *c, struct calls_stats *ret)
{
	*ret = c->stats;
	ret->running = running_count(c->running);
	ret->facts = ledger_count(c->known.facts);
	ret->forgotten = running_forgotten(c->running) + ledger_forgotten(c->known.facts) +
			 ledger_forgotten(c->known.sources) + ledger_forgotten(c->told);
	ret->since = known_began(&c->known);
	ret->ends = calls_know_ends(c);
}

size_t calls_each(const struct calls *c, bool over, size_t max, void (*fn)(void *userdata, const struct call *call),
		  void *userdata)
{
	const struct running_call *rc;
	size_t n = 0;

	for (rc = running_first(c->running, over); rc && n < max; rc = rc->next, n++)
		fn(userdata, &rc->call);
	return n;
}
