/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report: the review of a company's calls, as one does it each quarter. */
#include "report.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/message_id.h"
#include "base/text.h"
#include "config/config.h"
#include "audit_history.h"
#include "ctl.h"
#include "replace.h"
#include "report_period.h"
#include "report_words.h"
#include "usage.h"

enum format { FORMAT_TEXT, FORMAT_HTML, FORMAT_JSON, FORMAT_CSV };

struct request {
	struct ctl *ctl;
	const char *since, *until, *rates, *record_format, *country, *output, *no_business;
	bool quarter;
	enum format format;
	char *inputs[FILES_MAX + 1];
	size_t n_inputs;
};

/* What is open while a report is made. */
struct making {
	struct report report;
	struct config *cfg;
	struct zone *zone, *wall; /* of the gateway; and UTC, which civil times are read in */
	struct rates *rates;
};

/* The command line */

static const char *const format_names[] = {"text", "html", "json", "csv"};

static int take_format(struct request *q, const char *text)
{
	size_t i;

	for (i = 0; i < ELEMENTSOF(format_names); i++) {
		if (strcmp(text, format_names[i]) == 0) {
			q->format = (enum format)i;
			return CTL_OK;
		}
	}
	return usage_error("report", "--format is text, html, json or csv, not", text);
}

static int take_option(struct request *q, int c)
{
	switch (c) {
	case 's':
		q->since = optarg;
		return CTL_OK;
	case 'u':
		q->until = optarg;
		return CTL_OK;
	case 'q':
		q->quarter = true;
		return CTL_OK;
	case 'i':
		if (q->n_inputs == FILES_MAX)
			return usage_error("report", "takes no more than 4096 --input", NULL);
		q->inputs[q->n_inputs++] = optarg;
		return CTL_OK;
	case 'r':
		q->record_format = optarg;
		return CTL_OK;
	case 'R':
		q->rates = optarg;
		return CTL_OK;
	case 'n':
		q->no_business = optarg;
		return CTL_OK;
	case 'c':
		q->country = optarg;
		return CTL_OK;
	case 'o':
		q->output = optarg;
		return CTL_OK;
	case 'f':
		return take_format(q, optarg);
	default:
		return CTL_USAGE;
	}
}

static int take_options(struct request *q, int argc, char **argv)
{
	static const struct option options[] = {{"since", required_argument, NULL, 's'},
						{"until", required_argument, NULL, 'u'},
						{"quarter", no_argument, NULL, 'q'},
						{"input", required_argument, NULL, 'i'},
						{"record-format", required_argument, NULL, 'r'},
						{"rates", required_argument, NULL, 'R'},
						{"no-business", required_argument, NULL, 'n'},
						{"country", required_argument, NULL, 'c'},
						{"output", required_argument, NULL, 'o'},
						{"format", required_argument, NULL, 'f'},
						{NULL, 0, NULL, 0}};
	int c, status = CTL_OK;

	optind = 0;
	while (status == CTL_OK && (c = getopt_long(argc, argv, "i:o:", options, NULL)) >= 0)
		status = take_option(q, c);
	if (status != CTL_OK)
		return status;
	if (optind < argc)
		return usage_error("report", "takes files only as --input FILE, not", argv[optind]);
	if (q->quarter && (q->since || q->until))
		return usage_error("report",
				   "--quarter is the whole period, so it goes without --since and --until",
				   NULL);
	if (q->record_format && !record_format_find(q->record_format))
		return usage_error("report", "knows no record format", q->record_format);
	return CTL_OK;
}

/* Config, rates, zone */

static int load_config(struct making *m, const struct request *q)
{
	struct diag diag = DIAG_INIT;
	int r;

	/* With a country and records of the command line, a copy of the records is all that is needed. */
	if (q->country && q->n_inputs > 0 && access(q->ctl->config_path, F_OK) < 0 && errno == ENOENT)
		return config_load_text("none", "", 0, &diag, &m->cfg) < 0 ? CTL_FAILED : CTL_OK;
	r = config_load(q->ctl->config_path, &diag, &m->cfg);
	if (r < 0) {
		diag_print(&diag, stderr);
		fputs("sipwarden report: this needs a good config, or --country and --input\n", stderr);
	}
	diag_done(&diag);
	return r < 0 ? CTL_FAILED : CTL_OK;
}

static int choose_site(const struct making *m, const struct request *q, struct number_site *ret)
{
	*ret = m->cfg->site.numbers;
	if (!q->country) {
		if (!m->cfg->site.country)
			fputs("sipwarden: [site] of the config names no country, so only international "
			      "numbers can be read\n",
			      stderr);
		return CTL_OK;
	}
	if (number_site_init(ret, SPAN(q->country)) < 0)
		return usage_error("report", "--country: two letters as DE, or a country code as +49, not",
				   q->country);
	return CTL_OK;
}

static int add_no_business(struct report *r, const char *word, size_t len)
{
	char country[NUMBER_COUNTRY_SIZE] = "";

	if (len == 2) {
		country[0] = (char)(word[0] & ~0x20);
		country[1] = (char)(word[1] & ~0x20);
	}
	if (!number_country_exists(country) || r->n_no_business == NO_BUSINESS_MAX)
		return usage_error("report", "--no-business: countries as CU,SO, not", word);
	memcpy(r->no_business[r->n_no_business++], country, sizeof(country));
	return CTL_OK;
}

static int choose_no_business(struct making *m, const struct request *q)
{
	const char *at = q->no_business;
	char **w;
	int status = CTL_OK;

	for (w = m->cfg->report.no_business; !at && w && *w && status == CTL_OK; w++)
		status = add_no_business(&m->report, *w, strlen(*w));
	while (at && *at && status == CTL_OK) {
		const size_t n = strcspn(at, ", ");

		if (n > 0)
			status = add_no_business(&m->report, at, n);
		at += n + (at[n] != '\0');
	}
	return status;
}

static bool in_office(void *userdata, int64_t civil)
{
	const struct making *m = userdata;

	return hours_within(&m->cfg->site.office_hours, &m->cfg->site.holidays, m->wall,
			    (usec_t)civil * USEC_PER_SEC);
}

static void name_report(struct making *m)
{
	struct report *r = &m->report;
	char host[sizeof(r->name)] = "this host";

	if (gethostname(host, sizeof(host) - 1) < 0)
		host[0] = '\0';
	snprintf(r->name, sizeof(r->name), "%s", m->cfg->report.name ? m->cfg->report.name : host);
	snprintf(r->currency, sizeof(r->currency), "%s",
		 m->cfg->report.currency ? m->cfg->report.currency : "");
}

static bool read_rates(struct making *m, const char *path)
{
	struct diag diag = DIAG_INIT;
	const bool good = rates_load(path, &diag, &m->rates) == 0;

	diag_print(&diag, stderr);
	diag_done(&diag);
	return good;
}

static int prepare(struct making *m, const struct request *q)
{
	const char *rates = q->rates ? q->rates : m->cfg->report.rates, *wrong = NULL;
	struct number_site site;
	struct period period;
	int r = zone_new(m->cfg->site.timezone, &m->zone), status = choose_site(m, q, &site);

	if (r >= 0)
		r = zone_new("UTC", &m->wall);
	if (r < 0 || status != CTL_OK)
		return status != CTL_OK ? status : CTL_FAILED;
	m->report.made = time_now();
	r = period_read(q->since, q->until, q->quarter, m->zone, m->cfg->site.timezone, m->report.made,
			&period, &wrong);
	if (r == -EINVAL)
		return usage_error("report", "knows no such moment:", wrong);
	if (r < 0)
		return usage_error("report", "has --since not before --until", NULL);
	if (rates && !read_rates(m, rates))
		return CTL_FAILED;
	if (tally_init(&m->report.tally, &site, m->rates, &period) < 0)
		return CTL_FAILED;
	m->report.priced = m->rates != NULL;
	m->report.hours_known = m->cfg->site.office_hours.count > 0;
	m->report.tally.in_office = m->report.hours_known ? in_office : NULL;
	m->report.tally.userdata = m;
	name_report(m);
	return choose_no_business(m, q);
}

/* Reading */

static void take_record(void *userdata, const struct record *record)
{
	tally_add(userdata, record);
}

/* The timer's unit gets what root's audit has found as a credential (systemd.exec(5)). */
static char *audited_path(const struct config *cfg)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");

	if (cfg->report.audit)
		return strdup(cfg->report.audit);
	return credentials ? text_printf("%s/audit.json", credentials) : strdup(AUDIT_HISTORY_REPORT);
}

static void read_own(struct making *m)
{
	const char *dir = m->cfg->state_dir;
	const struct moments when = period_moments(&m->report.tally.period, m->zone);
	_cleanup_free_ char *audit = audited_path(m->cfg);
	int r = report_read_attacks(&m->report, dir, &when);

	if (r < 0 && r != -ENOENT)
		fprintf(stderr, "sipwarden: %s: what was banned cannot be read, and is left out: %s\n", dir,
			strerror(-r));
	if (audit)
		report_read_audit(&m->report, audit);
}

static int read_records(struct making *m, struct request *q)
{
	const char *name = q->record_format ? q->record_format : m->cfg->report.record_format;
	const struct record_format *format = name ? record_format_find(name) : NULL;
	char *const *paths = q->n_inputs ? q->inputs : m->cfg->report.records;

	if (name && !format)
		return usage_error("report", "the config's [report] record_format is none:", name);
	if (!paths)
		return usage_error("report",
				   "needs call records: --input FILE, or records in [report] of the config",
				   NULL);
	if (reading_run(&m->report.reading, paths, format, m->zone, take_record, &m->report.tally) < 0) {
		fputs("sipwarden: out of memory\n", stderr);
		return CTL_FAILED;
	}
	return m->report.reading.unread == m->report.reading.files ? CTL_FAILED : CTL_OK;
}

/* Writing */

static void print(struct making *m, const struct request *q, FILE *to)
{
	switch (q->format) {
	case FORMAT_HTML:
		report_print_html(&m->report, to);
		break;
	case FORMAT_JSON:
		report_print_json(&m->report, to);
		break;
	case FORMAT_CSV:
		report_print_csv(&m->report, to);
		break;
	case FORMAT_TEXT:
		report_print_text(&m->report, to, q->ctl->color && to == stdout);
		break;
	}
}

/* Names of accounts are nobody else's business. */
static int write_file(struct making *m, const struct request *q, const char *path)
{
	struct replacement file;
	int r = replace_begin(&file, path);

	if (r < 0)
		return r;
	print(m, q, file.to);
	return replace_end(&file, 0640);
}

static void tell_written(const struct report *r, const char *path)
{
	char critical[24], warning[24];
	const struct log_field fields[] = {{"SIPWARDEN_FILE", path},
					   {"SIPWARDEN_CRITICAL", critical},
					   {"SIPWARDEN_WARNING", warning},
					   {NULL, NULL}};
	const size_t n = report_count(r, FINDING_CRITICAL), w = report_count(r, FINDING_WARNING);

	snprintf(critical, sizeof(critical), "%zu", n);
	snprintf(warning, sizeof(warning), "%zu", w);
	log_event(n ? LOG_WARNING : LOG_NOTICE, MESSAGE_REPORT, fields,
		  "The report of calls from %s to %s is in %s: %zu for action today, %zu to be decided",
		  words_date(r->tally.period.from).text, words_date(r->tally.period.to - 1).text, path, n, w);
}

static int write_out(struct making *m, const struct request *q)
{
	static const char *const endings[] = {"txt", "html", "json", "csv"};
	_cleanup_free_ char *path = NULL;
	char name[PERIOD_NAME_MAX];
	struct stat st;
	int r;

	if (!q->output) {
		print(m, q, stdout);
		fflush(stdout);
		return ferror(stdout) ? CTL_FAILED : CTL_OK;
	}
	period_name(&m->report.tally.period, name);
	if (stat(q->output, &st) == 0 && S_ISDIR(st.st_mode))
		path = text_printf("%s/report-%s.%s", q->output, name, endings[q->format]);
	else
		path = strdup(q->output);
	r = path ? write_file(m, q, path) : -ENOMEM;
	if (r < 0) {
		fprintf(stderr, "sipwarden: the report cannot be written to %s: %s\n",
			path ? path : q->output, strerror(-r));
		return CTL_FAILED;
	}
	tell_written(&m->report, path);
	return CTL_OK;
}

int cmd_report(struct ctl *ctl, int argc, char **argv)
{
	static struct request q;
	struct making m = {.cfg = NULL};
	int status;

	q = (struct request){.ctl = ctl, .format = ctl->json ? FORMAT_JSON : FORMAT_TEXT};
	status = take_options(&q, argc, argv);
	if (status == CTL_OK)
		status = load_config(&m, &q);
	if (status == CTL_OK)
		status = prepare(&m, &q);
	if (status == CTL_OK)
		status = read_records(&m, &q);
	if (status == CTL_OK) {
		read_own(&m);
		report_find(&m.report);
		status = write_out(&m, &q);
	}
	report_findings_done(&m.report);
	report_attacks_done(&m.report);
	reading_done(&m.report.reading);
	tally_done(&m.report.tally);
	rates_free(m.rates);
	zone_free(m.zone);
	zone_free(m.wall);
	config_free(m.cfg);
	return status;
}
