/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_HOST_LISTEN_PRIVATE_H
#define SIPWARDEN_HOST_LISTEN_PRIVATE_H

#include <sys/types.h>

#include "host/listen.h"

/* Between listen.c, which asks the kernel, listen_owner.c (whose a socket is) and listen_judge.c (what for). */

/* A program that is known by its name, as a user's and a unit's. */
struct gateway {
	const char *name;
	bool media; /* it carries the sound of calls, too, on ports of its own */
};

#define GATEWAYS_MAX 16
extern const struct gateway gateways[GATEWAYS_MAX]; /* up to the first without a name */

/* Whose a socket is. */
struct owner {
	uint8_t gateway; /* 1 + place in gateways; 0: nobody known */
	uint8_t how;	 /* enum listen_how */
	bool open;	 /* there is one */
};

/* Users and units of the gateways. */
#define OWNER_UNITS_MAX 256
struct owners {
	uid_t users[GATEWAYS_MAX];
	bool has_user[GATEWAYS_MAX];
	struct {
		uint64_t id; /* of the control group: its inode */
		uint8_t gateway;
	} units[OWNER_UNITS_MAX];
	size_t n_units;
};

void owners_find_users(struct owners *o);
/* Anew each time: units start and end. What cannot be read has no units. */
void owners_find_units(struct owners *o);
/* The owner of a socket of this user, made in this control group (0: not told). */
struct owner owners_look_up(const struct owners *o, uid_t user, uint64_t cgroup);

/* Who listens at each port, but for loopback addresses. */
struct listeners {
	struct owner udp[65536], tcp[65536];
};

void listeners_judge(const struct listeners *l, struct listen_found *ret);

#endif
