/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies of packets of addresses that are watched: to a group of NFLOG, received from a socket of ours. */
#include "firewall/nft_rule.h"

#include <errno.h>
#include <string.h>

#include <linux/netfilter/nfnetlink_log.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>

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

static struct nftnl_rule *new_rule(struct nft *n, enum nft_set set, uint8_t protocol, bool sent)
{
	struct nftnl_rule *r = nft_rule_new(n, sent ? NFT_CHAIN_WIRE_OUT : NFT_CHAIN_WIRE_IN);

	if (!r)
		return NULL;
	nft_rule_address(n, r, set, sent);
	nft_rule_match(n, r, set);
	nft_rule_meta(n, r, NFT_META_L4PROTO);
	nft_rule_compare(n, r, NFT_CMP_EQ, &protocol, sizeof(protocol));
	return r;
}

static void match_port(struct nft *n, struct nftnl_rule *r, size_t offset)
{
	nft_rule_payload(n, r, NFT_PAYLOAD_TRANSPORT_HEADER, offset, sizeof(uint16_t));
	nft_rule_match(n, r, NFT_PORTS);
}

/* ip saddr @watch4 meta l4proto udp udp dport @ports goto wire_copy */
static void put_known_ports(struct nft *n, enum nft_set set)
{
	struct nftnl_rule *r = new_rule(n, set, IPPROTO_UDP, false);

	if (!r)
		return;
	match_port(n, r, NFT_PORT_OFFSET);
	nft_rule_verdict(n, r, NFT_GOTO, NFT_CHAIN_WIRE_COPY);
	nft_rule_put(n, r);
}

/*
 * What begins as a REGISTER, an INVITE, or the blanks that parsers leave out before one
 * (sofia-sip: extract_first()), at any port: a gateway may listen where nobody has said.
 * RTP, STUN, DTLS and VPNs begin otherwise.
 */
static void put_other_ports(struct nft *n, enum nft_set set)
{
	static const char *const heads[] = {"RE", "IN", "\r", "\n", " ", "\t"};
	size_t i;

	for (i = 0; i < ELEMENTSOF(heads); i++) {
		const uint32_t len = (uint32_t)strlen(heads[i]);
		struct nftnl_rule *r = new_rule(n, set, IPPROTO_UDP, false);

		if (!r)
			return;
		nft_rule_payload(n, r, NFT_PAYLOAD_TRANSPORT_HEADER, sizeof(struct udphdr), len);
		nft_rule_compare(n, r, NFT_CMP_EQ, heads[i], len);
		nft_rule_verdict(n, r, NFT_GOTO, NFT_CHAIN_WIRE_COPY);
		nft_rule_put(n, r);
	}
}

/* limit rate … log group … accept, and of what is more a sign that there was some */
static void put_copies(struct nft *n)
{
	struct nftnl_rule *copy = nft_rule_new(n, NFT_CHAIN_WIRE_COPY), *sign;

	if (copy) {
		nft_rule_within(n, copy, &copied);
		nft_rule_copy(n, copy, n->wire_group, 0, NULL);
		nft_rule_verdict(n, copy, NF_ACCEPT, NULL);
		nft_rule_put(n, copy);
	}
	sign = nft_rule_new(n, NFT_CHAIN_WIRE_COPY);
	if (sign) {
		nft_rule_within(n, sign, &signs);
		nft_rule_copy(n, sign, n->wire_group, HEADS, PROOF_MISSED);
		nft_rule_put(n, sign);
	}
}

static void put_fragments(struct nft *n)
{
	struct nftnl_rule *r = nft_rule_new(n, NFT_CHAIN_WIRE_IN);

	if (!r)
		return;
	nft_rule_address(n, r, NFT_WATCH6, false);
	nft_rule_match(n, r, NFT_WATCH6);
	nft_rule_fragment6(n, r);
	nft_rule_within(n, r, &signs);
	nft_rule_copy(n, r, n->wire_group, HEADS, PROOF_MISSED);
	nft_rule_put(n, r);
}

/* ip daddr @watch4 meta l4proto udp udp sport @ports limit rate … log group … */
static void put_answers(struct nft *n, enum nft_set set)
{
	struct nftnl_rule *r = new_rule(n, set, IPPROTO_UDP, true);

	if (!r)
		return;
	match_port(n, r, NFT_SOURCE_PORT_OFFSET);
	nft_rule_within(n, r, &copied);
	nft_rule_copy(n, r, n->wire_group, 0, NULL);
	nft_rule_put(n, r);
}

/* The same of TCP that carries something: the last packet of each write has PSH (tcp_push()). */
static void put_connections(struct nft *n, enum nft_set set)
{
	const uint8_t push = TH_PUSH;
	struct nftnl_rule *r = new_rule(n, set, IPPROTO_TCP, true);

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
	static const enum nft_set sets[] = {NFT_WATCH4, NFT_WATCH6};
	size_t i;

	put_copies(n);
	put_fragments(n);
	for (i = 0; i < ELEMENTSOF(sets); i++) {
		put_known_ports(n, sets[i]);
		put_other_ports(n, sets[i]);
		put_answers(n, sets[i]);
		put_connections(n, sets[i]);
	}
}

/*
 * At input, fragments are put together, and the banned are gone; at output, the packet is not yet in
 * fragments. What is only forwarded can have been sent by anybody, also what looks like an answer of a
 * container.
 */
static void put_chains(struct nft *n, uint16_t type)
{
	const bool made = type == NFT_MSG_NEWCHAIN;

	/* What others go to is made first, and removed last. */
	if (made)
		nft_put_chain(n, type, NFT_CHAIN_WIRE_COPY, NFT_NO_HOOK);
	nft_put_chain(n, type, NFT_CHAIN_WIRE_IN, made ? NF_INET_LOCAL_IN : NFT_NO_HOOK);
	nft_put_chain(n, type, NFT_CHAIN_WIRE_OUT, made ? NF_INET_LOCAL_OUT : NFT_NO_HOOK);
	if (!made)
		nft_put_chain(n, type, NFT_CHAIN_WIRE_COPY, NFT_NO_HOOK);
}

void nft_put_wire(struct nft *n)
{
	if (!n->wire_on && !nft_has_chain(n, NFT_CHAIN_WIRE_IN))
		return;
	put_chains(n, NFT_MSG_NEWCHAIN);
	nft_put_flush(n, NFT_CHAIN_WIRE_IN);
	nft_put_flush(n, NFT_CHAIN_WIRE_OUT);
	nft_put_flush(n, NFT_CHAIN_WIRE_COPY);
	if (n->wire_on)
		put_rules(n);
	else
		put_chains(n, NFT_MSG_DELCHAIN);
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
