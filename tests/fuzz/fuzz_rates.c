/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A table of rates, as a carrier offers it for download: prices within bounds, or a mistake with its line. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../ctl/report_rates.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_price(const struct rates *rates, const char *digits)
{
	struct rate rate;
	size_t n = rates_find(rates, digits, &rate);

	if (n > strlen(digits))
		abort();
	if (n && (rate.minute < 0 || rate.setup < 0 || rate_cost(&rate, 0) < 0 || rate_cost(&rate, 31 * 86400) < rate_cost(&rate, 1)))
		abort();
}

static void check_all(const struct rates *rates, const char *text, size_t len)
{
	char digits[24];
	size_t i, n = 0;

	/* Each number that stands in the table is asked for, and what begins with it. */
	for (i = 0; i <= len; i++) {
		if (i < len && text[i] >= '0' && text[i] <= '9') {
			if (n < sizeof(digits) - 2)
				digits[n++] = text[i];
			continue;
		}
		memcpy(digits + n, "7", 2);
		check_price(rates, digits);
		n = 0;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("rates", MFD_CLOEXEC), r;
	struct rates *rates = NULL;
	struct diag diag = DIAG_INIT;
	char path[32];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = rates_load(path, &diag, &rates);
	if ((r < 0) != (diag.errors > 0) || (r < 0) != !rates)
		abort();
	if (rates)
		check_all(rates, (const char *)data, size);
	rates_free(rates);
	diag_done(&diag);
	close(fd);
	return 0;
}
