/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit_sockets.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

/* States of include/net/tcp_states.h; UDP that is not connected is in "close". */
#define STATE_LISTEN 10
#define STATE_CLOSE 7
/* Open files that are looked at for the names of processes. */
#define FILES_MAX 500000

/* The kernel writes 32-bit words of the address as numbers of this host. */
static bool parse_address(const char *hex, struct socket_at *s)
{
	size_t i, words = strlen(hex) / 8;
	char word[9] = "";

	if (words != 1 && words != 4)
		return false;
	s->address = 0;
	for (i = 0; i < words; i++) {
		memcpy(word, hex + 8 * i, 8);
		s->address = s->address << 32 | ntohl((uint32_t)strtoul(word, NULL, 16));
	}
	s->family = words == 1 ? AF_INET : AF_INET6;
	s->any = s->address == 0;
	/* ::ffff:192.0.2.1 */
	if (words == 4 && s->address >> 32 == 0xffff) {
		s->family = AF_INET;
		s->address &= 0xffffffff;
		s->any = s->address == 0;
	}
	return true;
}

int sockets_add(struct sockets *all, const struct socket_at *one)
{
	struct socket_at *longer;
	size_t i;

	for (i = 0; i < all->n; i++) {
		const struct socket_at *s = &all->s[i];

		if (s->protocol == one->protocol && s->family == one->family && s->address == one->address &&
		    s->port == one->port && s->last_port == one->last_port)
			return 0;
	}
	if (all->n == SOCKETS_MAX) {
		all->full = true;
		return 0;
	}
	longer = reallocarray(all->s, all->n + 1, sizeof(*longer));
	if (!longer)
		return -ENOMEM;
	all->s = longer;
	longer[all->n++] = *one;
	return 0;
}

/* A line of proc_net(5): number, both addresses, state, queues, timers, counts, owner, timeout, inode. */
static bool parse_line(const char *line, int protocol, struct socket_at *s)
{
	char local[64], port[8], remote_port[8], state[8], inode[32];

	if (sscanf(line,
		   " %*[0-9]: %63[0-9A-F]:%7[0-9A-F] %*[0-9A-F]:%7[0-9A-F] %7s %*s %*s %*s %*s %*s %31s",
		   local, port, remote_port, state, inode) != 5)
		return false;
	if (strtoul(state, NULL, 16) != (protocol == IPPROTO_TCP ? STATE_LISTEN : STATE_CLOSE) ||
	    strtoul(remote_port, NULL, 16) != 0)
		return false;
	*s = (struct socket_at){.protocol = protocol, .inode = strtoul(inode, NULL, 10)};
	s->port = s->last_port = (uint16_t)strtoul(port, NULL, 16);
	return parse_address(local, s);
}

static int read_table(struct sockets *all, const char *path, int protocol)
{
	FILE *f = fopen(path, "re");
	struct socket_at s;
	char line[512];
	int r = 0;

	if (!f)
		return errno == ENOENT ? 0 : -errno;
	while (r == 0 && fgets(line, sizeof(line), f))
		if (parse_line(line, protocol, &s))
			r = sockets_add(all, &s);
	fclose(f);
	return r;
}

/* Names */

static void name_socket(struct sockets *all, unsigned long inode, const char *process)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		if (all->s[i].inode == inode && !*all->s[i].process)
			snprintf(all->s[i].process, sizeof(all->s[i].process), "%s", process);
}

static void read_name(int proc, const char *pid, char *ret, size_t size)
{
	char path[300];
	ssize_t n;
	int fd;

	*ret = '\0';
	snprintf(path, sizeof(path), "%.200s/comm", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, ret, size - 1);
	if (fd >= 0)
		close(fd);
	ret[n > 0 ? (size_t)n : 0] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
}

/* Looks at the open files of one process; returns how many. */
static size_t name_sockets_of(struct sockets *all, int proc, const char *pid)
{
	char path[300], link[64], name[32];
	static const char socket[] = "socket:[";
	struct dirent *e;
	size_t n = 0;
	DIR *d;
	int fd;

	snprintf(path, sizeof(path), "%.200s/fd", pid);
	fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		if (fd >= 0)
			close(fd);
		return 1;
	}
	read_name(proc, pid, name, sizeof(name));
	while ((e = readdir(d))) {
		ssize_t len = readlinkat(fd, e->d_name, link, sizeof(link) - 1);

		n++;
		link[len > 0 ? len : 0] = '\0';
		if (strncmp(link, socket, strlen(socket)) == 0)
			name_socket(all, strtoul(link + strlen(socket), NULL, 10), name);
	}
	closedir(d);
	return n;
}

static void name_all(struct sockets *all)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	size_t n = 0;

	while (proc && n < FILES_MAX && (e = readdir(proc)))
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9')
			n += name_sockets_of(all, dirfd(proc), e->d_name);
	if (proc)
		closedir(proc);
}

static int by_port(const void *one, const void *two)
{
	const struct socket_at *a = one, *b = two;

	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	if (a->protocol != b->protocol)
		return a->protocol < b->protocol ? -1 : 1;
	return a->address < b->address ? -1 : a->address > b->address;
}

int sockets_read(struct sockets *ret)
{
	static const struct {
		const char *path;
		int protocol;
	} tables[] = {{"/proc/net/tcp", IPPROTO_TCP},
		      {"/proc/net/tcp6", IPPROTO_TCP},
		      {"/proc/net/udp", IPPROTO_UDP},
		      {"/proc/net/udp6", IPPROTO_UDP}};
	size_t i;
	int r = 0;

	*ret = (struct sockets){.n = 0};
	for (i = 0; r == 0 && i < sizeof(tables) / sizeof(tables[0]); i++)
		r = read_table(ret, tables[i].path, tables[i].protocol);
	if (r == 0)
		name_all(ret);
	if (ret->n > 1)
		qsort(ret->s, ret->n, sizeof(*ret->s), by_port);
	return r;
}

void sockets_done(struct sockets *s)
{
	free(s->s);
	*s = (struct sockets){.n = 0};
}
