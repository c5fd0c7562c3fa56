/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CTL_WAIT_H
#define SIPWARDEN_CTL_WAIT_H

#include "base/timespan.h"

/* Waits for events (of poll(2)) at fd until deadline, by time_monotonic(). 0, -ETIMEDOUT or another negative errno. */
int wait_for(int fd, short events, usec_t deadline);

#endif
