/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "replay/pastjournal.h"

#include <errno.h>
#include <string.h>

#include "input/input.h"

static int refuse(const struct pastjournal *p, int error, struct diag *diag)
{
	diag_error(diag, p->input->file, p->input->line, "members of the group systemd-journal may read all of it",
		   "the journal cannot be read for input '%s': %s", p->input->name, strerror(-error));
	return error;
}

/* The first entry may be the rest of the one before it. */
static int look_before(struct pastjournal *p)
{
	bool cut;
	int n = sd_journal_previous(p->journal);

	if (n > 0)
		linebreak_is_rest(&p->lines.breaks, p->journal, &cut);
	return n == 0 ? sd_journal_seek_head(p->journal) : n;
}

int pastjournal_open(struct pastjournal *p, const struct config_input *input, usec_t since, usec_t until,
		     lines_continues_fn continues, void *userdata, struct diag *diag)
{
	int n;

	*p = (struct pastjournal){ .input = input, .until = until, .continues = continues, .userdata = userdata };
	n = entries_init(&p->lines);
	if (n >= 0)
		n = entries_open(input->matches, &p->journal);
	if (n >= 0)
		n = since ? sd_journal_seek_realtime_usec(p->journal, since) : sd_journal_seek_head(p->journal);
	if (n >= 0 && since)
		n = look_before(p);
	if (n >= 0)
		return 0;
	pastjournal_close(p);
	return refuse(p, n, diag);
}

void pastjournal_close(struct pastjournal *p)
{
	sd_journal_close(p->journal);
	p->journal = NULL;
	entries_done(&p->lines);
}

/* Takes away what was given. */
static void drop_given(struct pastjournal *p)
{
	struct entries *e = &p->lines;

	e->len -= p->given;
	e->n -= p->given_n;
	memmove(e->buf, e->buf + p->given, e->len);
	memmove(e->times, e->times + p->given_n, e->n * sizeof(*e->times));
	p->given = p->given_n = 0;
}

/* Fills the buffer. Returns what the journal said. */
static int take_entries(struct pastjournal *p)
{
	uint64_t when;
	int n = 0;

	while (n >= 0 && !p->ended && !entries_full(&p->lines)) {
		n = sd_journal_next(p->journal);
		p->ended = n == 0 || (n > 0 && sd_journal_get_realtime_usec(p->journal, &when) >= 0 && when > p->until);
		if (n > 0 && !p->ended)
			n = entries_take(&p->lines, p->journal);
		if (n == -ENOENT)
			n = 0;
	}
	return n;
}

/* Gives all lines but the last beginning, which may go on. */
static void give(struct pastjournal *p)
{
	struct entries *e = &p->lines;
	size_t end = e->len, n = e->n;

	while (!p->ended && p->continues && n > 0) {
		const char *before = memrchr(e->buf, '\n', end - 1);
		size_t start = before ? (size_t)(before - e->buf) + 1 : 0;
		bool begins = !p->continues(p->userdata, e->buf + start, end - 1 - start);

		end = start;
		n--;
		if (begins)
			break;
	}
	if (n == 0) {
		/* All of it is one line, and whether that is its end is not known. */
		end = e->len;
		n = e->n;
		if (!p->ended && end > 1)
			e->buf[end - 2] = INPUT_CUT_MARK;
	}
	p->given = end;
	p->given_n = n;
}

ssize_t pastjournal_read(struct pastjournal *p, struct diag *diag)
{
	int n;

	drop_given(p);
	n = take_entries(p);
	if (n < 0)
		return refuse(p, n, diag);
	give(p);
	p->bytes += p->given;
	return (ssize_t)p->given;
}
