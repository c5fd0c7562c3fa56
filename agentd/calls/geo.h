/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CALLS_GEO_H
#define SIPWARDEN_CALLS_GEO_H

#include <stdbool.h>

#include "base/addr.h"

/* Where addresses are, by a database in MaxMind's format (libmaxminddb), as GeoLite2 Country. */
struct geo;

#define GEO_COUNTRY_SIZE 3
/* It is held in memory, twice during a reload. GeoLite2 Country has 10 MB. */
#define GEO_SIZE_MAX (64 * 1024 * 1024)

/*
 * Reads it into memory: whatever happens to the file then, it stays as it was.
 * Returns 0; -ENOENT and so on; -EBADMSG: damaged, or no such database; -ENODATA:
 * empty; -ENOMSG: of something else than countries; -EFBIG; -EMEDIUMTYPE: no file.
 */
int geo_open(const char *path, struct geo **ret);
/* For people. Static. */
const char *geo_strerror(int r);
struct geo *geo_close(struct geo *g);
/* ISO 3166, "DE". False: the database does not know. */
bool geo_country(const struct geo *g, const struct addr *addr, char country[static GEO_COUNTRY_SIZE]);

#endif
