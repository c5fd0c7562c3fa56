/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exemptions that come and go by themselves, DNS names and this host, and what the firewall is told of all of them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent_private.h"
#include "base/text.h"

#define OWN_SOURCE "own"
#define NAME_SOURCE "name:%s" /* also the key of its last good answer in the store */

/* To the firewall */

static void collect(void *userdata, const struct addr *addr, const char *source, const char *reason)
{
	struct addr_array *array = userdata;

	(void)reason;
	/* The helper reads those of the config itself. */
	if (strcmp(source, "config") == 0)
		return;
	if (array->n == array->size) {
		size_t size = array->size ? array->size * 2 : 64;
		struct addr *longer = reallocarray(array->items, size, sizeof(*longer));

		if (!longer) {
			log_error("Out of memory: an exemption is not in the kernel");
			return;
		}
		array->items = longer;
		array->size = size;
	}
	array->items[array->n++] = *addr;
}

static int compare_addresses(const void *a, const void *b)
{
	return addr_compare(a, b);
}

/* In order, each once. */
static void tidy(struct addr_array *array)
{
	size_t i, kept = 0;

	if (array->n > 0)
		qsort(array->items, array->n, sizeof(*array->items), compare_addresses);
	for (i = 0; i < array->n; i++)
		if (kept == 0 || !addr_equal(&array->items[i], &array->items[kept - 1]))
			array->items[kept++] = array->items[i];
	array->n = kept;
}

void agent_exemptions_enforce(struct agent *a, bool again)
{
	struct addr_array wanted = { 0 }, *told = &a->in_kernel;
	size_t i = 0, k = 0;

	/* When the helper is there, it is told all. */
	if (!firewall_is_ready(a->firewall))
		return;
	decider_exempt_each(a->decider, collect, &wanted);
	tidy(&wanted);
	if (again)
		told->n = 0;
	while (i < wanted.n || k < told->n) {
		int order = i == wanted.n ? 1 : k == told->n ? -1 : addr_compare(&wanted.items[i], &told->items[k]);

		if (order < 0)
			firewall_exempt(a->firewall, &wanted.items[i], true);
		else if (order > 0)
			firewall_exempt(a->firewall, &told->items[k], false);
		i += order <= 0;
		k += order >= 0;
	}
	free(told->items);
	*told = wanted;
}

static void set_source(struct agent *a, const char *source, const struct addr *addrs, size_t n)
{
	if (decider_exempt_source(a->decider, source, addrs, n) < 0)
		log_error("Out of memory: the exemptions of %s are those of before", source);
	agent_exemptions_enforce(a, false);
}

/* DNS names */

static char *name_source(const char *name)
{
	return text_printf(NAME_SOURCE, name);
}

static void store_name(struct agent *a, const char *key, const struct addr *addrs, size_t n)
{
	_cleanup_free_ char *text = calloc(n + 1, ADDR_TEXT_MAX + 1);
	char addr[ADDR_TEXT_MAX], *end = text;
	size_t i;

	for (i = 0; text && i < n; i++)
		end += sprintf(end, "%s%s", i ? " " : "", addr_format(&addrs[i], addr));
	if (!text)
		return;
	store_position_put(a->store, key, text);
	agent_commit_soon(a);
}

static void on_name(void *userdata, const char *name, const struct addr *addrs, size_t n)
{
	_cleanup_free_ char *source = name_source(name);
	struct agent *a = userdata;

	if (!source)
		return;
	log_info("Addresses exempt by the name %s: %zu", name, n);
	set_source(a, source, addrs, n);
	store_name(a, source, addrs, n);
}

static size_t on_restore_name(void *userdata, const char *name, struct addr *addrs, size_t max)
{
	const struct agent *a = userdata;
	_cleanup_free_ char *key = name_source(name);
	_cleanup_free_ char *text = key ? store_position_get(a->store, key) : NULL;
	char *save = NULL, *word;
	size_t n = 0;

	for (word = text ? strtok_r(text, " ", &save) : NULL; word && n < max; word = strtok_r(NULL, " ", &save))
		if (addr_parse(word, strlen(word), &addrs[n]) == 0)
			n++;
	return n;
}

static void configure_names(struct agent *a)
{
	const struct resolve_callbacks callbacks = { on_name, on_restore_name, a };
	char *const *names = a->world->cfg->exempt_names;
	int r = 0;

	if (!a->resolver && names)
		r = resolver_start(a->loop, &callbacks, &a->resolver);
	if (r >= 0 && a->resolver)
		r = resolver_configure(a->resolver, names);
	if (r < 0)
		log_error("DNS names cannot be looked up, NOTHING IS EXEMPT BY THEM: %s", strerror(-r));
}

/* This host */

static void on_host(void *userdata, const struct addr *addrs, size_t n)
{
	struct agent *a = userdata;

	set_source(a, OWN_SOURCE, addrs, n);
	if (a->resolver)
		resolver_hurry(a->resolver);
}

static void configure_own(struct agent *a)
{
	const struct host_callbacks callbacks = { on_host, a };
	int r = 0;

	if (!a->world->cfg->exempt_own) {
		a->host = host_stop(a->host);
		set_source(a, OWN_SOURCE, NULL, 0);
	} else if (!a->host) {
		r = host_start(a->loop, &callbacks, &a->host);
	}
	if (r < 0)
		log_error("This host's own addresses cannot be read, AND ARE NOT EXEMPT: %s", strerror(-r));
}

void agent_exemptions_configure(struct agent *a)
{
	configure_own(a);
	configure_names(a);
}

void agent_exemptions_stop(struct agent *a)
{
	a->resolver = resolver_stop(a->resolver);
	a->host = host_stop(a->host);
	free(TAKE_PTR(a->in_kernel.items));
}
