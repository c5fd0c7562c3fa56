/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_DETECT_NUMBER_H
#define SIPWARDEN_DETECT_NUMBER_H

#include <stddef.h>

#include "base/text.h"

#define NUMBER_PREFIX_MAX 8

/*
 * Where a dialled number leads, as far as its first digits tell: of one with an
 * international prefix (+, 00, 011, also behind the digit for an outside line,
 * as 9011 or 0+) the country code, with a '+' before it; of any other the first
 * four digits. All spellings of one country give the same. Writes it to buf,
 * NUL-terminated, and returns its length; 0: there are no digits.
 */
size_t number_prefix(struct span number, char buf[static NUMBER_PREFIX_MAX]);

#endif
