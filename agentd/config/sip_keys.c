/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each key of [sip-firewall], and how its value is taken. */
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/loader.h"

#define RATE_MAX 1000000
#define BURST_MAX 10000000
#define CONCURRENT_MAX 100000
/* Below what a packet of Ethernet carries, usual requests would be too large. */
#define LARGEST_MIN 1500
/* UDP carries no more (RFC 768). */
#define LARGEST_MAX 65535
#define ELEMENTS_MIN 256
#define ELEMENTS_MAX 10000000

static void take_enabled(struct loader *l, const struct place *at, const char *text)
{
	value_bool(at, text, &l->cfg->sip.enabled);
}

static void take_ports(struct loader *l, const struct place *at, const char *text)
{
	struct config_sip *s = &l->cfg->sip;
	uint16_t *before = s->ports;

	/* Those of before are what is limited while none is found. */
	if (strcmp(text, "auto") == 0) {
		s->auto_ports = true;
		return;
	}
	key_ports(at, text, &s->ports, &s->n_ports);
	if (s->n_ports > SIP_PORTS_MAX)
		value_error(at, text, "name those at which the gateway speaks SIP", "more than 256 ports");
	s->auto_ports = s->auto_ports && s->ports == before;
}

static void take_evidence(struct loader *l, const struct place *at, const char *text)
{
	value_bool(at, text, &l->cfg->sip.evidence);
}

static void take_concurrent(struct loader *l, const struct place *at, const char *text)
{
	value_number(at, text, 0, CONCURRENT_MAX, &l->cfg->sip.concurrent);
}

static void take_largest(struct loader *l, const struct place *at, const char *text)
{
	value_number(at, text, LARGEST_MIN, LARGEST_MAX, &l->cfg->sip.largest);
}

static void take_trusted_size(struct loader *l, const struct place *at, const char *text)
{
	value_number(at, text, ELEMENTS_MIN, ELEMENTS_MAX, &l->cfg->sip.trusted_size);
}

static void take_sources(struct loader *l, const struct place *at, const char *text)
{
	value_number(at, text, ELEMENTS_MIN, ELEMENTS_MAX, &l->cfg->sip.sources);
}

static void take_greylist(struct loader *l, const struct place *at, const char *text)
{
	value_number(at, text, ELEMENTS_MIN, ELEMENTS_MAX, &l->cfg->sip.greylist);
}

/* "RATE" or "RATE burst BURST"; alone, as much again may come at once. */
static bool read_rate(const struct place *at, const char *text, struct config_rate *ret)
{
	struct config_rate rate;
	char **words;
	size_t n;
	bool good;

	if (!value_words(at, text, &words))
		return false;
	n = strings_count(words);
	good = n == 1 || (n == 3 && strcmp(words[1], "burst") == 0);
	if (!good)
		value_error(at, text, "as 200, or 200 burst 1000: a second, and at once after a rest", "not a rate");
	good = good && value_number(at, words[0], 1, RATE_MAX, &rate.rate);
	if (good && n == 3)
		good = value_number(at, words[2], 1, BURST_MAX, &rate.burst);
	else if (good)
		rate.burst = rate.rate;
	strings_free(words);
	if (good)
		*ret = rate;
	return good;
}

/* Keys that are rates differ in their place only. */
const struct config_sip_rate config_sip_rates[CONFIG_SIP_RATES] = {
	{ "source", offsetof(struct config_sip, source) },
	{ "trusted", offsetof(struct config_sip, trusted) },
	{ "keepalive", offsetof(struct config_sip, keepalive) },
	{ "connections", offsetof(struct config_sip, connections) },
	{ "trusted_connections", offsetof(struct config_sip, trusted_connections) },
	{ "new", offsetof(struct config_sip, new) },
	{ "retried", offsetof(struct config_sip, retried) },
	{ "known", offsetof(struct config_sip, known) },
	{ "called", offsetof(struct config_sip, called) },
	{ "new_connections", offsetof(struct config_sip, new_connections) },
	{ "known_connections", offsetof(struct config_sip, known_connections) },
};

static void take_rate(struct loader *l, const struct place *at, const char *text)
{
	size_t i;

	for (i = 0; i < CONFIG_SIP_RATES; i++)
		if (strcmp(at->key, config_sip_rates[i].key) == 0)
			read_rate(at, text, (struct config_rate *)(void *)((char *)&l->cfg->sip + config_sip_rates[i].offset));
}

static const struct key sip_list[] = {
	{ "enabled", take_enabled, false },
	{ "ports", take_ports, false },
	{ "evidence", take_evidence, false },
	{ "source", take_rate, false },
	{ "trusted", take_rate, false },
	{ "keepalive", take_rate, false },
	{ "connections", take_rate, false },
	{ "trusted_connections", take_rate, false },
	{ "new", take_rate, false },
	{ "retried", take_rate, false },
	{ "known", take_rate, false },
	{ "called", take_rate, false },
	{ "new_connections", take_rate, false },
	{ "known_connections", take_rate, false },
	{ "concurrent", take_concurrent, false },
	{ "largest", take_largest, false },
	{ "trusted_size", take_trusted_size, false },
	{ "sources", take_sources, false },
	{ "greylist", take_greylist, false },
};
const struct key_set sip_keys = { sip_list, ELEMENTSOF(sip_list) };
