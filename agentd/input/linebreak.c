/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/linebreak.h"

#include <stdio.h>
#include <string.h>

/* The value of a field of the current entry, or NULL; *len is its length. */
static const char *field(sd_journal *j, const char *name, size_t *len)
{
	size_t skip = strlen(name) + 1;
	const void *data;

	if (sd_journal_get_data(j, name, &data, len) < 0 || *len < skip)
		return NULL;
	*len -= skip;
	return (const char *)data + skip;
}

/* The stream and process that wrote the entry. False: it is from no stream. */
static bool identify(sd_journal *j, char id[static LINEBREAK_ID_MAX])
{
	size_t stream_len, pid_len = 0;
	char stream[LINEBREAK_ID_MAX / 2 + 1];
	const char *value = field(j, "_STREAM_ID", &stream_len), *pid;

	if (!value)
		return false;
	/* sd-journal keeps one field's memory only until the next is asked for. */
	snprintf(stream, sizeof(stream), "%.*s", (int)(stream_len < sizeof(stream) ? stream_len : sizeof(stream) - 1), value);
	pid = field(j, "_PID", &pid_len);
	snprintf(id, LINEBREAK_ID_MAX, "%s %.*s", stream, pid ? (int)(pid_len < 20 ? pid_len : 20) : 0, pid ? pid : "");
	return true;
}

/*
 * From the same stream and process? One that is not named may be any of the
 * stream: journald knows no sender of what was written in the moment between
 * its taking a new stream and its asking for credentials, and does for the rest
 * of the line.
 */
static bool same_sender(const char *a, const char *b)
{
	size_t stream = strcspn(a, " ");

	if (stream != strcspn(b, " ") || strncmp(a, b, stream) != 0)
		return false;
	a += stream + 1;
	b += stream + 1;
	return *a == '\0' || *b == '\0' || strcmp(a, b) == 0;
}

static bool forget(struct linebreak *l, const char *id)
{
	unsigned i;

	for (i = 0; l->count > 0 && i < LINEBREAK_MAX; i++) {
		if (l->broken[i][0] == '\0' || !same_sender(l->broken[i], id))
			continue;
		l->broken[i][0] = '\0';
		l->count--;
		return true;
	}
	return false;
}

static void remember(struct linebreak *l, const char *id)
{
	char *slot = l->broken[l->next];

	l->count += slot[0] == '\0';
	strcpy(slot, id);
	l->next = (l->next + 1) % LINEBREAK_MAX;
}

/* "eof" is no break: nothing more comes from there. */
static bool end_is_missing(sd_journal *j)
{
	size_t len;
	const char *kind = field(j, "_LINE_BREAK", &len);

	return kind && !(len == 3 && memcmp(kind, "eof", 3) == 0);
}

bool linebreak_is_rest(struct linebreak *l, sd_journal *j, bool *cut)
{
	bool missing = end_is_missing(j), rest = false;
	char id[LINEBREAK_ID_MAX];

	*cut = missing;

	/* Nearly every entry is a line after a line. */
	if (!missing && l->count == 0)
		return false;
	if (!identify(j, id))
		return false;
	rest = forget(l, id);
	if (missing)
		remember(l, id);
	return rest;
}
