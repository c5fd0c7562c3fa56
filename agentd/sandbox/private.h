/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_SANDBOX_PRIVATE_H
#define SIPWARDEN_SANDBOX_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

/* Between sandbox.c (what each process may do), landlock.c and seccomp.c. */

/* What is allowed; all else is not. */
struct landlock_rights {
	const char *const *readable; /* directories, NULL-terminated; or NULL */
	const char *const *writable; /* read, too */
	bool dns;		     /* TCP to port 53 */
};

/* Returns how much of it the kernel knows (its ABI, from 1), or negative errno. */
int landlock_apply(const struct landlock_rights *rights);

/* Return 0 or negative errno. */
int seccomp_agent(void);
int seccomp_helper(void);

#endif
