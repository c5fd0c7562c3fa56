/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_FIREWALL_FIREWALL_PRIVATE_H
#define SIPWARDEN_FIREWALL_FIREWALL_PRIVATE_H

#include <sys/types.h>

#include "base/log.h"
#include "firewall/asked.h"
#include "firewall/firewall.h"
#include "firewall/proto.h"
#include "firewall/restores.h"

/* Between firewall.c, which talks to the helper, and firewall_sip.c, what it says of the SIP firewall. */
struct list_request {
	firewall_element_fn fn;
	firewall_end_fn end;
	void *userdata;
	struct list_request *next;
};

struct firewall {
	sd_event *loop;
	sd_event_source *io, *send, *reconnect;
	struct firewall_callbacks callbacks;
	char *path;   /* of the helper's socket; NULL: we started it */
	pid_t keeper; /* 0: not ours */
	int fd;
	struct proto_entry *queue; /* entries [head, tail) wait to be sent */
	size_t head, tail, size;
	unsigned flight;	  /* packets not yet done */
	unsigned bulk_flight;	  /* of these, with what is restored */
	struct restores restores;
	bool restoring; /* restored() is to be called */
	uint64_t flight_entries;
	struct list_request *lists, **lists_end; /* in the order asked */
	struct asked asked;
	bool paused; /* shall be */
	struct restores trusts; /* behind the bans that are restored */
	struct firewall_sip *sip; /* as it shall be; NULL: nobody has said */
	bool wire_told; /* that nobody can be watched */
	bool served; /* a helper was ready once */
	struct proto_packet *packet;
	struct firewall_stats stats;
	struct log_limit full, down;
};

/* To be sent at the end of this pass of the event loop. 0, also without a helper; -ENOBUFS, -ENOMEM. */
int firewall_queue(struct firewall *fw, const struct proto_entry *e);
/* The same of one command, and says it if there is no room. */
int firewall_command(struct firewall *fw, enum proto_op op, const struct addr *addr, usec_t left);
/* A helper is there: how it shall be. */
void firewall_sip_hello(struct firewall *fw);
/* The helper is gone. */
void firewall_sip_down(struct firewall *fw);
/* Done; false: it is about something else. */
bool firewall_sip_done(struct firewall *fw, const struct proto_entry *e);
void firewall_sip_limited(struct firewall *fw, const struct proto_packet *p);
/* firewall_wire.c: takes over the descriptor, or -1. */
void firewall_wire_come(struct firewall *fw, int fd);
bool firewall_wire_done(struct firewall *fw, const struct proto_entry *e);
/* The next one to be trusted again, if there is one; it may be none any more (left is 0). */
bool firewall_sip_next(struct firewall *fw, struct proto_entry *e);

#endif
