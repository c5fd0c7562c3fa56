/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "decide/exempt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct exempt_entry *entry_of(struct addr_map_link *item)
{
	return item ? container_of(item, struct exempt_entry, link) : NULL;
}

static void entry_drop(struct exempt_set *set, struct exempt_entry *entry)
{
	addr_map_remove(&set->map, &entry->link);
	free(entry->reason);
	free(entry);
}

int exempt_init(struct exempt_set *set)
{
	return addr_map_init(&set->map);
}

static void drop_any(struct addr_map_link *item, void *userdata)
{
	entry_drop(userdata, entry_of(item));
}

static void drop_configured(struct addr_map_link *item, void *userdata)
{
	if (entry_of(item)->configured)
		entry_drop(userdata, entry_of(item));
}

void exempt_done(struct exempt_set *set)
{
	addr_map_each(&set->map, drop_any, set);
	addr_map_done(&set->map);
}

int exempt_configure(struct exempt_set *set, const struct config *cfg)
{
	size_t i;
	int r;

	addr_map_each(&set->map, drop_configured, set);
	for (i = 0; i < cfg->n_exempt; i++) {
		r = exempt_add(set, &cfg->exempt[i], NULL, true);
		if (r < 0)
			return r;
	}
	return 0;
}

int exempt_add(struct exempt_set *set, const struct addr *addr, const char *reason, bool configured)
{
	struct exempt_entry *entry = entry_of(addr_map_find(&set->map, addr));

	if (entry && configured) {
		entry->configured = true;
		return 0;
	}
	if (entry)
		return -EEXIST;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	if (reason) {
		entry->reason = strdup(reason);
		if (!entry->reason) {
			free(entry);
			return -ENOMEM;
		}
	}
	entry->link.addr = *addr;
	entry->configured = configured;
	addr_map_add(&set->map, &entry->link);
	return 0;
}

int exempt_remove(struct exempt_set *set, const struct addr *addr)
{
	struct exempt_entry *entry = entry_of(addr_map_find(&set->map, addr));

	if (!entry)
		return -ENOENT;
	if (entry->configured)
		return -EPERM;
	entry_drop(set, entry);
	return 0;
}

const struct exempt_entry *exempt_find(const struct exempt_set *set, const struct addr *addr)
{
	return entry_of(addr_map_overlap(&set->map, addr));
}
