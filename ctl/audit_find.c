/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was found: kept, named, ordered. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "audit.h"
#include "base/addr.h"
#include "base/cleanup.h"
#include "base/text.h"

/* One finding fits on a screen, whatever a configuration names its accounts: all suites of a version do. */
#define WHAT_MAX 4000
#define SUBJECT_MAX 160
#define NOTES_MAX 100

int audit_begin(struct audit *a, const char *root)
{
	int r;

	*a = (struct audit){.n = 0};
	r = audit_files_open(&a->files, root);
	if (r < 0)
		audit_files_close(&a->files);
	return r;
}

void audit_done(struct audit *a)
{
	size_t i;

	for (i = 0; i < a->n; i++) {
		free(a->findings[i].id);
		free(a->findings[i].file);
		free(a->findings[i].what);
		free(a->findings[i].change);
	}
	for (i = 0; i < a->n_kept; i++)
		free(a->kept[i]);
	free(a->findings);
	free(a->kept);
	audit_files_close(&a->files);
}

/*
 * Only what a line of the baseline, a shell and a terminal leave alone. A name that is
 * too long ends in a number of its whole, so that no two become one.
 */
static char *make_id(const char *check, const char *subject)
{
	static const char hex[] = "0123456789abcdef";
	char text[SUBJECT_MAX * 3 + 1], *p = text;
	unsigned long sum = 5381;
	size_t i, n = strlen(subject);

	for (i = 0; i < n; i++)
		sum = sum * 33 + (unsigned char)subject[i];
	for (i = 0; i < n && i < SUBJECT_MAX; i++) {
		unsigned char c = (unsigned char)subject[i];

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    strchr("._-/+@", c)) {
			*p++ = (char)c;
			continue;
		}
		*p++ = '%';
		*p++ = hex[c >> 4];
		*p++ = hex[c & 15];
	}
	*p = '\0';
	return n > SUBJECT_MAX ? text_printf("%s:%s~%lx", check, text, sum)
			       : text_printf("%s:%s", check, text);
}

static char *printable(const char *text)
{
	char safe[WHAT_MAX];

	return strdup(text_printable(SPAN(text), safe, sizeof(safe)));
}

static struct audit_finding *add(struct audit *a)
{
	struct audit_finding *longer;

	if (a->n == a->size) {
		size_t size = a->size ? a->size * 2 : 32;

		longer = reallocarray(a->findings, size, sizeof(*longer));
		if (!longer)
			return NULL;
		a->findings = longer;
		a->size = size;
	}
	longer = &a->findings[a->n++];
	*longer = (struct audit_finding){.accepted = false};
	return longer;
}

void audit_find(struct audit *a, const struct audit_check *check, struct audit_place at, const char *subject,
		const char *change, const char *format, ...)
{
	_cleanup_free_ char *what = NULL, *file = text_printf("%s%s", a->files.prefix, at.file);
	struct audit_finding *f;
	va_list ap;
	int n;

	if (a->n >= AUDIT_FINDINGS_MAX) {
		a->dropped++;
		return;
	}
	va_start(ap, format);
	n = vasprintf(&what, format, ap);
	va_end(ap);
	f = n < 0 || !file ? NULL : add(a);
	if (!f) {
		if (n < 0)
			what = NULL;
		a->memory = true;
		return;
	}
	f->check = check;
	f->id = make_id(check->name, subject);
	f->file = printable(file);
	f->line = at.line;
	f->what = printable(what);
	f->change = printable(change);
	if (!f->id || !f->file || !f->what || !f->change)
		a->memory = true;
}

void audit_note(struct audit *a, struct audit_place at, const char *why)
{
	static const struct audit_check not_understood = {"not-understood", AUDIT_INFO,
							  "What stands there was left out, so nothing is "
							  "said about it. The gateway may read it otherwise.",
							  NULL};

	if (a->notes++ < NOTES_MAX)
		audit_find(a, &not_understood, at, audit_base(at.file), "look at it yourself",
			   "not understood: %s", why);
}

static int worse(const void *one, const void *two)
{
	const struct audit_finding *a = one, *b = two;
	int r;

	if (a->check->severity != b->check->severity)
		return a->check->severity > b->check->severity ? -1 : 1;
	r = strcmp(a->file ? a->file : "", b->file ? b->file : "");
	if (r == 0)
		r = a->line < b->line ? -1 : a->line > b->line;
	return r ? r : strcmp(a->id ? a->id : "", b->id ? b->id : "");
}

void audit_sort(struct audit *a)
{
	if (a->n > 1)
		qsort(a->findings, a->n, sizeof(*a->findings), worse);
}

bool audit_is_whole(const struct audit *a)
{
	return !a->incomplete && !a->files.denied && !a->memory && !a->dropped;
}

size_t audit_count(const struct audit *a, enum audit_severity severity, bool accepted)
{
	size_t i, n = 0;

	for (i = 0; i < a->n; i++)
		n += a->findings[i].check->severity == severity && a->findings[i].accepted == accepted;
	return n;
}

const char *audit_severity_name(enum audit_severity severity)
{
	return severity == AUDIT_CRITICAL ? "critical" : severity == AUDIT_WARNING ? "warning" : "info";
}

/* Memory and files */

void *audit_keep(struct audit *a, void *memory)
{
	void **longer;

	if (memory && a->n_kept == a->kept_size) {
		size_t size = a->kept_size ? a->kept_size * 2 : 64;

		longer = reallocarray(a->kept, size, sizeof(*longer));
		if (!longer) {
			free(memory);
			memory = NULL;
		} else {
			a->kept = longer;
			a->kept_size = size;
		}
	}
	if (memory)
		a->kept[a->n_kept++] = memory;
	else
		a->memory = true;
	return memory;
}

const char *audit_path(struct audit *a, const char *dir, const char *name)
{
	size_t n = strlen(dir);
	char *path;

	while (n > 0 && dir[n - 1] == '/')
		n--;
	path = *name == '/' ? strdup(name) : text_printf("%.*s/%s", (int)n, dir, name);

	path = audit_keep(a, path);
	return path ? path : "";
}

const char *audit_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int audit_read(struct audit *a, const char *path, char **ret, size_t *len)
{
	struct audit_place at = {path, 0};
	char *text = NULL;
	size_t i;
	int r = audit_files_read(&a->files, path, &text, len);

	if (r < 0 && r != -ENOENT)
		audit_note(a, at, r == -EFBIG || r == -E2BIG ? "it is too large" : strerror(-r));
	if (r < 0)
		return r;
	for (i = 0; i < *len; i++)
		if (text[i] == '\0')
			text[i] = '?';
	*ret = audit_keep(a, text);
	return *ret ? 0 : -ENOMEM;
}

bool audit_chain_has(const struct audit_chain *chain, const char *path)
{
	for (; chain; chain = chain->up)
		if (strcmp(chain->file, path) == 0)
			return true;
	return false;
}

/* Values */

bool audit_bind_is_local(const char *bind)
{
	static const char localhost[] = "localhost";
	struct addr a;
	size_t n = strcspn(bind, " \t,");

	if (strncasecmp(bind, localhost, strlen(localhost)) == 0)
		return n == strlen(localhost) || bind[strlen(localhost)] == ':';
	if (addr_parse(bind, n, &a) < 0) {
		const char *end = *bind == '[' ? strchr(bind, ']') : memchr(bind, ':', n);

		if (!end || addr_parse(bind, (size_t)(end - bind) + (*bind == '['), &a) < 0)
			return false;
	}
	if (a.len == 32)
		return a.bytes[0] == 127;
	return memcmp(a.bytes, (const unsigned char[16]){[15] = 1}, 16) == 0;
}

bool audit_true(const char *value)
{
	static const char *const words[] = {"yes", "true", "on", "y", "t", "enabled", "active", "allow"};
	size_t i;

	for (i = 0; value && i < ELEMENTSOF(words); i++)
		if (strcasecmp(value, words[i]) == 0)
			return true;
	return value && strtol(value, NULL, 10) != 0;
}

bool audit_in_list(const char *list, const char *word)
{
	size_t n = strlen(word);

	while (list && *list) {
		size_t len;

		list += strspn(list, ", \t");
		len = strcspn(list, ", \t");
		if (len == n && strncasecmp(list, word, n) == 0)
			return true;
		list += len;
	}
	return false;
}
