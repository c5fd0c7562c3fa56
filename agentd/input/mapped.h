/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_INPUT_MAPPED_H
#define SIPWARDEN_INPUT_MAPPED_H

/*
 * libsystemd has the journal's files mapped, and journald cuts a file to nothing
 * when it deletes it. Who then looks at it before he knows gets SIGBUS, and would
 * end. Between mapped_begin() and mapped_end(), which may be nested, he reads
 * zeros instead, which libsystemd takes for a bad file that it leaves alone.
 * Anywhere else SIGBUS does what it always did.
 */
void mapped_init(void);
void mapped_begin(void);
void mapped_end(void);

#endif
