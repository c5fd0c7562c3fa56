/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_rates.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "report_reader.h"

#define PREFIX_MAX 15
/* A minute for a million: a table of another kind. */
#define PRICE_MAX ((int64_t)1000000 * RATES_UNIT)

struct entry {
	char prefix[PREFIX_MAX + 1];
	struct rate rate;
};

struct rates {
	struct entry *entries; /* by prefix */
	size_t n, size;
};

/* "0.0149", "0,0149" → millionths; what is beyond them is cut. */
static bool read_price(struct span text, int64_t *ret)
{
	int64_t whole = 0, scale = RATES_UNIT;
	bool point = false, digit = false;
	size_t i;

	for (i = 0; i < text.len; i++) {
		const char c = text.ptr[i];

		if ((c == '.' || c == ',') && !point) {
			point = true;
		} else if (c < '0' || c > '9') {
			return false;
		} else if (!point) {
			whole = whole * 10 + (c - '0') * (int64_t)RATES_UNIT;
			digit = true;
		} else {
			scale /= 10;
			whole += (c - '0') * scale;
			digit = true;
		}
		if (whole > PRICE_MAX)
			return false;
	}
	*ret = whole;
	return digit;
}

static bool read_prefix(struct span text, char ret[static PREFIX_MAX + 1])
{
	size_t i;

	if (text.len > 0 && *text.ptr == '+')
		text = (struct span){text.ptr + 1, text.len - 1};
	if (text.len == 0 || text.len > PREFIX_MAX)
		return false;
	for (i = 0; i < text.len; i++)
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
	memcpy(ret, text.ptr, text.len);
	ret[text.len] = '\0';
	return true;
}

static int by_prefix(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->prefix, ((const struct entry *)b)->prefix);
}

static int add(struct rates *r, const struct entry *e)
{
	if (r->n == r->size) {
		const size_t size = r->size ? 2 * r->size : 1024;
		struct entry *longer =
			r->n < RATES_MAX ? reallocarray(r->entries, size, sizeof(*longer)) : NULL;

		if (!longer)
			return r->n < RATES_MAX ? -ENOMEM : -E2BIG;
		r->entries = longer;
		r->size = size;
	}
	r->entries[r->n++] = *e;
	return 0;
}

/* A row of the table. 1: none, as a heading; 0; -EINVAL with why. */
static int read_row(const struct record_row *row, struct entry *e, const char **why)
{
	*e = (struct entry){.prefix = ""};
	if (!read_prefix(span_trim(row->cells[0]), e->prefix)) {
		*why = "the first field is no prefix of a number, as 49 or +4930";
		return -EINVAL;
	}
	if (row->n < 2 || !read_price(span_trim(row->cells[1]), &e->rate.minute)) {
		*why = "the second field is no price of a minute, as 0.02";
		return -EINVAL;
	}
	if (row->n >= 3 && span_trim(row->cells[2]).len &&
	    !read_price(span_trim(row->cells[2]), &e->rate.setup)) {
		*why = "the third field is no price of setting up a call, as 0.05";
		return -EINVAL;
	}
	return 0;
}

static int read_line(struct rates *r, const char *path, unsigned number, char *text, size_t len, struct diag *diag)
{
	static struct record_row row; /* large, and rates are loaded once */
	const struct span line = span_trim((struct span){text, len});
	const char separator = memchr(text, ';', len) ? ';' : memchr(text, '\t', len) ? '\t' : ',';
	const char *why = NULL;
	struct entry e;
	int status;

	if (line.len == 0 || *line.ptr == '#')
		return 0;
	status = csv_split(text, len, true, separator, &row, &why) < 0 ? -EINVAL : read_row(&row, &e, &why);
	if (status == 0)
		return add(r, &e);
	/* The first line may say what the columns are. */
	if (number == 1 && row.n >= 2 && !strchr("0123456789+", *line.ptr))
		return 0;
	diag_error(diag, path, number, "correct the line: prefix,price of a minute[,setup]; '#' before what is none", "%s", why);
	return status;
}

static int read_all(struct rates *r, const char *path, FILE *f, struct diag *diag)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0, skip;
	unsigned number = 0;
	ssize_t n;
	int status;

	while ((n = getline(&text, &size, f)) >= 0) {
		number++;
		skip = number == 1 && n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
		if ((size_t)n == skip)
			continue;
		status = read_line(r, path, number, text + skip, (size_t)n - skip, diag);
		if (status < 0)
			return status;
	}
	if (ferror(f))
		return -EIO;
	if (r->n)
		qsort(r->entries, r->n, sizeof(*r->entries), by_prefix);
	return 0;
}

static const char *hint_of(int status)
{
	return status == -E2BIG	  ? "a million at most; leave out longer prefixes of the same price"
	       : status == -ENOENT ? "correct the path: rates in [report], or --rates"
				   : NULL;
}

int rates_load(const char *path, struct diag *diag, struct rates **ret)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	struct rates *r = f ? calloc(1, sizeof(*r)) : NULL;
	int status = f ? -ENOMEM : -errno;

	if (r)
		status = read_all(r, path, f, diag);
	if (r && status == 0 && r->n == 0) {
		diag_error(diag, path, 0, "a line is: prefix,price of a minute[,setup]", "it holds no rates");
		status = -EINVAL;
	} else if (status < 0 && diag->errors == 0) {
		diag_error(diag, path, 0, hint_of(status), "the rates cannot be read: %s",
			   status == -E2BIG ? "there are too many" : strerror(-status));
	}
	if (status < 0) {
		rates_free(r);
		return status;
	}
	*ret = r;
	return 0;
}

struct rates *rates_free(struct rates *r)
{
	if (r)
		free(r->entries);
	free(r);
	return NULL;
}

size_t rates_find(const struct rates *r, const char *digits, struct rate *ret)
{
	size_t n = strnlen(digits, PREFIX_MAX);
	struct entry key = {.prefix = ""};
	const struct entry *e;

	if (!r->n)
		return 0;
	memcpy(key.prefix, digits, n);
	for (; n > 0; n--) {
		key.prefix[n] = '\0';
		e = bsearch(&key, r->entries, r->n, sizeof(*r->entries), by_prefix);
		if (e) {
			*ret = e->rate;
			return n;
		}
	}
	return 0;
}

int64_t rate_cost(const struct rate *rate, int64_t seconds)
{
	return rate->setup + rate->minute * seconds / 60;
}
