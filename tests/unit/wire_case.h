/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_TESTS_UNIT_WIRE_CASE_H
#define SIPWARDEN_TESTS_UNIT_WIRE_CASE_H

/* Somebody at an office fails to log in, and what packets and lines tell of it. */
#include "base/text.h"
#include "wire/wire.h"
#include "wire_world.h"

#define SEC USEC_PER_SEC
#define OFFICE "203.0.113.40"
#define NONCE "0f8fad5b-d9cb-469f-a165-70867728950e"
#define EVIL "11111111-2222-4333-8444-555555555555"

struct world {
	struct wire *wire;
	usec_t now;
	unsigned proved, slot, waiting;
	bool unwatched; /* or not for long enough */
	usec_t told;	/* how many lines; each has a moment of its own */
	bool again;	/* but the next, which has that of the first */
	uint16_t port;
	char account[128]; /* "": that of the line */
};

static inline void keep(struct world *w, const struct proof *proof)
{
	w->port = proof->port;
	snprintf(w->account, sizeof(w->account), "%.*s", (int)proof->account.len, proof->account.ptr);
}

static inline void on_proved(void *userdata, unsigned slot, const struct proof *proof)
{
	struct world *w = userdata;

	w->proved++;
	w->slot = slot;
	keep(w, proof);
}

/* FreeSWITCH takes TLS at 5061; what is at 443 is something else. */
static inline const char *gateway_at(void *userdata, uint16_t port)
{
	(void)userdata;
	return port == 5061 ? "freeswitch" : port == 5062 ? "kamailio" : NULL;
}

static inline int open_world(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	const struct wire_callbacks callbacks = { on_proved, gateway_at, w };

	*state = w;
	w->now = 1000 * SEC;
	return wire_new(&callbacks, &w->wire);
}

static inline int close_world(void **state)
{
	struct world *w = *state;

	wire_free(w->wire);
	free(w);
	return 0;
}

static inline void passes(struct world *w, bool sent, const char *peer, uint16_t port, const char *text)
{
	static struct copy c;

	copy_packet(&c, sent, peer, port, text, strlen(text));
	wire_receive(w->wire, c.bytes, c.message->nlmsg_len, w->now);
}

static inline void challenged(struct world *w, const char *peer, uint16_t port, const char *nonce)
{
	char text[1000];

	snprintf(text, sizeof(text),
		 "SIP/2.0 401 Unauthorized\r\nTo: <sip:100@pbx>;tag=1\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\n"
		 "WWW-Authenticate: Digest realm=\"pbx\", nonce=\"%s\", algorithm=MD5, qop=\"auth\"\r\n\r\n",
		 nonce);
	passes(w, true, peer, port, text);
}

static inline void answers(struct world *w, const char *peer, uint16_t port, const char *nonce, const char *user, const char *call)
{
	char text[1000];

	snprintf(text, sizeof(text),
		 "REGISTER sip:pbx SIP/2.0\r\nTo: <sip:%s@pbx>\r\nCall-ID: %s\r\nCSeq: 2 REGISTER\r\n"
		 "Authorization: Digest username=\"%s\", nonce=\"%s\", response=\"x\"\r\n\r\n",
		 user, call, user, nonce);
	passes(w, false, peer, port, text);
}

static inline void judged(struct world *w, const char *peer, uint16_t port, const char *status, const char *call)
{
	char text[1000];

	snprintf(text, sizeof(text), "SIP/2.0 %s\r\nTo: <sip:x@pbx>;tag=1\r\nCall-ID: %s\r\nCSeq: 2 REGISTER\r\n\r\n", status, call);
	passes(w, true, peer, port, text);
}

/* Somebody at the office guesses wrong. */
static inline void fails(struct world *w, uint16_t port, const char *user, const char *call)
{
	challenged(w, OFFICE, port, NONCE);
	answers(w, OFFICE, port, NONCE, user, call);
	judged(w, OFFICE, port, "403 Forbidden", call);
}

/* A line says that user failed there; of whom all refusals are known, if gateway is given. */
static inline bool is_told(struct world *w, const char *peer, const char *user, const char *gateway)
{
	const struct wire_line line = { .addr = unit_addr(peer),
					.user = SPAN(user),
					.gateway = gateway,
					.watched = !w->unwatched,
					.said = w->now + (w->again ? 0 : w->told++) };
	struct proof proof;

	if (!wire_take(w->wire, &line, w->now, &proof, &w->waiting))
		return false;
	keep(w, &proof);
	return true;
}

static inline bool is_proven(struct world *w, const char *peer, const char *user)
{
	if (is_told(w, peer, user, NULL))
		return true;
	/* It was only a question. */
	wire_forget_lines(w->wire);
	return false;
}

/* Where the line waits. */
static inline unsigned waits(struct world *w, const char *peer, const char *user)
{
	assert_false(is_told(w, peer, user, NULL));
	return w->waiting;
}

#endif
