/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_read.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "report_pair.h"

static void note_fault(struct reading *g, const char *path, const struct record_stream *s, size_t *shown)
{
	struct fault *f = &g->faults[g->n_faults];

	g->malformed++;
	if (g->n_faults == FAULTS_MAX || *shown == FAULT_SHOWN_FILE)
		return;
	f->file = strdup(path);
	if (!f->file)
		return;
	f->line = record_line(s);
	f->why = record_fault(s);
	g->n_faults++;
	(*shown)++;
}

static void note_format(struct reading *g, const struct record_format *f)
{
	const size_t n = strlen(g->formats);

	if (!strstr(g->formats, f->what))
		snprintf(g->formats + n, sizeof(g->formats) - n, "%s%s", n ? "; " : "", f->what);
}

static int read_stream(struct reading *g, const char *path, struct record_stream *s, struct pairing *p)
{
	struct record record;
	size_t shown = 0;
	int r;

	while ((r = record_next(s, &record)) != 0) {
		if (r == 1) {
			g->records++;
			pairing_add(p, &record);
		} else if (r == -EAGAIN) {
			g->others++;
		} else if (r == -EBADMSG) {
			note_fault(g, path, s, &shown);
		} else {
			return r;
		}
	}
	return 0;
}

static void read_file(struct reading *g, const char *path, const struct record_format *format,
		      struct zone *zone, struct pairing *p)
{
	struct record_stream *s = NULL;
	int r = record_open(path, format, zone, &s);

	g->files++;
	if (r >= 0) {
		note_format(g, record_stream_format(s));
		r = read_stream(g, path, s, p);
	}
	record_close(s);
	if (r >= 0)
		return;
	g->unread++;
	fprintf(stderr, "sipwarden: %s: %s\n", path,
		r == -EPROTO ? "no format of call records fits its first lines; name one with --record-format"
			     : strerror(-r));
}

static void read_pattern(struct reading *g, const char *pattern, const struct record_format *format,
			 struct zone *zone, struct pairing *p)
{
	glob_t found = {0};
	size_t i;

	if (strcmp(pattern, "-") == 0 || glob(pattern, 0, NULL, &found) != 0) {
		read_file(g, pattern, format, zone, p);
		return;
	}
	for (i = 0; i < found.gl_pathc && i < FILES_MAX; i++)
		read_file(g, found.gl_pathv[i], format, zone, p);
	if (i < found.gl_pathc)
		fprintf(stderr, "sipwarden: %s: more than %d files; the others were left out\n", pattern,
			FILES_MAX);
	globfree(&found);
}

int reading_run(struct reading *g, char *const *paths, const struct record_format *format, struct zone *zone,
		void (*fn)(void *userdata, const struct record *r), void *userdata)
{
	struct pairing *p = NULL;
	int r = pairing_new(fn, userdata, &p);

	if (r < 0)
		return r;
	for (; *paths; paths++)
		read_pattern(g, *paths, format, zone, p);
	pairing_end(p);
	g->open = pairing_open(p);
	pairing_free(p);
	return 0;
}

void reading_done(struct reading *g)
{
	while (g->n_faults > 0)
		free(g->faults[--g->n_faults].file);
}
