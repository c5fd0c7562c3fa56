/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "replay/pastfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

/* What gzip does not read, by how it begins. */
static const struct {
	const char *magic;
	size_t len;
	const char *name, *hint;
} others[] = {
	{ "\xfd\x37zXZ", 5, "xz", "give it as NAME=<(xz -dc FILE)" },
	{ "\x28\xb5\x2f\xfd", 4, "zstd", "give it as NAME=<(zstd -dc FILE)" },
	{ "BZh", 3, "bzip2", "give it as NAME=<(bzip2 -dc FILE)" },
	{ "\x04\x22\x4d\x18", 4, "lz4", "give it as NAME=<(lz4 -dc FILE)" },
};

static const char *hint_of(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return "become a member of its group (often adm, or the gateway's), or copy it to where you may read it";
	case ENOENT:
		return "look for a typing error; is it the log of another host?";
	default:
		return NULL;
	}
}

static int refuse(const char *path, int error, struct diag *diag)
{
	diag_error(diag, path, 0, hint_of(error), "the log cannot be read: %s", strerror(error));
	return -error;
}

static int look_at(struct pastfile *f, int fd, struct diag *diag)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return refuse(f->path, errno, diag);
	if (S_ISDIR(st.st_mode)) {
		diag_error(diag, f->path, 0, "name the files in it", "the log cannot be read: it is a directory");
		return -EISDIR;
	}
	f->regular = S_ISREG(st.st_mode);
	f->device = st.st_dev;
	f->inode = st.st_ino;
	if (f->regular)
		f->written = (usec_t)st.st_mtim.tv_sec * USEC_PER_SEC + (usec_t)st.st_mtim.tv_nsec / 1000;
	return 0;
}

int pastfile_open(struct pastfile *f, const char *path, lines_continues_fn continues, void *userdata, struct diag *diag)
{
	_cleanup_close_ int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r;

	*f = (struct pastfile){ .path = path };
	if (fd < 0)
		return refuse(path, errno, diag);
	r = look_at(f, fd, diag);
	if (r < 0)
		return r;
	r = lines_init(&f->lines, continues, userdata);
	f->gz = r < 0 ? NULL : gzdopen(fd, "rb");
	if (!f->gz) {
		lines_done(&f->lines);
		return -ENOMEM;
	}
	TAKE_FD(fd);
	return 0;
}

void pastfile_close(struct pastfile *f)
{
	if (!f->gz)
		return;
	gzclose(f->gz);
	f->gz = NULL;
	lines_done(&f->lines);
}

static int refuse_compressed(const struct pastfile *f, const char *text, size_t len, struct diag *diag)
{
	size_t i;

	for (i = 0; i < ELEMENTSOF(others); i++) {
		if (len < others[i].len || memcmp(text, others[i].magic, others[i].len) != 0)
			continue;
		diag_error(diag, f->path, 0, others[i].hint, "the log is compressed by %s; only gzip is read", others[i].name);
		return -EOPNOTSUPP;
	}
	return 0;
}

static int refuse_read(const struct pastfile *f, struct diag *diag)
{
	int code = Z_OK, error = errno;
	const char *text = gzerror(f->gz, &code);

	if (code == Z_ERRNO)
		return refuse(f->path, error, diag);
	diag_error(diag, f->path, 0, "fetch it again: it is damaged, or was not written to its end",
		   "the compressed log cannot be read any further: %s", text);
	return -EIO;
}

/* Bytes read, behind those of an unfinished line; 0 at the end. */
static int read_some(struct pastfile *f, struct diag *diag)
{
	char *room = lines_room(&f->lines);
	int code = Z_OK, n = gzread(f->gz, room, LINES_READ_SIZE), r;

	/* An end in the middle of compressed data is only told like this. */
	if (n == 0)
		gzerror(f->gz, &code);
	if (n < 0 || code != Z_OK)
		return refuse_read(f, diag);
	if (!f->begun) {
		f->begun = true;
		r = refuse_compressed(f, room, (size_t)n, diag);
		if (r < 0)
			return r;
	}
	f->bytes += (uint64_t)n;
	return n;
}

ssize_t pastfile_read(struct pastfile *f, struct diag *diag)
{
	size_t whole = 0;
	int n;

	if (f->ended)
		return 0;
	lines_next(&f->lines);
	while (whole == 0) {
		n = read_some(f, diag);
		if (n < 0)
			return n;
		if (n == 0) {
			f->ended = true;
			return (ssize_t)lines_end(&f->lines);
		}
		whole = lines_take(&f->lines, (size_t)n);
		if (whole == 0)
			lines_next(&f->lines);
	}
	return (ssize_t)whole;
}
