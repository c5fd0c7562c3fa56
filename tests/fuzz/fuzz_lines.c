/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The splitter: in whatever pieces a log is read, the lines are the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "input/lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t split(const uint8_t *data, size_t size, size_t step, char *out)
{
	struct lines l;
	size_t used = 0, whole;

	if (lines_init(&l, NULL, NULL) < 0)
		abort();
	while (size > 0) {
		size_t n = step < size ? step : size;

		memcpy(lines_room(&l), data, n);
		whole = lines_take(&l, n);
		memcpy(out + used, l.buf, whole);
		used += whole;
		lines_next(&l);
		data += n;
		size -= n;
	}
	whole = lines_end(&l);
	memcpy(out + used, l.buf, whole);
	used += whole;
	lines_done(&l);
	return used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *one = malloc(size + 2), *other = malloc(size + 2);
	size_t n, m;

	if (!one || !other)
		abort();
	if (size > 0) {
		n = split(data, size, LINES_READ_SIZE, one);
		m = split(data, size, data[0] % 7 + 1, other);
		if (n != m || memcmp(one, other, n) != 0 || (n > 0 && one[n - 1] != '\n'))
			abort();
	}
	free(one);
	free(other);
	return 0;
}
