/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CONTROL_CONTROL_H
#define SIPWARDEN_CONTROL_CONTROL_H

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "config/config.h"
#include "decide/decide.h"
#include "firewall/firewall.h"
#include "health/health.h"
#include "host/listen.h"
#include "resolve/resolve.h"

/*
 * The control socket: D-Bus (sd-bus) peer to peer over a Unix socket, without a
 * bus daemon. Only root and members of the configured group are served
 * (SO_PEERCRED and SO_PEERGROUPS, unix(7)); others get an AccessDenied error.
 *
 * Object /org/sipwarden/Agent1, interface org.sipwarden.Agent1; the methods and
 * signals are listed in bus.h, which ctl includes too.
 */
struct control;

/* The SIP firewall, as the agent has it; what the kernel says of it is in firewall_stats(). */
struct control_sip {
	bool wanted;	/* shall be on */
	usec_t switched; /* by hand, when; 0: as the config has it */
	const struct listen_found *found; /* none: the config's ports are limited */
	const struct firewall_element *limited; /* by address */
	size_t n_limited;
	uint64_t events; /* that it gave to the rules */
	uint64_t friends; /* addresses that logged in lately: it would trust them */
};

/* What the agent lets control do. Each returns 0 or negative errno; message, if
 * set, is a new string for the person who asked. */
struct control_ops {
	int (*reload)(void *userdata, char **message);
	int (*flush)(void *userdata, char **message);
	/* Stores and enforces, beyond what the decider itself does. */
	int (*exempt)(void *userdata, const struct addr *addr, const char *reason, bool add, char **message);
	/* Enforcement off, or on again. */
	int (*pause)(void *userdata, bool pause, const char *reason, char **message);
	/* Since when it is off, and why; 0: it is on. */
	usec_t (*paused)(void *userdata, const char **reason);
	/* Is the ban one for the kernel, or only observed? */
	bool (*enforced)(void *userdata, const struct ban *b);
	void (*sip)(void *userdata, struct control_sip *ret);
	int (*sip_switch)(void *userdata, bool on, char **message);
	const struct config *(*config)(void *userdata);
	struct decider *(*decider)(void *userdata);
	struct firewall *(*firewall)(void *userdata);
	struct store *(*store)(void *userdata);
	/* The i-th exempt DNS name, or false. */
	bool (*name)(void *userdata, size_t i, struct resolve_info *info);
	/* How the agent is; h->inputs is to be freed, also after -ENOMEM. */
	int (*health)(void *userdata, struct health *h, struct verdict *v);
	/* The same in Prometheus's format: a new string, or NULL. */
	char *(*metrics)(void *userdata);
	void *userdata;
};

/* At most this many clients at once; more wait in the socket's backlog. */
#define CONTROL_CLIENTS_MAX 64
/* A list is answered in pages of this many bans. */
#define CONTROL_PAGE 1000
/* Alerts that are kept. */
#define CONTROL_ALERTS 50

/* Listens on cfg->socket (replaces a stale socket file, never one that answers). */
int control_start(sd_event *loop, const struct config *cfg, const struct control_ops *ops, struct control **ret);
struct control *control_stop(struct control *c);

/* Tell monitoring clients. */
void control_notify_ban(struct control *c, const struct ban *b);
void control_notify_lift(struct control *c, const struct ban *b, enum lift_cause cause);
/* And keeps the last ones for who asks later. */
void control_notify_alert(struct control *c, const struct alert *alert);

#endif
