/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever a DNS server answers, only hosts that could be banned and real names come out, within bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "resolve/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct answer a = { .ttl = UINT32_MAX };
	char name[HOSTNAME_TEXT_MAX];
	size_t i;

	answer_read(data, size, &a);
	answer_read(data, size, &a);
	if (a.n_addrs > ANSWER_ADDRS_MAX || a.n_targets > ANSWER_TARGETS_MAX)
		abort();
	for (i = 0; i < a.n_addrs; i++)
		if (!addr_is_host(&a.addrs[i]) || addr_unbannable(&a.addrs[i]))
			abort();
	for (i = 0; i < a.n_targets; i++)
		if (hostname_parse(a.targets[i], name) < 0)
			abort();
	return 0;
}
