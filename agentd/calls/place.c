/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From where accounts are used: countries, where a database tells them, and networks. */
#include <string.h>
#include <sys/socket.h>

#include "base/hash.h"
#include "calls/calls_private.h"

/* A provider gives his customers another address of such a network, now and then. */
static uint64_t network_of(const struct addr *source)
{
	const struct addr network = addr_truncate(source, source->family == AF_INET ? 16 : 32);

	return hash_lasting(2, network.bytes, sizeof(network.bytes));
}

bool place_country(const struct calls *c, const struct addr *source, char country[static GEO_COUNTRY_SIZE])
{
	return c->geo && source->family && geo_country(c->geo, source, country);
}

/* 0: not known */
static uint64_t country_of(const struct calls *c, const struct addr *source)
{
	char country[GEO_COUNTRY_SIZE];

	return place_country(c, source, country) ? hash_lasting(1, country, strlen(country)) : 0;
}

uint64_t place_of(const struct calls *c, const struct addr *source)
{
	const uint64_t country = country_of(c, source);

	return country ? country : network_of(source);
}

bool place_note(struct calls *c, const struct call *call, usec_t when)
{
	const uint64_t country = country_of(c, &call->source);

	known_place(&c->known, call->account_hash, KNOWN_NETWORK, network_of(&call->source), when);
	return country && known_place(&c->known, call->account_hash, KNOWN_COUNTRY, country, when);
}

bool place_is_new(const struct calls *c, const struct call *call)
{
	uint64_t place;

	if (!call->source.family)
		return false;
	place = country_of(c, &call->source);
	/* The database is new: for a while, networks tell more. */
	if (!place || !known_has_habits(&c->known, call->account_hash, KNOWN_COUNTRY, call->start))
		place = network_of(&call->source);
	return known_is_new_place(&c->known, call->account_hash, place, call->start, c->cfg->calls.new_source_for);
}
