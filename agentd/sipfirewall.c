/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SIP firewall: whether it is on, at which ports, whom it trusts, and whom it
 * limited. What it does is in the kernel (firewall/nft_sip.c).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "agent_private.h"
#include "base/hash.h"
#include "base/message_id.h"
#include "base/text.h"

/* "MICROSECONDS on" or "… off" of when it was switched by hand. */
#define META_SWITCHED "sip-firewall"
/* Gateways are restarted with other ports now and then. */
#define LOOK_INTERVAL (30 * USEC_PER_SEC)
/* It takes three of a minute to be banned as a flood (config/defaults.c). */
#define ASK_INTERVAL (5 * USEC_PER_SEC)
/* One whose trust the kernel has for so many parts of its time already is not trusted anew at each registration. */
#define REFRESH_PARTS 8
/* A helper that went has not answered, and the next one will not. */
#define ANSWER_MAX (30 * USEC_PER_SEC)
/* More of them than the kernel keeps do not come. */
#define LIMITED_MAX 8192

bool agent_sip_wanted(const struct agent *a)
{
	return a->sip.switched ? a->sip.on : a->world->cfg->sip.enabled;
}

/* Ports */

static size_t add_port(uint16_t *ports, size_t n, uint16_t port)
{
	if (n > 0 && ports[n - 1] == port)
		return n;
	ports[n] = port;
	return n + 1;
}

/* They are in order, and TLS or WebSocket may be at the port that TCP is at. */
static void split_ports(const struct listen_found *found, uint16_t udp[static LISTEN_PORTS_MAX],
			uint16_t tcp[static LISTEN_PORTS_MAX], struct firewall_ports *ret)
{
	size_t i;

	*ret = (struct firewall_ports){ udp, tcp, 0, 0 };
	for (i = 0; i < found->n; i++) {
		const struct listen_port *p = &found->ports[i];

		if (p->transport == LISTEN_UDP)
			ret->n_udp = add_port(udp, ret->n_udp, p->port);
		else
			ret->n_tcp = add_port(tcp, ret->n_tcp, p->port);
	}
}

static bool same_ports(const struct listen_found *a, const struct listen_found *b)
{
	size_t i;

	for (i = 0; a->n == b->n && i < a->n; i++)
		if (a->ports[i].port != b->ports[i].port || a->ports[i].transport != b->ports[i].transport)
			return false;
	return a->n == b->n;
}

/* True: other ones than before. A gateway that is just being restarted has none: then those of before stay. */
static bool look_for_ports(struct agent *a)
{
	struct listen_found found;

	a->sip.looked = time_monotonic();
	if (!a->sip.listen || !a->world->cfg->sip.auto_ports || listen_find(a->sip.listen, &found) < 0 || found.n == 0 ||
	    same_ports(&found, &a->sip.found))
		return false;
	a->sip.found = found;
	return true;
}

/* On or off */

static void apply(struct agent *a)
{
	uint16_t udp[LISTEN_PORTS_MAX], tcp[LISTEN_PORTS_MAX];
	struct firewall_ports ports;

	split_ports(&a->sip.found, udp, tcp, &ports);
	firewall_sip(a->firewall, agent_sip_wanted(a), &ports);
}

void agent_sip_open(struct agent *a)
{
	int r = listen_open(&a->sip.listen);

	if (r < 0)
		log_warning("The ports on which the gateway listens cannot be found: %s. Name them with ports in [sip-firewall]",
			    strerror(-r));
	r = connected_open(&a->sip.connected);
	if (r < 0)
		log_warning("The gateway's connections cannot be counted, so 'concurrent' in [sip-firewall] has no effect: %s",
			    strerror(-r));
}

static int store_switched(struct agent *a)
{
	_cleanup_free_ char *value =
		text_printf("%llu %s", (unsigned long long)a->sip.switched, a->sip.on ? "on" : "off");

	return value ? store_meta_put(a->store, META_SWITCHED, value) : -ENOMEM;
}

void agent_sip_store(struct agent *a)
{
	if (a->sip.switched)
		store_switched(a);
}

void agent_sip_restore(struct agent *a)
{
	_cleanup_free_ char *value = store_meta_get(a->store, META_SWITCHED);
	char *end = NULL;

	a->sip.switched = value ? strtoull(value, &end, 10) : 0;
	a->sip.on = value && strcmp(end, " on") == 0;
	look_for_ports(a);
	apply(a);
}

void agent_sip_configure(struct agent *a)
{
	if (!a->world->cfg->sip.auto_ports)
		a->sip.found.n = 0;
	look_for_ports(a);
	apply(a);
}

int agent_sip_switch(struct agent *a, bool on, char **message)
{
	const struct log_field fields[] = { { NULL, NULL } };
	const bool before = agent_sip_wanted(a);
	int r;

	a->sip.switched = time_now();
	a->sip.on = on;
	r = store_switched(a);
	agent_commit_soon(a);
	look_for_ports(a);
	apply(a);
	if (on != before)
		log_event(LOG_NOTICE, on ? MESSAGE_SIP_ON : MESSAGE_SIP_OFF, fields,
			  on ? "The SIP firewall is switched on" : "The SIP firewall is switched off; bans stay in force");
	*message = text_printf("%s%s%s%s", on ? "packets to the SIP ports are limited" : "packets are not limited; bans stay in force",
			       on == before ? "; so it was before" : "",
			       firewall_is_ready(a->firewall) ? "" : "; the firewall helper is down, and told when it is back",
			       r < 0 ? "; this could not be stored, and ends with a restart" : "");
	return 0;
}

/* Trust */

static void trust_again(void *userdata, const struct friend *f)
{
	firewall_trust_again(((struct agent *)userdata)->firewall, &f->addr);
}

void agent_sip_switched(void *userdata, bool on, int error)
{
	struct agent *a = userdata;
	const usec_t span = a->world->cfg->policy.friend_for, now = time_now();

	if (error < 0 && !a->sip.error_told)
		log_error("The SIP firewall cannot be switched %s in the kernel: %s. Bans are in force all the same%s",
			  on ? "on" : "off", strerror(-error),
			  error == -ENOENT || error == -EOPNOTSUPP ?
				  "; it needs nft_limit, nft_objref and nft_counter, with sets that packets add to" :
				  "");
	a->sip.error_told = error < 0;
	if (on && error == 0 && span > 0)
		decider_friends_each(a->decider, now > span ? now - span : 0, trust_again, a);
}

usec_t agent_sip_trusted(void *userdata, const struct addr *addr)
{
	const struct agent *a = userdata;
	const usec_t until = decider_friend_until(a->decider, addr), now = time_now();

	return until > now && !decider_find(a->decider, addr) ? until - now : 0;
}

void agent_sip_befriended(void *userdata, const struct addr *addr, usec_t before, usec_t when)
{
	struct agent *a = userdata;
	const usec_t span = a->world->cfg->policy.friend_for, part = span / REFRESH_PARTS + 1, now = time_now();
	const usec_t until = when + span;

	/* Of each part of its time one success counts, not all at once: parts begin at other times for each address. */
	const usec_t phase = (usec_t)hash_lasting(0, addr->bytes, sizeof(addr->bytes)) % part;
	const bool fresh = before > a->sip.distrusted && (before + phase) / part == (when + phase) / part;

	if (agent_sip_wanted(a) && until > now && !fresh)
		firewall_trust(a->firewall, addr, until - now < span ? until - now : span);
}

void agent_sip_banned(struct agent *a, const struct ban *b)
{
	const uint8_t len = b->addr.family == AF_INET6 ? 64 : 32;

	/* Its ports may be banned one by one, and those of others behind it are trusted as before. Of strangers, who may be
	 * many, there is nothing to take back. */
	if (!agent_sip_wanted(a) || !agent_enforces(a, b) || b->addr.len < len || b->addr.port ||
	    !decider_friend_until(a->decider, &b->addr))
		return;
	firewall_distrust(a->firewall, &b->addr);
	a->sip.distrusted = time_now();
}

/* Whom it limited */

void agent_sip_limited(void *userdata, const struct firewall_element *e)
{
	struct agent_sip *s = &((struct agent *)userdata)->sip;

	if (s->n_coming == LIMITED_MAX)
		return;
	if (s->n_coming == s->room) {
		const size_t room = s->room ? s->room * 2 : 64;
		struct firewall_element *coming = reallocarray(s->coming, room, sizeof(*coming));

		if (!coming)
			return;
		s->coming = coming;
		s->room = room;
	}
	s->coming[s->n_coming++] = *e;
}

static int compare_elements(const void *x, const void *y)
{
	return addr_compare(&((const struct firewall_element *)x)->addr, &((const struct firewall_element *)y)->addr);
}

/* What the rules are told of a source, as if a log had said it. */
static void tell_rules(struct agent *a, const struct addr *addr, const char *line, bool proven)
{
	const usec_t now = time_now();
	char id[40];
	struct event event = {
		.class = CLASS_FLOOD,
		.classes = CLASS_BIT(CLASS_FLOOD),
		.filter = "firewall",
		.pattern = "limit",
		.pattern_index = UINT16_MAX,
		.proven = proven,
		.askable = true,
		.time = now,
		.line = SPAN(line),
		.n_addrs = 1,
		.addrs = { *addr },
	};

	/* One of the network, as a log has it. */
	event.addrs[0].len = addr->family == AF_INET6 ? 128 : 32;
	snprintf(id, sizeof(id), "firewall-%llu", (unsigned long long)now);
	event.id = SPAN(id);
	a->sip.events++;
	a->watch.events[CLASS_FLOOD]++;
	decider_event(a->decider, &event, now);
}

/*
 * One event for each time that at least as much was dropped as a source may send: who is
 * a little above it for a moment is limited, and that is all. A source that has not proven
 * itself may be forged, also in a SYN: so the event is unproven.
 */
static void count_event(struct agent *a, const struct firewall_element *e, uint64_t packets)
{
	char text[ADDR_TEXT_MAX], line[200];

	snprintf(line, sizeof(line), "sipwarden: %llu packets of %s to SIP ports were more than one source may send",
		 (unsigned long long)packets, addr_format(&e->addr, text));
	tell_rules(a, &e->addr, line, false);
}

static void count_events(struct agent *a)
{
	const struct agent_sip *s = &a->sip;
	const uint64_t least = (uint64_t)a->world->cfg->sip.source.rate * (ASK_INTERVAL / USEC_PER_SEC);
	size_t i;

	for (i = 0; i < s->n_coming; i++) {
		const struct firewall_element *e = &s->coming[i], *before = NULL;
		uint64_t packets = e->packets;

		if (s->n_limited > 0)
			before = bsearch(e, s->limited, s->n_limited, sizeof(*e), compare_elements);
		/* It was gone in between if it counts less. */
		if (before && before->packets <= packets)
			packets -= before->packets;
		if (packets >= least)
			count_event(a, e, packets);
	}
}

void agent_sip_limited_end(void *userdata, int error)
{
	struct agent *a = userdata;
	struct agent_sip *s = &a->sip;

	s->answering = false;
	if (error < 0)
		return;
	if (s->n_coming > 0)
		qsort(s->coming, s->n_coming, sizeof(*s->coming), compare_elements);
	if (a->world->cfg->sip.evidence)
		count_events(a);
	free(s->limited);
	s->limited = s->coming;
	s->n_limited = s->n_coming;
	s->coming = NULL;
	s->n_coming = s->room = 0;
}

/* Connections */

/* Who has shaken hands is who he says: proven. */
static void on_crowded(void *userdata, const struct addr *addr, unsigned count)
{
	struct agent *a = userdata;
	const struct config_sip *c = &a->world->cfg->sip;
	char text[ADDR_TEXT_MAX], line[200];

	if (decider_friend_until(a->decider, addr) > time_now() || decider_exemption(a->decider, addr))
		return;
	firewall_crowd(a->firewall, addr, 2 * ASK_INTERVAL);
	if (!c->evidence)
		return;
	snprintf(line, sizeof(line), "sipwarden: %s has %u connections to SIP ports at once, and one source may have %u",
		 addr_format(addr, text), count, c->concurrent);
	tell_rules(a, addr, line, true);
}

static void count_connections(struct agent *a)
{
	const struct config_sip *c = &a->world->cfg->sip;
	uint16_t udp[LISTEN_PORTS_MAX], tcp[LISTEN_PORTS_MAX];
	struct firewall_ports found;

	if (!a->sip.connected || !c->concurrent)
		return;
	split_ports(&a->sip.found, udp, tcp, &found);
	if (c->auto_ports && found.n_tcp + found.n_udp > 0)
		connected_count(a->sip.connected, found.tcp, found.n_tcp, c->concurrent, on_crowded, a);
	else
		connected_count(a->sip.connected, c->ports, c->n_ports, c->concurrent, on_crowded, a);
}

void agent_sip_tick(struct agent *a, const struct firewall_stats *fw)
{
	struct agent_sip *s = &a->sip;
	const usec_t now = time_monotonic();

	if (agent_sip_wanted(a) && now - s->looked >= LOOK_INTERVAL && look_for_ports(a))
		apply(a);
	if (!fw->ready || !fw->sip) {
		s->n_limited = s->n_coming = 0;
		s->answering = false;
		return;
	}
	if ((s->answering && now - s->asked < ANSWER_MAX) || now - s->asked < ASK_INTERVAL)
		return;
	s->asked = now;
	s->n_coming = 0;
	s->answering = true;
	firewall_sip_ask(a->firewall);
	count_connections(a);
}

void agent_sip_done(struct agent *a)
{
	free(a->sip.limited);
	free(a->sip.coming);
	listen_close(a->sip.listen);
	connected_close(a->sip.connected);
}
