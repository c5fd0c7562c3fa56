/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/cleanup.h"
#include "host/private.h"

void addr_list_add(struct addr_list *list, uint8_t family, const void *bytes)
{
	struct addr *longer;
	struct addr a = { .family = family, .len = family == AF_INET ? 32 : 128 };

	if (list->n >= HOST_ADDRS_MAX) {
		list->full = true;
		return;
	}
	longer = realloc(list->items, (list->n + 1) * sizeof(*longer));
	if (!longer) {
		list->full = true;
		return;
	}
	memcpy(a.bytes, bytes, family == AF_INET ? 4 : 16);
	list->items = longer;
	list->items[list->n++] = a;
}

static void add_attribute(const struct nlattr *attr, uint8_t family, struct addr_list *list)
{
	if (family != AF_INET && family != AF_INET6)
		return;
	if (mnl_attr_get_payload_len(attr) == (family == AF_INET ? 4 : 16))
		addr_list_add(list, family, mnl_attr_get_payload(attr));
}

void route_read_address(const struct nlmsghdr *m, struct addr_list *list)
{
	const struct ifaddrmsg *head = mnl_nlmsg_get_payload(m);
	const struct nlattr *attr, *own = NULL;

	if (mnl_nlmsg_get_payload_len(m) < sizeof(*head))
		return;
	/* On a link between two, IFA_ADDRESS is the other end, and IFA_LOCAL is ours. */
	mnl_attr_for_each(attr, m, sizeof(*head)) {
		if (mnl_attr_get_type(attr) == IFA_LOCAL || (mnl_attr_get_type(attr) == IFA_ADDRESS && !own))
			own = attr;
	}
	if (own)
		add_attribute(own, head->ifa_family, list);
}

bool route_is_default(const struct nlmsghdr *m)
{
	const struct rtmsg *head = mnl_nlmsg_get_payload(m);

	return mnl_nlmsg_get_payload_len(m) >= sizeof(*head) && head->rtm_dst_len == 0 && head->rtm_type == RTN_UNICAST;
}

/* RTA_VIA: a gateway of the other family. */
static void add_via(const struct nlattr *attr, struct addr_list *list)
{
	const struct rtvia *via = mnl_attr_get_payload(attr);
	size_t len = mnl_attr_get_payload_len(attr);

	if (len >= sizeof(*via) + 4 && via->rtvia_family == AF_INET)
		addr_list_add(list, AF_INET, via->rtvia_addr);
	else if (len >= sizeof(*via) + 16 && via->rtvia_family == AF_INET6)
		addr_list_add(list, AF_INET6, via->rtvia_addr);
}

static void read_gateway(const struct nlattr *attr, uint8_t family, struct addr_list *list)
{
	if (mnl_attr_get_type(attr) == RTA_GATEWAY)
		add_attribute(attr, family, list);
	else if (mnl_attr_get_type(attr) == RTA_VIA)
		add_via(attr, list);
}

/* One struct rtnexthop after the other, each with attributes of its own. */
static void read_paths(const struct nlattr *paths, uint8_t family, struct addr_list *list)
{
	const char *p = mnl_attr_get_payload(paths);
	size_t left = mnl_attr_get_payload_len(paths);

	while (left >= sizeof(struct rtnexthop)) {
		const struct rtnexthop *hop = (const void *)p;
		const struct nlattr *attr;
		size_t step = RTNH_ALIGN(hop->rtnh_len);

		if (hop->rtnh_len < sizeof(*hop) || hop->rtnh_len > left)
			return;
		mnl_attr_for_each_payload((const void *)(hop + 1), (size_t)hop->rtnh_len - sizeof(*hop))
			read_gateway(attr, family, list);
		if (step >= left)
			return;
		p += step;
		left -= step;
	}
}

void route_read_gateways(const struct nlmsghdr *m, struct addr_list *list)
{
	const struct rtmsg *head = mnl_nlmsg_get_payload(m);
	const struct nlattr *attr;

	if (!route_is_default(m))
		return;
	mnl_attr_for_each(attr, m, sizeof(*head)) {
		if (mnl_attr_get_type(attr) == RTA_MULTIPATH)
			read_paths(attr, head->rtm_family, list);
		else
			read_gateway(attr, head->rtm_family, list);
	}
}
