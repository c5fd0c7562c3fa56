/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A fail2ban filter, from its INI to a filter of ours. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../ctl/f2b_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diag diag = DIAG_INIT;
	struct f2b_import im = {.name = "fuzz"};
	struct f2b_text text = {.max = (size_t)4 << 20};
	size_t i;

	if (f2b_read_text(&im.f, "fuzz", (const char *)data, size, &diag) == 0 && f2b_import_run(&im) == 0) {
		f2b_import_write(&im, &text);
		for (i = 0; i < im.n_items; i++)
			if (!im.items[i].regex == !im.items[i].why)
				abort();
	}
	f2b_text_done(&text);
	f2b_import_done(&im);
	diag_done(&diag);
	return 0;
}
