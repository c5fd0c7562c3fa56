/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/packet.h"

#include <netinet/in.h> /* before linux/netfilter.h, or they collide */

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>

#include "base/proof.h"

struct copied {
	int hook; /* NF_INET_…; -1: not said */
	bool missed;
	struct span packet;
};

/* The last of a kind counts. */
static struct copied find_attributes(const struct nlmsghdr *message)
{
	struct copied c = {.hook = -1};
	const struct nlattr *attr;

	mnl_attr_for_each(attr, message, sizeof(struct nfgenmsg))
	{
		const uint16_t len = mnl_attr_get_payload_len(attr);

		if (mnl_attr_get_type(attr) == NFULA_PREFIX)
			c.missed = len == sizeof(PROOF_MISSED) && memcmp(mnl_attr_get_payload(attr), PROOF_MISSED, len) == 0;
		else if (mnl_attr_get_type(attr) == NFULA_PAYLOAD)
			c.packet = (struct span){mnl_attr_get_payload(attr), len};
		else if (mnl_attr_get_type(attr) == NFULA_PACKET_HDR &&
			 len >= sizeof(struct nfulnl_msg_packet_hdr))
			c.hook = ((const struct nfulnl_msg_packet_hdr *)mnl_attr_get_payload(attr))->hook;
	}
	return c;
}

static struct addr host(int family, const void *bytes, size_t len)
{
	struct addr a = {.family = (uint8_t)family, .len = (uint8_t)(len * 8)};

	memcpy(a.bytes, bytes, len);
	return a;
}

/* What protocol is there. Of TCP the kernel copies heads only. */
static bool take_protocol(uint8_t protocol, size_t said, size_t len, struct wire_packet *ret)
{
	ret->stream = ret->sent && protocol == IPPROTO_TCP;
	return ret->stream ? said >= len : protocol == IPPROTO_UDP && said == len;
}

/* Leaves what is behind the head in *p. */
static bool take_ip4(struct span *p, struct wire_packet *ret)
{
	struct iphdr ip;
	size_t head;

	if (p->len < sizeof(ip))
		return false;
	memcpy(&ip, p->ptr, sizeof(ip));
	head = (size_t)ip.ihl * 4;
	if (head < sizeof(ip) || (ntohs(ip.frag_off) & (IP_MF | IP_OFFMASK)) || head > p->len ||
	    !take_protocol(ip.protocol, ntohs(ip.tot_len), p->len, ret))
		return false;
	ret->peer = host(AF_INET, ret->sent ? &ip.daddr : &ip.saddr, sizeof(ip.saddr));
	*p = (struct span){p->ptr + head, p->len - head};
	return true;
}

static bool take_ip6(struct span *p, struct wire_packet *ret)
{
	struct ip6_hdr ip;

	if (p->len < sizeof(ip))
		return false;
	memcpy(&ip, p->ptr, sizeof(ip));
	if (!take_protocol(ip.ip6_nxt, ntohs(ip.ip6_plen), p->len - sizeof(ip), ret))
		return false;
	ret->peer = host(AF_INET6, ret->sent ? &ip.ip6_dst : &ip.ip6_src, sizeof(ip.ip6_src));
	*p = (struct span){p->ptr + sizeof(ip), p->len - sizeof(ip)};
	return true;
}

static bool take_ports(uint16_t from, uint16_t to, struct wire_packet *ret)
{
	ret->port = ntohs(ret->sent ? to : from);
	ret->local = ntohs(ret->sent ? from : to);
	return ret->port != 0;
}

static bool take_udp(struct span p, struct wire_packet *ret)
{
	struct udphdr udp;

	if (p.len < sizeof(udp))
		return false;
	memcpy(&udp, p.ptr, sizeof(udp));
	if (ntohs(udp.len) != p.len)
		return false;
	ret->data = (struct span){p.ptr + sizeof(udp), p.len - sizeof(udp)};
	return take_ports(udp.source, udp.dest, ret);
}

static bool take_tcp(struct span p, struct wire_packet *ret)
{
	struct tcphdr tcp;

	if (p.len < sizeof(tcp))
		return false;
	memcpy(&tcp, p.ptr, sizeof(tcp));
	return take_ports(tcp.source, tcp.dest, ret);
}

static bool take_packet(struct span packet, struct wire_packet *ret)
{
	const unsigned version = packet.len ? (unsigned char)*packet.ptr >> 4 : 0;

	if (version == 4 ? !take_ip4(&packet, ret) : version != 6 || !take_ip6(&packet, ret))
		return false;
	if (ret->stream ? !take_tcp(packet, ret) : !take_udp(packet, ret))
		return false;
	if (ret->peer.family == AF_INET)
		ret->peer.port = ret->port;
	return true;
}

bool wire_packet_parse(const struct nlmsghdr *message, struct wire_packet *ret)
{
	struct copied c;

	*ret = (struct wire_packet){0};
	if (message->nlmsg_type != (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET) ||
	    message->nlmsg_len < mnl_nlmsg_size(sizeof(struct nfgenmsg)))
		return false;
	c = find_attributes(message);
	if (c.hook != NF_INET_LOCAL_IN && c.hook != NF_INET_LOCAL_OUT)
		return false;
	ret->sent = c.hook == NF_INET_LOCAL_OUT;
	if (!c.missed && take_packet(c.packet, ret))
		return true;
	*ret = (struct wire_packet){.missed = c.hook == NF_INET_LOCAL_IN};
	return false;
}
