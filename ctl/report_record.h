/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_REPORT_RECORD_H
#define SIPWARDEN_REPORT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "base/zone.h"

/*
 * Call records as gateways write them, one interface for all formats. A record is
 * other people's text: each length is bounded, and what makes no sense is told by
 * file and line and never ends the reading.
 *
 * Times are those that a clock on the gateway's wall showed, counted in seconds
 * since the epoch as if it were UTC ("civil"): that is what most records hold, and
 * what office hours, days and months are about. Records with a Unix time are
 * brought there by the zone.
 */

enum record_result {
	RECORD_ANSWERED,
	RECORD_UNANSWERED, /* busy, nobody there, given up by the caller */
	RECORD_FAILED,	   /* refused, or there is no such number or way */
};

enum record_event {
	RECORD_CALL,  /* a whole call */
	RECORD_BEGIN, /* an INVITE was answered; its end is another record */
	RECORD_END,   /* a BYE; only id and start count */
};

struct record {
	enum record_event event;
	enum record_result result;
	struct span account; /* who called: the configured account where the record has it */
	struct span source;  /* address that the call came from; len 0: not in the record */
	struct span number;  /* dialled */
	struct span id;
	int64_t start;	 /* civil */
	int64_t seconds; /* of talk; -1: not in the record */
};

/* A record, with all its lines, has at most so many bytes. */
#define RECORD_MAX ((size_t)64 << 10)
#define RECORD_CELLS_MAX 96

/* The columns of a format that we read. */
enum cell {
	CELL_ACCOUNT,
	CELL_CHANNEL, /* Asterisk's or FreeSWITCH's name of it, which holds the account */
	CELL_CALLER,  /* a number or URI, if there is no account */
	CELL_NUMBER,
	CELL_START,
	CELL_ANSWER,
	CELL_END,
	CELL_TALK, /* seconds */
	CELL_RESULT,
	CELL_CODE,   /* of the SIP response */
	CELL_METHOD, /* of SIP: the record is of a transaction */
	CELL_SOURCE,
	CELL_USERFIELD, /* may hold "sipwarden src=ADDRESS" */
	CELL_ID,
	CELL_COUNT
};

struct record_format {
	const char *name; /* for --record-format */
	const char *what; /* for people */
	bool lines;	  /* one record a line, and cells are not what makes it up */
	char separator;
	unsigned char cells[CELL_COUNT]; /* column + 1; 0: it has none */
	unsigned min_cells;
};

struct record_stream;

/*
 * Opens a file of records, compressed by gzip or not; "-" is standard input. format
 * NULL: found from the first records. zone is for Unix times, and stays the caller's.
 * Returns 0, -EPROTO (no format fits), or negative errno.
 */
int record_open(const char *path, const struct record_format *format, struct zone *zone,
		struct record_stream **ret);
/* The same for text in memory, which is copied. */
int record_open_text(const char *text, size_t len, const struct record_format *format, struct zone *zone,
		     struct record_stream **ret);
struct record_stream *record_close(struct record_stream *s);

/*
 * The next record; what it points to lives until the next call. Returns 1, 0 at the
 * end, -EBADMSG (a malformed record; record_fault() says why, and the next call goes
 * on behind it), -EAGAIN (none of a call: an empty line, another program's, a heading),
 * or another negative errno of reading.
 */
int record_next(struct record_stream *s, struct record *ret);
/* What was wrong with the last one; static. */
const char *record_fault(const struct record_stream *s);
/* Line at which the last record began, from 1. */
uint64_t record_line(const struct record_stream *s);
const struct record_format *record_stream_format(const struct record_stream *s);

/* All formats by number, NULL behind the last; by name, or NULL. */
const struct record_format *record_format_at(size_t i);
const struct record_format *record_format_find(const char *name);

#endif
