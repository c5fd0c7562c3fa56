/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AUDIT_VALUE_H
#define SIPWARDEN_AUDIT_VALUE_H

#include "audit_match.h"

/* What an expression of a rule, as {"payload": …}, is for a packet. */
enum value_kind {
	VALUE_UNKNOWN, /* depends on more than is given */
	VALUE_ABSENT,  /* the packet has no such thing: its rule ends here, whatever is asked */
	VALUE_NUMBER,
	VALUE_TEXT,
	VALUE_SOURCE, /* the source address */
};

enum value_names { NAMES_NONE, NAMES_CT_STATE, NAMES_CT_STATUS, NAMES_TCP_FLAGS, NAMES_ADDRESS };

struct value {
	enum value_kind kind;
	number_t number;
	const char *text;	/* of VALUE_TEXT; of a number that has a name, that */
	enum value_names names; /* of which its constants are */
	const char *unknown;	/* what it depends on */
};

struct value value_of(const struct packet *p, const json_t *expression);
/* The constant as a number; bits in arrays and {"|"} are joined. False: it is none of these names. */
bool value_constant(const struct value *v, int family, const json_t *constant, number_t *ret);

#endif
