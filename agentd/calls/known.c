/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "calls/known.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/hash.h"

#define DAY (86400 * USEC_PER_SEC)
/* What stays as it is need not be written each time that it is seen. */
#define TOUCH (6 * 3600 * USEC_PER_SEC)

/* What a fact is about, as part of its key. */
enum about { ABOUT_CALLS = 1, ABOUT_SCOPE, ABOUT_COUNTRY, ABOUT_ACCOUNT, ABOUT_PLACE, ABOUT_SOURCE, ABOUT_HABIT };

static uint64_t key_of(enum about about, uint64_t scope, const void *data, size_t len)
{
	const uint64_t head[2] = { about, scope };

	return hash_lasting(hash_lasting(0, head, sizeof(head)), data, len);
}

int known_new(struct known *k)
{
	int r = ledger_new(KNOWN_FACTS_MAX, &k->facts);

	return r < 0 ? r : ledger_new(KNOWN_SOURCES_MAX, &k->sources);
}

void known_done(struct known *k)
{
	k->facts = ledger_free(k->facts);
	k->sources = ledger_free(k->sources);
}

/* Notes it. When it was noted first; USEC_INFINITY: never before. */
static usec_t note(struct known *k, uint64_t key, usec_t when)
{
	const struct fact *f = ledger_find(k->facts, key);
	bool fresh = true;

	if (f && when < f->last + TOUCH)
		return f->first;
	f = ledger_put(k->facts, key, when, &fresh);
	return fresh || !f ? USEC_INFINITY : f->first;
}

usec_t known_since(struct known *k, usec_t when)
{
	usec_t since = note(k, key_of(ABOUT_CALLS, 0, NULL, 0), when);

	return since == USEC_INFINITY ? when : since;
}

usec_t known_began(const struct known *k)
{
	const struct fact *f = ledger_find(k->facts, key_of(ABOUT_CALLS, 0, NULL, 0));

	return f ? f->first : 0;
}

/* In n[2] of countries and places: that it is the first, or new, was not told yet. */
static bool is_untold(const struct known *k, uint64_t key)
{
	const struct fact *f = ledger_find(k->facts, key);

	return f && f->n[2] != 0;
}

static void set_untold(struct known *k, uint64_t key, usec_t when, bool untold)
{
	struct fact *f;
	bool fresh;

	if (is_untold(k, key) == untold)
		return;
	f = ledger_put(k->facts, key, when, &fresh);
	if (f)
		f->n[2] = untold;
}

static uint64_t key_of_country(uint64_t scope, const char *where)
{
	return key_of(ABOUT_COUNTRY, scope, where, strlen(where));
}

bool known_first(struct known *k, uint64_t scope, const char *where, usec_t when)
{
	const uint64_t key = key_of_country(scope, where);

	note(k, key_of(ABOUT_SCOPE, scope, NULL, 0), when);
	return note(k, key, when) == USEC_INFINITY || is_untold(k, key);
}

void known_first_untold(struct known *k, uint64_t scope, const char *where, usec_t when, bool untold)
{
	set_untold(k, key_of_country(scope, where), when, untold);
}

usec_t known_scope_since(const struct known *k, uint64_t scope)
{
	const struct fact *f = ledger_find(k->facts, key_of(ABOUT_SCOPE, scope, NULL, 0));

	return f ? f->first : USEC_INFINITY;
}

void known_login(struct known *k, uint64_t account, const struct addr *source, bool proven, usec_t when)
{
	const uint64_t key = key_of(ABOUT_SOURCE, account, NULL, 0);
	const struct fact *before = ledger_find(k->sources, key);
	const uint64_t n0 = source->family | (uint64_t)source->len << 8 | (uint64_t)proven << 16;
	struct fact *f;
	bool fresh;

	if (before && before->n[0] == n0 && memcmp(&before->n[1], source->bytes, sizeof(source->bytes)) == 0 &&
	    when < before->last + TOUCH)
		return;
	f = ledger_put(k->sources, key, when, &fresh);
	if (!f)
		return;
	f->n[0] = n0;
	_Static_assert(sizeof(source->bytes) == 2 * sizeof(f->n[1]), "an address is two numbers");
	memcpy(&f->n[1], source->bytes, sizeof(source->bytes));
}

static uint64_t key_of_habits(uint64_t account, enum known_kind kind)
{
	const uint8_t data = (uint8_t)kind;

	return key_of(ABOUT_ACCOUNT, account, &data, sizeof(data));
}

static bool is_long(usec_t since, usec_t when)
{
	return since != USEC_INFINITY && when >= since && when - since >= KNOWN_HABITS;
}

bool known_has_habits(const struct known *k, uint64_t account, enum known_kind kind, usec_t when)
{
	const struct fact *f = ledger_find(k->facts, key_of_habits(account, kind));

	return f && is_long(f->first, when);
}

bool known_place(struct known *k, uint64_t account, enum known_kind kind, uint64_t place, usec_t when)
{
	usec_t since = note(k, key_of_habits(account, kind), when);
	const uint64_t key = key_of(ABOUT_PLACE, account, &place, sizeof(place));
	bool fresh = note(k, key, when) == USEC_INFINITY, ignored;
	struct fact *f;

	if (is_untold(k, key))
		return true;
	if (!fresh || !is_long(since, when))
		return false;
	/* It is new to who had others. */
	f = ledger_put(k->facts, key, when, &ignored);
	if (f)
		f->n[0] = 1;
	return f;
}

void known_place_untold(struct known *k, uint64_t account, uint64_t place, usec_t when, bool untold)
{
	set_untold(k, key_of(ABOUT_PLACE, account, &place, sizeof(place)), when, untold);
}

bool known_last_source(const struct known *k, uint64_t account, struct addr *source, bool *proven)
{
	const struct fact *f = ledger_find(k->sources, key_of(ABOUT_SOURCE, account, NULL, 0));

	if (!f || ((f->n[0] & 0xff) != AF_INET && (f->n[0] & 0xff) != AF_INET6))
		return false;
	*source = (struct addr){ .family = (uint8_t)f->n[0], .len = (uint8_t)(f->n[0] >> 8) };
	memcpy(source->bytes, &f->n[1], sizeof(source->bytes));
	*proven = f->n[0] >> 16 & 1;
	return true;
}

bool known_is_new_place(const struct known *k, uint64_t account, uint64_t place, usec_t when, usec_t span)
{
	const struct fact *f = ledger_find(k->facts, key_of(ABOUT_PLACE, account, &place, sizeof(place)));

	return f && f->n[0] == 1 && when >= f->first && when - f->first < span;
}

uint64_t known_habit(struct known *k, uint64_t key, uint64_t count, usec_t when)
{
	const uint64_t today = when / DAY;
	const struct fact *before = ledger_find(k->facts, key_of(ABOUT_HABIT, key, NULL, 0));
	struct fact *f;
	bool fresh;

	/* Most calls change nothing. */
	if (before && before->n[2] >= today && before->n[1] >= count)
		return before->n[0];
	f = ledger_put(k->facts, key_of(ABOUT_HABIT, key, NULL, 0), when, &fresh);
	if (!f)
		return 0;
	/* n: the most of days before, that of the latest day, and which one that is. */
	if (today > f->n[2]) {
		f->n[0] = f->n[1] > f->n[0] ? f->n[1] : f->n[0];
		f->n[1] = 0;
		f->n[2] = today;
	}
	f->n[1] = count > f->n[1] ? count : f->n[1];
	return f->n[0];
}
