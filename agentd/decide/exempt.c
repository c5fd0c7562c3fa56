/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "decide/exempt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

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

static void drop_unused(struct exempt_set *set, struct exempt_entry *entry)
{
	if (!entry->configured && !entry->added && entry->given == 0)
		entry_drop(set, entry);
}

/* The one of addr, made if there is none; NULL: out of memory. */
static struct exempt_entry *entry_need(struct exempt_set *set, const struct addr *addr)
{
	struct exempt_entry *entry = entry_of(addr_map_find(&set->map, addr));

	if (entry)
		return entry;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	entry->link.addr = *addr;
	addr_map_add(&set->map, &entry->link);
	return entry;
}

int exempt_init(struct exempt_set *set)
{
	set->sources = NULL;
	return addr_map_init(&set->map);
}

static void drop_any(struct addr_map_link *item, void *userdata)
{
	entry_drop(userdata, entry_of(item));
}

static void drop_configured(struct addr_map_link *item, void *userdata)
{
	struct exempt_entry *entry = entry_of(item);

	entry->configured = false;
	drop_unused(userdata, entry);
}

static void source_free(struct exempt_source *source)
{
	free(source->name);
	free(source->addrs);
	free(source);
}

void exempt_done(struct exempt_set *set)
{
	while (set->sources) {
		struct exempt_source *source = set->sources;

		set->sources = source->next;
		source_free(source);
	}
	addr_map_each(&set->map, drop_any, set);
	addr_map_done(&set->map);
}

int exempt_configure(struct exempt_set *set, const struct config *cfg)
{
	size_t i;

	addr_map_each(&set->map, drop_configured, set);
	for (i = 0; i < cfg->n_exempt; i++) {
		struct exempt_entry *entry = entry_need(set, &cfg->exempt[i]);

		if (!entry)
			return -ENOMEM;
		entry->configured = true;
	}
	return 0;
}

int exempt_add(struct exempt_set *set, const struct addr *addr, const char *reason)
{
	_cleanup_free_ char *copy = reason ? strdup(reason) : NULL;
	struct exempt_entry *entry;

	if (reason && !copy)
		return -ENOMEM;
	entry = entry_need(set, addr);
	if (!entry)
		return -ENOMEM;
	if (entry->configured || entry->added)
		return -EEXIST;
	entry->added = true;
	entry->reason = TAKE_PTR(copy);
	return 0;
}

int exempt_remove(struct exempt_set *set, const struct addr *addr)
{
	struct exempt_entry *entry = entry_of(addr_map_find(&set->map, addr));

	if (!entry)
		return -ENOENT;
	if (!entry->added)
		return -EPERM;
	entry->added = false;
	free(TAKE_PTR(entry->reason));
	drop_unused(set, entry);
	return 0;
}

/* Sources by name */

static int compare_addresses(const void *a, const void *b)
{
	return addr_compare(a, b);
}

/* Hosts that could be banned, in order, each once. Returns how many. */
static size_t keep_sane(const struct addr *addrs, size_t n, struct addr *ret)
{
	size_t i, sane = 0, kept = 0;

	for (i = 0; i < n; i++)
		if (addr_is_host(&addrs[i]) && !addr_unbannable(&addrs[i]))
			ret[sane++] = addrs[i];
	qsort(ret, sane, sizeof(*ret), compare_addresses);
	for (i = 0; i < sane; i++)
		if (kept == 0 || !addr_equal(&ret[i], &ret[kept - 1]))
			ret[kept++] = ret[i];
	return kept;
}

static void take_back(struct exempt_set *set, const struct addr *addrs, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct exempt_entry *entry = entry_of(addr_map_find(&set->map, &addrs[i]));

		if (!entry)
			continue;
		entry->given--;
		drop_unused(set, entry);
	}
}

static int give(struct exempt_set *set, const struct addr *addrs, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct exempt_entry *entry = entry_need(set, &addrs[i]);

		if (!entry) {
			take_back(set, addrs, i);
			return -ENOMEM;
		}
		entry->given++;
	}
	return 0;
}

/* The link to the source of that name, or to where a new one goes. */
static struct exempt_source **find_source(struct exempt_set *set, const char *name)
{
	struct exempt_source **link = &set->sources;

	while (*link && strcmp((*link)->name, name) != 0)
		link = &(*link)->next;
	return link;
}

static struct exempt_source *source_new(const char *name)
{
	struct exempt_source *source = calloc(1, sizeof(*source));

	if (!source)
		return NULL;
	source->name = strdup(name);
	if (source->name)
		return source;
	free(source);
	return NULL;
}

int exempt_set_source(struct exempt_set *set, const char *name, const struct addr *addrs, size_t n)
{
	_cleanup_free_ struct addr *sane = calloc(n + 1, sizeof(*sane));
	struct exempt_source **link = find_source(set, name), *source = *link;
	size_t kept = sane ? keep_sane(addrs, n, sane) : 0;
	int r = sane ? give(set, sane, kept) : -ENOMEM;

	if (r < 0)
		return r;
	if (!source && kept > 0) {
		source = *link = source_new(name);
		if (!source) {
			take_back(set, sane, kept);
			return -ENOMEM;
		}
	}
	if (!source)
		return 0;
	take_back(set, source->addrs, source->n);
	free(source->addrs);
	source->addrs = TAKE_PTR(sane);
	source->n = kept;
	if (kept == 0) {
		*link = source->next;
		source_free(source);
	}
	return 0;
}

const struct exempt_entry *exempt_find(const struct exempt_set *set, const struct addr *addr)
{
	return entry_of(addr_map_overlap(&set->map, addr));
}

struct each_call {
	exempt_fn fn;
	void *userdata;
};

static void each_entry(struct addr_map_link *item, void *userdata)
{
	const struct exempt_entry *entry = entry_of(item);
	const struct each_call *call = userdata;

	if (entry->configured)
		call->fn(call->userdata, &item->addr, EXEMPT_CONFIG, NULL);
	if (entry->added)
		call->fn(call->userdata, &item->addr, EXEMPT_ADMIN, entry->reason);
}

void exempt_each(const struct exempt_set *set, exempt_fn fn, void *userdata)
{
	struct each_call call = { fn, userdata };
	const struct exempt_source *source;
	size_t i;

	/* The map is only written through the function given, and this one does not. */
	addr_map_each((struct addr_map *)&set->map, each_entry, &call);
	for (source = set->sources; source; source = source->next)
		for (i = 0; i < source->n; i++)
			fn(userdata, &source->addrs[i], source->name, NULL);
}
