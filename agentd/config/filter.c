/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/filter.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/ini.h"
#include "config/suggest.h"
#include "config/value.h"
#include "config/wordlist.h"

#define EXAMPLES_MAX 256
#define LISTS_MAX 64

enum section_type { SECTION_NONE, SECTION_FILTER, SECTION_LIST, SECTION_PATTERN };

struct filter_loader {
	struct filter *filter;
	struct diag *diag;
	char *const *dirs;
	const char *file; /* kept in filter->files */
	enum section_type section;
	size_t index; /* of the list or pattern at hand */
	bool off;     /* the pattern at hand says enabled = no */
	char **sections; /* headers seen in this file, with their key names: "header" or "header\nkey" */
};

/* Memory for one more item; NULL and an error in diag when there is none, or max are there. */
static void *grow(struct filter_loader *l, unsigned line, void **items, size_t *n, size_t size, size_t max)
{
	void *longer = *n < max ? reallocarray(*items, *n + 1, size) : NULL;

	if (!longer) {
		diag_error(l->diag, l->file, line, NULL, "more than %zu of them, or out of memory", max);
		return NULL;
	}
	*items = longer;
	memset((char *)longer + *n * size, 0, size);
	return (char *)longer + (*n)++ * size;
}

static void text_done(struct filter_text *t)
{
	free(t->text);
	*t = (struct filter_text){ 0 };
}

static void text_set(const struct place *at, const char *file, struct filter_text *t, const char *value)
{
	text_done(t);
	t->text = strdup(value);
	t->file = file;
	t->line = at->line;
	if (!t->text)
		value_error(at, "", NULL, "out of memory");
}

/* A regex may be written over several lines: they are joined without anything between. */
static void regex_set(const struct place *at, const char *file, struct filter_text *t, const char *value)
{
	char *from, *to;

	if (*value == '\0') {
		value_error(at, value, "write a PCRE2 regex", "empty");
		return;
	}
	text_set(at, file, t, value);
	for (from = to = t->text; from && *from; from++)
		if (*from != '\n')
			*to++ = *from;
	if (to)
		*to = '\0';
}

/* [filter] */

static void take_filter_key(struct filter_loader *l, const struct place *at, const char *value)
{
	struct filter *f = l->filter;
	char **words;

	if (strcmp(at->key, "description") == 0) {
		free(f->description);
		f->description = strdup(value);
	} else if (strcmp(at->key, "prefix") == 0) {
		regex_set(at, l->file, &f->prefix, value);
	} else if (strcmp(at->key, "file_risk") == 0) {
		text_set(at, l->file, &f->file_risk, value);
	} else if (strcmp(at->key, "journal") == 0) {
		if (value_matches(at, value, false, &words)) {
			strings_free(f->journal);
			f->journal = words;
		}
	} else if (strcmp(at->key, "continued") == 0) {
		regex_set(at, l->file, &f->continued, value);
	} else if (strcmp(at->key, "define") != 0) {
		claim_add(at, value, strcmp(at->key, "escaped") == 0, &f->claims, &f->n_claims);
	} else {
		struct filter_text *t =
			grow(l, at->line, (void **)&f->defines, &f->n_defines, sizeof(*t), FILTER_PATTERNS_MAX);

		if (t)
			regex_set(at, l->file, t, value);
	}
}

/* [list NAME] */

static void take_list_key(struct filter_loader *l, const struct place *at, const char *value)
{
	static const char *const fields[] = {
		[FIELD_AGENT] = "agent",
		[FIELD_USER] = "user",
		[FIELD_NUMBER] = "number",
		[FIELD_FROM] = "from",
	};
	static const char *const matches[] = {
		[LIST_EXACT] = "exact",
		[LIST_PREFIX] = "prefix",
		[LIST_SUBSTRING] = "substring",
	};
	struct filter_list *list = &l->filter->lists[l->index];
	unsigned i;

	if (strcmp(at->key, "field") == 0) {
		if (value_choice(at, value, fields, ELEMENTSOF(fields), &i))
			list->field = (enum list_field)i;
	} else if (strcmp(at->key, "match") == 0) {
		if (value_choice(at, value, matches, ELEMENTSOF(matches), &i))
			list->match = (enum list_match)i;
	} else if (strcmp(at->key, "class") == 0) {
		value_class(at, value, &list->class);
	} else if (strcmp(at->key, "words") == 0) {
		wordlist_add_text(at, value, list);
	} else {
		wordlist_add_file(at, value, l->dirs, list);
	}
}

/* [pattern NAME] */

static struct filter_example *last_example(struct filter_pattern *p)
{
	return p->n_examples ? &p->examples[p->n_examples - 1] : NULL;
}

static void add_example(struct filter_loader *l, const struct place *at, struct filter_pattern *p,
			const char *value, bool counter)
{
	struct filter_example *e =
		grow(l, at->line, (void **)&p->examples, &p->n_examples, sizeof(*e), EXAMPLES_MAX);

	if (!e)
		return;
	e->counter = counter;
	text_set(at, l->file, &e->line, value);
	if (strchr(value, '\n'))
		value_error(at, value, "write it in one line", "an example is one line of log");
}

static void add_expectation(struct filter_loader *l, const struct place *at, struct filter_pattern *p,
			    const char *value)
{
	struct filter_example *e = last_example(p);

	if (!e || e->counter || e->expect.text)
		value_error(at, value, "put it below 'example', once", "there is no example that this belongs to");
	else
		text_set(at, l->file, &e->expect, value);
}

static void take_pattern_key(struct filter_loader *l, const struct place *at, const char *value)
{
	struct filter_pattern *p = &l->filter->patterns[l->index];
	char **words;
	bool enabled;

	if (strcmp(at->key, "class") == 0) {
		value_class(at, value, &p->class);
	} else if (strcmp(at->key, "regex") == 0) {
		regex_set(at, l->file, &p->regex, value);
	} else if (strcmp(at->key, "literal") == 0) {
		text_set(at, l->file, &p->literal, value);
	} else if (strcmp(at->key, "unless") == 0) {
		if (value_words(at, value, &words)) {
			strings_free(p->unless);
			p->unless = words;
		}
	} else if (strcmp(at->key, "source") == 0) {
		text_set(at, l->file, &p->source, value);
	} else if (strcmp(at->key, "never") == 0 || strcmp(at->key, "escaped") == 0) {
		claim_add(at, value, strcmp(at->key, "escaped") == 0, &p->claims, &p->n_claims);
	} else if (strcmp(at->key, "proven") == 0) {
		value_bool(at, value, &p->proven);
	} else if (strcmp(at->key, "refusal") == 0) {
		value_bool(at, value, &p->refusal);
	} else if (strcmp(at->key, "forgeable") == 0) {
		value_bool(at, value, &p->forgeable);
	} else if (strcmp(at->key, "enabled") == 0) {
		if (value_bool(at, value, &enabled))
			l->off = !enabled;
	} else if (strcmp(at->key, "expect") == 0) {
		add_expectation(l, at, p, value);
	} else {
		add_example(l, at, p, value, strcmp(at->key, "counterexample") == 0);
	}
}

static void pattern_done(struct filter_pattern *p)
{
	size_t i;

	for (i = 0; i < p->n_examples; i++) {
		text_done(&p->examples[i].line);
		text_done(&p->examples[i].expect);
	}
	free(p->examples);
	free(p->name);
	text_done(&p->regex);
	text_done(&p->literal);
	text_done(&p->source);
	strings_free(p->unless);
	claims_done(p->claims, p->n_claims);
}

static void list_done(struct filter_list *list)
{
	size_t i;

	for (i = 0; i < list->n_words; i++)
		free(list->words[i]);
	free(list->words);
	free(list->name);
}

/* Sections */

static const struct {
	const char *type;
	const char *keys[15];
	const char *repeatable; /* " key key " */
} section_types[] = {
	[SECTION_NONE] = { "", { NULL }, "" },
	[SECTION_FILTER] = { "filter",
			     { "description", "prefix", "define", "continued", "file_risk", "journal", "never", "escaped" },
			     " define never escaped " },
	[SECTION_LIST] = { "list", { "field", "match", "class", "words", "file" }, " file " },
	[SECTION_PATTERN] = { "pattern",
			      { "class", "regex", "literal", "proven", "refusal", "forgeable", "enabled", "source", "unless", "never", "escaped",
				"example", "expect", "counterexample" },
			      " never escaped example expect counterexample " },
};

static void open_list(struct filter_loader *l, const struct place *at, const char *name)
{
	struct filter *f = l->filter;
	struct filter_list *list;

	for (l->index = 0; l->index < f->n_lists; l->index++)
		if (strcmp(f->lists[l->index].name, name) == 0)
			return;
	list = grow(l, at->line, (void **)&f->lists, &f->n_lists, sizeof(*list), LISTS_MAX);
	if (!list || !value_name(at, name, &list->name)) {
		f->n_lists -= list != NULL;
		l->section = SECTION_NONE;
		return;
	}
	list->file = l->file;
	list->line = at->line;
}

static void open_pattern(struct filter_loader *l, const struct place *at, const char *name)
{
	struct filter *f = l->filter;
	struct filter_pattern *p = NULL;

	l->off = false;
	for (l->index = 0; l->index < f->n_patterns; l->index++) {
		if (strcmp(f->patterns[l->index].name, name) != 0)
			continue;
		/* A drop-in's pattern takes the place of the one of this name. */
		p = &f->patterns[l->index];
		pattern_done(p);
		*p = (struct filter_pattern){ 0 };
		break;
	}
	if (!p)
		p = grow(l, at->line, (void **)&f->patterns, &f->n_patterns, sizeof(*p), FILTER_PATTERNS_MAX);
	if (!p || !value_name(at, name, &p->name)) {
		f->n_patterns -= p != NULL;
		l->section = SECTION_NONE;
		return;
	}
	p->file = l->file;
	p->line = at->line;
}

/* "enabled = no" is only acted on at the end of the section, whatever its order. */
static void close_section(struct filter_loader *l)
{
	struct filter *f = l->filter;

	if (l->section == SECTION_PATTERN && l->off) {
		pattern_done(&f->patterns[l->index]);
		f->n_patterns--;
		memmove(&f->patterns[l->index], &f->patterns[l->index + 1],
			(f->n_patterns - l->index) * sizeof(*f->patterns));
	}
	l->off = false;
	l->section = SECTION_NONE;
}

/* Was this here before in this file? */
static bool seen_before(struct filter_loader *l, const char *section, const char *key)
{
	_cleanup_free_ char *what = text_printf("%s\n%s", section, key ? key : "");
	size_t i;

	for (i = 0; what && l->sections && l->sections[i]; i++)
		if (strcmp(l->sections[i], what) == 0)
			return true;
	strings_add(&l->sections, TAKE_PTR(what));
	return false;
}

static void open_section(struct filter_loader *l, const char *section, unsigned line)
{
	const struct place at = { l->diag, l->file, line, "name" };
	size_t type;

	close_section(l);
	if (seen_before(l, section, NULL)) {
		diag_error(l->diag, l->file, line, "join the two, or give one another name",
			   "section [%s] stands further up already", section);
		return;
	}
	for (type = SECTION_FILTER; type < ELEMENTSOF(section_types); type++) {
		size_t n = strlen(section_types[type].type);

		/* [filter] has no name, the others have one. */
		if (strncmp(section, section_types[type].type, n) != 0 ||
		    section[n] != (type == SECTION_FILTER ? '\0' : ' '))
			continue;
		l->section = (enum section_type)type;
		if (type == SECTION_LIST)
			open_list(l, &at, section + n + strspn(section + n, " "));
		else if (type == SECTION_PATTERN)
			open_pattern(l, &at, section + n + strspn(section + n, " "));
		return;
	}
	diag_error(l->diag, l->file, line, "there are [filter], [list NAME] and [pattern NAME]", "unknown section [%s]",
		   section);
}

static bool known_key(struct filter_loader *l, const char *section, const char *key, unsigned line)
{
	const char *const *keys = section_types[l->section].keys;
	_cleanup_free_ char *hint = NULL;
	const char *near;
	size_t n;

	for (n = 0; keys[n]; n++)
		if (strcmp(keys[n], key) == 0)
			return true;
	near = suggest_nearest(key, keys, n);
	hint = near ? text_printf("did you mean '%s'?", near) : NULL;
	diag_error(l->diag, l->file, line, hint ? hint : "sipwarden-filter(5) lists the keys",
		   "unknown key '%s' in [%s]", key, section);
	return false;
}

static void take(void *userdata, const char *section, const char *key, const char *value, unsigned line)
{
	struct filter_loader *l = userdata;
	const struct place at = { l->diag, l->file, line, key };
	_cleanup_free_ char *word = NULL;

	if (!key) {
		open_section(l, section, line);
		return;
	}
	if (l->section == SECTION_NONE || !known_key(l, section, key, line))
		return;
	word = text_printf(" %s ", key);
	if (seen_before(l, section, key) && word && !strstr(section_types[l->section].repeatable, word)) {
		diag_error(l->diag, l->file, line, "keep one of them", "'%s' stands in [%s] already", key, section);
		return;
	}
	if (l->section == SECTION_FILTER)
		take_filter_key(l, &at, value);
	else if (l->section == SECTION_LIST)
		take_list_key(l, &at, value);
	else
		take_pattern_key(l, &at, value);
}

/* Files */

static int load_file(struct filter_loader *l, const char *path)
{
	struct filter *f = l->filter;
	int r;

	if (strings_add(&f->files, strdup(path)) < 0)
		return -ENOMEM;
	l->file = f->files[f->n_files++];
	strings_free(l->sections);
	l->sections = NULL;
	r = ini_parse_file_path(l->file, take, l, l->diag);
	close_section(l);
	return r;
}

static int load_dropins(struct filter_loader *l)
{
	char *const *dir;
	int r = 0;

	for (dir = l->dirs; *dir && r == 0; dir++) {
		_cleanup_free_ char *pattern = text_printf("%s/%s.conf.d/*.conf", *dir, l->filter->name);
		glob_t found;
		size_t i;

		if (!pattern)
			return -ENOMEM;
		if (glob(pattern, 0, NULL, &found) != 0)
			continue;
		for (i = 0; i < found.gl_pathc && r != -ENOMEM; i++) {
			int one = load_file(l, found.gl_pathv[i]);

			r = one < 0 ? one : r;
		}
		globfree(&found);
	}
	return r;
}

static char *find_main(const char *name, char *const *dirs)
{
	char *const *dir;

	for (dir = dirs; *dir; dir++) {
		char *path = text_printf("%s/%s.conf", *dir, name);

		if (path && access(path, F_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

/* The first directory that we may not look into, or NULL. */
static const char *find_hidden(char *const *dirs)
{
	char *const *dir;

	for (dir = dirs; *dir; dir++)
		if (access(*dir, R_OK | X_OK) < 0 && errno == EACCES)
			return *dir;
	return NULL;
}

static void no_such_filter(const char *name, char *const *dirs, struct diag *diag)
{
	_cleanup_free_ char *hint = NULL;
	char shown[80], **names = NULL;
	const char *near = NULL, *hidden = find_hidden(dirs);

	if (!hidden && filter_names(dirs, &names) == 0)
		near = suggest_nearest(name, (const char *const *)names, strings_count(names));
	hint = hidden ? text_printf("%s may not be read by this user: it may be there; give it the rights", hidden) :
	       near   ? text_printf("did you mean '%s'?", near) :
		      text_printf("looked in %s%s%s", dirs[0] ? dirs[0] : "no directory", dirs[0] && dirs[1] ? ", " : "",
				  dirs[0] && dirs[1] ? dirs[1] : "");
	text_escape(SPAN(name), shown, sizeof(shown));
	diag_error(diag, shown, 0, hint, "there is no filter of this name");
	filter_names_free(names);
}

static void finish(struct filter_loader *l)
{
	struct filter *f = l->filter;
	size_t i;

	for (i = 0; i < f->n_patterns; i++) {
		const struct filter_pattern *p = &f->patterns[i];

		if (!p->class)
			diag_error(l->diag, p->file, p->line, "add class = auth-failure, or another",
				   "pattern '%s' has no class", p->name);
		if (!p->regex.text)
			diag_error(l->diag, p->file, p->line, "add regex = …", "pattern '%s' has no regex", p->name);
	}
	for (i = 0; i < f->n_lists; i++) {
		const struct filter_list *list = &f->lists[i];

		if (!list->class)
			diag_error(l->diag, list->file, list->line, "add class = scanner, or another",
				   "list '%s' has no class", list->name);
		if (list->n_words == 0)
			diag_warning(l->diag, list->file, list->line, "add words = … or file = …",
				     "list '%s' has no words", list->name);
	}
	if (f->n_patterns == 0)
		diag_error(l->diag, f->path, 0, "add [pattern NAME] with class and regex", "the filter has no pattern");
}

int filter_load(const char *name, char *const *dirs, struct diag *diag, struct filter **ret)
{
	_cleanup_free_ char *path = NULL;
	struct filter_loader l = { .diag = diag, .dirs = dirs };
	size_t errors = diag->errors;
	int r;

	path = strchr(name, '/') || *name == '.' ? NULL : find_main(name, dirs);
	if (!path) {
		no_such_filter(name, dirs, diag);
		return -ENOENT;
	}
	l.filter = calloc(1, sizeof(*l.filter));
	if (!l.filter)
		return -ENOMEM;
	l.filter->name = strdup(name);
	l.filter->path = strdup(path);
	r = l.filter->name && l.filter->path ? load_file(&l, path) : -ENOMEM;
	if (r >= 0)
		r = load_dropins(&l);
	if (r >= 0)
		finish(&l);
	strings_free(l.sections);
	if (r >= 0 && diag->errors > errors)
		r = -EINVAL;
	if (r < 0)
		filter_free(l.filter);
	else
		*ret = l.filter;
	return r < 0 && r != -ENOMEM ? -EINVAL : r;
}

struct filter *filter_free(struct filter *f)
{
	size_t i;

	if (!f)
		return NULL;
	for (i = 0; i < f->n_patterns; i++)
		pattern_done(&f->patterns[i]);
	for (i = 0; i < f->n_lists; i++)
		list_done(&f->lists[i]);
	for (i = 0; i < f->n_defines; i++)
		text_done(&f->defines[i]);
	text_done(&f->prefix);
	text_done(&f->continued);
	text_done(&f->file_risk);
	strings_free(f->journal);
	free(f->patterns);
	free(f->lists);
	free(f->defines);
	claims_done(f->claims, f->n_claims);
	free(f->name);
	free(f->description);
	free(f->path);
	strings_free(f->files);
	free(f);
	return NULL;
}
