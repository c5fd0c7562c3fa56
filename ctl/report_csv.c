/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of CSV as call records have it: RFC 4180, line ends within quotes, and quotes doubled. */
#include <errno.h>
#include <string.h>

#include "report_reader.h"

/* Behind the closing quote of text[at..len), or len if there is none. *doubled: there were quotes within. */
static size_t close_quote(const char *text, size_t at, size_t len, bool *doubled)
{
	for (;;) {
		const char *quote = memchr(text + at, '"', len - at);

		if (!quote)
			return len;
		at = (size_t)(quote - text) + 1;
		if (at == len || text[at] != '"')
			return at;
		*doubled = true;
		at++;
	}
}

/* Of each two quotes, one stays. Only of rows that are whole: those that are not will be split again. */
static void undouble(char *text, struct span *cell)
{
	const char *from = text, *end = text + cell->len;
	char *to = text;

	while (from < end) {
		if (*from == '"')
			from++;
		*to++ = *from++;
	}
	cell->len = (size_t)(to - text);
}

static size_t plain_end(const char *text, size_t at, size_t len, char separator)
{
	while (at < len && text[at] != separator && text[at] != '\n')
		at++;
	return at;
}

static struct span without_cr(struct span s)
{
	if (s.len > 0 && s.ptr[s.len - 1] == '\r')
		s.len--;
	return s;
}

/* Is the quote at text[at - 1] the one that ends a cell? A row may end with CR LF. */
static bool ends_cell(const char *text, size_t at, size_t len, char separator)
{
	if (at < len && text[at] == '\r')
		at++;
	return at == len || text[at] == separator || text[at] == '\n';
}

/* A quoted cell from its first quote on. Returns what is behind it; -1: it does not end where a cell does. */
static long split_quoted(const char *text, size_t at, size_t len, char separator, struct span *cell,
			 bool *doubled)
{
	const size_t begin = at + 1;

	at = close_quote(text, begin, len, doubled);
	*cell = (struct span){text + begin, at - begin};
	if (at > begin && text[at - 1] == '"')
		cell->len--;
	else if (at == len)
		return (long)len; /* and if nothing follows, that is the end of it */
	if (!ends_cell(text, at, len, separator))
		return -1;
	return (long)(at < len && text[at] == '\r' ? at + 1 : at);
}

static long split_plain(const char *text, size_t at, size_t len, char separator, struct span *cell)
{
	const size_t end = plain_end(text, at, len, separator);

	*cell = (struct span){text + at, end - at};
	if (end == len || text[end] == '\n')
		*cell = without_cr(*cell);
	return (long)end;
}

long csv_split(char *text, size_t len, bool last, char separator, struct record_row *row, const char **fault)
{
	bool doubled[RECORD_CELLS_MAX] = {false};
	size_t at = 0, i;
	long end;

	for (row->n = 0; row->n < RECORD_CELLS_MAX; at++) {
		struct span *cell = &row->cells[row->n];

		/* FreeSWITCH's templates have blanks between fields. */
		if (at + 1 < len && text[at] == ' ' && text[at + 1] == '"')
			at++;
		if (at < len && text[at] == '"')
			end = split_quoted(text, at, len, separator, cell, &doubled[row->n]);
		else
			end = split_plain(text, at, len, separator, cell);
		if (end < 0) {
			*fault = "a quoted field does not end where a field ends";
			return -EBADMSG;
		}
		row->n++;
		at = (size_t)end;
		if (at < len && text[at] != '\n')
			continue;
		if (at == len && !last)
			return 0;
		for (i = 0; i < row->n; i++)
			if (doubled[i])
				undouble(text + (row->cells[i].ptr - text), &row->cells[i]);
		return at < len ? end + 1 : end;
	}
	*fault = "there are more fields than in any record";
	return -EBADMSG;
}
