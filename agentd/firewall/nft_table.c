/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our table, its sets and its chains. */
#include "firewall/nft_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>

#include "base/cleanup.h"

/* NF_IP_PRI_RAW of linux/netfilter_ipv4.h: before connection tracking. */
#define PRIORITY_RAW (-300)
/* Key types as nft(8) knows them (its include/datatype.h), so that it shows addresses. */
#define TYPE_NFPROTO 2
#define TYPE_IPADDR 7
#define TYPE_IP6ADDR 8
#define TYPE_INET_PROTOCOL 12
#define TYPE_INET_SERVICE 13
/* Types of a concatenation, one behind the other (TYPE_BITS there). */
#define TYPE_PAIR(a, b) ((a) << 6 | (b))
/* There are two families; the kernel counts those that ran out for a second more. */
#define MISSED_SIZE 64
/* What has run out takes room until it is swept out, and under a flood all room is taken. By itself, the kernel sweeps once a second. */
#define GREY_SWEEP_MSEC 250
/* An admin looks at the first of them; more would only be longer to read. */
#define LIMITED_SIZE 4096

/* Friends from which somebody fails: each is watched for some minutes. */
#define WATCH_SIZE 4096

#define HASH (NFT_SET_TIMEOUT)
#define NOTED (NFT_SET_TIMEOUT | NFT_SET_EVAL)
#define RANGES (NFT_SET_TIMEOUT | NFT_SET_INTERVAL)

static const struct {
	const char *name;
	uint32_t type, key_size, flags;
	bool counter; /* for each element */
	bool networks; /* IPv6: of 64 bits */
} sets[NFT_SET_COUNT] = {
	[NFT_BAN4] = { "ban4", TYPE_IPADDR, 4, HASH, true, false },
	[NFT_BAN6] = { "ban6", TYPE_IP6ADDR, 16, HASH, true, false },
	[NFT_BAN64] = { "ban64", TYPE_IP6ADDR, 16, HASH, true, true },
	[NFT_PORT4] = { "port4", TYPE_PAIR(TYPE_IPADDR, TYPE_INET_SERVICE), 8, HASH, true, false },
	[NFT_NET4] = { "net4", TYPE_IPADDR, 4, RANGES, true, false },
	[NFT_NET6] = { "net6", TYPE_IP6ADDR, 16, RANGES, true, false },
	[NFT_EXEMPT4] = { "exempt4", TYPE_IPADDR, 4, NFT_SET_INTERVAL, false, false },
	[NFT_EXEMPT6] = { "exempt6", TYPE_IP6ADDR, 16, NFT_SET_INTERVAL, false, false },
	[NFT_SEEN4] = { "seen4", TYPE_IPADDR, 4, NOTED, false, false },
	[NFT_SEEN6] = { "seen6", TYPE_IP6ADDR, 16, NOTED, false, true },
	[NFT_CALLED4] = { "called4", TYPE_IPADDR, 4, NOTED, false, false },
	[NFT_CALLED6] = { "called6", TYPE_IP6ADDR, 16, NOTED, false, true },
	[NFT_MISSED] = { "missed", TYPE_NFPROTO, 1, NOTED, false, false },
	[NFT_PORTS] = { "ports", TYPE_INET_SERVICE, 2, 0, false, false },
	[NFT_TRANSPORTS] = { "transports", TYPE_INET_PROTOCOL, 1, 0, false, false },
	[NFT_WATCH4] = { "watch4", TYPE_IPADDR, 4, HASH, false, false },
	[NFT_WATCH6] = { "watch6", TYPE_IP6ADDR, 16, HASH, false, true },
	[NFT_SIP_UDP] = { "sip_udp", TYPE_INET_SERVICE, 2, 0, false, false },
	[NFT_SIP_TCP] = { "sip_tcp", TYPE_INET_SERVICE, 2, 0, false, false },
	[NFT_TRUSTED4] = { "trusted4", TYPE_IPADDR, 4, HASH, false, false },
	[NFT_TRUSTED6] = { "trusted6", TYPE_IP6ADDR, 16, HASH, false, true },
	[NFT_CROWDED4] = { "crowded4", TYPE_IPADDR, 4, HASH, false, false },
	[NFT_CROWDED6] = { "crowded6", TYPE_IP6ADDR, 16, HASH, false, true },
	[NFT_ANSWERED4] = { "answered4", TYPE_IPADDR, 4, NOTED, false, false },
	[NFT_ANSWERED6] = { "answered6", TYPE_IP6ADDR, 16, NOTED, false, true },
	[NFT_GREY4] = { "grey4", TYPE_IPADDR, 4, NOTED, false, false },
	[NFT_GREY6] = { "grey6", TYPE_IP6ADDR, 16, NOTED, false, true },
	[NFT_AGAIN4] = { "again4", TYPE_IPADDR, 4, NOTED, false, false },
	[NFT_AGAIN6] = { "again6", TYPE_IP6ADDR, 16, NOTED, false, true },
	[NFT_LIMITED4] = { "limited4", TYPE_IPADDR, 4, NOTED, false, false },
	[NFT_LIMITED6] = { "limited6", TYPE_IP6ADDR, 16, NOTED, false, true },
	[NFT_SOURCE4] = { "source4", TYPE_IPADDR, 4, NOTED, false, false },
	[NFT_SOURCE6] = { "source6", TYPE_IP6ADDR, 16, NOTED, false, true },
	[NFT_TSOURCE4] = { "tsource4", TYPE_IPADDR, 4, NOTED, false, false },
	[NFT_TSOURCE6] = { "tsource6", TYPE_IP6ADDR, 16, NOTED, false, true },
	[NFT_KEEPALIVE4] = { "keepalive4", TYPE_IPADDR, 4, NOTED, false, false },
	[NFT_KEEPALIVE6] = { "keepalive6", TYPE_IP6ADDR, 16, NOTED, false, true },
	[NFT_CONN4] = { "conn4", TYPE_IPADDR, 4, NOTED, false, false },
	[NFT_CONN6] = { "conn6", TYPE_IP6ADDR, 16, NOTED, false, true },
	[NFT_TCONN4] = { "tconn4", TYPE_IPADDR, 4, NOTED, false, false },
	[NFT_TCONN6] = { "tconn6", TYPE_IP6ADDR, 16, NOTED, false, true },
	[NFT_RETRIED4] = { "retried4", TYPE_IPADDR, 4, NOTED, false, false },
	[NFT_RETRIED6] = { "retried6", TYPE_IP6ADDR, 16, NOTED, false, true },
};

const char *nft_set_name(enum nft_set set)
{
	return sets[set].name;
}

uint32_t nft_set_key_size(enum nft_set set)
{
	return sets[set].key_size;
}

bool nft_set_has_networks(enum nft_set set)
{
	return sets[set].networks;
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

void nft_put_chain(struct nft *n, uint16_t type, const char *name, int hook)
{
	const uint16_t flags = type == NFT_MSG_NEWCHAIN ? NLM_F_CREATE : 0;
	struct nlmsghdr *nlh = nft_batch_message(n, type, flags, NFT_MESSAGE_SIZE);
	struct nftnl_chain *c = nftnl_chain_alloc();

	if (!c)
		n->error = -ENOMEM;
	if (c && nlh) {
		nftnl_chain_set_str(c, NFTNL_CHAIN_TABLE, n->table);
		nftnl_chain_set_str(c, NFTNL_CHAIN_NAME, name);
		if (hook != NFT_NO_HOOK) {
			nftnl_chain_set_str(c, NFTNL_CHAIN_TYPE, "filter");
			nftnl_chain_set_u32(c, NFTNL_CHAIN_HOOKNUM, (uint32_t)hook);
			nftnl_chain_set_s32(c, NFTNL_CHAIN_PRIO, PRIORITY_RAW);
			nftnl_chain_set_u32(c, NFTNL_CHAIN_POLICY, NF_ACCEPT);
		}
		nftnl_chain_nlmsg_build_payload(nlh, c);
		nft_batch_done(n, nlh);
	}
	if (c)
		nftnl_chain_free(c);
}

uint32_t nft_set_limit(const struct nft *n, enum nft_set set)
{
	switch (set) {
	case NFT_TRUSTED4:
	case NFT_TRUSTED6:
		return n->sip.limits.trusted_size;
	case NFT_GREY4:
	case NFT_GREY6:
		return n->sip.limits.greylist;
	case NFT_LIMITED4:
	case NFT_LIMITED6:
		return LIMITED_SIZE;
	case NFT_MISSED:
		return MISSED_SIZE;
	case NFT_WATCH4:
	case NFT_WATCH6:
		return WATCH_SIZE;
	default:
		break;
	}
	if (sets[set].flags != NOTED && sets[set].flags != HASH)
		return 0;
	if (set >= NFT_SIP_FIRST)
		return n->sip.limits.sources;
	return sets[set].flags == NOTED ? n->witness.size : n->max_bans;
}

static struct nftnl_set *make_set(const struct nft *n, enum nft_set set)
{
	struct nftnl_set *s = nftnl_set_alloc();
	struct nftnl_expr *counter = sets[set].counter ? nftnl_expr_alloc("counter") : NULL;

	/* libnftnl's free functions take no NULL. */
	if (!s || (sets[set].counter && !counter)) {
		if (s)
			nftnl_set_free(s);
		if (counter)
			nftnl_expr_free(counter);
		return NULL;
	}
	nftnl_set_set_str(s, NFTNL_SET_TABLE, n->table);
	nftnl_set_set_str(s, NFTNL_SET_NAME, sets[set].name);
	nftnl_set_set_u32(s, NFTNL_SET_ID, (uint32_t)set + 1);
	nftnl_set_set_u32(s, NFTNL_SET_FLAGS, sets[set].flags);
	nftnl_set_set_u32(s, NFTNL_SET_KEY_TYPE, sets[set].type);
	nftnl_set_set_u32(s, NFTNL_SET_KEY_LEN, sets[set].key_size);
	if (nft_set_limit(n, set))
		nftnl_set_set_u32(s, NFTNL_SET_DESC_SIZE, nft_set_limit(n, set));
	if (set == NFT_GREY4 || set == NFT_GREY6)
		nftnl_set_set_u32(s, NFTNL_SET_GC_INTERVAL, GREY_SWEEP_MSEC);
	if (counter)
		nftnl_set_add_expr(s, counter);
	return s;
}

void nft_put_set(struct nft *n, uint16_t type, enum nft_set set)
{
	const uint16_t flags = type == NFT_MSG_NEWSET ? NLM_F_CREATE : 0;
	struct nlmsghdr *nlh = nft_batch_message(n, type, flags, NFT_MESSAGE_SIZE);
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

/* What the witness watches; and what it does not know yet. */
static void put_watched(struct nft *n)
{
	static const uint8_t transports[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };
	static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };
	size_t i;

	nft_clear(n, NFT_PORTS);
	for (i = 0; i < n->witness.n_ports; i++) {
		const uint16_t port = htons(n->witness.ports[i]);

		nft_add_key(n, NFT_PORTS, &port, 0, USEC_INFINITY);
	}
	for (i = 0; i < ELEMENTSOF(transports); i++)
		nft_add_key(n, NFT_TRANSPORTS, &transports[i], 0, USEC_INFINITY);
	/* Who sent before this moment was not noted. */
	nft_clear(n, NFT_MISSED);
	for (i = 0; i < ELEMENTSOF(families); i++)
		nft_add_key(n, NFT_MISSED, &families[i], 0, n->witness.span);
	nft_end_elements(n);
}

/* The chain "paused" is a mark for the next helper. To make it first makes deleting it safe. */
static void put_mark(struct nft *n)
{
	nft_put_chain(n, NFT_MSG_NEWCHAIN, NFT_CHAIN_PAUSED, NFT_NO_HOOK);
	if (!n->paused)
		nft_put_chain(n, NFT_MSG_DELCHAIN, NFT_CHAIN_PAUSED, NFT_NO_HOOK);
}

/* Elements of a table that is replaced. */
struct carried {
	struct nft_element *items;
	enum nft_set *sets;
	size_t count, size;
	enum nft_set set; /* being read */
};

static void carry(void *userdata, const struct nft_element *e)
{
	struct carried *c = userdata;

	if (c->count == NFT_CARRIED_MAX)
		return;
	if (c->count == c->size) {
		size_t size = c->size ? c->size * 2 : 256;
		struct nft_element *items = reallocarray(c->items, size, sizeof(*items));
		enum nft_set *of = reallocarray(c->sets, size, sizeof(*of));

		if (items)
			c->items = items;
		if (of)
			c->sets = of;
		if (!items || !of)
			return;
		c->size = size;
	}
	c->items[c->count] = *e;
	c->sets[c->count++] = c->set;
}

static void put_carried(struct nft *n, const struct carried *c)
{
	size_t i;

	for (i = 0; i < c->count; i++) {
		uint8_t key[NFT_KEY_MAX];

		nft_key(c->sets[i], &c->items[i].addr, key);
		nft_add_key(n, c->sets[i], key, c->items[i].range_end ? NFT_SET_ELEM_INTERVAL_END : 0, c->items[i].left);
	}
}

enum how {
	KEEP,	   /* what is there */
	NEW_SETS,  /* the chain, through which packets go, stays */
	NEW_TABLE, /* all of it; a packet on its way between the old and the new chain may get by both */
};

static void put_no_sets(struct nft *n)
{
	int set;

	/* Rules hold on to their sets. */
	nft_put_no_rules(n);
	for (set = 0; set < NFT_SET_COUNT; set++)
		if (nft_has_set(n, (enum nft_set)set))
			nft_put_set(n, NFT_MSG_DELSET, (enum nft_set)set);
}

static int make(struct nft *n, enum how how, const struct carried *carried)
{
	int set;

	nft_batch_begin(n);
	put_table(n, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	if (how == NEW_TABLE) {
		put_table(n, NFT_MSG_DELTABLE, 0);
		put_table(n, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	}
	if (how == NEW_SETS)
		put_no_sets(n);
	nft_put_chain(n, NFT_MSG_NEWCHAIN, NFT_CHAIN, NF_INET_PRE_ROUTING);
	nft_put_chain(n, NFT_MSG_NEWCHAIN, NFT_CHAIN_WITNESS, NFT_NO_HOOK);
	nft_put_chain(n, NFT_MSG_NEWCHAIN, NFT_CHAIN_OUT, NF_INET_POST_ROUTING);
	nft_put_chain(n, NFT_MSG_NEWCHAIN, NFT_CHAIN_CALLED, NFT_NO_HOOK);
	put_mark(n);
	/* Where it exists with another size, it takes the new one. */
	for (set = 0; set < NFT_SIP_FIRST; set++)
		nft_put_set(n, NFT_MSG_NEWSET, (enum nft_set)set);
	put_watched(n);
	nft_put_sip(n);
	nft_put_rules(n);
	nft_put_wire(n);
	if (carried)
		put_carried(n, carried);
	return nft_commit(n);
}

static bool is_other_shape(int error)
{
	return error == -EEXIST || error == -EINVAL || error == -EBUSY || error == -EOPNOTSUPP;
}

static int replace(struct nft *n)
{
	struct carried c = { 0 };
	int r, set;

	/* What cannot be read is not there, or of an unknown kind. */
	for (set = 0; set <= NFT_EXEMPT6; set++) {
		c.set = (enum nft_set)set;
		nft_dump(n, c.set, carry, &c);
	}
	r = make(n, NEW_SETS, &c);
	if (r < 0)
		r = make(n, NEW_TABLE, &c);
	/* More than the new one holds. */
	if (r < 0 && c.count > 0)
		r = make(n, NEW_TABLE, NULL);
	free(c.items);
	free(c.sets);
	return r;
}

static int make_or_replace(struct nft *n, bool *replaced)
{
	int r = make(n, KEEP, NULL);

	*replaced = is_other_shape(r);
	return *replaced ? replace(n) : r;
}

int nft_setup(struct nft *n, bool *replaced)
{
	int r;

	n->wire_on = false;
	r = make_or_replace(n, replaced);
	if (r >= 0 || !n->sip.on)
		return r;
	/* Bans do not depend on what only the SIP firewall asks of the kernel. */
	n->sip_error = r;
	n->sip.on = false;
	return make_or_replace(n, replaced);
}

int nft_set_witness(struct nft *n, const struct nft_witness *w)
{
	struct nft_witness *old = &n->witness;
	const size_t bytes = w->n_ports * sizeof(*w->ports);
	uint16_t *ports;

	if (old->on == w->on && old->size == w->size && old->span == w->span && old->called_span == w->called_span &&
	    old->n_ports == w->n_ports &&
	    (bytes == 0 || memcmp(old->ports, w->ports, bytes) == 0))
		return 0;
	ports = calloc(w->n_ports + 1, sizeof(*ports));
	if (!ports)
		return -ENOMEM;
	if (bytes > 0)
		memcpy(ports, w->ports, bytes);
	free((void *)old->ports);
	*old = *w;
	old->ports = ports;
	return 1;
}

int nft_pause(struct nft *n, bool paused, bool made)
{
	const bool before = n->paused;
	int r;

	n->paused = paused;
	if (paused == before || !made)
		return 0;
	nft_batch_begin(n);
	put_mark(n);
	nft_put_rules(n);
	r = nft_batch_send(n);
	if (r < 0)
		n->paused = before;
	return r;
}

int nft_delete(struct nft *n)
{
	nft_batch_begin(n);
	/* Making it first makes deleting it safe: no error if there is none. */
	put_table(n, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	put_table(n, NFT_MSG_DELTABLE, 0);
	return nft_batch_send(n);
}
