/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each rule counts. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/hash.h"
#include "calls/calls_private.h"

#define MINUTE (60 * USEC_PER_SEC)
/* Who has such a habit needs a rule of his own. */
#define HABIT_FACTOR 8

static uint32_t highest(const struct config_fraud *f)
{
	return f->critical > f->warning ? f->critical : f->warning;
}

/* How far it must be counted: beyond the thresholds, where a habit of more may have to be told from still more. */
static uint32_t most_counted(const struct config_fraud *f)
{
	const uint32_t most = highest(f) * (f->habit ? HABIT_FACTOR : 1);

	return most < FRAUD_THRESHOLD_MAX ? most : FRAUD_THRESHOLD_MAX;
}

static int measure_init(struct measure *m, const struct config_fraud *f)
{
	m->cfg = f;
	if (f->measure == FRAUD_PER_MINUTE || f->measure == FRAUD_TOTAL)
		return window_table_new(most_counted(f), f->measure == FRAUD_PER_MINUTE ? MINUTE : f->window, MEASURE_KEYS_MAX,
					&m->window);
	return f->measure == FRAUD_SEQUENCE ? ledger_new(MEASURE_KEYS_MAX, &m->rows) : 0;
}

int measures_new(const struct config *cfg, struct measure **ret, size_t *n)
{
	struct measure *m = calloc(cfg->n_frauds + 1, sizeof(*m));
	size_t i;
	int r = m ? 0 : -ENOMEM;

	*n = 0;
	for (i = 0; r >= 0 && i < cfg->n_frauds; i++)
		if (cfg->frauds[i].enabled)
			r = measure_init(&m[(*n)++], &cfg->frauds[i]);
	if (r < 0 && m) {
		measures_free(m, *n);
		*n = 0;
	}
	*ret = r < 0 ? NULL : m;
	return r;
}

void measures_free(struct measure *m, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		window_table_free(m[i].window);
		ledger_free(m[i].rows);
	}
	free(m);
}

uint64_t measure_id(const struct config_fraud *f)
{
	const uint64_t n[] = { f->measure, f->per, most_counted(f), f->window, f->to, f->kinds };

	return hash_lasting(hash_lasting(0, f->name, strlen(f->name)), n, sizeof(n));
}

void measures_inherit(struct measure *m, size_t n, struct measure *from, size_t n_from)
{
	size_t i, k;

	for (i = 0; i < n; i++) {
		for (k = 0; k < n_from; k++) {
			struct measure old = from[k];

			if (measure_id(m[i].cfg) != measure_id(old.cfg))
				continue;
			from[k].window = m[i].window;
			from[k].rows = m[i].rows;
			m[i].window = old.window;
			m[i].rows = old.rows;
		}
	}
}

/* Tables of detect/window.h are keyed by addresses: a keyed hash, so that its size is that of one. */
static struct addr key_addr(uint64_t h)
{
	struct addr key = { .family = AF_UNSPEC + 255 };

	memcpy(key.bytes, &h, sizeof(h));
	return key;
}

/* How many calls in a row of the key went to the range of this one. */
static uint64_t count_row(struct measure *m, uint64_t key, const struct call *call)
{
	const size_t digits = strlen(call->number.digits);
	uint64_t range = hash_lasting(0, call->number.digits, digits > FRAUD_RANGE_DIGITS ? digits - FRAUD_RANGE_DIGITS : digits);
	const struct fact *before = ledger_find(m->rows, key);
	usec_t last = before ? before->last : 0;
	struct fact *row;
	bool fresh;

	row = ledger_put(m->rows, key, call->start, &fresh);
	if (!row)
		return 0;
	if (fresh || row->n[0] != range || call->start > last + m->cfg->window)
		row->n[1] = 0;
	row->n[0] = range;
	return ++row->n[1];
}

static uint64_t count_list(const struct calls *c, const struct config_fraud *f, uint64_t key, const struct call *call, bool over)
{
	const struct running_call *rc;
	uint64_t n = 0, other;

	for (rc = running_first(c->running, over); rc; rc = rc->next)
		n += &rc->call != call && rc->call.start <= call->start && (!over || rc->call.end > call->start) &&
		     scope_has(c, f, &rc->call) && scope_key(f, &rc->call, &other) && other == key;
	return n;
}

/* Calls of the key that went on when this one began, and itself. */
static uint64_t count_at_once(const struct calls *c, const struct config_fraud *f, uint64_t key, const struct call *call)
{
	return 1 + count_list(c, f, key, call, true) + (calls_know_ends(c) ? count_list(c, f, key, call, false) : 0);
}

static bool has_learned(const struct calls *c, const struct config_fraud *f, const struct call *call, usec_t when)
{
	usec_t since = f->per & FRAUD_PER_ACCOUNT ? known_scope_since(&c->known, call->account_hash) : known_began(&c->known);

	return since != USEC_INFINITY && when >= since && when - since >= c->cfg->calls.learning;
}

/* Each company and account learns where it calls, whatever the rules are. */
static void first_countries(struct calls *c, const struct call *call, usec_t when)
{
	const char *where = scope_where(call);
	const bool company = known_first(&c->known, 0, where, call->start);
	const bool account = call->account_hash && known_first(&c->known, call->account_hash, where, call->start);
	bool company_untold = false, account_untold = false;
	size_t i;

	for (i = 0; i < c->n_measures; i++) {
		const struct config_fraud *f = c->measures[i].cfg;
		uint64_t key;

		if (f->measure != FRAUD_FIRST_COUNTRY || !(f->per & FRAUD_PER_ACCOUNT ? account : company))
			continue;
		if (!scope_has(c, f, call) || !scope_key(f, call, &key) || !has_learned(c, f, call, call->start))
			continue;
		if (tell_first(c, f, hash_lasting(key, where, strlen(where)), call, when))
			continue;
		company_untold |= !(f->per & FRAUD_PER_ACCOUNT);
		account_untold |= !!(f->per & FRAUD_PER_ACCOUNT);
	}
	if (company)
		known_first_untold(&c->known, 0, where, call->start, company_untold);
	if (account)
		known_first_untold(&c->known, call->account_hash, where, call->start, account_untold);
}

static bool is_silent(const struct calls *c, const struct config_fraud *f, const struct call *call)
{
	return f->learned && call->start - known_began(&c->known) < c->cfg->calls.learning;
}

/* Some do every week what would be told of others, as a bridge that calls its guests. */
static bool is_usual(struct calls *c, const struct config_fraud *f, uint64_t key, uint64_t n, const struct call *call)
{
	/* What is less than half of what would be told need not be remembered. */
	if (!f->habit || 2 * n < (f->warning ? f->warning : f->critical))
		return false;
	return 2 * n <= 3 * known_habit(&c->known, hash_lasting(key, f->name, strlen(f->name)), n, call->start);
}

static void measure_one(struct calls *c, struct measure *m, const struct call *call, usec_t when)
{
	const struct config_fraud *f = m->cfg;
	struct addr place;
	uint64_t key, n = 0;

	if (!scope_has(c, f, call) || !scope_key(f, call, &key))
		return;
	switch (f->measure) {
	case FRAUD_PER_MINUTE:
	case FRAUD_TOTAL:
		place = key_addr(key);
		n = window_note(m->window, &place, call->start);
		break;
	case FRAUD_SEQUENCE:
		n = count_row(m, key, call);
		break;
	case FRAUD_CONCURRENT:
		n = count_at_once(c, f, key, call);
		break;
	default:
		return;
	}
	if (!is_usual(c, f, key, n, call) && !is_silent(c, f, call))
		tell_count(c, f, key, call, n, when);
}

void measure_begin(struct calls *c, const struct call *call, usec_t when)
{
	size_t i;

	/* Calls within the house are nobody's fraud, and nothing to be learned. */
	if (!scope_is_outside(&call->number))
		return;
	for (i = 0; i < c->n_measures; i++)
		measure_one(c, &c->measures[i], call, when);
	first_countries(c, call, when);
}

void measure_duration(struct calls *c, const struct call *call, usec_t when)
{
	const usec_t end = call->end ? call->end : when;
	uint64_t seconds = end > call->start ? (end - call->start) / USEC_PER_SEC : 0, key;
	size_t i;

	for (i = 0; i < c->n_measures; i++) {
		const struct config_fraud *f = c->measures[i].cfg;

		if (f->measure == FRAUD_DURATION && (f->warning ? seconds >= f->warning : seconds >= f->critical) &&
		    scope_has(c, f, call) && scope_key(f, call, &key) && !is_silent(c, f, call))
			tell_count(c, f, key, call, seconds, when);
	}
}

void measure_source(struct calls *c, const struct call *call, usec_t when)
{
	const uint64_t place = place_of(c, &call->source);
	bool untold = false;
	size_t i;

	for (i = 0; i < c->n_measures; i++) {
		const struct config_fraud *f = c->measures[i].cfg;

		if (f->measure == FRAUD_SOURCE_COUNTRY && !is_silent(c, f, call))
			untold |= !tell_first(c, f, hash_lasting(place, &call->account_hash, sizeof(uint64_t)), call, when);
	}
	known_place_untold(&c->known, call->account_hash, place, when, untold);
}
