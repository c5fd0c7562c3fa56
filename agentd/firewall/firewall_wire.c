/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies of packets: who is watched, and from where they come. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "firewall/firewall_private.h"

void firewall_wire_come(struct firewall *fw, int fd)
{
	if (fd < 0)
		return;
	if (fw->callbacks.wire)
		fw->callbacks.wire(fw->callbacks.userdata, fd);
	else
		close(fd);
}

bool firewall_wire_done(struct firewall *fw, const struct proto_entry *e)
{
	if (e->op != PROTO_WATCH)
		return false;
	/* -EPERM: as the config will have it, which the helper has read and the agent has not yet. */
	if (e->error < 0 && e->error != -EPERM && !fw->wire_told) {
		log_warning("[proof] wire: packets of an address in doubt cannot be looked at, so guesses "
			    "from it are not proven by them: "
			    "%s. The kernel needs nft_log and nfnetlink_log for that",
			    strerror(-e->error));
		fw->wire_told = true;
	}
	return true;
}

int firewall_watch(struct firewall *fw, const struct addr *addr, usec_t left)
{
	return firewall_command(fw, PROTO_WATCH, addr, left);
}
