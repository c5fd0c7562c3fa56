/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/defaults.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "config/value.h"

#define SEC USEC_PER_SEC
#define MIN (60 * SEC)
#define HOUR (60 * MIN)
#define DAY (24 * HOUR)
#define WEEK (7 * DAY)

#ifndef SIPWARDEN_FILTER_DIRS
#define SIPWARDEN_FILTER_DIRS "/etc/sipwarden/filters:/usr/share/sipwarden/filters"
#endif

/*
 * The rules an admin gets without writing any. A phone with a stale password
 * tries about once a minute (a registration timer, RFC 3261 10.2.4 leaves it to
 * the phone): below five in ten minutes it is left alone, and a first ban of
 * ten minutes is one that a person can wait out. Guessing tools make hundreds.
 * What no honest client sends (a scanner's User-Agent) needs no second proof.
 * Twenty calls a minute from one place into one country, or thirty of one
 * account wherever it is used, are a machine's; who has such a machine, a call
 * centre, says so with except or raise.
 */
static const struct {
	const char *name;
	enum event_class class;
	unsigned keys;
	unsigned threshold;
	usec_t window;
	usec_t ladder[4]; /* 0: no further step */
} rules[] = {
	{ "password-guessing", CLASS_AUTH_FAILURE, KEY_ADDRESS, 5, 10 * MIN, { 10 * MIN, HOUR, DAY, WEEK } },
	{ "extension-scan", CLASS_UNKNOWN_USER, KEY_ADDRESS, 5, 10 * MIN, { 10 * MIN, HOUR, DAY, WEEK } },
	{ "scanner", CLASS_SCANNER, KEY_ADDRESS, 1, HOUR, { 15 * MIN, 2 * HOUR, DAY, WEEK } },
	{ "default-credentials", CLASS_DEFAULT_CREDENTIAL, KEY_ADDRESS, 3, 10 * MIN, { HOUR, DAY, WEEK } },
	{ "denied-calls", CLASS_CALL_DENIED, KEY_ADDRESS, 5, 10 * MIN, { 30 * MIN, DAY, WEEK } },
	{ "acl", CLASS_ACL_DENIED, KEY_ADDRESS, 10, 10 * MIN, { 10 * MIN, HOUR, DAY } },
	{ "malformed", CLASS_MALFORMED, KEY_ADDRESS, 20, 10 * MIN, { 10 * MIN, HOUR } },
	{ "tls", CLASS_TLS_FAILURE, KEY_ADDRESS, 20, 10 * MIN, { 10 * MIN, HOUR } },
	{ "flood", CLASS_FLOOD, KEY_ADDRESS, 3, MIN, { 10 * MIN, HOUR } },
	{ "call-burst", CLASS_CALL_ATTEMPT, KEY_ADDRESS, 30, MIN, { 10 * MIN, HOUR, DAY } },
	{ "account-burst", CLASS_CALL_ATTEMPT, KEY_ACCOUNT, 30, MIN, { 10 * MIN, HOUR, DAY } },
	{ "destination-burst", CLASS_CALL_ATTEMPT, KEY_ADDRESS | KEY_NUMBER, 20, MIN, { 10 * MIN, HOUR, DAY } },
};

/*
 * Where gateways listen: SIP (RFC 3261 18.1.1: 5060, 5061 with TLS; 5080 and 5081
 * of FreeSWITCH's external profile), IAX2 (RFC 5456: 4569), AMI 5038, ESL 8021,
 * Asterisk's HTTP and WebSocket 8088 and 8089, and the logins beside them.
 */
static const uint16_t ports[] = { 22, 80, 443, 4569, 5038, 5060, 5061, 5080, 5081, 8021, 8088, 8089 };

/* This host itself is always exempt. */
static const char *const always_exempt[] = { "127.0.0.0/8", "::1" };

static bool set_strings(struct config *c)
{
	char *dirs = strdup(SIPWARDEN_FILTER_DIRS), *save = NULL, *dir;

	c->user = strdup("sipwarden");
	c->group = strdup("sipwarden");
	c->state_dir = strdup("/var/lib/sipwarden");
	c->socket = strdup("/run/sipwarden/control.sock");
	c->table = strdup("sipwarden");
	for (dir = dirs ? strtok_r(dirs, ":", &save) : NULL; dir; dir = strtok_r(NULL, ":", &save))
		strings_add(&c->filter_dirs, strdup(dir));
	free(dirs);
	return c->user && c->group && c->state_dir && c->socket && c->table && c->filter_dirs;
}

static bool set_rules(struct config *c)
{
	size_t i;

	c->rules = calloc(ELEMENTSOF(rules), sizeof(*c->rules));
	if (!c->rules)
		return false;
	for (i = 0; i < ELEMENTSOF(rules); i++) {
		struct config_rule *rule = &c->rules[c->n_rules++];

		rule->name = strdup(rules[i].name);
		rule->classes = CLASS_BIT(rules[i].class);
		rule->threshold = rules[i].threshold;
		rule->keys = rules[i].keys;
		rule->window = rules[i].window;
		while (rule->n_ladder < ELEMENTSOF(rules[i].ladder) && rules[i].ladder[rule->n_ladder]) {
			rule->ladder[rule->n_ladder] = rules[i].ladder[rule->n_ladder];
			rule->n_ladder++;
		}
		rule->enabled = true;
		rule->file = "built in";
		if (!rule->name)
			return false;
	}
	return true;
}

static bool set_exempt(struct config *c)
{
	size_t i;

	c->exempt = calloc(ELEMENTSOF(always_exempt), sizeof(*c->exempt));
	if (!c->exempt)
		return false;
	for (i = 0; i < ELEMENTSOF(always_exempt); i++)
		addr_parse_prefix(always_exempt[i], strlen(always_exempt[i]), true, &c->exempt[c->n_exempt++]);
	return true;
}

/*
 * A friend is who logged in within a day: phones register at least that often
 * (RFC 3261 10.2.1.1 suggests an hour). A phone with a stale password tries
 * about twice a minute; a hundred tries on one account in ten minutes are a
 * guesser's. An unproven ban is one that a forger's victim can wait out.
 */
static const struct config_policy policy = {
	.friend_for = DAY,
	.friend_factor = 10,
	.friend_account_limit = 100,
	.unproven_ban = 10 * MIN,
	.unproven_share = 10,
	.wire = true,
	.account_addresses = 10,
	.account_window = HOUR,
	.account_ban = HOUR,
	.prefix_offenders = 8,
	.prefix_window = HOUR,
	.prefix_ban = HOUR,
	.prefix_max = 100,
	.prefix4 = 24,
	.prefix6 = 48,
	.bans_per_minute = 50000,
	.friend_share = 20,
};

/* Where SIP is found if nobody says so and no gateway listens yet. */
static const uint16_t sip_ports[] = { 5060, 5061, 5080, 5081 };

/*
 * A phone sends some ten packets when it starts, an office of five hundred behind
 * one address several thousand, over the 32 seconds of its retransmissions (RFC 3261
 * 17.1.2.2: timer F). A call takes three packets from its caller, so that a carrier with
 * 100 calls a second sends 300. Guessing tools send hundreds to thousands a second without
 * a rest. The ceilings are what a gateway on two cores answers beside its calls; their
 * bursts are of four seconds, since after an outage all phones send again at once, every
 * four seconds (T2). docs/firewall.md has figures.
 */
static const struct config_sip sip = {
	.auto_ports = true,
	.evidence = true,
	.source = { 500, 2000 },
	.trusted = { 2000, 10000 },
	.keepalive = { 100, 1000 },
	.connections = { 20, 500 },
	.trusted_connections = { 200, 2000 },
	.new = { 200, 800 },
	.retried = { 100, 400 },
	.known = { 1000, 4000 },
	.called = { 5000, 20000 },
	.new_connections = { 100, 200 },
	.known_connections = { 200, 400 },
	.concurrent = 1000,
	.largest = 16384,
	.trusted_size = 1000000,
	.sources = 65536,
	.greylist = 262144,
};

static bool set_ports(struct config *c)
{
	c->sip = sip;
	c->ports = malloc(sizeof(ports));
	c->sip.ports = malloc(sizeof(sip_ports));
	if (!c->ports || !c->sip.ports)
		return false;
	memcpy(c->ports, ports, sizeof(ports));
	c->n_ports = ELEMENTSOF(ports);
	memcpy(c->sip.ports, sip_ports, sizeof(sip_ports));
	c->sip.n_ports = ELEMENTSOF(sip_ports);
	return true;
}

struct config *config_defaults(void)
{
	struct config *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->log_level = LOG_INFO;
	c->max_bans = 1000000;
	c->witness = true;
	c->witness_size = 65536;
	c->witness_for = 10 * MIN;
	c->max_offenders = 200000;
	c->ipv4_prefix = 24;
	c->ipv6_prefix = 64;
	c->history = 30 * DAY;
	c->metrics_interval = 15 * SEC;
	c->policy = policy;
	c->exempt_own = true;
	if (!set_strings(c) || !set_rules(c) || !set_exempt(c) || !set_ports(c) ||
	    config_set_frauds(c) < 0)
		return config_free(c);
	return c;
}
