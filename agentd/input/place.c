/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/place.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/*
 * Is this the entry of cursor? Also if journald has copied it to another file:
 * then all is the same from the boot on, and only the file and its number in it
 * are others.
 */
static bool stands_at(sd_journal *j, const char *cursor)
{
	const char *here, *there = strstr(cursor, ";b=");
	char *now;
	bool same;

	if (sd_journal_test_cursor(j, cursor) > 0)
		return true;
	if (!there || sd_journal_get_cursor(j, &now) < 0)
		return false;
	here = strstr(now, ";b=");
	same = here && strcmp(here, there) == 0;
	free(now);
	return same;
}

int place_go(sd_journal *j, const char *cursor)
{
	int n;

	if (!cursor)
		return sd_journal_seek_head(j);
	n = sd_journal_seek_cursor(j, cursor);
	if (n >= 0)
		n = sd_journal_next(j);
	if (n < 0 || (n > 0 && stands_at(j, cursor)))
		return n;
	/* It is not there any more. */
	return sd_journal_seek_cursor(j, cursor);
}

int place_count(sd_journal *j, const char *cursor, unsigned max)
{
	unsigned count = 0;
	int n = 1;

	while (count < max && (n = sd_journal_next(j)) > 0)
		count++;
	if (n < 0 || count == 0)
		return n;
	/* A file that is new may hold what came before what was seen. */
	n = sd_journal_process(j);
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
	n = sd_journal_seek_cursor(j, cursor);
	if (n >= 0)
		n = sd_journal_next(j);
	if (n > 0)
		n = stands_at(j, cursor);
	sd_journal_close(j);
	return n;
}
