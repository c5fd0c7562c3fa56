/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_REPORT_READ_H
#define SIPWARDEN_REPORT_READ_H

#include "report_record.h"

/* All files of call records, one after the other, and what was wrong with them. */

#define FAULTS_MAX 20	   /* malformed records that are shown; the others are counted */
#define FAULT_SHOWN_FILE 5 /* of one file */
#define FILES_MAX 4096

struct fault {
	char *file; /* its text is the admin's */
	uint64_t line;
	const char *why; /* static */
};

struct reading {
	size_t files, unread; /* unread: those that could not be opened or read to the end */
	uint64_t records, malformed, others, open;
	struct fault faults[FAULTS_MAX];
	size_t n_faults;
	char formats[400]; /* names of those met, for people */
};

/*
 * Reads each file (patterns stand for all that match, in the order of their names; "-" is
 * standard input) and gives its calls to fn. Failures are told on standard error
 * with the file, and the others are read all the same. Returns 0, or -ENOMEM.
 */
int reading_run(struct reading *g, char *const *paths, const struct record_format *format, struct zone *zone,
		void (*fn)(void *userdata, const struct record *r), void *userdata);
void reading_done(struct reading *g);

#endif
