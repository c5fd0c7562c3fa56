/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CONTROL_PRIVATE_H
#define SIPWARDEN_CONTROL_PRIVATE_H

#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "control/control.h"

/*
 * Between control.c, which keeps connections, and those that answer: methods.c,
 * sip.c (the SIP firewall), status.c (how the agent is), explain.c (why one address is banned, or not) and alerts.c.
 */
struct control_client {
	struct control_client *next;
	struct control *control;
	sd_bus *bus;
	sd_event_source *timeout; /* of one that is refused */
	bool allowed;
	bool dead;
	/* What ListBans() is paging through. */
	struct addr *snapshot;
	size_t snapshot_len;
	sd_bus_message *waiting; /* a call that waits for the kernel's counters */
	int (*answer)(struct control_client *c, sd_bus_message *m); /* answers it */
};

struct control_alert {
	usec_t when; /* 0: none */
	enum alert_kind kind;
	struct addr addr;
	char *account, *text;
};

struct control {
	sd_event *loop;
	sd_event_source *listen_source, *reaper;
	int listen_fd;
	char *path;
	char *group;
	bool has_gid; /* there is such a group */
	gid_t gid;
	struct control_ops ops;
	struct control_client *clients;
	unsigned n_allowed, n_refused;
	struct control_alert alerts[CONTROL_ALERTS]; /* a ring */
	size_t next_alert;
};

extern const sd_bus_vtable control_vtable[];

/* Who asks may ask; each method begins with it. */
int control_check_allowed(const struct control_client *c, sd_bus_error *error);
/* The address in text, or an error for the person who asked. */
int control_read_address(const char *text, struct addr *ret, sd_bus_error *error);
/* Appends a BUS_BAN struct. */
int control_append_ban(const struct control *c, sd_bus_message *m, const struct ban *b);
/* Appends one of {sv}: a number, a text. */
int control_append_number(sd_bus_message *m, const char *key, uint64_t value);
int control_append_text(sd_bus_message *m, const char *key, const char *value);
/* Whether, since when and why enforcement is off, and whether the mode is observe: as {sv}. */
int control_append_mode(const struct control *c, sd_bus_message *m);
/* The answer of a method that gives a text. */
int control_reply_text(sd_bus_message *m, int r, const char *message, sd_bus_error *error);
const char *control_cause(enum lift_cause cause);
/* Answers m as soon as the kernel has told what it dropped; at once if it cannot be asked. */
int control_with_counters(struct control_client *c, sd_bus_message *m,
			  int (*answer)(struct control_client *c, sd_bus_message *m), sd_bus_error *error);

int control_append_sets(sd_bus_message *m, const struct firewall_stats *fw);

/* sip.c */
int control_method_firewall(sd_bus_message *m, void *userdata, sd_bus_error *error);
int control_method_switch_firewall(sd_bus_message *m, void *userdata, sd_bus_error *error);
int control_method_limited(sd_bus_message *m, void *userdata, sd_bus_error *error);

/* status.c */
int control_method_status(sd_bus_message *m, void *userdata, sd_bus_error *error);
int control_method_metrics(sd_bus_message *m, void *userdata, sd_bus_error *error);

/* explain.c */
int control_method_explain(sd_bus_message *m, void *userdata, sd_bus_error *error);

/* alerts.c */
int control_method_alerts(sd_bus_message *m, void *userdata, sd_bus_error *error);
/* Sends a signal to all who may hear it. */
void control_notify(struct control *control, const char *signal,
		    int (*fill)(const struct control *control, sd_bus_message *m, const void *data), const void *data);
void control_alerts_done(struct control *c);

#endif
