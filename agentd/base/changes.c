/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/changes.h"

#include <stdlib.h>
#include <string.h>

void changes_start(struct changes *c, size_t width, size_t max)
{
	c->width = width;
	c->max = max;
}

void changes_done(struct changes *c)
{
	free(c->keys);
	*c = (struct changes){ 0 };
}

static bool make_room(struct changes *c)
{
	size_t size = c->size ? c->size * 2 : 64;
	char *keys;

	if (c->count < c->size)
		return true;
	if (c->count >= c->max)
		return false;
	keys = reallocarray(c->keys, size, c->width);
	if (!keys)
		return false;
	c->keys = keys;
	c->size = size;
	return true;
}

void changes_note(struct changes *c, const void *key)
{
	if (c->width == 0 || c->many)
		return;
	if (!make_room(c)) {
		c->many = true;
		return;
	}
	memcpy(c->keys + c->count++ * c->width, key, c->width);
}

const void *changes_at(const struct changes *c, size_t i)
{
	return c->keys + i * c->width;
}

void changes_clear(struct changes *c)
{
	/* After a flood, its memory is given back. */
	if (c->size > 4096) {
		free(c->keys);
		c->keys = NULL;
		c->size = 0;
	}
	c->count = 0;
	c->many = false;
}
