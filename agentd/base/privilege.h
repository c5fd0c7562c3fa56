/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_BASE_PRIVILEGE_H
#define SIPWARDEN_BASE_PRIVILEGE_H

#include <stdbool.h>

/*
 * Gives up every capability for good, and becomes user (its groups, and those
 * that may read logs: adm and systemd-journal) if we are root and user is not
 * NULL or "root". Says what is wrong. Returns 0 or negative errno.
 */
int privilege_drop(const char *user);

/*
 * Makes sure that the directory exists and, when we are root, that user may
 * write in it. Only a directory made here changes its owner, never what a link leads to.
 */
int privilege_prepare_dir(const char *path, const char *user);

#endif
