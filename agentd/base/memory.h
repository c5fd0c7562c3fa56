/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_BASE_MEMORY_H
#define SIPWARDEN_BASE_MEMORY_H

#include <stdint.h>

/* Where the kernel tells what this process holds, open before the right to open files is given up
 * (and after fork(2): it is of the process that opened it). A descriptor, or negative errno. */
int memory_open(void);
/* Bytes of this process that are in memory (resident); 0: not known. */
uint64_t memory_resident(int fd);

#endif
