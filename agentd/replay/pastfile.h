/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_REPLAY_PASTFILE_H
#define SIPWARDEN_REPLAY_PASTFILE_H

#include <stdbool.h>
#include <zlib.h>

#include "base/diag.h"
#include "base/timespan.h"
#include "input/lines.h"

/* A log file that is read from its start to its end, once; plain or compressed by gzip. */
struct pastfile {
	const char *path;
	gzFile gz;       /* NULL: not open */
	struct lines lines;
	bool regular;    /* it can be closed and opened again */
	bool begun, ended;
	usec_t written;  /* its end was; 0: not known, as of a pipe */
	uint64_t device, inode;
	uint64_t bytes;  /* read, decompressed */
};

/* Opens path, which must outlive f. What is wrong with it is in diag. Returns 0 or a negative errno. */
int pastfile_open(struct pastfile *f, const char *path, lines_continues_fn continues, void *userdata, struct diag *diag);
void pastfile_close(struct pastfile *f);
/*
 * The next whole lines, at f->lines.buf until the next call; as input.h has
 * them. Returns their length, 0 at the end, or a negative errno (then in diag).
 */
ssize_t pastfile_read(struct pastfile *f, struct diag *diag);

#endif
