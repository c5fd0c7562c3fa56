/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_RESOLVE_DNS_H
#define SIPWARDEN_RESOLVE_DNS_H

#include <ares.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

/*
 * c-ares on the event loop: single questions to the servers of resolv.conf(5).
 * Names are asked for as they stand, without its search list; /etc/hosts is not
 * looked at. Nothing here waits.
 */
struct dns;

/*
 * status is DNS_OK or another of c-ares (dns_is_negative(), dns_strerror()).
 * message is the server's, only on success, and only during the call. Each
 * question is answered once, also when servers do not answer or dns_stop() is
 * called; it may be before dns_ask() returns.
 */
typedef void (*dns_fn)(void *userdata, int status, const uint8_t *message, size_t len);

int dns_start(sd_event *loop, struct dns **ret);
struct dns *dns_stop(struct dns *d);

#define DNS_OK ARES_SUCCESS
#define DNS_BAD_MESSAGE ARES_EBADRESP
#define DNS_CANCELLED ARES_EDESTRUCTION

/*
 * Takes another resolv.conf into use, if it changed; questions under way fail.
 * Not to be called from a dns_fn. True if it did.
 */
bool dns_refresh(struct dns *d);
/* type is one of RFC 1035, as ns_t_a. */
void dns_ask(struct dns *d, const char *name, int type, dns_fn fn, void *userdata);

/* The server knows that there is no such name, or no such record of it: an answer, too. */
bool dns_is_negative(int status);
/* A text that lives for ever. */
const char *dns_strerror(int status);

#endif
