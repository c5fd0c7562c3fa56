/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What sipwarden reads from dialled numbers. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/config.h"
#include "ctl.h"
#include "output.h"
#include "usage.h"

#define LINE_MAX_READ 4096

struct view {
	const struct ctl *ctl;
	const struct number_site *site;
	struct table table;
};

static void show_json(const char *dialled, const struct number *n)
{
	const bool reachable = *n->code != '\0';
	_cleanup_free_ char *text = text_to_utf8(SPAN(dialled));

	output_json(json_pack("{s:o, s:o, s:o, s:o, s:s, s:s, s:s, s:b, s:b, s:b}", "dialled",
			      output_string(text ? text : ""), "e164",
			      reachable ? json_sprintf("+%s", n->digits) : json_null(), "code",
			      reachable ? json_string(n->code) : json_null(), "country",
			      *n->country ? json_string(n->country) : json_null(), "country_name",
			      number_country_name(n->country), "kind", number_kind_name(n->kind), "range",
			      n->range, "abroad", n->abroad, "risky", n->risky, "odd", n->odd));
}

static void show_row(struct table *table, const char *dialled, const struct number *n)
{
	char text[NUMBER_DIGITS_SIZE + 1], remarks[64];

	snprintf(text, sizeof(text), "%s%s", *n->code ? "+" : "", n->digits);
	snprintf(remarks, sizeof(remarks), "%s%s%s", n->abroad ? "abroad " : "", n->risky ? "risky " : "",
		 n->odd ? "odd" : "");
	output_table_add(table, dialled);
	output_table_add(table, text);
	output_table_add(table, *n->country ? n->country : "-");
	output_table_add(table, number_kind_name(n->kind));
	output_table_add(table, n->range);
	output_table_add(table, remarks);
}

/* Returns whether it is a number that is known. */
static bool show(struct view *v, const char *dialled)
{
	struct number n;

	number_read(v->site, SPAN(dialled), &n);
	if (v->ctl->json)
		show_json(dialled, &n);
	else
		show_row(&v->table, dialled, &n);
	return n.kind != NUMBER_UNKNOWN;
}

static bool show_lines(struct view *v, FILE *from)
{
	char line[LINE_MAX_READ];
	bool all = true;

	while (fgets(line, sizeof(line), from)) {
		line[strcspn(line, "\r\n")] = '\0';
		all = show(v, line) && all;
	}
	return all;
}

/* The site of the config, or of --country. */
static int find_site(const struct ctl *ctl, const char *country, struct number_site *ret)
{
	struct diag diag = DIAG_INIT;
	struct config *cfg = NULL;
	int r;

	if (country) {
		if (number_site_init(ret, SPAN(country)) == 0)
			return CTL_OK;
		return usage_error("number", "--country: two letters as DE, or a country code as +49, not",
				   country);
	}
	r = config_load(ctl->config_path, &diag, &cfg);
	if (r < 0) {
		diag_print(&diag, stderr);
		fputs("sipwarden number: this needs a good config, or --country\n", stderr);
	} else {
		*ret = cfg->site.numbers;
		if (!*ret->country)
			fprintf(stderr,
				"sipwarden number: %s has no country in [site], so only international numbers are understood; "
				"set it, or say --country\n",
				ctl->config_path);
	}
	diag_done(&diag);
	config_free(cfg);
	return r < 0 ? CTL_FAILED : CTL_OK;
}

struct options {
	const char *country, *outside;
};

/* Takes the options out of argv. Returns how many words are left, or -1 after a message. */
static int take_options(int argc, char **argv, struct options *o)
{
	int i, kept = 0;

	for (i = 1; i < argc; i++) {
		const char **value = strcmp(argv[i], "--country") == 0	 ? &o->country
				     : strcmp(argv[i], "--outside") == 0 ? &o->outside
									 : NULL;

		if (value && i + 1 < argc) {
			*value = argv[++i];
		} else if (value || (argv[i][0] == '-' && argv[i][1] && strcmp(argv[i], "--") != 0)) {
			usage_error("number", value ? "needs a value for" : "does not know", argv[i]);
			return -1;
		} else if (strcmp(argv[i], "--") != 0) {
			argv[kept++] = argv[i];
		}
	}
	return kept;
}

static int set_outside(struct number_site *site, const char *outside)
{
	const size_t n = strlen(outside);

	if (n >= sizeof(site->outside) || strspn(outside, "0123456789") < n)
		return usage_error("number", "--outside: a digit or a few, not", outside);
	memcpy(site->outside, outside, n + 1);
	return CTL_OK;
}

int cmd_number(struct ctl *ctl, int argc, char **argv)
{
	static const char *const headers[] = {"DIALLED", "NUMBER",  "COUNTRY", "KIND",
					      "RANGE",	 "REMARKS", NULL};
	struct options o = {NULL, NULL};
	struct number_site site;
	struct view v = {.ctl = ctl, .site = &site};
	int i, words = take_options(argc, argv, &o), r;
	bool all = true;

	if (words < 0)
		return CTL_USAGE;
	if (words == 0)
		return usage_error("number", "needs a number, or - to read some from standard input", NULL);
	r = find_site(ctl, o.country, &site);
	if (r == CTL_OK && o.outside)
		r = set_outside(&site, o.outside);
	if (r != CTL_OK)
		return r;
	output_table_begin(&v.table, headers);
	for (i = 0; i < words; i++)
		all = (strcmp(argv[i], "-") == 0 ? show_lines(&v, stdin) : show(&v, argv[i])) && all;
	if (!ctl->json)
		output_table_print(&v.table);
	return all ? CTL_OK : CTL_NOT_FOUND;
}
