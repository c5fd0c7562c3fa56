/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CONFIG_DEFAULTS_H
#define SIPWARDEN_CONFIG_DEFAULTS_H

#include "config/config.h"

/* A config with everything that holds where the file is silent; NULL: out of memory. */
struct config *config_defaults(void);

#endif
