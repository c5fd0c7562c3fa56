/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CONFIG_INI_H
#define SIPWARDEN_CONFIG_INI_H

#include <stddef.h>

#include "base/diag.h"

/*
 * INI text read by inih, with a reader of ours in between, so that nothing is
 * cut and line numbers are right: inih as packaged has a 200-byte line buffer,
 * ends values at " ;", and truncates names (its ini.c). Our dialect:
 *
 * - a comment is a line that starts with '#' or ';';
 * - a value reaches verbatim to the end of its line, without the blanks at
 *   either end: there are no comments, quotes or escapes inside a line;
 * - a line that starts with a blank continues the value above; a comment there
 *   is refused, because it could be meant as text;
 * - CRLF line ends and a UTF-8 byte order mark are taken.
 */
#define INI_FILE_MAX ((size_t)4 << 20)
#define INI_LINE_MAX ((size_t)64 << 10)
/* Longest section header and key: MAX_SECTION and MAX_NAME of inih's ini.c are
 * 50 bytes with the NUL. */
#define INI_NAME_MAX 49

/*
 * One "key = value". Continuation lines are joined to value with '\n', each
 * without the blanks around it. line is where the key stands. All text is only
 * valid during the call. Each section header is announced once with key and
 * value NULL, so that "[x]" alone, and the same header twice, are seen.
 */
typedef void (*ini_fn)(void *userdata, const char *section, const char *key, const char *value,
		       unsigned line);

/*
 * Reads text[0..len) of the file named name (used in messages only). Mistakes
 * (no '=', key outside a section, '[' without ']', NUL byte, too long, …) go to
 * diag and the reading goes on. Returns 0, or -ENOMEM.
 */
int ini_parse_text(const char *name, const char *text, size_t len, ini_fn fn, void *userdata,
		   struct diag *diag);

/* The same for a file; one that cannot be read is an error in diag. Returns 0,
 * or the negative errno of open/read. */
int ini_parse_file_path(const char *path, ini_fn fn, void *userdata, struct diag *diag);

#endif
