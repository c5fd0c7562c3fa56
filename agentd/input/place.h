/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_INPUT_PLACE_H
#define SIPWARDEN_INPUT_PLACE_H

#include <systemd/sd-journal.h>

/*
 * How an input that follows the journal loses no entry of it.
 *
 * journald writes while we read. It links an entry into one list per field, one
 * after the other, and sd_journal_next() asks those lists one after the other
 * too, and one file after the other. So it may find nothing where an entry is
 * about to come, find a later one where it looks next, and be past the first for
 * good (libsystemd 252 to 257 at least). Likewise, an entry that is counted but
 * not yet linked is looked for once and then not before there is another.
 *
 * But journald writes one entry after the other: when one is seen, all before it
 * are linked. Hence: count what there is, go back, and take that many. What is
 * found then is what comes first.
 */

/*
 * Counts the entries behind where the journal stands, and goes back to cursor,
 * where it stood (NULL: before the first). So many may now be taken. Returns how
 * many, at most max, or what the journal said; -ESTALE: files have come or gone
 * since the journal was opened, and it must be opened anew.
 */
int place_count(sd_journal *j, const char *cursor, unsigned max);
/*
 * Goes where sd_journal_next() gives the first entry behind cursor, whether the
 * entry of cursor is still there, was copied (journalctl --flush) or is gone, and
 * forgets what was seen of any list. NULL: before the first. Returns 0, or what
 * the journal said.
 */
int place_go(sd_journal *j, const char *cursor);

/* The cursor of the journal's last entry, whatever it is: 1 and a new string, 0 if
 * there is none, or what the journal said. */
int place_end(char **ret);
/* 1 if the entry of cursor is in the journal, 0 if not, or what the journal said. */
int place_is_there(const char *cursor);

#endif
