/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_BASE_MAPPED_H
#define SIPWARDEN_BASE_MAPPED_H

/*
 * Libraries have files mapped that others may cut: libsystemd the journal's, which
 * journald cuts to nothing when it deletes one, libmaxminddb the database that an
 * admin copies over. Who then looks at it before he knows gets SIGBUS, and would
 * end. Between mapped_begin() and mapped_end(), which may be nested, he reads
 * zeros instead, which both take for a bad file. Anywhere else SIGBUS does what it
 * always did. mapped_init() may be called again.
 */
void mapped_init(void);
void mapped_begin(void);
void mapped_end(void);

#endif
