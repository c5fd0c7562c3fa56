/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit_print.h"
#include "html.h"

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	HTML_POLICY
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>sipwarden "
	"audit</title>\n<style>\n"
	":root { color-scheme: light dark; --back: #fff; --text: #1b1b1b; --dim: #5a5a5a; --line: #d0d0d0;\n"
	"  --critical: #b00020; --warning: #8a5a00; --info: #00558a; }\n"
	"@media (prefers-color-scheme: dark) { :root { --back: #16181b; --text: #e6e6e6; --dim: #a0a0a0;\n"
	"  --line: #3a3d42; --critical: #ff6b7a; --warning: #f0b44c; --info: #6cb8f0; } }\n"
	"body { background: var(--back); color: var(--text); font: 16px/1.5 sans-serif; max-width: 50em;\n"
	"  margin: 2em auto; padding: 0 1em; }\n"
	"article { border: 1px solid var(--line); border-left-width: 6px; border-radius: 4px; padding: .8em "
	"1em;\n"
	"  margin: 1em 0; overflow-wrap: anywhere; }\n"
	"article h2 { font-size: 1.05em; margin: 0 0 .4em; } p { margin: .3em 0; } dl { margin: .5em 0 0; }\n"
	"dt { color: var(--dim); font-size: .85em; } dd { margin: 0 0 .4em; } code { font-size: .9em; }\n"
	".critical { border-left-color: var(--critical); } .critical b { color: var(--critical); }\n"
	".warning { border-left-color: var(--warning); } .warning b { color: var(--warning); }\n"
	".info { border-left-color: var(--info); } .info b { color: var(--info); }\n"
	".accepted { opacity: .65; }\n</style>\n</head>\n<body>\n<h1>sipwarden audit</h1>\n";

static void put_term(FILE *to, const char *name, const char *text, bool code)
{
	fprintf(to, "<dt>%s</dt><dd>%s", name, code ? "<code>" : "");
	html_put(to, text);
	fprintf(to, "%s</dd>\n", code ? "</code>" : "");
}

static void put_finding(FILE *to, const struct audit_finding *f)
{
	const char *severity = audit_severity_name(f->check->severity);

	fprintf(to, "<article class=\"%s%s\">\n<h2><b>%s</b> <code>", severity,
		f->accepted ? " accepted" : "", severity);
	html_put(to, f->file);
	if (f->line)
		fprintf(to, ":%u", f->line);
	fputs("</code></h2>\n<p>", to);
	html_put(to, f->what);
	fputs("</p>\n<dl>\n", to);
	put_term(to, "Why it matters", f->check->why, false);
	put_term(to, "Change", f->change, true);
	if (f->check->source)
		put_term(to, "Source", f->check->source, false);
	put_term(to, f->accepted ? "Id (accepted in the baseline)" : "Id", f->id, true);
	fputs("</dl>\n</article>\n", to);
}

void audit_print_html(const struct audit *a, FILE *to, const char *title)
{
	size_t i;
	int accepted;

	fputs(head, to);
	fputs("<p>", to);
	html_put(to, title);
	fprintf(to, ": %zu %s, %zu critical, %zu warning, %zu info.</p>\n",
		a->listeners ? a->listeners : a->files.n, audit_things(a), audit_count(a, AUDIT_CRITICAL, false),
		audit_count(a, AUDIT_WARNING, false), audit_count(a, AUDIT_INFO, false));
	if (!audit_is_whole(a))
		fputs("<p><strong>This is not all: the rest could not be looked at.</strong></p>\n", to);
	for (accepted = 0; accepted <= 1; accepted++)
		for (i = 0; i < a->n; i++)
			if (a->findings[i].accepted == (accepted == 1))
				put_finding(to, &a->findings[i]);
	fputs("</body>\n</html>\n", to);
}
