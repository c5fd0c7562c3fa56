/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/number.h"

#include <stdbool.h>
#include <string.h>

/* More digits than any number has (ITU-T E.164, 6: fifteen) and all that may stand before them. */
#define DIGITS_MAX 40
#define NATIONAL_DIGITS 4

/*
 * How long a country code is (ITU-T E.164, list of assigned codes): 1 and 7
 * alone, two digits where the second is listed here for the first, else three.
 */
static const char *const two_digits[10] = {
	[2] = "07",	 [3] = "0123469", [4] = "013456789", [5] = "12345678",
	[6] = "0123456", [8] = "12469",	  [9] = "0123458",
};

static size_t country_code(const char *digits)
{
	unsigned first = (unsigned)(digits[0] - '0');

	if (first == 1 || first == 7)
		return 1;
	if (digits[1] && two_digits[first] && strchr(two_digits[first], digits[1]))
		return 2;
	return 3;
}

/* Where the country code begins, or NULL: it is no international number. */
static const char *after_international(const char *digits, bool plus)
{
	const char *p = digits;

	if (plus)
		return p + strspn(p, "0");
	/* A digit for an outside line, and the rest of a prefix that cannot be a number of its own. */
	if (strncmp(p, "9011", 4) == 0)
		return p + 4;
	if (strncmp(p, "9000", 4) == 0)
		return p + 4 + strspn(p + 4, "0");
	if (strncmp(p, "011", 3) == 0)
		return p + 3;
	if (strncmp(p, "00", 2) == 0)
		return p + strspn(p, "0");
	return NULL;
}

size_t number_prefix(struct span number, char buf[static NUMBER_PREFIX_MAX])
{
	char digits[DIGITS_MAX + 1];
	const char *code;
	size_t i, n = 0, len;
	bool plus = false;

	for (i = 0; i < number.len && n < DIGITS_MAX; i++) {
		/* What stands before a '+' is the way out of the house. */
		if (number.ptr[i] == '+') {
			plus = true;
			n = 0;
		} else if (number.ptr[i] >= '0' && number.ptr[i] <= '9') {
			digits[n++] = number.ptr[i];
		} else if (number.ptr[i] == '@') {
			break;
		}
	}
	digits[n] = '\0';
	if (n == 0)
		return 0;
	code = after_international(digits, plus);
	if (!code || *code == '\0') {
		len = n < NATIONAL_DIGITS ? n : NATIONAL_DIGITS;
		memcpy(buf, digits, len);
		buf[len] = '\0';
		return len;
	}
	len = strnlen(code, country_code(code));
	buf[0] = '+';
	memcpy(buf + 1, code, len);
	buf[len + 1] = '\0';
	return len + 1;
}
