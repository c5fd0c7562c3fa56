/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_BASE_WITNESS_H
#define SIPWARDEN_BASE_WITNESS_H

/* What the kernel says of an address that a log line names. */
enum witness {
	WITNESS_SEEN,	/* it sent packets to the watched ports */
	WITNESS_UNSEEN, /* it did not: the line is a forgery */
	WITNESS_SILENT, /* not known: its silence proves nothing */
};

#endif
