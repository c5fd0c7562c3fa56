/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/carried.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/* Places that a key may be at. */
#define WAYS 8
/* Of each kind; as many addresses are watched at once. */
#define SOURCES (8192 / WAYS)
/* What a window is counted by. */
#define PARTS 6

/* A count within a window, the oldest of which are taken first. */
struct count {
	uint64_t key;
	usec_t at; /* when its last part began; 0: free */
	uint16_t parts[PARTS];
};

struct counts {
	usec_t part; /* how long one is */
	struct count places[SOURCES][WAYS];
};

struct carried {
	struct counts packets, answers;
	usec_t missed; /* when, last; 0: never */
};

int carried_new(struct carried **ret)
{
	struct carried *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	/* The part that runs is not whole: one more than the window has. */
	c->packets.part = CARRIED_PACKETS_FOR / (PARTS - 1);
	c->answers.part = CARRIED_ANSWER_WITHIN / (PARTS - 1);
	*ret = c;
	return 0;
}

struct carried *carried_free(struct carried *c)
{
	free(c);
	return NULL;
}

static uint64_t key_of(const struct addr *addr, const char *gateway)
{
	struct {
		struct addr host;
		uint64_t gateway;
	} key;

	memset(&key, 0, sizeof(key));
	key.host = *addr;
	key.host.port = 0;
	key.gateway = hash_bytes(gateway, strlen(gateway));
	return hash_bytes(&key, sizeof(key)) | 1;
}

static bool is_over(const struct counts *all, const struct count *c, usec_t now)
{
	return c->at == 0 || now - c->at >= all->part * PARTS;
}

/* The oldest part is the first. */
static void turn(const struct counts *all, struct count *c, usec_t now)
{
	usec_t parts = (now - c->at) / all->part;

	if (parts == 0)
		return;
	c->at += parts * all->part;
	if (parts > PARTS)
		parts = PARTS;
	memmove(c->parts, c->parts + parts, (PARTS - parts) * sizeof(*c->parts));
	memset(c->parts + PARTS - parts, 0, parts * sizeof(*c->parts));
}

static struct count *find(struct counts *all, uint64_t key, usec_t now)
{
	struct count *bucket = all->places[key % SOURCES];
	unsigned i;

	for (i = 0; i < WAYS; i++) {
		if (bucket[i].key != key || is_over(all, &bucket[i], now))
			continue;
		turn(all, &bucket[i], now);
		return &bucket[i];
	}
	return NULL;
}

/* True: what counted under another key had to go for it. */
static bool add(struct counts *all, uint64_t key, unsigned n, usec_t now)
{
	struct count *c = find(all, key, now), *bucket = all->places[key % SOURCES];
	bool gone = false;
	unsigned i;

	if (!c) {
		for (c = bucket, i = 1; i < WAYS; i++)
			if (bucket[i].at < c->at)
				c = &bucket[i];
		gone = !is_over(all, c, now);
		*c = (struct count){.key = key, .at = now};
	}
	n += c->parts[PARTS - 1];
	c->parts[PARTS - 1] = n < UINT16_MAX ? (uint16_t)n : UINT16_MAX;
	return gone;
}

static bool take(struct counts *all, uint64_t key, usec_t now)
{
	struct count *c = find(all, key, now);
	unsigned i;

	for (i = 0; c && i < PARTS; i++) {
		if (c->parts[i] == 0)
			continue;
		c->parts[i]--;
		return true;
	}
	return false;
}

void carried_heard(struct carried *c, const struct addr *addr, unsigned n, usec_t now)
{
	if (add(&c->packets, key_of(addr, ""), n, now))
		carried_missed(c, now);
}

void carried_answered(struct carried *c, const struct addr *addr, const char *gateway, usec_t now)
{
	add(&c->answers, key_of(addr, gateway), 1, now);
}

void carried_missed(struct carried *c, usec_t now)
{
	c->missed = now;
}

bool carried_refused(struct carried *c, const struct addr *addr, usec_t now)
{
	return !take(&c->packets, key_of(addr, ""), now) && (c->missed == 0 || now - c->missed > CARRIED_PACKETS_FOR);
}

bool carried_take_answer(struct carried *c, const struct addr *addr, const char *gateway, usec_t now)
{
	return take(&c->answers, key_of(addr, gateway), now);
}
