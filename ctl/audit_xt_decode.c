/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What matches and targets of iptables mean, in the JSON of libnftables. Layouts: linux/netfilter/xt_*.h. */
#include "audit_xt_decode.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/xt_CT.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_iprange.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_recent.h>
#include <linux/netfilter/xt_rpfilter.h>
#include <linux/netfilter/xt_state.h>
#include <linux/netfilter/xt_tcpudp.h>

#include "base/cleanup.h"

/* In a match, this stands for a statement that no packet of ours passes. */
static json_t *never(void)
{
	return json_pack("[{s:n}]", "never");
}

/* As long as such a structure, or longer: the kernel rounds up. */
static bool holds(const struct xt *x, size_t size)
{
	return x->len >= size;
}

static json_t *match(const char *op, json_t *left, json_t *right)
{
	return json_pack("{s:{s:s, s:o, s:o}}", "match", "op", op, "left", left, "right", right);
}

static json_t *payload(const char *protocol, const char *field)
{
	return json_pack("{s:{s:s, s:s}}", "payload", "protocol", protocol, "field", field);
}

static json_t *port_range(unsigned first, unsigned last)
{
	return json_pack("{s:[i, i]}", "range", (int)first, (int)last);
}

static const char *ip_of(const struct xt *x)
{
	return x->family == NFPROTO_IPV6 ? "ip6" : "ip";
}

static json_t *decode_multiport(const struct xt *x)
{
	const struct xt_multiport_v1 *m = x->info;
	json_t *set;
	unsigned i;

	if (x->revision != 1 || !holds(x, sizeof(*m)) || m->flags == XT_MULTIPORT_EITHER ||
	    m->count > XT_MULTI_PORTS)
		return NULL;
	set = json_array();
	for (i = 0; i < m->count; i++) {
		bool pair = m->pflags[i] && i + 1 < m->count;

		json_array_append_new(set, port_range(m->ports[i], m->ports[pair ? i + 1 : i]));
		i += pair;
	}
	return json_pack("[o]", match(m->invert ? "!=" : "==",
				      payload("th", m->flags == XT_MULTIPORT_SOURCE ? "sport" : "dport"),
				      json_pack("{s:o}", "set", set)));
}

static void add_ports(json_t *to, const char *protocol, const char *field, const uint16_t range[2],
		      bool invert)
{
	if (range[0] != 0 || range[1] != 65535 || invert)
		json_array_append_new(to, match(invert ? "!=" : "==", payload(protocol, field),
						port_range(range[0], range[1])));
}

static json_t *decode_udp(const struct xt *x)
{
	const struct xt_udp *u = x->info;
	json_t *all = json_array();

	if (!holds(x, sizeof(*u)))
		return json_decref(all), NULL;
	add_ports(all, "udp", "sport", u->spts, u->invflags & XT_UDP_INV_SRCPT);
	add_ports(all, "udp", "dport", u->dpts, u->invflags & XT_UDP_INV_DSTPT);
	return all;
}

static json_t *decode_tcp(const struct xt *x)
{
	const struct xt_tcp *t = x->info;
	json_t *all;

	if (!holds(x, sizeof(*t)) || t->option)
		return NULL;
	all = json_array();
	add_ports(all, "tcp", "sport", t->spts, t->invflags & XT_TCP_INV_SRCPT);
	add_ports(all, "tcp", "dport", t->dpts, t->invflags & XT_TCP_INV_DSTPT);
	if (t->flg_mask)
		json_array_append_new(
			all, match(t->invflags & XT_TCP_INV_FLAGS ? "!=" : "==",
				   json_pack("{s:[o, i]}", "&", payload("tcp", "flags"), (int)t->flg_mask),
				   json_integer(t->flg_cmp)));
	return all;
}

/* states: bits as of nftables, where 64 is untracked. */
static json_t *state_match(unsigned states, bool invert)
{
	return json_pack("[o]", match(invert ? "!" : "in", json_pack("{s:{s:s}}", "ct", "key", "state"),
				      json_integer(states)));
}

static json_t *decode_state(const struct xt *x)
{
	const struct xt_state_info *s = x->info;

	return holds(x, sizeof(*s)) ? state_match(s->statemask, false) : NULL;
}

static json_t *decode_conntrack(const struct xt *x)
{
	const struct xt_conntrack_mtinfo3 *c = x->info;
	const unsigned known = XT_CONNTRACK_STATE | XT_CONNTRACK_STATE_ALIAS;
	const unsigned nat = XT_CONNTRACK_STATE_SNAT | XT_CONNTRACK_STATE_DNAT;
	unsigned states;

	/* Revision 2 has no last port of ranges, and is the same up to there. */
	if (x->revision < 2 || !holds(x, sizeof(struct xt_conntrack_mtinfo2)) || (c->match_flags & ~known) ||
	    !(c->match_flags & XT_CONNTRACK_STATE))
		return NULL;
	states = c->state_mask & ~(nat | XT_CONNTRACK_STATE_UNTRACKED);
	if (c->state_mask & XT_CONNTRACK_STATE_UNTRACKED)
		states |= 64;
	if (!(c->state_mask & nat))
		return state_match(states, c->invert_flags & XT_CONNTRACK_STATE);
	if (c->state_mask != XT_CONNTRACK_STATE_DNAT)
		return NULL;
	return json_pack("[o]", match(c->invert_flags & XT_CONNTRACK_STATE ? "!" : "in",
				      json_pack("{s:{s:s}}", "ct", "key", "status"), json_string("dnat")));
}

static void add_types(json_t *to, const char *flag, unsigned types, bool invert)
{
	static const char *const names[] = {"unspec",	 "unicast",   "local",	     "broadcast", "anycast",
					    "multicast", "blackhole", "unreachable", "prohibit"};
	json_t *set;
	size_t i;

	if (!types)
		return;
	set = json_array();
	for (i = 0; i < ELEMENTSOF(names); i++)
		if (types & (1U << i))
			json_array_append_new(set, json_string(names[i]));
	json_array_append_new(to, match(invert ? "!=" : "==",
					json_pack("{s:{s:s, s:[s]}}", "fib", "result", "type", "flags", flag),
					json_pack("{s:o}", "set", set)));
}

static json_t *decode_addrtype(const struct xt *x)
{
	const struct xt_addrtype_info_v1 *a = x->info;
	json_t *all;

	if (x->revision != 1 || !holds(x, sizeof(*a)) ||
	    (a->flags & (XT_ADDRTYPE_LIMIT_IFACE_IN | XT_ADDRTYPE_LIMIT_IFACE_OUT)))
		return NULL;
	all = json_array();
	add_types(all, "saddr", a->source, a->flags & XT_ADDRTYPE_INVERT_SOURCE);
	add_types(all, "daddr", a->dest, a->flags & XT_ADDRTYPE_INVERT_DEST);
	return all;
}

static json_t *address(const struct xt *x, const union nf_inet_addr *a)
{
	char text[INET6_ADDRSTRLEN] = "";

	inet_ntop(x->family == NFPROTO_IPV6 ? AF_INET6 : AF_INET, a, text, sizeof(text));
	return json_string(text);
}

static void add_iprange(json_t *to, const struct xt *x, const char *field, const union nf_inet_addr *first,
			const union nf_inet_addr *last, bool invert)
{
	json_array_append_new(to,
			      match(invert ? "!=" : "==", payload(ip_of(x), field),
				    json_pack("{s:[o, o]}", "range", address(x, first), address(x, last))));
}

static json_t *decode_iprange(const struct xt *x)
{
	const struct xt_iprange_mtinfo *i = x->info;
	json_t *all;

	if (x->revision != 1 || !holds(x, sizeof(*i)))
		return NULL;
	all = json_array();
	if (i->flags & IPRANGE_SRC)
		add_iprange(all, x, "saddr", &i->src_min, &i->src_max, i->flags & IPRANGE_SRC_INV);
	if (i->flags & IPRANGE_DST)
		add_iprange(all, x, "daddr", &i->dst_min, &i->dst_max, i->flags & IPRANGE_DST_INV);
	return all;
}

/* The first packet of a stranger, of whom nothing is remembered. */
static json_t *decode_recent(const struct xt *x)
{
	const struct xt_recent_mtinfo *r = x->info;
	bool sets;

	if (!holds(x, sizeof(*r)))
		return NULL;
	sets = r->check_set & XT_RECENT_SET;
	return sets != !!r->invert ? json_array() : never();
}

/* A source that is where the routes say. */
static json_t *decode_rpfilter(const struct xt *x)
{
	const struct xt_rpfilter_info *r = x->info;

	if (!holds(x, sizeof(*r)))
		return NULL;
	return r->flags & XT_RPFILTER_INVERT ? never() : json_array();
}

static json_t *decode_mark(const struct xt *x)
{
	const struct xt_mark_mtinfo1 *m = x->info;

	if (x->revision != 1 || !holds(x, sizeof(*m)))
		return NULL;
	return json_pack(
		"[o]", match(m->invert ? "!=" : "==",
			     json_pack("{s:[{s:{s:s}}, I]}", "&", "meta", "key", "mark", (json_int_t)m->mask),
			     json_integer(m->mark)));
}

static json_t *decode_comment(const struct xt *x)
{
	(void)x;
	return json_array();
}

/* Headers that a packet need not have. */
static json_t *decode_header(const struct xt *x)
{
	(void)x;
	return never();
}

static json_t *decode_limit(const struct xt *x)
{
	(void)x;
	return json_pack("[{s:{}}]", "limit");
}

json_t *audit_xt_match(const struct xt *x)
{
	static const struct {
		const char *name;
		json_t *(*decode)(const struct xt *x);
	} known[] = {{"multiport", decode_multiport},
		     {"udp", decode_udp},
		     {"tcp", decode_tcp},
		     {"state", decode_state},
		     {"conntrack", decode_conntrack},
		     {"addrtype", decode_addrtype},
		     {"iprange", decode_iprange},
		     {"recent", decode_recent},
		     {"rpfilter", decode_rpfilter},
		     {"mark", decode_mark},
		     {"comment", decode_comment},
		     {"limit", decode_limit},
		     {"rt", decode_header},
		     {"frag", decode_header},
		     {"icmp", decode_header},
		     {"icmp6", decode_header}};
	size_t i;

	for (i = 0; i < ELEMENTSOF(known); i++)
		if (strcmp(x->name, known[i].name) == 0)
			return known[i].decode(x);
	return NULL;
}

/* flags, first and last address, first and last port (network order), as in all versions of a NAT range. */
static json_t *nat(const struct xt *x, const char *verdict, unsigned flags, const void *first,
		   const void *last, uint16_t first_port, uint16_t last_port)
{
	json_t *to = json_object();
	bool maps = flags & NF_NAT_RANGE_MAP_IPS, ports = flags & NF_NAT_RANGE_PROTO_SPECIFIED;

	if ((maps && memcmp(first, last, x->family == NFPROTO_IPV6 ? 16 : 4) != 0) ||
	    (ports && first_port != last_port) || (flags & NF_NAT_RANGE_NETMAP))
		return json_decref(to), NULL;
	if (maps)
		json_object_set_new(to, "addr", address(x, first));
	if (ports)
		json_object_set_new(to, "port", json_integer(ntohs(first_port)));
	return json_pack("[{s:o}]", verdict, to);
}

static json_t *decode_nat(const struct xt *x)
{
	const char *verdict = strcmp(x->name, "DNAT") == 0 ? "dnat" : "redirect";
	const struct nf_nat_ipv4_multi_range_compat *old = x->info;
	const struct nf_nat_range *r = x->info;

	if (x->revision == 0 && x->family == NFPROTO_IPV4)
		return holds(x, sizeof(*old))
			       ? nat(x, verdict, old->range[0].flags, &old->range[0].min_ip,
				     &old->range[0].max_ip, old->range[0].min.all, old->range[0].max.all)
			       : NULL;
	return holds(x, sizeof(*r)) ? nat(x, verdict, r->flags, &r->min_addr, &r->max_addr, r->min_proto.all,
					  r->max_proto.all)
				    : NULL;
}

static json_t *decode_ct(const struct xt *x)
{
	const struct xt_ct_target_info *c = x->info;

	if (strcmp(x->name, "CT") == 0 && holds(x, sizeof(c->flags)) && !(c->flags & XT_CT_NOTRACK))
		return json_array();
	return json_pack("[{s:n}]", "notrack");
}

json_t *audit_xt_target(const struct xt *x)
{
	static const char *const harmless[] = {"LOG",	  "NFLOG", "ULOG", "TCPMSS", "CHECKSUM", "CLASSIFY",
					       "DSCP",	  "TOS",   "TTL",  "HL",     "AUDIT",	 "TRACE",
					       "RATEEST", "SET",   "LED",  "SECMARK"};
	size_t i;

	for (i = 0; i < ELEMENTSOF(harmless); i++)
		if (strcmp(x->name, harmless[i]) == 0)
			return json_array();
	if (strcmp(x->name, "REJECT") == 0)
		return json_pack("[{s:n}]", "reject");
	if (strcmp(x->name, "MASQUERADE") == 0 || strcmp(x->name, "SNAT") == 0)
		return json_pack("[{s:n}]", "masquerade");
	if (strcmp(x->name, "MARK") == 0 || strcmp(x->name, "CONNMARK") == 0)
		return json_pack("[{s:{s:{s:{s:s}}, s:n}}]", "mangle", "key", "meta", "key", "mark", "value");
	if (strcmp(x->name, "DNAT") == 0 || strcmp(x->name, "REDIRECT") == 0)
		return decode_nat(x);
	if (strcmp(x->name, "CT") == 0 || strcmp(x->name, "NOTRACK") == 0)
		return decode_ct(x);
	return NULL;
}
