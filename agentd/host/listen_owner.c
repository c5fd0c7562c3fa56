/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "host/listen_private.h"

/* system.slice/system-kamailio.slice/kamailio@edge.service, and one below a container's. */
#define DEPTH_MAX 5
#define DIRS_MAX 4096 /* of a host with a thousand containers */

const struct gateway gateways[GATEWAYS_MAX] = {
	{ "asterisk", true },  { "freeswitch", true }, { "kamailio", false }, { "opensips", false },
	{ "yate", true },      { "drachtio", false },  { "flexisip", false }, { "sems", true },
};

/* Where the second version of control groups is mounted, alone or beside the first. */
static const char *const roots[] = { "/sys/fs/cgroup/unified", "/sys/fs/cgroup" };

void owners_find_users(struct owners *o)
{
	size_t i;

	for (i = 0; i < GATEWAYS_MAX && gateways[i].name; i++) {
		const struct passwd *p = getpwnam(gateways[i].name);

		o->has_user[i] = p && p->pw_uid != 0;
		o->users[i] = p ? p->pw_uid : 0;
	}
}

/* "kamailio.service", "kamailio@edge.service", "drachtio-server.service"; not "kamailio-exporter.service". 0: none. */
static uint8_t gateway_of_unit(const char *unit)
{
	size_t i;

	for (i = 0; i < GATEWAYS_MAX && gateways[i].name; i++) {
		size_t n = strlen(gateways[i].name);

		if (strncmp(unit, gateways[i].name, n) != 0)
			continue;
		if (strncmp(unit + n, "-server.", 8) == 0 || unit[n] == '.' || unit[n] == '@')
			return (uint8_t)(i + 1);
	}
	return 0;
}

struct walk {
	struct owners *owners;
	size_t dirs;
};

static void walk(struct walk *w, const char *path, uint8_t gateway, unsigned depth);

static void walk_into(struct walk *w, const char *path, const struct dirent *e, uint8_t gateway, unsigned depth)
{
	struct owners *o = w->owners;
	_cleanup_free_ char *below = text_printf("%s/%s", path, e->d_name);

	/* What is below a gateway's is the gateway's. */
	if (!gateway)
		gateway = gateway_of_unit(e->d_name);
	if (gateway && o->n_units < OWNER_UNITS_MAX) {
		o->units[o->n_units].id = e->d_ino;
		o->units[o->n_units++].gateway = gateway;
	}
	if (below && depth < DEPTH_MAX)
		walk(w, below, gateway, depth + 1);
}

/* The number of a directory is the id of the control group (kernfs), so nothing need be opened for it. */
static void walk(struct walk *w, const char *path, uint8_t gateway, unsigned depth)
{
	DIR *dir = opendir(path);
	const struct dirent *e;

	while (dir && w->dirs < DIRS_MAX && (e = readdir(dir))) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		w->dirs++;
		walk_into(w, path, e, gateway, depth);
	}
	if (dir)
		closedir(dir);
}

void owners_find_units(struct owners *o)
{
	size_t i;

	o->n_units = 0;
	for (i = 0; i < ELEMENTSOF(roots); i++) {
		_cleanup_free_ char *mark = text_printf("%s/cgroup.controllers", roots[i]);
		_cleanup_fclose_ FILE *there = mark ? fopen(mark, "re") : NULL;
		struct walk w = { o, 0 };

		if (there) {
			walk(&w, roots[i], 0, 0);
			return;
		}
	}
}

struct owner owners_look_up(const struct owners *o, uid_t user, uint64_t cgroup)
{
	size_t i;

	for (i = 0; cgroup && i < o->n_units; i++)
		if (o->units[i].id == cgroup)
			return (struct owner){ .gateway = o->units[i].gateway, .how = LISTEN_BY_UNIT, .open = true };
	for (i = 0; i < GATEWAYS_MAX; i++)
		if (o->has_user[i] && o->users[i] == user)
			return (struct owner){ .gateway = (uint8_t)(i + 1), .how = LISTEN_BY_USER, .open = true };
	return (struct owner){ .gateway = 0, .how = LISTEN_BY_NUMBER, .open = true };
}
