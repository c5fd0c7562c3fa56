/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_BASE_KERNELSET_H
#define SIPWARDEN_BASE_KERNELSET_H

#include <stdbool.h>
#include <stdint.h>

/* The sets in the kernel that fill up, as agent and firewall helper call them. */
enum kernel_set {
	KERNEL_BAN4,
	KERNEL_BAN6,
	KERNEL_BAN64,
	KERNEL_PORT4,
	KERNEL_NET4,
	KERNEL_NET6,
	KERNEL_EXEMPT4,
	KERNEL_EXEMPT6,
	KERNEL_SEEN4,
	KERNEL_SEEN6,
	KERNEL_CALLED4,
	KERNEL_CALLED6,
	/* Of the SIP firewall; the rest of its sets are as large as KERNEL_SOURCE4. */
	KERNEL_TRUSTED4,
	KERNEL_TRUSTED6,
	KERNEL_ANSWERED4,
	KERNEL_ANSWERED6,
	KERNEL_GREY4,
	KERNEL_GREY6,
	KERNEL_LIMITED4,
	KERNEL_LIMITED6,
	KERNEL_SOURCE4,
	KERNEL_SOURCE6,
	KERNEL_SETS
};

struct kernel_set_size {
	bool known;
	uint64_t count; /* elements, as the limit counts them; prefixes and exemptions: as they were asked for */
	uint64_t limit; /* 0: none */
};

#define KERNEL_SIP_FIRST KERNEL_TRUSTED4

/* "ban4", …: as in nft(8). Static. */
const char *kernel_set_name(enum kernel_set set);

#endif
