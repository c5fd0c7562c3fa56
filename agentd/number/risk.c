/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * To where toll fraud goes: countries and ranges that are named again and again
 * as the ends of international revenue share fraud. Honest calls go there, too, and
 * fraud goes elsewhere, too (Commsrisk, New IRSF data shows there are no "low risk"
 * destinations any more, 2020): a sign among others. As of November 2026.
 */
#include "number/table.h"

#include <string.h>

#include "base/cleanup.h"

/* clang-format off */
static const char countries[][NUMBER_COUNTRY_SIZE] = {
	/* TransNexus, Carriers block international calls to stop traffic pumping fraud, 2014: what a large
	 * US carrier blocks unless asked */
	"AZ", "CF", "GM", "GN", "MC", "MV", "SC", "SL", "SO", "ST",
	/* Commsrisk, 2020: often the first on the lists of destinations */
	"CU", "LV",
	/* FTC on one-ring calls, 2017: area codes 268, 284, 473, 649, 664, 767, 809, 829, 849, 876, which
	 * look like calls at home in the US and Canada */
	"AG", "DM", "DO", "GD", "JM", "MS", "TC", "VG",
	/* What scanners of SIP gateways try first; its mobile numbers have +972 59, too */
	"PS",
	/* By judgement: small networks with dear numbers, and those beside the ones above */
	"AC", "AI", "BA", "BB", "BS", "EE", "GW", "IO", "KM", "KN", "LC", "LT", "SH", "TL", "TT", "VC", "ZW",
};

/* clang-format on */

/* Satellite and other networks of no country (ITU-T, E.164), and mobile numbers of Palestine under +972. */
static const char *const prefixes[] = {"870", "881", "882", "883", "888", "979", "97259"};

bool risk_known(const char *country, const char *digits)
{
	size_t i;

	for (i = 0; i < ELEMENTSOF(countries); i++)
		if (strcmp(countries[i], country) == 0)
			return true;
	for (i = 0; i < ELEMENTSOF(prefixes); i++)
		if (strncmp(digits, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}
