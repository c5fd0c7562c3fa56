/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dispatch: from the agent's files about frauds to the admin's unit. The agent may start
 * nothing, and reads what strangers write; this runs as root and reads only files of
 * a form that it checks (base/handout.h). No shell is between it and systemd.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/handout.h"
#include "base/text.h"
#include "config/config.h"
#include "ctl.h"
#include "usage.h"

#define SYSTEMCTL "/usr/bin/systemctl"
/* Where systemd gives the unit its environment from; RuntimeDirectory of sipwarden-fraud.service. */
#define RUNTIME_DIR "/run/sipwarden-frauds"
/* At a time: systemd starts us again while there are more. */
#define DISPATCH_MAX 100

static int start_unit(const char *name)
{
	static char *const environment[] = { (char *)"PATH=/usr/bin:/bin", NULL };
	_cleanup_free_ char *unit = text_printf("sipwarden-fraud@%s.service", name);
	char *arguments[] = { (char *)SYSTEMCTL, (char *)"start", (char *)"--no-block", (char *)"--", unit, NULL };
	int status, r;
	pid_t pid;

	if (!unit)
		return -ENOMEM;
	r = posix_spawn(&pid, SYSTEMCTL, NULL, NULL, arguments, environment);
	if (r != 0)
		return -r;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

/* The text of a plain file of that form, or NULL. Whoever owns the directory may put anything there. */
static char *read_handout(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	_cleanup_free_ char *text = NULL;
	struct stat st;
	ssize_t n = -1;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= HANDOUT_SIZE_MAX)
		text = calloc(1, HANDOUT_SIZE_MAX + 1);
	if (text)
		n = read(fd, text, HANDOUT_SIZE_MAX);
	close(fd);
	return n > 0 && handout_good_text(text, (size_t)n) ? TAKE_PTR(text) : NULL;
}

static int write_facts(int to, const char *name, const char *text)
{
	int fd = openat(to, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640), r = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		r = -EIO;
	close(fd);
	return r;
}

static int dispatch_one(int from, int to, const char *name)
{
	_cleanup_free_ char *text = handout_good_name(name) ? read_handout(from, name) : NULL;
	int r;

	/* Gone before it is acted on: nothing is done twice, and nothing bad waits for ever. */
	if (unlinkat(from, name, 0) < 0 && unlinkat(from, name, AT_REMOVEDIR) < 0)
		return -errno;
	if (!text) {
		fprintf(stderr, "sipwarden: a file in %s is not of the agent, and was removed\n", HANDOUT_DIR);
		return 0;
	}
	r = write_facts(to, name, text);
	if (r >= 0)
		r = start_unit(name);
	if (r < 0)
		fprintf(stderr, "sipwarden: sipwarden-fraud@%s.service was not started: %s\n", name, strerror(-r));
	return r;
}

static int dispatch_all(DIR *from, int to)
{
	const struct dirent *entry;
	int status = CTL_OK, n = 0;

	while (n < DISPATCH_MAX && (entry = readdir(from))) {
		/* The agent writes a file under such a name first. */
		if (entry->d_name[0] == '.')
			continue;
		n++;
		if (dispatch_one(dirfd(from), to, entry->d_name) < 0)
			status = CTL_FAILED;
	}
	return status;
}

/*
 * The agent's directory, never what a link leads to: files are removed from it as root, and
 * the agent, to whom its parent belongs, could have /etc emptied.
 */
static DIR *open_handouts(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !dir)
		close(fd);
	return dir;
}

int cmd_dispatch(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_free_ char *path = NULL;
	struct config *cfg = NULL;
	DIR *from;
	int to, status = CTL_FAILED;

	if (argc > 1)
		return usage_error(argv[0], "takes no argument", argv[1]);
	if (config_salvage(ctl->config_path, &cfg) < 0 && !cfg)
		return CTL_FAILED;
	path = text_printf("%s/%s", cfg->state_dir, HANDOUT_DIR);
	config_free(cfg);
	from = path ? open_handouts(path) : NULL;
	if (!from) {
		fprintf(stderr, "sipwarden: %s: %s\n", path ? path : HANDOUT_DIR, strerror(errno));
		return CTL_FAILED;
	}
	to = open(RUNTIME_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (to >= 0)
		status = dispatch_all(from, to);
	else
		fprintf(stderr, "sipwarden: " RUNTIME_DIR ": %s; sipwarden-fraud.service makes it\n", strerror(errno));
	if (to >= 0)
		close(to);
	closedir(from);
	return status;
}
