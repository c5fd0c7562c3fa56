/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CTL_CLIENT_H
#define SIPWARDEN_CTL_CLIENT_H

#include <systemd/sd-bus.h>

#include "ctl.h"

/* Connects to the agent of --socket, or of the config. Says what is wrong.
 * Returns an exit status; *ret is for client_close(). */
int client_open(const struct ctl *ctl, sd_bus **ret);
void client_close(sd_bus *bus);

/*
 * Calls a method of control/bus.h with arguments as sd_bus_message_append(3)
 * takes them. *reply may be NULL if the answer holds nothing. Says what is
 * wrong. Returns an exit status.
 */
int client_call(sd_bus *bus, sd_bus_message **reply, const char *method, const char *types, ...);

/*
 * A command of one call without arguments: argv may have none, either, and tell says
 * what the answer holds. Returns an exit status.
 */
int client_tell(struct ctl *ctl, int argc, char **argv, const char *method,
		int (*tell)(const struct ctl *ctl, sd_bus_message *m));

/* An answer that could not be read: another version of the agent. Returns CTL_FAILED. */
int client_bad_reply(int error);

#endif
