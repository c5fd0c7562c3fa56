/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which calls a rule counts, and what they have in common. */
#include <string.h>
#include <sys/socket.h>

#include "base/hash.h"
#include "calls/calls_private.h"

static bool is_listed(char *const *list, const char *word)
{
	for (; list && *list; list++)
		if (strcmp(*list, word) == 0)
			return true;
	return false;
}

bool scope_is_outside(const struct number *n)
{
	if (n->kind == NUMBER_UNKNOWN)
		return *n->code;
	return n->kind != NUMBER_INTERNAL && n->kind != NUMBER_CODE && n->kind != NUMBER_EMERGENCY;
}

static bool goes_there(enum fraud_to to, const struct number *n)
{
	switch (to) {
	case FRAUD_TO_ALL:
		return true;
	case FRAUD_TO_ABROAD:
		return n->abroad;
	case FRAUD_TO_RISKY:
		return n->risky && n->abroad;
	case FRAUD_TO_OUTSIDE:
		break;
	}
	return scope_is_outside(n);
}

/* By the site's clock. */
static bool is_time(const struct calls *c, const struct config_fraud *f, usec_t when)
{
	static const struct holidays none;
	const struct config_site *site = &c->cfg->site;

	if (f->hours == FRAUD_ALWAYS)
		return true;
	if (f->hours == FRAUD_BETWEEN)
		return hours_within(&f->between, &none, c->zone, when);
	return hours_within(&site->office_hours, &site->holidays, c->zone, when) == (f->hours == FRAUD_OFFICE);
}

bool scope_has(const struct calls *c, const struct config_fraud *f, const struct call *call)
{
	const struct number *n = &call->number;

	if (!goes_there(f->to, n) || (f->kinds && !(f->kinds & 1u << n->kind)))
		return false;
	if ((f->countries && !is_listed(f->countries, n->country)) || is_listed(f->except, n->country) ||
	    is_listed(f->except_accounts, call->account))
		return false;
	if (!is_time(c, f, call->start))
		return false;
	return !f->new_source || place_is_new(c, call);
}

const char *scope_where(const struct call *call)
{
	if (*call->number.country)
		return call->number.country;
	return *call->number.code ? call->number.code : number_kind_name(call->number.kind);
}

static uint64_t mix_source(uint64_t h, const struct call *call)
{
	/* A subscriber has a whole /64 (RFC 6177). */
	const struct addr network = addr_truncate(&call->source, call->source.family == AF_INET6 ? 64 : 32);

	return hash_lasting(h, network.bytes, sizeof(network.bytes));
}

/* A call that the PBX forwards may have none in the log: then all of one source, or of none, are as one. */
static uint64_t mix_account(uint64_t h, const struct call *call)
{
	if (call->account_hash)
		return hash_lasting(h, &call->account_hash, sizeof(call->account_hash));
	return call->source.family ? mix_source(h, call) : hash_lasting(h, "", 1);
}

bool scope_key(const struct config_fraud *f, const struct call *call, uint64_t *ret)
{
	const size_t digits = strlen(call->number.digits);
	uint64_t h = hash_lasting(0, &f->per, sizeof(f->per));

	if (((f->per & FRAUD_PER_SOURCE) && !call->source.family) ||
	    ((f->per & FRAUD_PER_RANGE) && digits <= FRAUD_RANGE_DIGITS))
		return false;
	if (f->per & FRAUD_PER_ACCOUNT)
		h = mix_account(h, call);
	if (f->per & FRAUD_PER_SOURCE)
		h = mix_source(h, call);
	if (f->per & FRAUD_PER_RANGE)
		h = hash_lasting(h, call->number.digits, digits - FRAUD_RANGE_DIGITS);
	if (f->per & FRAUD_PER_COUNTRY)
		h = hash_lasting(h, scope_where(call), strlen(scope_where(call)));
	*ret = h;
	return true;
}
