/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit_legacy.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netfilter.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include "base/cleanup.h"

/* An empty table has an entry for each hook's policy and one for its end: less than a kilobyte each. */
#define EMPTY_MAX 65536

/* ACCEPT as the kernel keeps it (iptables: libiptc.c). */
#define VERDICT_ACCEPT (-NF_ACCEPT - 1)

/* Questions (IPT_SO_GET_INFO is IP6T_SO_GET_INFO) and answers are the same for both families; only the head
 * of an entry is another. */
_Static_assert(sizeof(struct ipt_getinfo) == sizeof(struct ip6t_getinfo), "one layout");

struct layout {
	const char *names; /* a file of the kernel with the tables there are, one a line; none without the
			      module */
	int family, level;
	size_t head, target_offset, next_offset; /* of an entry: its length, and where these are in it */
};

static const struct layout layouts[] = {
	{"/proc/net/ip_tables_names", AF_INET, IPPROTO_IP, sizeof(struct ipt_entry),
	 offsetof(struct ipt_entry, target_offset), offsetof(struct ipt_entry, next_offset)},
	{"/proc/net/ip6_tables_names", AF_INET6, IPPROTO_IPV6, sizeof(struct ip6t_entry),
	 offsetof(struct ip6t_entry, target_offset), offsetof(struct ip6t_entry, next_offset)}};

static size_t read16(const unsigned char *at)
{
	uint16_t x;

	memcpy(&x, at, sizeof(x));
	return x;
}

/* An entry that is a policy, and accepts, or the end of the table. */
static bool accepts(const unsigned char *target_at)
{
	struct xt_standard_target target;

	memcpy(&target, target_at, sizeof(target));
	/* The end of the table has a name, ERROR; a policy has none. */
	return *target.target.u.user.name || target.verdict == VERDICT_ACCEPT;
}

static unsigned count_bits(unsigned x)
{
	unsigned n = 0;

	for (; x; x &= x - 1)
		n++;
	return n;
}

static bool all_accept(const struct layout *l, const unsigned char *entries, size_t size)
{
	size_t at = 0, target, next;

	while (at + l->head <= size) {
		target = at + read16(entries + at + l->target_offset);
		next = read16(entries + at + l->next_offset);
		if (next == 0 || target + sizeof(struct xt_standard_target) > size ||
		    !accepts(entries + target))
			return false;
		at += next;
	}
	return true;
}

static bool is_idle(const struct layout *l, int fd, const char *table)
{
	struct ipt_getinfo info = {.valid_hooks = 0};
	_cleanup_free_ struct ipt_get_entries *all = NULL;
	socklen_t len = sizeof(info);

	snprintf(info.name, sizeof(info.name), "%s", table);
	if (getsockopt(fd, l->level, IPT_SO_GET_INFO, &info, &len) < 0 ||
	    info.num_entries > count_bits(info.valid_hooks) + 1 || info.size > EMPTY_MAX)
		return false;
	len = (socklen_t)(sizeof(*all) + info.size);
	all = calloc(1, len);
	if (!all)
		return false;
	snprintf(all->name, sizeof(all->name), "%s", table);
	all->size = info.size;
	return getsockopt(fd, l->level, IPT_SO_GET_ENTRIES, all, &len) == 0 &&
	       all_accept(l, (const unsigned char *)all->entrytable, info.size);
}

static bool any_filters(const struct layout *l)
{
	_cleanup_close_ int fd = -1;
	FILE *f = fopen(l->names, "re");
	char table[XT_TABLE_MAXNAMELEN];
	bool any = false;

	if (!f)
		return false;
	fd = socket(l->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	while (!any && fgets(table, sizeof(table), f)) {
		table[strcspn(table, "\n")] = '\0';
		any = fd < 0 || !is_idle(l, fd, table);
	}
	fclose(f);
	return any;
}

bool audit_legacy_filters(void)
{
	size_t i;

	for (i = 0; i < ELEMENTSOF(layouts); i++)
		if (any_filters(&layouts[i]))
			return true;
	return false;
}
