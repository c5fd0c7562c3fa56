/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_REPORT_READER_H
#define SIPWARDEN_REPORT_READER_H

#include "report_record.h"

/* Between report_record.c (the stream), report_csv.c (rows) and the formats. */

struct record_row {
	struct span cells[RECORD_CELLS_MAX];
	size_t n;
};

/* What reading one record needs to know, and says. */
struct record_context {
	struct zone *zone;
	const char *fault; /* static */
	struct {	   /* the last day that was read: records of one day follow each other */
		char text[10];
		int64_t days;
	} day;
};

/*
 * Splits the row at text into cells. Those that are quoted lose their quotes, and
 * doubled quotes become one, in place, once the row is whole. Returns its length with
 * the line end; 0: it does not end within len bytes, and nothing was changed;
 * -EBADMSG with its fault. last: nothing follows text[len).
 */
long csv_split(char *text, size_t len, bool last, char separator, struct record_row *row, const char **fault);

/* A row of a format. 1, -EBADMSG or -EAGAIN, as record_next(). */
int record_from_row(const struct record_format *f, const struct record_row *row, struct record_context *c,
		    struct record *ret);
/* A line of one of the formats that are lines. */
int record_from_line(const struct record_format *f, struct span line, struct record_context *c,
		     struct record *ret);

/* A heading that names the columns: fills *ret. False: it is none, or not of calls. */
bool record_heading(const struct record_row *row, char separator, struct record_format *ret);

/* "2026-11-24 10:00:00", with T or fractions as well, or a Unix time. False: it is none. */
bool record_time(struct span text, struct record_context *c, int64_t *ret);
/* A decimal number of seconds, cut at its point. */
bool record_seconds(struct span text, int64_t *ret);
/* What stands for how the call ended: words of Asterisk, causes of FreeSWITCH. */
bool record_result(struct span text, enum record_result *ret);
/* The same of a code of SIP. */
bool record_code(struct span text, enum record_result *ret);
/* "sip:100@example.net" → "100"; "Anna" <100> → "100"; anything else as it is. */
struct span record_user(struct span text);
/* "PJSIP/100-0000001b" → "100"; len 0 if it names no account. */
struct span record_channel_account(struct span channel);

#endif
