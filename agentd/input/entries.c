/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/entries.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "input/input.h"

int entries_init(struct entries *e)
{
	*e = (struct entries){
		.buf = malloc(ENTRIES_SIZE + INPUT_LINE_MAX + 1),
		.times = calloc(ENTRIES_MAX, sizeof(*e->times)),
	};
	return e->buf && e->times ? 0 : -ENOMEM;
}

void entries_done(struct entries *e)
{
	free(e->buf);
	free(e->times);
	e->buf = NULL;
	e->times = NULL;
}

/* Reads the matches of sipwarden.conf(5) as journalctl(1) reads its arguments. */
static int add_matches(sd_journal *j, char *const *matches)
{
	int r = 0;

	for (; r >= 0 && *matches; matches++)
		r = strcmp(*matches, "+") == 0 ? sd_journal_add_disjunction(j) : sd_journal_add_match(j, *matches, 0);
	return r;
}

int entries_open(char *const *matches, sd_journal **ret)
{
	int n = sd_journal_open(ret, SD_JOURNAL_LOCAL_ONLY);

	if (n < 0)
		return n;
	/* A longer message is cut, and "MESSAGE=" counts too. */
	n = sd_journal_set_data_threshold(*ret, INPUT_LINE_MAX + 64);
	if (n >= 0)
		n = add_matches(*ret, matches);
	if (n < 0) {
		sd_journal_close(*ret);
		*ret = NULL;
	}
	return n;
}

bool entries_full(const struct entries *e)
{
	return e->n >= ENTRIES_MAX || e->len >= ENTRIES_SIZE;
}

/* Appends the message as one line, and returns it. */
static char *take_message(struct entries *e, sd_journal *j, const char *text, size_t len)
{
	char *line = e->buf + e->len;
	bool cut = len > INPUT_LINE_MAX;
	uint64_t when = 0;
	size_t i;

	if (cut) {
		len = INPUT_LINE_MAX;
		e->cut++;
	}
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	for (i = 0; i < len; i++)
		line[i] = text[i] == '\n' || text[i] == '\r' || text[i] == '\0' ? ' ' : text[i];
	if (cut && len > 0)
		line[len - 1] = INPUT_CUT_MARK;
	line[len] = '\n';
	e->len += len + 1;
	sd_journal_get_realtime_usec(j, &when);
	e->times[e->n++] = when;
	return line;
}

int entries_take(struct entries *e, sd_journal *j)
{
	static const char prefix[] = "MESSAGE=";
	uint64_t cut_before = e->cut;
	const void *data;
	char *line;
	size_t len;
	bool cut;
	int n;

	n = sd_journal_get_data(j, "MESSAGE", &data, &len);
	if (n < 0)
		return n;
	if (len < sizeof(prefix) - 1)
		return 0;
	line = take_message(e, j, (const char *)data + sizeof(prefix) - 1, len - (sizeof(prefix) - 1));
	if (linebreak_is_rest(&e->breaks, j, &cut)) {
		e->cut = cut_before + 1;
		e->len = (size_t)(line - e->buf);
		e->n--;
	} else if (cut && e->len - (size_t)(line - e->buf) > 1) {
		e->buf[e->len - 2] = INPUT_CUT_MARK;
	}
	return 0;
}
