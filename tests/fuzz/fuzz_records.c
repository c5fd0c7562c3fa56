/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Call records of every format, from the file to the report: the first byte says
 * which format (or that it is to be found), the rest is the file. All four outputs are
 * made; nothing in them may be a control character or an element of the records' own.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../ctl/report.h"
#include "../../ctl/report_pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* 2026, and the year before it */
#define YEAR 31536000
static const struct period period = {1735689600, 1735689600 + YEAR, 1735689600 + 2 * YEAR};

static bool by_day(void *userdata, int64_t civil)
{
	(void)userdata;
	return civil % 86400 > 25200 && civil % 86400 < 68400;
}

static unsigned touch(struct span s)
{
	unsigned sum = 0;
	size_t i;

	for (i = 0; i < s.len; i++)
		sum += (unsigned char)s.ptr[i];
	return sum;
}

static void take(void *userdata, const struct record *r)
{
	if (r->seconds > 31 * 86400 && r->event == RECORD_CALL && r->id.len)
		abort();
	if (touch(r->account) + touch(r->source) + touch(r->number) == UINT32_MAX)
		abort();
	tally_add(userdata, r);
}

static void read_all(struct record_stream *s, struct tally *t)
{
	struct pairing *p = NULL;
	struct record record;
	uint64_t line = 0;
	int r;

	if (pairing_new(take, t, &p) < 0)
		abort();
	while ((r = record_next(s, &record)) != 0) {
		if (record_line(s) < line || (r < 0 && !record_fault(s)))
			abort();
		line = record_line(s);
		if (r == 1)
			pairing_add(p, &record);
	}
	pairing_end(p);
	pairing_free(p);
}

static void check(const char *text, size_t len, bool page)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' && text[i] != '\n' && text[i] != '\r')
			abort();
	if (page && (strstr(text, "<script") || strstr(text, "<img")))
		abort();
}

static void print_all(struct report *r)
{
	char *text = NULL;
	size_t len = 0;
	int i;

	for (i = 0; i < 4; i++) {
		FILE *f = open_memstream(&text, &len);

		if (!f)
			abort();
		if (i == 0)
			report_print_text(r, f, false);
		else if (i == 1)
			report_print_json(r, f);
		else if (i == 2)
			report_print_csv(r, f);
		else
			report_print_html(r, f);
		fclose(f);
		check(text, len, i == 3);
		free(text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct report r;
	const struct record_format *format;
	struct record_stream *s = NULL;
	struct number_site site;

	if (size == 0)
		return 0;
	format = record_format_at(data[0] % 16);
	if (record_open_text((const char *)data + 1, size - 1, format, NULL, &s) < 0)
		return 0;
	r = (struct report){.hours_known = true, .name = "fuzz"};
	if (number_site_init(&site, SPAN("DE")) < 0 || tally_init(&r.tally, &site, NULL, &period) < 0)
		abort();
	r.tally.in_office = by_day;
	read_all(s, &r.tally);
	report_find(&r);
	print_all(&r);
	report_findings_done(&r);
	tally_done(&r.tally);
	record_close(s);
	return 0;
}
