/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CTL_FACTS_H
#define SIPWARDEN_CTL_FACTS_H

#include <jansson.h>
#include <systemd/sd-bus.h>

/* Facts as the bus brings them, a{sv} of numbers and texts: as a JSON object. NULL: not what we know. */
json_t *facts_read(sd_bus_message *m);
/* Reads one item of an array; NULL: there is none, or not what we know. */
typedef json_t *(*facts_item_fn)(sd_bus_message *m);
/* The next array of m, of that type, as facts[key]. 0 or negative errno. */
int facts_read_array(sd_bus_message *m, json_t *facts, const char *key, const char *type, facts_item_fn read);
/* "sets": how full those of the kernel are (BUS_SET). */
int facts_read_sets(sd_bus_message *m, json_t *facts);
/* 0 and "" for what is not there. */
long long facts_number(const json_t *facts, const char *key);
const char *facts_text(const json_t *facts, const char *key);
/* Turns what control_append_mode() gave into what --json promises: paused, paused_since, observe. */
void facts_mode(json_t *facts);

#endif
