/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit_xml.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define DEPTH_MAX 64	/* of elements */
#define INCLUDES_MAX 20 /* of files within files */
#define VALUE_MAX 1024

/* An open element. */
struct level {
	const char *config, *owner;
	const struct xml_item *user;
	bool gateway;
};

/* One file; those that it includes go on at its innermost element. */
struct reader {
	struct xml *x;
	XML_Parser parser;
	struct audit_place at;
	struct level levels[DEPTH_MAX];
	unsigned depth, base; /* elements that are open; those of other files */
	struct audit_chain chain;
	unsigned includes;
	bool comment; /* within one */
	bool broken;
};

static void read_file(struct xml *x, const char *path, const struct reader *parent);

/* Variables */

const struct xml_variable *xml_variable(const struct xml *x, const char *name)
{
	size_t i;

	for (i = 0; i < x->n_variables; i++)
		if (strcmp(x->variables[i].name, name) == 0)
			return &x->variables[i];
	return NULL;
}

/* A copy of value with each $${name} replaced; one that is not known becomes empty, as in FreeSWITCH. */
static char *expand(const struct xml *x, const char *value)
{
	char text[VALUE_MAX], name[128];
	size_t n = 0;

	while (*value && n < sizeof(text) - 1) {
		const char *end = strncmp(value, "$${", 3) == 0 ? strchr(value, '}') : NULL;
		const struct xml_variable *v;
		size_t len;

		if (!end || (size_t)(end - value - 3) >= sizeof(name)) {
			text[n++] = *value++;
			continue;
		}
		len = (size_t)(end - value - 3);
		memcpy(name, value + 3, len);
		name[len] = '\0';
		value = end + 1;
		v = xml_variable(x, name);
		len = v ? strlen(v->value) : 0;
		if (len > sizeof(text) - 1 - n)
			len = sizeof(text) - 1 - n;
		if (len > 0)
			memcpy(text + n, v->value, len);
		n += len;
	}
	return strndup(text, n);
}

static void set_variable(struct reader *r, char *setting)
{
	char *value = strchr(setting, '='), *end;
	struct xml *x = r->x;
	struct xml_variable *longer, *v;
	_cleanup_free_ char *expanded = NULL;

	if (!value)
		return;
	for (end = value; end > setting && end[-1] == ' ';)
		end--;
	*value++ = '\0';
	*end = '\0';
	expanded = expand(x, value + strspn(value, " "));
	v = (struct xml_variable *)xml_variable(x, setting);
	if (expanded && v) {
		free(v->value);
		v->value = TAKE_PTR(expanded);
		v->at = r->at;
	}
	if (!expanded || v)
		return;
	longer = x->n_variables < XML_VARIABLES_MAX
			 ? reallocarray(x->variables, x->n_variables + 1, sizeof(*longer))
			 : NULL;
	if (!longer) {
		x->full = true;
		return;
	}
	x->variables = longer;
	longer[x->n_variables] = (struct xml_variable){strdup(setting), NULL, r->at};
	if (!longer[x->n_variables].name)
		return;
	longer[x->n_variables++].value = TAKE_PTR(expanded);
}

/* Elements */

static const char *attribute(const XML_Char **list, const char *name)
{
	for (; list[0]; list += 2)
		if (strcmp(list[0], name) == 0)
			return list[1];
	return NULL;
}

static const char *first_of(const XML_Char **list, const char *const *names)
{
	for (; *names; names++)
		if (attribute(list, *names))
			return attribute(list, *names);
	return "";
}

/* The name of the variable that value is, or NULL. */
static const char *whole_variable(struct xml *x, const char *value)
{
	size_t n = strlen(value);

	if (n < 5 || strncmp(value, "$${", 3) != 0 || strchr(value, '}') != value + n - 1)
		return NULL;
	return audit_keep(x->a, strndup(value + 3, n - 4));
}

static struct xml_item *add_item(struct reader *r, const char *element, const XML_Char **list)
{
	static const char *const names[] = {"name", "id", "module", "type", NULL};
	static const char *const values[] = {"value", "data", "cidr", "default", NULL};
	struct xml *x = r->x;
	const struct level *level = &r->levels[r->depth];
	struct xml_item *item;

	if (x->n >= XML_ITEMS_MAX) {
		x->full = true;
		return NULL;
	}
	if (x->n == x->size) {
		size_t size = x->size ? x->size * 2 : 256;
		struct xml_item **longer = reallocarray(x->items, size, sizeof(struct xml_item *));

		if (!longer)
			return NULL;
		x->items = longer;
		x->size = size;
	}
	item = calloc(1, sizeof(*item));
	if (!item)
		return NULL;
	*item = (struct xml_item){.element = audit_keep(x->a, strdup(element)),
				  .config = level->config,
				  .owner = level->owner,
				  .gateway = level->gateway,
				  .at = r->at,
				  .user = level->user};
	item->name = audit_keep(x->a, expand(x, first_of(list, names)));
	item->value = audit_keep(x->a, expand(x, first_of(list, values)));
	item->variable = whole_variable(x, first_of(list, values));
	if (!item->element || !item->name || !item->value) {
		free(item);
		return NULL;
	}
	x->items[x->n++] = item;
	return item;
}

static void on_start(void *userdata, const XML_Char *element, const XML_Char **list)
{
	static const char *const kept[] = {"param", "node", "map", "user", "list", "profile", "load"};
	struct reader *r = userdata;
	const struct xml_item *item = NULL;
	struct level next;
	size_t i;

	if (r->depth + 1 >= DEPTH_MAX) {
		XML_StopParser(r->parser, XML_FALSE);
		return;
	}
	for (i = 0; !item && i < ELEMENTSOF(kept); i++)
		if (strcmp(element, kept[i]) == 0)
			item = add_item(r, element, list);
	next = r->levels[r->depth];
	if (item &&
	    (strcmp(element, "user") == 0 || strcmp(element, "list") == 0 || strcmp(element, "profile") == 0))
		next.owner = item->name;
	if (item && strcmp(element, "user") == 0)
		next.user = item;
	if (strcmp(element, "gateway") == 0)
		next.gateway = true;
	if (strcmp(element, "configuration") == 0 && attribute(list, "name")) {
		next.config = audit_keep(r->x->a, expand(r->x, attribute(list, "name")));
		if (!next.config)
			next.config = "";
	}
	r->levels[++r->depth] = next;
}

static void on_end(void *userdata, const XML_Char *element)
{
	struct reader *r = userdata;

	(void)element;
	if (r->depth > r->base)
		r->depth--;
}

/* An entity could be anything, and nobody needs one. */
static void on_doctype(void *userdata, const XML_Char *name, const XML_Char *system, const XML_Char *public,
		       int internal)
{
	struct reader *r = userdata;

	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	XML_StopParser(r->parser, XML_FALSE);
}

/* Lines */

/* The value of cmd="…" or data="…" behind at, ended by a NUL; *rest is what follows. NULL: none. */
static char *take_quoted(char *at, const char *name, char **rest)
{
	char *value = at ? strcasestr(at, name) : NULL, *end;

	value = value ? strchr(value, '=') : NULL;
	value = value ? strchr(value, '"') : NULL;
	end = value ? strchr(value + 1, '"') : NULL;
	if (!end)
		return NULL;
	*end = '\0';
	*rest = end + 1;
	return value + 1;
}

static void take_include(struct reader *r, const char *raw)
{
	_cleanup_free_ char *pattern = expand(r->x, raw);
	_cleanup_free_ char *dir = strndup(r->at.file, (size_t)(audit_base(r->at.file) - r->at.file));
	char **paths = NULL;
	size_t i;
	int e;

	if (!pattern || !dir)
		return;
	e = audit_files_glob(&r->x->a->files, audit_path(r->x->a, dir, pattern), &paths);
	/* A pattern without files is usual. */
	if (r->includes >= INCLUDES_MAX || (e == 0 && !paths[0] && !strchr(pattern, '*')))
		audit_note(r->x->a, r->at, "what it includes is not there, or too deep");
	for (i = 0; e == 0 && r->includes < INCLUDES_MAX && paths[i]; i++)
		read_file(r->x, audit_path(r->x->a, "", paths[i]), r);
	if (e == 0)
		audit_files_free(paths);
}

/* Also in comments: FreeSWITCH looks for these lines before it looks for comments. */
static bool take_preprocess(struct reader *r, char *line)
{
	char *at = strcasestr(line, "<X-PRE-PROCESS"), *rest = NULL, *command, *data;

	if (!at)
		return false;
	command = take_quoted(at, "cmd", &rest);
	data = command ? take_quoted(rest, "data", &rest) : NULL;
	if (!data)
		return true; /* FreeSWITCH drops such a line, too; one of its comments has it */
	if (strcasecmp(command, "set") == 0)
		set_variable(r, data);
	else if (strcasecmp(command, "include") == 0)
		take_include(r, data);
	else
		audit_note(r->x->a, r->at, "what X-PRE-PROCESS gets from elsewhere is not known here");
	return true;
}

/* Blanks comments, which hold what expat does not allow in them, and declarations within the file. */
static void strip(struct reader *r, char *line)
{
	char *p = line, *end;

	while (*p) {
		if (r->comment && strncmp(p, "-->", 3) == 0) {
			memset(p, ' ', 3);
			r->comment = false;
		} else if (r->comment) {
			*p++ = ' ';
		} else if (strncmp(p, "<!--", 4) == 0) {
			memset(p, ' ', 4);
			r->comment = true;
		} else {
			p++;
		}
	}
	p = strstr(line, "<?xml");
	end = p ? strstr(p, "?>") : NULL;
	if (end)
		memset(p, ' ', (size_t)(end + 2 - p));
}

static void feed(struct reader *r, const char *text)
{
	if (r->broken || XML_Parse(r->parser, text, (int)strlen(text), 0) == XML_STATUS_OK)
		return;
	r->broken = true;
	audit_note(r->x->a, r->at,
		   "not well-formed XML, or with a document type; the rest of the file was left out");
}

static void read_lines(struct reader *r, char *text)
{
	char *next;

	/* A fragment may have several elements side by side. */
	feed(r, "<fragment>");
	for (; text && !r->x->full; text = next) {
		next = strchr(text, '\n');
		if (next)
			*next++ = '\0';
		r->at.line++;
		if (take_preprocess(r, text))
			continue;
		strip(r, text);
		feed(r, text);
		feed(r, "\n");
	}
	feed(r, "</fragment>");
}

static void read_file(struct xml *x, const char *path, const struct reader *parent)
{
	struct reader *r;
	char *text;
	size_t len;

	if (parent && audit_chain_has(&parent->chain, path)) {
		audit_note(x->a, parent->at, "the file includes itself");
		return;
	}
	if (audit_read(x->a, path, &text, &len) < 0)
		return;
	r = calloc(1, sizeof(*r));
	if (!r)
		return;
	*r = (struct reader){.x = x, .at = {path, 0}, .chain = {path, parent ? &parent->chain : NULL}};
	r->includes = parent ? parent->includes + 1 : 0;
	r->levels[0] = parent ? parent->levels[parent->depth] : (struct level){"", "", NULL, false};
	r->parser = XML_ParserCreate(NULL);
	if (r->parser) {
		XML_SetUserData(r->parser, r);
		XML_SetElementHandler(r->parser, on_start, on_end);
		XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
		read_lines(r, text);
		XML_ParserFree(r->parser);
	} else {
		x->a->memory = true;
	}
	free(r);
}

bool xml_load(struct xml *x, struct audit *a, const char *path)
{
	*x = (struct xml){.a = a};
	if (!audit_files_exist(&a->files, path))
		return false;
	read_file(x, path, NULL);
	if (x->full)
		audit_note(a, (struct audit_place){path, 0}, "it is too large, the rest was left out");
	return true;
}

void xml_done(struct xml *x)
{
	while (x->n > 0)
		free(x->items[--x->n]);
	free(x->items);
	while (x->n_variables > 0) {
		free(x->variables[--x->n_variables].name);
		free(x->variables[x->n_variables].value);
	}
	free(x->variables);
}
