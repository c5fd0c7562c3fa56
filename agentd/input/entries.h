/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_INPUT_ENTRIES_H
#define SIPWARDEN_INPUT_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-journal.h>

#include "base/timespan.h"
#include "input/linebreak.h"

/* The journal's entries as lines, whether they are followed or of the past. */
#define ENTRIES_MAX 1024
#define ENTRIES_SIZE ((size_t)256 << 10)

struct entries {
	char *buf;     /* n lines, each ended by '\n'; the caller may take them away */
	usec_t *times; /* when each was logged */
	size_t len, n;
	uint64_t cut;  /* lines longer than INPUT_LINE_MAX, and rests of lines, so far */
	struct linebreak breaks;
};

/* Returns 0 or -ENOMEM; entries_done() is right after both. */
int entries_init(struct entries *e);
void entries_done(struct entries *e);

/* Opens the local journal for what matches, as config_input has them, select. */
int entries_open(char *const *matches, sd_journal **ret);
/* No more may be taken. */
bool entries_full(const struct entries *e);
/* Appends the message of the current entry as one line, unless it is the rest of
 * another. Returns 0, or what the journal said: -ENOENT if it has no message, or
 * if journald is just linking it and nothing came after it yet. */
int entries_take(struct entries *e, sd_journal *j);

#endif
