/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void queue_init(struct queue *q)
{
	*q = (struct queue){ .end = &q->first };
}

void queue_clear(struct queue *q)
{
	struct queue_item *item, *next;

	for (item = q->first; item; item = next) {
		next = item->next;
		free(item);
	}
	queue_init(q);
}

int queue_add(struct queue *q, unsigned statement, const struct queue_value *values, unsigned n)
{
	size_t bytes = sizeof(struct queue_item);
	struct queue_item *item;
	char *to;
	unsigned i;

	for (i = 0; i < n; i++)
		bytes += values[i].len;
	if (q->bytes + bytes > QUEUE_BYTES_MAX)
		return -ENOBUFS;
	item = malloc(bytes);
	if (!item)
		return -ENOMEM;
	*item = (struct queue_item){ .statement = statement, .n = n, .bytes = bytes };
	to = item->data;
	for (i = 0; i < n; i++) {
		item->values[i] = values[i];
		if (values[i].len)
			memcpy(to, values[i].data, values[i].len);
		item->values[i].data = to;
		to += values[i].len;
	}
	*q->end = item;
	q->end = &item->next;
	q->bytes += bytes;
	if (!q->next)
		q->next = item;
	return 0;
}

void queue_rewind(struct queue *q)
{
	q->next = q->first;
}

void queue_drop_next(struct queue *q)
{
	struct queue_item *item = q->next, **link = &q->first;

	while (*link != item)
		link = &(*link)->next;
	*link = item->next;
	if (!item->next)
		q->end = link;
	q->next = item->next;
	q->bytes -= item->bytes;
	free(item);
}
