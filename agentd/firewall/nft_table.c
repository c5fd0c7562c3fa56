/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our table, its sets, its chain and its rules. */
#include "firewall/nft_private.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>

#include "base/cleanup.h"

#define CHAIN "prerouting"
/* NF_IP_PRI_RAW of linux/netfilter_ipv4.h: before connection tracking. */
#define PRIORITY_RAW (-300)
/* Key types as nft(8) knows them (its include/datatype.h), so that it shows addresses. */
#define TYPE_IPADDR 7
#define TYPE_IP6ADDR 8

static const struct {
	const char *name;
	bool v6, interval, timeout;
} sets[NFT_SET_COUNT] = {
	[NFT_BAN4] = { "ban4", false, false, true },	  [NFT_BAN6] = { "ban6", true, false, true },
	[NFT_NET4] = { "net4", false, true, true },	  [NFT_NET6] = { "net6", true, true, true },
	[NFT_EXEMPT4] = { "exempt4", false, true, false }, [NFT_EXEMPT6] = { "exempt6", true, true, false },
};

const char *nft_set_name(enum nft_set set)
{
	return sets[set].name;
}

static void put_table(struct nft *n, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = nft_batch_message(n, type, flags, NFT_MESSAGE_SIZE);
	struct nftnl_table *t = nftnl_table_alloc();

	if (!t)
		n->error = -ENOMEM;
	if (t && nlh) {
		nftnl_table_set_str(t, NFTNL_TABLE_NAME, n->table);
		nftnl_table_nlmsg_build_payload(nlh, t);
		nft_batch_done(n, nlh);
	}
	if (t)
		nftnl_table_free(t);
}

static void put_chain(struct nft *n)
{
	struct nlmsghdr *nlh = nft_batch_message(n, NFT_MSG_NEWCHAIN, NLM_F_CREATE, NFT_MESSAGE_SIZE);
	struct nftnl_chain *c = nftnl_chain_alloc();

	if (!c)
		n->error = -ENOMEM;
	if (c && nlh) {
		nftnl_chain_set_str(c, NFTNL_CHAIN_TABLE, n->table);
		nftnl_chain_set_str(c, NFTNL_CHAIN_NAME, CHAIN);
		nftnl_chain_set_str(c, NFTNL_CHAIN_TYPE, "filter");
		nftnl_chain_set_u32(c, NFTNL_CHAIN_HOOKNUM, NF_INET_PRE_ROUTING);
		nftnl_chain_set_s32(c, NFTNL_CHAIN_PRIO, PRIORITY_RAW);
		nftnl_chain_set_u32(c, NFTNL_CHAIN_POLICY, NF_ACCEPT);
		nftnl_chain_nlmsg_build_payload(nlh, c);
		nft_batch_done(n, nlh);
	}
	if (c)
		nftnl_chain_free(c);
}

static struct nftnl_set *make_set(const struct nft *n, enum nft_set set)
{
	uint32_t flags = (sets[set].interval ? NFT_SET_INTERVAL : 0) | (sets[set].timeout ? NFT_SET_TIMEOUT : 0);
	struct nftnl_set *s = nftnl_set_alloc();
	struct nftnl_expr *counter = sets[set].timeout ? nftnl_expr_alloc("counter") : NULL;

	/* libnftnl's free functions take no NULL. */
	if (!s || (sets[set].timeout && !counter)) {
		if (s)
			nftnl_set_free(s);
		if (counter)
			nftnl_expr_free(counter);
		return NULL;
	}
	nftnl_set_set_str(s, NFTNL_SET_TABLE, n->table);
	nftnl_set_set_str(s, NFTNL_SET_NAME, sets[set].name);
	nftnl_set_set_u32(s, NFTNL_SET_ID, (uint32_t)set + 1);
	nftnl_set_set_u32(s, NFTNL_SET_FLAGS, flags);
	nftnl_set_set_u32(s, NFTNL_SET_KEY_TYPE, sets[set].v6 ? TYPE_IP6ADDR : TYPE_IPADDR);
	nftnl_set_set_u32(s, NFTNL_SET_KEY_LEN, sets[set].v6 ? 16 : 4);
	if (!sets[set].interval)
		nftnl_set_set_u32(s, NFTNL_SET_DESC_SIZE, n->max_bans);
	if (counter)
		nftnl_set_add_expr(s, counter);
	return s;
}

static void put_set(struct nft *n, enum nft_set set)
{
	struct nlmsghdr *nlh = nft_batch_message(n, NFT_MSG_NEWSET, NLM_F_CREATE, NFT_MESSAGE_SIZE);
	struct nftnl_set *s = make_set(n, set);

	if (!s)
		n->error = -ENOMEM;
	if (s && nlh) {
		nftnl_set_nlmsg_build_payload(nlh, s);
		nft_batch_done(n, nlh);
	}
	if (s)
		nftnl_set_free(s);
}

/* Rules, as "nft --debug=netlink" shows them. */

static struct nftnl_expr *rule_expr(struct nft *n, struct nftnl_rule *r, const char *name)
{
	struct nftnl_expr *e = nftnl_expr_alloc(name);

	if (e)
		nftnl_rule_add_expr(r, e);
	else
		n->error = -ENOMEM;
	return e;
}

/* meta nfproto == ipv4 or ipv6 */
static void match_family(struct nft *n, struct nftnl_rule *r, bool v6)
{
	const uint8_t family = v6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
	struct nftnl_expr *e = rule_expr(n, r, "meta");

	if (e) {
		nftnl_expr_set_u32(e, NFTNL_EXPR_META_KEY, NFT_META_NFPROTO);
		nftnl_expr_set_u32(e, NFTNL_EXPR_META_DREG, NFT_REG_1);
	}
	e = rule_expr(n, r, "cmp");
	if (e) {
		nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
		nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_OP, NFT_CMP_EQ);
		nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, &family, sizeof(family));
	}
}

/* ip saddr @set, or ip6 saddr @set */
static void match_source(struct nft *n, struct nftnl_rule *r, enum nft_set set)
{
	struct nftnl_expr *e = rule_expr(n, r, "payload");

	if (e) {
		nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
		nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
		nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET,
				   sets[set].v6 ? offsetof(struct ip6_hdr, ip6_src) : offsetof(struct iphdr, saddr));
		nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_LEN, sets[set].v6 ? 16 : 4);
	}
	e = rule_expr(n, r, "lookup");
	if (e) {
		nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
		nftnl_expr_set_str(e, NFTNL_EXPR_LOOKUP_SET, sets[set].name);
		nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SET_ID, (uint32_t)set + 1);
	}
}

static void put_verdict(struct nft *n, struct nftnl_rule *r, uint32_t verdict)
{
	struct nftnl_expr *e;

	if (verdict == NF_DROP)
		rule_expr(n, r, "counter");
	e = rule_expr(n, r, "immediate");
	if (e) {
		nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
		nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_VERDICT, verdict);
	}
}

static void put_rule(struct nft *n, enum nft_set set, uint32_t verdict)
{
	struct nlmsghdr *nlh = nft_batch_message(n, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, NFT_MESSAGE_SIZE);
	struct nftnl_rule *r = nftnl_rule_alloc();

	if (!r)
		n->error = -ENOMEM;
	if (r && nlh) {
		nftnl_rule_set_str(r, NFTNL_RULE_TABLE, n->table);
		nftnl_rule_set_str(r, NFTNL_RULE_CHAIN, CHAIN);
		nftnl_rule_set_u32(r, NFTNL_RULE_FAMILY, NFPROTO_INET);
		match_family(n, r, sets[set].v6);
		match_source(n, r, set);
		put_verdict(n, r, verdict);
		nftnl_rule_nlmsg_build_payload(nlh, r);
		nft_batch_done(n, nlh);
	}
	if (r)
		nftnl_rule_free(r);
}

static void put_rule_flush(struct nft *n)
{
	struct nlmsghdr *nlh = nft_batch_message(n, NFT_MSG_DELRULE, 0, NFT_MESSAGE_SIZE);
	struct nftnl_rule *r = nftnl_rule_alloc();

	if (!r)
		n->error = -ENOMEM;
	if (r && nlh) {
		nftnl_rule_set_str(r, NFTNL_RULE_TABLE, n->table);
		nftnl_rule_set_str(r, NFTNL_RULE_CHAIN, CHAIN);
		nftnl_rule_nlmsg_build_payload(nlh, r);
		nft_batch_done(n, nlh);
	}
	if (r)
		nftnl_rule_free(r);
}

/* Exemptions first: an exempt peer is not cut off even by a wrong ban. */
static void put_rules(struct nft *n)
{
	put_rule_flush(n);
	put_rule(n, NFT_EXEMPT4, NF_ACCEPT);
	put_rule(n, NFT_EXEMPT6, NF_ACCEPT);
	put_rule(n, NFT_BAN4, NF_DROP);
	put_rule(n, NFT_BAN6, NF_DROP);
	put_rule(n, NFT_NET4, NF_DROP);
	put_rule(n, NFT_NET6, NF_DROP);
}

static int make(struct nft *n, bool anew)
{
	int set;

	nft_batch_begin(n);
	put_table(n, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	if (anew) {
		put_table(n, NFT_MSG_DELTABLE, 0);
		put_table(n, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	}
	for (set = 0; set < NFT_SET_COUNT; set++)
		put_set(n, (enum nft_set)set);
	put_chain(n);
	put_rules(n);
	return nft_batch_send(n);
}

int nft_setup(struct nft *n, bool *replaced)
{
	int r = make(n, false);

	*replaced = r == -EEXIST || r == -EINVAL || r == -EBUSY || r == -EOPNOTSUPP;
	return *replaced ? make(n, true) : r;
}

int nft_delete(struct nft *n)
{
	nft_batch_begin(n);
	/* Making it first makes deleting it safe: no error if there is none. */
	put_table(n, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	put_table(n, NFT_MSG_DELTABLE, 0);
	return nft_batch_send(n);
}
