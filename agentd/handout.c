/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts about frauds in files, for the unit that the admin has made for them: sipwardend(8). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent_private.h"
#include "base/handout.h"
#include "base/privilege.h"
#include "base/text.h"

/* Where nobody takes them, so many stay. */
#define HANDOUTS_MAX 100

static int write_new(int dir, const char *name, const char *text)
{
	_cleanup_free_ char *beside = text_printf(".%s", name);
	size_t len = strlen(text);
	int fd, r = 0;

	if (!beside)
		return -ENOMEM;
	fd = openat(dir, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != (ssize_t)len)
		r = -EIO;
	close(fd);
	/* Nobody takes half of it. */
	if (r >= 0 && renameat(dir, beside, dir, name) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(dir, beside, 0);
	return r;
}

static int is_entry(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

/*
 * Names begin with the moment, so that their order is that in which they came; the
 * first are those that were being written when the agent was killed.
 */
static int keep_last(int dir)
{
	struct dirent **names;
	int n = scandirat(dir, ".", &names, is_entry, alphasort), i;

	for (i = 0; i < n; i++) {
		if (names[i]->d_name[0] == '.' || i < n - HANDOUTS_MAX)
			unlinkat(dir, names[i]->d_name, 0);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return n < 0 ? -errno : 0;
}

static int open_directory(const struct agent *a)
{
	_cleanup_free_ char *path = text_printf("%s/%s", a->world->cfg->state_dir, HANDOUT_DIR);
	int fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;

	return fd >= 0 ? fd : path ? -errno : -ENOMEM;
}

int agent_handout_prepare(const struct config *cfg)
{
	_cleanup_free_ char *path = text_printf("%s/%s", cfg->state_dir, HANDOUT_DIR);

	return path ? privilege_prepare_dir(path, cfg->user) : -ENOMEM;
}

void agent_hand_out(struct agent *a, const struct log_field *fields)
{
	_cleanup_free_ char *text = handout_write(fields), *name = NULL;
	int dir = open_directory(a), r;

	name = text_printf("%016llx-%03u", (unsigned long long)time_now(), a->handouts++ % 1000);
	r = dir < 0 ? dir : text && name ? write_new(dir, name, text) : -ENOMEM;
	if (r >= 0)
		r = keep_last(dir);
	if (r < 0 && log_limit_pass(&a->handout_limit))
		log_warning("%s/%s: the facts of an alert cannot be written there: %s. sipwarden-fraud@.service is not "
			    "started for it; the alert is in the journal",
			    a->world->cfg->state_dir, HANDOUT_DIR, strerror(-r));
	if (dir >= 0)
		close(dir);
}
