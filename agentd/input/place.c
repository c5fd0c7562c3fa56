/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/place.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Entries that journald wrote at one moment; more are not looked through. */
#define MOMENT_MAX 4096

/* Of a cursor, what is the same in a copy of its entry in another file: boot, times, and hash. */
static const char *what_lasts(const char *cursor)
{
	const char *p = strstr(cursor, ";b=");

	return p ? p : cursor;
}

/* Both are what_lasts(). */
static bool is_same_moment(const char *a, const char *b)
{
	const char *end = strstr(a, ";x=");

	return end && strncmp(a, b, (size_t)(end - a) + 3) == 0;
}

/*
 * The journal stands at the first entry that is not before cursor, and not at
 * cursor's own. journald may have copied that to another file, with others of the
 * same moment before it. Returns how many there are up to the copy; 0: there is
 * none.
 */
static unsigned count_to_copy(sd_journal *j, const char *cursor)
{
	const char *wanted = what_lasts(cursor);
	unsigned seen = 0, found = 0;
	bool same_moment = true;
	char *here;

	do {
		if (sd_journal_get_cursor(j, &here) < 0)
			break;
		seen++;
		if (strcmp(what_lasts(here), wanted) == 0)
			found = seen;
		same_moment = is_same_moment(what_lasts(here), wanted);
		free(here);
	} while (same_moment && seen < MOMENT_MAX && sd_journal_next(j) > 0);
	return found;
}

/* Returns 1 at the entry of cursor or its copy; 0: at neither; or what the journal said. */
static int go(sd_journal *j, const char *cursor)
{
	unsigned steps;
	int n = sd_journal_seek_cursor(j, cursor);

	if (n >= 0)
		n = sd_journal_next(j);
	if (n <= 0 || sd_journal_test_cursor(j, cursor) > 0)
		return n;
	steps = count_to_copy(j, cursor);
	n = sd_journal_seek_cursor(j, cursor);
	if (n < 0 || steps == 0)
		return n;
	while (n >= 0 && steps-- > 0)
		n = sd_journal_next(j);
	return n;
}

int place_go(sd_journal *j, const char *cursor)
{
	int n = cursor ? go(j, cursor) : sd_journal_seek_head(j);

	return n < 0 ? n : 0;
}

int place_count(sd_journal *j, const char *cursor, unsigned max)
{
	unsigned count = 0;
	int n = 1;

	while (count < max && (n = sd_journal_next(j)) > 0)
		count++;
	if (n < 0 || count == 0)
		return n;
	/* A file that has come since may hold what was written before what was seen. */
	n = sd_journal_process(j);
	if (n == SD_JOURNAL_INVALIDATE)
		return -ESTALE;
	if (n >= 0)
		n = place_go(j, cursor);
	return n < 0 ? n : (int)count;
}

int place_end(char **ret)
{
	sd_journal *j;
	int n = sd_journal_open(&j, SD_JOURNAL_LOCAL_ONLY);

	if (n < 0)
		return n;
	n = sd_journal_seek_tail(j);
	/* sd_journal_seek_tail() alone leaves no place to go on from. */
	if (n >= 0)
		n = sd_journal_previous(j);
	if (n > 0)
		n = sd_journal_get_cursor(j, ret);
	else
		*ret = NULL;
	sd_journal_close(j);
	return n < 0 ? n : *ret != NULL;
}

int place_is_there(const char *cursor)
{
	sd_journal *j;
	int n = sd_journal_open(&j, SD_JOURNAL_LOCAL_ONLY);

	if (n < 0)
		return n;
	n = go(j, cursor);
	sd_journal_close(j);
	return n;
}
