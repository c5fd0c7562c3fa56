/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which of the ports at which a gateway listens are SIP.
 *
 * Signs, in this order: the numbers that RFC 3261 gives; numbers of other protocols that
 * gateways speak; for proxies, which carry no media, any port that is not of the range from
 * which the kernel gives sockets that ask for none (DNS); for the others, the same number
 * over UDP and TCP, which media never have, or a number that is usual and has no neighbour:
 * media come in pairs, RTP at an even port and RTCP at the next (RFC 3550, 11).
 */
#include <string.h>

#include "base/cleanup.h"
#include "host/listen_private.h"

#define SIP_PORT 5060
#define SIPS_PORT 5061
#define EPHEMERAL_FIRST 32768 /* net.ipv4.ip_local_port_range, as it comes */

struct range {
	uint16_t first, last;
};

/* Usual for second transports and profiles: FreeSWITCH has 5080, FreePBX 5160. */
static const struct range usual[] = { { 5060, 5099 }, { 5160, 5169 } };

/* Skinny, binrpc, MGCP, DUNDi, IAX2, Unistim, AMI, rmanager, event socket, mi_http, HEP; Asterisk speaks most of them. */
static const uint16_t others[] = { 2000, 2046, 2049, 2427, 2727, 4520, 4569, 5000, 5038, 5039, 8021, 8888, 9060 };

/* HTTP of Asterisk (8088, 8089), Sofia's and Verto's WebSockets (5066, 7443, 8081, 8082), and usual ones. */
static const uint16_t websocket[] = { 80, 443, 4443, 5066, 7443, 8080, 8081, 8082, 8088, 8089, 8443 };

static bool is_one_of(uint16_t port, const uint16_t *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (list[i] == port)
			return true;
	return false;
}

static bool is_usual(uint16_t port)
{
	size_t i;

	for (i = 0; i < ELEMENTSOF(usual); i++)
		if (port >= usual[i].first && port <= usual[i].last)
			return true;
	return false;
}

static bool has_media(const struct owner *o)
{
	return gateways[o->gateway - 1].media;
}

static bool same_gateway(const struct owner *a, const struct owner *b)
{
	return a->open && b->open && a->gateway == b->gateway;
}

static bool udp_is_sip(const struct listeners *l, uint16_t port)
{
	const struct owner *o = &l->udp[port];

	if (port == SIP_PORT || port == SIPS_PORT)
		return o->open;
	if (!o->open || !o->gateway || is_one_of(port, others, ELEMENTSOF(others)))
		return false;
	if (same_gateway(o, &l->tcp[port]))
		return true;
	if (!has_media(o))
		return port < EPHEMERAL_FIRST;
	return is_usual(port) && !same_gateway(o, &l->udp[port ^ 1]);
}

static bool tcp_is_sip(const struct listeners *l, uint16_t port)
{
	const struct owner *o = &l->tcp[port];

	if (port == SIP_PORT || port == SIPS_PORT)
		return o->open;
	if (!o->open || !o->gateway || is_one_of(port, others, ELEMENTSOF(others)))
		return false;
	if (!has_media(o) || is_usual(port) || is_one_of(port, websocket, ELEMENTSOF(websocket)))
		return true;
	/* TLS is at the next number. */
	return udp_is_sip(l, port) || (port > 0 && same_gateway(o, &l->tcp[port - 1]) && udp_is_sip(l, (uint16_t)(port - 1)));
}

static enum listen_transport tcp_transport(const struct listeners *l, uint16_t port)
{
	if (port == SIPS_PORT)
		return LISTEN_TLS;
	if (is_one_of(port, websocket, ELEMENTSOF(websocket)))
		return LISTEN_WEBSOCKET;
	return (port & 1) && l->tcp[port - 1].open && tcp_is_sip(l, (uint16_t)(port - 1)) ? LISTEN_TLS : LISTEN_TCP;
}

static void add(struct listen_found *ret, uint16_t port, enum listen_transport transport, const struct owner *o)
{
	if (ret->n == LISTEN_PORTS_MAX) {
		ret->more = true;
		return;
	}
	ret->ports[ret->n++] = (struct listen_port){
		.port = port,
		.transport = transport,
		.how = o->gateway ? (enum listen_how)o->how : LISTEN_BY_NUMBER,
		.gateway = o->gateway ? gateways[o->gateway - 1].name : NULL,
	};
}

static void add_media(struct listen_found *ret, uint16_t port)
{
	if (ret->media++ == 0)
		ret->media_first = port;
	ret->media_last = port;
}

void listeners_judge(const struct listeners *l, struct listen_found *ret)
{
	unsigned i;

	memset(ret, 0, sizeof(*ret));
	for (i = 1; i < ELEMENTSOF(l->udp); i++) {
		uint16_t port = (uint16_t)i;

		if (udp_is_sip(l, port))
			add(ret, port, LISTEN_UDP, &l->udp[port]);
		else if (l->udp[port].gateway)
			add_media(ret, port);
		if (tcp_is_sip(l, port))
			add(ret, port, tcp_transport(l, port), &l->tcp[port]);
	}
}

const char *listen_transport_name(enum listen_transport transport)
{
	static const char *const names[] = { "udp", "tcp", "tls", "websocket" };

	return names[transport];
}

const char *listen_how_name(enum listen_how how)
{
	static const char *const names[] = { "number", "user", "unit" };

	return names[how];
}
