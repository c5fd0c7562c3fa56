/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/privilege.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

#define GROUPS_MAX 64

/* Members of these may read system logs (Debian Policy, systemd-journald(8)). */
static const char *const log_groups[] = { "adm", "systemd-journal" };

static int find_user(const char *user, uid_t *uid, gid_t *gid)
{
	const struct passwd *pw = getpwnam(user);

	if (!pw) {
		log_error("There is no user '%s' to run as. Create it (systemd-sysusers), or set 'user' in the "
			  "[sipwarden] section of the config",
			  user);
		return -ESRCH;
	}
	*uid = pw->pw_uid;
	*gid = pw->pw_gid;
	return 0;
}

static int take_groups(const char *user, gid_t gid)
{
	gid_t groups[GROUPS_MAX + ELEMENTSOF(log_groups)];
	int n = GROUPS_MAX;
	size_t i;

	if (getgrouplist(user, gid, groups, &n) < 0)
		n = GROUPS_MAX;
	for (i = 0; i < ELEMENTSOF(log_groups); i++) {
		const struct group *g = getgrnam(log_groups[i]);

		if (g)
			groups[n++] = g->gr_gid;
	}
	return setgroups((size_t)n, groups) < 0 ? -errno : 0;
}

/* Started with a capability or two, but not as root. Under systemd there is none
 * to give up, and capset(2) may be forbidden. */
static int drop_without_root(void)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EPERM && errno != EINVAL)
		return -errno;
	if (capng_get_caps_process() < 0)
		return -EPERM;
	if (capng_have_capabilities(CAPNG_SELECT_CAPS) == CAPNG_NONE)
		return 0;
	capng_clear(CAPNG_SELECT_CAPS);
	return capng_apply(CAPNG_SELECT_CAPS) < 0 ? -EPERM : 0;
}

int privilege_drop(const char *user)
{
	uid_t uid = 0;
	gid_t gid = 0;
	int r;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	if (geteuid() != 0)
		return drop_without_root();
	capng_clear(CAPNG_SELECT_ALL);
	if (!user || strcmp(user, "root") == 0) {
		r = capng_apply(CAPNG_SELECT_ALL);
	} else {
		r = find_user(user, &uid, &gid);
		if (r < 0)
			return r;
		r = take_groups(user, gid);
		if (r < 0)
			return r;
		r = capng_change_id((int)uid, (int)gid, CAPNG_CLEAR_BOUNDING | CAPNG_CLEAR_AMBIENT);
	}
	if (r < 0) {
		log_error("Capabilities could not be given up (libcap-ng error %d)", r);
		return -EPERM;
	}
	return 0;
}

/* Who may write beside it could put a link in its place: what that leads to keeps its owner. */
static int give_dir(const char *path, uid_t uid, gid_t gid)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 || fchown(fd, uid, gid) < 0 ? -errno : 0;
}

int privilege_prepare_dir(const char *path, const char *user)
{
	bool made = mkdir(path, 0755) == 0;
	uid_t uid;
	gid_t gid;
	int r;

	if (!made && errno != EEXIST) {
		r = -errno;
		log_error("%s: the directory cannot be made: %s", path, strerror(-r));
		return r;
	}
	if (geteuid() != 0 || !user || strcmp(user, "root") == 0)
		return 0;
	r = find_user(user, &uid, &gid);
	if (r < 0)
		return r;
	r = made ? give_dir(path, uid, gid) : 0;
	if (r < 0)
		log_error("%s: its owner cannot be set to %s: %s", path, user, strerror(-r));
	return r;
}
