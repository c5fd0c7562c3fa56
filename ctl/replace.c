/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "replace.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

int replace_begin(struct replacement *r, const char *path)
{
	int fd, error;

	*r = (struct replacement){.path = path, .fresh = text_printf("%s.XXXXXX", path)};
	if (!r->fresh)
		return -ENOMEM;
	fd = mkstemp(r->fresh);
	error = errno;
	r->to = fd < 0 ? NULL : fdopen(fd, "w");
	if (r->to)
		return 0;
	if (fd >= 0) {
		close(fd);
		unlink(r->fresh);
		error = ENOMEM;
	}
	free(r->fresh);
	return -error;
}

int replace_end(struct replacement *r, mode_t mode)
{
	int fd = fileno(r->to), error = 0;

	errno = 0;
	if (fflush(r->to) != 0 || ferror(r->to) || fchmod(fd, mode) < 0 || fsync(fd) < 0)
		error = errno ? -errno : -EIO;
	fclose(r->to);
	if (error == 0 && rename(r->fresh, r->path) < 0)
		error = -errno;
	if (error < 0)
		unlink(r->fresh);
	free(r->fresh);
	return error;
}
