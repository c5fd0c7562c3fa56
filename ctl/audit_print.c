/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit_print.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>

#include "output.h"

static const char *shown(const char *text)
{
	return text ? text : "";
}

static void print_place(const struct audit_finding *f, FILE *to)
{
	fputs(shown(f->file), to);
	if (f->line)
		fprintf(to, ":%u", f->line);
	fputc('\n', to);
}

static void print_finding(const struct audit_finding *f, FILE *to, bool color)
{
	static const char *const colors[] = {"36", "33", "31;1"};
	const char *name = audit_severity_name(f->check->severity), *p;

	if (color)
		fprintf(to, "\033[%sm", colors[f->check->severity]);
	for (p = name; *p; p++)
		fputc(toupper((unsigned char)*p), to);
	fprintf(to, "%s  ", color ? "\033[0m" : "");
	print_place(f, to);
	output_wrapped(to, "  ", shown(f->what));
	output_wrapped(to, "  why     ", f->check->why);
	output_wrapped(to, "  change  ", shown(f->change));
	if (f->check->source)
		output_wrapped(to, "  source  ", f->check->source);
	fprintf(to, "  id      %s\n\n", shown(f->id));
}

static size_t accepted(const struct audit *a)
{
	size_t i, n = 0;

	for (i = 0; i < a->n; i++)
		n += a->findings[i].accepted;
	return n;
}

const char *audit_things(const struct audit *a)
{
	if (a->listeners || a->files.n == 0)
		return a->listeners == 1 ? "listener asked" : "listeners asked";
	return a->files.n == 1 ? "file read" : "files read";
}

void audit_print_text(const struct audit *a, FILE *to, bool color)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (!a->findings[i].accepted)
			print_finding(&a->findings[i], to, color);
	fprintf(to, "%zu %s: %zu critical, %zu warning, %zu info; %zu accepted%s\n",
		a->listeners ? a->listeners : a->files.n, audit_things(a), audit_count(a, AUDIT_CRITICAL, false),
		audit_count(a, AUDIT_WARNING, false), audit_count(a, AUDIT_INFO, false), accepted(a),
		audit_is_whole(a) ? "" : ". This is not all: the rest could not be looked at");
}

static json_t *finding_json(const struct audit_finding *f)
{
	return json_pack("{s:o, s:s, s:s, s:b, s:o, s:o, s:o, s:s, s:o, s:s?}", "id",
			 output_string(shown(f->id)), "check", f->check->name, "severity",
			 audit_severity_name(f->check->severity), "accepted", f->accepted, "file",
			 output_string(shown(f->file)), "line",
			 f->line ? json_integer((json_int_t)f->line) : json_null(), "what",
			 output_string(shown(f->what)), "why", f->check->why, "change",
			 output_string(shown(f->change)), "source", f->check->source);
}

void audit_print_json(const struct audit *a, FILE *to)
{
	json_t *findings = json_array();
	size_t i;

	for (i = 0; i < a->n; i++)
		json_array_append_new(findings, finding_json(&a->findings[i]));
	output_json_to(
		to, json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:o}", "files", (json_int_t)a->files.n,
			  "listeners", (json_int_t)a->listeners, "unreadable", (json_int_t)a->files.denied,
			  "critical", (json_int_t)audit_count(a, AUDIT_CRITICAL, false), "warning",
			  (json_int_t)audit_count(a, AUDIT_WARNING, false), "info",
			  (json_int_t)audit_count(a, AUDIT_INFO, false), "accepted", (json_int_t)accepted(a),
			  "dropped", (json_int_t)a->dropped, "whole", audit_is_whole(a), "findings", findings));
}
