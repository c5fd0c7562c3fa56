/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/restores.h"

#include <errno.h>
#include <stdlib.h>

int restores_add(struct restores *r, const struct addr *addr)
{
	if (r->tail == r->size) {
		size_t size = r->size ? r->size * 2 : 64;
		struct addr *items = reallocarray(r->items, size, sizeof(*items));

		if (!items)
			return -ENOMEM;
		r->items = items;
		r->size = size;
	}
	r->items[r->tail++] = *addr;
	return 0;
}

const struct addr *restores_take(struct restores *r)
{
	return &r->items[r->head++];
}

void restores_put_back(struct restores *r, const struct addr *addr)
{
	/* Those that stood no longer have left room in front. */
	if (r->head > 0)
		r->items[--r->head] = *addr;
}

size_t restores_count(const struct restores *r)
{
	return r->tail - r->head;
}

void restores_done(struct restores *r)
{
	free(r->items);
	*r = (struct restores){ 0 };
}
