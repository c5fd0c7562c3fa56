/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AUDIT_ASTERISK_H
#define SIPWARDEN_AUDIT_ASTERISK_H

#include "audit_ini.h"

/* What the parts of Asterisk's audit share. */
struct asterisk {
	struct audit *a;
	const char *dir;
	struct ini modules, extensions; /* empty if there is no such file */
};

/* False if modules.conf keeps chan_sip.so or another from being loaded. */
bool asterisk_loads(const struct asterisk *ast, const char *module);
/* "FILE/SECTION", kept: the subject of most findings. */
const char *asterisk_subject(const struct asterisk *ast, const char *file, const char *section);

/* Strangers' calls into a context: finds them, worse if the context dials. */
void asterisk_guests(const struct asterisk *ast, struct audit_place at, const char *subject,
		     const char *context, const char *change, const char *what);

/* audit_asterisk_sip.c: phones and trunks */
bool asterisk_pjsip(const struct asterisk *ast);
bool asterisk_sip(const struct asterisk *ast);
bool asterisk_iax(const struct asterisk *ast);
void asterisk_users(const struct asterisk *ast);
/* audit_asterisk_manage.c: who may command it, and what it logs */
bool asterisk_manage(const struct asterisk *ast);
bool asterisk_logger(const struct asterisk *ast);

#endif
