/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The usual settings of a country. */
#include "number/table.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define EXTENSION_MIN 2
#define EXTENSION_MAX 4

void number_site_none(struct number_site *site)
{
	memset(site, 0, sizeof(*site));
}

static const struct country_row *find_by_code(struct span text)
{
	char digits[TABLE_PREFIX_SIZE] = "";
	const struct country_row *row;
	size_t i;

	if (text.len == 0 || text.len >= sizeof(digits))
		return NULL;
	for (i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return NULL;
		digits[i] = text.ptr[i];
	}
	row = country_find(digits);
	/* All of it, and nothing behind. */
	return row && *row->country && strcmp(row->prefix, digits) == 0 ? row : NULL;
}

static const struct country_row *find_by_letters(struct span text)
{
	char name[NUMBER_COUNTRY_SIZE] = "";

	if (text.len != 2)
		return NULL;
	/* Islands that have the numbers of Guadeloupe. */
	if (strncasecmp(text.ptr, "BL", 2) == 0 || strncasecmp(text.ptr, "MF", 2) == 0)
		return country_by_name("GP");
	name[0] = (char)toupper((unsigned char)text.ptr[0]);
	name[1] = (char)toupper((unsigned char)text.ptr[1]);
	return country_by_name(name);
}

static void take_international(struct number_site *site, const char *words)
{
	size_t i, n;

	for (i = 0; *words && i < NUMBER_INTERNATIONAL_MAX; i++) {
		n = strcspn(words, " ");
		memcpy(site->international[i], words, n);
		words += n + strspn(words + n, " ");
	}
}

int number_site_init(struct number_site *site, struct span country)
{
	const struct country_row *row = NULL;

	if (country.len > 0 && *country.ptr == '+')
		row = find_by_code((struct span){country.ptr + 1, country.len - 1});
	else
		row = find_by_letters(country);
	if (!row)
		return -EINVAL;
	memset(site, 0, sizeof(*site));
	memcpy(site->country, row->country, sizeof(site->country));
	memcpy(site->code, row->prefix, row->code_len);
	snprintf(site->national, sizeof(site->national), "%s", row->national);
	take_international(site, row->international);
	site->extension_min = EXTENSION_MIN;
	site->extension_max = EXTENSION_MAX;
	return 0;
}
