/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/prefetch.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/cleanup.h"

/* Of the file; what is larger is read as it is needed, so as not to push everything else out of the cache. */
#define PREFETCH_MAX ((off_t)2 << 30)
/* Asked for at once: the kernel cuts what is more than the disk takes in one request. */
#define PREFETCH_STEP ((off_t)1 << 20)

void prefetch_file(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	off_t at;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	for (at = 0; at < st.st_size && at < PREFETCH_MAX; at += PREFETCH_STEP)
		posix_fadvise(fd, at, PREFETCH_STEP, POSIX_FADV_WILLNEED);
}
