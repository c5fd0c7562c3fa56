/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_BASE_PROOF_H
#define SIPWARDEN_BASE_PROOF_H

#include <stdint.h>

#include "base/text.h"

/* What packets tell of a failed login that a line is about. */
struct proof {
	uint16_t port;	     /* it came from; 0: by a connection, whose port is not known */
	struct span account; /* that failed; len 0: the one that the line names */
};

/* The firewall's rules mark copies with it that stand for packets of which there is none. */
#define PROOF_MISSED "missed"

#endif
