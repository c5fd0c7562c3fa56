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
/*
 * Units of one run. The agent leaves a tenth of it (agentd/handout.c), so what is beyond is
 * of somebody who took it over, and he shall not have systemd start thousands of them.
 */
#define DISPATCH_MAX 1000
/* Files that one run takes away; systemd starts us again while there are more. */
#define TAKEN_MAX 100000

/* What a run did, told at its end: in the directory may be a hundred thousand of each. */
struct dispatched {
	unsigned started, refused, beyond, aside, stuck;
	int error;   /* of the last one that is stuck */
	bool failed; /* a unit was not started */
};

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

/*
 * From the directory, or to a name in it that DirectoryNotEmpty= does not see
 * (systemd.path(5)): whatever stays would have systemd start us for ever.
 */
static int take_away(int from, const char *name, struct dispatched *d)
{
	_cleanup_free_ char *aside = NULL;

	if (unlinkat(from, name, 0) == 0 || unlinkat(from, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	aside = text_printf(".refused-%016llx-%u", (unsigned long long)time_now(), d->aside);
	if (!aside)
		return -ENOMEM;
	if (renameat(from, name, from, aside) < 0)
		return -errno;
	d->aside++;
	return 0;
}

static int hand_over(int to, const char *name, const char *text)
{
	int r = write_facts(to, name, text);

	if (r >= 0)
		r = start_unit(name);
	if (r < 0)
		unlinkat(to, name, 0);
	return r;
}

static void dispatch_one(int from, int to, const char *name, struct dispatched *d)
{
	const bool beyond = d->started >= DISPATCH_MAX;
	_cleanup_free_ char *text = !beyond && handout_good_name(name) ? read_handout(from, name) : NULL;
	/* Gone before it is acted on: nothing is done twice, and nothing bad waits for ever. */
	int r = take_away(from, name, d);

	if (r < 0) {
		d->stuck++;
		d->error = r;
		return;
	}
	if (!text) {
		d->beyond += beyond;
		d->refused += !beyond;
		return;
	}
	d->started++;
	r = hand_over(to, name, text);
	if (r >= 0)
		return;
	d->failed = true;
	fprintf(stderr, "sipwarden: sipwarden-fraud@%s.service was not started: %s\n", name, strerror(-r));
}

static void tell_dispatched(const char *path, const struct dispatched *d)
{
	if (d->refused)
		fprintf(stderr, "sipwarden: %s: %u files are not of the agent, and were taken away\n", path, d->refused);
	if (d->aside)
		fprintf(stderr, "sipwarden: %s: %u of them cannot be removed, and were renamed to .refused-*: look what they are\n",
			path, d->aside);
	if (d->beyond)
		fprintf(stderr, "sipwarden: %s: there were more files than the agent ever leaves: nothing was started for %u of them\n",
			path, d->beyond);
	if (d->stuck)
		fprintf(stderr, "sipwarden: %s: %u files can neither be removed nor renamed: %s. Nothing was started for them; "
				"remove them\n",
			path, d->stuck, strerror(-d->error));
}

static int dispatch_all(const char *path, DIR *from, int to)
{
	struct dispatched done = { 0 };
	const struct dirent *entry;
	unsigned n = 0;

	while (n < TAKEN_MAX && (entry = readdir(from))) {
		/* The agent writes a file under such a name first. */
		if (entry->d_name[0] == '.')
			continue;
		n++;
		dispatch_one(dirfd(from), to, entry->d_name, &done);
	}
	tell_dispatched(path, &done);
	return done.failed || done.stuck ? CTL_FAILED : CTL_OK;
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
		status = dispatch_all(path, from, to);
	else
		fprintf(stderr, "sipwarden: " RUNTIME_DIR ": %s; sipwarden-fraud.service makes it\n", strerror(errno));
	if (to >= 0)
		close(to);
	closedir(from);
	return status;
}
