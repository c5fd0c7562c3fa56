/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/textfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

int textfile_read_fd(int fd, size_t max, char **ret, size_t *ret_len)
{
	_cleanup_free_ char *text = NULL;
	struct stat st;
	size_t size, len = 0;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EINVAL; /* a FIFO or device would block or never end */
	if ((unsigned long long)st.st_size > max)
		return -EFBIG;
	size = (size_t)st.st_size + 1;
	text = malloc(size + 1);
	if (!text)
		return -ENOMEM;
	/* One byte more than fstat() said, to notice a file that grows under us. */
	while (len < size) {
		ssize_t n = read(fd, text + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	if (len == size)
		return -EBUSY;
	text[len] = '\0';
	*ret = TAKE_PTR(text);
	*ret_len = len;
	return 0;
}

int textfile_read(const char *path, size_t max, struct diag *diag, char **ret, size_t *ret_len)
{
	_cleanup_close_ int fd = -1;
	int r;

	/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	r = fd < 0 ? -errno : textfile_read_fd(fd, max, ret, ret_len);
	if (r == -EFBIG)
		diag_error(diag, path, 0, NULL, "the file is larger than %zu bytes", max);
	else if (r == -EINVAL)
		diag_error(diag, path, 0, NULL, "not a regular file");
	else if (r == -EBUSY)
		diag_error(diag, path, 0, "read it again when it is complete", "the file grows while it is read");
	else if (r < 0)
		diag_error(diag, path, 0, NULL, "cannot be read: %s", strerror(-r));
	return r;
}

struct span textfile_skip_bom(struct span text)
{
	if (text.len >= 3 && memcmp(text.ptr, "\xef\xbb\xbf", 3) == 0)
		return (struct span){ text.ptr + 3, text.len - 3 };
	return text;
}

bool textfile_next_line(struct span *rest, struct span *line)
{
	const char *end;

	if (rest->len == 0)
		return false;
	end = memchr(rest->ptr, '\n', rest->len);
	line->ptr = rest->ptr;
	line->len = end ? (size_t)(end - rest->ptr) : rest->len;
	rest->ptr += line->len + (end != NULL);
	rest->len -= line->len + (end != NULL);
	if (line->len > 0 && line->ptr[line->len - 1] == '\r')
		line->len--;
	return true;
}
