/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/nft_rule.h"

#include <errno.h>
#include <stddef.h>

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>

/* A source that sent nothing for so long, beyond what its burst takes, is counted anew. */
#define SOURCE_IDLE_SEC 10

struct nftnl_expr *nft_rule_expr(struct nft *n, struct nftnl_rule *r, const char *name)
{
	struct nftnl_expr *e = nftnl_expr_alloc(name);

	if (e)
		nftnl_rule_add_expr(r, e);
	else
		n->error = -ENOMEM;
	return e;
}

void nft_rule_meta(struct nft *n, struct nftnl_rule *r, uint32_t what)
{
	struct nftnl_expr *e = nft_rule_expr(n, r, "meta");

	if (e) {
		nftnl_expr_set_u32(e, NFTNL_EXPR_META_KEY, what);
		nftnl_expr_set_u32(e, NFTNL_EXPR_META_DREG, NFT_REG_1);
	}
}

void nft_rule_payload_into(struct nft *n, struct nftnl_rule *r, uint32_t reg, uint32_t base, size_t offset, uint32_t len)
{
	struct nftnl_expr *e = nft_rule_expr(n, r, "payload");

	if (e) {
		nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_BASE, base);
		nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_DREG, reg);
		nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET, (uint32_t)offset);
		nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_LEN, len);
	}
}

void nft_rule_payload(struct nft *n, struct nftnl_rule *r, uint32_t base, size_t offset, uint32_t len)
{
	nft_rule_payload_into(n, r, NFT_REG_1, base, offset, len);
}

void nft_rule_compare(struct nft *n, struct nftnl_rule *r, uint32_t op, const void *data, uint32_t len)
{
	struct nftnl_expr *e = nft_rule_expr(n, r, "cmp");

	if (e) {
		nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
		nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_OP, op);
		nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, data, len);
	}
}

void nft_rule_match(struct nft *n, struct nftnl_rule *r, enum nft_set set)
{
	struct nftnl_expr *e = nft_rule_expr(n, r, "lookup");

	if (e) {
		nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
		nftnl_expr_set_str(e, NFTNL_EXPR_LOOKUP_SET, nft_set_name(set));
		nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SET_ID, (uint32_t)set + 1);
	}
}

/* With what each element of the set has of its own, or NULL; takes it over. The rule ends here if there is no room. */
static void dynset(struct nft *n, struct nftnl_rule *r, enum nft_set set, uint32_t op, usec_t span, struct nftnl_expr *own)
{
	struct nftnl_expr *e = nft_rule_expr(n, r, "dynset");

	if (!e) {
		if (own)
			nftnl_expr_free(own);
		return;
	}
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_SREG_KEY, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_OP, op);
	nftnl_expr_set_u64(e, NFTNL_EXPR_DYNSET_TIMEOUT, span / USEC_PER_MSEC);
	nftnl_expr_set_str(e, NFTNL_EXPR_DYNSET_SET_NAME, nft_set_name(set));
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_SET_ID, (uint32_t)set + 1);
	if (own)
		nftnl_expr_add_expr(e, NFTNL_EXPR_DYNSET_EXPR, own);
}

void nft_rule_note(struct nft *n, struct nftnl_rule *r, enum nft_set set, usec_t span)
{
	dynset(n, r, set, NFT_DYNSET_OP_UPDATE, span, NULL);
}

void nft_rule_note_once(struct nft *n, struct nftnl_rule *r, enum nft_set set, usec_t span)
{
	dynset(n, r, set, NFT_DYNSET_OP_ADD, span, NULL);
}

void nft_rule_note_count(struct nft *n, struct nftnl_rule *r, enum nft_set set, usec_t span)
{
	struct nftnl_expr *counter = nftnl_expr_alloc("counter");

	if (counter)
		dynset(n, r, set, NFT_DYNSET_OP_UPDATE, span, counter);
	else
		n->error = -ENOMEM;
}

static void set_limit(struct nftnl_expr *e, const struct config_rate *rate, uint32_t flags)
{
	nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_RATE, rate->rate);
	nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_UNIT, 1); /* seconds */
	nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_BURST, rate->burst);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_FLAGS, flags);
}

void nft_rule_within(struct nft *n, struct nftnl_rule *r, const struct config_rate *rate)
{
	struct nftnl_expr *e = nft_rule_expr(n, r, "limit");

	if (e)
		set_limit(e, rate, 0);
}

void nft_rule_source_over(struct nft *n, struct nftnl_rule *r, enum nft_set set, const struct config_rate *rate)
{
	/* Forgotten when it could send its burst again anyway. */
	const usec_t span = (usec_t)(rate->burst / rate->rate + SOURCE_IDLE_SEC) * USEC_PER_SEC;
	struct nftnl_expr *limit = nftnl_expr_alloc("limit");

	if (!limit) {
		n->error = -ENOMEM;
		return;
	}
	set_limit(limit, rate, NFT_LIMIT_F_INV);
	dynset(n, r, set, NFT_DYNSET_OP_UPDATE, span, limit);
}

void nft_rule_copy(struct nft *n, struct nftnl_rule *r, uint16_t group, uint32_t len, const char *mark)
{
	struct nftnl_expr *e = nft_rule_expr(n, r, "log");

	if (!e)
		return;
	nftnl_expr_set_u16(e, NFTNL_EXPR_LOG_GROUP, group);
	if (len)
		nftnl_expr_set_u32(e, NFTNL_EXPR_LOG_SNAPLEN, len);
	if (mark)
		nftnl_expr_set_str(e, NFTNL_EXPR_LOG_PREFIX, mark);
}

void nft_rule_fragment6(struct nft *n, struct nftnl_rule *r)
{
	struct nftnl_expr *e = nft_rule_expr(n, r, "exthdr");
	const uint8_t present = 1;

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_DREG, NFT_REG_1);
	nftnl_expr_set_u8(e, NFTNL_EXPR_EXTHDR_TYPE, IPPROTO_FRAGMENT);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_OFFSET, 0);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_LEN, 1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_OP, NFT_EXTHDR_OP_IPV6);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_FLAGS, NFT_EXTHDR_F_PRESENT);
	nft_rule_compare(n, r, NFT_CMP_EQ, &present, sizeof(present));
}

void nft_rule_count(struct nft *n, struct nftnl_rule *r, const char *counter)
{
	struct nftnl_expr *e = nft_rule_expr(n, r, "objref");

	if (e) {
		nftnl_expr_set_u32(e, NFTNL_EXPR_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
		nftnl_expr_set_str(e, NFTNL_EXPR_OBJREF_IMM_NAME, counter);
	}
}

void nft_rule_mask(struct nft *n, struct nftnl_rule *r, const void *mask, uint32_t len)
{
	const uint8_t zero[16] = { 0 };
	struct nftnl_expr *e = nft_rule_expr(n, r, "bitwise");

	if (e) {
		nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
		nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
		nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_LEN, len);
		nftnl_expr_set(e, NFTNL_EXPR_BITWISE_MASK, mask, len);
		nftnl_expr_set(e, NFTNL_EXPR_BITWISE_XOR, zero, len);
	}
}

void nft_rule_address(struct nft *n, struct nftnl_rule *r, enum nft_set set, bool destination)
{
	static const size_t offsets[2][2] = { { offsetof(struct iphdr, saddr), offsetof(struct iphdr, daddr) },
					      { offsetof(struct ip6_hdr, ip6_src), offsetof(struct ip6_hdr, ip6_dst) } };
	static const uint8_t mask[16] = { 255, 255, 255, 255, 255, 255, 255, 255 };
	const bool v6 = nft_set_key_size(set) == 16;
	const uint8_t family = v6 ? NFPROTO_IPV6 : NFPROTO_IPV4;

	nft_rule_meta(n, r, NFT_META_NFPROTO);
	nft_rule_compare(n, r, NFT_CMP_EQ, &family, sizeof(family));
	nft_rule_payload(n, r, NFT_PAYLOAD_NETWORK_HEADER, offsets[v6][destination], v6 ? 16 : 4);
	if (nft_set_has_networks(set))
		nft_rule_mask(n, r, mask, sizeof(mask));
}

void nft_rule_verdict(struct nft *n, struct nftnl_rule *r, int verdict, const char *chain)
{
	struct nftnl_expr *e = nft_rule_expr(n, r, "immediate");

	if (e) {
		nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
		nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_VERDICT, (uint32_t)verdict);
		if (chain)
			nftnl_expr_set_str(e, NFTNL_EXPR_IMM_CHAIN, chain);
	}
}

struct nftnl_rule *nft_rule_new(struct nft *n, const char *chain)
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

void nft_rule_put(struct nft *n, struct nftnl_rule *r)
{
	struct nlmsghdr *nlh = nft_batch_message(n, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, NFT_MESSAGE_SIZE);

	if (nlh) {
		nftnl_rule_nlmsg_build_payload(nlh, r);
		nft_batch_done(n, nlh);
	}
	nftnl_rule_free(r);
}

void nft_put_flush(struct nft *n, const char *chain)
{
	struct nlmsghdr *nlh = nft_batch_message(n, NFT_MSG_DELRULE, 0, NFT_MESSAGE_SIZE);
	struct nftnl_rule *r = nft_rule_new(n, chain);

	if (r && nlh) {
		nftnl_rule_nlmsg_build_payload(nlh, r);
		nft_batch_done(n, nlh);
	}
	if (r)
		nftnl_rule_free(r);
}
