/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/class.h"

static const char *const names[CLASS_COUNT] = {
	[CLASS_NONE] = "none",
	[CLASS_AUTH_FAILURE] = "auth-failure",
	[CLASS_UNKNOWN_USER] = "unknown-user",
	[CLASS_AUTH_CHALLENGE] = "auth-challenge",
	[CLASS_SCANNER] = "scanner",
	[CLASS_DEFAULT_CREDENTIAL] = "default-credential",
	[CLASS_CALL_ATTEMPT] = "call-attempt",
	[CLASS_CALL_DENIED] = "call-denied",
	[CLASS_ACL_DENIED] = "acl-denied",
	[CLASS_MALFORMED] = "malformed",
	[CLASS_FLOOD] = "flood",
	[CLASS_TLS_FAILURE] = "tls-failure",
	[CLASS_AUTH_SUCCESS] = "auth-success",
	[CLASS_CALL_END] = "call-end",
};

const char *class_name(enum event_class c)
{
	return c < CLASS_COUNT ? names[c] : "none";
}
