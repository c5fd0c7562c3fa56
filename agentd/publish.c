/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The metrics as a file for node_exporter's textfile collector. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent_private.h"
#include "base/privilege.h"
#include "base/text.h"

char *agent_metrics(struct agent *a)
{
	struct verdict v;
	struct health h;
	char *text = agent_health(a, true, &h, &v) < 0 ? NULL : health_metrics(&h, &v);

	free(h.inputs);
	return text;
}

static int write_all(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Nobody sees half of it: written beside it, then renamed. What lies there by that name was left by a crash. */
static int write_file(const char *path, const char *text)
{
	_cleanup_free_ char *beside = text_printf("%s.tmp", path);
	mode_t mask;
	int fd, r;

	if (!beside)
		return -ENOMEM;
	unlink(beside);
	/* The exporter is another user. Once confined, we may set no mode later. */
	mask = umask(0022);
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	umask(mask);
	if (fd < 0)
		return -errno;
	r = write_all(fd, text);
	if (close(fd) < 0 && r >= 0)
		r = -errno;
	if (r >= 0 && rename(beside, path) < 0)
		r = -errno;
	if (r < 0)
		unlink(beside);
	return r;
}

int agent_metrics_directory(const char *path, const char *user)
{
	_cleanup_free_ char *copy = strdup(path);
	const char *dir = copy ? dirname(copy) : NULL;
	_cleanup_close_ int fd = -1;
	int r;

	if (!dir)
		return -ENOMEM;
	if (access(dir, F_OK) == 0)
		return 0;
	r = privilege_prepare_dir(dir, user);
	if (r < 0)
		return r;
	/* Likewise; and not of what a link leads to, as in base/privilege.c. */
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 || fchmod(fd, 0755) < 0 ? -errno : 0;
}

static void tell(struct agent_watch *w, int error)
{
	if (error < 0 && !w->metrics_error)
		log_warning("The metrics cannot be written to %s: %s. It is tried on, and not told again until it works",
			    w->metrics_file, strerror(-error));
	else if (error >= 0 && w->metrics_error)
		log_notice("The metrics are written to %s again", w->metrics_file);
	free(w->metrics_error);
	w->metrics_error = error < 0 ? strdup(strerror(-error)) : NULL;
}

void agent_unpublish(struct agent *a)
{
	struct agent_watch *w = &a->watch;

	/* What is not written any more must not be taken for news. */
	if (w->metrics_file)
		unlink(w->metrics_file);
	free(TAKE_PTR(w->metrics_file));
	free(TAKE_PTR(w->metrics_error));
}

void agent_publish(struct agent *a)
{
	const struct config *cfg = a->world->cfg;
	_cleanup_free_ char *text = NULL;
	struct agent_watch *w = &a->watch;
	usec_t now = time_monotonic();

	if (w->metrics_file && (!cfg->metrics_file || strcmp(w->metrics_file, cfg->metrics_file) != 0))
		agent_unpublish(a);
	if (!cfg->metrics_file)
		return;
	if (w->metrics_file && now - w->published < cfg->metrics_interval)
		return;
	if (!w->metrics_file)
		w->metrics_file = strdup(cfg->metrics_file);
	text = w->metrics_file ? agent_metrics(a) : NULL;
	w->published = now;
	if (w->metrics_file)
		tell(w, text ? write_file(w->metrics_file, text) : -ENOMEM);
}
