/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/hash.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define BUCKETS_MIN 16

static uint64_t key[2], lasting[2];
static pthread_once_t key_once = PTHREAD_ONCE_INIT;

static void draw_key(void)
{
	struct timespec ts;

	if (getrandom(key, sizeof(key), 0) == (ssize_t)sizeof(key) &&
	    getrandom(lasting, sizeof(lasting), 0) == (ssize_t)sizeof(lasting))
		return;
	/* Never seen on Linux once booted; a weak key is better than none. */
	clock_gettime(CLOCK_MONOTONIC, &ts);
	key[0] = (uint64_t)ts.tv_nsec * 0x9e3779b97f4a7c15u;
	key[1] = (uint64_t)(uintptr_t)&ts ^ (uint64_t)ts.tv_sec;
	lasting[0] = ~key[0];
	lasting[1] = ~key[1];
}

static uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void sip_rounds(uint64_t v[4], unsigned n)
{
	while (n-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

/* The constants spell "somepseudorandomlygeneratedbytes" (SipHash, section 2). */
static uint64_t siphash(uint64_t k0, uint64_t k1, const unsigned char *p, size_t len)
{
	uint64_t v[4] = { k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du, k0 ^ 0x6c7967656e657261u,
			  k1 ^ 0x7465646279746573u };
	uint64_t last = (uint64_t)len << 56, word;
	size_t i;

	for (; len >= 8; len -= 8, p += 8) {
		memcpy(&word, p, 8);
		v[3] ^= word;
		sip_rounds(v, 2);
		v[0] ^= word;
	}
	for (i = 0; i < len; i++)
		last |= (uint64_t)p[i] << (8 * i);
	v[3] ^= last;
	sip_rounds(v, 2);
	v[0] ^= last;
	v[2] ^= 0xff;
	sip_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t hash_bytes(const void *data, size_t len)
{
	pthread_once(&key_once, draw_key);
	return siphash(key[0], key[1], data, len);
}

uint64_t hash_lasting(uint64_t h, const void *data, size_t len)
{
	pthread_once(&key_once, draw_key);
	return siphash(lasting[0] ^ h, lasting[1], data, len);
}

void hash_keep(const unsigned char from[static HASH_KEY_SIZE])
{
	pthread_once(&key_once, draw_key);
	memcpy(lasting, from, sizeof(lasting));
}

void hash_kept(unsigned char to[static HASH_KEY_SIZE])
{
	pthread_once(&key_once, draw_key);
	memcpy(to, lasting, sizeof(lasting));
}

int hash_table_init(struct hash_table *t)
{
	t->buckets = calloc(BUCKETS_MIN, sizeof(struct hash_link *));
	t->marks = calloc(BUCKETS_MIN, 1);
	t->mask = BUCKETS_MIN - 1;
	t->count = 0;
	if (t->buckets && t->marks)
		return 0;
	hash_table_done(t);
	return -ENOMEM;
}

void hash_table_done(struct hash_table *t)
{
	free(t->buckets);
	free(t->marks);
	*t = (struct hash_table){ 0 };
}

/* By bits that do not choose the bucket. */
static uint8_t mark_of(uint64_t hash)
{
	return (uint8_t)(1u << (hash >> 61));
}

struct hash_link *hash_table_next(const struct hash_link *link, uint64_t hash)
{
	struct hash_link *l;

	for (l = link->next; l; l = l->next)
		if (l->hash == hash)
			return l;
	return NULL;
}

struct hash_link *hash_table_first(const struct hash_table *t, uint64_t hash)
{
	struct hash_link *l;

	if (!(t->marks[hash & t->mask] & mark_of(hash)))
		return NULL;
	l = t->buckets[hash & t->mask];
	return !l || l->hash == hash ? l : hash_table_next(l, hash);
}

static void put(struct hash_link **buckets, uint8_t *marks, size_t mask, struct hash_link *link)
{
	const size_t i = link->hash & mask;

	link->next = buckets[i];
	buckets[i] = link;
	marks[i] |= mark_of(link->hash);
}

static void grow(struct hash_table *t)
{
	size_t i, size = (t->mask + 1) * 2;
	struct hash_link **buckets = calloc(size, sizeof(struct hash_link *));
	uint8_t *marks = calloc(size, 1);

	if (!buckets || !marks) {
		free(buckets);
		free(marks);
		return;
	}
	for (i = 0; i <= t->mask; i++) {
		struct hash_link *l = t->buckets[i], *next;

		for (; l; l = next) {
			next = l->next;
			put(buckets, marks, size - 1, l);
		}
	}
	free(t->buckets);
	free(t->marks);
	t->buckets = buckets;
	t->marks = marks;
	t->mask = size - 1;
}

void hash_table_add(struct hash_table *t, struct hash_link *link, uint64_t hash)
{
	if (t->count > t->mask)
		grow(t);
	link->hash = hash;
	put(t->buckets, t->marks, t->mask, link);
	t->count++;
}

void hash_table_remove(struct hash_table *t, struct hash_link *link)
{
	const size_t i = link->hash & t->mask;
	struct hash_link **l = &t->buckets[i], *rest;

	while (*l && *l != link)
		l = &(*l)->next;
	if (!*l)
		return;
	*l = link->next;
	t->count--;
	t->marks[i] = 0;
	for (rest = t->buckets[i]; rest; rest = rest->next)
		t->marks[i] |= mark_of(rest->hash);
}

void hash_table_each(struct hash_table *t, void (*fn)(struct hash_link *link, void *userdata), void *userdata)
{
	size_t i;

	for (i = 0; t->buckets && i <= t->mask; i++) {
		struct hash_link *l = t->buckets[i], *next;

		for (; l; l = next) {
			next = l->next;
			fn(l, userdata);
		}
	}
}
