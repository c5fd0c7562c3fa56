/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times at the head of any line, in several zones; the first byte chooses when it is read. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "match/timestamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The end of the year 9999, and a zone more. */
#define LAST ((253402300800 + 86400) * USEC_PER_SEC)
/* 2026-10-25 00:00:00 in UTC: Berlin's clocks are put back an hour later. */
#define AUTUMN (1792886400 * USEC_PER_SEC)

static struct time_reader *readers[5];

static void load(void)
{
	static const char *const zones[] = { "UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "-03:30" };
	size_t i;

	for (i = 0; i < ELEMENTSOF(zones); i++)
		if (time_reader_new(zones[i], &readers[i]) < 0)
			abort();
}

/* Any name is a zone or is refused. */
static void try_name(const char *text, size_t len)
{
	struct time_reader *r = NULL;
	char name[80];
	int e;

	if (len >= sizeof(name))
		return;
	memcpy(name, text, len);
	name[len] = '\0';
	e = time_reader_new(name, &r);
	if (e != 0 && e != -EINVAL)
		abort();
	time_reader_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;
	usec_t now, first, again;
	size_t i;

	if (size == 0)
		return 0;
	if (!readers[0])
		load();
	now = AUTUMN + (usec_t)data[0] * 60 * USEC_PER_SEC;
	for (i = 0; i < ELEMENTSOF(readers); i++) {
		first = time_reader_read(readers[i], text, size - 1, now);
		again = time_reader_read(readers[i], text, size - 1, now);
		if (first > LAST || !first != !again)
			abort();
		/* The same line is the same moment, but in the hour that comes twice. */
		if (first > again || again - first > 3600 * USEC_PER_SEC)
			abort();
	}
	try_name(text, size - 1);
	return 0;
}
