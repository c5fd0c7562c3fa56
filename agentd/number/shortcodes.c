/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Short numbers: emergency, and the few that cost much. Sources, as of November
 * 2026: National Numbering Plans as communicated to ITU (www.itu.int/oth/T0202);
 * 3GPP TS 22.101, 10.1 (112 and 911 everywhere).
 */
#include "number/table.h"

#include <string.h>

#include "base/cleanup.h"

static const struct emergency {
	char country[NUMBER_COUNTRY_SIZE];
	const char *numbers; /* between blanks */
} emergencies[] = {
	{"AE", "999 998 997"},
	{"AR", "100 101 107"},
	{"AT", "122 133 140 141 144 147"},
	{"AU", "000 106"},
	{"BE", "100 101"},
	{"BR", "190 192 193"},
	{"CA", "9911"},
	{"CH", "117 118 143 144 147 1414"},
	{"CL", "131 132 133"},
	{"CN", "110 119 120 122"},
	{"CO", "123"},
	{"CZ", "150 155 156 158"},
	{"DE", "110"},
	{"EG", "122 123 180"},
	{"ES", "061 062 080 085 091 092"},
	{"FR", "15 17 18 114 115 119 191 196"},
	{"GB", "999"},
	{"GR", "100 108 166 199"},
	{"HK", "999"},
	{"HU", "104 105 107"},
	{"ID", "110 113 118 119"},
	{"IE", "999"},
	{"IL", "100 101 102 104"},
	{"IN", "100 101 102 108"},
	{"IT", "113 115 118 1530"},
	{"JP", "110 118 119"},
	{"KR", "113 117 118 119"},
	{"KZ", "101 102 103 104"},
	{"LI", "117 118 144"},
	{"LU", "113"},
	{"MC", "15 17 18"},
	{"MX", "060 066"},
	{"MY", "999"},
	{"NO", "110 113"},
	{"NZ", "111"},
	{"PL", "997 998 999"},
	{"PT", "115 117"},
	{"RO", "961 962"},
	{"RU", "101 102 103 104"},
	{"SA", "997 998 999"},
	{"SG", "995 999"},
	{"SI", "113"},
	{"SK", "150 155 158"},
	{"TH", "191 199 1669"},
	{"TR", "110 155 156 177"},
	{"TW", "110 119"},
	{"UA", "101 102 103 104"},
	{"US", "9911"}, /* dialled with the digit for an outside line */
	{"ZA", "10111 10177"},
};

static const struct dear {
	char country[NUMBER_COUNTRY_SIZE];
	const char *prefix;
	size_t digits; /* at most */
} directories[] = {
	{"AT", "118", 6}, {"CH", "18", 4},  {"DE", "118", 6}, {"ES", "118", 5},
	{"FR", "118", 6}, {"GB", "118", 6}, {"IE", "118", 5}, {"IT", "12", 4},
	{"NL", "18", 4},  {"PT", "118", 5}, {"SE", "118", 6}, {"FI", "118", 6},
};

static bool has_word(const char *words, const char *word)
{
	const size_t n = strlen(word);

	while (*words) {
		const size_t len = strcspn(words, " ");

		if (len == n && memcmp(words, word, n) == 0)
			return true;
		words += len + strspn(words + len, " ");
	}
	return false;
}

static bool is_emergency(const char *country, const char *digits)
{
	size_t i;

	if (strcmp(digits, "112") == 0 || strcmp(digits, "911") == 0)
		return true;
	for (i = 0; i < ELEMENTSOF(emergencies); i++)
		if (strcmp(emergencies[i].country, country) == 0)
			return has_word(emergencies[i].numbers, digits);
	return false;
}

enum number_kind shortcode_kind(const char *country, const char *digits, const char **name)
{
	size_t i;

	if (is_emergency(country, digits)) {
		*name = "emergency";
		return NUMBER_EMERGENCY;
	}
	for (i = 0; i < ELEMENTSOF(directories); i++) {
		const struct dear *d = &directories[i];

		if (strcmp(d->country, country) == 0 && strlen(digits) <= d->digits &&
		    strncmp(digits, d->prefix, strlen(d->prefix)) == 0) {
			*name = "directory enquiries";
			return NUMBER_PREMIUM;
		}
	}
	*name = "short number";
	return NUMBER_SHORT;
}
