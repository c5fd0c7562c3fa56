/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_FIREWALL_NFT_PRIVATE_H
#define SIPWARDEN_FIREWALL_NFT_PRIVATE_H

#include <netinet/in.h> /* before linux/netfilter.h, or they collide */

#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "firewall/nft.h"

/* Between the files nft*.c. */

struct nftnl_set;

struct nft {
	char *table;
	uint32_t max_bans;
	struct nft_witness witness; /* with ports of its own */
	bool paused;
	struct nft_sip sip;
	int sip_error; /* it is not on because of it */
	struct mnl_socket *wire; /* copies of packets come there; NULL: none can */
	uint16_t wire_group;	 /* of NFLOG */
	bool wire_on;
	struct mnl_socket *socket; /* commands */
	struct mnl_socket *watch;
	struct mnl_socket *dump; /* opened at start: a confined helper may open none */
	bool dumping;
	enum nft_set dump_set;
	uint32_t dump_seq;
	uint32_t seq;

	/* The transaction at hand. */
	char *batch;
	size_t batch_len, batch_size;
	uint32_t begin_seq, last_seq;
	int error; /* while gathering */

	/* The element message at hand. */
	struct nftnl_set *elements;
	enum nft_set set;
	uint16_t command, flags;
	unsigned n_elements;
};

const char *nft_set_name(enum nft_set set);
uint32_t nft_set_key_size(enum nft_set set);
/* IPv6 networks of 64 bits, rather than hosts. */
bool nft_set_has_networks(enum nft_set set);
/* Of all keys. */
#define NFT_KEY_MAX 16
/* What the set has for the address, of nft_set_key_size() bytes. */
void nft_key(enum nft_set set, const struct addr *addr, uint8_t key[static NFT_KEY_MAX]);
/* One element by its key, of nft_set_key_size() bytes. */
void nft_add_key(struct nft *n, enum nft_set set, const void *key, uint32_t flags, usec_t left);
/* The elements gathered so far become one message: before any other message that is to follow them. */
void nft_end_elements(struct nft *n);
bool nft_has_chain(struct nft *n, const char *chain);
/* No rules in any chain of the table. */
void nft_put_no_rules(struct nft *n);
/* All rules anew. */
void nft_put_rules(struct nft *n);

/* nft_wire.c */
/* Takes a group of its own, if it can. */
void nft_open_wire(struct nft *n);
/* Chains and rules, or none of it. */
void nft_put_wire(struct nft *n);

/* nft_sip.c: limits of packets to the SIP ports. What they need: chains, sets, ports, counters; or none of it. */
void nft_put_sip(struct nft *n);
/* Anew, if they are on and nothing is paused; else none that lead to the others. */
void nft_put_sip_rules(struct nft *n);
void nft_put_chain(struct nft *n, uint16_t type, const char *name, int hook);
void nft_put_set(struct nft *n, uint16_t type, enum nft_set set);
/* No hook of the kernel: rules of other chains may jump to the chain. */
#define NFT_NO_HOOK (-1)
/* Room for one message of at most size bytes at the end of the batch, or NULL (n->error is set). */
void *nft_batch_room(struct nft *n, size_t size);
/* The message made there is complete. */
void nft_batch_done(struct nft *n, const struct nlmsghdr *nlh);
/* Puts the head of a message of type NFT_MSG_… there; NULL: no memory. */
struct nlmsghdr *nft_batch_message(struct nft *n, uint16_t type, uint16_t flags, size_t size);
/* Sends what was gathered, without elements pending. */
int nft_batch_send(struct nft *n);
void nft_batch_begin(struct nft *n);

#define NFT_CHAIN "prerouting"
#define NFT_CHAIN_WITNESS "witness"
#define NFT_CHAIN_OUT "postrouting"
#define NFT_CHAIN_CALLED "called"
#define NFT_CHAIN_PAUSED "paused"
#define NFT_CHAIN_WIRE_IN "wire_in"
#define NFT_CHAIN_WIRE_OUT "wire_out"

/* Where TCP, UDP and SCTP have their ports, and UDP its length and what it carries. */
#define NFT_SOURCE_PORT_OFFSET 0
#define NFT_PORT_OFFSET 2
#define NFT_UDP_LENGTH_OFFSET 4
#define NFT_UDP_DATA_OFFSET 8

/* Largest message without elements, with room to spare. */
#define NFT_MESSAGE_SIZE 4096

#endif
