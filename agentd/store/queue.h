/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_STORE_QUEUE_H
#define SIPWARDEN_STORE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What is to be written, in order: kept until it is committed, so that a
 * transaction that failed is simply written again. Bounded: while nothing can be
 * written, for hours perhaps, the queue takes QUEUE_BYTES_MAX.
 */
#define QUEUE_BYTES_MAX ((size_t)32 << 20)
#define QUEUE_VALUES_MAX 12

struct queue_value {
	enum { VALUE_NULL, VALUE_INTEGER, VALUE_TEXT, VALUE_BLOB } type;
	int64_t integer;
	const void *data;
	size_t len;
};

/* One statement with what is bound to it, from 1 on. */
struct queue_item {
	struct queue_item *next;
	unsigned statement;
	unsigned n;
	size_t bytes;
	struct queue_value values[QUEUE_VALUES_MAX];
	char data[]; /* of the values */
};

struct queue {
	struct queue_item *first, **end;
	struct queue_item *next; /* of these, the first that the open transaction does not have; NULL: it has all */
	size_t bytes;
};

void queue_init(struct queue *q);
void queue_clear(struct queue *q);
/* Takes copies. -ENOMEM; -ENOBUFS: too much waits already. */
int queue_add(struct queue *q, unsigned statement, const struct queue_value *values, unsigned n);
/* The transaction failed: all are to be written again. */
void queue_rewind(struct queue *q);
/* Drops the item that is next. */
void queue_drop_next(struct queue *q);

#endif
