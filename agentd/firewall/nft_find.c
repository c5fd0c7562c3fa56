/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions for single elements and chains: many in one datagram, one answer each. */
#include "firewall/nft_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"

/* Asked at once; a question takes less than QUERY_SIZE bytes, an answer less than a page. */
#define AT_ONCE 512
#define QUERY_SIZE 192
#define ANSWER_SIZE ((size_t)64 << 10)

/* Whether an element is there: 0, -ENOENT, or why that is not known. */
struct query {
	enum nft_set set;
	uint8_t key[16];
	int error;
};

/* The set's element with the key (NFTA_SET_ELEM_LIST_… of linux/netfilter/nf_tables.h). */
static size_t put_query(struct nft *n, char *room, const struct query *q)
{
	struct nlmsghdr *nlh = nftnl_nlmsg_build_hdr(room, NFT_MSG_GETSETELEM, NFPROTO_INET, 0, n->seq++);
	struct nlattr *list, *element, *key;

	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, n->table);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, nft_set_name(q->set));
	list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	element = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	key = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);
	mnl_attr_put(nlh, NFTA_DATA_VALUE, nft_set_key_size(q->set), q->key);
	mnl_attr_nest_end(nlh, key);
	mnl_attr_nest_end(nlh, element);
	mnl_attr_nest_end(nlh, list);
	return MNL_ALIGN(nlh->nlmsg_len);
}

/*
 * The kernel answers within sendto(2): with what was asked for, or an error.
 * What gets no answer keeps its error; another one is told as the return value.
 */
static int exchange(struct nft *n, const char *ask, size_t len, uint32_t first, int *errors[], size_t count)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int fd = mnl_socket_get_fd(n->socket);
	_cleanup_free_ char *buf = malloc(ANSWER_SIZE);

	if (!buf)
		return -ENOMEM;
	while (sendto(fd, ask, len, 0, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		if (errno != EINTR)
			return -errno;
	for (;;) {
		ssize_t got = recv(fd, buf, ANSWER_SIZE, MSG_DONTWAIT);
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)(void *)buf;
		int left = (int)got;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno == EAGAIN ? 0 : -errno;
		for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
			const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);

			if (nlh->nlmsg_seq - first < count)
				*errors[nlh->nlmsg_seq - first] = nlh->nlmsg_type == NLMSG_ERROR ? e->error : 0;
		}
	}
}

static void find(struct nft *n, struct query *queries, size_t count)
{
	_cleanup_free_ char *buf = calloc(AT_ONCE, QUERY_SIZE);
	int *errors[AT_ONCE];
	size_t i, k;

	for (i = 0; i < count; i++)
		queries[i].error = buf ? -EPROTO : -ENOMEM;
	for (i = 0; buf && i < count; i += k) {
		uint32_t first = n->seq;
		size_t len = 0;

		for (k = 0; k < AT_ONCE && i + k < count; k++) {
			len += put_query(n, buf + len, &queries[i + k]);
			errors[k] = &queries[i + k].error;
		}
		if (exchange(n, buf, len, first, errors, k) < 0)
			return;
	}
}

/* Can the sets of those seen have it? */
static bool is_key(const struct addr *a)
{
	return a->len >= (a->family == AF_INET6 ? NFT_NETWORK6 : 32);
}

static void query_for(const struct addr *a, enum nft_set set4, enum nft_set set6, struct query *ret)
{
	const bool v6 = a->family == AF_INET6;
	const struct addr key = addr_truncate(a, v6 ? NFT_NETWORK6 : 32);

	ret->set = v6 ? set6 : set4;
	memcpy(ret->key, key.bytes, sizeof(ret->key));
}

void nft_seen(struct nft *n, struct nft_question *questions, size_t count)
{
	_cleanup_free_ struct query *queries = n->witness.on ? calloc(count * 2 + 2, sizeof(*queries)) : NULL;
	struct query *called, *all_missed;
	size_t i;

	for (i = 0; i < count; i++)
		questions[i].answer = -ENODATA;
	if (!queries)
		return;
	called = queries + count;
	all_missed = called + count;
	for (i = 0; i < count; i++) {
		query_for(&questions[i].addr, NFT_SEEN4, NFT_SEEN6, &queries[i]);
		query_for(&questions[i].addr, NFT_CALLED4, NFT_CALLED6, &called[i]);
	}
	/* Last: a packet that was not noted was missed before its line was asked about. */
	all_missed[0] = (struct query){ NFT_MISSED, { NFPROTO_IPV4 }, 0 };
	all_missed[1] = (struct query){ NFT_MISSED, { NFPROTO_IPV6 }, 0 };
	find(n, queries, count * 2 + 2);
	for (i = 0; i < count; i++) {
		const struct query *missed = &all_missed[queries[i].set == NFT_SEEN6];

		if (!is_key(&questions[i].addr))
			continue;
		if (queries[i].error == -ENOENT && missed->error == -ENOENT)
			questions[i].answer = -ENOENT;
		else if (called[i].error == 0)
			questions[i].answer = -EISCONN;
		else if (queries[i].error == 0)
			questions[i].answer = 0;
	}
}

/* Of both kinds, attribute 1 is the table. */
static bool exists(struct nft *n, uint16_t type, uint16_t attribute, const char *name)
{
	char buf[QUERY_SIZE] = { 0 };
	struct nlmsghdr *nlh = nftnl_nlmsg_build_hdr(buf, type, NFPROTO_INET, 0, n->seq);
	int error = -EPROTO, *errors[] = { &error };

	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, n->table);
	mnl_attr_put_strz(nlh, attribute, name);
	return exchange(n, buf, nlh->nlmsg_len, n->seq++, errors, 1) == 0 && error == 0;
}

bool nft_has_chain(struct nft *n, const char *chain)
{
	return exists(n, NFT_MSG_GETCHAIN, NFTA_CHAIN_NAME, chain);
}

bool nft_has_set(struct nft *n, enum nft_set set)
{
	return exists(n, NFT_MSG_GETSET, NFTA_SET_NAME, nft_set_name(set));
}
