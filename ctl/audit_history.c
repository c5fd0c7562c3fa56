/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit_history.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit_baseline.h"
#include "audit_print.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/message_id.h"
#include "base/text.h"
#include "replace.h"

/* One entry each; of more, the report tells. */
#define TOLD_MAX 50

static bool is_serious(const struct audit_finding *f)
{
	return f->check->severity >= AUDIT_WARNING && !f->accepted && f->id;
}

static void tell_one(const struct audit_finding *f)
{
	const char *severity = audit_severity_name(f->check->severity);
	const struct log_field fields[] = {{"SIPWARDEN_FINDING", f->id},
					   {"SIPWARDEN_SEVERITY", severity},
					   {"SIPWARDEN_FILE", f->file},
					   {NULL, NULL}};

	log_event(f->check->severity == AUDIT_CRITICAL ? LOG_ERR : LOG_WARNING, MESSAGE_AUDIT_FINDING, fields,
		  "New %s finding of the audit: %s: %s. Change: %s", severity, f->file ? f->file : "",
		  f->what ? f->what : "", f->change ? f->change : "");
}

static void tell_new(const struct audit *a, const struct audit_baseline *before, const char *report)
{
	bool first = !before->text;
	size_t i, fresh = 0, gone = 0;

	for (i = 0; i < a->n; i++) {
		const struct audit_finding *f = &a->findings[i];

		if (first || !is_serious(f) || audit_baseline_has(before, f->id))
			continue;
		if (fresh++ < TOLD_MAX)
			tell_one(f);
	}
	for (i = 0; audit_is_whole(a) && i < before->n; i++)
		gone += !before->found[i];
	log_event(
		LOG_NOTICE, MESSAGE_AUDIT, NULL,
		"Audit: %zu critical, %zu warning; %zu of them new, %zu gone since the last time%s%s. All of "
		"it: %s",
		audit_count(a, AUDIT_CRITICAL, false), audit_count(a, AUDIT_WARNING, false), fresh, gone,
		first ? " (there was none before)" : "",
		audit_is_whole(a) ? "" : "; not everything could be looked at", report);
}

/* What could not be looked at this time is not gone. */
static void write_ids(const struct audit *a, const struct audit_baseline *before, FILE *to)
{
	size_t i;

	fputs("# Findings of the last audit, to tell what is new at the next.\n", to);
	for (i = 0; i < a->n; i++)
		if (is_serious(&a->findings[i]))
			fprintf(to, "%s\n", a->findings[i].id);
	for (i = 0; !audit_is_whole(a) && i < before->n; i++)
		if (!before->found[i])
			fprintf(to, "%s\n", before->ids[i]);
}

static int write_files(const struct audit *a, const struct audit_baseline *before, const char *ids,
		       const char *report, const char *json)
{
	struct replacement file;
	int r = replace_begin(&file, report);

	if (r < 0)
		return r;
	audit_print_text(a, file.to, false);
	r = replace_end(&file, 0600);
	if (r == 0)
		r = replace_begin(&file, json);
	if (r < 0)
		return r;
	audit_print_json(a, file.to);
	r = replace_end(&file, 0600);
	if (r == 0)
		r = replace_begin(&file, ids);
	if (r < 0)
		return r;
	write_ids(a, before, file.to);
	return replace_end(&file, 0600);
}

static void mark_found(const struct audit *a, struct audit_baseline *before)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (is_serious(&a->findings[i]))
			audit_baseline_mark(before, a->findings[i].id);
}

int audit_history_tell(struct audit *a, const char *dir)
{
	_cleanup_free_ char *ids = text_printf("%s/findings", dir),
			    *report = text_printf("%s/report.txt", dir),
			    *json = text_printf("%s/report.json", dir);
	struct audit_baseline before;
	int r;

	if (!ids || !report || !json)
		return -ENOMEM;
	log_open("sipwarden");
	r = audit_baseline_read(ids, true, &before);
	if (r < 0) {
		audit_baseline_done(&before);
		return r;
	}
	mark_found(a, &before);
	tell_new(a, &before, report);
	r = write_files(a, &before, ids, report, json);
	audit_baseline_done(&before);
	return r;
}
