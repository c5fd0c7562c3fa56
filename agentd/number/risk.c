/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * To where toll fraud goes: countries and ranges that are named again and again
 * as the ends of international revenue share fraud. Honest calls go there, too.
 *
 * Sources, as of November 2026:
 * - Communications Fraud Control Association, Global Fraud Loss Survey 2013 and
 *   2015, countries in which fraud terminates (Latvia, Gambia, Somalia, Sierra
 *   Leone, Guinea; Cuba, Bosnia and Herzegovina, Estonia, Lithuania);
 * - TransNexus, Carriers block international calls to stop traffic pumping fraud,
 *   2014: what a US carrier blocks unless asked (Gambia, Guinea, Sierra Leone,
 *   Central African Republic, Sao Tome, Seychelles, Somalia, Maldives,
 *   Azerbaijan, Monaco);
 * - scans of SIP gateways, which try numbers of Palestine and Israel (+970, +972);
 * - area codes under +1 that look like a call at home: FCC, One Ring Phone Scam
 *   (Caribbean states); US territories are left out, as they cost what the US does;
 * - satellite and other networks of no country: ITU-T E.164, 88x, 979.
 */
#include "number/table.h"

#include <string.h>

#include "base/cleanup.h"

static const char countries[][NUMBER_COUNTRY_SIZE] = {
	"AC", "AG", "AI", "AZ", "BA", "BB", "BS", "CF", "CU", "DM", "DO", "EE", "GD",
	"GM", "GN", "GW", "IO", "JM", "KM", "KN", "LC", "LT", "LV", "MC", "MS", "MV",
	"PS", "SC", "SH", "SL", "SO", "ST", "TC", "TL", "TT", "VC", "VG", "ZW",
};

static const char *const prefixes[] = {"870", "881", "882", "883", "888", "979"};

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
