/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_BASE_WITNESS_H
#define SIPWARDEN_BASE_WITNESS_H

/*
 * What the kernel says of an address that a log line names. It notes the source
 * of every packet to the gateway's ports, so a line about an address that sent
 * none is a forgery.
 */
enum witness {
	WITNESS_SEEN,
	WITNESS_CALLED, /* and this host sends requests to it of its own accord, as to a carrier */
	WITNESS_UNSEEN, /* and it would have been seen */
	WITNESS_SILENT, /* that proves nothing: off, just begun, full, or not to be asked */
};

#endif
