/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies of packets of addresses that are watched: to a group of NFLOG, received from a socket of ours. */
#include "firewall/nft_rule.h"

#include <errno.h>
#include <string.h>

#include <linux/netfilter/nfnetlink_log.h>
#include <netinet/tcp.h>

#include "base/cleanup.h"
#include "base/proof.h"

/* Groups that are tried: others, as ulogd, take theirs from 0 on. */
#define GROUP_FIRST 5353
#define GROUP_LAST 5384
/* What waits to be received: some hundred whole packets. What has no room proves nothing. */
#define WIRE_BUFFER (1 << 20)
/* In each direction: a flood of forged packets costs the agent no more. */
static const struct config_rate copied = {1000, 1000};
/* Of what was not copied, one is enough. */
static const struct config_rate signs = {1, 1};
/* Of IP and TCP, with all options. */
#define HEADS 120
#define TCP_FLAGS_OFFSET 13 /* RFC 9293 3.1 */

/* One command to nfnetlink_log, with one attribute. */
static int configure(struct nft *n, struct mnl_socket *s, uint16_t group, uint16_t attribute,
		     const void *value, size_t len)
{
	char buf[NFT_MESSAGE_SIZE] = {0};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *head = mnl_nlmsg_put_extra_header(nlh, sizeof(*head));
	const uint32_t seq = n->seq++;
	ssize_t received;

	nlh->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	nlh->nlmsg_seq = seq;
	head->nfgen_family = AF_UNSPEC;
	head->version = NFNETLINK_V0;
	head->res_id = htons(group);
	mnl_attr_put(nlh, attribute, len, value);
	if (mnl_socket_sendto(s, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	received = mnl_socket_recvfrom(s, buf, sizeof(buf));
	return received < 0 || mnl_cb_run(buf, (size_t)received, seq, mnl_socket_get_portid(s), NULL, NULL) <
				       0
		       ? -errno
		       : 0;
}

static int bind_group(struct nft *n, struct mnl_socket *s, uint16_t group)
{
	const struct nfulnl_msg_config_cmd bind = {.command = NFULNL_CFG_CMD_BIND};

	return configure(n, s, group, NFULA_CFG_CMD, &bind, sizeof(bind));
}

/* Whole packets, each at once. */
static int set_mode(struct nft *n, struct mnl_socket *s, uint16_t group)
{
	const struct nfulnl_msg_config_mode mode = {.copy_range = htonl(UINT16_MAX),
						    .copy_mode = NFULNL_COPY_PACKET};
	const uint32_t one = htonl(1);
	int r = configure(n, s, group, NFULA_CFG_MODE, &mode, sizeof(mode));

	return r < 0 ? r : configure(n, s, group, NFULA_CFG_QTHRESH, &one, sizeof(one));
}

void nft_open_wire(struct nft *n)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	int size = WIRE_BUFFER, on = 1, r = -EBUSY;
	uint16_t group;

	if (!s)
		return;
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0) {
		mnl_socket_close(s);
		return;
	}
	setsockopt(mnl_socket_get_fd(s), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	mnl_socket_setsockopt(s, NETLINK_CAP_ACK, &on, sizeof(on));
	for (group = GROUP_FIRST; r == -EBUSY && group <= GROUP_LAST; group++) {
		r = bind_group(n, s, group);
		n->wire_group = group;
	}
	if (r >= 0)
		r = set_mode(n, s, n->wire_group);
	if (r >= 0)
		n->wire = s;
	else
		mnl_socket_close(s);
}

/* Regular ones, where those come whom somebody watches; others are only looked up in a set. */
#define CHAIN_HEARD "wire_heard"
#define CHAIN_SAID "wire_said"
#define CHAIN_COPY "wire_copy"
static const char *const chains[] = {CHAIN_COPY, CHAIN_HEARD, CHAIN_SAID};

/* ip saddr @watch4 goto wire_heard; of what is sent, daddr, and wire_said */
static void put_watch(struct nft *n, enum nft_set set, bool sent)
{
	struct nftnl_rule *r = nft_rule_new(n, sent ? NFT_CHAIN_WIRE_OUT : NFT_CHAIN_WIRE_IN);

	if (!r)
		return;
	nft_rule_address(n, r, set, sent);
	nft_rule_match(n, r, set);
	nft_rule_verdict(n, r, NFT_GOTO, sent ? CHAIN_SAID : CHAIN_HEARD);
	nft_rule_put(n, r);
}

static struct nftnl_rule *new_rule(struct nft *n, const char *chain, uint8_t protocol)
{
	struct nftnl_rule *r = nft_rule_new(n, chain);

	if (!r)
		return NULL;
	nft_rule_meta(n, r, NFT_META_L4PROTO);
	nft_rule_compare(n, r, NFT_CMP_EQ, &protocol, sizeof(protocol));
	return r;
}

static void match_port(struct nft *n, struct nftnl_rule *r, size_t offset)
{
	nft_rule_payload(n, r, NFT_PAYLOAD_TRANSPORT_HEADER, offset, sizeof(uint16_t));
	nft_rule_match(n, r, NFT_PORTS);
}

/* meta l4proto udp udp dport @ports goto wire_copy */
static void put_known_ports(struct nft *n)
{
	struct nftnl_rule *r = new_rule(n, CHAIN_HEARD, IPPROTO_UDP);

	if (!r)
		return;
	match_port(n, r, NFT_PORT_OFFSET);
	nft_rule_verdict(n, r, NFT_GOTO, CHAIN_COPY);
	nft_rule_put(n, r);
}

/*
 * What begins as a REGISTER, an INVITE, or the blanks that parsers leave out before one
 * (sofia-sip: extract_first()), at any port: a gateway may listen where nobody has said.
 * RTP, STUN, DTLS and VPNs begin otherwise.
 */
static void put_other_ports(struct nft *n)
{
	static const char *const heads[] = {"RE", "IN", "\r", "\n", " ", "\t"};
	size_t i;

	for (i = 0; i < ELEMENTSOF(heads); i++) {
		const uint32_t len = (uint32_t)strlen(heads[i]);
		struct nftnl_rule *r = new_rule(n, CHAIN_HEARD, IPPROTO_UDP);

		if (!r)
			return;
		nft_rule_payload(n, r, NFT_PAYLOAD_TRANSPORT_HEADER, NFT_UDP_DATA_OFFSET, len);
		nft_rule_compare(n, r, NFT_CMP_EQ, heads[i], len);
		nft_rule_verdict(n, r, NFT_GOTO, CHAIN_COPY);
		nft_rule_put(n, r);
	}
}

/* Ends the rule with a sign, now and then, that there was something of which there is no copy. */
static void put_sign(struct nft *n, struct nftnl_rule *r)
{
	nft_rule_within(n, r, &signs);
	nft_rule_copy(n, r, n->wire_group, HEADS, PROOF_MISSED);
	nft_rule_put(n, r);
}

static void put_fragments(struct nft *n)
{
	struct nftnl_rule *r = nft_rule_new(n, CHAIN_HEARD);

	if (!r)
		return;
	nft_rule_fragment6(n, r);
	put_sign(n, r);
}

/* limit rate … log group … accept, and of what is more a sign */
static void put_copies(struct nft *n)
{
	struct nftnl_rule *copy = nft_rule_new(n, CHAIN_COPY), *more = nft_rule_new(n, CHAIN_COPY);

	if (copy) {
		nft_rule_within(n, copy, &copied);
		nft_rule_copy(n, copy, n->wire_group, 0, NULL);
		nft_rule_verdict(n, copy, NF_ACCEPT, NULL);
		nft_rule_put(n, copy);
	}
	if (more)
		put_sign(n, more);
}

/* meta l4proto udp udp sport @ports limit rate … log group … */
static void put_answers(struct nft *n)
{
	struct nftnl_rule *r = new_rule(n, CHAIN_SAID, IPPROTO_UDP);

	if (!r)
		return;
	match_port(n, r, NFT_SOURCE_PORT_OFFSET);
	nft_rule_within(n, r, &copied);
	nft_rule_copy(n, r, n->wire_group, 0, NULL);
	nft_rule_put(n, r);
}

/* The same of TCP that carries something: the last packet of each write has PSH (tcp_push()). */
static void put_connections(struct nft *n)
{
	const uint8_t push = TH_PUSH;
	struct nftnl_rule *r = new_rule(n, CHAIN_SAID, IPPROTO_TCP);

	if (!r)
		return;
	match_port(n, r, NFT_SOURCE_PORT_OFFSET);
	nft_rule_payload(n, r, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_FLAGS_OFFSET, sizeof(push));
	nft_rule_mask(n, r, &push, sizeof(push));
	nft_rule_compare(n, r, NFT_CMP_EQ, &push, sizeof(push));
	nft_rule_within(n, r, &copied);
	nft_rule_copy(n, r, n->wire_group, HEADS, NULL);
	nft_rule_put(n, r);
}

static void put_rules(struct nft *n)
{
	put_copies(n);
	put_fragments(n);
	put_known_ports(n);
	put_other_ports(n);
	put_answers(n);
	put_connections(n);
	put_watch(n, NFT_WATCH4, false);
	put_watch(n, NFT_WATCH6, false);
	put_watch(n, NFT_WATCH4, true);
	put_watch(n, NFT_WATCH6, true);
}

/*
 * At input, fragments are put together, and the banned are gone; at output, the packet is not yet in
 * fragments. What is only forwarded can have been sent by anybody, also what looks like an answer of a
 * container.
 */
static void put_base_chains(struct nft *n, uint16_t type)
{
	const bool made = type == NFT_MSG_NEWCHAIN;

	nft_put_chain(n, type, NFT_CHAIN_WIRE_IN, made ? NF_INET_LOCAL_IN : NFT_NO_HOOK);
	nft_put_chain(n, type, NFT_CHAIN_WIRE_OUT, made ? NF_INET_LOCAL_OUT : NFT_NO_HOOK);
}

void nft_put_wire(struct nft *n)
{
	size_t i;

	if (!n->wire_on && !nft_has_chain(n, NFT_CHAIN_WIRE_IN))
		return;
	/* What rules go to is there before them, and until they are gone. */
	for (i = 0; i < ELEMENTSOF(chains); i++)
		nft_put_chain(n, NFT_MSG_NEWCHAIN, chains[i], NFT_NO_HOOK);
	put_base_chains(n, NFT_MSG_NEWCHAIN);
	nft_put_flush(n, NFT_CHAIN_WIRE_IN);
	nft_put_flush(n, NFT_CHAIN_WIRE_OUT);
	for (i = 0; i < ELEMENTSOF(chains); i++)
		nft_put_flush(n, chains[i]);
	if (n->wire_on) {
		put_rules(n);
		return;
	}
	put_base_chains(n, NFT_MSG_DELCHAIN);
	for (i = 0; i < ELEMENTSOF(chains); i++)
		nft_put_chain(n, NFT_MSG_DELCHAIN, chains[i], NFT_NO_HOOK);
}

int nft_switch_wire(struct nft *n, bool on)
{
	int r;

	if (!n->wire)
		return -EOPNOTSUPP;
	if (n->wire_on == on)
		return 0;
	n->wire_on = on;
	nft_batch_begin(n);
	nft_put_wire(n);
	r = nft_commit(n);
	if (r < 0)
		n->wire_on = !on;
	return r;
}

bool nft_wire_is_on(const struct nft *n)
{
	return n->wire_on;
}

int nft_wire_fd(const struct nft *n)
{
	return n->wire ? mnl_socket_get_fd(n->wire) : -1;
}
