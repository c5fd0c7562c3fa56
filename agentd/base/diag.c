/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/diag.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

#define GROW 16

/* Room for one more entry, or NULL when there is enough of them or no memory. */
static struct diag_entry *new_entry(struct diag *d)
{
	struct diag_entry *entries;

	if (d->count >= DIAG_MAX)
		return NULL;
	if (d->count % GROW == 0) {
		entries = realloc(d->entries, (d->count + GROW) * sizeof(*entries));
		if (!entries)
			return NULL;
		d->entries = entries;
	}
	return &d->entries[d->count++];
}

__attribute__((format(printf, 6, 0))) static void add(struct diag *d, int severity, const char *file,
						       unsigned line, const char *hint, const char *format,
						       va_list ap)
{
	struct diag_entry *e = new_entry(d);

	if (severity == LOG_ERR)
		d->errors++;
	else
		d->warnings++;
	if (!e)
		return;
	*e = (struct diag_entry){ .line = line, .severity = severity };
	e->file = strdup(file);
	e->hint = hint ? strdup(hint) : NULL;
	if (vasprintf(&e->text, format, ap) < 0)
		e->text = NULL;
}

void diag_error(struct diag *d, const char *file, unsigned line, const char *hint, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add(d, LOG_ERR, file, line, hint, format, ap);
	va_end(ap);
}

void diag_warning(struct diag *d, const char *file, unsigned line, const char *hint, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add(d, LOG_WARNING, file, line, hint, format, ap);
	va_end(ap);
}

/* "file:line: severity: what; hint" as a new string; severity may be "". */
static char *compose(const struct diag_entry *e, const char *severity)
{
	const char *file = e->file ? e->file : "?", *text = e->text ? e->text : "out of memory";
	const char *colon = e->hint ? "; " : "", *hint = e->hint ? e->hint : "";

	if (e->line)
		return text_printf("%s:%u: %s%s%s%s", file, e->line, severity, text, colon, hint);
	return text_printf("%s: %s%s%s%s", file, severity, text, colon, hint);
}

char *diag_text(const struct diag_entry *e)
{
	return compose(e, "");
}

static size_t not_kept(const struct diag *d)
{
	return d->errors + d->warnings - d->count;
}

void diag_rename_file(struct diag *d, const char *from, const char *to)
{
	size_t i;

	for (i = 0; i < d->count; i++) {
		char *copy = d->entries[i].file && strcmp(d->entries[i].file, from) == 0 ? strdup(to) : NULL;

		if (!copy)
			continue;
		free(d->entries[i].file);
		d->entries[i].file = copy;
	}
}

void diag_print(const struct diag *d, FILE *to)
{
	size_t i;

	for (i = 0; i < d->count; i++) {
		char *text = compose(&d->entries[i], d->entries[i].severity == LOG_ERR ? "error: " : "warning: ");

		fprintf(to, "%s\n", text ? text : "out of memory");
		free(text);
	}
	if (not_kept(d) > 0)
		fprintf(to, "… and %zu more\n", not_kept(d));
}

void diag_log(const struct diag *d)
{
	size_t i;

	for (i = 0; i < d->count; i++) {
		char *text = diag_text(&d->entries[i]);

		log_message(d->entries[i].severity, "%s", text ? text : "out of memory");
		free(text);
	}
	if (not_kept(d) > 0)
		log_error("… and %zu more mistakes", not_kept(d));
}

void diag_done(struct diag *d)
{
	size_t i;

	for (i = 0; i < d->count; i++) {
		free(d->entries[i].file);
		free(d->entries[i].text);
		free(d->entries[i].hint);
	}
	free(d->entries);
	*d = (struct diag)DIAG_INIT;
}
