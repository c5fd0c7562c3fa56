/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "number/plan.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "number/table.h"

#define E164_MAX 15
/* Shorter ones with a country code are no telephone numbers. */
#define E164_MIN 6
/* In an international call without a prefix there are at least so many digits. */
#define BARE_MIN 10
/* Before a hidden prefix stand at most so many digits of junk. */
#define JUNK_MAX 6
#define SHORT_MAX 6

/* A number that is being read. */
struct reading {
	const struct number_site *site;
	struct number *ret;
};

static const char *const kind_names[NUMBER_KINDS] = {
	[NUMBER_UNKNOWN] = "unknown",	  [NUMBER_INTERNAL] = "internal",
	[NUMBER_CODE] = "code",		  [NUMBER_EMERGENCY] = "emergency",
	[NUMBER_SHORT] = "short",	  [NUMBER_ORDINARY] = "ordinary",
	[NUMBER_FREEPHONE] = "freephone", [NUMBER_SHARED_COST] = "shared-cost",
	[NUMBER_PREMIUM] = "premium",	  [NUMBER_PERSONAL] = "personal",
	[NUMBER_SATELLITE] = "satellite", [NUMBER_GLOBAL] = "global",
};

const char *number_kind_name(enum number_kind kind)
{
	return (unsigned)kind < NUMBER_KINDS ? kind_names[kind] : "unknown";
}

int number_kind_parse(struct span name, enum number_kind *ret)
{
	unsigned i;

	for (i = 0; i < NUMBER_KINDS; i++)
		if (span_equal(name, SPAN(kind_names[i]))) {
			*ret = (enum number_kind)i;
			return 0;
		}
	return -EINVAL;
}

const char *number_country_name(const char *country)
{
	const struct country_row *row = country_by_name(country);

	return row ? row->name : "no country";
}

bool number_country_exists(const char *country)
{
	return country_by_name(country) != NULL;
}

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static void set_digits(struct number *n, const char *code, const char *digits)
{
	const size_t len = strnlen(code, E164_MAX);

	/* An attempt to read it before may have left some. */
	memset(n->digits, 0, sizeof(n->digits));
	memcpy(n->digits, code, len);
	memcpy(n->digits + len, digits, strnlen(digits, E164_MAX - len));
}

/* 976 behind any area code of NANP: exchanges of pay-per-call services (NANPA). */
static bool is_nanp_premium(const char *e164)
{
	return strlen(e164) == 11 && e164[0] == '1' && memcmp(e164 + 4, "976", 3) == 0;
}

static void take_range(const struct reading *r, const struct country_row *row)
{
	struct number *n = r->ret;
	const struct range_row *range = range_find(n->digits);

	n->kind = range ? range->kind : NUMBER_ORDINARY;
	n->range = range ? range->name : row->name;
	if (!range && is_nanp_premium(n->digits)) {
		n->kind = NUMBER_PREMIUM;
		n->range = "premium rate 976";
	}
	/* Area codes of no place under +1: of the country that dials them, if it has +1, too. */
	if (range && strcmp(row->prefix, "1") == 0 && strcmp(r->site->code, "1") == 0)
		memcpy(n->country, r->site->country, sizeof(n->country));
}

/* ret->digits is E.164, and row is whose it is. */
static void take_e164(const struct reading *r, const struct country_row *row)
{
	struct number *n = r->ret;

	memcpy(n->code, row->prefix, row->code_len);
	memcpy(n->country, row->country, sizeof(n->country));
	take_range(r, row);
	n->abroad = *n->country == '\0' || strcmp(n->country, r->site->country) != 0;
	n->risky = risk_known(n->country, n->digits);
}

/* How sure one must be that digits are E.164. */
enum strictness {
	SAID, /* a prefix said so: what is too long was dialled on */
	GUESSED,
};

static bool fits(const struct country_row *row, const char *e164)
{
	const char *behind = e164 + row->code_len;
	const size_t n = strlen(behind);

	/* Where numbers have a trunk prefix, they do not begin with it. */
	if (*row->national && strcmp(row->national, "0") == 0 && *behind == '0')
		return false;
	return n >= row->min && n <= row->max && row->code_len + n >= BARE_MIN &&
	       row->code_len + n <= E164_MAX;
}

static bool read_e164(const struct reading *r, const char *digits, enum strictness how)
{
	const struct country_row *row = country_find(digits);
	char e164[SPELLING_DIGITS_MAX + 1];
	size_t n, zeros;

	if (!row || (how == GUESSED && !fits(row, digits)))
		return false;
	n = strlen(digits);
	memcpy(e164, digits, n + 1);
	/* +49 0 30: the trunk prefix does not belong there. */
	if (strcmp(row->national, "0") == 0) {
		zeros = strspn(e164 + row->code_len, "0");
		memmove(e164 + row->code_len, e164 + row->code_len + zeros, n + 1 - row->code_len - zeros);
		n -= zeros;
	}
	if (n < E164_MIN)
		return false;
	set_digits(r->ret, "", e164);
	row = country_find(r->ret->digits);
	if (!row)
		return false;
	r->ret->odd = r->ret->odd || n > E164_MAX;
	take_e164(r, row);
	return true;
}

/* Behind '+' or a prefix. More zeros, as 0000, are a way to spell it that no phone has. */
static bool read_international(const struct reading *r, const char *digits)
{
	const size_t zeros = strspn(digits, "0");

	if (!read_e164(r, digits + zeros, SAID))
		return false;
	r->ret->odd = r->ret->odd || zeros > 0;
	return true;
}

static bool read_site_international(const struct reading *r, const char *digits)
{
	size_t i;

	for (i = 0; i < NUMBER_INTERNATIONAL_MAX && *r->site->international[i]; i++)
		if (starts_with(digits, r->site->international[i]) &&
		    read_international(r, digits + strlen(r->site->international[i])))
			return true;
	return false;
}

static bool is_nanp_national(const char *digits)
{
	return strlen(digits) == 10 && digits[0] >= '2' && digits[0] <= '9';
}

/* A number of the site's country, without its trunk prefix. */
static bool read_national(const struct reading *r, const struct country_row *own, const char *digits)
{
	const size_t n = strlen(digits);
	const struct country_row *row;

	if (n < own->min || n > own->max || n + own->code_len > E164_MAX)
		return false;
	if (strcmp(r->site->code, "1") == 0 ? !is_nanp_national(digits) : *own->national && *digits == '0')
		return false;
	set_digits(r->ret, r->site->code, digits);
	row = country_find(r->ret->digits);
	if (!row)
		return false;
	take_e164(r, row);
	return true;
}

/* A number of the site's own area. */
static bool read_local(const struct reading *r, const struct country_row *own, const char *digits)
{
	char full[SPELLING_DIGITS_MAX + NUMBER_PREFIX_SIZE] = "";

	if (strlen(digits) >= BARE_MIN || *digits == '0')
		return false;
	strcat(full, r->site->area);
	strcat(full, digits);
	if (*r->site->area && read_national(r, own, full))
		return true;
	set_digits(r->ret, "", digits);
	memcpy(r->ret->country, r->site->country, sizeof(r->ret->country));
	r->ret->kind = NUMBER_ORDINARY;
	r->ret->range = "of the same area";
	return true;
}

/* With the digit for an outside line, where the site does not say which it is: as everybody dials in +1. */
static bool read_nanp_outside(const struct reading *r, const struct country_row *own, const char *digits)
{
	return strcmp(r->site->code, "1") == 0 && starts_with(digits, "91") && is_nanp_national(digits + 2) &&
	       read_national(r, own, digits + 2);
}

static bool read_short(const struct reading *r, const char *digits)
{
	if (strlen(digits) > SHORT_MAX || (*digits == '0' && *r->site->national == '0'))
		return false;
	r->ret->kind = shortcode_kind(r->site->country, digits, &r->ret->range);
	set_digits(r->ret, "", digits);
	memcpy(r->ret->country, r->site->country, sizeof(r->ret->country));
	return true;
}

/* Where a whole national number is dialled without the trunk prefix, too, or by some. */
static bool trunk_is_optional(const struct country_row *own)
{
	static const char countries[][NUMBER_COUNTRY_SIZE] = {"BO", "BR", "CN", "CO", "GE", "KI", "LB", "MC",
							      "MH", "MN", "NP", "PE", "RW", "SO", "UY", "UZ"};
	size_t i;

	if (*own->national == '\0' || own->prefix[0] == '1')
		return true;
	for (i = 0; i < ELEMENTSOF(countries); i++)
		if (strcmp(countries[i], own->country) == 0)
			return true;
	return false;
}

/* As the site's people dial. */
static bool read_at_site(const struct reading *r, const char *digits)
{
	/* Countries that share a code share its prefixes and lengths. */
	const struct country_row *own = *r->site->country ? country_find(r->site->code) : NULL;
	const size_t trunk = strlen(r->site->national);

	if (read_site_international(r, digits))
		return true;
	if (own && trunk > 0 && starts_with(digits, r->site->national) &&
	    read_national(r, own, digits + trunk))
		return true;
	if (own && (trunk == 0 || trunk_is_optional(own)) && read_national(r, own, digits))
		return true;
	if (read_short(r, digits))
		return true;
	return own && (read_nanp_outside(r, own, digits) || read_local(r, own, digits));
}

/*
 * An international prefix of anywhere behind digits that stand for nothing:
 * 900972…, 9011972…, 0000972…, 810972…. Who looks for a way out tries many.
 */
static bool read_hidden(const struct reading *r, const char *digits, enum strictness how)
{
	static const char *const prefixes[] = {"0011", "011", "00", "810"};
	size_t i, p;

	for (i = 0; i <= JUNK_MAX && digits[i]; i++) {
		for (p = 0; p < ELEMENTSOF(prefixes); p++) {
			const char *behind = digits + i + strlen(prefixes[p]);

			if (!starts_with(digits + i, prefixes[p]))
				continue;
			behind += strspn(behind, "0");
			if (read_e164(r, behind, how)) {
				r->ret->odd = *r->site->country || i > 0;
				return true;
			}
		}
	}
	return false;
}

/* A digit for an outside line that the site has not, and a country code straight behind it. */
static bool read_behind_digit(const struct reading *r, const char *digits)
{
	if (!strchr("089", *digits) || !read_e164(r, digits + 1, GUESSED))
		return false;
	r->ret->odd = true;
	return true;
}

static bool is_internal(const struct number_site *site, const struct spelling *s)
{
	return !s->plus && s->n >= site->extension_min && s->n <= site->extension_max;
}

/* The digits behind the digit for an outside line; NULL: there is none. */
static const char *behind_outside(const struct number_site *site, const struct spelling *s)
{
	const size_t n = strlen(site->outside);

	return n > 0 && s->n > n && starts_with(s->digits, site->outside) ? s->digits + n : NULL;
}

static bool read_emergency(const struct reading *r, const char *digits)
{
	if (shortcode_kind(r->site->country, digits, &r->ret->range) != NUMBER_EMERGENCY)
		return false;
	r->ret->kind = NUMBER_EMERGENCY;
	set_digits(r->ret, "", digits);
	memcpy(r->ret->country, r->site->country, sizeof(r->ret->country));
	return true;
}

static void read_internal(const struct reading *r, const char *digits, enum number_kind kind)
{
	r->ret->kind = kind;
	r->ret->range = kind == NUMBER_CODE ? "feature code" : "extension";
	set_digits(r->ret, "", digits);
}

static void read_unknown(const struct reading *r, const char *digits)
{
	memset(r->ret, 0, sizeof(*r->ret));
	r->ret->range = "not a number that is known";
	set_digits(r->ret, "", digits);
}

static bool read_dialled(const struct reading *r, const struct spelling *s)
{
	const char *digits = behind_outside(r->site, s);

	if (read_emergency(r, s->digits) || (digits && read_emergency(r, digits)))
		return true;
	if (is_internal(r->site, s)) {
		read_internal(r, s->digits, NUMBER_INTERNAL);
		return true;
	}
	if (digits && read_at_site(r, digits))
		return true;
	return read_at_site(r, s->digits) || read_e164(r, s->digits, GUESSED) ||
	       read_hidden(r, s->digits, GUESSED) || read_behind_digit(r, s->digits) ||
	       read_hidden(r, s->digits, SAID);
}

int number_read(const struct number_site *site, struct span dialled, struct number *ret)
{
	const struct reading r = {site, ret};
	struct spelling s;
	bool found;

	memset(ret, 0, sizeof(*ret));
	ret->range = "not a number";
	if (!dialled.ptr || spelling_read(dialled, &s) < 0)
		return -EINVAL;
	if (s.code) {
		read_internal(&r, s.digits, NUMBER_CODE);
		return 0;
	}
	if (s.plus)
		found = read_international(&r, s.digits) || read_hidden(&r, s.digits, GUESSED);
	else
		found = read_dialled(&r, &s);
	if (!found)
		read_unknown(&r, s.digits);
	return 0;
}
