/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Netlink transactions: messages gathered between a begin and an end (nfnetlink(7), libnftnl). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "firewall/nft_private.h"

#define ANSWER_SIZE ((size_t)64 << 10)

void *nft_batch_room(struct nft *n, size_t size)
{
	if (n->batch_size - n->batch_len < size) {
		size_t bigger = (n->batch_size + size) * 2;
		char *batch = realloc(n->batch, bigger);

		if (!batch) {
			n->error = -ENOMEM;
			return NULL;
		}
		n->batch = batch;
		n->batch_size = bigger;
	}
	/* libmnl fills padding only in parts; the kernel shall not see our heap. */
	memset(n->batch + n->batch_len, 0, size);
	return n->batch + n->batch_len;
}

void nft_batch_done(struct nft *n, const struct nlmsghdr *nlh)
{
	n->batch_len += MNL_ALIGN(nlh->nlmsg_len);
}

struct nlmsghdr *nft_batch_message(struct nft *n, uint16_t type, uint16_t flags, size_t size)
{
	char *room = nft_batch_room(n, size);

	if (!room)
		return NULL;
	n->last_seq = n->seq++;
	return nftnl_nlmsg_build_hdr(room, type, NFPROTO_INET, flags | NLM_F_ACK, n->last_seq);
}

void nft_batch_begin(struct nft *n)
{
	char *room;

	n->batch_len = 0;
	n->error = 0;
	n->begin_seq = n->seq++;
	n->last_seq = n->begin_seq;
	room = nft_batch_room(n, NFT_MESSAGE_SIZE);
	if (room)
		nft_batch_done(n, nftnl_batch_begin(room, n->begin_seq));
}

/*
 * The kernel works through a batch within sendmsg(2) and queues all answers, so
 * reading until there are none tells everything.
 */
static int read_answers(struct nft *n)
{
	_cleanup_free_ char *buf = malloc(ANSWER_SIZE);
	bool acknowledged = false;
	int error = 0;

	if (!buf)
		return -ENOMEM;
	for (;;) {
		ssize_t len = recv(mnl_socket_get_fd(n->socket), buf, ANSWER_SIZE, MSG_DONTWAIT);
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)(void *)buf;
		int left = (int)len;

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (len < 0)
			return -errno;
		for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
			const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);

			if (nlh->nlmsg_type != NLMSG_ERROR || nlh->nlmsg_seq < n->begin_seq)
				continue;
			if (e->error && !error)
				error = e->error;
			acknowledged |= e->error == 0 && nlh->nlmsg_seq == n->last_seq;
		}
	}
	return error || acknowledged ? error : -EPROTO;
}

int nft_batch_send(struct nft *n)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	char *room;

	room = nft_batch_room(n, NFT_MESSAGE_SIZE);
	if (room)
		nft_batch_done(n, nftnl_batch_end(room, n->seq++));
	if (n->error)
		return n->error;
	if (n->last_seq == n->begin_seq)
		return 0; /* nothing in it */
	for (;;) {
		if (sendto(mnl_socket_get_fd(n->socket), n->batch, n->batch_len, 0,
			   (const struct sockaddr *)&kernel, sizeof(kernel)) >= 0)
			return read_answers(n);
		if (errno != EINTR)
			return -errno;
	}
}
