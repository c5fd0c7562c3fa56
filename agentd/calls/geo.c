/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "calls/geo.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mapped.h"

/* So much of the tree is looked at when it is opened: some milliseconds. */
#define NODES_LOOKED_AT 65536
#define DEPTH_MAX 128
#define FD_PATH_SIZE 32

struct geo {
	MMDB_s db;
};

const char *geo_strerror(int r)
{
	switch (r) {
	case -EBADMSG:
		return "it is damaged, cut short, or no such database";
	case -ENODATA:
		return "it is empty";
	case -ENOMSG:
		return "it tells no countries";
	case -EFBIG:
		return "it is larger than 64 MB";
	case -EMEDIUMTYPE:
		return "it is not a regular file";
	default:
		return strerror(-r);
	}
}

/* Opened so that a FIFO does not wait for a writer. Returns a descriptor, or why it is none to be mapped. */
static int open_file(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EMEDIUMTYPE;
	if (st.st_size == 0)
		return -ENODATA;
	return st.st_size > GEO_SIZE_MAX ? -EFBIG : TAKE_FD(fd);
}

/* Puts a copy in memory, which nobody can cut, where the file was mapped. */
static int keep_copy(MMDB_s *db)
{
	const size_t size = (size_t)db->file_size;
	void *at = (void *)(uintptr_t)db->file_content, *copy;

	/* It grew since it was looked at. */
	if (size > GEO_SIZE_MAX)
		return -EFBIG;
	copy = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (copy == MAP_FAILED)
		return -errno;
	memcpy(copy, at, size);
	if (mremap(copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, at) == MAP_FAILED) {
		const int r = -errno;

		munmap(copy, size);
		return r;
	}
	return 0;
}

static int take_country(int found, const MMDB_entry_data_s *data, char country[static GEO_COUNTRY_SIZE])
{
	if (found == MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR)
		return 0;
	if (found != MMDB_SUCCESS)
		return -EBADMSG;
	if (!data->has_data || data->type != MMDB_DATA_TYPE_UTF8_STRING || data->data_size != 2 ||
	    !isupper((unsigned char)data->utf8_string[0]) || !isupper((unsigned char)data->utf8_string[1]))
		return 0;
	memcpy(country, data->utf8_string, 2);
	country[2] = '\0';
	return 1;
}

/* 1, 0: it has none; -EBADMSG. */
static int read_country(MMDB_entry_s *entry, char country[static GEO_COUNTRY_SIZE])
{
	static const char *const path[] = { "country", "iso_code", NULL };
	MMDB_entry_data_s data = { 0 };

	return take_country(MMDB_aget_value(entry, &data, path), &data, country);
}

struct place_in_tree {
	uint64_t node;
	unsigned depth;
};

/* One of the two ways on from a node. Returns as read_country(). */
static int look_at(const MMDB_s *db, uint8_t type, struct place_in_tree next, MMDB_entry_s *entry, struct place_in_tree *stack,
		   size_t *n)
{
	char country[GEO_COUNTRY_SIZE];

	switch (type) {
	case MMDB_RECORD_TYPE_SEARCH_NODE:
		/* An address has no more bits: a damaged tree may lead in a circle. */
		if (next.depth >= (db->metadata.ip_version == 6 ? DEPTH_MAX : 32))
			return -EBADMSG;
		stack[(*n)++] = next;
		return 0;
	case MMDB_RECORD_TYPE_DATA:
		return read_country(entry, country);
	case MMDB_RECORD_TYPE_EMPTY:
		return 0;
	default:
		return -EBADMSG;
	}
}

/* Does it make sense, and tell countries? Depth first, so that the stack holds one node for each bit, and one more. */
static int look_through(const MMDB_s *db)
{
	struct place_in_tree stack[DEPTH_MAX + 2] = { { 0, 0 } };
	bool known = false;
	size_t n = 1;
	unsigned left = NODES_LOOKED_AT;

	while (n > 0 && left-- > 0) {
		const struct place_in_tree at = stack[--n];
		MMDB_search_node_s node;
		int right, r;

		if (MMDB_read_node(db, (uint32_t)at.node, &node) != MMDB_SUCCESS)
			return -EBADMSG;
		right = look_at(db, node.right_record_type, (struct place_in_tree){ node.right_record, at.depth + 1 },
				&node.right_record_entry, stack, &n);
		r = look_at(db, node.left_record_type, (struct place_in_tree){ node.left_record, at.depth + 1 },
			    &node.left_record_entry, stack, &n);
		if (right < 0 || r < 0)
			return -EBADMSG;
		known |= right > 0 || r > 0;
	}
	return known ? 0 : -ENOMSG;
}

/* path was found to be a file; this is the same one, whatever has that name now. */
static int map(int fd, MMDB_s *db)
{
	char path[FD_PATH_SIZE];
	int r;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	errno = 0;
	r = MMDB_open(path, MMDB_MODE_MMAP, db);
	if (r == MMDB_OUT_OF_MEMORY_ERROR)
		return -ENOMEM;
	if (r != MMDB_SUCCESS)
		return (r == MMDB_FILE_OPEN_ERROR || r == MMDB_IO_ERROR) && errno ? -errno : -EBADMSG;
	r = keep_copy(db);
	if (r < 0)
		MMDB_close(db);
	return r;
}

int geo_open(const char *path, struct geo **ret)
{
	_cleanup_close_ int fd = open_file(path);
	struct geo *g;
	int r;

	if (fd < 0)
		return fd;
	g = calloc(1, sizeof(*g));
	if (!g)
		return -ENOMEM;
	mapped_init();
	mapped_begin();
	r = map(fd, &g->db);
	mapped_end();
	if (r < 0) {
		free(g);
		return r;
	}
	r = look_through(&g->db);
	if (r < 0)
		geo_close(g);
	else
		*ret = g;
	return r;
}

struct geo *geo_close(struct geo *g)
{
	if (g)
		MMDB_close(&g->db);
	free(g);
	return NULL;
}

bool geo_country(const struct geo *g, const struct addr *addr, char country[static GEO_COUNTRY_SIZE])
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	const struct sockaddr *sa = addr->family == AF_INET ? (void *)&v4 : (void *)&v6;
	MMDB_lookup_result_s found;
	int r;

	memcpy(&v4.sin_addr, addr->bytes, sizeof(v4.sin_addr));
	memcpy(&v6.sin6_addr, addr->bytes, sizeof(v6.sin6_addr));
	found = MMDB_lookup_sockaddr(&g->db, sa, &r);
	return r == MMDB_SUCCESS && found.found_entry && read_country(&found.entry, country) > 0;
}
