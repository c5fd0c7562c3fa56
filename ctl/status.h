/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CTL_STATUS_H
#define SIPWARDEN_CTL_STATUS_H

#include <jansson.h>

/*
 * What Status() answers, with times and spans in microseconds: facts, and arrays "inputs", "sets"
 * and "problems". Prints it for people: first whether they are protected, and if
 * not what to do.
 */
void status_print(const json_t *facts);

#endif
