/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CTL_FACTS_H
#define SIPWARDEN_CTL_FACTS_H

#include <jansson.h>
#include <systemd/sd-bus.h>

/* Facts as the bus brings them, a{sv} of numbers and texts: as a JSON object. NULL: not what we know. */
json_t *facts_read(sd_bus_message *m);
/* 0 and "" for what is not there. */
long long facts_number(const json_t *facts, const char *key);
const char *facts_text(const json_t *facts, const char *key);
/* Turns what control_append_mode() gave into what --json promises: paused, paused_since, observe. */
void facts_mode(json_t *facts);

#endif
