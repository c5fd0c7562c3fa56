/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many elements a set has. */
#include "firewall/nft_private.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"

/* NFTA_SET_COUNT of linux/netfilter/nf_tables.h, since Linux 6.16. */
#define SET_COUNT 20
/* A set is described in less than a page. */
#define ANSWER_SIZE ((size_t)64 << 10)

static int take_attribute(const struct nlattr *attr, void *userdata)
{
	int64_t *count = userdata;

	if (mnl_attr_get_type(attr) == SET_COUNT && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
		*count = ntohl(mnl_attr_get_u32(attr));
	return MNL_CB_OK;
}

static int take_set(const struct nlmsghdr *nlh, void *userdata)
{
	return mnl_attr_parse(nlh, sizeof(struct nfgenmsg), take_attribute, userdata) < 0 ? MNL_CB_ERROR : MNL_CB_STOP;
}

int64_t nft_count(struct nft *n, enum nft_set set)
{
	_cleanup_free_ char *buf = malloc(ANSWER_SIZE);
	unsigned port = mnl_socket_get_portid(n->socket);
	uint32_t seq = n->seq++;
	int64_t count = -EOPNOTSUPP;
	struct nlmsghdr *nlh;
	ssize_t len;

	if (!buf)
		return -ENOMEM;
	nlh = nftnl_nlmsg_build_hdr(buf, NFT_MSG_GETSET, NFPROTO_INET, 0, seq);
	mnl_attr_put_strz(nlh, NFTA_SET_TABLE, n->table);
	mnl_attr_put_strz(nlh, NFTA_SET_NAME, nft_set_name(set));
	if (mnl_socket_sendto(n->socket, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	do
		len = mnl_socket_recvfrom(n->socket, buf, ANSWER_SIZE);
	while (len < 0 && errno == EINTR);
	if (len < 0 || mnl_cb_run(buf, (size_t)len, seq, port, take_set, &count) < 0)
		return -errno;
	return count;
}
