/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_BASE_HASH_H
#define SIPWARDEN_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/*
 * SipHash-2-4 (Aumasson, Bernstein 2012) with a key drawn at start: attackers
 * choose what we hash, and must not be able to choose where it lands.
 */
uint64_t hash_bytes(const void *data, size_t len);

/*
 * The same with a key that outlives the process, for names that are stored.
 * hash_keep() takes the key of an earlier process, before anything is named.
 */
#define HASH_KEY_SIZE 16
uint64_t hash_lasting(uint64_t h, const void *data, size_t len);
void hash_keep(const unsigned char from[static HASH_KEY_SIZE]);
void hash_kept(unsigned char to[static HASH_KEY_SIZE]);

/*
 * A chained hash table with intrusive links; it grows, never shrinks. The
 * caller owns the items and bounds their number. Most that is looked for is not
 * there: a byte for each bucket tells so without a look at its items.
 */
struct hash_link {
	struct hash_link *next;
	uint64_t hash;
};

struct hash_table {
	struct hash_link **buckets;
	uint8_t *marks; /* of each bucket, a bit for each item in it, by its hash */
	size_t mask; /* number of buckets - 1 */
	size_t count;
};

int hash_table_init(struct hash_table *t);
void hash_table_done(struct hash_table *t);
/* First link with this hash, then the following ones; compare keys yourself. */
struct hash_link *hash_table_first(const struct hash_table *t, uint64_t hash);
struct hash_link *hash_table_next(const struct hash_link *link, uint64_t hash);
/* Never fails: when it cannot grow, chains get longer. */
void hash_table_add(struct hash_table *t, struct hash_link *link, uint64_t hash);
void hash_table_remove(struct hash_table *t, struct hash_link *link);
/* Walks all; fn may remove the link it is given. */
void hash_table_each(struct hash_table *t, void (*fn)(struct hash_link *link, void *userdata), void *userdata);

/* The struct of type that contains member at ptr. */
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr) - offsetof(type, member)))

#endif
