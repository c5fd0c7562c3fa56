/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_F2B_CLASS_H
#define SIPWARDEN_F2B_CLASS_H

#include "base/class.h"

/* What a line is evidence of, guessed from the words of its regex and the name of the filter. */
enum event_class f2b_class_guess(const char *filter, const char *regex);

#endif
