/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_INPUT_LINEBREAK_H
#define SIPWARDEN_INPUT_LINEBREAK_H

#include <stdbool.h>
#include <systemd/sd-journal.h>

/*
 * Lines that journald has split. What a service writes to its standard output is
 * cut at LineMax= (journald.conf(5)), at a NUL, and when another process writes
 * in between; the rest becomes an entry of its own. The sender of a long header
 * chooses what that rest begins with: taken for a line, it would be a forged one.
 * journald marks the entry before it (_LINE_BREAK, systemd.journal-fields(7)).
 */
#define LINEBREAK_MAX 256
#define LINEBREAK_ID_MAX 64

struct linebreak {
	/* Streams and processes whose next entry is a rest; a ring. */
	char broken[LINEBREAK_MAX][LINEBREAK_ID_MAX];
	unsigned next, count;
};

/*
 * Looks at the journal's current entry: true if it is the rest of a line, not a
 * line. Remembers if its own end is missing, which *cut tells. To be called for
 * each entry.
 */
bool linebreak_is_rest(struct linebreak *l, sd_journal *j, bool *cut);

#endif
