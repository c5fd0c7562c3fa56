/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CTL_HTML_H
#define SIPWARDEN_CTL_HTML_H

#include <stdio.h>

/* Text as data, in an element or a quoted attribute. NULL is nothing. */
void html_put(FILE *to, const char *text);

/* A policy that forbids whatever a name could smuggle in, should the escaping ever fail. */
#define HTML_POLICY                                                                                          \
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "              \
	"'unsafe-inline'\">\n"

#endif
