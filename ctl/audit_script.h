/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AUDIT_SCRIPT_H
#define SIPWARDEN_AUDIT_SCRIPT_H

#include "audit.h"

/*
 * The script of Kamailio or OpenSIPS as a row of tokens, without comments, with its
 * includes, and for Kamailio after its preprocessor (#!define, #!ifdef …), as core/cfg.lex
 * of Kamailio has it. It is read, never executed.
 */
enum token_kind { TOKEN_WORD, TOKEN_STRING, TOKEN_SIGN };

struct token {
	enum token_kind kind;
	const char *text; /* of a string, what is within the quotes; a sign is one character */
	unsigned depth;	  /* of braces: 0 is outside of all routes */
	struct audit_place at;
};

struct script_define {
	const char *name, *value; /* value NULL: not defined any more */
	struct audit_place at;
};

struct script {
	struct audit *a;
	bool preprocess; /* Kamailio */
	struct token *tokens;
	size_t n, size;
	void *defines; /* tsearch(3): by name; kept by the audit */
	size_t n_defines;
	bool full; /* over a limit: the rest was left out */
};

#define SCRIPT_TOKENS_MAX 1000000
#define SCRIPT_DEFINES_MAX 20000

/* False: there is no such file. Release with script_done(). */
bool script_load(struct script *s, struct audit *a, const char *path, bool preprocess);
void script_done(struct script *s);

/* What a name is defined as by the preprocessor, or NULL. */
const struct script_define *script_define(const struct script *s, const char *name);
/* The value behind "NAME =" outside of routes, the last one; NULL. */
const struct token *script_setting(const struct script *s, const char *name);
/* The value of modparam("…MODULE…", "NAME", VALUE), starting behind from (NULL: the first); NULL: no more. */
const struct token *script_param(const struct script *s, const char *module, const char *name,
				 const struct token *from);
/* Where a module is loaded; NULL: it is not. */
const struct token *script_module(const struct script *s, const char *module);
/* The token is a word with '(' behind it, in a route. */
bool script_is_call(const struct script *s, size_t i);

#endif
