/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules of our chains that drop the banned and note who sends. */
#include "firewall/nft_rule.h"

#include <stddef.h>

#include <netinet/ip.h>

/* Sources in the set: accepted, or counted and dropped. */
static void put_source_rule(struct nft *n, enum nft_set set, int verdict)
{
	struct nftnl_rule *r = nft_rule_new(n, NFT_CHAIN);

	if (!r)
		return;
	nft_rule_address(n, r, set, false);
	nft_rule_match(n, r, set);
	if (verdict == NF_DROP)
		nft_rule_expr(n, r, "counter");
	nft_rule_verdict(n, r, verdict, NULL);
	nft_rule_put(n, r);
}

/* meta nfproto ipv4 meta l4proto udp ip saddr . udp sport @port4 counter drop */
static void put_port_rule(struct nft *n)
{
	const uint8_t family = NFPROTO_IPV4, udp = IPPROTO_UDP;
	struct nftnl_rule *r = nft_rule_new(n, NFT_CHAIN);

	if (!r)
		return;
	nft_rule_meta(n, r, NFT_META_NFPROTO);
	nft_rule_compare(n, r, NFT_CMP_EQ, &family, sizeof(family));
	nft_rule_meta(n, r, NFT_META_L4PROTO);
	nft_rule_compare(n, r, NFT_CMP_EQ, &udp, sizeof(udp));
	nft_rule_payload_into(n, r, NFT_REG32_00, NFT_PAYLOAD_NETWORK_HEADER, offsetof(struct iphdr, saddr), 4);
	nft_rule_payload_into(n, r, NFT_REG32_01, NFT_PAYLOAD_TRANSPORT_HEADER, NFT_SOURCE_PORT_OFFSET, sizeof(uint16_t));
	nft_rule_match(n, r, NFT_PORT4);
	nft_rule_expr(n, r, "counter");
	nft_rule_verdict(n, r, NF_DROP, NULL);
	nft_rule_put(n, r);
}

/*
 * meta l4proto udp udp sport @ports, and what it carries begins with a letter but
 * not as an answer (RFC 3261 7.2): jump called. What is shorter, keepalives, does not match.
 */
static void put_call_rule(struct nft *n)
{
	static const char answer[] = { 'S', 'I', 'P', '/', '2', '.', '0', ' ' }, first = 'A', last = 'Z';
	const uint8_t udp = IPPROTO_UDP;
	struct nftnl_rule *r = nft_rule_new(n, NFT_CHAIN_OUT);

	if (!r)
		return;
	nft_rule_meta(n, r, NFT_META_L4PROTO);
	nft_rule_compare(n, r, NFT_CMP_EQ, &udp, sizeof(udp));
	nft_rule_payload(n, r, NFT_PAYLOAD_TRANSPORT_HEADER, NFT_SOURCE_PORT_OFFSET, sizeof(uint16_t));
	nft_rule_match(n, r, NFT_PORTS);
	nft_rule_payload(n, r, NFT_PAYLOAD_TRANSPORT_HEADER, NFT_UDP_DATA_OFFSET, sizeof(answer));
	nft_rule_compare(n, r, NFT_CMP_NEQ, answer, sizeof(answer));
	nft_rule_payload(n, r, NFT_PAYLOAD_TRANSPORT_HEADER, NFT_UDP_DATA_OFFSET, sizeof(first));
	nft_rule_compare(n, r, NFT_CMP_GTE, &first, sizeof(first));
	nft_rule_compare(n, r, NFT_CMP_LTE, &last, sizeof(last));
	nft_rule_verdict(n, r, NFT_JUMP, NFT_CHAIN_CALLED);
	nft_rule_put(n, r);
}

/* meta l4proto @transports th dport @ports jump witness */
static void put_watch_rule(struct nft *n)
{
	struct nftnl_rule *r = nft_rule_new(n, NFT_CHAIN);

	if (!r)
		return;
	nft_rule_meta(n, r, NFT_META_L4PROTO);
	nft_rule_match(n, r, NFT_TRANSPORTS);
	nft_rule_payload(n, r, NFT_PAYLOAD_TRANSPORT_HEADER, NFT_PORT_OFFSET, sizeof(uint16_t));
	nft_rule_match(n, r, NFT_PORTS);
	nft_rule_verdict(n, r, NFT_JUMP, NFT_CHAIN_WITNESS);
	nft_rule_put(n, r);
}

static void put_note_rule(struct nft *n, const char *chain, enum nft_set set, usec_t span)
{
	struct nftnl_rule *r = nft_rule_new(n, chain);

	if (!r)
		return;
	if (set == NFT_MISSED)
		nft_rule_meta(n, r, NFT_META_NFPROTO);
	else
		nft_rule_address(n, r, set, set == NFT_CALLED4 || set == NFT_CALLED6);
	nft_rule_note(n, r, set, span);
	if (set != NFT_MISSED)
		nft_rule_verdict(n, r, NFT_RETURN, NULL);
	nft_rule_put(n, r);
}

void nft_put_no_rules(struct nft *n)
{
	nft_put_flush(n, NULL);
}

void nft_put_rules(struct nft *n)
{
	static const enum nft_set drops[] = { NFT_BAN4, NFT_BAN6, NFT_BAN64, NFT_NET4, NFT_NET6 };
	size_t i;

	nft_put_flush(n, NFT_CHAIN);
	nft_put_flush(n, NFT_CHAIN_WITNESS);
	nft_put_flush(n, NFT_CHAIN_OUT);
	nft_put_flush(n, NFT_CHAIN_CALLED);
	/* Whoever could not be noted reaches the last of these. */
	put_note_rule(n, NFT_CHAIN_WITNESS, NFT_SEEN4, n->witness.span);
	put_note_rule(n, NFT_CHAIN_WITNESS, NFT_SEEN6, n->witness.span);
	put_note_rule(n, NFT_CHAIN_WITNESS, NFT_MISSED, n->witness.span);
	put_note_rule(n, NFT_CHAIN_CALLED, NFT_CALLED4, n->witness.called_span);
	put_note_rule(n, NFT_CHAIN_CALLED, NFT_CALLED6, n->witness.called_span);
	/* First, so that the banned and the exempt are seen, too. */
	if (n->witness.on) {
		put_watch_rule(n);
		put_call_rule(n);
	}
	/* Exemptions before bans: an exempt peer is not cut off even by a wrong ban. */
	put_source_rule(n, NFT_EXEMPT4, NF_ACCEPT);
	put_source_rule(n, NFT_EXEMPT6, NF_ACCEPT);
	for (i = 0; !n->paused && i < sizeof(drops) / sizeof(drops[0]); i++)
		put_source_rule(n, drops[i], NF_DROP);
	if (!n->paused)
		put_port_rule(n);
	/* Last: the exempt have passed, the banned are gone. */
	nft_put_sip_rules(n);
}
