/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_pair.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "report_tally_private.h"

#define TEXT_MAX 72
#define BLOCK 1024u
#define BLOCKS (PAIR_MAX / BLOCK)

/* A call that waits for its BYE. */
struct waiting {
	struct hash_link link; /* by a hash of its id: two ids of one hash are one call in 2^64 */
	bool used;
	enum record_result result;
	int64_t start;
	char account[TEXT_MAX], source[TEXT_MAX], number[TEXT_MAX];
};

struct pairing {
	void (*fn)(void *userdata, const struct record *r);
	void *userdata;
	struct hash_table table;
	struct waiting *blocks[BLOCKS]; /* a ring, in the order in which they came; made as it is needed */
	size_t next;
	uint64_t open;
};

int pairing_new(void (*fn)(void *userdata, const struct record *r), void *userdata, struct pairing **ret)
{
	struct pairing *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->fn = fn;
	p->userdata = userdata;
	if (hash_table_init(&p->table) < 0) {
		free(p);
		return -ENOMEM;
	}
	*ret = p;
	return 0;
}

struct pairing *pairing_free(struct pairing *p)
{
	size_t i;

	if (!p)
		return NULL;
	hash_table_done(&p->table);
	for (i = 0; i < BLOCKS; i++)
		free(p->blocks[i]);
	free(p);
	return NULL;
}

static void give_out(struct pairing *p, struct waiting *w, int64_t seconds)
{
	const struct record r = {.event = RECORD_CALL,
				 .result = w->result,
				 .account = SPAN(w->account),
				 .source = SPAN(w->source),
				 .number = SPAN(w->number),
				 .start = w->start,
				 .seconds = seconds};

	hash_table_remove(&p->table, &w->link);
	w->used = false;
	p->open += seconds < 0;
	p->fn(p->userdata, &r);
}

static struct waiting *find(const struct pairing *p, uint64_t hash)
{
	struct hash_link *link = hash_table_first(&p->table, hash);

	return link ? container_of(link, struct waiting, link) : NULL;
}

/* A place of the ring; NULL: it was never used, and is not made, or there is no memory. */
static struct waiting *place(struct pairing *p, size_t i, bool make)
{
	struct waiting **block = &p->blocks[i / BLOCK];

	if (!*block && make)
		*block = calloc(BLOCK, sizeof(**block));
	return *block ? &(*block)[i % BLOCK] : NULL;
}

static void give_alone(struct pairing *p, const struct record *r)
{
	struct record whole = *r;

	whole.event = RECORD_CALL;
	p->open++;
	p->fn(p->userdata, &whole);
}

static void begin(struct pairing *p, const struct record *r, uint64_t hash)
{
	struct waiting *w;

	/* An INVITE within a call, or an answer that was logged twice */
	if (find(p, hash))
		return;
	w = place(p, p->next, true);
	if (!w) {
		give_alone(p, r);
		return;
	}
	if (w->used)
		give_out(p, w, -1);
	p->next = (p->next + 1) % PAIR_MAX;
	*w = (struct waiting){.used = true, .result = r->result, .start = r->start};
	span_copy(r->account, w->account, sizeof(w->account));
	span_copy(r->source, w->source, sizeof(w->source));
	span_copy(r->number, w->number, sizeof(w->number));
	hash_table_add(&p->table, &w->link, hash);
}

void pairing_add(struct pairing *p, const struct record *r)
{
	uint64_t hash;
	struct waiting *w;

	if (r->event == RECORD_CALL) {
		p->fn(p->userdata, r);
		return;
	}
	if (r->id.len == 0) {
		if (r->event == RECORD_BEGIN)
			give_alone(p, r);
		return;
	}
	hash = hash_bytes(r->id.ptr, r->id.len);
	if (r->event == RECORD_BEGIN) {
		begin(p, r, hash);
		return;
	}
	w = find(p, hash);
	if (w)
		give_out(p, w, r->start > w->start ? r->start - w->start : 0);
}

void pairing_end(struct pairing *p)
{
	size_t i, at;

	for (i = 0; i < PAIR_MAX; i++) {
		struct waiting *w;

		at = (p->next + i) % PAIR_MAX;
		if (!p->blocks[at / BLOCK]) {
			i += BLOCK - 1 - at % BLOCK;
			continue;
		}
		w = place(p, at, false);
		if (w && w->used)
			give_out(p, w, -1);
	}
}

uint64_t pairing_open(const struct pairing *p)
{
	return p->open;
}
