/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit_baseline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/text.h"
#include "config/textfile.h"
#include "replace.h"

#define BASELINE_MAX ((size_t)8 << 20)

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_id(struct audit_baseline *b, struct span line)
{
	struct span id = span_trim(line);
	size_t n = 0;
	char **longer;

	while (n < id.len && id.ptr[n] != ' ' && id.ptr[n] != '\t')
		n++;
	if (n == 0 || *id.ptr == '#')
		return 0;
	longer = reallocarray(b->ids, b->n + 1, sizeof(*longer));
	if (!longer)
		return -ENOMEM;
	b->ids = longer;
	longer[b->n] = strndup(id.ptr, n);
	if (!longer[b->n])
		return -ENOMEM;
	b->n++;
	return 0;
}

int audit_baseline_read(const char *path, bool missing_ok, struct audit_baseline *b)
{
	struct diag diag = DIAG_INIT;
	struct span rest, line;
	int r;

	*b = (struct audit_baseline){.n = 0};
	r = textfile_read(path, BASELINE_MAX, &diag, &b->text, &b->len);
	if (r == -ENOENT && missing_ok)
		r = 0;
	else
		diag_print(&diag, stderr);
	diag_done(&diag);
	rest = (struct span){b->text, b->len};
	while (r == 0 && b->text && textfile_next_line(&rest, &line))
		r = add_id(b, line);
	b->found = r == 0 ? calloc(b->n + 1, sizeof(*b->found)) : NULL;
	if (r == 0 && b->n > 1)
		qsort(b->ids, b->n, sizeof(*b->ids), by_text);
	return r < 0 ? r : b->found ? 0 : -ENOMEM;
}

static char **find_id(const struct audit_baseline *b, const char *id)
{
	return b->n > 0 ? bsearch(&id, b->ids, b->n, sizeof(*b->ids), by_text) : NULL;
}

bool audit_baseline_has(const struct audit_baseline *b, const char *id)
{
	return find_id(b, id) != NULL;
}

bool audit_baseline_mark(struct audit_baseline *b, const char *id)
{
	char **hit = find_id(b, id);

	if (hit)
		b->found[hit - b->ids] = true;
	return hit;
}

void audit_baseline_apply(struct audit_baseline *b, struct audit *a)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (a->findings[i].id && audit_baseline_mark(b, a->findings[i].id))
			a->findings[i].accepted = true;
}

static void write_new(FILE *to, struct audit *a, const char *reason)
{
	char safe[400];
	size_t i;

	if (reason)
		text_printable(SPAN(reason), safe, sizeof(safe));
	for (i = 0; i < a->n; i++) {
		struct audit_finding *f = &a->findings[i];

		if (f->accepted || f->check->severity < AUDIT_WARNING || !f->id)
			continue;
		fprintf(to, "%s # %s\n", f->id, reason ? safe : f->what ? f->what : "");
		f->accepted = true;
	}
}

int audit_baseline_accept(const struct audit_baseline *b, struct audit *a, const char *path,
			  const char *reason)
{
	struct replacement file;
	int r = replace_begin(&file, path);

	if (r < 0)
		return r;
	if (b->len)
		fwrite(b->text, 1, b->len, file.to);
	else
		fputs("# Findings of 'sipwarden audit' that are accepted: an id, and why.\n", file.to);
	if (b->len && b->text[b->len - 1] != '\n')
		fputc('\n', file.to);
	write_new(file.to, a, reason);
	return replace_end(&file, 0644);
}

void audit_baseline_done(struct audit_baseline *b)
{
	while (b->n > 0)
		free(b->ids[--b->n]);
	free(b->ids);
	free(b->found);
	free(b->text);
}
