/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_BASE_HANDOUT_H
#define SIPWARDEN_BASE_HANDOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"

/*
 * Facts that the agent hands to a unit of the admin's, as a file that systemd reads
 * as an environment (systemd.exec(5), EnvironmentFile): lines NAME="VALUE", names
 * of SIPWARDEN_…, values of characters that mean nothing to systemd, nor to a
 * shell within quotes. The agent writes it, which read what strangers wrote; so who
 * takes it over as root checks that it is nothing else.
 */

/* Below the state directory. */
#define HANDOUT_DIR "frauds"
#define HANDOUT_SIZE_MAX 4096
#define HANDOUT_NAME_MAX 48

/* Letters, digits and '-': a name of a file and of an instance of a unit. */
bool handout_good_name(const char *name);
/* A new text with those fields that have a value; ends with a NULL name. NULL: out of memory. */
char *handout_write(const struct log_field *fields);
/* Is text[0..len) such a file? */
bool handout_good_text(const char *text, size_t len);

#endif
