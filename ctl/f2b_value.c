/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the values of a fail2ban filter stand for: first %(name)s, then <name>, as fail2ban does it. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "f2b_read.h"

/* Deeper than Python's configparser goes (10) there is nothing to be had. */
#define DEPTH_MAX 10
/* So many names may be replaced in all values of a filter: ten levels of twenty names each are 10^13. */
#define SUBSTITUTIONS_MAX 20000
#define NAME_MAX_LEN 200

/* Marks of places make sense at the head of a line only. */
static void append(struct f2b_text *to, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		const char *end = text[i] == F2B_PLACE ? memchr(text + i, F2B_PLACE_END, len - i) : NULL;
		bool head =
			to->len == 0 || to->ptr[to->len - 1] == '\n' || to->ptr[to->len - 1] == F2B_PLACE_END;

		if (end && head)
			f2b_text_add(to, text + i, (size_t)(end - text) + 1 - i);
		if (end)
			i = (size_t)(end - text);
		else
			f2b_text_putc(to, text[i]);
	}
}

void f2b_strip_places(const char *text, size_t len, struct f2b_text *to)
{
	size_t i;

	for (i = 0; i < len; i++) {
		const char *end = text[i] == F2B_PLACE ? memchr(text + i, F2B_PLACE_END, len - i) : NULL;

		if (end)
			i = (size_t)(end - text);
		else
			f2b_text_putc(to, text[i]);
	}
}

const struct f2b_place *f2b_take_place(const struct f2b *f, const char **text)
{
	const struct f2b_place *place = NULL;

	while (**text == F2B_PLACE) {
		char *end;
		unsigned long n = strtoul(*text + 1, &end, 10);

		if (*end != F2B_PLACE_END)
			break;
		if (n < f->n_places)
			place = &f->places[n];
		*text = end + 1;
	}
	return place;
}

/* Where a value was written, to complain about it. */
static struct f2b_place place_of(const struct f2b *f, const char *value)
{
	const struct f2b_place *at = f2b_take_place(f, &value);

	return at ? *at : (struct f2b_place){f->files ? f->files[0] : "", 0};
}

static bool spend(struct f2b *f, const struct f2b_place *at)
{
	if (f->substitutions++ < SUBSTITUTIONS_MAX)
		return true;
	if (f->substitutions == SUBSTITUTIONS_MAX + 1)
		diag_error(f->diag, at->file, at->line, "a variable refers to itself, or to too many others",
			   "more than %d names to replace", SUBSTITUTIONS_MAX);
	return false;
}

/* %(name)s */

/* The raw value of "option" or "section/option", seen from section. */
static const char *find_raw(const struct f2b *f, const char *section, const char *name)
{
	const char *slash = strchr(name, '/'), *value = NULL;
	_cleanup_free_ char *other = NULL;

	if (!slash) {
		value = f2b_find(f, F2B_OVERRIDE, name, false);
		value = value ? value : f2b_find(f, section, name, false);
		return value ? value : f2b_find(f, "DEFAULT", name, false);
	}
	other = strndup(name, (size_t)(slash - name));
	if (!other)
		return NULL;
	if (strcasecmp(other, "known") == 0)
		value = f2b_find(f, section, slash + 1, true);
	else if (strcasecmp(other, "default") != 0)
		value = f2b_find(f, other, slash + 1, false);
	return value ? value : f2b_find(f, "DEFAULT", slash + 1, false);
}

/* Is it what stands before the message in each line? */
static bool is_head(const char *name)
{
	const char *slash = strrchr(name, '/');

	name = slash ? slash + 1 : name;
	return strcmp(name, "__prefix_line") == 0 || strcmp(name, "__line_prefix") == 0;
}

static bool interpolate(struct f2b *f, const char *section, const char *raw, unsigned depth,
			struct f2b_text *to);

/* At "%(" of text; *end behind ")s". */
static bool interpolate_name(struct f2b *f, const char *section, const char *text, const struct f2b_place *at,
			     unsigned depth, struct f2b_text *to, const char **end)
{
	const char *close = strchr(text, ')'), *value;
	char name[NAME_MAX_LEN + 1], shown[NAME_MAX_LEN + 1];
	struct span s = {text + 2, close ? (size_t)(close - text) - 2 : 0};
	bool ok;
	size_t i;

	if (!close || close[1] != 's' || s.len == 0 || s.len > NAME_MAX_LEN) {
		diag_error(f->diag, at->file, at->line, "write %(name)s, and %% for a percent sign",
			   "'%%(' without ')s': '%.40s'", text_escape(SPAN(text), shown, sizeof(shown)));
		return false;
	}
	memcpy(name, s.ptr, s.len);
	name[s.len] = '\0';
	/* Names of options are lower case, those of sections are not. */
	for (i = strcspn(name, "/") < s.len ? strcspn(name, "/") : 0; i < s.len; i++)
		name[i] = (char)tolower((unsigned char)name[i]);
	*end = close + 2;
	if (strcmp(name, "__name__") == 0) {
		f2b_text_puts(to, section);
		return true;
	}
	value = find_raw(f, section, name);
	if (!value || depth >= DEPTH_MAX) {
		diag_error(f->diag, at->file, at->line,
			   value ? NULL : "define it, or include the file that does",
			   value ? "%%(%s)s: nested too deep; does it refer to itself?"
				 : "%%(%s)s is not defined",
			   text_escape(s, shown, sizeof(shown)));
		return false;
	}
	if (!spend(f, at))
		return false;
	if (is_head(name))
		f2b_text_putc(to, F2B_HEAD);
	ok = interpolate(f, section, value, depth + 1, to);
	if (is_head(name))
		f2b_text_putc(to, F2B_HEAD_END);
	return ok;
}

static bool interpolate(struct f2b *f, const char *section, const char *raw, unsigned depth,
			struct f2b_text *to)
{
	struct f2b_place at = place_of(f, raw);
	const char *p = raw;

	while (*p) {
		size_t n = strcspn(p, "%\3");

		append(to, p, n);
		p += n;
		if (*p == F2B_PLACE) {
			const char *mark = p;

			at = place_of(f, p);
			f2b_take_place(f, &p);
			p = p == mark ? p + 1 : p;
			append(to, mark, (size_t)(p - mark));
		} else if (p[0] == '%' && p[1] == '%') {
			f2b_text_putc(to, '%');
			p += 2;
		} else if (p[0] == '%' && p[1] == '(') {
			if (!interpolate_name(f, section, p, &at, depth, to, &p))
				return false;
		} else if (p[0] == '%') {
			diag_error(f->diag, at.file, at.line, "write %% for a percent sign",
				   "'%%' that is followed by neither '%%' nor '('");
			return false;
		}
		if (to->failed) {
			diag_error(f->diag, at.file, at.line, NULL,
				   "with all that it refers to, it is over 256 KiB long");
			return false;
		}
	}
	return true;
}

/* <name> */

/* The value of what stands between '<' and '>'. False with *found: it cannot be resolved. */
static bool tag_value(struct f2b *f, const char *name, struct f2b_text *to, bool *found)
{
	const char *slash = strchr(name, '/'), *option = slash ? slash + 1 : name, *section = "Definition",
		   *raw;
	_cleanup_free_ char *other = NULL;
	bool known = strncasecmp(name, "known/", 6) == 0;

	raw = known ? NULL : f2b_find(f, F2B_OVERRIDE, option, false);
	if (slash && !known) {
		other = strndup(name, (size_t)(slash - name));
		raw = other ? f2b_find(f, other, option, false) : NULL;
		section = other;
	}
	if (!raw && (!slash || known)) {
		section = "Init";
		raw = f2b_find(f, section, option, false);
	}
	if (!raw && known) {
		section = "Definition";
		raw = f2b_find(f, section, option, true);
	}
	if (!raw && (!slash || known)) {
		section = "Definition";
		raw = f2b_find(f, section, option, false);
	}
	if (!raw && section)
		raw = f2b_find(f, "DEFAULT", option, false);
	*found = raw != NULL;
	if (!raw)
		return true;
	if (is_head(name))
		f2b_text_putc(to, F2B_HEAD);
	if (!interpolate(f, section, raw, 0, to))
		return false;
	if (is_head(name))
		f2b_text_putc(to, F2B_HEAD_END);
	return true;
}

/* The first "<name>" of text at or after *at: name without blank or '<' in it. */
static bool find_tag(const char *text, size_t *at, size_t *len)
{
	const char *p = text + *at;

	while ((p = strchr(p, '<'))) {
		size_t n = strcspn(p + 1, "<> \n");

		if (n > 0 && p[1 + n] == '>' && n <= NAME_MAX_LEN) {
			*at = (size_t)(p - text);
			*len = n + 2;
			return true;
		}
		p++;
	}
	return false;
}

/* Where a tag that holds the one at offset at could begin: <lt_<logtype>/x>. */
static size_t enclosing(const char *text, size_t at)
{
	size_t i = at;

	while (i > 0 && at - i < NAME_MAX_LEN && !strchr(" \n>", text[i - 1]))
		if (text[--i] == '<')
			return i;
	return at;
}

/* Puts value in place of a tag; marks of places stay where a line begins. */
static void put_value(struct f2b_text *t, size_t at, size_t len, const struct f2b_text *value)
{
	struct f2b_text plain = {0};

	if (at == 0 || t->ptr[at - 1] == '\n' || t->ptr[at - 1] == F2B_PLACE_END) {
		f2b_text_replace(t, at, len, f2b_text_get(value));
		return;
	}
	/* The first line continues one that has its place; the others have their own. */
	f2b_strip_places(f2b_text_get(value), strcspn(f2b_text_get(value), "\n"), &plain);
	f2b_text_puts(&plain, f2b_text_get(value) + strcspn(f2b_text_get(value), "\n"));
	t->failed |= plain.failed;
	f2b_text_replace(t, at, len, f2b_text_get(&plain));
	f2b_text_done(&plain);
}

static bool substitute(struct f2b *f, const struct f2b_place *where, struct f2b_text *t)
{
	size_t at = 0, len;

	while (find_tag(f2b_text_get(t), &at, &len)) {
		struct f2b_text value = {0};
		char name[NAME_MAX_LEN + 1];
		bool found = false, ok;

		memcpy(name, t->ptr + at + 1, len - 2);
		name[len - 2] = '\0';
		ok = tag_value(f, name, &value, &found) && (!found || spend(f, where));
		if (ok && found)
			put_value(t, at, len, &value);
		f2b_text_done(&value);
		if (ok && t->failed)
			diag_error(f->diag, where->file, where->line, NULL,
				   "with all that it refers to, it is over 256 KiB long");
		if (!ok || t->failed)
			return false;
		at = found ? enclosing(t->ptr, at) : at + len;
	}
	return true;
}

bool f2b_value(struct f2b *f, const char *key, struct f2b_text *ret)
{
	struct f2b_place where;
	const char *raw = f2b_find(f, F2B_OVERRIDE, key, false);
	bool found;

	raw = raw ? raw : f2b_find(f, "Init", key, false);
	raw = raw ? raw : f2b_find(f, "Definition", key, false);
	raw = raw ? raw : f2b_find(f, "DEFAULT", key, false);
	if (!raw)
		return false;
	where = place_of(f, raw);
	return tag_value(f, key, ret, &found) && found && substitute(f, &where, ret);
}
