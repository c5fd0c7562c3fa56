/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CALLS_KNOWN_H
#define SIPWARDEN_CALLS_KNOWN_H

#include "calls/calls.h"
#include "calls/ledger.h"

/*
 * What is known of accounts over a long time: since when there are calls, which
 * countries were called by whom, and from where each account is used.
 */
struct known {
	struct ledger *facts;
	struct ledger *sources; /* of each account, where it logged in last */
};

/* Countries and sources of all accounts; each takes 48 bytes once used. */
#define KNOWN_FACTS_MAX 131072
#define KNOWN_SOURCES_MAX 16384
/* An account that is known for less has no habits that a new source could break. */
#define KNOWN_HABITS (7 * 86400 * USEC_PER_SEC)

int known_new(struct known *k);
void known_done(struct known *k);

/* When the first call was seen; notes this one. */
usec_t known_since(struct known *k, usec_t when);
/* The same, without noting. 0: there was none. */
usec_t known_began(const struct known *k);

/* Notes a call to where (a country, or what stands for one). Is it the first one of scope (an account, or 0: the company)? */
bool known_first(struct known *k, uint64_t scope, const char *where, usec_t when);
/* It could not be told, so the next call is the first one, too; or (false) it is told. */
void known_first_untold(struct known *k, uint64_t scope, const char *where, usec_t when, bool untold);
/* Since when scope makes calls; it must have made one. */
usec_t known_scope_since(const struct known *k, uint64_t scope);

/*
 * What a place is. Both are noted of each account, with habits of their own: so
 * neither a new database of countries nor one that is gone makes old places new.
 */
enum known_kind { KNOWN_NETWORK, KNOWN_COUNTRY };

/* The account is used from place. True: it has habits of that kind, and the place is new. */
bool known_place(struct known *k, uint64_t account, enum known_kind kind, uint64_t place, usec_t when);
/* As known_first_untold(): of a place that known_place() called new. */
void known_place_untold(struct known *k, uint64_t account, uint64_t place, usec_t when, bool untold);
/* Is it known for long enough where account is used? */
bool known_has_habits(const struct known *k, uint64_t account, enum known_kind kind, usec_t when);
/* It logged in from there. Never of a call: who calls may say that he is anybody. */
void known_login(struct known *k, uint64_t account, const struct addr *source, bool proven, usec_t when);
/* Where account logged in last. False: not known. */
bool known_last_source(const struct known *k, uint64_t account, struct addr *source, bool *proven);
/* Is place a new one of account since less than span? */
bool known_is_new_place(const struct known *k, uint64_t account, uint64_t place, usec_t when, usec_t span);

/*
 * Notes that key reached count. Returns the most that it reached on a day before:
 * what goes on now is no habit yet.
 */
uint64_t known_habit(struct known *k, uint64_t key, uint64_t count, usec_t when);

#endif
