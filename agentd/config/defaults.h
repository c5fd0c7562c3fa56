/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CONFIG_DEFAULTS_H
#define SIPWARDEN_CONFIG_DEFAULTS_H

#include "config/config.h"

/* A config with everything that holds where the file is silent; NULL: out of memory. */
struct config *config_defaults(void);

/* A rule on calls of which nothing is said. */
void config_fraud_defaults(struct config_fraud *f);
/* The rules on calls that an admin gets without writing any. Returns 0 or -ENOMEM. */
int config_set_frauds(struct config *c);

#endif
