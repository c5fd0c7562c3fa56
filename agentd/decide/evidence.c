/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "decide/evidence.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "decide/decide.h"

#define HEADS 4096 /* power of two */
#define USER_MAX 64
/* Lines that are stored at a time. */
#define KEPT_AT_ONCE 256

struct record {
	uint64_t number; /* 0: free */
	struct addr key;
	uint64_t previous; /* number of the one before it in its chain; 0: none */
	uint16_t len, user_len;
	char user[USER_MAX];
	char text[BAN_EVIDENCE_LINE_MAX];
};

struct evidence {
	uint64_t next; /* number of the next record, from 1; it lives at number % EVIDENCE_LINES */
	uint64_t stored; /* number of the first that is not yet */
	uint64_t heads[HEADS];
	struct record records[EVIDENCE_LINES];
};

int evidence_new(struct evidence **ret)
{
	/* Large and mostly untouched at first: pages come with use. */
	struct evidence *ev = calloc(1, sizeof(*ev));

	if (!ev)
		return -ENOMEM;
	ev->next = ev->stored = 1;
	*ret = ev;
	return 0;
}

struct evidence *evidence_free(struct evidence *ev)
{
	free(ev);
	return NULL;
}

static size_t head_of(const struct addr *key)
{
	return addr_hash(key) & (HEADS - 1);
}

/* The record of that number, or NULL if the ring has gone over it. */
static const struct record *record_at(const struct evidence *ev, uint64_t number)
{
	const struct record *r = &ev->records[number % EVIDENCE_LINES];

	return number && r->number == number ? r : NULL;
}

static uint16_t copy_cut(char *to, size_t size, struct span from)
{
	size_t n = from.len < size ? from.len : size;

	if (n)
		memcpy(to, from.ptr, n);
	return (uint16_t)n;
}

/* Has the processor bring what a line of usual length will need. */
static void fetch(const struct record *r)
{
	__builtin_prefetch(r, 1);
	__builtin_prefetch(r->text, 1);
	__builtin_prefetch(r->text + 64, 1);
	__builtin_prefetch(r->text + 128, 1);
}

void evidence_note(struct evidence *ev, const struct addr *key, const struct event *e)
{
	uint64_t *head = &ev->heads[head_of(key)];
	struct record *r = &ev->records[ev->next % EVIDENCE_LINES];
	char *end;

	r->number = ev->next;
	r->key = *key;
	r->previous = *head;
	r->len = copy_cut(r->text, sizeof(r->text), e->line);
	for (end = r->text; (end = memchr(end, '\n', (size_t)(r->text + r->len - end))); end++)
		*end = ' ';
	r->user_len = copy_cut(r->user, sizeof(r->user), e->user);
	*head = ev->next++;
	/* By the next line it is at hand. */
	fetch(&ev->records[ev->next % EVIDENCE_LINES]);
}

/* Numbers of the latest records of key, newest first; returns how many. */
static unsigned chain_collect(const struct evidence *ev, const struct addr *key, uint64_t numbers[static 1],
			      unsigned max)
{
	uint64_t number = ev->heads[head_of(key)];
	const struct record *r;
	unsigned n = 0;

	while (n < max && (r = record_at(ev, number))) {
		if (addr_equal(&r->key, key))
			numbers[n++] = number;
		/* A chain goes back in time; anything else is a record used again. */
		if (r->previous >= number)
			break;
		number = r->previous;
	}
	return n;
}

static char *collect_lines(const struct evidence *ev, const uint64_t *numbers, unsigned n, size_t *len)
{
	size_t size = 1;
	unsigned i;
	char *text;

	for (i = 0; i < n; i++)
		size += record_at(ev, numbers[i])->len + 1u;
	text = malloc(size);
	*len = 0;
	if (!text)
		return NULL;
	while (n-- > 0) {
		const struct record *r = record_at(ev, numbers[n]);

		memcpy(text + *len, r->text, r->len);
		*len += r->len;
		text[(*len)++] = '\n';
	}
	text[*len] = '\0';
	return text;
}

static bool same_user(const struct record *a, const struct record *b)
{
	return a->user_len == b->user_len && memcmp(a->user, b->user, a->user_len) == 0;
}

static char *collect_accounts(const struct evidence *ev, const uint64_t *numbers, unsigned n)
{
	size_t size = (size_t)n * (USER_MAX * 4 + 2) + 1, len = 0;
	char *text = calloc(1, size), *fitting;
	unsigned i, j;

	if (!text)
		return NULL;
	for (i = 0; i < n; i++) {
		const struct record *r = record_at(ev, numbers[i]);

		for (j = 0; j < i && !same_user(record_at(ev, numbers[j]), r); j++)
			;
		if (j < i || r->user_len == 0)
			continue;
		if (len)
			text[len++] = '\n';
		text_escape((struct span){ r->user, r->user_len }, text + len, USER_MAX * 4 + 1);
		len += strlen(text + len);
	}
	/* In a flood, tens of thousands of decisions wait with theirs. */
	fitting = realloc(text, len + 1);
	return fitting ? fitting : text;
}

void evidence_collect(const struct evidence *ev, const struct addr *key, char **lines, size_t *lines_len,
		      char **accounts)
{
	uint64_t numbers[BAN_EVIDENCE_MAX];
	unsigned n = chain_collect(ev, key, numbers, BAN_EVIDENCE_MAX);

	*lines = NULL;
	*lines_len = 0;
	*accounts = NULL;
	if (n == 0)
		return;
	*lines = collect_lines(ev, numbers, n, lines_len);
	*accounts = collect_accounts(ev, numbers, n);
}

/* Keeping: number, key, user, text. */

static void pack_record(struct pack *p, const struct record *r)
{
	pack_number(p, r->number);
	pack_addr(p, &r->key);
	pack_number(p, r->user_len);
	pack_bytes(p, r->user, r->user_len);
	pack_number(p, r->len);
	pack_bytes(p, r->text, r->len);
}

static void keep_start(void *table)
{
	struct evidence *ev = table;

	ev->stored = ev->next;
}

static bool keep_changed(void *table, struct pack *p)
{
	struct evidence *ev = table;
	uint64_t number = ev->next > KEPT_AT_ONCE ? ev->next - KEPT_AT_ONCE : 1;

	if (number < ev->stored)
		number = ev->stored;
	for (; number < ev->next; number++)
		pack_record(p, &ev->records[number % EVIDENCE_LINES]);
	ev->stored = ev->next;
	return true;
}

static bool keep_sweep(void *table, size_t *at, size_t until, size_t limit, struct pack *p)
{
	const struct evidence *ev = table;

	for (; *at < EVIDENCE_LINES && *at < until; ++*at) {
		if (p->len >= limit)
			return false;
		if (ev->records[*at].number)
			pack_record(p, &ev->records[*at]);
	}
	return *at >= EVIDENCE_LINES;
}

static bool keep_restore(void *table, struct unpack *u)
{
	struct evidence *ev = table;

	while (u->at < u->end) {
		uint64_t number, user_len, len;
		struct record *r;

		if (!unpack_number(u, &number) || number == 0 || number == UINT64_MAX)
			return false;
		r = &ev->records[number % EVIDENCE_LINES];
		if (!unpack_addr(u, &r->key) || !unpack_below(u, USER_MAX + 1, &user_len) ||
		    !unpack_bytes(u, r->user, user_len) || !unpack_below(u, BAN_EVIDENCE_LINE_MAX + 1, &len) ||
		    !unpack_bytes(u, r->text, len))
			return false;
		r->number = number;
		r->user_len = (uint16_t)user_len;
		r->len = (uint16_t)len;
		if (number >= ev->next)
			ev->next = number + 1;
	}
	return true;
}

const struct keep_ops evidence_keep = { keep_start, keep_changed, keep_sweep, keep_restore };

void evidence_restored(struct evidence *ev)
{
	uint64_t number = ev->next > EVIDENCE_LINES ? ev->next - EVIDENCE_LINES : 1;

	for (; number < ev->next; number++) {
		struct record *r = &ev->records[number % EVIDENCE_LINES];
		uint64_t *head = &ev->heads[head_of(&r->key)];

		if (r->number != number)
			continue;
		r->previous = *head;
		*head = number;
	}
}
