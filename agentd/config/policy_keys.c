/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each key of [trust], [proof], [accounts], [prefixes] and [brakes], and how its value is taken. */
#include "base/cleanup.h"
#include "config/loader.h"

#define DAY (86400 * USEC_PER_SEC)

/* [trust] */

static void take_friend_for(struct loader *l, const struct place *at, const char *text)
{
	value_span(at, text, 0, 90 * DAY, &l->cfg->policy.friend_for);
}

static void take_factor(struct loader *l, const struct place *at, const char *text)
{
	value_number(at, text, 1, 1000, &l->cfg->policy.friend_factor);
}

static void take_account_limit(struct loader *l, const struct place *at, const char *text)
{
	value_number(at, text, 2, RULE_THRESHOLD_MAX, &l->cfg->policy.friend_account_limit);
}

static const struct key trust_list[] = {
	{ "friend_for", take_friend_for, false },
	{ "factor", take_factor, false },
	{ "account_limit", take_account_limit, false },
};
const struct key_set trust_keys = { trust_list, ELEMENTSOF(trust_list) };

/* [proof] */

static void take_unproven_ban(struct loader *l, const struct place *at, const char *text)
{
	value_span(at, text, 0, TIMESPAN_MAX, &l->cfg->policy.unproven_ban);
}

static void take_unproven_share(struct loader *l, const struct place *at, const char *text)
{
	value_number(at, text, 1, 100, &l->cfg->policy.unproven_share);
}

static void take_wire(struct loader *l, const struct place *at, const char *text)
{
	value_bool(at, text, &l->cfg->policy.wire);
}

static const struct key proof_list[] = {
	{ "unproven_ban", take_unproven_ban, false },
	{ "unproven_share", take_unproven_share, false },
	{ "wire", take_wire, false },
};
const struct key_set proof_keys = { proof_list, ELEMENTSOF(proof_list) };

/* [accounts] */

static void take_account_addresses(struct loader *l, const struct place *at, const char *text)
{
	value_number(at, text, 2, ACCOUNT_ADDRESSES_MAX, &l->cfg->policy.account_addresses);
}

static void take_account_window(struct loader *l, const struct place *at, const char *text)
{
	value_span(at, text, USEC_PER_SEC, 12 * DAY, &l->cfg->policy.account_window);
}

static void take_account_ban(struct loader *l, const struct place *at, const char *text)
{
	value_span(at, text, 0, TIMESPAN_MAX, &l->cfg->policy.account_ban);
}

static const struct key accounts_list[] = {
	{ "addresses", take_account_addresses, false },
	{ "window", take_account_window, false },
	{ "ban", take_account_ban, false },
};
const struct key_set accounts_keys = { accounts_list, ELEMENTSOF(accounts_list) };

/* [prefixes] */

static void take_offenders(struct loader *l, const struct place *at, const char *text)
{
	value_number(at, text, 2, 1000, &l->cfg->policy.prefix_offenders);
}

static void take_prefix_window(struct loader *l, const struct place *at, const char *text)
{
	value_span(at, text, USEC_PER_SEC, 12 * DAY, &l->cfg->policy.prefix_window);
}

static void take_prefix_ban(struct loader *l, const struct place *at, const char *text)
{
	value_span(at, text, 0, TIMESPAN_MAX, &l->cfg->policy.prefix_ban);
}

static void take_prefix_max(struct loader *l, const struct place *at, const char *text)
{
	value_number(at, text, 0, 100000, &l->cfg->policy.prefix_max);
}

static void take_length(const struct place *at, const char *text, uint32_t min, uint32_t max, uint8_t *ret)
{
	uint32_t n;

	if (value_number(at, text, min, max, &n))
		*ret = (uint8_t)n;
}

static void take_prefix4(struct loader *l, const struct place *at, const char *text)
{
	take_length(at, text, 16, 31, &l->cfg->policy.prefix4);
}

static void take_prefix6(struct loader *l, const struct place *at, const char *text)
{
	take_length(at, text, 32, 63, &l->cfg->policy.prefix6);
}

static const struct key prefixes_list[] = {
	{ "offenders", take_offenders, false }, { "window", take_prefix_window, false },
	{ "ban", take_prefix_ban, false },	{ "max", take_prefix_max, false },
	{ "ipv4", take_prefix4, false },	{ "ipv6", take_prefix6, false },
};
const struct key_set prefixes_keys = { prefixes_list, ELEMENTSOF(prefixes_list) };

/* [brakes] */

static void take_bans_per_minute(struct loader *l, const struct place *at, const char *text)
{
	value_number(at, text, 1, 10000000, &l->cfg->policy.bans_per_minute);
}

static void take_friend_share(struct loader *l, const struct place *at, const char *text)
{
	value_number(at, text, 1, 100, &l->cfg->policy.friend_share);
}

static const struct key brakes_list[] = {
	{ "bans_per_minute", take_bans_per_minute, false },
	{ "friend_share", take_friend_share, false },
};
const struct key_set brakes_keys = { brakes_list, ELEMENTSOF(brakes_list) };
