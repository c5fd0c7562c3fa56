/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SIP firewall: limits of packets to the SIP ports, by how well their source is
 * known. Before conntrack, so that a flood fills no table but ours.
 *
 *   chain prerouting    … UDP to @sip_udp → jump sip_udp; a SYN to @sip_tcp → jump sip_tcp
 *   chain postrouting   UDP from @sip_udp → jump sip_answered: update @answered { destination }
 *   chain sip_udp       @trusted → goto sip_trusted_udp; @called → goto sip_called; too large → sip_limited; short and over
 *                       keepalive → sip_limited; over source → sip_limited; @answered → goto sip_known_udp;
 *                       within new → accept; goto sip_grey
 *   chain sip_tcp       the same for new connections; @crowded → sip_limited
 *                       but @called → goto sip_known_tcp
 *   chain sip_trusted_* over trusted → sip_limited; accept
 *   chain sip_called    over trusted → sip_limited; within called → accept; drop
 *   chain sip_known_*   within known → accept; drop
 *   chain sip_grey      @grey or @again → goto sip_retried; add @grey { source timeout }; drop
 *   chain sip_retried   over retried of one source → drop; within retried → accept; update @again { source timeout }; drop
 *   chain sip_limited   update @limited { source counter }; drop
 *
 * A full set: no room to count a source lets it pass that limit, and the ceilings
 * stand; no room in @answered or @trusted leaves it with the new ones; no room in
 * @grey or @again drops the packet, as all that were put off. Who is in @trusted is
 * asked first and needs no room.
 */
#include "firewall/nft_rule.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libnftnl/object.h>
#include <libnftnl/rule.h>

#include "base/cleanup.h"

#define CHAIN_UDP "sip_udp"
#define CHAIN_TCP "sip_tcp"
#define CHAIN_TRUSTED_UDP "sip_trusted_udp"
#define CHAIN_TRUSTED_TCP "sip_trusted_tcp"
#define CHAIN_CALLED "sip_called"
#define CHAIN_KNOWN_UDP "sip_known_udp"
#define CHAIN_KNOWN_TCP "sip_known_tcp"
#define CHAIN_GREY "sip_grey"
#define CHAIN_RETRIED "sip_retried"
#define CHAIN_LIMITED "sip_limited"
#define CHAIN_ANSWERED "sip_answered"

/* The order in which they can be deleted is any: their rules are gone by then. */
static const char *const chains[] = { CHAIN_UDP,       CHAIN_TCP,	CHAIN_TRUSTED_UDP, CHAIN_TRUSTED_TCP, CHAIN_KNOWN_UDP,
				      CHAIN_KNOWN_TCP, CHAIN_GREY,	CHAIN_RETRIED,	   CHAIN_LIMITED,     CHAIN_ANSWERED,
				      CHAIN_CALLED };

/* For how long a source is known that the gateway has answered: a transaction's retransmissions (RFC 3261 17.1.2.2: 64 * T1). */
#define ANSWERED_SPAN (32 * USEC_PER_SEC)
/*
 * Until the first retransmission: half a second (T1; RFC 3261 17.1.2.2), a second on slow links; a second of a SYN (RFC 6298
 * 2.1). Longer would be room for fewer: under a flood each of its packets takes an element for as long.
 */
#define GREY_SPAN (1200 * USEC_PER_MSEC)
/* Who has sent again need not do so again: a transaction's retransmissions, up to four seconds from one another. */
#define AGAIN_SPAN (32 * USEC_PER_SEC)
/* For how long it is told who was limited. */
#define LIMITED_SPAN (60 * USEC_PER_SEC)
/* Of one source that was put off: an office of some phones sends again at once. */
static const struct config_rate retried_source = { 10, 40 };
/* Data of UDP that is no SIP message, but keeps a NAT open: nothing, a NUL, CRLF (RFC 5626 3.5.1), STUN (RFC 5389 6: 20 bytes
 * and attributes). No request is as short: its start line, Via, From, To, Call-ID and CSeq take more (RFC 3261 8.1.1). */
#define KEEPALIVE_MAX 64
#define TCP_FLAGS_OFFSET 13
#define TCP_FLAGS_CHECKED 0x17 /* FIN, SYN, RST, ACK */
#define TCP_SYN 0x02

#define COUNTER_NAME_MAX 32

/* Both of a pair: IPv4, IPv6. */
#define FAMILIES 2

static enum nft_set of_family(enum nft_set set4, unsigned family)
{
	return (enum nft_set)(set4 + family);
}

static const char *counter_name(enum sip_count which, char name[static COUNTER_NAME_MAX])
{
	snprintf(name, COUNTER_NAME_MAX, "sip_%s", sip_count_name(which));
	return name;
}

static void put_counter(struct nft *n, uint16_t type, enum sip_count which)
{
	struct nlmsghdr *nlh = nft_batch_message(n, type, type == NFT_MSG_NEWOBJ ? NLM_F_CREATE : 0, NFT_MESSAGE_SIZE);
	struct nftnl_obj *o = nftnl_obj_alloc();
	char name[COUNTER_NAME_MAX];

	if (!o)
		n->error = -ENOMEM;
	if (o && nlh) {
		nftnl_obj_set_str(o, NFTNL_OBJ_TABLE, n->table);
		nftnl_obj_set_str(o, NFTNL_OBJ_NAME, counter_name(which, name));
		nftnl_obj_set_u32(o, NFTNL_OBJ_TYPE, NFT_OBJECT_COUNTER);
		if (type == NFT_MSG_NEWOBJ)
			nftnl_obj_set_u64(o, NFTNL_OBJ_CTR_PKTS, 0);
		nftnl_obj_nlmsg_build_payload(nlh, o);
		nft_batch_done(n, nlh);
	}
	if (o)
		nftnl_obj_free(o);
}

static void put_ports(struct nft *n, enum nft_set set, const uint16_t *ports, size_t count)
{
	size_t i;

	nft_clear(n, set);
	for (i = 0; i < count; i++) {
		const uint16_t port = htons(ports[i]);

		nft_add_key(n, set, &port, 0, USEC_INFINITY);
	}
}

/* Whoever was counted has the rate of that time: counted anew. */
static void forget_counted(struct nft *n)
{
	int set;

	for (set = NFT_SOURCE4; set < NFT_SET_COUNT; set++)
		nft_clear(n, (enum nft_set)set);
}

static void put_all(struct nft *n)
{
	size_t i;
	int set;

	for (i = 0; i < ELEMENTSOF(chains); i++)
		nft_put_chain(n, NFT_MSG_NEWCHAIN, chains[i], NFT_NO_HOOK);
	for (set = NFT_SIP_FIRST; set < NFT_SET_COUNT; set++)
		nft_put_set(n, NFT_MSG_NEWSET, (enum nft_set)set);
	for (i = 0; i < SIP_COUNTS; i++)
		put_counter(n, NFT_MSG_NEWOBJ, (enum sip_count)i);
	put_ports(n, NFT_SIP_UDP, n->sip.udp, n->sip.n_udp);
	put_ports(n, NFT_SIP_TCP, n->sip.tcp, n->sip.n_tcp);
	forget_counted(n);
	nft_end_elements(n);
}

/* To make it first makes deleting it safe. */
static void put_nothing(struct nft *n)
{
	size_t i;
	int set;

	for (i = 0; i < ELEMENTSOF(chains); i++)
		nft_put_chain(n, NFT_MSG_NEWCHAIN, chains[i], NFT_NO_HOOK);
	nft_put_no_rules(n);
	for (i = 0; i < ELEMENTSOF(chains); i++)
		nft_put_chain(n, NFT_MSG_DELCHAIN, chains[i], NFT_NO_HOOK);
	for (set = NFT_SIP_FIRST; set < NFT_SET_COUNT; set++) {
		nft_put_set(n, NFT_MSG_NEWSET, (enum nft_set)set);
		nft_put_set(n, NFT_MSG_DELSET, (enum nft_set)set);
	}
	for (i = 0; i < SIP_COUNTS; i++) {
		put_counter(n, NFT_MSG_NEWOBJ, (enum sip_count)i);
		put_counter(n, NFT_MSG_DELOBJ, (enum sip_count)i);
	}
}

void nft_put_sip(struct nft *n)
{
	if (n->sip.on)
		put_all(n);
	else if (nft_has_chain(n, CHAIN_UDP))
		put_nothing(n);
}

/* Rules */

static void count_and(struct nft *n, struct nftnl_rule *r, enum sip_count which, int verdict, const char *chain)
{
	char name[COUNTER_NAME_MAX];

	nft_rule_count(n, r, counter_name(which, name));
	nft_rule_verdict(n, r, verdict, chain);
	nft_rule_put(n, r);
}

/* meta l4proto … */
static void match_protocol(struct nft *n, struct nftnl_rule *r, uint8_t protocol)
{
	nft_rule_meta(n, r, NFT_META_L4PROTO);
	nft_rule_compare(n, r, NFT_CMP_EQ, &protocol, sizeof(protocol));
}

static void match_port(struct nft *n, struct nftnl_rule *r, size_t offset, enum nft_set ports)
{
	nft_rule_payload(n, r, NFT_PAYLOAD_TRANSPORT_HEADER, offset, sizeof(uint16_t));
	nft_rule_match(n, r, ports);
}

/* From the hooks of the kernel into the chains. */
static void put_entries(struct nft *n)
{
	static const uint8_t checked = TCP_FLAGS_CHECKED, syn = TCP_SYN;
	struct nftnl_rule *udp = nft_rule_new(n, NFT_CHAIN), *tcp = nft_rule_new(n, NFT_CHAIN), *out = nft_rule_new(n, NFT_CHAIN_OUT);

	if (udp) {
		match_protocol(n, udp, IPPROTO_UDP);
		match_port(n, udp, NFT_PORT_OFFSET, NFT_SIP_UDP);
		nft_rule_verdict(n, udp, NFT_JUMP, CHAIN_UDP);
		nft_rule_put(n, udp);
	}
	if (tcp) {
		match_protocol(n, tcp, IPPROTO_TCP);
		match_port(n, tcp, NFT_PORT_OFFSET, NFT_SIP_TCP);
		nft_rule_payload(n, tcp, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_FLAGS_OFFSET, sizeof(checked));
		nft_rule_mask(n, tcp, &checked, sizeof(checked));
		nft_rule_compare(n, tcp, NFT_CMP_EQ, &syn, sizeof(syn));
		nft_rule_verdict(n, tcp, NFT_JUMP, CHAIN_TCP);
		nft_rule_put(n, tcp);
	}
	if (out) {
		match_protocol(n, out, IPPROTO_UDP);
		match_port(n, out, NFT_SOURCE_PORT_OFFSET, NFT_SIP_UDP);
		nft_rule_verdict(n, out, NFT_JUMP, CHAIN_ANSWERED);
		nft_rule_put(n, out);
	}
}

/* Sources in the set (a pair of them) → goto. */
static void put_known(struct nft *n, const char *chain, enum nft_set set4, const char *to)
{
	unsigned f;

	for (f = 0; f < FAMILIES; f++) {
		struct nftnl_rule *r = nft_rule_new(n, chain);

		if (!r)
			return;
		nft_rule_address(n, r, of_family(set4, f), false);
		nft_rule_match(n, r, of_family(set4, f));
		nft_rule_verdict(n, r, NFT_GOTO, to);
		nft_rule_put(n, r);
	}
}

/* New connections of who has too many. */
static void put_crowded(struct nft *n)
{
	unsigned f;

	for (f = 0; f < FAMILIES; f++) {
		struct nftnl_rule *r = nft_rule_new(n, CHAIN_TCP);

		if (!r)
			return;
		nft_rule_address(n, r, of_family(NFT_CROWDED4, f), false);
		nft_rule_match(n, r, of_family(NFT_CROWDED4, f));
		count_and(n, r, SIP_DROP_CONCURRENT, NFT_GOTO, CHAIN_LIMITED);
	}
}

/* UDP data of that length (NFT_CMP_… with limit)? */
static void match_length(struct nft *n, struct nftnl_rule *r, uint32_t op, uint32_t limit)
{
	const uint32_t all = limit + NFT_UDP_DATA_OFFSET;
	const uint16_t length = htons((uint16_t)(all < UINT16_MAX ? all : UINT16_MAX));

	nft_rule_payload(n, r, NFT_PAYLOAD_TRANSPORT_HEADER, NFT_UDP_LENGTH_OFFSET, sizeof(length));
	nft_rule_compare(n, r, op, &length, sizeof(length));
}

/* A source over its rate, counted in the set (a pair of them). shorter: only UDP data of less than so many bytes; 0: all. */
static void put_source_limit(struct nft *n, const char *chain, enum nft_set set4, const struct config_rate *rate, uint32_t shorter,
			     enum sip_count which)
{
	unsigned f;

	for (f = 0; f < FAMILIES; f++) {
		struct nftnl_rule *r = nft_rule_new(n, chain);

		if (!r)
			return;
		if (shorter)
			match_length(n, r, NFT_CMP_LT, shorter);
		nft_rule_address(n, r, of_family(set4, f), false);
		nft_rule_source_over(n, r, of_family(set4, f), rate);
		if (which == SIP_DROP_RETRIED)
			count_and(n, r, which, NF_DROP, NULL);
		else
			count_and(n, r, which, NFT_GOTO, CHAIN_LIMITED);
	}
}

static void put_ceiling(struct nft *n, const char *chain, const struct config_rate *rate, enum sip_count which)
{
	struct nftnl_rule *r = nft_rule_new(n, chain);

	if (!r)
		return;
	nft_rule_within(n, r, rate);
	count_and(n, r, which, NF_ACCEPT, NULL);
}

static void put_end(struct nft *n, const char *chain, enum sip_count which)
{
	struct nftnl_rule *r = nft_rule_new(n, chain);

	if (r)
		count_and(n, r, which, sip_count_passes(which) ? NF_ACCEPT : NF_DROP, NULL);
}

static void put_goto(struct nft *n, const char *chain, const char *to)
{
	struct nftnl_rule *r = nft_rule_new(n, chain);

	if (!r)
		return;
	nft_rule_verdict(n, r, NFT_GOTO, to);
	nft_rule_put(n, r);
}

static void put_largest(struct nft *n)
{
	struct nftnl_rule *r = nft_rule_new(n, CHAIN_UDP);

	if (!r)
		return;
	match_length(n, r, NFT_CMP_GT, n->sip.limits.largest);
	count_and(n, r, SIP_DROP_LARGE, NFT_GOTO, CHAIN_LIMITED);
}

/*
 * A carrier may never log in, and send more than a phone: the gateway hangs up its calls, and so calls it. But a proxy may
 * relay a request to whatever address its sender names, forged or not (Kamailio's loose_route()): hence a ceiling.
 */
static void put_called(struct nft *n)
{
	put_known(n, CHAIN_UDP, NFT_CALLED4, CHAIN_CALLED);
	put_source_limit(n, CHAIN_CALLED, NFT_TSOURCE4, &n->sip.limits.trusted, 0, SIP_DROP_TRUSTED);
	put_ceiling(n, CHAIN_CALLED, &n->sip.limits.called, SIP_PASS_TRUSTED);
	put_end(n, CHAIN_CALLED, SIP_DROP_TRUSTED);
}

/* What UDP and TCP have in common. */
struct transport {
	const char *chain, *trusted_chain, *known_chain;
	enum nft_set source, trusted_source;
	const struct config_rate *limit, *trusted, *known, *new;
	enum sip_count over;
};

static void put_transport(struct nft *n, const struct transport *t)
{
	put_source_limit(n, t->chain, t->source, t->limit, 0, t->over);
	put_known(n, t->chain, NFT_ANSWERED4, t->known_chain);
	put_ceiling(n, t->chain, t->new, SIP_PASS_NEW);
	put_goto(n, t->chain, CHAIN_GREY);
	put_source_limit(n, t->trusted_chain, t->trusted_source, t->trusted, 0, SIP_DROP_TRUSTED);
	put_end(n, t->trusted_chain, SIP_PASS_TRUSTED);
	put_ceiling(n, t->known_chain, t->known, SIP_PASS_KNOWN);
	put_end(n, t->known_chain, SIP_DROP_KNOWN);
}

/* The address into the set (a pair of them), and a verdict; without room the next rule's. */
static void put_note(struct nft *n, const char *chain, enum nft_set set4)
{
	unsigned f;

	for (f = 0; f < FAMILIES; f++) {
		struct nftnl_rule *r = nft_rule_new(n, chain);
		enum nft_set set = of_family(set4, f);

		if (!r)
			return;
		nft_rule_address(n, r, set, set4 == NFT_ANSWERED4);
		if (set4 == NFT_ANSWERED4) {
			nft_rule_note(n, r, set, ANSWERED_SPAN);
			nft_rule_verdict(n, r, NFT_RETURN, NULL);
			nft_rule_put(n, r);
		} else if (set4 == NFT_LIMITED4) {
			nft_rule_note_count(n, r, set, LIMITED_SPAN);
			nft_rule_verdict(n, r, NF_DROP, NULL);
			nft_rule_put(n, r);
		} else if (set4 == NFT_AGAIN4) {
			nft_rule_note(n, r, set, AGAIN_SPAN);
			count_and(n, r, SIP_DROP_RETRIED, NF_DROP, NULL);
		} else {
			nft_rule_note_once(n, r, set, GREY_SPAN);
			count_and(n, r, SIP_DROP_NEW, NF_DROP, NULL);
		}
	}
}

static void put_shared(struct nft *n)
{
	struct nftnl_rule *drop = nft_rule_new(n, CHAIN_LIMITED);

	put_known(n, CHAIN_GREY, NFT_AGAIN4, CHAIN_RETRIED);
	put_known(n, CHAIN_GREY, NFT_GREY4, CHAIN_RETRIED);
	put_note(n, CHAIN_GREY, NFT_GREY4);
	put_end(n, CHAIN_GREY, SIP_DROP_NEW);
	put_source_limit(n, CHAIN_RETRIED, NFT_RETRIED4, &retried_source, 0, SIP_DROP_RETRIED);
	put_ceiling(n, CHAIN_RETRIED, &n->sip.limits.retried, SIP_PASS_RETRIED);
	put_note(n, CHAIN_RETRIED, NFT_AGAIN4);
	put_end(n, CHAIN_RETRIED, SIP_DROP_RETRIED);
	put_note(n, CHAIN_LIMITED, NFT_LIMITED4);
	if (drop) {
		nft_rule_verdict(n, drop, NF_DROP, NULL);
		nft_rule_put(n, drop);
	}
	put_note(n, CHAIN_ANSWERED, NFT_ANSWERED4);
}

void nft_put_sip_rules(struct nft *n)
{
	const struct config_sip *l = &n->sip.limits;
	const struct transport udp = { CHAIN_UDP,   CHAIN_TRUSTED_UDP, CHAIN_KNOWN_UDP, NFT_SOURCE4, NFT_TSOURCE4,
				       &l->source, &l->trusted,	       &l->known,	 &l->new,     SIP_DROP_SOURCE };
	const struct transport tcp = { CHAIN_TCP,	CHAIN_TRUSTED_TCP,	 CHAIN_KNOWN_TCP,	NFT_CONN4,	     NFT_TCONN4,
				       &l->connections, &l->trusted_connections, &l->known_connections, &l->new_connections, SIP_DROP_CONNECTIONS };
	size_t i;

	if (!n->sip.on)
		return;
	for (i = 0; i < ELEMENTSOF(chains); i++)
		nft_put_flush(n, chains[i]);
	if (n->paused)
		return;
	put_entries(n);
	put_known(n, CHAIN_UDP, NFT_TRUSTED4, CHAIN_TRUSTED_UDP);
	put_called(n);
	put_largest(n);
	put_source_limit(n, CHAIN_UDP, NFT_KEEPALIVE4, &l->keepalive, KEEPALIVE_MAX, SIP_DROP_KEEPALIVE);
	put_transport(n, &udp);
	put_known(n, CHAIN_TCP, NFT_TRUSTED4, CHAIN_TRUSTED_TCP);
	put_crowded(n);
	put_known(n, CHAIN_TCP, NFT_CALLED4, CHAIN_KNOWN_TCP);
	put_transport(n, &tcp);
	put_shared(n);
}

int nft_switch_sip(struct nft *n, const struct nft_sip *sip, bool made)
{
	_cleanup_free_ struct nft_sip *before = malloc(sizeof(*before));
	int r;

	if (!before)
		return -ENOMEM;
	*before = n->sip;
	n->sip = *sip;
	n->sip_error = 0;
	if (!made)
		return 0;
	nft_batch_begin(n);
	nft_put_sip(n);
	nft_put_rules(n);
	r = nft_commit(n);
	if (r < 0)
		n->sip = *before;
	return r;
}

bool nft_sip_is_on(const struct nft *n)
{
	return n->sip.on;
}

int nft_take_sip_error(struct nft *n)
{
	int error = n->sip_error;

	n->sip_error = 0;
	return error;
}

/* Reading counters */

static int take_counter(const struct nlmsghdr *nlh, void *userdata)
{
	struct sip_counter *ret = userdata;
	struct nftnl_obj *o = nftnl_obj_alloc();

	if (!o)
		return MNL_CB_ERROR;
	if (nftnl_obj_nlmsg_parse(nlh, o) == 0) {
		ret->packets = nftnl_obj_get_u64(o, NFTNL_OBJ_CTR_PKTS);
		ret->bytes = nftnl_obj_get_u64(o, NFTNL_OBJ_CTR_BYTES);
	}
	nftnl_obj_free(o);
	return MNL_CB_STOP;
}

int nft_sip_counter(struct nft *n, enum sip_count which, struct sip_counter *ret)
{
	char buf[NFT_MESSAGE_SIZE], name[COUNTER_NAME_MAX];
	unsigned port = mnl_socket_get_portid(n->socket);
	uint32_t seq = n->seq++;
	struct nlmsghdr *nlh;
	ssize_t len;

	*ret = (struct sip_counter){ 0, 0 };
	if (!n->sip.on)
		return 0;
	nlh = nftnl_nlmsg_build_hdr(buf, NFT_MSG_GETOBJ, NFPROTO_INET, 0, seq);
	mnl_attr_put_strz(nlh, NFTA_OBJ_TABLE, n->table);
	mnl_attr_put_strz(nlh, NFTA_OBJ_NAME, counter_name(which, name));
	mnl_attr_put_u32(nlh, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
	if (mnl_socket_sendto(n->socket, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	do
		len = mnl_socket_recvfrom(n->socket, buf, sizeof(buf));
	while (len < 0 && errno == EINTR);
	return len < 0 || mnl_cb_run(buf, (size_t)len, seq, port, take_counter, ret) < 0 ? -errno : 0;
}
