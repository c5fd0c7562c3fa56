/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_WIRE_SIP_H
#define SIPWARDEN_WIRE_SIP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

/*
 * What of a SIP message (RFC 3261) tells whether somebody who was asked for a password
 * has answered, and with what success. Everything in it is the sender's choice. Spans
 * point into the message; ptr NULL: absent.
 */
struct sip_message {
	bool request;
	unsigned status; /* of an answer: 100 to 699 */
	bool registers;	 /* CSeq says REGISTER */
	struct span call_id, cseq; /* cseq: the number, digits only */
	struct span to;	 /* user of the To header's URI */
	/* Of Authorization or Proxy-Authorization, in an answer of WWW- or Proxy-Authenticate. */
	struct span nonce, username;
	bool stale;
};

/*
 * Lenient with requests, as gateways are. Strict with answers, in which a gateway
 * repeats what the sender wrote: an answer with a folded header, a line end that is
 * not CRLF, a NUL, or challenges that are not alike is none. False: no SIP message,
 * or one without the headers that each has.
 */
bool sip_parse(struct span data, struct sip_message *ret);

/*
 * Has the nonce the form of a random UUID (RFC 9562 5.4), of which nobody guesses 122
 * bits? So FreeSWITCH makes them. Others may be known to who has one.
 */
bool sip_nonce_is_random(struct span nonce);

#endif
