/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_STORE_SCHEMA_H
#define SIPWARDEN_STORE_SCHEMA_H

#include <sqlite3.h>

/*
 * Sets the database up and brings it to the newest version (PRAGMA
 * user_version). Returns 0, -EPROTO if it is from a newer sipwarden, -EUCLEAN if
 * it is damaged, or another negative errno.
 */
int schema_apply(sqlite3 *db);

#endif
