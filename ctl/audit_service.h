/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AUDIT_SERVICE_H
#define SIPWARDEN_AUDIT_SERVICE_H

#include "audit_sockets.h"

/* What a listener is, by its port and process, and how bad it is if strangers reach it. */
enum service_kind {
	SERVICE_SIP,	/* for everybody, mostly */
	SERVICE_MEDIA,	/* for everybody in a call */
	SERVICE_MANAGE, /* who reaches it and gets in, has the gateway: AMI, databases, … */
	SERVICE_LOGIN,	/* for admins: SSH, web */
	SERVICE_OTHER,
	SERVICE_CLIENT, /* a UDP port that a program asks others from, as DNS */
};

struct service {
	enum service_kind kind;
	const char *name; /* "the management interface of Asterisk (AMI)"; NULL: not known */
};

struct service service_of(const struct socket_at *s);

#endif
