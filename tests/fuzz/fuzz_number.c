/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever is dialled from wherever: bounded digits, and what was read is read again from its E.164 form. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "number/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct number_site *site, const struct number *n)
{
	char e164[NUMBER_DIGITS_SIZE + 1] = "+";
	struct number again;

	strcat(e164, n->digits);
	if (number_read(site, SPAN(e164), &again) < 0 || strcmp(again.digits, n->digits) != 0 ||
	    strcmp(again.country, n->country) != 0 || again.kind != n->kind)
		abort();
}

static void check(const struct number_site *site, struct span dialled)
{
	struct number n;
	int r = number_read(site, dialled, &n);

	if (strnlen(n.digits, sizeof(n.digits)) == sizeof(n.digits) || !n.range ||
	    (r < 0) != (*n.digits == '\0'))
		abort();
	if (*n.country && !number_country_exists(n.country))
		abort();
	if (*n.code)
		check_again(site, &n);
}

/* The first line is the site: its country, and what it dials for an outside line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct number_site site;

	number_site_none(&site);
	check(&site, (struct span){text, size});
	if (size < 4 || number_site_init(&site, (struct span){text, 2}) < 0)
		return 0;
	if (text[2] >= '0' && text[2] <= '9')
		site.outside[0] = text[2];
	check(&site, (struct span){text + 4, size - 4});
	return 0;
}
