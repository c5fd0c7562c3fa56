/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_BASE_SIPCOUNT_H
#define SIPWARDEN_BASE_SIPCOUNT_H

#include <stdbool.h>
#include <stdint.h>

/* What the SIP firewall counts, as agent and firewall helper call it: packets, and of TCP new connections. */
enum sip_count {
	SIP_PASS_TRUSTED,     /* of who logged in lately, or is called by this host */
	SIP_PASS_KNOWN,	      /* of whom the gateway has answered */
	SIP_PASS_NEW,	      /* of others */
	SIP_PASS_RETRIED,     /* of others that were put off, and sent again */
	SIP_DROP_TRUSTED,     /* one of the former sent more than such a source may */
	SIP_DROP_SOURCE,      /* another one sent more than a source may */
	SIP_DROP_KEEPALIVE,   /* likewise, of short packets */
	SIP_DROP_LARGE,	      /* too large */
	SIP_DROP_CONNECTIONS, /* more new connections than a source may make */
	SIP_DROP_CONCURRENT,  /* new ones of a source that has too many */
	SIP_DROP_KNOWN,	      /* all that are known together sent more than the ceiling */
	SIP_DROP_NEW,	      /* all new ones did: put off */
	SIP_DROP_RETRIED,     /* and those who sent again, too */
	SIP_COUNTS
};

/* "pass_trusted", …: in nft(8) with "sip_" before it. Static. */
const char *sip_count_name(enum sip_count which);
/* Passed, rather than dropped. */
bool sip_count_passes(enum sip_count which);

struct sip_counter {
	uint64_t packets, bytes;
};

#endif
