/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sandbox/sandbox.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "sandbox/private.h"

/* linux/prctl.h of Linux 6.3 */
#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

/* Landlock that also knows truncation (3); without it an open file could be cut anywhere. */
#define LANDLOCK_ABI_USEFUL 3

/* Sanitizers start threads and a tracer, and write where they like. */
#ifdef SIPWARDEN_SANITIZED
#define SANITIZED true
#else
#define SANITIZED false
#endif

static void apply(const struct landlock_rights *rights, int (*seccomp)(void), const char *what)
{
	int r;

	if (SANITIZED) {
		log_warning("%s is not confined: it was built with sanitizers, which need more than would be allowed", what);
		return;
	}
	/* seccomp refuses the same; this also sees what seccomp cannot, and is there if seccomp is not. */
	prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0);
	r = landlock_apply(rights);
	if (r < 0)
		log_warning("%s is not confined to its files: Landlock cannot be used here (%s); file permissions, and "
			    "the unit if systemd started it, hold",
			    what, strerror(-r));
	else if (r < LANDLOCK_ABI_USEFUL)
		log_notice("%s is confined to its files, but this kernel's Landlock (version %d) lets it shorten others that "
			   "it may write",
			   what, r);
	r = seccomp();
	if (r < 0)
		log_warning("%s is not confined to the system calls that it needs: seccomp cannot be used here (%s)", what,
			    strerror(-r));
}

/*
 * From version 254 on, libsystemd loads what decompresses journal entries when it
 * meets the first: that would be too late. Where it is linked to them, they are there.
 */
static void load_decompressors(void)
{
	static const char *const names[] = { "libzstd.so.1", "liblz4.so.1", "liblzma.so.5" };
	size_t i;

	for (i = 0; i < ELEMENTSOF(names); i++)
		dlopen(names[i], RTLD_NOW | RTLD_NODELETE);
}

void sandbox_agent(const char *const *writable)
{
	static const char *const everywhere[] = { "/", NULL };
	const struct landlock_rights rights = { .readable = everywhere, .writable = writable, .dns = true };

	load_decompressors();
	apply(&rights, seccomp_agent, "The agent");
}

void sandbox_helper(const char *const *readable)
{
	const struct landlock_rights rights = { .readable = readable };

	apply(&rights, seccomp_helper, "The firewall helper");
}
