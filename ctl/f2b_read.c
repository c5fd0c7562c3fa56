/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "f2b_read.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/textfile.h"
#include "config/value.h"

#define INCLUDE_DEPTH_MAX 16
#define PLACES_MAX 200000

/* Options */

static struct f2b_option *find(const struct f2b *f, size_t from, const char *section, const char *key,
			       bool known)
{
	size_t i;

	for (i = from; i < f->n_options; i++) {
		struct f2b_option *o = &f->options[i];

		if (o->known == known && strcmp(o->key, key) == 0 && strcmp(o->section, section) == 0)
			return o;
	}
	return NULL;
}

const char *f2b_find(const struct f2b *f, const char *section, const char *key, bool known)
{
	const struct f2b_option *o = find(f, 0, section, key, known);

	return o ? o->value : NULL;
}

static int option_add(struct f2b *f, const char *section, const char *key, const char *value, bool known)
{
	struct f2b_option *longer, *o = find(f, 0, section, key, known);
	char *copy = strdup(value);

	if (!copy)
		return -ENOMEM;
	if (o) {
		free(o->value);
		o->value = copy;
		return 0;
	}
	longer = f->n_options < F2B_OPTIONS_MAX ? reallocarray(f->options, f->n_options + 1, sizeof(*longer))
						: NULL;
	if (!longer) {
		free(copy);
		return f->n_options < F2B_OPTIONS_MAX ? -ENOMEM : -E2BIG;
	}
	f->options = longer;
	o = &longer[f->n_options++];
	*o = (struct f2b_option){strdup(section), strdup(key), copy, known};
	return o->section && o->key ? 0 : -ENOMEM;
}

int f2b_override(struct f2b *f, const char *key, const char *value)
{
	return option_add(f, F2B_OVERRIDE, key, value, false);
}

/* One file */

struct reader {
	struct f2b *f;
	struct f2b into; /* the options of this file alone */
	const char *file;
	unsigned line;
	char *section, *key; /* key NULL: nothing that could be continued */
	struct f2b_text value;
	unsigned indent, lines; /* of the key's line; lines of the value so far */
	int error;
};

static void mark_place(struct reader *r)
{
	struct f2b *f = r->f;
	struct f2b_place *longer;

	if ((f->n_places & (f->n_places - 1)) == 0) {
		size_t size = f->n_places ? f->n_places * 2 : 64;

		longer = size <= PLACES_MAX ? reallocarray(f->places, size, sizeof(*longer)) : NULL;
		if (!longer)
			return;
		f->places = longer;
	}
	f2b_text_printf(&r->value, "%c%zu%c", F2B_PLACE, f->n_places, F2B_PLACE_END);
	f->places[f->n_places++] = (struct f2b_place){r->file, r->line};
}

static void close_value(struct reader *r)
{
	struct f2b_text *v = &r->value;
	int n = 0;

	if (!r->key)
		return;
	if (v->failed)
		diag_error(r->f->diag, r->file, r->line, "sipwarden takes at most 256 KiB",
			   "the value of '%s' is too long", r->key);
	while (v->len > 0 && v->ptr[v->len - 1] == '\n')
		v->ptr[--v->len] = '\0';
	n = option_add(&r->into, r->section, r->key, f2b_text_get(v), false);
	if (n < 0)
		r->error = n;
	free(TAKE_PTR(r->key));
	f2b_text_done(v);
}

/* A comment starts with '#' or ';' at the head of a line, or with a blank and ';' in it. */
static struct span without_comment(struct span line, bool *comment)
{
	struct span text = span_trim(line);
	size_t i;

	*comment = text.len > 0 && (*text.ptr == '#' || *text.ptr == ';');
	if (*comment)
		return (struct span){text.ptr, 0};
	for (i = 1; i < text.len; i++) {
		if (text.ptr[i] == ';' && isspace((unsigned char)text.ptr[i - 1])) {
			*comment = true;
			return span_trim((struct span){text.ptr, i});
		}
	}
	return text;
}

static void take_header(struct reader *r, struct span text)
{
	const char *close = memrchr(text.ptr, ']', text.len);

	free(TAKE_PTR(r->section));
	if (!close || close == text.ptr + 1) {
		diag_error(r->f->diag, r->file, r->line, "end it with ']'",
			   "section header without name or ']'");
		return;
	}
	r->section = strndup(text.ptr + 1, (size_t)(close - text.ptr) - 1);
	if (!r->section)
		r->error = -ENOMEM;
}

static void take_key(struct reader *r, struct span text)
{
	char shown[80], *p;
	size_t n;

	for (n = 0; n < text.len && text.ptr[n] != '=' && text.ptr[n] != ':'; n++)
		;
	if (n == 0 || n == text.len || !r->section) {
		diag_error(r->f->diag, r->file, r->line, "a line that continues a value starts with a blank",
			   r->section ? "neither section, nor key = value: '%s'"
				      : "outside of a section: '%s'",
			   text_escape(text, shown, sizeof(shown)));
		return;
	}
	r->key = strndup(text.ptr, span_trim((struct span){text.ptr, n}).len);
	if (!r->key) {
		r->error = -ENOMEM;
		return;
	}
	for (p = r->key; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	if (find(&r->into, 0, r->section, r->key, false))
		diag_warning(r->f->diag, r->file, r->line,
			     "the later one is taken; fail2ban refuses such a file", "'%s' is there twice",
			     text_escape(SPAN(r->key), shown, sizeof(shown)));
	text = span_trim((struct span){text.ptr + n + 1, text.len - n - 1});
	r->lines = 1;
	if (text.len > 0)
		mark_place(r);
	f2b_text_add(&r->value, text.ptr, text.len);
}

static void take_line(struct reader *r, struct span line)
{
	bool comment;
	struct span text = without_comment(line, &comment);
	unsigned indent = 0;

	if (text.len == 0) {
		if (!comment && r->key)
			f2b_text_putc(&r->value, '\n');
		return;
	}
	while (indent < line.len && isspace((unsigned char)line.ptr[indent]))
		indent++;
	if (r->key && indent > r->indent) {
		f2b_text_putc(&r->value, '\n');
		mark_place(r);
		f2b_text_add(&r->value, text.ptr, text.len);
		return;
	}
	close_value(r);
	r->indent = indent;
	if (*text.ptr == '[' && memchr(text.ptr, ']', text.len))
		take_header(r, text);
	else
		take_key(r, text);
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 && c != '\t' && c != '\r';
}

static int parse(struct reader *r, const char *text, size_t len)
{
	struct span rest = textfile_skip_bom((struct span){text, len}), line;

	while (r->error == 0 && textfile_next_line(&rest, &line)) {
		size_t i;

		r->line++;
		for (i = 0; i < line.len && !is_control(line.ptr[i]); i++)
			;
		if (i == line.len) {
			take_line(r, line);
			continue;
		}
		diag_error(r->f->diag, r->file, r->line, "write control characters as \\xNN",
			   "control character 0x%02x in this line", (unsigned char)line.ptr[i]);
	}
	close_value(r);
	return r->error;
}

/* Lets the options of one file override what was read before, which stays as "known". */
static int merge(struct f2b *f, const struct f2b *from)
{
	size_t i;
	int r = 0;

	for (i = 0; i < from->n_options && r >= 0; i++) {
		const struct f2b_option *o = &from->options[i];
		const char *before = f2b_find(f, o->section, o->key, false);

		if (before)
			r = option_add(f, o->section, o->key, before, true);
		if (r >= 0)
			r = option_add(f, o->section, o->key, o->value, false);
	}
	return r;
}

static void options_done(struct f2b *f)
{
	while (f->n_options > 0) {
		struct f2b_option *o = &f->options[--f->n_options];

		free(o->section);
		free(o->key);
		free(o->value);
	}
	free(f->options);
	f->options = NULL;
}

static void reader_done(struct reader *r)
{
	options_done(&r->into);
	free(r->section);
	free(r->key);
	f2b_text_done(&r->value);
}

/* Files and what they include */

static int read_file(struct f2b *f, const char *const *chain, size_t depth, const char *path);

/* Is path being read already, by a file that leads here? */
static bool in_chain(const char *const *chain, size_t depth, const char *path)
{
	size_t i;

	for (i = 0; i < depth; i++)
		if (strcmp(chain[i], path) == 0)
			return true;
	return false;
}

static int include_one(struct f2b *f, const char *const *chain, size_t depth, struct span name,
		       const struct f2b_place *at)
{
	const char *including = chain[depth - 1], *slash = strrchr(including, '/');
	_cleanup_free_ char *path = NULL, *local = NULL;
	size_t n;
	int r = 0;

	if (*name.ptr == '/')
		path = strndup(name.ptr, name.len);
	else
		path = text_printf("%.*s%.*s", slash ? (int)(slash + 1 - including) : 0, including,
				   (int)name.len, name.ptr);
	if (!path)
		return -ENOMEM;
	if (in_chain(chain, depth, path)) {
		diag_error(f->diag, at->file, at->line, "remove one of the includes", "'%s' includes itself",
			   path);
		return 0;
	}
	if (access(path, F_OK) == 0)
		r = read_file(f, chain, depth, path);
	else if (!strstr(path, ".local"))
		diag_warning(f->diag, at->file, at->line, "fail2ban goes on without it, too",
			     "the included file '%s' is not there", path);
	n = strlen(path);
	if (r < 0 || n < 5 || strcmp(path + n - 5, ".conf") != 0)
		return r;
	local = text_printf("%.*s.local", (int)n - 5, path);
	if (!local)
		return -ENOMEM;
	return access(local, F_OK) == 0 ? read_file(f, chain, depth, local) : 0;
}

static int include_all(struct f2b *f, const struct f2b *own, const char *const *chain, size_t depth,
		       const char *which)
{
	const char *list = f2b_find(own, "INCLUDES", which, false);
	int r = 0;

	while (list && *list && r >= 0) {
		const struct f2b_place *at = f2b_take_place(f, &list);
		struct span name = span_trim((struct span){list, strcspn(list, "\n")});

		if (name.len > PATH_MAX / 2)
			diag_error(f->diag, chain[depth - 1], 0, NULL,
				   "the name of an included file is too long");
		else if (name.len > 0 && at)
			r = include_one(f, chain, depth, name, at);
		list += strcspn(list, "\n");
		list += *list == '\n';
	}
	return r;
}

static const char *add_file(struct f2b *f, const char *path)
{
	size_t n = strings_count(f->files);

	if (n >= F2B_FILES_MAX) {
		diag_error(f->diag, path, 0, NULL, "more than %d files", F2B_FILES_MAX);
		return NULL;
	}
	return strings_add(&f->files, strdup(path)) < 0 ? NULL : f->files[n];
}

static int read_file(struct f2b *f, const char *const *chain, size_t depth, const char *path)
{
	const char *longer[INCLUDE_DEPTH_MAX + 1];
	struct reader r = {.f = f};
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int n;

	if (depth >= INCLUDE_DEPTH_MAX) {
		diag_error(f->diag, path, 0, NULL, "includes are nested more than %d deep",
			   INCLUDE_DEPTH_MAX);
		return 0;
	}
	r.file = add_file(f, path);
	if (!r.file)
		return -EINVAL;
	if (depth > 0)
		memcpy(longer, chain, depth * sizeof(*chain));
	longer[depth] = r.file;
	n = textfile_read(path, F2B_FILE_MAX, f->diag, &text, &len);
	if (n >= 0)
		n = parse(&r, text, len);
	if (n >= 0)
		n = include_all(f, &r.into, longer, depth + 1, "before");
	if (n >= 0)
		n = merge(f, &r.into);
	if (n >= 0)
		n = include_all(f, &r.into, longer, depth + 1, "after");
	reader_done(&r);
	return n;
}

static int read_matching(struct f2b *f, const char *pattern)
{
	glob_t found;
	size_t i;
	int r = 0;

	if (glob(pattern, GLOB_NOESCAPE, NULL, &found) != 0)
		return 0;
	for (i = 0; i < found.gl_pathc && r >= 0; i++)
		r = read_file(f, NULL, 0, found.gl_pathv[i]);
	globfree(&found);
	return r;
}

/* What an admin adds without touching NAME.conf: NAME.d/(any).conf, NAME.local, NAME.d/(any).local. */
static int read_local(struct f2b *f, const char *path)
{
	static const char *const beside[] = {".d/*.conf", ".local", ".d/*.local"};
	size_t n = strlen(path), i;
	int r = 0;

	if (n < 5 || strcmp(path + n - 5, ".conf") != 0 || strpbrk(path, "*?["))
		return 0;
	for (i = 0; i < ELEMENTSOF(beside) && r >= 0; i++) {
		_cleanup_free_ char *pattern = text_printf("%.*s%s", (int)n - 5, path, beside[i]);

		r = pattern ? read_matching(f, pattern) : -ENOMEM;
	}
	return r;
}

static int finish(const struct f2b *f, size_t errors, int r)
{
	if (r == -E2BIG) {
		diag_error(f->diag, f->files ? f->files[0] : "", 0, NULL, "more than %d options",
			   F2B_OPTIONS_MAX);
		r = -EINVAL;
	}
	return r < 0 ? r : f->diag->errors > errors ? -EINVAL : 0;
}

int f2b_read(struct f2b *f, const char *path, struct diag *diag)
{
	size_t errors = diag->errors;
	int r;

	f->diag = diag;
	r = read_file(f, NULL, 0, path);
	if (r >= 0)
		r = read_local(f, path);
	return finish(f, errors, r);
}

int f2b_read_text(struct f2b *f, const char *name, const char *text, size_t len, struct diag *diag)
{
	struct reader r = {.f = f};
	size_t errors = diag->errors;
	int n = -EINVAL;

	f->diag = diag;
	r.file = add_file(f, name);
	if (r.file)
		n = parse(&r, text, len);
	if (n >= 0)
		n = merge(f, &r.into);
	reader_done(&r);
	return finish(f, errors, n);
}

void f2b_done(struct f2b *f)
{
	options_done(f);
	strings_free(f->files);
	free(f->places);
	*f = (struct f2b){0};
}
