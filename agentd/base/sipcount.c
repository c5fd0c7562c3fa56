/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/sipcount.h"

const char *sip_count_name(enum sip_count which)
{
	static const char *const names[SIP_COUNTS] = {
		[SIP_PASS_TRUSTED] = "pass_trusted",	 [SIP_PASS_KNOWN] = "pass_known",
		[SIP_PASS_NEW] = "pass_new",		 [SIP_PASS_RETRIED] = "pass_retried",
		[SIP_DROP_TRUSTED] = "drop_trusted",	 [SIP_DROP_SOURCE] = "drop_source",
		[SIP_DROP_KEEPALIVE] = "drop_keepalive", [SIP_DROP_LARGE] = "drop_large",
		[SIP_DROP_CONNECTIONS] = "drop_connections", [SIP_DROP_CONCURRENT] = "drop_concurrent",
		[SIP_DROP_KNOWN] = "drop_known",
		[SIP_DROP_NEW] = "drop_new",		 [SIP_DROP_RETRIED] = "drop_retried",
	};

	return names[which];
}

bool sip_count_passes(enum sip_count which)
{
	return which <= SIP_PASS_RETRIED;
}
