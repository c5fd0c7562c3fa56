/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls out of any lines, and out of what any database says was known. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "calls/calls.h"

#define START (1795428000 * USEC_PER_SEC)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct config *cfg;

static void load(void)
{
	static const char text[] = "[site]\ncountry = DE\noffice_hours = Mo-Fr 07:00-19:00\n[calls]\nlearning = 1s\n"
				   "[fraud row]\nmeasure = sequence\nto = all\nwarning = 2\nper = range country source\n";
	struct diag diag = DIAG_INIT;

	log_set_level(LOG_ERR);
	if (config_load_text("fuzz", text, strlen(text), &diag, &cfg) < 0)
		abort();
	diag_done(&diag);
}

static void on_fraud(void *userdata, const struct fraud *f)
{
	(void)userdata;
	if (!f->rule || !f->text || !*f->text || strlen(f->call->account) >= CALL_ACCOUNT_SIZE)
		abort();
}

/* A field of one byte for its length, cut where there is no more. */
static struct span take(const uint8_t **at, const uint8_t *end)
{
	struct span s = { NULL, 0 };

	if (*at == end)
		return s;
	s.len = **at % 64;
	s.ptr = (const char *)++*at;
	if (s.len > (size_t)(end - *at))
		s.len = (size_t)(end - *at);
	*at += s.len;
	return s;
}

static void feed(struct calls *c, const uint8_t *at, const uint8_t *end)
{
	usec_t when = START;

	while (at < end) {
		const uint8_t kind = *at++;
		struct event e = { .class = kind % CLASS_COUNT, .filter = "fuzz", .pattern = "fuzz" };

		e.user = take(&at, end);
		e.number = take(&at, end);
		e.id = take(&at, end);
		if (kind & 0x40)
			e.duration = take(&at, end);
		if (kind & 0x80)
			e.n_addrs = addr_parse("192.0.2.5", 9, &e.addrs[0]) == 0;
		when += (usec_t)kind * USEC_PER_SEC;
		e.time = when;
		calls_event(c, &e, when);
		calls_tick(c, when);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct calls_callbacks callbacks = { .fraud = on_fraud };
	struct unpack u = { data, data + size };
	struct pack p = { 0 };
	struct section s;
	struct calls *c;

	if (!cfg)
		load();
	if (calls_new(cfg, &callbacks, &c) < 0 || calls_keep_start(c) < 0)
		abort();
	while (unpack_section(&u, &s))
		calls_keep_restore(c, &s);
	feed(c, data, data + size);
	calls_keep_changed(c, &p);
	calls_keep_sweep(c, SIZE_MAX, &p);
	pack_done(&p);
	calls_free(c);
	return 0;
}
