/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AUDIT_SECRET_H
#define SIPWARDEN_AUDIT_SECRET_H

#include "audit.h"

/*
 * Finds a password that is easily guessed. account: whose it is; key: the name of
 * the setting, for the line to change; subject as in audit_find(). What the password
 * is gets into no finding.
 */
void audit_secret(struct audit *a, struct audit_place at, const char *subject, const char *account,
		  const char *key, const char *secret);
/* The same for the PIN of a voicemail box, of which only the guessable ones are found. */
void audit_pin(struct audit *a, struct audit_place at, const char *subject, const char *account,
	       const char *key, const char *secret);

#endif
