/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CONFIG_TEXTFILE_H
#define SIPWARDEN_CONFIG_TEXTFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"
#include "base/text.h"

/*
 * Reads the whole of a regular file of at most max bytes. *ret is to be freed,
 * and has a NUL after its *ret_len bytes. A failure goes to diag (of file path)
 * and is returned as negative errno; -EFBIG: larger than max.
 */
int textfile_read(const char *path, size_t max, struct diag *diag, char **ret, size_t *ret_len);

/* The same of an open file, without a word about it. -EISDIR, -EINVAL: no regular file; -EBUSY: it is being written. */
int textfile_read_fd(int fd, size_t max, char **ret, size_t *ret_len);

/* The text without a UTF-8 byte order mark. */
struct span textfile_skip_bom(struct span text);

/*
 * Takes the first line from *rest into *line, without its end (LF or CRLF).
 * False when there is nothing left.
 */
bool textfile_next_line(struct span *rest, struct span *line);

#endif
