/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_REPLAY_PASTJOURNAL_H
#define SIPWARDEN_REPLAY_PASTJOURNAL_H

#include "base/diag.h"
#include "config/config.h"
#include "input/entries.h"
#include "input/lines.h"

/* What the journal holds for an input, from one moment to another. */
struct pastjournal {
	const struct config_input *input;
	sd_journal *journal; /* NULL: not open */
	struct entries lines;
	size_t given, given_n; /* of these, handed out by the last read: bytes, lines */
	usec_t until;
	lines_continues_fn continues;
	void *userdata;
	bool ended;
	uint64_t bytes;
};

/* since 0: from its start; until USEC_INFINITY: to its end. What is wrong is in diag. */
int pastjournal_open(struct pastjournal *p, const struct config_input *input, usec_t since, usec_t until,
		     lines_continues_fn continues, void *userdata, struct diag *diag);
void pastjournal_close(struct pastjournal *p);
/*
 * The next lines, at p->lines.buf with their p->lines.times until the next call.
 * Returns their length, 0 at the end, or a negative errno (then in diag).
 */
ssize_t pastjournal_read(struct pastjournal *p, struct diag *diag);

#endif
