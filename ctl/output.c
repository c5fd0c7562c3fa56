/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define CELL_MAX 160
#define GAP 2
#define OUTPUT_WIDTH 78

void output_table_begin(struct table *t, const char *const *headers)
{
	*t = (struct table){ .headers = headers };
	while (headers[t->columns])
		t->columns++;
}

char *output_safe(const char *text, char *buf, size_t size)
{
	return text_printable(SPAN(text), buf, size);
}

void output_table_add(struct table *t, const char *text)
{
	char safe[CELL_MAX], **longer = reallocarray(t->cells, t->count + 1, sizeof(char *));

	if (!longer)
		return;
	t->cells = longer;
	t->cells[t->count++] = strdup(output_safe(text, safe, sizeof(safe)));
}

/* Characters, not bytes. */
static size_t width(const char *text)
{
	size_t n = 0;

	for (; text && *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static void print_row(FILE *to, const char *const *cells, size_t n, const size_t *widths)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const char *text = cells[i] ? cells[i] : "";

		fputs(text, to);
		if (i + 1 < n)
			fprintf(to, "%*s", (int)(widths[i] - width(text) + GAP), "");
	}
	fputc('\n', to);
}

void output_table_write(struct table *t, FILE *to)
{
	size_t *widths = calloc(t->columns, sizeof(*widths)), i;

	for (i = 0; widths && i < t->columns; i++)
		widths[i] = width(t->headers[i]);
	for (i = 0; widths && i < t->count; i++)
		if (width(t->cells[i]) > widths[i % t->columns])
			widths[i % t->columns] = width(t->cells[i]);
	if (widths)
		print_row(to, t->headers, t->columns, widths);
	for (i = 0; widths && i + t->columns <= t->count; i += t->columns)
		print_row(to, (const char *const *)t->cells + i, t->columns, widths);
	for (i = 0; i < t->count; i++)
		free(t->cells[i]);
	free(t->cells);
	free(widths);
}

void output_table_print(struct table *t)
{
	output_table_write(t, stdout);
}

void output_wrapped(FILE *to, const char *label, const char *text)
{
	const int indent = (int)width(label);
	int column = indent;

	fputs(label, to);
	while (*text) {
		const size_t n = strcspn(text, " ");
		const int wide = (int)(width(text) - width(text + n));

		if (column > indent && column + wide + 1 > OUTPUT_WIDTH) {
			fprintf(to, "\n%*s", indent, "");
			column = indent;
		} else if (column > indent) {
			fputc(' ', to);
			column++;
		}
		fwrite(text, 1, n, to);
		column += wide;
		text += n;
		text += strspn(text, " ");
	}
	fputc('\n', to);
}

void output_json_to(FILE *to, json_t *value)
{
	/* What else is not ASCII could be the sender's, and mean something to a terminal. */
	json_dumpf(value, to, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(DBL_DIG));
	fputc('\n', to);
	json_decref(value);
}

void output_json(json_t *value)
{
	output_json_to(stdout, value);
}

json_t *output_string(const char *text)
{
	json_t *s = json_string(text);

	return s ? s : json_null();
}

json_t *output_time(usec_t when)
{
	char text[TIME_TEXT_MAX];

	if (when == 0 || when == USEC_INFINITY)
		return json_null();
	return json_string(time_format_utc(when, text));
}

json_t *output_span(usec_t span)
{
	if (span == USEC_INFINITY)
		return json_null();
	if (span % USEC_PER_SEC == 0)
		return json_integer((json_int_t)(span / USEC_PER_SEC));
	return json_real((double)span / (double)USEC_PER_SEC);
}
