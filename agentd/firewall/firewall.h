/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_FIREWALL_FIREWALL_H
#define SIPWARDEN_FIREWALL_FIREWALL_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "base/addr.h"
#include "base/kernelset.h"
#include "base/sipcount.h"
#include "base/timespan.h"
#include "base/witness.h"
#include "config/config.h"

/*
 * The agent's side of the firewall helper: queues bans and lifts, and sends
 * everything queued in one pass of the event loop as one batch. The helper
 * (helper.h) is another process and the only one with CAP_NET_ADMIN.
 */
struct firewall;

struct firewall_element {
	struct addr addr;
	usec_t left;      /* until the kernel expires it; USEC_INFINITY: never */
	uint64_t packets; /* dropped so far */
	uint64_t bytes;
};

struct firewall_callbacks {
	/*
	 * The helper is there (again) with an empty or adopted table: hand it all
	 * bans that should be in force with firewall_restore(). lost is true when the
	 * kernel's table had been deleted or flushed by somebody else.
	 */
	void (*ready)(void *userdata, bool lost);
	/* The kernel has the ban or lift (error 0), or why not: -EPERM exempt, -ENFILE set full, … */
	void (*done)(void *userdata, const struct addr *addr, bool banned, int error);
	/* The helper is gone; it is being restarted or reconnected to. */
	void (*down)(void *userdata, int error);
	void *userdata;
	/* For firewall_restore(): how long the address is to be banned from now on; 0: not any more. */
	usec_t (*left)(void *userdata, const struct addr *addr);
	/* All that was to be restored is done; also if that was nothing. May be NULL. */
	void (*restored)(void *userdata);
	/* For firewall_trust_again(): for how long the address is to be trusted; 0: not any more. May be NULL. */
	usec_t (*trusted)(void *userdata, const struct addr *addr);
	/* One whom the SIP firewall has limited lately, after firewall_sip_ask(); left: until it is forgotten. May be NULL. */
	void (*limited)(void *userdata, const struct firewall_element *e);
	/* That was all. May be NULL. */
	void (*limited_end)(void *userdata, int error);
	/* The SIP firewall is on or off as asked, or could not be; off in both cases without a helper. May be NULL. */
	void (*switched)(void *userdata, bool on, int error);
	/*
	 * Copies of the packets of watched addresses can be received from fd, as netlink
	 * messages of NFLOG (wire/packet.h): it is the callee's now, in place of an earlier
	 * one. Nobody is watched by then. May be NULL.
	 */
	void (*wire)(void *userdata, int fd);
};

/*
 * Forks what will be the helper: call before giving up rights, and before there is
 * much memory that it would carry for nothing. It touches nothing before
 * firewall_begin(). With cfg->firewall_socket there is no fork: then the one that
 * runs as its own unit is connected to from the event loop, and tried on if it is
 * not there yet. cfg is only read during the call.
 */
int firewall_prepare(sd_event *loop, const struct config *cfg, const struct firewall_callbacks *callbacks,
		     struct firewall **ret);
/* Returns 0 or negative errno. */
int firewall_begin(struct firewall *fw);
/* Both at once. */
int firewall_start(sd_event *loop, const struct config *cfg, const struct firewall_callbacks *callbacks,
		   struct firewall **ret);
/* Ends the helper it started; the table and its bans stay in the kernel. */
struct firewall *firewall_stop(struct firewall *fw);

bool firewall_is_ready(const struct firewall *fw);
/* Ban a host or prefix for left, from now; replaces an earlier timeout. Queued;
 * -ENOBUFS when FIREWALL_QUEUE_MAX are waiting. */
int firewall_ban(struct firewall *fw, const struct addr *addr, usec_t left);
int firewall_unban(struct firewall *fw, const struct addr *addr);
/*
 * A ban that is not new, of which there may be a million: behind all else, so that
 * a new one does not wait for them, and only if it still stands when its turn comes.
 * One that the kernel has already may keep its timeout. done() tells of it as of
 * others. Returns 0 or -ENOMEM.
 */
int firewall_restore(struct firewall *fw, const struct addr *addr);
/* Adds or takes back a run-time exemption; configured ones cannot be taken back (-EPERM later in done). */
int firewall_exempt(struct firewall *fw, const struct addr *addr, bool add);
/*
 * Enforcement off: nothing is dropped, while bans and lifts go on being written,
 * the kernel's witness included; and on again. It is remembered, here for a helper
 * that is not there (-ENOTCONN: done as soon as it is), and in the kernel for a
 * helper that starts anew. A new agent resumes unless it is told to pause before
 * the helper is ready.
 */
int firewall_pause(struct firewall *fw, bool paused);
/*
 * Has the address sent a packet to a watched port within witness_for? A host, or
 * an IPv6 network of 64 bits, which all its hosts count as. fn is called once,
 * from the event loop, in the order of asking. UNSEEN tells only of the last
 * witness_for: a line that is older must be taken as SILENT by who asks.
 * -ENOBUFS when FIREWALL_ASKED_MAX wait, -ENOMEM: fn is not called.
 */
typedef void (*firewall_witness_fn)(void *userdata, const struct addr *addr, enum witness w);
int firewall_ask(struct firewall *fw, const struct addr *addr, firewall_witness_fn fn, void *userdata);
/* Tells the helper of reload: it reads the configured exemptions itself, from its own config file. */
int firewall_reload(struct firewall *fw);
/* Removes the whole table (sipwarden flush). Bans end as -ESHUTDOWN in done until
 * firewall_reload() or the next start, which make it anew: ready() follows. */
int firewall_flush(struct firewall *fw);

/* All elements in the kernel; fn is called for each, then end once (error 0 or negative errno). */
typedef void (*firewall_element_fn)(void *userdata, const struct firewall_element *e);
typedef void (*firewall_end_fn)(void *userdata, int error);
int firewall_list(struct firewall *fw, firewall_element_fn fn, firewall_end_fn end, void *userdata);

/*
 * The SIP firewall (docs/architecture.md). How it shall be is remembered for a
 * helper that comes. Ports, ascending, are those found; the helper takes them only
 * if its own config leaves them open. NULL: as they were said last.
 */
struct firewall_ports {
	const uint16_t *udp, *tcp;
	size_t n_udp, n_tcp;
};
#define FIREWALL_PORTS_MAX SIP_PORTS_MAX
/* 0, -ENOTCONN: done as soon as a helper is there; -ENOMEM. */
int firewall_sip(struct firewall *fw, bool on, const struct firewall_ports *ports);
/* Somebody at the address, an IPv6 address counting as its network of 64 bits, has logged in; is trusted no longer. */
int firewall_trust(struct firewall *fw, const struct addr *addr, usec_t left);
int firewall_distrust(struct firewall *fw, const struct addr *addr);
/* It has too many connections: no new ones for so long. */
int firewall_crowd(struct firewall *fw, const struct addr *addr, usec_t left);
/* One of many, behind all else, as firewall_restore(): callbacks.trusted() says for how long. */
int firewall_trust_again(struct firewall *fw, const struct addr *addr);
/* What its counters say, into firewall_stats(), and who was limited. */
void firewall_sip_ask(struct firewall *fw);

/*
 * Copies of the SIP packets of the host, of an IPv6 address those of its network of 64 bits,
 * from now on for so long, an hour at most. What cannot be is told in the journal. A helper
 * that starts anew, a reload and a flush end it.
 */
int firewall_watch(struct firewall *fw, const struct addr *addr, usec_t left);

#define FIREWALL_QUEUE_MAX 2000000
#define FIREWALL_ASKED_MAX 65536

/*
 * Asks whether the helper is there, unless it has not answered the last time;
 * with sizes, also how full the sets are. What it says is in firewall_stats().
 */
void firewall_ping(struct firewall *fw, bool sizes);

struct firewall_stats {
	bool ready;
	bool fresh;  /* the table was empty when this helper became ready */
	bool paused; /* as the helper has last acknowledged */
	bool own;    /* the agent has started it, and nobody else would */
	bool gone;   /* it has ended, or cannot be reached; it is started or tried again */
	bool orphan; /* and nobody does that, as what started it has ended, too */
	uint64_t bans, unbans, refused, errors, restarts, restores;
	uint64_t pending;   /* sent or queued, not yet acknowledged; what is restored, too */
	usec_t last_answer; /* CLOCK_MONOTONIC; 0: none yet */
	usec_t asked;	    /* CLOCK_MONOTONIC of the ping that is not answered yet; 0: none */
	usec_t down_since;  /* CLOCK_MONOTONIC; 0: it is ready */
	uint64_t resident;  /* bytes of memory the helper takes; 0: not known */
	struct kernel_set_size sizes[KERNEL_SETS];
	bool sip;      /* the SIP firewall is on, as the helper has last acknowledged */
	int sip_error; /* why it could not be switched on; 0: it could */
	struct sip_counter sip_counts[SIP_COUNTS]; /* since it was switched on, or the table made */
	int helper_pid; /* of what starts the helper again; 0: not ours */
};
void firewall_stats(const struct firewall *fw, struct firewall_stats *ret);

#endif
