/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/wire.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hash.h"
#include "wire/carried.h"
#include "wire/packet.h"
#include "wire/sip.h"

/* Places that a key may be at. */
#define WAYS 8
/* At a thousand copies a second: the last eight seconds at least. */
#define KNOWN (8192 / WAYS)
/* Only who has received a nonce gets in here. */
#define REQUESTS (2048 / WAYS)
#define FAILURES_MAX 512
/* Looked up of one request. */
#define UUIDS_MAX 256

/* What has been there lately. */
struct known {
	uint64_t key;
	usec_t at; /* 0: free */
};

/* A name longer than this is nobody's. */
#define NAME_MAX_LEN 256
/* No account that people use has a longer name. */
#define ACCOUNT_MAX 64

/* Requests of one sender, Call-ID and CSeq that hold a nonce which was sent to him. */
struct request {
	uint64_t key;
	usec_t at;	   /* of the last; 0: free */
	uint64_t text;	   /* the last, as it was written */
	unsigned unanswered;
	uint64_t user;	   /* whom it names */
	uint8_t login_len; /* of its digest, if it is a call; 0: no such account */
	char login[ACCOUNT_MAX];
};

/* What was refused, and has proven no line yet. */
struct failure {
	struct addr addr;
	uint16_t port;
	usec_t at; /* 0: free */
	uint64_t user;
	uint8_t login_len; /* as above */
	char login[ACCOUNT_MAX];
};

struct line {
	struct addr addr;
	usec_t at; /* 0: free */
	uint64_t user;
	uint64_t gateway; /* whose answer by a connection proves it; 0: nobody's */
};

struct wire {
	struct wire_callbacks callbacks;
	struct carried *carried;
	struct known nonces[KNOWN][WAYS];
	struct known refusals[KNOWN][WAYS]; /* lines about them */
	struct request requests[REQUESTS][WAYS];
	struct failure failures[FAILURES_MAX];
	struct line lines[WIRE_LINES_MAX];
	unsigned next_failure, next_line;
	struct wire_stats stats;
};

int wire_new(const struct wire_callbacks *callbacks, struct wire **ret)
{
	struct wire *w = calloc(1, sizeof(*w));
	int r = w ? carried_new(&w->carried) : -ENOMEM;

	if (r < 0) {
		free(w);
		return r;
	}
	w->callbacks = *callbacks;
	*ret = w;
	return 0;
}

struct wire *wire_free(struct wire *w)
{
	if (w)
		carried_free(w->carried);
	free(w);
	return NULL;
}

static bool is_fresh(usec_t at, usec_t now, usec_t span)
{
	return at != 0 && now - at <= span;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/*
 * Of an account, however it is written: gateways undo some of the escapes (%31), and what a
 * log makes of line ends in a name is its own business. 0 is nobody's.
 */
static uint64_t name_of(struct span user)
{
	char plain[NAME_MAX_LEN];
	size_t i, n = 0;

	if (user.len > sizeof(plain))
		return 0;
	for (i = 0; i < user.len; i++) {
		const bool escaped = user.ptr[i] == '%' && i + 2 < user.len &&
				     hex_digit(user.ptr[i + 1]) >= 0 && hex_digit(user.ptr[i + 2]) >= 0;
		const char c = escaped ? (char)(hex_digit(user.ptr[i + 1]) << 4 | hex_digit(user.ptr[i + 2]))
				       : user.ptr[i];

		i += escaped ? 2 : 0;
		if ((unsigned char)c > ' ')
			plain[n++] = c;
	}
	return n ? hash_bytes(plain, n) | 1 : 0;
}

/* Of who sends from there, and two texts. */
static uint64_t key_of(const struct wire_packet *p, struct span a, struct span b)
{
	struct {
		struct addr peer;
		uint64_t texts[2];
		uint64_t port;
	} key;

	memset(&key, 0, sizeof(key));
	key.peer = p->peer;
	key.port = p->port;
	key.texts[0] = hash_bytes(a.ptr, a.len);
	key.texts[1] = hash_bytes(b.ptr, b.len);
	return hash_bytes(&key, sizeof(key));
}

/* What is known */

static void note(struct known table[KNOWN][WAYS], uint64_t key, usec_t now)
{
	struct known *bucket = table[key % KNOWN], *place = bucket;
	unsigned i;

	for (i = 0; i < WAYS; i++) {
		if (bucket[i].key == key) {
			place = &bucket[i];
			break;
		}
		if (bucket[i].at < place->at)
			place = &bucket[i];
	}
	*place = (struct known){key, now};
}

static bool is_known(const struct known table[KNOWN][WAYS], uint64_t key, usec_t now, usec_t span)
{
	const struct known *bucket = table[key % KNOWN];
	unsigned i;

	for (i = 0; i < WAYS; i++)
		if (bucket[i].key == key && is_fresh(bucket[i].at, now, span))
			return true;
	return false;
}

/* Their answers, and what becomes of them */

static struct request *find_request(struct wire *w, uint64_t key, usec_t now)
{
	struct request *bucket = w->requests[key % REQUESTS];
	unsigned i;

	for (i = 0; i < WAYS; i++)
		if (bucket[i].key == key && is_fresh(bucket[i].at, now, WIRE_REQUEST_FOR))
			return &bucket[i];
	return NULL;
}

static struct request *add_request(struct wire *w, uint64_t key)
{
	struct request *bucket = w->requests[key % REQUESTS], *place = bucket;
	unsigned i;

	for (i = 1; i < WAYS; i++)
		if (bucket[i].at < place->at)
			place = &bucket[i];
	*place = (struct request){.key = key};
	return place;
}

/*
 * A gateway tells requests apart by what is in Via, too, so a guesser need not change Call-ID
 * and CSeq. Whatever is not written as the last one was is another guess: he must write
 * another digest, and a phone sends the same again.
 */
static void note_request(struct wire *w, uint64_t key, const struct wire_packet *p, const struct sip_message *m,
			 usec_t now)
{
	const uint64_t text = hash_bytes(p->data.ptr, p->data.len);
	struct request *r = find_request(w, key, now);

	if (r && r->text == text)
		return;
	if (!r)
		r = add_request(w, key);
	r->at = now;
	r->text = text;
	r->unanswered++;
	/* The same that gateways take, and name in their logs. */
	r->user = name_of(m->to.len ? m->to : m->from);
	r->login_len = m->invites && m->login.len <= ACCOUNT_MAX ? (uint8_t)m->login.len : 0;
	if (r->login_len)
		memcpy(r->login, m->login.ptr, r->login_len);
}

/* The oldest line that waits for this failure; NULL: none does. */
static struct line *find_line(struct wire *w, const struct failure *f, usec_t now)
{
	struct line *found = NULL;
	unsigned i;

	for (i = 0; i < WIRE_LINES_MAX; i++) {
		struct line *l = &w->lines[i];

		if (is_fresh(l->at, now, WIRE_PAIR_WITHIN) && l->user == f->user &&
		    addr_equal(&l->addr, &f->addr) && (!found || l->at < found->at))
			found = l;
	}
	return found;
}

static struct proof proof_of(const struct failure *f)
{
	return (struct proof){.port = f->port, .account = {f->login, f->login_len}};
}

static void note_failure(struct wire *w, const struct wire_packet *p, const struct request *r, usec_t now)
{
	struct failure f = {.addr = p->peer, .port = p->port, .at = now, .user = r->user, .login_len = r->login_len};
	struct proof proof;
	struct line *l;

	memcpy(f.login, r->login, sizeof(f.login));
	f.addr.port = 0;
	w->stats.failures++;
	l = find_line(w, &f, now);
	if (!l) {
		w->failures[w->next_failure] = f;
		w->next_failure = (w->next_failure + 1) % FAILURES_MAX;
		return;
	}
	l->at = 0;
	w->stats.proofs++;
	proof = proof_of(&f);
	w->callbacks.proved(w->callbacks.userdata, (unsigned)(l - w->lines), &proof);
}

static uint64_t transaction_of(const struct wire_packet *p, const struct sip_message *m)
{
	return key_of(p, m->call_id, m->cseq) ^ m->invites;
}

/* 401 says nothing: a nonce may just have been too old. Nor does a refused call, if there is a reason. */
static bool is_verdict(const struct sip_message *m)
{
	return m->status == 403 && !(m->invites && m->reasoned);
}

/* This host has answered. */
static void take_answer(struct wire *w, const struct wire_packet *p, const struct sip_message *m, usec_t now)
{
	struct request *r = find_request(w, transaction_of(p, m), now);
	size_t i;

	/* To each request, the first final answer counts. */
	if (r && r->unanswered && m->status >= 200) {
		r->unanswered--;
		if (is_verdict(m) && r->user)
			note_failure(w, p, r, now);
	}
	for (i = 0; (m->status == 401 || m->status == 407) && i < m->n_nonces; i++)
		note(w->nonces, key_of(p, m->nonces[i], SPAN("nonce")), now);
}

/* The nonce may stand anywhere: who did not receive it cannot write it. */
static void take_request(struct wire *w, const struct wire_packet *p, const struct sip_message *m, usec_t now)
{
	struct span rest = p->data, uuid;
	unsigned i;

	for (i = 0; i < UUIDS_MAX && sip_take_uuid(&rest, &uuid); i++) {
		if (!is_known(w->nonces, key_of(p, uuid, SPAN("nonce")), now, WIRE_NONCE_FOR))
			continue;
		note_request(w, transaction_of(p, m), p, m, now);
		return;
	}
}

/* Connections */

static uint64_t gateway_hash(const char *gateway)
{
	return hash_bytes(gateway, strlen(gateway)) | 1;
}

/* How often credentials are in it; their headers have no other name, in any case (RFC 3261 20.7, 20.28). */
static unsigned count_credentials(struct span data)
{
	static const char name[] = "uthorization";
	const size_t len = sizeof(name) - 1;
	unsigned n = 0;

	for (; data.len >= len; data.ptr++, data.len--)
		n += (*data.ptr | 32) == *name && strncasecmp(data.ptr, name, len) == 0;
	return n;
}

/* The oldest line that waits for the gateway to say something to the peer. NULL: none does. */
static struct line *find_waiting(struct wire *w, const struct addr *peer, uint64_t gateway, usec_t now)
{
	struct line *found = NULL;
	unsigned i;

	for (i = 0; i < WIRE_LINES_MAX; i++) {
		struct line *l = &w->lines[i];

		if (is_fresh(l->at, now, WIRE_PAIR_WITHIN) && l->gateway == gateway && addr_equal(&l->addr, peer) &&
		    (!found || l->at < found->at))
			found = l;
	}
	return found;
}

static void take_stream(struct wire *w, const struct wire_packet *p, usec_t now)
{
	const char *gateway = w->callbacks.gateway_at(w->callbacks.userdata, p->local);
	const struct proof proof = {0};
	struct addr peer = p->peer;
	struct line *found;

	if (!gateway)
		return;
	peer.port = 0;
	found = find_waiting(w, &peer, gateway_hash(gateway), now);
	if (!found) {
		carried_answered(w->carried, &peer, gateway, now);
		return;
	}
	found->at = 0;
	w->stats.connected++;
	w->callbacks.proved(w->callbacks.userdata, (unsigned)(found - w->lines), &proof);
}

void wire_miss(struct wire *w, usec_t now)
{
	carried_missed(w->carried, now);
}

/* UDP */

static void take_datagram(struct wire *w, const struct wire_packet *p, usec_t now)
{
	const unsigned credentials = p->sent ? 0 : count_credentials(p->data);
	struct sip_message m;

	if (credentials)
		carried_heard(w->carried, &p->peer, credentials, now);
	if (!sip_parse(p->data, &m) || (!m.registers && !m.invites) || m.request == p->sent)
		return;
	if (p->sent)
		take_answer(w, p, &m, now);
	else
		take_request(w, p, &m, now);
}

static void take_message(struct wire *w, const struct nlmsghdr *message, usec_t now)
{
	struct wire_packet p;

	if (message->nlmsg_type < NLMSG_MIN_TYPE)
		return;
	w->stats.packets++;
	if (!wire_packet_parse(message, &p)) {
		if (p.missed)
			wire_miss(w, now);
		return;
	}
	if (p.stream)
		take_stream(w, &p, now);
	else
		take_datagram(w, &p, now);
}

void wire_receive(struct wire *w, const void *data, size_t len, usec_t now)
{
	const struct nlmsghdr *message = data;
	size_t step;

	/* mnl_nlmsg_ok() takes a length beyond INT_MAX for a good one. */
	while (len >= sizeof(*message) && message->nlmsg_len >= sizeof(*message) &&
	       message->nlmsg_len <= len) {
		take_message(w, message, now);
		step = NLMSG_ALIGN((size_t)message->nlmsg_len);
		if (step >= len)
			return;
		message = (const void *)((const char *)message + step);
		len -= step;
	}
}

/* Lines */

/* The oldest failure that is the line's. NULL: there is none. */
static struct failure *find_failure(struct wire *w, const struct wire_line *line, usec_t now)
{
	const uint64_t name = name_of(line->user);
	struct failure *found = NULL;
	unsigned i;

	for (i = 0; name && i < FAILURES_MAX; i++) {
		struct failure *f = &w->failures[i];

		if (is_fresh(f->at, now, WIRE_PAIR_WITHIN) && f->user == name && addr_equal(&f->addr, &line->addr) &&
		    (!found || f->at < found->at))
			found = f;
	}
	return found;
}

/*
 * Did a connection bring what the line is about? If it came by UDP, its packet is used up,
 * whatever else is known. A line that was there before, as one that is logged in two places, is
 * about nothing new; nor may one be that does not say when it was.
 */
static bool is_connected(struct wire *w, const struct wire_line *line, usec_t now)
{
	const uint64_t what[] = {addr_hash(&line->addr), name_of(line->user), line->said};
	const uint64_t key = hash_bytes(what, sizeof(what));

	if (!line->gateway || line->said == 0 || is_known(w->refusals, key, now, CARRIED_PACKETS_FOR))
		return false;
	note(w->refusals, key, now);
	return carried_refused(w->carried, &line->addr, now) && line->watched;
}

bool wire_take(struct wire *w, const struct wire_line *line, usec_t now, struct proof *ret, unsigned *slot)
{
	const bool connected = is_connected(w, line, now);
	struct failure *found = find_failure(w, line, now);

	if (found) {
		found->at = 0;
		*ret = proof_of(found);
		w->stats.proofs++;
		return true;
	}
	if (connected && carried_take_answer(w->carried, &line->addr, line->gateway, now)) {
		*ret = (struct proof){0};
		w->stats.connected++;
		return true;
	}
	*slot = w->next_line;
	w->next_line = (*slot + 1) % WIRE_LINES_MAX;
	w->lines[*slot] = (struct line){.addr = line->addr,
					.at = now,
					.user = name_of(line->user),
					.gateway = connected ? gateway_hash(line->gateway) : 0};
	return false;
}

void wire_forget_lines(struct wire *w)
{
	memset(w->lines, 0, sizeof(w->lines));
}

void wire_stats(const struct wire *w, struct wire_stats *ret)
{
	*ret = w->stats;
}
