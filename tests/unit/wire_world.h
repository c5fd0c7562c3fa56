/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_TESTS_UNIT_WIRE_WORLD_H
#define SIPWARDEN_TESTS_UNIT_WIRE_WORLD_H

/* Copies of packets, as the kernel's NFLOG gives them. Also for the fuzz target. */
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>

#define GATEWAY4 "192.0.2.1"
#define COPY_MAX 70000
/* What a UDP packet can carry. */
#define CARRIED_MAX 65000

struct copy {
	char bytes[COPY_MAX] __attribute__((aligned(8)));
	struct nlmsghdr *message; /* in them */
	char *packet;		  /* the IP packet in it */
	size_t len;		  /* of the packet */
};

static inline size_t put_udp(char *to, const char *payload, size_t len, uint16_t from_port, uint16_t to_port)
{
	const struct udphdr udp = { .source = htons(from_port), .dest = htons(to_port), .len = htons((uint16_t)(sizeof(udp) + len)) };

	memcpy(to, &udp, sizeof(udp));
	memcpy(to + sizeof(udp), payload, len);
	return sizeof(udp) + len;
}

static inline void put_message(struct copy *c, bool sent, const char *packet, size_t len)
{
	const struct nfulnl_msg_packet_hdr head = { .hw_protocol = htons(0x0800),
						    .hook = sent ? NF_INET_LOCAL_OUT : NF_INET_LOCAL_IN };
	struct nfgenmsg *extra;

	c->message = mnl_nlmsg_put_header(c->bytes);
	c->message->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET;
	extra = mnl_nlmsg_put_extra_header(c->message, sizeof(*extra));
	extra->nfgen_family = AF_INET;
	mnl_attr_put(c->message, NFULA_PACKET_HDR, sizeof(head), &head);
	c->packet = (char *)mnl_nlmsg_get_payload_tail(c->message) + MNL_ATTR_HDRLEN;
	c->len = len;
	mnl_attr_put(c->message, NFULA_PAYLOAD, len, packet);
}

static inline struct iphdr ip_head(bool sent, const char *peer, uint8_t protocol, size_t len)
{
	struct iphdr ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = protocol, .tot_len = htons((uint16_t)len) };

	inet_pton(AF_INET, sent ? GATEWAY4 : peer, &ip.saddr);
	inet_pton(AF_INET, sent ? peer : GATEWAY4, &ip.daddr);
	return ip;
}

/* An IPv4 packet between the gateway's port 5060 and the peer. */
static inline void copy_packet(struct copy *c, bool sent, const char *peer, uint16_t port, const char *payload, size_t len)
{
	static char packet[COPY_MAX];
	const size_t whole = sizeof(struct iphdr) + put_udp(packet + sizeof(struct iphdr), payload, len, sent ? 5060 : port, sent ? port : 5060);
	const struct iphdr ip = ip_head(sent, peer, IPPROTO_UDP, whole);

	memcpy(packet, &ip, sizeof(ip));
	put_message(c, sent, packet, whole);
}

/* What the kernel copies of a TCP packet of this host: len bytes at most. */
static inline void copy_stream(struct copy *c, const char *peer, uint16_t port, uint16_t local, size_t len)
{
	const struct iphdr ip = ip_head(true, peer, IPPROTO_TCP, 1500);
	const struct tcphdr tcp = { .th_sport = htons(local), .th_dport = htons(port), .th_off = 5, .th_flags = TH_PUSH | TH_ACK };
	char packet[sizeof(ip) + sizeof(tcp)];

	memcpy(packet, &ip, sizeof(ip));
	memcpy(packet + sizeof(ip), &tcp, sizeof(tcp));
	put_message(c, true, packet, len < sizeof(packet) ? len : sizeof(packet));
}

#endif
