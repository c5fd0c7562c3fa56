/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/kernelset.h"

const char *kernel_set_name(enum kernel_set set)
{
	static const char *const names[KERNEL_SETS] = {
		[KERNEL_BAN4] = "ban4",	      [KERNEL_BAN6] = "ban6",	    [KERNEL_BAN64] = "ban64",
		[KERNEL_PORT4] = "port4",     [KERNEL_NET4] = "net4",	    [KERNEL_NET6] = "net6",
		[KERNEL_EXEMPT4] = "exempt4", [KERNEL_EXEMPT6] = "exempt6", [KERNEL_SEEN4] = "seen4",
		[KERNEL_SEEN6] = "seen6",     [KERNEL_CALLED4] = "called4", [KERNEL_CALLED6] = "called6",
		[KERNEL_TRUSTED4] = "trusted4",	  [KERNEL_TRUSTED6] = "trusted6",   [KERNEL_ANSWERED4] = "answered4",
		[KERNEL_ANSWERED6] = "answered6", [KERNEL_GREY4] = "grey4",	    [KERNEL_GREY6] = "grey6",
		[KERNEL_LIMITED4] = "limited4",	  [KERNEL_LIMITED6] = "limited6",   [KERNEL_SOURCE4] = "source4",
		[KERNEL_SOURCE6] = "source6",
	};

	return names[set];
}
