/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/mapped.h"

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static volatile sig_atomic_t depth;
static uintptr_t page_size;

/* Puts an empty page where there is none any more. mmap() is a plain system call. */
static void on_sigbus(int signal_number, siginfo_t *info, void *context)
{
	char *page = (char *)info->si_addr - (uintptr_t)info->si_addr % page_size;

	(void)context;
	if (depth > 0 && info->si_code == BUS_ADRERR &&
	    mmap(page, page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED)
		return;
	/* It comes again at once. */
	signal(signal_number, SIG_DFL);
}

void mapped_init(void)
{
	struct sigaction action = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };

	page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
	sigaction(SIGBUS, &action, NULL);
}

void mapped_begin(void)
{
	depth++;
}

void mapped_end(void)
{
	depth--;
}
