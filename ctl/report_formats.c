/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which column of which format holds what, and a call from a row. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "report_reader.h"

/* Longer than any call: a sum that went wrong. */
#define TALK_MAX (31 * 86400)

static const struct record_format formats[] = {
	/* cdr/cdr_csv.c, build_csv_record(); FreeSWITCH's template "asterisk" is the same. Unique id and user
	 * field are there by option. */
	{.name = "asterisk",
	 .what = "Asterisk's Master.csv",
	 .separator = ',',
	 .min_cells = 16,
	 .cells = {[CELL_ACCOUNT] = 1,
		   [CELL_CALLER] = 2,
		   [CELL_NUMBER] = 3,
		   [CELL_CHANNEL] = 6,
		   [CELL_START] = 10,
		   [CELL_ANSWER] = 11,
		   [CELL_END] = 12,
		   [CELL_TALK] = 14,
		   [CELL_RESULT] = 15,
		   [CELL_ID] = 17,
		   [CELL_USERFIELD] = 18}},
	/* The record of cdr_custom.conf that docs/gateways/asterisk.md defines */
	{.name = "asterisk-sipwarden",
	 .what = "Asterisk's records in the form for sipwarden",
	 .separator = ',',
	 .min_cells = 7,
	 .cells = {[CELL_START] = 2,
		   [CELL_SOURCE] = 3,
		   [CELL_CHANNEL] = 4,
		   [CELL_ID] = 5,
		   [CELL_NUMBER] = 6,
		   [CELL_RESULT] = 7}},
	/* FreeSWITCH conf/vanilla/autoload_configs/cdr_csv.conf.xml: "example", "snom" and "linksys" begin
	   alike. */
	{.name = "freeswitch",
	 .what = "FreeSWITCH's cdr-csv, templates example, snom and linksys",
	 .separator = ',',
	 .min_cells = 13,
	 .cells = {[CELL_CALLER] = 2,
		   [CELL_NUMBER] = 3,
		   [CELL_START] = 5,
		   [CELL_ANSWER] = 6,
		   [CELL_END] = 7,
		   [CELL_TALK] = 9,
		   [CELL_RESULT] = 10,
		   [CELL_ID] = 11,
		   [CELL_ACCOUNT] = 13}},
	{.name = "freeswitch-opencdrrate",
	 .what = "FreeSWITCH's cdr-csv, template opencdrrate",
	 .separator = ',',
	 .min_cells = 11,
	 .cells = {[CELL_ID] = 1,
		   [CELL_CALLER] = 4,
		   [CELL_NUMBER] = 5,
		   [CELL_ANSWER] = 6,
		   [CELL_END] = 7,
		   [CELL_TALK] = 8,
		   [CELL_ACCOUNT] = 9,
		   [CELL_SOURCE] = 11}},
	{.name = "freeswitch-sipwarden",
	 .what = "FreeSWITCH's records in the form for sipwarden",
	 .lines = true},
	{.name = "acc", .what = "lines of Kamailio's and OpenSIPS' acc", .lines = true},
	/* Last: its columns are those that its first row names. */
	{.name = "csv",
	 .what = "a table with a heading, as databases export it",
	 .separator = ',',
	 .min_cells = 2},
};

/* How columns are called: by Asterisk's, FreeSWITCH's, Kamailio's and OpenSIPS' databases, and by people. */
static const struct heading {
	const char *name;
	enum cell cell;
} headings[] = {
	{"account", CELL_ACCOUNT},
	{"accountcode", CELL_ACCOUNT},
	{"account_code", CELL_ACCOUNT},
	{"src_user", CELL_ACCOUNT},
	{"src_username", CELL_ACCOUNT},
	{"sip_auth_username", CELL_ACCOUNT},
	{"user", CELL_ACCOUNT},
	{"username", CELL_ACCOUNT},
	{"extension", CELL_ACCOUNT},
	{"channel", CELL_CHANNEL},
	{"channel_name", CELL_CHANNEL},
	{"src", CELL_CALLER},
	{"caller", CELL_CALLER},
	{"caller_id", CELL_CALLER},
	{"caller_id_number", CELL_CALLER},
	{"from", CELL_CALLER},
	{"from_uri", CELL_CALLER},
	{"ani", CELL_CALLER},
	{"dst", CELL_NUMBER},
	{"dst_user", CELL_NUMBER},
	{"dst_username", CELL_NUMBER},
	{"destination", CELL_NUMBER},
	{"destination_number", CELL_NUMBER},
	{"number", CELL_NUMBER},
	{"called", CELL_NUMBER},
	{"callee", CELL_NUMBER},
	{"callee_id", CELL_NUMBER},
	{"to", CELL_NUMBER},
	{"to_uri", CELL_NUMBER},
	{"ruri", CELL_NUMBER},
	{"r_uri", CELL_NUMBER},
	{"dialled", CELL_NUMBER},
	{"start", CELL_START},
	{"calldate", CELL_START},
	{"start_stamp", CELL_START},
	{"start_time", CELL_START},
	{"call_start_time", CELL_START},
	{"time", CELL_START},
	{"date", CELL_START},
	{"start_epoch", CELL_START},
	{"answer", CELL_ANSWER},
	{"answer_stamp", CELL_ANSWER},
	{"answer_epoch", CELL_ANSWER},
	{"end", CELL_END},
	{"end_stamp", CELL_END},
	{"end_time", CELL_END},
	{"end_epoch", CELL_END},
	{"billsec", CELL_TALK},
	{"duration", CELL_TALK},
	{"seconds", CELL_TALK},
	{"disposition", CELL_RESULT},
	{"result", CELL_RESULT},
	{"hangup_cause", CELL_RESULT},
	{"sip_code", CELL_CODE},
	{"code", CELL_CODE},
	{"method", CELL_METHOD},
	{"source", CELL_SOURCE},
	{"src_ip", CELL_SOURCE},
	{"source_ip", CELL_SOURCE},
	{"network_addr", CELL_SOURCE},
	{"sip_network_ip", CELL_SOURCE},
	{"remote_ip", CELL_SOURCE},
	{"address", CELL_SOURCE},
	{"userfield", CELL_USERFIELD},
	{"uniqueid", CELL_ID},
	{"uuid", CELL_ID},
	{"id", CELL_ID},
	{"callid", CELL_ID},
	{"call_id", CELL_ID},
	{"sip_call_id", CELL_ID},
};

const struct record_format *record_format_at(size_t i)
{
	return i < ELEMENTSOF(formats) ? &formats[i] : NULL;
}

const struct record_format *record_format_find(const char *name)
{
	size_t i;

	for (i = 0; i < ELEMENTSOF(formats); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

/* What wins where several columns stand for one thing: the later of these. */
static bool better(enum cell cell, struct span before, struct span now)
{
	if (before.len == 0)
		return true;
	/* A call's own id, and the time that is paid for. */
	return (cell == CELL_ID && before.len == 2) || (cell == CELL_TALK && before.len == 8 && now.len == 7);
}

bool record_heading(const struct record_row *row, char separator, struct record_format *ret)
{
	const struct record_format *model = record_format_find("csv");
	size_t i, h;

	*ret = *model;
	ret->separator = separator;
	for (i = 0; i < row->n; i++) {
		const struct span name = span_trim(row->cells[i]);

		for (h = 0; h < ELEMENTSOF(headings); h++) {
			const enum cell cell = headings[h].cell;
			const unsigned at = ret->cells[cell];

			if (name.len != strlen(headings[h].name) ||
			    strncasecmp(name.ptr, headings[h].name, name.len) != 0)
				continue;
			if (better(cell, at ? row->cells[at - 1] : (struct span){NULL, 0}, name))
				ret->cells[cell] = (unsigned char)(i + 1);
		}
	}
	ret->min_cells = (unsigned)row->n;
	return ret->cells[CELL_NUMBER] && (ret->cells[CELL_START] || ret->cells[CELL_ANSWER]);
}

static struct span cell_of(const struct record_format *f, const struct record_row *row, enum cell which)
{
	const size_t column = (size_t)f->cells[which];

	if (column == 0 || column > row->n)
		return (struct span){"", 0};
	return row->cells[column - 1];
}

static int fault(struct record_context *c, const char *why)
{
	c->fault = why;
	return -EBADMSG;
}

static int take_times(const struct record_format *f, const struct record_row *row, struct record_context *c,
		      struct record *ret)
{
	const struct span talk = cell_of(f, row, CELL_TALK), start = cell_of(f, row, CELL_START);
	int64_t end;

	ret->seconds = -1;
	if (talk.len > 0 && !record_seconds(talk, &ret->seconds))
		return fault(c, "its duration is no number of seconds");
	if (ret->seconds > TALK_MAX)
		return fault(c, "its duration is more than a month");
	if (start.len > 0)
		return record_time(start, c, &ret->start) ? 1 : fault(c, "its start is no time");
	if (record_time(cell_of(f, row, CELL_ANSWER), c, &ret->start))
		return 1;
	if (!record_time(cell_of(f, row, CELL_END), c, &end))
		return fault(c, "it has no time");
	ret->start = end - (ret->seconds > 0 ? ret->seconds : 0);
	return 1;
}

static int take_result(const struct record_format *f, const struct record_row *row, struct record_context *c,
		       struct record *ret)
{
	const struct span word = cell_of(f, row, CELL_RESULT), code = cell_of(f, row, CELL_CODE);

	/* Tables of databases may leave it open; gateways never do, and that tells their formats apart. */
	if (f->cells[CELL_RESULT] && (word.len > 0 || strcmp(f->name, "csv") != 0)) {
		if (!record_result(word, &ret->result))
			return fault(c, "how it ended is no word for that");
	} else if (f->cells[CELL_CODE]) {
		if (!record_code(code, &ret->result))
			return fault(c, "its code is none of SIP");
	} else {
		ret->result = ret->seconds > 0 ? RECORD_ANSWERED : RECORD_UNANSWERED;
	}
	/* FreeSWITCH: who hangs up while it rings clears normally, too. */
	if (ret->result == RECORD_ANSWERED && ret->seconds == 0 && f->cells[CELL_ANSWER] &&
	    cell_of(f, row, CELL_ANSWER).len == 0)
		ret->result = RECORD_UNANSWERED;
	if (ret->result != RECORD_ANSWERED)
		ret->seconds = 0;
	return 1;
}

/* A record of one transaction. */
static int take_method(const struct record_format *f, const struct record_row *row, struct record *ret)
{
	const struct span method = cell_of(f, row, CELL_METHOD);

	if (!f->cells[CELL_METHOD])
		return 1;
	if (span_equal(method, SPAN("BYE")))
		ret->event = RECORD_END;
	else if (!span_equal(method, SPAN("INVITE")))
		return -EAGAIN;
	else if (ret->result == RECORD_ANSWERED && ret->seconds <= 0)
		ret->event = RECORD_BEGIN;
	return 1;
}

static struct span source_in_userfield(struct span text)
{
	static const char mark[] = "sipwarden src=";
	const size_t n = strlen(mark);

	if (text.len <= n || memcmp(text.ptr, mark, n) != 0)
		return (struct span){"", 0};
	return (struct span){text.ptr + n, text.len - n};
}

static void take_parties(const struct record_format *f, const struct record_row *row, struct record *ret)
{
	ret->account = record_channel_account(cell_of(f, row, CELL_CHANNEL));
	if (ret->account.len == 0)
		ret->account = record_user(cell_of(f, row, CELL_ACCOUNT));
	if (ret->account.len == 0)
		ret->account = record_user(cell_of(f, row, CELL_CALLER));
	ret->source = cell_of(f, row, CELL_SOURCE);
	if (ret->source.len == 0)
		ret->source = source_in_userfield(cell_of(f, row, CELL_USERFIELD));
	ret->number = record_user(cell_of(f, row, CELL_NUMBER));
	ret->id = cell_of(f, row, CELL_ID);
}

int record_from_row(const struct record_format *f, const struct record_row *row, struct record_context *c,
		    struct record *ret)
{
	int r;

	if (row->n == 1 && span_trim(row->cells[0]).len == 0)
		return -EAGAIN;
	if (row->n < f->min_cells)
		return fault(c, "it has too few fields");
	*ret = (struct record){.event = RECORD_CALL};
	r = take_times(f, row, c, ret);
	if (r > 0)
		r = take_result(f, row, c, ret);
	if (r > 0)
		r = take_method(f, row, ret);
	if (r > 0)
		take_parties(f, row, ret);
	return r;
}
