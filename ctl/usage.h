/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CTL_USAGE_H
#define SIPWARDEN_CTL_USAGE_H

#include <stdio.h>

/* "sipwarden COMMAND what 'about'", and where help is. Returns CTL_USAGE. */
int usage_error(const char *command, const char *what, const char *about);
/* The help of one command, or of all (NULL). False: there is no such command. */
int usage_print(FILE *to, const char *command);

#endif
