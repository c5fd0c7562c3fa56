/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Elements of our sets, and what others do to them. */
#include "firewall/nft_private.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libnftnl/expr.h>
#include <libnftnl/set.h>

#include "base/cleanup.h"

/* An element takes up to 72 bytes in a message; attributes that hold them end at 64 KiB. */
#define ELEMENTS_MESSAGE_SIZE ((size_t)80 << 10)
#define BUFFER_SIZE ((size_t)1 << 20)
#define SOCKET_BUFFER (16 << 20)
/* Where a key of NFT_PORT4 has the port. */
#define PORT4_PORT 4

static struct mnl_socket *open_socket(unsigned groups)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	int size = SOCKET_BUFFER, on = 1;

	if (!s)
		return NULL;
	if (mnl_socket_bind(s, groups, MNL_SOCKET_AUTOPID) < 0) {
		mnl_socket_close(s);
		return NULL;
	}
	/* A batch is one datagram; errors need not bring it back to us. */
	setsockopt(mnl_socket_get_fd(s), SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	setsockopt(mnl_socket_get_fd(s), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	mnl_socket_setsockopt(s, NETLINK_CAP_ACK, &on, sizeof(on));
	return s;
}

int nft_open(const char *table, uint32_t max_bans, struct nft **ret)
{
	struct nft *n = calloc(1, sizeof(*n));
	int group = NFNLGRP_NFTABLES, r;

	if (!n)
		return -ENOMEM;
	n->seq = 1;
	n->max_bans = max_bans;
	n->table = strdup(table);
	n->socket = open_socket(0);
	n->watch = n->socket ? open_socket(0) : NULL;
	n->dump = n->watch ? open_socket(0) : NULL;
	if (!n->table || !n->dump ||
	    mnl_socket_setsockopt(n->watch, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0) {
		r = errno ? -errno : -ENOMEM;
		nft_close(n);
		return r;
	}
	nft_open_wire(n);
	n->paused = nft_has_chain(n, NFT_CHAIN_PAUSED);
	n->sip.on = nft_has_set(n, NFT_SIP_UDP);
	*ret = n;
	return 0;
}

struct nft *nft_close(struct nft *n)
{
	if (!n)
		return NULL;
	if (n->socket)
		mnl_socket_close(n->socket);
	if (n->watch)
		mnl_socket_close(n->watch);
	if (n->dump)
		mnl_socket_close(n->dump);
	if (n->wire)
		mnl_socket_close(n->wire);
	if (n->elements)
		nftnl_set_free(n->elements);
	free((void *)n->witness.ports);
	free(n->batch);
	free(n->table);
	free(n);
	return NULL;
}

/* Writing elements */

void nft_end_elements(struct nft *n)
{
	struct nlmsghdr *nlh;

	if (!n->elements)
		return;
	nlh = nft_batch_message(n, n->command, n->flags, ELEMENTS_MESSAGE_SIZE);
	if (nlh) {
		nftnl_set_elems_nlmsg_build_payload(nlh, n->elements);
		nft_batch_done(n, nlh);
	}
	nftnl_set_free(n->elements);
	n->elements = NULL;
	n->n_elements = 0;
}

static void need_elements(struct nft *n, uint16_t command, uint16_t flags, enum nft_set set)
{
	if (n->elements && (n->command != command || n->flags != flags || n->set != set ||
			    n->n_elements >= NFT_MESSAGE_ELEMENTS))
		nft_end_elements(n);
	if (n->elements)
		return;
	n->elements = nftnl_set_alloc();
	if (!n->elements) {
		n->error = -ENOMEM;
		return;
	}
	n->command = command;
	n->flags = flags;
	n->set = set;
	nftnl_set_set_str(n->elements, NFTNL_SET_TABLE, n->table);
	nftnl_set_set_str(n->elements, NFTNL_SET_NAME, nft_set_name(set));
}

static void put_element(struct nft *n, const void *key, uint32_t flags, usec_t left)
{
	struct nftnl_set_elem *e = n->elements ? nftnl_set_elem_alloc() : NULL;

	if (!e) {
		n->error = -ENOMEM;
		return;
	}
	nftnl_set_elem_set(e, NFTNL_SET_ELEM_KEY, key, nft_set_key_size(n->set));
	if (flags)
		nftnl_set_elem_set_u32(e, NFTNL_SET_ELEM_FLAGS, flags);
	/* Milliseconds, and 0 would mean none. */
	if (left != USEC_INFINITY)
		nftnl_set_elem_set_u64(e, NFTNL_SET_ELEM_TIMEOUT, left / USEC_PER_MSEC + (left % USEC_PER_MSEC > 0));
	nftnl_set_elem_add(n->elements, e);
	n->n_elements++;
}

void nft_add_key(struct nft *n, enum nft_set set, const void *key, uint32_t flags, usec_t left)
{
	need_elements(n, NFT_MSG_NEWSETELEM, NLM_F_CREATE, set);
	put_element(n, key, flags, left);
}

void nft_begin(struct nft *n)
{
	nft_batch_begin(n);
}

void nft_key(enum nft_set set, const struct addr *addr, uint8_t key[static NFT_KEY_MAX])
{
	const uint16_t port = htons(addr->port);

	memset(key, 0, NFT_KEY_MAX);
	if (set != NFT_PORT4) {
		memcpy(key, addr->bytes, nft_set_key_size(set));
		return;
	}
	/* Parts of a concatenation are filled up to 32 bits. */
	memcpy(key, addr->bytes, PORT4_PORT);
	memcpy(key + PORT4_PORT, &port, sizeof(port));
}

void nft_add(struct nft *n, enum nft_set set, const struct addr *addr, usec_t left)
{
	uint8_t key[NFT_KEY_MAX];

	nft_key(set, addr, key);
	nft_add_key(n, set, key, 0, left);
}

void nft_add_new(struct nft *n, enum nft_set set, const struct addr *addr, usec_t left)
{
	uint8_t key[NFT_KEY_MAX];

	nft_key(set, addr, key);
	need_elements(n, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, set);
	put_element(n, key, 0, left);
}

void nft_remove(struct nft *n, enum nft_set set, const struct addr *addr)
{
	uint8_t key[NFT_KEY_MAX];

	nft_key(set, addr, key);
	need_elements(n, NFT_MSG_DELSETELEM, 0, set);
	put_element(n, key, 0, USEC_INFINITY);
}

/* The host behind last, which ends a range; false behind the last of all. */
static bool behind(const struct addr *last, struct addr *ret)
{
	unsigned i = last->family == AF_INET ? 4 : 16;

	*ret = *last;
	while (i-- > 0)
		if (++ret->bytes[i] != 0)
			return true;
	return false;
}

static void put_range(struct nft *n, const struct addr *first, const struct addr *last, usec_t left)
{
	struct addr end;

	put_element(n, first->bytes, 0, left);
	if (behind(last, &end))
		put_element(n, end.bytes, NFT_SET_ELEM_INTERVAL_END, USEC_INFINITY);
}

void nft_add_range(struct nft *n, enum nft_set set, const struct addr *first, const struct addr *last, usec_t left)
{
	need_elements(n, NFT_MSG_NEWSETELEM, NLM_F_CREATE, set);
	put_range(n, first, last, left);
}

void nft_remove_range(struct nft *n, enum nft_set set, const struct addr *first, const struct addr *last)
{
	need_elements(n, NFT_MSG_DELSETELEM, 0, set);
	put_range(n, first, last, USEC_INFINITY);
}

void nft_clear(struct nft *n, enum nft_set set)
{
	nft_end_elements(n);
	need_elements(n, NFT_MSG_DELSETELEM, 0, set);
	nft_end_elements(n);
}

int nft_commit(struct nft *n)
{
	nft_end_elements(n);
	return nft_batch_send(n);
}

/* Reading elements */

struct dump {
	enum nft_set set;
	nft_element_fn fn;
	void *userdata;
};

static int take_counter(struct nftnl_expr *expr, void *userdata)
{
	struct nft_element *e = userdata;
	const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_NAME);

	if (name && strcmp(name, "counter") == 0) {
		e->packets = nftnl_expr_get_u64(expr, NFTNL_EXPR_CTR_PACKETS);
		e->bytes = nftnl_expr_get_u64(expr, NFTNL_EXPR_CTR_BYTES);
	}
	return 0;
}

static struct addr address_of(enum nft_set set, const uint8_t *key)
{
	const bool v6 = nft_set_key_size(set) == 16;
	struct addr a = { .family = v6 ? AF_INET6 : AF_INET, .len = v6 ? 128 : 32 };
	uint16_t port;

	memcpy(a.bytes, key, a.len / 8);
	if (set == NFT_PORT4) {
		memcpy(&port, key + PORT4_PORT, sizeof(port));
		a.port = ntohs(port);
	}
	return a;
}

static int take_element(struct nftnl_set_elem *elem, void *userdata)
{
	const struct dump *d = userdata;
	struct nft_element e = { .left = USEC_INFINITY };
	uint32_t len = 0;
	const void *key = nftnl_set_elem_get(elem, NFTNL_SET_ELEM_KEY, &len);

	if (!key || len != nft_set_key_size(d->set))
		return 0;
	e.addr = address_of(d->set, key);
	if (nftnl_set_elem_is_set(elem, NFTNL_SET_ELEM_FLAGS))
		e.range_end = nftnl_set_elem_get_u32(elem, NFTNL_SET_ELEM_FLAGS) & NFT_SET_ELEM_INTERVAL_END;
	if (nftnl_set_elem_is_set(elem, NFTNL_SET_ELEM_EXPIRATION))
		e.left = nftnl_set_elem_get_u64(elem, NFTNL_SET_ELEM_EXPIRATION) * USEC_PER_MSEC;
	nftnl_set_elem_expr_foreach(elem, take_counter, &e);
	d->fn(d->userdata, &e);
	return 0;
}

static int take_elements(const struct nlmsghdr *nlh, void *userdata)
{
	struct nftnl_set *s = nftnl_set_alloc();

	if (!s)
		return MNL_CB_ERROR;
	if (nftnl_set_elems_nlmsg_parse(nlh, s) == 0)
		nftnl_set_elem_foreach(s, take_element, userdata);
	nftnl_set_free(s);
	return MNL_CB_OK;
}

/* Asks for all elements of the set. */
static int ask_for_elements(const struct nft *n, struct mnl_socket *socket, enum nft_set set, uint32_t seq)
{
	char buf[NFT_MESSAGE_SIZE];
	struct nftnl_set *s = nftnl_set_alloc();
	struct nlmsghdr *nlh;

	if (!s)
		return -ENOMEM;
	nlh = nftnl_nlmsg_build_hdr(buf, NFT_MSG_GETSETELEM, NFPROTO_INET, NLM_F_DUMP, seq);
	nftnl_set_set_str(s, NFTNL_SET_TABLE, n->table);
	nftnl_set_set_str(s, NFTNL_SET_NAME, nft_set_name(set));
	nftnl_set_elems_nlmsg_build_payload(nlh, s);
	nftnl_set_free(s);
	return mnl_socket_sendto(socket, nlh, nlh->nlmsg_len) < 0 ? -errno : 0;
}

int nft_dump(struct nft *n, enum nft_set set, nft_element_fn fn, void *userdata)
{
	struct dump d = { set, fn, userdata };
	_cleanup_free_ char *buf = malloc(BUFFER_SIZE);
	unsigned port = mnl_socket_get_portid(n->socket);
	uint32_t seq = n->seq++;
	ssize_t len;
	int r = buf ? ask_for_elements(n, n->socket, set, seq) : -ENOMEM;

	if (r < 0)
		return r;
	for (r = 1; r > 0;) {
		len = mnl_socket_recvfrom(n->socket, buf, BUFFER_SIZE);
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return -errno;
		r = mnl_cb_run(buf, (size_t)len, seq, port, take_elements, &d);
		/* The set changed while it was dumped: what came is good, some may be missing. */
		if (r < 0)
			return errno == EINTR ? -EAGAIN : -errno;
	}
	return 0;
}

int nft_dump_start(struct nft *n, enum nft_set set)
{
	int r;

	nft_dump_stop(n);
	n->dump_set = set;
	n->dump_seq = n->seq++;
	r = ask_for_elements(n, n->dump, set, n->dump_seq);
	n->dumping = r >= 0;
	return r;
}

/* Unlike mnl_cb_run(3), not troubled by what others change meanwhile: that is always so here. */
static int take_step(struct nlmsghdr *nlh, int left, struct dump *d)
{
	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		if (nlh->nlmsg_type == NLMSG_DONE)
			return 0;
		if (nlh->nlmsg_type == NLMSG_ERROR)
			return ((const struct nlmsgerr *)mnl_nlmsg_get_payload(nlh))->error;
		if (take_elements(nlh, d) < 0)
			return -ENOMEM;
	}
	return 1;
}

int nft_dump_step(struct nft *n, nft_element_fn fn, void *userdata)
{
	struct dump d = { n->dump_set, fn, userdata };
	_cleanup_free_ char *buf = malloc(BUFFER_SIZE);
	ssize_t len = buf ? recv(nft_dump_fd(n), buf, BUFFER_SIZE, MSG_DONTWAIT) : 0;
	int r;

	if (len < 0 && (errno == EINTR || errno == EAGAIN))
		return 1;
	r = !buf ? -ENOMEM : len < 0 ? -errno : take_step((struct nlmsghdr *)(void *)buf, (int)len, &d);
	if (r <= 0)
		n->dumping = false;
	return r;
}

static void forget_element(void *userdata, const struct nft_element *e)
{
	(void)userdata;
	(void)e;
}

void nft_dump_stop(struct nft *n)
{
	struct pollfd p = { .fd = nft_dump_fd(n), .events = POLLIN };

	/* The kernel takes no other question on this socket before it has told the rest. */
	while (n->dumping && (poll(&p, 1, -1) >= 0 || errno == EINTR))
		nft_dump_step(n, forget_element, NULL);
}

int nft_dump_fd(const struct nft *n)
{
	return n->dumping ? mnl_socket_get_fd(n->dump) : -1;
}

/* Watching */

int nft_watch_fd(const struct nft *n)
{
	return mnl_socket_get_fd(n->watch);
}

static bool takes_away(uint16_t type)
{
	return type == NFT_MSG_DELTABLE || type == NFT_MSG_DELCHAIN || type == NFT_MSG_DELRULE ||
	       type == NFT_MSG_DELSET || type == NFT_MSG_DELSETELEM;
}

/* Does the message name our table? In all these types attribute 1 is the table
 * (NFTA_TABLE_NAME, NFTA_CHAIN_TABLE, …: linux/netfilter/nf_tables.h). */
static bool names_our_table(const struct nft *n, const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attr) == NFTA_TABLE_NAME)
			return mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0 &&
			       strcmp(mnl_attr_get_str(attr), n->table) == 0;
	}
	return false;
}

bool nft_watch_read(struct nft *n)
{
	_cleanup_free_ char *buf = malloc(BUFFER_SIZE);
	unsigned port = mnl_socket_get_portid(n->socket);
	bool lost = false;

	while (buf) {
		ssize_t len = recv(nft_watch_fd(n), buf, BUFFER_SIZE, MSG_DONTWAIT);
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)(void *)buf;
		int left = (int)len;

		if (len < 0 && errno == EINTR)
			continue;
		/* Told too much to hear it all: something of ours may have been in it. */
		if (len < 0 && errno == ENOBUFS) {
			lost = true;
			continue;
		}
		if (len <= 0)
			break;
		for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
			bool nftables = nlh->nlmsg_type >> 8 == NFNL_SUBSYS_NFTABLES;

			if (nftables && nlh->nlmsg_pid != port && takes_away(nlh->nlmsg_type & 0xff) &&
			    names_our_table(n, nlh))
				lost = true;
		}
	}
	return lost;
}
