/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/asked.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct question {
	struct addr addr;
	firewall_witness_fn fn;
	void *userdata;
};

static int make_room(struct asked *a)
{
	const size_t waiting = a->tail - a->head, size = a->size ? a->size * 2 : 64;
	struct question *items;

	if (waiting >= FIREWALL_ASKED_MAX)
		return -ENOBUFS;
	if (a->head > a->size / 2) {
		memmove(a->items, a->items + a->head, waiting * sizeof(*a->items));
		a->head = 0;
		a->tail = waiting;
	}
	if (a->tail < a->size)
		return 0;
	items = reallocarray(a->items, size, sizeof(*items));
	if (!items)
		return -ENOMEM;
	a->items = items;
	a->size = size;
	return 0;
}

int asked_add(struct asked *a, const struct addr *addr, firewall_witness_fn fn, void *userdata, uint64_t *number)
{
	int r = make_room(a);

	if (r < 0)
		return r;
	*number = a->first + (a->tail - a->head);
	a->items[a->tail++] = (struct question){ *addr, fn, userdata };
	return 0;
}

void asked_take_back(struct asked *a)
{
	a->tail--;
}

/* PROTO_SEEN says what the errors are. */
static enum witness meaning(int error)
{
	switch (error) {
	case 0:
		return WITNESS_SEEN;
	case -EISCONN:
		return WITNESS_CALLED;
	case -ENOENT:
		return WITNESS_UNSEEN;
	default:
		return WITNESS_SILENT;
	}
}

/* fn may ask again. */
static void end_first(struct asked *a, enum witness w)
{
	const struct question q = a->items[a->head++];

	a->first++;
	if (a->head == a->tail)
		a->head = a->tail = 0;
	q.fn(q.userdata, &q.addr, w);
}

void asked_answer(struct asked *a, uint64_t number, int error)
{
	if (a->head < a->tail && a->first == number)
		end_first(a, meaning(error));
}

void asked_silence(struct asked *a)
{
	size_t n = a->tail - a->head;

	while (n-- > 0)
		end_first(a, WITNESS_SILENT);
}

void asked_done(struct asked *a)
{
	free(a->items);
	*a = (struct asked){ 0 };
}
