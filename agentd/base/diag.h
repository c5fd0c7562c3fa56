/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_BASE_DIAG_H
#define SIPWARDEN_BASE_DIAG_H

#include <stddef.h>
#include <stdio.h>

/*
 * All mistakes found in configuration and filters, collected so that they are
 * reported at once. Each says what, where, and what would be right.
 */
struct diag_entry {
	char *file;
	unsigned line; /* 0: the file as a whole */
	char *text;    /* what is wrong */
	char *hint;    /* what would be right; may be NULL */
	int severity;  /* LOG_ERR: refused; LOG_WARNING: works, but look at it */
};

struct diag {
	struct diag_entry *entries; /* in the order found; at most DIAG_MAX kept */
	size_t count;
	size_t errors;  /* all of them, also those over DIAG_MAX */
	size_t warnings;
};

#define DIAG_MAX 200
#define DIAG_INIT { NULL, 0, 0, 0 }

/* Adds an error. hint may be NULL. Running out of memory still counts it. */
void diag_error(struct diag *d, const char *file, unsigned line, const char *hint, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
void diag_warning(struct diag *d, const char *file, unsigned line, const char *hint, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* What was said of the file from is said of to: of a copy that was only there to be loaded. */
void diag_rename_file(struct diag *d, const char *from, const char *to);
/* "file:line: error: what is wrong; what would be right", one a line. */
void diag_print(const struct diag *d, FILE *to);
/* "file:line: what is wrong; what would be right" as a new string; NULL: out of memory. */
char *diag_text(const struct diag_entry *e);
/* Each entry through log_message(). */
void diag_log(const struct diag *d);
void diag_done(struct diag *d);

#endif
