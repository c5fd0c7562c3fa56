/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AUDIT_H
#define SIPWARDEN_AUDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "audit_files.h"

/*
 * What an audit looks at and what it found. Configurations are other people's
 * files: every text below is bounded, nothing of it is executed, and no secret
 * of it may get into a finding.
 */

enum audit_severity {
	AUDIT_INFO,	/* worth knowing; never changes the exit status */
	AUDIT_WARNING,	/* makes an attack easier, or hides it */
	AUDIT_CRITICAL, /* lets a stranger in */
};

/* One thing that can be wrong; static, the same for all findings of it. */
struct audit_check {
	const char *name; /* stable: the first part of the id */
	enum audit_severity severity;
	const char *why;    /* what it is good for to an attacker */
	const char *source; /* documentation or source of the gateway that says so; NULL: none needed */
};

/* Where something stands. */
struct audit_place {
	const char *file; /* of the audited machine, without --root */
	unsigned line;	  /* 0: the file as a whole */
};

struct audit_finding {
	const struct audit_check *check;
	char *id;   /* CHECK:SUBJECT; the same as long as it is the same thing, wherever its line moves */
	char *file; /* with --root; printable, as the texts below */
	unsigned line;
	char *what, *change;
	bool accepted; /* the baseline has it */
};

/* More findings than that are counted, not kept. */
#define AUDIT_FINDINGS_MAX 20000

struct audit {
	struct audit_files files;
	struct audit_finding *findings;
	size_t n, size, dropped;
	void **kept; /* memory that lives as long as the audit */
	size_t n_kept, kept_size;
	size_t listeners; /* that were asked */
	size_t notes;	  /* lines that were not understood */
	bool memory;	  /* ran out of memory */
	bool incomplete;  /* a listener could not be judged */
};

/* root: NULL, or what stands before all paths. Negative errno; then nothing is to be released. */
int audit_begin(struct audit *a, const char *root);
void audit_done(struct audit *a);

/*
 * Adds a finding. subject names the thing within the check, without line numbers,
 * as "pjsip.conf/6001"; change is the line to write. The rest is a printf of what
 * is wrong. Foreign text is made printable here.
 */
void audit_find(struct audit *a, const struct audit_check *check, struct audit_place at, const char *subject,
		const char *change, const char *format, ...) __attribute__((format(printf, 6, 7)));
/* What a reader did not understand; never shows the line, which may hold a secret. */
void audit_note(struct audit *a, struct audit_place at, const char *why);
/* Worst first, then by file and line. */
void audit_sort(struct audit *a);
/* Findings of this severity that are (not) accepted. */
size_t audit_count(const struct audit *a, enum audit_severity severity, bool accepted);
/* Whether all was looked at, so that what was not found is not there. */
bool audit_is_whole(const struct audit *a);
const char *audit_severity_name(enum audit_severity severity);

/* Makes memory of malloc() live as long as the audit. Returns it; NULL if that failed (it is freed). */
void *audit_keep(struct audit *a, void *memory);
/* "dir/name", kept; a name with a leading '/' stays as it is. Never NULL. */
const char *audit_path(struct audit *a, const char *dir, const char *name);
/* The last part of a path. */
const char *audit_base(const char *path);
/* Reads a configuration file for the audit; a failure other than -ENOENT is noted. The text is kept, and
 * may be changed in place; NUL bytes in it have become '?'. */
int audit_read(struct audit *a, const char *path, char **ret, size_t *len);

/* The files that are being read, each included by the next one up. */
struct audit_chain {
	const char *file;
	const struct audit_chain *up; /* NULL: nobody includes it */
};
/* Whether path is among them: a file that includes itself would be read without end. */
bool audit_chain_has(const struct audit_chain *chain, const char *path);

/* True for loopback: "127.0.0.1", "[::1]:8088", "localhost"; a port may follow. */
bool audit_bind_is_local(const char *bind);
/* "yes", "true", "on", "y", "t", and numbers other than 0. */
bool audit_true(const char *value);
/* Whether word stands in a list with commas or blanks between; case is ignored. */
bool audit_in_list(const char *list, const char *word);

/* The gateways. Each returns false if nothing of it is there. dir or file NULL: where it usually is. */
bool audit_asterisk(struct audit *a, const char *dir);
bool audit_freeswitch(struct audit *a, const char *dir);
bool audit_kamailio(struct audit *a, const char *file);
bool audit_opensips(struct audit *a, const char *file);

#endif
