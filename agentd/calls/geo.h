/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CALLS_GEO_H
#define SIPWARDEN_CALLS_GEO_H

#include <stdbool.h>

#include "base/addr.h"

/* Where addresses are, by a database in MaxMind's format (libmaxminddb), as GeoLite2 Country. */
struct geo;

#define GEO_COUNTRY_SIZE 3

/* Returns 0, -ENOENT and so on, or -EBADMSG: it is no such database. */
int geo_open(const char *path, struct geo **ret);
struct geo *geo_close(struct geo *g);
/* ISO 3166, "DE". False: the database does not know. */
bool geo_country(const struct geo *g, const struct addr *addr, char country[static GEO_COUNTRY_SIZE]);

#endif
