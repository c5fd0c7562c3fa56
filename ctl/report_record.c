/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file of call records as a stream: read in large pieces, records in place. */
#include "report_record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "report_reader.h"

#define WINDOW ((size_t)1 << 20)
#define GZ_BUFFER (128u << 10)
/* So many records, within the window, decide which format a file has. */
#define PROBE_RECORDS 24

struct record_stream {
	gzFile file; /* NULL: text in memory, all of which is in the window */
	char *buf;
	size_t at, len;	      /* what is not read yet is buf[at..len) */
	bool ended;	      /* nothing follows buf[len) */
	uint64_t line, first; /* at buf[at], and where the last record began */
	struct record_format format;
	struct record_context context;
	struct record_row row;
};

/* Moves what is left to the front and reads on. 0, or negative errno. */
static int refill(struct record_stream *s)
{
	int n, code;

	memmove(s->buf, s->buf + s->at, s->len - s->at);
	s->len -= s->at;
	s->at = 0;
	n = gzread(s->file, s->buf + s->len, (unsigned)(WINDOW - s->len));
	if (n > 0) {
		s->len += (size_t)n;
		return 0;
	}
	s->ended = true;
	if (n == 0)
		return 0;
	gzerror(s->file, &code);
	return code == Z_ERRNO ? -errno : -EIO;
}

/* One line from the window. 0: it does not end there. */
static size_t take_line(struct record_stream *s, struct span *ret)
{
	const char *text = s->buf + s->at, *end = memchr(text, '\n', s->len - s->at);

	if (!end && !s->ended)
		return 0;
	ret->ptr = text;
	ret->len = end ? (size_t)(end - text) : s->len - s->at;
	return ret->len + (end ? 1 : 0);
}

static void skip(struct record_stream *s, size_t n)
{
	s->at += n;
}

/* A record that does not end, or is wrong in itself: its first line alone is given up. */
static int skip_line(struct record_stream *s)
{
	const char *end = memchr(s->buf + s->at, '\n', s->len - s->at);

	skip(s, end ? (size_t)(end - (s->buf + s->at)) + 1 : s->len - s->at);
	s->line++;
	return -EBADMSG;
}

static int next_row(struct record_stream *s, size_t limit, struct record *ret)
{
	char *text = s->buf + s->at;
	const bool last = s->ended && limit == s->len - s->at;
	long n = csv_split(text, limit, last, s->format.separator, &s->row, &s->context.fault);

	if (n < 0)
		return skip_line(s);
	if (n == 0)
		return 0;
	s->line += text_count_lines(text, (size_t)n) + (last && text[n - 1] != '\n');
	skip(s, (size_t)n);
	return record_from_row(&s->format, &s->row, &s->context, ret);
}

static int next_line(struct record_stream *s, struct record *ret)
{
	struct span line;
	const size_t n = take_line(s, &line);

	if (n == 0)
		return 0;
	s->line++;
	skip(s, n);
	if (n > RECORD_MAX) {
		s->context.fault = "its line is longer than 64 kB";
		return -EBADMSG;
	}
	return record_from_line(&s->format, span_trim(line), &s->context, ret);
}

int record_next(struct record_stream *s, struct record *ret)
{
	for (;;) {
		const size_t left = s->len - s->at;
		int r = 0;

		s->first = s->line;
		if (left > 0)
			r = s->format.lines ? next_line(s, ret)
					    : next_row(s, left < RECORD_MAX ? left : RECORD_MAX, ret);
		if (r != 0)
			return r;
		if (left == 0 && s->ended)
			return 0;
		if (left >= RECORD_MAX || (s->ended && left > 0)) {
			s->context.fault = "it does not end within 64 kB";
			return skip_line(s);
		}
		r = refill(s);
		if (r < 0)
			return r;
	}
}

const char *record_fault(const struct record_stream *s)
{
	return s->context.fault ? s->context.fault : "it is none";
}

uint64_t record_line(const struct record_stream *s)
{
	return s->first;
}

const struct record_format *record_stream_format(const struct record_stream *s)
{
	return &s->format;
}

/* Which format it is */

/* How many of the first records this format reads, in a copy: reading changes the text. */
static unsigned try_format(const struct record_stream *s, const struct record_format *f, char *copy)
{
	struct record_stream probe = {.buf = copy, .len = s->len - s->at, .ended = s->ended, .format = *f};
	struct record record;
	unsigned good = 0, n = 0;

	memcpy(copy, s->buf + s->at, probe.len);
	/* What is cut off at the end of the piece is not to be judged. */
	if (!probe.ended) {
		const char *end = memrchr(copy, '\n', probe.len);

		probe.len = end ? (size_t)(end - copy) + 1 : 0;
		probe.ended = true;
	}
	probe.context.zone = s->context.zone;
	/* Lines of acc are few among others. */
	while (n < PROBE_RECORDS) {
		const int r = record_next(&probe, &record);

		if (r == 0)
			break;
		n += r != -EAGAIN;
		good += r == 1;
	}
	return good;
}

/* Does the file begin with the names of its columns? Then they are the format. */
static bool take_heading(struct record_stream *s, char *copy)
{
	static const char separators[] = ",;\t|";
	size_t i, left = s->len - s->at;
	struct record_format f;
	const char *why;
	long n;

	for (i = 0; i < strlen(separators); i++) {
		memcpy(copy, s->buf + s->at, left);
		n = csv_split(copy, left < RECORD_MAX ? left : RECORD_MAX, s->ended, separators[i], &s->row,
			      &why);
		if (n <= 0 || s->row.n < 2 || !record_heading(&s->row, separators[i], &f))
			continue;
		s->format = f;
		s->line += text_count_lines(s->buf + s->at, (size_t)n);
		skip(s, (size_t)n);
		return true;
	}
	return false;
}

static int find_format(struct record_stream *s, char *copy)
{
	const struct record_format *f, *best = NULL;
	unsigned most = 0, n;
	size_t i;

	if (take_heading(s, copy))
		return 0;
	for (i = 0; (f = record_format_at(i)); i++) {
		if (strcmp(f->name, "csv") == 0)
			continue;
		n = try_format(s, f, copy);
		if (n > most) {
			most = n;
			best = f;
		}
	}
	if (!best)
		return s->len == s->at ? 0 : -EPROTO; /* of an empty file, any will do */
	s->format = *best;
	return 0;
}

static int begin(struct record_stream *s, const struct record_format *format)
{
	static const char mark[] = "\xef\xbb\xbf";
	_cleanup_free_ char *copy = malloc(s->len + 1);

	if (!copy)
		return -ENOMEM;
	if (s->len >= 3 && memcmp(s->buf, mark, 3) == 0)
		skip(s, 3);
	s->line = 1;
	s->format = *record_format_at(0);
	if (!format)
		return find_format(s, copy);
	s->format = *format;
	if (strcmp(format->name, "csv") == 0)
		return take_heading(s, copy) ? 0 : -EPROTO;
	return 0;
}

/* Opening */

static struct record_stream *new_stream(struct zone *zone, size_t size)
{
	struct record_stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->context.zone = zone;
	s->buf = malloc(size + 1);
	return s->buf ? s : record_close(s);
}

static int finish_open(struct record_stream *s, const struct record_format *format,
		       struct record_stream **ret)
{
	int r = begin(s, format);

	if (r < 0) {
		record_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

int record_open(const char *path, const struct record_format *format, struct zone *zone,
		struct record_stream **ret)
{
	struct record_stream *s = new_stream(zone, WINDOW);
	int fd, r;

	if (!s)
		return -ENOMEM;
	fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
				    : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		r = -errno;
		record_close(s);
		return r;
	}
	s->file = gzdopen(fd, "rb");
	if (!s->file) {
		close(fd);
		record_close(s);
		return -ENOMEM;
	}
	gzbuffer(s->file, GZ_BUFFER);
	do
		r = refill(s);
	while (r >= 0 && !s->ended && s->len < WINDOW);
	if (r >= 0)
		return finish_open(s, format, ret);
	record_close(s);
	return r;
}

int record_open_text(const char *text, size_t len, const struct record_format *format, struct zone *zone,
		     struct record_stream **ret)
{
	struct record_stream *s;

	if (len > WINDOW)
		return -E2BIG;
	s = new_stream(zone, len);
	if (!s)
		return -ENOMEM;
	memcpy(s->buf, text, len);
	s->len = len;
	s->ended = true;
	return finish_open(s, format, ret);
}

struct record_stream *record_close(struct record_stream *s)
{
	if (!s)
		return NULL;
	if (s->file)
		gzclose(s->file);
	free(s->buf);
	free(s);
	return NULL;
}
