/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_NUMBER_PLAN_H
#define SIPWARDEN_NUMBER_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/*
 * What a dialled number is: its country, and what it costs by its kind. From the
 * ITU's assignments and national plans (number/countries.c and number/ranges.c
 * name their sources). Nothing here allocates or keeps anything; all of it may
 * be called from any thread, on whatever a stranger wrote.
 */

enum number_kind {
	NUMBER_UNKNOWN,	    /* no number, or one that leads nowhere that is known */
	NUMBER_INTERNAL,    /* an extension of this site */
	NUMBER_CODE,	    /* a feature code, as *97 */
	NUMBER_EMERGENCY,   /* of the site's country, and 112 and 911 everywhere */
	NUMBER_SHORT,	    /* another short code of the site's country */
	NUMBER_ORDINARY,    /* geographic or mobile */
	NUMBER_FREEPHONE,
	NUMBER_SHARED_COST, /* also what costs more than a call, and less than premium */
	NUMBER_PREMIUM,	    /* also mass calling and directory services */
	NUMBER_PERSONAL,    /* follows a person; often as dear as premium */
	NUMBER_SATELLITE,
	NUMBER_GLOBAL,	    /* of no country: networks and services under 808, 878, 882, 883, 888, 979 */
};
#define NUMBER_KINDS (NUMBER_GLOBAL + 1)

/* "shared-cost" and so on: as configuration, JSON and text have it. */
const char *number_kind_name(enum number_kind kind);
/* Returns 0, or -EINVAL. */
int number_kind_parse(struct span name, enum number_kind *ret);

#define NUMBER_INTERNATIONAL_MAX 4
#define NUMBER_PREFIX_SIZE 8
#define NUMBER_COUNTRY_SIZE 3
#define NUMBER_CODE_SIZE 4

/* From where numbers are dialled. All texts are digits (country: letters), "" if there is none. */
struct number_site {
	char country[NUMBER_COUNTRY_SIZE]; /* ISO 3166, "DE"; "": not known, only international numbers are read */
	char code[NUMBER_CODE_SIZE];	   /* its calling code, "49" */
	char outside[NUMBER_PREFIX_SIZE];  /* before all that leaves the house, "0" or "9" */
	char national[NUMBER_PREFIX_SIZE]; /* before an area code, "0", "8", "1" */
	char international[NUMBER_INTERNATIONAL_MAX][NUMBER_PREFIX_SIZE]; /* "00", "011"; as many as are not "" */
	char area[NUMBER_PREFIX_SIZE];	   /* of calls without area code */
	uint8_t extension_min, extension_max; /* digits of own extensions; max 0: there are none */
};

/*
 * The usual settings of a country, by its name in ISO 3166 ("DE", any case) or
 * its calling code ("+49"; "+1" is the US, "+7" Russia, "+1868" Trinidad), without outside
 * line; extensions have two to four digits. Returns 0, or -EINVAL: there is no such country.
 */
int number_site_init(struct number_site *site, struct span country);
/* A site of which nothing is known: "" everywhere, no extensions. */
void number_site_none(struct number_site *site);

/* E.164 has at most 15 digits; more are cut where it is not of that form. */
#define NUMBER_DIGITS_SIZE 16

struct number {
	char digits[NUMBER_DIGITS_SIZE]; /* E.164 without '+' where code is not ""; else what was dialled, with * and # */
	char code[NUMBER_CODE_SIZE];	   /* country code, "49", "1", "881"; "": not a number that the world can call,
					    * or one of the site's own area, which is not known */
	char country[NUMBER_COUNTRY_SIZE]; /* ISO 3166, "DE"; "": of no country, or not known */
	enum number_kind kind;
	const char *range; /* the longest range that holds it, "premium rate 0900", "Iridium", "Germany"; static, never NULL */
	bool abroad; /* has a code, and is not of the site's country; always so where that is not known */
	bool risky;  /* of a country or range to which toll fraud is known to go (number/risk.c) */
	bool odd;    /* nobody dials so here: the number was found behind prefixes of other countries or digits
		      * that stand for nothing, as who scans for a way out prepends them */
};

/*
 * Reads what was dialled: digits with separators, '+', tel: and sip: URIs, %XX,
 * feature codes that hold a number (*21*004930…#), the site's prefixes, and
 * prefixes of anywhere. Looks at no more than NUMBER_DIALLED_MAX bytes. Returns 0;
 * -EINVAL: it has no digits, or is a name (ret is then of kind NUMBER_UNKNOWN).
 */
#define NUMBER_DIALLED_MAX 256
int number_read(const struct number_site *site, struct span dialled, struct number *ret);

/* The country's English name, of ISO 3166 letters or of "" ("no country"); never NULL. */
const char *number_country_name(const char *country);
/* Letters that ISO 3166 assigns to a country with numbers of its own. */
bool number_country_exists(const char *country);

#endif
