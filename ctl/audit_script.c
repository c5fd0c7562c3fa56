/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit_script.h"

#include <ctype.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"

#define INCLUDES_MAX 10 /* cfg.lex: MAX_INCLUDE_DEPTH */
#define IFS_MAX 64
#define EXPANSIONS_MAX 8

/* One file being read. */
struct reader {
	struct script *s;
	struct audit_place at;
	char *p;
	struct audit_chain chain;
	unsigned includes;
	unsigned depth;	     /* of braces */
	bool skip[IFS_MAX];  /* of each #!ifdef that is open: its lines are left out */
	unsigned ifs, extra; /* open ones; those over the limit */
	bool line_start;
};

static void read_file(struct script *s, const char *path, struct reader *parent);

/* Tokens */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct script_define *)a)->name, ((const struct script_define *)b)->name);
}

const struct script_define *script_define(const struct script *s, const char *name)
{
	struct script_define key = {.name = name};
	struct script_define **node = tfind(&key, &s->defines, by_name);

	return node && (*node)->value ? *node : NULL;
}

static void add_token(struct reader *r, enum token_kind kind, const char *text, struct audit_place at)
{
	struct script *s = r->s;

	if (s->n >= SCRIPT_TOKENS_MAX) {
		s->full = true;
		return;
	}
	if (s->n == s->size) {
		size_t size = s->size ? s->size * 2 : 1024;
		struct token *longer = reallocarray(s->tokens, size, sizeof(*longer));

		if (!longer) {
			s->a->memory = true;
			return;
		}
		s->tokens = longer;
		s->size = size;
	}
	s->tokens[s->n++] = (struct token){kind, text, r->depth, at};
}

/* A word, or what it is defined as. */
static void add_word(struct reader *r, const char *text)
{
	const struct script_define *d = r->s->preprocess ? script_define(r->s, text) : NULL;
	struct audit_place at = r->at;
	unsigned n;

	for (n = 0; d && *d->value && n < EXPANSIONS_MAX; n++) {
		size_t len = strlen(d->value);

		at = d->at;
		if (len >= 2 && (*d->value == '"' || *d->value == '\'') && d->value[len - 1] == *d->value) {
			char *inner = audit_keep(r->s->a, strndup(d->value + 1, len - 2));

			if (inner)
				add_token(r, TOKEN_STRING, inner, at);
			return;
		}
		text = d->value;
		d = script_define(r->s, text);
	}
	add_token(r, TOKEN_WORD, text, at);
}

static void add_sign(struct reader *r, char c)
{
	static char texts[256][2]; /* each sign as a text */
	char *text = texts[(unsigned char)c];

	*text = c;
	if (c == '{')
		r->depth++;
	add_token(r, TOKEN_SIGN, text, r->at);
	if (c == '}' && r->depth > 0)
		r->depth--;
}

static const char *keep_text(struct reader *r, const char *from, size_t len)
{
	const char *text = audit_keep(r->s->a, strndup(from, len));

	return text ? text : "";
}

/* Lines of the preprocessor */

static char *take_word(char **rest)
{
	char *word = *rest + strspn(*rest, " \t"), *end = word + strcspn(word, " \t\r");

	*rest = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

/* value NULL: it is not defined any more. */
static void set_define(struct reader *r, const char *name, const char *value)
{
	struct script *s = r->s;
	struct script_define *fresh, **node;

	if (s->n_defines >= SCRIPT_DEFINES_MAX) {
		s->full = true;
		return;
	}
	fresh = audit_keep(s->a, malloc(sizeof(*fresh)));
	if (!fresh)
		return;
	*fresh = (struct script_define){name, value, r->at};
	node = tsearch(fresh, &s->defines, by_name);
	if (node)
		*node = fresh;
	else
		s->a->memory = true;
	s->n_defines++;
}

static void add_define(struct reader *r, const char *name, char *value, bool only_new)
{
	size_t n;

	value += strspn(value, " \t");
	for (n = strlen(value); n > 0 && isspace((unsigned char)value[n - 1]); n--)
		value[n - 1] = '\0';
	if (*name && !(only_new && script_define(r->s, name)))
		set_define(r, name, value);
}

static bool skipping(const struct reader *r)
{
	unsigned i;

	for (i = 0; i < r->ifs; i++)
		if (r->skip[i])
			return true;
	return false;
}

static void open_if(struct reader *r, bool skip)
{
	if (r->ifs < IFS_MAX)
		r->skip[r->ifs++] = skip;
	else
		r->extra++;
}

static bool take_condition(struct reader *r, const char *name, char *rest)
{
	if (strcmp(name, "ifdef") == 0) {
		open_if(r, !script_define(r->s, take_word(&rest)));
	} else if (strcmp(name, "ifndef") == 0) {
		open_if(r, script_define(r->s, take_word(&rest)));
	} else if (strcmp(name, "ifexp") == 0) {
		audit_note(r->s->a, r->at, "#!ifexp is taken for true");
		open_if(r, false);
	} else if (strcmp(name, "else") == 0) {
		if (r->ifs > 0 && !r->extra)
			r->skip[r->ifs - 1] = !r->skip[r->ifs - 1];
	} else if (strcmp(name, "endif") == 0) {
		if (r->extra > 0)
			r->extra--;
		else if (r->ifs > 0)
			r->ifs--;
	} else {
		return false;
	}
	return true;
}

static void take_include(struct reader *r, const char *name, bool must)
{
	_cleanup_free_ char *dir = strndup(r->at.file, (size_t)(audit_base(r->at.file) - r->at.file));
	const char *path = dir ? audit_path(r->s->a, dir, name) : "";

	if (r->includes < INCLUDES_MAX && audit_files_exist(&r->s->a->files, path))
		read_file(r->s, path, r);
	else if (must)
		audit_note(r->s->a, r->at, "what it includes is not there, or too deep");
}

/* The file name in quotes or not. */
static void take_include_line(struct reader *r, char *rest, bool must)
{
	char *name;

	rest += strspn(rest, " \t\"'");
	name = rest;
	rest += strcspn(rest, "\"'\r\n \t");
	*rest = '\0';
	if (*name)
		take_include(r, name, must);
}

static void take_directive(struct reader *r, char *line)
{
	static const char *const known[] = {"KAMAILIO", "SER", "OPENSER", "MAXCOMPAT", "ALL"};
	char *rest = line + 2;
	const char *name = take_word(&rest);
	size_t i;

	if (take_condition(r, name, rest) || skipping(r))
		return;
	if (strcmp(name, "define") == 0 || strcmp(name, "def") == 0 || strncmp(name, "redef", 5) == 0) {
		const char *id = take_word(&rest);

		add_define(r, id, rest, false);
	} else if (strncmp(name, "trydef", 6) == 0 && !strstr(name, "env")) {
		const char *id = take_word(&rest);

		add_define(r, id, rest, true);
	} else if (strncmp(name, "undef", 5) == 0 || strncmp(name, "tryundef", 8) == 0) {
		set_define(r, take_word(&rest), NULL);
	} else if (strcmp(name, "include_file") == 0 || strcmp(name, "import_file") == 0) {
		take_include_line(r, rest, *name == 'i' && name[1] == 'n');
	} else {
		for (i = 0; i < ELEMENTSOF(known) && strcasecmp(name, known[i]) != 0; i++)
			;
		if (i == ELEMENTSOF(known))
			audit_note(r->s->a, r->at, "a directive that is not known here");
	}
}

/* The lexer */

static void take_string(struct reader *r)
{
	char quote = *r->p, *start = r->p + 1, *p = start;
	struct audit_place at = r->at;

	while (*p && *p != quote) {
		if (*p == '\\' && p[1])
			p++;
		r->at.line += *p == '\n';
		p++;
	}
	add_token(r, TOKEN_STRING, keep_text(r, start, (size_t)(p - start)), at);
	r->p = *p ? p + 1 : p;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("_.:$@-", c));
}

/* Pseudo-variables with parentheses may hold anything, also '#'. */
static void take_word_token(struct reader *r)
{
	char *start = r->p, *p = start;
	unsigned open = 0;

	if (p[0] == '$' && p[1] == '(') {
		do {
			open += *p == '(';
			open -= *p == ')' && open > 0;
			p++;
		} while (*p && *p != '\n' && (open > 0 || p == start + 1));
	} else {
		while (is_word(*p))
			p++;
	}
	add_word(r, keep_text(r, start, (size_t)(p - start)));
	r->p = p;
}

static void skip_line(struct reader *r)
{
	r->p += strcspn(r->p, "\n");
}

static void skip_block(struct reader *r)
{
	char *end = strstr(r->p + 2, "*/"), *p;

	end = end ? end + 2 : r->p + strlen(r->p);
	for (p = r->p; p < end; p++)
		r->at.line += *p == '\n';
	r->p = end;
}

/* A line of the preprocessor, or one that it leaves out: taken as a whole. */
static bool take_line(struct reader *r)
{
	char *line = r->p + strspn(r->p, " \t"), *end = r->p + strcspn(r->p, "\n"), *next;
	bool directive = strncmp(line, "#!", 2) == 0 || strncmp(line, "!!", 2) == 0;

	if (!r->s->preprocess || !(directive || skipping(r)))
		return false;
	next = *end ? end + 1 : end;
	*end = '\0';
	if (directive)
		take_directive(r, line);
	r->p = next;
	r->at.line++;
	return true;
}

static void take_token(struct reader *r)
{
	char c = *r->p;

	if (c == '\n') {
		r->at.line++;
		r->p++;
		r->line_start = true;
		return;
	}
	r->line_start = false;
	if (isspace((unsigned char)c))
		r->p++;
	else if (c == '#' || (c == '/' && r->p[1] == '/'))
		skip_line(r);
	else if (c == '/' && r->p[1] == '*')
		skip_block(r);
	else if (c == '"' || c == '\'')
		take_string(r);
	else if (strncmp(r->p, "include_file", 12) == 0 || strncmp(r->p, "import_file", 11) == 0) {
		bool must = c == 'i' && r->p[1] == 'n';
		char *rest = r->p + (must ? 12 : 11), *end = rest + strcspn(rest, "\n");
		char *next = *end ? end + 1 : end;

		*end = '\0';
		take_include_line(r, rest, must);
		r->p = next;
		r->at.line++;
		r->line_start = true;
	} else if (is_word(c))
		take_word_token(r);
	else {
		add_sign(r, c);
		r->p++;
	}
}

/* Braces may be open when a file is included, and when it ends. */
static void read_file(struct script *s, const char *path, struct reader *parent)
{
	struct reader *r;
	size_t len;

	if (parent && audit_chain_has(&parent->chain, path)) {
		audit_note(s->a, parent->at, "the file includes itself");
		return;
	}
	r = calloc(1, sizeof(*r));
	if (!r)
		return;
	*r = (struct reader){
		.s = s, .at = {path, 1}, .chain = {path, parent ? &parent->chain : NULL}, .line_start = true};
	r->includes = parent ? parent->includes + 1 : 0;
	r->depth = parent ? parent->depth : 0;
	if (audit_read(s->a, path, &r->p, &len) == 0)
		while (*r->p && !s->full)
			if (!r->line_start || !take_line(r))
				take_token(r);
	if (parent)
		parent->depth = r->depth;
	free(r);
}

bool script_load(struct script *s, struct audit *a, const char *path, bool preprocess)
{
	*s = (struct script){.a = a, .preprocess = preprocess};
	if (!audit_files_exist(&a->files, path))
		return false;
	read_file(s, path, NULL);
	if (s->full)
		audit_note(a, (struct audit_place){path, 0}, "it is too large, the rest was left out");
	return true;
}

static void keep_node(void *node)
{
	(void)node; /* the audit frees it */
}

void script_done(struct script *s)
{
	free(s->tokens);
	tdestroy(s->defines, keep_node);
}

/* What it says */

static bool is_sign(const struct script *s, size_t i, char c)
{
	return i < s->n && s->tokens[i].kind == TOKEN_SIGN && *s->tokens[i].text == c;
}

static bool is_text(const struct script *s, size_t i, const char *word)
{
	return i < s->n && s->tokens[i].kind == TOKEN_WORD && strcmp(s->tokens[i].text, word) == 0;
}

const struct token *script_setting(const struct script *s, const char *name)
{
	size_t i;

	for (i = s->n; i > 2; i--)
		if (is_sign(s, i - 2, '=') && s->tokens[i - 2].depth == 0 && is_text(s, i - 3, name))
			return &s->tokens[i - 1];
	return NULL;
}

static bool names_module(const char *list, const char *module)
{
	size_t n = strlen(module);

	while (*list) {
		size_t len = strcspn(list, "|");

		if (len == n && strncmp(list, module, n) == 0)
			return true;
		list += len + (list[len] == '|');
	}
	return false;
}

const struct token *script_param(const struct script *s, const char *module, const char *name,
				 const struct token *from)
{
	size_t i = from ? (size_t)(from - s->tokens) + 1 : 0;

	/* modparam ( "module" , "name" , value */
	for (; i + 6 < s->n; i++)
		if (is_text(s, i, "modparam") && s->tokens[i + 2].kind == TOKEN_STRING &&
		    names_module(s->tokens[i + 2].text, module) && strcmp(s->tokens[i + 4].text, name) == 0)
			return &s->tokens[i + 6];
	return NULL;
}

const struct token *script_module(const struct script *s, const char *module)
{
	size_t i, n = strlen(module);

	for (i = 0; i + 1 < s->n; i++) {
		const char *base = audit_base(s->tokens[i + 1].text);

		if ((is_text(s, i, "loadmodule") || is_text(s, i, "loadmodulex")) &&
		    strncmp(base, module, n) == 0 && (!base[n] || strcmp(base + n, ".so") == 0))
			return &s->tokens[i + 1];
	}
	return NULL;
}

bool script_is_call(const struct script *s, size_t i)
{
	return s->tokens[i].kind == TOKEN_WORD && s->tokens[i].depth > 0 && is_sign(s, i + 1, '(');
}
