/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "calls/geo.h"

#include <ctype.h>
#include <errno.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct geo {
	MMDB_s db;
};

int geo_open(const char *path, struct geo **ret)
{
	struct geo *g = calloc(1, sizeof(*g));
	int r;

	if (!g)
		return -ENOMEM;
	errno = 0;
	r = MMDB_open(path, MMDB_MODE_MMAP, &g->db);
	if (r != MMDB_SUCCESS) {
		free(g);
		if (r == MMDB_OUT_OF_MEMORY_ERROR)
			return -ENOMEM;
		return (r == MMDB_FILE_OPEN_ERROR || r == MMDB_IO_ERROR) && errno ? -errno : -EBADMSG;
	}
	*ret = g;
	return 0;
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
	static const char *const path[] = { "country", "iso_code", NULL };
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	const struct sockaddr *sa = addr->family == AF_INET ? (void *)&v4 : (void *)&v6;
	MMDB_lookup_result_s found;
	MMDB_entry_data_s data;
	int r;

	memcpy(&v4.sin_addr, addr->bytes, sizeof(v4.sin_addr));
	memcpy(&v6.sin6_addr, addr->bytes, sizeof(v6.sin6_addr));
	found = MMDB_lookup_sockaddr(&g->db, sa, &r);
	if (r != MMDB_SUCCESS || !found.found_entry || MMDB_aget_value(&found.entry, &data, path) != MMDB_SUCCESS ||
	    !data.has_data || data.type != MMDB_DATA_TYPE_UTF8_STRING || data.data_size != 2 ||
	    !isupper((unsigned char)data.utf8_string[0]) || !isupper((unsigned char)data.utf8_string[1]))
		return false;
	memcpy(country, data.utf8_string, 2);
	country[2] = '\0';
	return true;
}
