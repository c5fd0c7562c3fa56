/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever is read as an address is written and read again as the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct addr *a)
{
	char text[ADDR_TEXT_MAX];
	struct addr again;

	addr_format(a, text);
	if (addr_parse_prefix(text, strlen(text), false, &again) < 0 || !addr_equal(a, &again))
		abort();
	if (!addr_covers(a, &again) || !addr_overlaps(a, &again))
		abort();
	addr_unbannable(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct addr a;

	if (addr_parse((const char *)data, size, &a) == 0)
		check(&a);
	if (addr_parse_prefix((const char *)data, size, true, &a) == 0)
		check(&a);
	return 0;
}
