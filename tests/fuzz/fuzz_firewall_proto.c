/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What passes the check of the firewall helper's protocol is sound. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firewall/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct proto_packet p;
	char text[ADDR_TEXT_MAX];
	int side;
	unsigned i;

	if (size > sizeof(p))
		return 0;
	memset(&p, 0, sizeof(p));
	memcpy(&p, data, size);
	for (side = 0; side < 2; side++) {
		if (proto_check(&p, size, side == 1) < 0)
			continue;
		if (proto_size(p.count) != size)
			abort();
		for (i = 0; i < p.count; i++) {
			addr_format(&p.entries[i].addr, text);
			/* Questions go to a set by their family and length. */
			if (p.type != PROTO_ELEMENTS && p.entries[i].op == PROTO_SEEN && p.entries[i].addr.family == 0)
				abort();
		}
	}
	return 0;
}
