/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wait.h"

#include <errno.h>
#include <poll.h>

int wait_for(int fd, short events, usec_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	usec_t now;
	int r;

	do {
		now = time_monotonic();
		r = now < deadline ? poll(&p, 1, (int)((deadline - now + USEC_PER_MSEC - 1) / USEC_PER_MSEC)) : 0;
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r == 0 ? -ETIMEDOUT : 0;
}
