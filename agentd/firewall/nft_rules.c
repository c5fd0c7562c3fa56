/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules of our chains, as "nft --debug=netlink" shows them. */
#include "firewall/nft_private.h"

#include <errno.h>
#include <stddef.h>

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>

/* Where TCP, UDP and SCTP have their ports, and UDP what it carries. */
#define SOURCE_PORT_OFFSET 0
#define PORT_OFFSET 2
#define UDP_DATA_OFFSET 8

static struct nftnl_expr *rule_expr(struct nft *n, struct nftnl_rule *r, const char *name)
{
	struct nftnl_expr *e = nftnl_expr_alloc(name);

	if (e)
		nftnl_rule_add_expr(r, e);
	else
		n->error = -ENOMEM;
	return e;
}

/* NFT_META_… into the register */
static void load_meta(struct nft *n, struct nftnl_rule *r, uint32_t what)
{
	struct nftnl_expr *e = rule_expr(n, r, "meta");

	if (e) {
		nftnl_expr_set_u32(e, NFTNL_EXPR_META_KEY, what);
		nftnl_expr_set_u32(e, NFTNL_EXPR_META_DREG, NFT_REG_1);
	}
}

static void load_payload_into(struct nft *n, struct nftnl_rule *r, uint32_t reg, uint32_t base, size_t offset, uint32_t len)
{
	struct nftnl_expr *e = rule_expr(n, r, "payload");

	if (e) {
		nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_BASE, base);
		nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_DREG, reg);
		nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET, (uint32_t)offset);
		nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_LEN, len);
	}
}

static void load_payload(struct nft *n, struct nftnl_rule *r, uint32_t base, size_t offset, uint32_t len)
{
	load_payload_into(n, r, NFT_REG_1, base, offset, len);
}

/* What is in the register, by NFT_CMP_… with the data? */
static void compare(struct nft *n, struct nftnl_rule *r, uint32_t op, const void *data, uint32_t len)
{
	struct nftnl_expr *e = rule_expr(n, r, "cmp");

	if (e) {
		nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
		nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_OP, op);
		nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, data, len);
	}
}

/* What is in the register, in the set? */
static void match_set(struct nft *n, struct nftnl_rule *r, enum nft_set set)
{
	struct nftnl_expr *e = rule_expr(n, r, "lookup");

	if (e) {
		nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
		nftnl_expr_set_str(e, NFTNL_EXPR_LOOKUP_SET, nft_set_name(set));
		nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SET_ID, (uint32_t)set + 1);
	}
}

/* update @set { … timeout span }: the rule ends here if there is no room. */
static void note_in_set(struct nft *n, struct nftnl_rule *r, enum nft_set set, usec_t span)
{
	struct nftnl_expr *e = rule_expr(n, r, "dynset");

	if (e) {
		nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_SREG_KEY, NFT_REG_1);
		nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
		nftnl_expr_set_u64(e, NFTNL_EXPR_DYNSET_TIMEOUT, span / USEC_PER_MSEC);
		nftnl_expr_set_str(e, NFTNL_EXPR_DYNSET_SET_NAME, nft_set_name(set));
		nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_SET_ID, (uint32_t)set + 1);
	}
}

/* meta nfproto ipv4 or ipv6; ip saddr (daddr of those called), ip6 saddr, or the network of 64 bits that it is in */
static void load_address(struct nft *n, struct nftnl_rule *r, enum nft_set set)
{
	static const size_t offsets[2][2] = { { offsetof(struct iphdr, saddr), offsetof(struct iphdr, daddr) },
					      { offsetof(struct ip6_hdr, ip6_src), offsetof(struct ip6_hdr, ip6_dst) } };
	const bool v6 = nft_set_key_size(set) == 16, called = set == NFT_CALLED4 || set == NFT_CALLED6;
	const uint8_t family = v6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
	const uint8_t mask[16] = { 255, 255, 255, 255, 255, 255, 255, 255 }, zero[16] = { 0 };
	struct nftnl_expr *e;

	load_meta(n, r, NFT_META_NFPROTO);
	compare(n, r, NFT_CMP_EQ, &family, sizeof(family));
	load_payload(n, r, NFT_PAYLOAD_NETWORK_HEADER, offsets[v6][called], v6 ? 16 : 4);
	e = set == NFT_BAN64 || set == NFT_SEEN6 || set == NFT_CALLED6 ? rule_expr(n, r, "bitwise") : NULL;
	if (e) {
		nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
		nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
		nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_LEN, sizeof(mask));
		nftnl_expr_set(e, NFTNL_EXPR_BITWISE_MASK, mask, sizeof(mask));
		nftnl_expr_set(e, NFTNL_EXPR_BITWISE_XOR, zero, sizeof(zero));
	}
}

static void put_verdict(struct nft *n, struct nftnl_rule *r, int verdict, const char *chain)
{
	struct nftnl_expr *e = rule_expr(n, r, "immediate");

	if (e) {
		nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
		nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_VERDICT, (uint32_t)verdict);
		if (chain)
			nftnl_expr_set_str(e, NFTNL_EXPR_IMM_CHAIN, chain);
	}
}

static struct nftnl_rule *new_rule(struct nft *n, const char *chain)
{
	struct nftnl_rule *r = nftnl_rule_alloc();

	if (!r) {
		n->error = -ENOMEM;
		return NULL;
	}
	nftnl_rule_set_str(r, NFTNL_RULE_TABLE, n->table);
	if (chain)
		nftnl_rule_set_str(r, NFTNL_RULE_CHAIN, chain);
	nftnl_rule_set_u32(r, NFTNL_RULE_FAMILY, NFPROTO_INET);
	return r;
}

/* Takes over r. */
static void put_rule(struct nft *n, struct nftnl_rule *r)
{
	struct nlmsghdr *nlh = nft_batch_message(n, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, NFT_MESSAGE_SIZE);

	if (nlh) {
		nftnl_rule_nlmsg_build_payload(nlh, r);
		nft_batch_done(n, nlh);
	}
	nftnl_rule_free(r);
}

/* chain NULL: all of them */
static void put_flush(struct nft *n, const char *chain)
{
	struct nlmsghdr *nlh = nft_batch_message(n, NFT_MSG_DELRULE, 0, NFT_MESSAGE_SIZE);
	struct nftnl_rule *r = new_rule(n, chain);

	if (r && nlh) {
		nftnl_rule_nlmsg_build_payload(nlh, r);
		nft_batch_done(n, nlh);
	}
	if (r)
		nftnl_rule_free(r);
}

/* Sources in the set: accepted, or counted and dropped. */
static void put_source_rule(struct nft *n, enum nft_set set, int verdict)
{
	struct nftnl_rule *r = new_rule(n, NFT_CHAIN);

	if (!r)
		return;
	load_address(n, r, set);
	match_set(n, r, set);
	if (verdict == NF_DROP)
		rule_expr(n, r, "counter");
	put_verdict(n, r, verdict, NULL);
	put_rule(n, r);
}

/* meta nfproto ipv4 meta l4proto udp ip saddr . udp sport @port4 counter drop */
static void put_port_rule(struct nft *n)
{
	const uint8_t family = NFPROTO_IPV4, udp = IPPROTO_UDP;
	struct nftnl_rule *r = new_rule(n, NFT_CHAIN);

	if (!r)
		return;
	load_meta(n, r, NFT_META_NFPROTO);
	compare(n, r, NFT_CMP_EQ, &family, sizeof(family));
	load_meta(n, r, NFT_META_L4PROTO);
	compare(n, r, NFT_CMP_EQ, &udp, sizeof(udp));
	load_payload_into(n, r, NFT_REG32_00, NFT_PAYLOAD_NETWORK_HEADER, offsetof(struct iphdr, saddr), 4);
	load_payload_into(n, r, NFT_REG32_01, NFT_PAYLOAD_TRANSPORT_HEADER, SOURCE_PORT_OFFSET, sizeof(uint16_t));
	match_set(n, r, NFT_PORT4);
	rule_expr(n, r, "counter");
	put_verdict(n, r, NF_DROP, NULL);
	put_rule(n, r);
}

/*
 * meta l4proto udp udp sport @ports, and what it carries begins with a letter but
 * not as an answer (RFC 3261 7.2): jump called. What is shorter, keepalives, does not match.
 */
static void put_call_rule(struct nft *n)
{
	static const char answer[] = { 'S', 'I', 'P', '/', '2', '.', '0', ' ' }, first = 'A', last = 'Z';
	const uint8_t udp = IPPROTO_UDP;
	struct nftnl_rule *r = new_rule(n, NFT_CHAIN_OUT);

	if (!r)
		return;
	load_meta(n, r, NFT_META_L4PROTO);
	compare(n, r, NFT_CMP_EQ, &udp, sizeof(udp));
	load_payload(n, r, NFT_PAYLOAD_TRANSPORT_HEADER, SOURCE_PORT_OFFSET, sizeof(uint16_t));
	match_set(n, r, NFT_PORTS);
	load_payload(n, r, NFT_PAYLOAD_TRANSPORT_HEADER, UDP_DATA_OFFSET, sizeof(answer));
	compare(n, r, NFT_CMP_NEQ, answer, sizeof(answer));
	load_payload(n, r, NFT_PAYLOAD_TRANSPORT_HEADER, UDP_DATA_OFFSET, sizeof(first));
	compare(n, r, NFT_CMP_GTE, &first, sizeof(first));
	compare(n, r, NFT_CMP_LTE, &last, sizeof(last));
	put_verdict(n, r, NFT_JUMP, NFT_CHAIN_CALLED);
	put_rule(n, r);
}

/* meta l4proto @transports th dport @ports jump witness */
static void put_watch_rule(struct nft *n)
{
	struct nftnl_rule *r = new_rule(n, NFT_CHAIN);

	if (!r)
		return;
	load_meta(n, r, NFT_META_L4PROTO);
	match_set(n, r, NFT_TRANSPORTS);
	load_payload(n, r, NFT_PAYLOAD_TRANSPORT_HEADER, PORT_OFFSET, sizeof(uint16_t));
	match_set(n, r, NFT_PORTS);
	put_verdict(n, r, NFT_JUMP, NFT_CHAIN_WITNESS);
	put_rule(n, r);
}

static void put_note_rule(struct nft *n, const char *chain, enum nft_set set, usec_t span)
{
	struct nftnl_rule *r = new_rule(n, chain);

	if (!r)
		return;
	if (set == NFT_MISSED)
		load_meta(n, r, NFT_META_NFPROTO);
	else
		load_address(n, r, set);
	note_in_set(n, r, set, span);
	if (set != NFT_MISSED)
		put_verdict(n, r, NFT_RETURN, NULL);
	put_rule(n, r);
}

void nft_put_no_rules(struct nft *n)
{
	put_flush(n, NULL);
}

void nft_put_rules(struct nft *n)
{
	static const enum nft_set drops[] = { NFT_BAN4, NFT_BAN6, NFT_BAN64, NFT_NET4, NFT_NET6 };
	size_t i;

	put_flush(n, NFT_CHAIN);
	put_flush(n, NFT_CHAIN_WITNESS);
	put_flush(n, NFT_CHAIN_OUT);
	put_flush(n, NFT_CHAIN_CALLED);
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
}
