/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_WIRE_SIP_H
#define SIPWARDEN_WIRE_SIP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

/* Challenges of one answer: a gateway gives one for each algorithm (RFC 8760), FreeSWITCH seven at most. */
#define SIP_NONCES_MAX 8

/*
 * What of a SIP message (RFC 3261) tells whether somebody who was asked for a password
 * has answered, and with what success. Spans point into the message; ptr NULL: absent.
 */
struct sip_message {
	bool request;
	unsigned status;	   /* of an answer: 100 to 699 */
	bool registers, invites;   /* CSeq says REGISTER, INVITE */
	bool reasoned;		   /* an answer with a Reason (RFC 3326) */
	struct span call_id, cseq; /* cseq: the number, digits only */
	struct span login;	   /* username of a request's Digest; len 0: none */
	struct span to, from;	   /* users of the URIs; len 0: there is none in it */
	/* Of an answer's WWW- and Proxy-Authenticate, those that are random. */
	struct span nonces[SIP_NONCES_MAX];
	size_t n_nonces;
};

/*
 * Lenient with requests, as gateways are: compact and folded headers, any case, lines that
 * end with CR, LF or both. An answer is the gateway's, but repeats what the sender wrote.
 * It stays within its header as long as only a line feed ends one, and no blank follows. And
 * what is in a challenge stands before its nonce: a gateway may take the realm from To.
 * False: no SIP message, or not one each of Call-ID, CSeq and To.
 */
bool sip_parse(struct span data, struct sip_message *ret);

/*
 * The next random UUID (RFC 9562 5.4) of 36 characters, of which nobody guesses 122 bits,
 * from *data, which begins behind it afterwards. So FreeSWITCH makes nonces. Others may be
 * known to who has one. False: there is none.
 */
bool sip_take_uuid(struct span *data, struct span *ret);

#endif
