/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/textfile.h"

#define MATCHES_MAX 20000

int audit_files_open(struct audit_files *f, const char *root)
{
	size_t n = root ? strlen(root) : 0;

	while (n > 0 && root[n - 1] == '/')
		n--;
	*f = (struct audit_files){.root = open(root ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC)};
	if (f->root < 0)
		return -errno;
	f->prefix = strndup(root ? root : "", n);
	return f->prefix ? 0 : -ENOMEM;
}

void audit_files_close(struct audit_files *f)
{
	if (f->root >= 0)
		close(f->root);
	free(f->prefix);
	*f = (struct audit_files){.root = -1};
}

static int open_at(const struct audit_files *f, const char *path, int flags)
{
	struct open_how how = {.flags = (unsigned)(flags | O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY),
			       .resolve = RESOLVE_IN_ROOT};
	long fd;

	while (*path == '/')
		path++;
	if (*f->prefix)
		fd = syscall(SYS_openat2, f->root, *path ? path : ".", &how, sizeof(how));
	else
		fd = openat(f->root, *path ? path : ".", (int)how.flags);
	return fd < 0 ? -errno : (int)fd;
}

int audit_files_read(struct audit_files *f, const char *path, char **ret, size_t *len)
{
	_cleanup_close_ int fd = open_at(f, path, 0);
	int r = fd;

	if (fd >= 0 && (f->n >= AUDIT_FILES_MAX || f->bytes >= AUDIT_BYTES_MAX))
		return -E2BIG;
	if (fd >= 0)
		r = textfile_read_fd(fd, AUDIT_FILE_MAX, ret, len);
	if (r == -EACCES || r == -EPERM)
		f->denied++;
	if (r < 0)
		return r == -ENOTDIR ? -ENOENT : r;
	f->n++;
	f->bytes += *len;
	return 0;
}

bool audit_files_exist(struct audit_files *f, const char *path)
{
	_cleanup_close_ int fd = open_at(f, path, 0);

	/* What is hidden from us is there as far as we know. */
	return fd >= 0 || fd == -EACCES;
}

/* Globbing */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_path(char ***list, size_t *n, char *path)
{
	char **longer = path ? reallocarray(*list, *n + 2, sizeof(*longer)) : NULL;

	if (!longer) {
		free(path);
		return -ENOMEM;
	}
	*list = longer;
	longer[(*n)++] = path;
	longer[*n] = NULL;
	return 0;
}

static int read_directory(struct audit_files *f, const char *dir, const char *pattern, char ***list,
			  size_t *n)
{
	int r = 0, fd = open_at(f, dir, O_DIRECTORY);
	const struct dirent *entry;
	DIR *stream;

	if (fd < 0) {
		f->denied += fd == -EACCES;
		return fd == -ENOTDIR ? -ENOENT : fd;
	}
	stream = fdopendir(fd);
	if (!stream) {
		close(fd);
		return -ENOMEM;
	}
	while (r == 0 && *n < MATCHES_MAX && (entry = readdir(stream)))
		if (fnmatch(pattern, entry->d_name, FNM_PERIOD) == 0)
			r = add_path(list, n, text_printf("%s/%s", dir, entry->d_name));
	closedir(stream);
	if (*n > 1)
		qsort(*list, *n, sizeof(**list), by_name);
	return r;
}

int audit_files_glob(struct audit_files *f, const char *pattern, char ***ret)
{
	const char *slash = strrchr(pattern, '/'), *base = slash ? slash + 1 : pattern;
	_cleanup_free_ char *dir = slash ? strndup(pattern, (size_t)(slash - pattern)) : strdup(".");
	char **list = calloc(1, sizeof(*list));
	size_t n = 0;
	int r = 0;

	if (!dir || !list)
		r = -ENOMEM;
	else if (strpbrk(base, "*?["))
		r = read_directory(f, dir, base, &list, &n);
	else if (audit_files_exist(f, pattern))
		r = add_path(&list, &n, strdup(pattern));
	if (r < 0) {
		audit_files_free(list);
		return r;
	}
	*ret = list;
	return 0;
}

void audit_files_free(char **paths)
{
	size_t i;

	for (i = 0; paths && paths[i]; i++)
		free(paths[i]);
	free(paths);
}
