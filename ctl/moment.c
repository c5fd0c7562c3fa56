/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "moment.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "match/timestamp.h"

#define MOMENT_TEXT_MAX 64
/* The end of time, for time_reader_read(): nothing is in the future. */
#define MOMENT_LATEST ((usec_t)253402300799 * USEC_PER_SEC) /* 9999-12-31T23:59:59Z */

/* Does text begin with this? 'd' stands for a digit. */
static bool has_shape(const char *text, const char *shape)
{
	for (; *shape; shape++, text++)
		if (*shape == 'd' ? *text < '0' || *text > '9' : *text != *shape)
			return false;
	return true;
}

static bool is_zone(const char *text)
{
	size_t n = strlen(text);

	if (strcmp(text, "Z") == 0 || *text == '\0')
		return true;
	if (*text != '+' && *text != '-')
		return false;
	return (n == 6 && has_shape(text + 1, "dd:dd")) || (n == 5 && has_shape(text + 1, "dddd")) ||
	       (n == 3 && has_shape(text + 1, "dd"));
}

/* Writes the date and time in full. False: it is none. */
static bool complete(const char *text, char full[static MOMENT_TEXT_MAX])
{
	const char *clock = text + strlen("2026-11-24T"), *rest;
	char fraction[8] = "";
	size_t n;

	if (strlen(text) >= MOMENT_TEXT_MAX - 8 || !has_shape(text, "dddd-dd-dd"))
		return false;
	if (text[10] == '\0') {
		snprintf(full, MOMENT_TEXT_MAX, "%.10s 00:00:00", text);
		return true;
	}
	if ((text[10] != 'T' && text[10] != ' ') || !has_shape(clock, "dd:dd"))
		return false;
	rest = clock + 5;
	if (has_shape(rest, ":dd"))
		rest += 3;
	if (rest != clock + 5 && *rest == '.') {
		n = 1 + strspn(rest + 1, "0123456789");
		if (n < 2 || n >= sizeof(fraction))
			return false;
		memcpy(fraction, rest, n);
		fraction[n] = '\0';
		rest += n;
	}
	snprintf(full, MOMENT_TEXT_MAX, "%.10s %.5s:%.2s%s%s", text, clock, clock[5] == ':' ? clock + 6 : "00", fraction,
		 rest);
	return is_zone(rest);
}

static int parse_ago(const char *text, usec_t now, usec_t *ret)
{
	static const char ago[] = " ago";
	size_t n = strlen(text);
	char copy[MOMENT_TEXT_MAX];
	usec_t span;

	if (n >= sizeof(copy) || n < sizeof(ago) || strcmp(text + n - strlen(ago), ago) != 0)
		return -EINVAL;
	snprintf(copy, sizeof(copy), "%.*s", (int)(n - strlen(ago)), text);
	if (timespan_parse(copy, &span) < 0 || span >= now)
		return -EINVAL;
	*ret = now - span;
	return 0;
}

int moment_parse_in(const char *zone, const char *text, usec_t now, usec_t *ret)
{
	struct time_reader *reader = NULL;
	char full[MOMENT_TEXT_MAX];
	usec_t when;
	int r;

	if (strcmp(text, "now") == 0) {
		*ret = now;
		return 0;
	}
	if (!complete(text, full))
		return parse_ago(text, now, ret);
	r = time_reader_new(zone, &reader);
	if (r < 0)
		return r;
	when = time_reader_read(reader, full, strlen(full), MOMENT_LATEST);
	time_reader_free(reader);
	if (when == 0)
		return -EINVAL;
	*ret = when;
	return 0;
}

int moment_parse(const char *text, usec_t now, usec_t *ret)
{
	return moment_parse_in(NULL, text, now, ret);
}
