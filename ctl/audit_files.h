/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AUDIT_FILES_H
#define SIPWARDEN_AUDIT_FILES_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Files of the machine that is audited: this one, or a copy of its tree in a
 * directory. In a copy, symbolic links and ".." lead nowhere out of it.
 */
struct audit_files {
	int root;	 /* directory descriptor; -1: none */
	char *prefix;	 /* before each path that is shown; "" for this machine */
	size_t n, bytes; /* read so far */
	size_t denied;	 /* were there, and could not be read */
};

/* Limits, far over those of any gateway: real configurations have a few megabytes. */
#define AUDIT_FILE_MAX ((size_t)8 << 20)
#define AUDIT_BYTES_MAX ((size_t)32 << 20)
#define AUDIT_FILES_MAX 20000

/* root NULL: this machine. Negative errno. */
int audit_files_open(struct audit_files *f, const char *root);
void audit_files_close(struct audit_files *f);

/*
 * Reads a regular file; *ret is to be freed and ends with a NUL. -ENOENT; -EACCES
 * and -EPERM count as denied; -EFBIG, -E2BIG: over a limit; or another errno.
 */
int audit_files_read(struct audit_files *f, const char *path, char **ret, size_t *len);
bool audit_files_exist(struct audit_files *f, const char *path);

/*
 * The paths that match pattern, whose last part may have wildcards as of fnmatch(3),
 * in order: a NULL-terminated array, to be released with audit_files_free(). Negative
 * errno: -ENOENT when there is no such directory. No match is an empty array.
 */
int audit_files_glob(struct audit_files *f, const char *pattern, char ***ret);
void audit_files_free(char **paths);

#endif
