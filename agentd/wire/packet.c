/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/packet.h"

#include <netinet/in.h> /* before linux/netfilter.h, or they collide */

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <string.h>

struct copied {
	int hook; /* NF_INET_…; -1: not said */
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

		if (mnl_attr_get_type(attr) == NFULA_PAYLOAD)
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

/* Leaves what is behind the head in *p. */
static bool take_ip4(struct span *p, struct wire_packet *ret)
{
	struct iphdr ip;
	size_t head;

	if (p->len < sizeof(ip))
		return false;
	memcpy(&ip, p->ptr, sizeof(ip));
	head = (size_t)ip.ihl * 4;
	if (head < sizeof(ip) || ip.protocol != IPPROTO_UDP || (ntohs(ip.frag_off) & (IP_MF | IP_OFFMASK)) ||
	    ntohs(ip.tot_len) != p->len || head > p->len)
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
	if (ip.ip6_nxt != IPPROTO_UDP || ntohs(ip.ip6_plen) != p->len - sizeof(ip))
		return false;
	ret->peer = host(AF_INET6, ret->sent ? &ip.ip6_dst : &ip.ip6_src, sizeof(ip.ip6_src));
	*p = (struct span){p->ptr + sizeof(ip), p->len - sizeof(ip)};
	return true;
}

static bool take_udp(struct span p, struct wire_packet *ret)
{
	struct udphdr udp;

	if (p.len < sizeof(udp))
		return false;
	memcpy(&udp, p.ptr, sizeof(udp));
	if (ntohs(udp.len) != p.len)
		return false;
	ret->port = ntohs(ret->sent ? udp.dest : udp.source);
	ret->data = (struct span){p.ptr + sizeof(udp), p.len - sizeof(udp)};
	return ret->port != 0;
}

bool wire_packet_parse(const struct nlmsghdr *message, struct wire_packet *ret)
{
	struct copied c;
	unsigned version;

	*ret = (struct wire_packet){0};
	if (message->nlmsg_type != (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET) ||
	    message->nlmsg_len < mnl_nlmsg_size(sizeof(struct nfgenmsg)))
		return false;
	c = find_attributes(message);
	if (c.packet.len == 0 || (c.hook != NF_INET_LOCAL_IN && c.hook != NF_INET_LOCAL_OUT))
		return false;
	ret->sent = c.hook == NF_INET_LOCAL_OUT;
	version = (unsigned char)*c.packet.ptr >> 4;
	if (version == 4 ? !take_ip4(&c.packet, ret) : version != 6 || !take_ip6(&c.packet, ret))
		return false;
	if (!take_udp(c.packet, ret))
		return false;
	if (ret->peer.family == AF_INET)
		ret->peer.port = ret->port;
	return true;
}
