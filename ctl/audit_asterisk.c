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

/* What the caller dialled, in his own context, in a Macro, and handed on to a Gosub or Macro. */
static bool has_number(const char *text)
{
	return strstr(text, "${EXTEN") || strstr(text, "${MACRO_EXTEN") || strstr(text, "${ARG");
}

static bool dials(const struct ini_section *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		const char *dial = strcasestr(s->vars[i]->value, "Dial(");

		if (dial && has_number(dial))
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

/* The end of a call's arguments, or of one branch of GotoIf(condition?branch:branch). */
static size_t branch_length(const char *text, const char *ends)
{
	unsigned depth = 0;
	size_t n;

	for (n = 0; text[n]; n++) {
		if (depth == 0 && strchr(ends, text[n]))
			break;
		if (text[n] == '(' || text[n] == '{' || text[n] == '[')
			depth++;
		else if (depth > 0 && (text[n] == ')' || text[n] == '}' || text[n] == ']'))
			depth--;
	}
	return n;
}

/* "context,exten,priority": the context is entered with the number that the caller chose, or with it as
 * argument. */
static void follow_branch(struct walk *w, const struct ini *extensions, const char *branch, size_t n)
{
	_cleanup_free_ char *text = strndup(branch, n);
	char *comma = text ? strchr(text, ',') : NULL;

	if (!comma || !strchr(comma + 1, ',') || !has_number(comma))
		return;
	*comma = '\0';
	walk_add(w, ini_section(extensions, text + strspn(text, " \t")));
}

static void follow_call(struct walk *w, const struct ini *extensions, const char *arguments, bool conditional)
{
	const char *p = arguments;
	size_t n;

	if (conditional) {
		p += branch_length(p, "?)");
		if (*p != '?')
			return;
		p++;
	}
	n = branch_length(p, conditional ? ":)" : ")");
	follow_branch(w, extensions, p, n);
	if (conditional && p[n] == ':')
		follow_branch(w, extensions, p + n + 1, branch_length(p + n + 1, ")"));
}

/* Macro(name,${EXTEN}) enters the context macro-name. */
static void follow_macro(const struct asterisk *ast, struct walk *w, const char *arguments)
{
	size_t n = strcspn(arguments, ",)");
	_cleanup_free_ char *name = text_printf("macro-%.*s", (int)n, arguments);

	if (name)
		walk_add(w, ini_section(&ast->extensions, name));
}

/* Contexts that a line of the dialplan leads to. */
static void follow(const struct asterisk *ast, struct walk *w, const struct ini_var *v)
{
	static const struct {
		const char *call;
		bool conditional;
	} calls[] = {{"Goto(", false},
		     {"Gosub(", false},
		     {"GotoIf(", true},
		     {"GosubIf(", true},
		     {"GotoIfTime(", true}};
	const char *at;
	size_t i;

	if (strcasecmp(v->name, "include") == 0) {
		walk_add(w, ini_section(&ast->extensions, v->value));
		return;
	}
	for (i = 0; i < ELEMENTSOF(calls); i++) {
		at = strcasestr(v->value, calls[i].call);
		if (at)
			follow_call(w, &ast->extensions, at + strlen(calls[i].call), calls[i].conditional);
	}
	at = strcasestr(v->value, "Macro(");
	if (at)
		follow_macro(ast, w, at + strlen("Macro("));
}

/* Whether a call that comes into this context can dial a number of the caller's own choice. */
static bool context_dials(const struct asterisk *ast, const char *context)
{
	struct walk w = {NULL, 0, 0};
	bool found = false;
	size_t i, k;

	walk_add(&w, ini_section(&ast->extensions, context));
	for (i = 0; i < w.n && !found; i++) {
		const struct ini_section *s = w.next[i];

		found = dials(s);
		for (k = 0; k < s->n; k++)
			follow(ast, &w, s->vars[k]);
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
		"Read in extensions.conf: the context, or one to which its include, Goto, Gosub or Macro "
		"hands "
		"the number, has Dial() with it. Patterns and conditions were not looked at, nor contexts "
		"that a variable names, so look whether only your own numbers are taken."};

	if (context_dials(ast, context))
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
	asterisk_users(&ast);
	found |= asterisk_manage(&ast);
	/* Only what is an Asterisk at all is asked for its log. */
	if (found)
		asterisk_logger(&ast);
	ini_done(&ast.modules);
	ini_done(&ast.extensions);
	return found;
}
