/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_BASE_CLASS_H
#define SIPWARDEN_BASE_CLASS_H

#include <stdint.h>

/* What a log line is evidence of. */
enum event_class {
	CLASS_NONE = 0,
	CLASS_AUTH_FAILURE,
	CLASS_UNKNOWN_USER,
	CLASS_AUTH_CHALLENGE,
	CLASS_SCANNER,
	CLASS_DEFAULT_CREDENTIAL,
	CLASS_CALL_ATTEMPT,
	CLASS_CALL_DENIED,
	CLASS_ACL_DENIED,
	CLASS_MALFORMED,
	CLASS_FLOOD,
	CLASS_TLS_FAILURE,
	CLASS_AUTH_SUCCESS,
	CLASS_CALL_END,
	CLASS_COUNT
};

/* A set of classes: bit (1 << class). */
typedef uint32_t class_set;
#define CLASS_BIT(c) ((class_set)1 << (c))

/* "auth-failure", …; "none" for CLASS_NONE. Static. */
const char *class_name(enum event_class c);

#endif
