/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_FIREWALL_NFT_H
#define SIPWARDEN_FIREWALL_NFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/sipcount.h"
#include "base/timespan.h"
#include "config/config.h"

/*
 * Our table in nftables, through netlink (libmnl, libnftnl). Nothing of anybody
 * else's is read or written.
 *
 *   table inet NAME {
 *     set exempt4, exempt6   interval
 *     set ban4, ban6, ban64  hash, timeout, counter; at most max_bans each; ban64: IPv6 networks of 64 bits
 *     set port4              the same, of addresses with the port that they send UDP from
 *     set net4, net6         interval, timeout, counter
 *     set seen4, seen6       dynamic, timeout; at most witness.size each; seen6: networks of 64 bits
 *     set missed             dynamic, timeout: families of which packets were not noted in seen
 *     set called4, called6   as seen, of those to whom this host sends requests
 *     set ports, transports  what the witness watches
 *     chain witness { note the source in seen4 or seen6; if that fails, its family in missed }
 *     chain prerouting { type filter hook prerouting priority raw; policy accept;
 *       watched → jump witness; exempt → accept; banned → counter drop }
 *     chain called { note the destination in called4 or called6 }
 *     chain postrouting { type filter hook postrouting priority raw; policy accept;
 *       UDP from a watched port that begins as a SIP request → jump called }
 *     set watch4, watch6     timeout: of whose SIP packets there are copies
 *     chain wire_in, wire_out  hooks input and output, only while there are any: nft_wire.c
 *     …                      those of the SIP firewall, while it is on: nft_sip.c
 *     chain paused { }       only there while nothing is dropped
 *   }
 */
struct nft;

enum nft_set {
	NFT_BAN4,
	NFT_BAN6,
	NFT_BAN64,
	NFT_PORT4,
	NFT_NET4,
	NFT_NET6,
	NFT_EXEMPT4,
	NFT_EXEMPT6,
	NFT_SEEN4,
	NFT_SEEN6,
	NFT_CALLED4,
	NFT_CALLED6,
	NFT_MISSED,
	NFT_PORTS,
	NFT_TRANSPORTS,
	NFT_WATCH4, /* of whose SIP packets there are copies */
	NFT_WATCH6,
	/* Of the SIP firewall: only while it is on. */
	NFT_SIP_UDP, /* its ports */
	NFT_SIP_TCP,
	NFT_TRUSTED4, /* who has logged in */
	NFT_TRUSTED6,
	NFT_CROWDED4, /* who has too many connections */
	NFT_CROWDED6,
	NFT_ANSWERED4, /* whom the gateway has answered lately */
	NFT_ANSWERED6,
	NFT_GREY4, /* new ones that shall send again */
	NFT_GREY6,
	NFT_AGAIN4, /* of these, who did, but at a time when too many did */
	NFT_AGAIN6,
	NFT_LIMITED4, /* who sent more than a source may, with a counter */
	NFT_LIMITED6,
	NFT_SOURCE4, /* counted sources, and for each limit of a source another two sets */
	NFT_SOURCE6,
	NFT_TSOURCE4,
	NFT_TSOURCE6,
	NFT_KEEPALIVE4,
	NFT_KEEPALIVE6,
	NFT_CONN4,
	NFT_CONN6,
	NFT_TCONN4,
	NFT_TCONN6,
	NFT_RETRIED4,
	NFT_RETRIED6,
	NFT_SET_COUNT
};
#define NFT_SIP_FIRST NFT_SIP_UDP
/* Prefix length of the keys of NFT_BAN64, of the IPv6 sets of the witness and of those of the SIP firewall. */
#define NFT_NETWORK6 64

/* What the kernel notes of who sends. */
struct nft_witness {
	bool on;
	uint32_t size;	       /* sources of each family */
	usec_t span;	       /* since their last packet */
	usec_t called_span;    /* since our last request to them */
	const uint16_t *ports; /* watched, ascending */
	size_t n_ports;
};

#define NFT_SIP_PORTS_MAX SIP_PORTS_MAX

/* The limits of packets to SIP ports. */
struct nft_sip {
	bool on;
	struct config_sip limits; /* its ports are not read */
	uint16_t udp[NFT_SIP_PORTS_MAX], tcp[NFT_SIP_PORTS_MAX];
	size_t n_udp, n_tcp;
};

/* Nothing is made yet. A table that was left paused is known to be. */
int nft_open(const char *table, uint32_t max_bans, struct nft **ret);
struct nft *nft_close(struct nft *n);

/* For the next nft_setup(); w is copied. 1 if it was different before, 0, or -ENOMEM. */
int nft_set_witness(struct nft *n, const struct nft_witness *w);
/*
 * Makes the table, or completes the one that is there (also one of an older
 * version): in one transaction, so there is no moment without protection, and
 * elements stay. Sizes change in place. A table of another shape is replaced, also
 * in one transaction, with up to NFT_CARRIED_MAX of its elements (the kernel
 * was seen to find ranges in a new set a tenth of a millisecond late); *replaced
 * says so.
 * The witness counts as new: NFT_MISSED holds both families for its span.
 */
int nft_setup(struct nft *n, bool *replaced);
#define NFT_CARRIED_MAX 200000
/* Takes the rules away that drop, or puts them back; one transaction. Without a
 * table (nft_delete) only for the next nft_setup(): then made is false. */
int nft_pause(struct nft *n, bool paused, bool made);
/*
 * SIP limits as *sip has them, which is copied; one transaction. On failure all is
 * as before. Without a table only for the next nft_setup(). Off: nothing of it is
 * left, trust included. A table that has them is known to be on at nft_open().
 */
int nft_switch_sip(struct nft *n, const struct nft_sip *sip, bool made);
bool nft_sip_is_on(const struct nft *n);
/* A setup failed because of them, and was made without, so they are off: the error; tells it once. 0: none did. */
int nft_take_sip_error(struct nft *n);
/* What a counter says; zeros while it is off. */
int nft_sip_counter(struct nft *n, enum sip_count which, struct sip_counter *ret);
/*
 * Copies of the UDP packets from and to the addresses in NFT_WATCH4 and NFT_WATCH6
 * at the witness's ports, whole, up to so many a second: on or off. They are received
 * from nft_wire_fd(). -EOPNOTSUPP: this kernel, or somebody else who has taken all groups,
 * does not let us. nft_setup() switches it off.
 */
int nft_switch_wire(struct nft *n, bool on);
bool nft_wire_is_on(const struct nft *n);
/* -1: there is none. Who has it can receive, and without CAP_NET_ADMIN nothing else. */
int nft_wire_fd(const struct nft *n);
/* Deletes the table; 0 also if there is none. */
int nft_delete(struct nft *n);

/*
 * A transaction: everything between begin and commit happens at once, or not at
 * all. Elements are gathered into messages of up to NFT_MESSAGE_ELEMENTS.
 * commit returns 0 or negative errno of the first message that failed: -ENFILE
 * set full, -ENOENT, -EEXIST, -ENOMEM, … A failure while gathering is told at
 * commit, too.
 */
#define NFT_MESSAGE_ELEMENTS 500
void nft_begin(struct nft *n);
/* One address of a hash set for left (USEC_INFINITY: for ever, else at least a
 * millisecond). One that is there stays as it is; for add_new that is -EEXIST. */
void nft_add(struct nft *n, enum nft_set set, const struct addr *addr, usec_t left);
void nft_add_new(struct nft *n, enum nft_set set, const struct addr *addr, usec_t left);
void nft_remove(struct nft *n, enum nft_set set, const struct addr *addr);
/* A range of an interval set. */
void nft_add_range(struct nft *n, enum nft_set set, const struct addr *first, const struct addr *last, usec_t left);
void nft_remove_range(struct nft *n, enum nft_set set, const struct addr *first, const struct addr *last);
/* Every element of the set. */
void nft_clear(struct nft *n, enum nft_set set);
int nft_commit(struct nft *n);

bool nft_has_set(struct nft *n, enum nft_set set);

/* One element, or one end of a range. */
struct nft_element {
	struct addr addr; /* a host */
	bool range_end;	  /* the first address behind a range */
	usec_t left;	  /* USEC_INFINITY: for ever */
	uint64_t packets, bytes;
};
typedef void (*nft_element_fn)(void *userdata, const struct nft_element *e);
/* All elements of a set, in no order. */
int nft_dump(struct nft *n, enum nft_set set, nft_element_fn fn, void *userdata);
/*
 * The same bit by bit, while other things go on: the kernel walks a hash set from
 * its start for each bit of some hundred elements, so that a million take it more
 * than a minute. One at a time. What comes or goes meanwhile may be missed.
 */
int nft_dump_start(struct nft *n, enum nft_set set);
/* The next bit, when nft_dump_fd() is readable. 1: there is more; 0: that was all. */
int nft_dump_step(struct nft *n, nft_element_fn fn, void *userdata);
/* Gives up the dump in progress, if any. */
void nft_dump_stop(struct nft *n);
int nft_dump_fd(const struct nft *n);

/* How many elements a set has, without looking at each; -EOPNOTSUPP: this kernel does not tell. */
int64_t nft_count(struct nft *n, enum nft_set set);
/* How many it may have; 0: no limit. */
uint32_t nft_set_limit(const struct nft *n, enum nft_set set);

/* Has it sent to a watched port within the witness's span? Have we sent it requests? */
struct nft_question {
	struct addr addr; /* a host, or a prefix within an IPv6 network of 64 bits, which counts as one */
	int answer;	  /* 0: yes; -EISCONN: we call it ourselves; -ENOENT: no; -ENODATA: not known */
};
/* Any number of them; see docs/performance.md for the cost. */
void nft_seen(struct nft *n, struct nft_question *questions, size_t count);

/* Readable when somebody changed nftables. */
int nft_watch_fd(const struct nft *n);
/* Reads what happened: true if something of ours may be gone. */
bool nft_watch_read(struct nft *n);

#endif
