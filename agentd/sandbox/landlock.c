/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Landlock: what files, TCP ports and processes ours may reach. landlock(7). */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "sandbox/private.h"

/* Of include/uapi/linux/landlock.h of Linux 6.12; Debian 12 has that of 6.1. */
#define FS_TRUNCATE (1ULL << 14)
#define FS_IOCTL_DEV (1ULL << 15)
#define NET_BIND_TCP (1ULL << 0)
#define NET_CONNECT_TCP (1ULL << 1)
#define SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define SCOPE_SIGNAL (1ULL << 1)
#define RULE_NET_PORT 2

#define ABI_REFER 2
#define ABI_TRUNCATE 3
#define ABI_NET 4
#define ABI_IOCTL_DEV 5
#define ABI_SCOPE 6

#define DNS_PORT 53

/* An older kernel takes the longer struct as long as what it does not know is 0. */
struct ruleset_attr {
	uint64_t fs, net, scoped;
};

struct net_port_attr {
	uint64_t access, port;
};

#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
/* Regular files only: no devices, sockets, links, directories. */
#define WRITING                                                                                                \
	(READING | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	 FS_TRUNCATE)
/* All that the first version knows: bits 0 to 12. */
#define FS_FIRST ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

/*
 * The file that systemd listens at may be an abstract socket, which the scope
 * would put out of reach.
 */
static bool notifies_abstract(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return path && *path == '@';
}

static struct ruleset_attr everything(int abi)
{
	struct ruleset_attr a = { .fs = FS_FIRST };

	if (abi >= ABI_REFER)
		a.fs |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= ABI_TRUNCATE)
		a.fs |= FS_TRUNCATE;
	if (abi >= ABI_NET)
		a.net = NET_BIND_TCP | NET_CONNECT_TCP;
	if (abi >= ABI_IOCTL_DEV)
		a.fs |= FS_IOCTL_DEV;
	if (abi >= ABI_SCOPE)
		a.scoped = SCOPE_SIGNAL | (notifies_abstract() ? 0 : SCOPE_ABSTRACT_UNIX_SOCKET);
	return a;
}

static int allow_below(int ruleset, const char *dir, uint64_t access)
{
	_cleanup_close_ int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = { .allowed_access = access, .parent_fd = fd };

	if (fd < 0 || syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0) {
		log_warning("%s: it cannot be used until the next restart: %s", dir, strerror(errno));
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : -errno;
	}
	return 0;
}

static int allow_list(int ruleset, const char *const *dirs, uint64_t access)
{
	int r = 0;

	for (; r >= 0 && dirs && *dirs; dirs++)
		r = allow_below(ruleset, *dirs, access);
	return r;
}

static int allow_dns(int ruleset)
{
	const struct net_port_attr rule = { NET_CONNECT_TCP, DNS_PORT };

	return syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0) < 0 ? -errno : 0;
}

int landlock_apply(const struct landlock_rights *rights)
{
	int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION), r;
	struct ruleset_attr all;
	_cleanup_close_ int ruleset = -1;

	if (abi < 0)
		return -errno;
	all = everything(abi);
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	if (ruleset < 0)
		return -errno;
	r = allow_list(ruleset, rights->readable, READING);
	if (r >= 0)
		r = allow_list(ruleset, rights->writable, WRITING & all.fs);
	if (r >= 0 && rights->dns && all.net)
		r = allow_dns(ruleset);
	if (r >= 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		r = -errno;
	return r < 0 ? r : abi;
}
