/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit_ini.h"

#include <ctype.h>
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

/* As main/config.c has them: longer lines, deeper comments and deeper includes are left out. */
#define LINE_MAX_BYTES 8191
#define COMMENTS_MAX 128
#define INCLUDES_MAX 10

/* One file being read. */
struct reader {
	struct ini *ini;
	struct ini_section *section; /* NULL: none yet */
	struct audit_place at;
	unsigned comments; /* how deep in ;-- … --; */
	unsigned depth;	   /* of includes */
	struct audit_chain chain;
};

static void read_file(struct ini *ini, const char *path, const struct reader *parent);

/* Sections */

static int by_name(const void *a, const void *b)
{
	return strcasecmp(((const struct ini_section *)a)->name, ((const struct ini_section *)b)->name);
}

struct ini_section *ini_section(const struct ini *ini, const char *name)
{
	struct ini_section key = {.name = name};
	void *node = tfind(&key, &ini->names, by_name);

	return node ? *(struct ini_section **)node : NULL;
}

static struct ini_section *add_section(struct reader *r, const char *name)
{
	struct ini *ini = r->ini;
	struct ini_section *s, **node;

	if (ini->n >= INI_SECTIONS_MAX) {
		ini->full = true;
		return NULL;
	}
	if (ini->n == ini->size) {
		size_t size = ini->size ? ini->size * 2 : 32;
		struct ini_section **longer = reallocarray(ini->sections, size, sizeof(struct ini_section *));

		if (!longer)
			return NULL;
		ini->sections = longer;
		ini->size = size;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->name = name;
	s->at = r->at;
	ini->sections[ini->n++] = s;
	node = tsearch(s, &ini->names, by_name);
	if (!node)
		r->ini->a->memory = true;
	else if (*node != s) {
		/* In order of appearance would need the last one; which comes second does not matter. */
		s->same = (*node)->same;
		(*node)->same = s;
	}
	return s;
}

static void add_var(struct ini *ini, struct ini_section *s, const struct ini_var *v)
{
	if (ini->n_vars >= INI_VARS_MAX) {
		ini->full = true;
		return;
	}
	if (s->n == s->size) {
		size_t size = s->size ? s->size * 2 : 8;
		const struct ini_var **longer = reallocarray(s->vars, size, sizeof(struct ini_var *));

		if (!longer) {
			ini->a->memory = true;
			return;
		}
		s->vars = longer;
		s->size = size;
	}
	s->vars[s->n++] = v;
	ini->n_vars++;
}

static char *trim(char *text)
{
	char *end;

	while (isspace((unsigned char)*text))
		text++;
	end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	return text;
}

/* "!", "+", and the names of what is inherited. */
static void take_options(struct reader *r, struct ini_section **s, char *options)
{
	char *word, *rest = options;
	size_t i;

	while (*s && (word = strsep(&rest, ","))) {
		const struct ini_section *base;

		word = trim(word);
		if (strcmp(word, "!") == 0) {
			(*s)->template = true;
			continue;
		}
		if (*word == '+') {
			base = ini_section(r->ini, (*s)->name);
			if (base && base != *s)
				*s = (struct ini_section *)base;
			continue;
		}
		base = ini_section(r->ini, word);
		if (!base || base == *s)
			audit_note(r->ini->a, r->at, "it inherits from a section that is not there");
		for (i = 0; base && base != *s && i < base->n; i++)
			add_var(r->ini, *s, base->vars[i]);
	}
}

static void take_section(struct reader *r, char *line)
{
	char *end = strchr(line, ']'), *close = NULL;
	struct ini_section *s;

	r->section = NULL;
	if (end && end[1] == '(') {
		close = strchr(end, ')');
		if (!close)
			end = NULL;
	}
	if (!end) {
		audit_note(r->ini->a, r->at, "a section without its ']' or ')'");
		return;
	}
	*end = '\0';
	s = add_section(r, line + 1);
	if (s && close) {
		*close = '\0';
		take_options(r, &s, end + 2);
	}
	r->section = s;
}

static void take_directive(struct reader *r, char *line)
{
	char *argument = line + strcspn(line, " \t"), **paths = NULL;
	const char *path;
	bool try;
	size_t n, i;
	int e;

	if (*argument)
		*argument++ = '\0';
	argument = trim(argument);
	n = strlen(argument);
	if (n > 1 &&
	    ((*argument == '"' && argument[n - 1] == '"') || (*argument == '<' && argument[n - 1] == '>'))) {
		argument[n - 1] = '\0';
		argument++;
	}
	try = strcasecmp(line, "#tryinclude") == 0;
	if ((!try && strcasecmp(line, "#include") != 0) || !*argument || r->depth >= INCLUDES_MAX) {
		audit_note(r->ini->a, r->at, "#exec, or a directive that is unknown or too deep");
		return;
	}
	path = audit_path(r->ini->a, r->ini->dir, argument);
	e = audit_files_glob(&r->ini->a->files, path, &paths);
	if ((e < 0 || !paths[0]) && !try)
		audit_note(r->ini->a, r->at, "what it includes is not there");
	for (i = 0; e == 0 && paths[i]; i++)
		read_file(r->ini, audit_path(r->ini->a, "", paths[i]), r);
	if (e == 0)
		audit_files_free(paths);
}

static void take_setting(struct reader *r, char *line)
{
	char *equals = strchr(line + 1, '='), *value;
	struct ini_var *v;

	if (!equals || !r->section) {
		audit_note(r->ini->a, r->at,
			   equals ? "a setting before any section" : "no section, setting or directive");
		return;
	}
	value = equals + 1 + (equals[1] == '>');
	if (equals[-1] == '+')
		equals--;
	*equals = '\0';
	v = audit_keep(r->ini->a, malloc(sizeof(*v)));
	if (!v)
		return;
	*v = (struct ini_var){trim(line), trim(value), r->at};
	add_var(r->ini, r->section, v);
}

/* Lines */

/* Takes the comments out of a line, which may begin or end within one. */
static void strip_comments(struct reader *r, char *line)
{
	char *from = line, *to = line, *p = line;

	while (*p) {
		bool opens = strncmp(p, ";--", 3) == 0 && p[3] != '-';

		if (*p == '\\' && p[1] == ';' && !r->comments) {
			*to++ = ';';
			p += 2;
		} else if (opens && r->comments < COMMENTS_MAX) {
			r->comments++;
			p += 3;
			from = p;
		} else if (*p == ';' && r->comments && p - from >= 2 && p[-1] == '-' && p[-2] == '-') {
			r->comments--;
			from = ++p;
		} else if (r->comments) {
			p++;
		} else if (*p == ';') {
			break;
		} else {
			*to++ = *p++;
		}
	}
	*to = '\0';
}

static void take_line(struct reader *r, char *line)
{
	if (strlen(line) > LINE_MAX_BYTES) {
		audit_note(r->ini->a, r->at, "the line is longer than Asterisk reads");
		return;
	}
	strip_comments(r, line);
	line = trim(line);
	if (*line == '[')
		take_section(r, line);
	else if (*line == '#')
		take_directive(r, line);
	else if (*line)
		take_setting(r, line);
}

static void read_file(struct ini *ini, const char *path, const struct reader *parent)
{
	struct reader r = {.ini = ini, .at = {path, 0}, .chain = {path, parent ? &parent->chain : NULL}};
	char *text, *next;
	size_t len;

	if (parent && audit_chain_has(&parent->chain, path)) {
		audit_note(ini->a, parent->at, "the file includes itself");
		return;
	}
	/* An included file goes on in the section that it is included from. */
	if (parent) {
		r.section = parent->section;
		r.depth = parent->depth + 1;
	}
	if (audit_read(ini->a, path, &text, &len) < 0)
		return;
	if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	for (; text && !ini->full; text = next) {
		next = strchr(text, '\n');
		if (next)
			*next++ = '\0';
		r.at.line++;
		take_line(&r, text);
	}
}

bool ini_load(struct ini *ini, struct audit *a, const char *dir, const char *name)
{
	const char *path = audit_path(a, dir, name);

	*ini = (struct ini){.a = a, .dir = dir};
	if (!audit_files_exist(&a->files, path))
		return false;
	read_file(ini, path, NULL);
	if (ini->full)
		audit_note(a, (struct audit_place){path, 0}, "it is too large, the rest was left out");
	return true;
}

static void keep_node(void *node)
{
	(void)node; /* the sections are freed by their list */
}

void ini_done(struct ini *ini)
{
	tdestroy(ini->names, keep_node);
	while (ini->n > 0) {
		free(ini->sections[--ini->n]->vars);
		free(ini->sections[ini->n]);
	}
	free(ini->sections);
}

const struct ini_var *ini_get(const struct ini_section *s, const char *name)
{
	size_t i;

	for (i = s ? s->n : 0; i > 0; i--)
		if (strcasecmp(s->vars[i - 1]->name, name) == 0)
			return s->vars[i - 1];
	return NULL;
}

const char *ini_text(const struct ini_section *s, const char *name, const char *otherwise)
{
	const struct ini_var *v = ini_get(s, name);

	return v ? v->value : otherwise;
}

struct audit_place ini_at(const struct ini_section *s, const char *name)
{
	const struct ini_var *v = ini_get(s, name);

	return v ? v->at : s->at;
}
