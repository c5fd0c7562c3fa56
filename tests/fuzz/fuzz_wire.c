/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever packets say: no byte outside of them is read, and there are no more proofs than
 * failures and answers by connections, no more of these than packets, and none without a line.
 *
 * Records: a byte of what follows, two of its length, and so much. What: 0 a netlink message
 * as it is; 1 what came in, 2 what was sent, as a UDP packet's payload, from one of four ports;
 * 3 a line about an account, 4 one of a gateway that has one of each refusal; 5 time passes;
 * 6 a gateway answers by a connection, 7 packets were missed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "wire/packet.h"
#include "wire/sip.h"
#include "wire/wire.h"

#include "../unit/wire_world.h"

#define PEER "203.0.113.40"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t lines, proved;

static void on_proved(void *userdata, unsigned slot, const struct proof *proof)
{
	(void)userdata;
	if (slot >= WIRE_LINES_MAX || proof->account.len > CARRIED_MAX)
		abort();
	proved++;
}

static const char *gateway_at(void *userdata, uint16_t port)
{
	(void)userdata;
	return port == 5061 ? "freeswitch" : NULL;
}

/* A head of TCP, as long as len says. */
static void take_answer(struct wire *w, size_t len, usec_t now)
{
	static struct copy c;

	copy_stream(&c, PEER, 40001, 5061, len);
	wire_receive(w, c.bytes, c.message->nlmsg_len, now);
}

static void take_packet(struct wire *w, bool sent, uint16_t port, const char *text, size_t len, usec_t now)
{
	static struct copy c;
	struct sip_message m;
	size_t i;
	char *exact = malloc(len + 1);

	/* Of exactly this length, so that a byte too many is noticed. */
	memcpy(exact, text, len);
	if (sip_parse((struct span){ exact, len }, &m))
		for (i = 0; i < m.n_nonces; i++)
			if (m.nonces[i].len != 36)
				abort();
	free(exact);
	copy_packet(&c, sent, PEER, port, text, len < CARRIED_MAX ? len : CARRIED_MAX);
	wire_receive(w, c.bytes, c.message->nlmsg_len, now);
}

static void take_message(struct wire *w, const uint8_t *data, size_t len, usec_t now)
{
	char *exact = malloc(len + 1);

	memcpy(exact, data, len);
	wire_receive(w, exact, len, now);
	free(exact);
}

static void take_line(struct wire *w, bool whole, const char *user, size_t len, usec_t now)
{
	struct wire_line line = { .user = { user, len }, .gateway = whole ? "freeswitch" : NULL, .watched = true, .said = now + lines };
	struct proof proof;
	unsigned slot = 0;

	addr_parse(PEER, strlen(PEER), &line.addr);
	lines++;
	proved += wire_take(w, &line, now, &proof, &slot);
	if (slot >= WIRE_LINES_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct wire_callbacks callbacks = { on_proved, gateway_at, NULL };
	struct wire_stats s;
	struct wire *w;
	usec_t now = 1000 * USEC_PER_SEC;

	lines = proved = 0;
	if (wire_new(&callbacks, &w) < 0)
		return 0;
	while (size >= 3) {
		const unsigned what = data[0] & 7;
		const uint16_t port = (uint16_t)(40000 + (data[0] >> 6));
		size_t len = (size_t)data[1] << 8 | data[2];

		data += 3;
		size -= 3;
		len = len < size ? len : size;
		if (what == 0)
			take_message(w, data, len, now);
		else if (what <= 2)
			take_packet(w, what == 2, port, (const char *)data, len, now);
		else if (what <= 4)
			take_line(w, what == 4, (const char *)data, len, now);
		else if (what == 5)
			now += len * USEC_PER_MSEC;
		else if (what == 6)
			take_answer(w, len, now);
		else
			wire_miss(w, now);
		data += len;
		size -= len;
	}
	wire_stats(w, &s);
	if (s.proofs + s.connected != proved || s.proofs > s.failures || s.failures + s.connected > s.packets ||
	    proved > lines)
		abort();
	wire_free(w);
	return 0;
}
