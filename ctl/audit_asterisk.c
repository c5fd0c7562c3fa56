/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asterisk: which files there are, modules, and where guests get to in the dialplan. */
#include "audit_asterisk.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"

const char *asterisk_subject(const struct asterisk *ast, const char *file, const char *section)
{
	char *text = audit_keep(ast->a, text_printf("%s/%s", file, section));

	return text ? text : file;
}

bool asterisk_loads(const struct asterisk *ast, const char *module)
{
	const struct ini_section *s = ini_section(&ast->modules, "modules");
	size_t i, n = strlen(module);
	bool loads = !s || audit_true(ini_text(s, "autoload", "yes"));

	for (i = 0; s && i < s->n; i++) {
		const struct ini_var *v = s->vars[i];

		if (strncasecmp(v->value, module, n) != 0 ||
		    (v->value[n] && strcasecmp(v->value + n, ".so") != 0))
			continue;
		if (strcasecmp(v->name, "noload") == 0)
			return false;
		if (strcasecmp(v->name, "load") == 0 || strcasecmp(v->name, "require") == 0 ||
		    strcasecmp(v->name, "preload") == 0)
			loads = true;
	}
	return loads;
}

/* The dialplan */

static bool dials(const struct ini_section *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		const char *dial = strcasestr(s->vars[i]->value, "Dial(");

		if (dial && strstr(dial, "${EXTEN"))
			return true;
	}
	return false;
}

/* The contexts that are to be looked at: each once. */
struct walk {
	struct ini_section **next;
	size_t n, size;
};

static void walk_add(struct walk *w, struct ini_section *s)
{
	for (; s; s = s->same) {
		if (s->matched)
			continue;
		if (w->n == w->size) {
			size_t size = w->size ? w->size * 2 : 16;
			struct ini_section **longer =
				reallocarray(w->next, size, sizeof(struct ini_section *));

			if (!longer)
				return;
			w->next = longer;
			w->size = size;
		}
		s->matched = true;
		w->next[w->n++] = s;
	}
}

bool asterisk_context_dials(const struct asterisk *ast, const char *context)
{
	struct walk w = {NULL, 0, 0};
	bool found = false;
	size_t i, k;

	walk_add(&w, ini_section(&ast->extensions, context));
	for (i = 0; i < w.n && !found; i++) {
		const struct ini_section *s = w.next[i];

		found = dials(s);
		for (k = 0; k < s->n; k++)
			if (strcasecmp(s->vars[k]->name, "include") == 0)
				walk_add(&w, ini_section(&ast->extensions, s->vars[k]->value));
	}
	for (i = 0; i < w.n; i++)
		w.next[i]->matched = false;
	free(w.next);
	return found;
}

void asterisk_guests(const struct asterisk *ast, struct audit_place at, const char *subject,
		     const char *context, const char *change, const char *what)
{
	static const struct audit_check guests = {
		"asterisk-guest-calls", AUDIT_WARNING,
		"Anybody on the internet can call into that context without a password. Scanners look for "
		"extensions there that lead to the world.",
		"chan_sip: allowguest is 'yes' unless set (sip.conf.sample). PJSIP: an endpoint named "
		"'anonymous' takes "
		"calls from anybody (pjsip.conf.sample). IAX2: a user without secret (iax.conf.sample)."};
	static const struct audit_check dialing = {
		"asterisk-guest-dialing", AUDIT_CRITICAL,
		"Strangers choose the number and you pay for the call: the usual toll fraud.",
		"Read in extensions.conf: the context, or one that it includes, has Dial() with ${EXTEN}. "
		"Goto, Gosub and "
		"patterns were not followed, so look whether the pattern only takes your own numbers."};

	if (asterisk_context_dials(ast, context))
		audit_find(ast->a, &dialing, at, subject, change,
			   "%s, into context '%s', which dials what the caller asks for", what, context);
	else
		audit_find(ast->a, &guests, at, subject, change, "%s, into context '%s'", what, context);
}

bool audit_asterisk(struct audit *a, const char *dir)
{
	struct asterisk ast = {.a = a, .dir = dir ? dir : "/etc/asterisk"};
	bool found = ini_load(&ast.modules, a, ast.dir, "modules.conf");

	found |= ini_load(&ast.extensions, a, ast.dir, "extensions.conf");
	found |= asterisk_pjsip(&ast);
	found |= asterisk_sip(&ast);
	found |= asterisk_iax(&ast);
	found |= asterisk_manage(&ast);
	/* Only what is an Asterisk at all is asked for its log. */
	if (found)
		asterisk_logger(&ast);
	ini_done(&ast.modules);
	ini_done(&ast.extensions);
	return found;
}
