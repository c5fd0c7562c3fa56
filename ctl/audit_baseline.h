/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AUDIT_BASELINE_H
#define SIPWARDEN_AUDIT_BASELINE_H

#include "audit.h"

/*
 * A file of findings that somebody looked at and accepts: one id a line, and behind
 * a blank and '#' why. Empty lines, and those that begin with '#', are comments.
 */
struct audit_baseline {
	char *text; /* of the whole file, as read */
	size_t len;
	char **ids;  /* sorted */
	bool *found; /* whether the audit found it again */
	size_t n;
};

/* missing_ok: a file that is not there yet is an empty one. Negative errno. */
int audit_baseline_read(const char *path, bool missing_ok, struct audit_baseline *b);
bool audit_baseline_has(const struct audit_baseline *b, const char *id);
/* Notes that the audit found it again. False: the baseline does not have it. */
bool audit_baseline_mark(struct audit_baseline *b, const char *id);
/* Marks the findings that it has as accepted. */
void audit_baseline_apply(struct audit_baseline *b, struct audit *a);
/*
 * Writes it again, with all findings of warning or worse that it did not have and marks
 * them as accepted. reason: NULL for what was found. All or nothing. Negative errno.
 */
int audit_baseline_accept(const struct audit_baseline *b, struct audit *a, const char *path,
			  const char *reason);
void audit_baseline_done(struct audit_baseline *b);

#endif
