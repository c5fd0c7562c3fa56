/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measures the reader of dialled numbers alone.
 *
 *   bench_number    CPU nanoseconds for a number, by how it is spelled
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "number/plan.h"

#define ROUNDS 1000000

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(void)
{
	static const char *const dialled[] = {"2001",
					      "030 12345678",
					      "+442079460000",
					      "0018765550100",
					      "09005123456",
					      "999900972592123456",
					      "sip:%2B8816123456789@192.0.2.1;user=phone",
					      "12345612345612345612345612345612345612345"};
	struct number_site site;
	struct number n;
	unsigned sum = 0;
	size_t i, k;

	number_site_init(&site, SPAN("DE"));
	for (i = 0; i < ELEMENTSOF(dialled); i++) {
		const double start = cpu_seconds();

		for (k = 0; k < ROUNDS; k++) {
			number_read(&site, SPAN(dialled[i]), &n);
			sum += (unsigned)n.kind;
		}
		printf("%-44s %6.0f ns\n", dialled[i], (cpu_seconds() - start) * 1e9 / ROUNDS);
	}
	return sum == 0;
}
