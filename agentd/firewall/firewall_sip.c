/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The SIP firewall, seen from the agent. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include "firewall/firewall_private.h"

struct firewall_sip {
	bool on;
	uint16_t udp[FIREWALL_PORTS_MAX], tcp[FIREWALL_PORTS_MAX];
	size_t n_udp, n_tcp;
};

static void tell_ports(struct firewall *fw, uint64_t protocol, const uint16_t *ports, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const struct proto_entry e = { .op = PROTO_SIP_PORT, .left = ports[i], .packets = protocol };

		firewall_queue(fw, &e);
	}
}

void firewall_sip_hello(struct firewall *fw)
{
	if (!fw->sip)
		return;
	tell_ports(fw, IPPROTO_UDP, fw->sip->udp, fw->sip->n_udp);
	tell_ports(fw, IPPROTO_TCP, fw->sip->tcp, fw->sip->n_tcp);
	firewall_command(fw, PROTO_SIP, NULL, fw->sip->on);
}

void firewall_sip_down(struct firewall *fw)
{
	/* It goes on in the kernel, and nobody knows more. */
	fw->stats.sip = false;
	memset(fw->stats.sip_counts, 0, sizeof(fw->stats.sip_counts));
}

static size_t take_ports(uint16_t to[static FIREWALL_PORTS_MAX], const uint16_t *from, size_t n)
{
	const size_t count = n < FIREWALL_PORTS_MAX ? n : FIREWALL_PORTS_MAX;

	if (count > 0)
		memcpy(to, from, count * sizeof(*to));
	return count;
}

int firewall_sip(struct firewall *fw, bool on, const struct firewall_ports *ports)
{
	if (!fw->sip)
		fw->sip = calloc(1, sizeof(*fw->sip));
	if (!fw->sip)
		return -ENOMEM;
	fw->sip->on = on;
	if (ports) {
		fw->sip->n_udp = take_ports(fw->sip->udp, ports->udp, ports->n_udp);
		fw->sip->n_tcp = take_ports(fw->sip->tcp, ports->tcp, ports->n_tcp);
	}
	if (!fw->stats.ready)
		return -ENOTCONN;
	firewall_sip_hello(fw);
	return 0;
}

int firewall_trust(struct firewall *fw, const struct addr *addr, usec_t left)
{
	return firewall_command(fw, PROTO_TRUST, addr, left);
}

int firewall_distrust(struct firewall *fw, const struct addr *addr)
{
	return firewall_command(fw, PROTO_DISTRUST, addr, 0);
}

int firewall_crowd(struct firewall *fw, const struct addr *addr, usec_t left)
{
	return firewall_command(fw, PROTO_CROWD, addr, left);
}

int firewall_trust_again(struct firewall *fw, const struct addr *addr)
{
	int r;

	if (!fw->stats.ready)
		return 0; /* ready() will ask for it */
	r = restores_add(&fw->trusts, addr);
	return r < 0 ? r : sd_event_source_set_enabled(fw->send, SD_EVENT_ONESHOT);
}

bool firewall_sip_next(struct firewall *fw, struct proto_entry *e)
{
	if (restores_count(&fw->trusts) == 0)
		return false;
	*e = (struct proto_entry){ .op = PROTO_TRUST, .addr = *restores_take(&fw->trusts) };
	e->left = fw->callbacks.trusted ? fw->callbacks.trusted(fw->callbacks.userdata, &e->addr) : 0;
	return true;
}

void firewall_sip_ask(struct firewall *fw)
{
	struct proto_entry e = { .op = PROTO_SIP_COUNT };

	if (!fw->stats.ready)
		return;
	for (e.left = 0; e.left < SIP_COUNTS; e.left++)
		firewall_queue(fw, &e);
	e = (struct proto_entry){ .op = PROTO_SIP_LIMITED };
	firewall_queue(fw, &e);
}

void firewall_sip_limited(struct firewall *fw, const struct proto_packet *p)
{
	unsigned i;

	for (i = 0; fw->callbacks.limited && i < p->count; i++) {
		const struct firewall_element element = { p->entries[i].addr, p->entries[i].left, p->entries[i].packets,
							  p->entries[i].bytes };

		fw->callbacks.limited(fw->callbacks.userdata, &element);
	}
}

static void switched(struct firewall *fw, const struct proto_entry *e)
{
	struct firewall_stats *s = &fw->stats;
	const bool on = e->left != 0;

	/* Another answer is on its way. */
	if (!fw->sip || fw->sip->on != on)
		return;
	s->sip = on && e->error == 0;
	s->sip_error = on ? e->error : 0;
	if (!s->sip)
		memset(s->sip_counts, 0, sizeof(s->sip_counts));
	if (fw->callbacks.switched)
		fw->callbacks.switched(fw->callbacks.userdata, on, e->error);
}

bool firewall_sip_done(struct firewall *fw, const struct proto_entry *e)
{
	switch (e->op) {
	case PROTO_SIP:
		switched(fw, e);
		return true;
	case PROTO_SIP_COUNT:
		if (e->left < SIP_COUNTS && e->error == 0)
			fw->stats.sip_counts[e->left] = (struct sip_counter){ e->packets, e->bytes };
		return true;
	case PROTO_SIP_LIMITED:
		if (fw->callbacks.limited_end)
			fw->callbacks.limited_end(fw->callbacks.userdata, e->error);
		return true;
	case PROTO_FLUSH:
		if (e->error == 0)
			firewall_sip_down(fw);
		return false;
	/* What it does not take is as if nobody had said it. */
	case PROTO_SIP_PORT:
	case PROTO_TRUST:
	case PROTO_DISTRUST:
	case PROTO_CROWD:
		return true;
	default:
		return false;
	}
}
