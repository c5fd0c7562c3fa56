/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/kernelset.h"

const char *kernel_set_name(enum kernel_set set)
{
	static const char *const names[KERNEL_SETS] = { "ban4",	   "ban6",    "ban64", "net4", "net6",
							"exempt4", "exempt6", "seen4", "seen6" };

	return names[set];
}
