/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AUDIT_INI_H
#define SIPWARDEN_AUDIT_INI_H

#include "audit.h"

/*
 * A configuration file of Asterisk with all that it includes, as main/config.c of
 * Asterisk reads it: comments, templates, additions. What is not understood is noted
 * and left out. All texts belong to the audit.
 */
struct ini_var {
	const char *name, *value;
	struct audit_place at;
};

struct ini_section {
	const char *name;
	struct audit_place at;
	bool template;		     /* [name](!): only for others to inherit */
	const struct ini_var **vars; /* in order; those inherited come first */
	size_t n, size;
	struct ini_section *same;	 /* the next one of this name */
	bool inbound, outbound, matched; /* notes of the checks */
};

struct ini {
	struct audit *a;
	const char *dir;
	struct ini_section **sections;
	size_t n, size;
	size_t n_vars;
	void *names; /* tsearch(3): name to the first section of it */
	bool full;   /* over a limit: the rest was left out */
};

#define INI_SECTIONS_MAX 100000
#define INI_VARS_MAX 1000000

/* Reads DIR/NAME. True if it is there (even if nothing of it could be read). Release with ini_done(). */
bool ini_load(struct ini *ini, struct audit *a, const char *dir, const char *name);
void ini_done(struct ini *ini);

/* The first section of that name, templates too; go on with ->same. */
struct ini_section *ini_section(const struct ini *ini, const char *name);
/* The last value of a name, as most modules of Asterisk take it, or NULL. */
const struct ini_var *ini_get(const struct ini_section *s, const char *name);
/* Its text, or otherwise. s may be NULL. */
const char *ini_text(const struct ini_section *s, const char *name, const char *otherwise);
/* Where it stands; where the section does if it does not. */
struct audit_place ini_at(const struct ini_section *s, const char *name);

#endif
