/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_MATCH_EVENT_H
#define SIPWARDEN_MATCH_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/addr.h"
#include "base/class.h"
#include "base/text.h"
#include "base/timespan.h"

/* More distinct addresses than this in one line are not told apart. */
#define EVENT_ADDRS_MAX 8
/* A log may run ahead of our clock by as much before its time is not believed. */
#define EVENT_FUTURE_MAX (60 * USEC_PER_SEC)
/* The method of a call. */
#define EVENT_CALL "INVITE"
/* Captures of the name "text" that are kept. */
#define EVENT_TEXTS_MAX 16

/*
 * One log line that matched. The spans point into the line and live as long as
 * the call that brings the event.
 */
struct event {
	enum event_class class; /* of the pattern */
	class_set classes;      /* with those that word lists added */
	const char *filter;     /* names; owned by the matcher */
	const char *pattern;
	unsigned pattern_index; /* unique among all patterns of the matcher */
	bool limited;           /* it took too many steps: what was captured is not to be trusted */
	bool proven;            /* only a real source gets this far: the pattern, the transport, a challenge answered */
	bool wired;             /* proven by packets that were seen; port is theirs */
	bool connected;         /* proven by packets that did not come: a connection brought it */
	bool refusal;           /* there is one such line of each request whose credentials are refused */
	bool forgeable;         /* of a record of a call: a sender can have such a line written whole (class call-end) */
	bool askable;           /* the log is of this host: the kernel may know the source */
	bool fresh;             /* askable, and written just now: packets that belong to it can be seen */
	bool witnessed;         /* the kernel sees the traffic that this log tells of, so its silence counts */
	struct span user, id, number, agent, from, transport, port; /* first reading; ptr NULL: not captured */
	struct span method;     /* of the request that is refused; of a call, user is whom it was for */
	struct span challenge;  /* that the gateway sent (auth-challenge), or that somebody claims to answer */
	struct span stamp;      /* of the capture "time"; ptr NULL: the time is at the head of the line */
	struct span duration;   /* of a call that is over, in seconds, as the gateway writes it; ptr NULL: the line does not tell */
	struct span line;       /* without line end */
	usec_t time;            /* when it happened, by the log; 0: the line has no time */
	/*
	 * Every address that some reading of the line gives (all parses). One:
	 * good evidence. Several: the line was crafted, and is evidence against
	 * none of them by itself. None: the limit was hit, or no address.
	 */
	size_t n_addrs;
	size_t n_texts;
	struct addr addrs[EVENT_ADDRS_MAX];
	struct span texts[EVENT_TEXTS_MAX]; /* the sender's, without a meaning of their own */
};

/* Is it about a call, so that user is whom it was for? */
static inline bool event_is_call(const struct event *e)
{
	return span_equal(e->method, SPAN(EVENT_CALL));
}

#endif
