/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AUDIT_XML_H
#define SIPWARDEN_AUDIT_XML_H

#include "audit.h"

/*
 * A configuration of FreeSWITCH: freeswitch.xml and all that X-PRE-PROCESS lines
 * include, with their variables, as switch_xml.c of FreeSWITCH reads it. Nothing is
 * executed or loaded from elsewhere. What is not understood is noted and left out.
 */
struct xml_item {
	const char *element;  /* "param", "node", "map", "user", "list", "profile", "load" */
	const char *config;   /* name of the <configuration> around it; "" outside of any */
	const char *owner;    /* name or id of the nearest profile, list or user; "" */
	const char *name;     /* attribute name, module or type */
	const char *value;    /* attribute value, data, cidr or default; variables are replaced */
	const char *variable; /* the whole value is this variable; NULL otherwise */
	bool gateway;	      /* in a <gateway>: an account elsewhere */
	struct audit_place at;
	const struct xml_item *user; /* the <user> around it; NULL: none */
};

struct xml_variable {
	char *name, *value;
	struct audit_place at; /* where it was set last */
};

struct xml {
	struct audit *a;
	struct xml_item **items;
	size_t n, size;
	struct xml_variable *variables;
	size_t n_variables;
	bool full; /* over a limit: the rest was left out */
};

#define XML_ITEMS_MAX 100000
#define XML_VARIABLES_MAX 500
/* Each is looked for in all items. */
#define XML_PROFILES_MAX 100

/* Reads path and all that it includes. False: it is not there. Release with xml_done(). */
bool xml_load(struct xml *x, struct audit *a, const char *path);
void xml_done(struct xml *x);
const struct xml_variable *xml_variable(const struct xml *x, const char *name);

#endif
