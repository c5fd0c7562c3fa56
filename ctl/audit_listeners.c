/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit_listeners.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "audit_ini.h"
#include "audit_script.h"
#include "audit_xml.h"
#include "base/addr.h"
#include "base/cleanup.h"
#include "base/text.h"

#define SIPS_PORT 5061	/* RFC 3261 18.1.1 */
#define HTTPS_PORT 8089 /* of Asterisk: http.conf.sample */

struct finder {
	struct audit *a;
	struct audit_listeners *ret;
};

/* bind: "192.0.2.1", "[::]:5061", "0.0.0.0:5061"; names are left out. */
static void add(struct finder *f, const char *bind, long port)
{
	const char *end = *bind == '[' ? strchr(bind, ']') : NULL, *colon = strchr(end ? end : bind, ':');
	size_t i, n = end				 ? (size_t)(end - bind) + 1
		      : colon && !strchr(colon + 1, ':') ? (size_t)(colon - bind)
							 : strlen(bind);
	char text[ADDR_TEXT_MAX];
	const char *target;
	struct addr host;

	if (addr_parse(bind, n, &host) < 0)
		return;
	if (bind[n] == ':')
		port = strtol(bind + n + 1, NULL, 10);
	if (port < 1 || port > 65535 || f->ret->n == LISTENERS_MAX)
		return;
	addr_format(&host, text);
	if (strcmp(text, "0.0.0.0") == 0 || strcmp(text, "::") == 0)
		snprintf(text, sizeof(text), "%s", host.family == AF_INET ? "127.0.0.1" : "::1");
	target = audit_keep(f->a, text_printf(host.family == AF_INET ? "%s:%ld" : "[%s]:%ld", text, port));
	for (i = 0; target && i < f->ret->n; i++)
		if (strcmp(f->ret->targets[i], target) == 0)
			return;
	if (target)
		f->ret->targets[f->ret->n++] = target;
}

static void find_asterisk(struct finder *f, const char *dir)
{
	struct ini pjsip, http;
	const struct ini_section *s;
	size_t i;

	ini_load(&pjsip, f->a, dir, "pjsip.conf");
	for (i = 0; i < pjsip.n; i++) {
		s = pjsip.sections[i];
		if (!s->template && strcasecmp(ini_text(s, "type", ""), "transport") == 0 &&
		    strcasecmp(ini_text(s, "protocol", "udp"), "tls") == 0)
			add(f, ini_text(s, "bind", "0.0.0.0"), SIPS_PORT);
	}
	ini_done(&pjsip);
	ini_load(&http, f->a, dir, "http.conf");
	s = ini_section(&http, "general");
	/* Without an address of its own, TLS takes that of HTTP, not its port. */
	if (audit_true(ini_text(s, "tlsenable", "no")))
		add(f, ini_text(s, "tlsbindaddr", ini_text(s, "bindaddr", "")), HTTPS_PORT);
	ini_done(&http);
}

static const char *param(const struct xml *x, const char *profile, const char *name)
{
	size_t i;

	for (i = x->n; i > 0; i--) {
		const struct xml_item *item = x->items[i - 1];

		if (strcmp(item->element, "param") == 0 && strcmp(item->config, "sofia.conf") == 0 &&
		    !item->gateway && strcmp(item->owner, profile) == 0 && strcmp(item->name, name) == 0)
			return item->value;
	}
	return "";
}

static void find_freeswitch(struct finder *f, const char *dir)
{
	struct xml x;
	size_t i, profiles = 0;

	xml_load(&x, f->a, audit_path(f->a, dir, "freeswitch.xml"));
	for (i = 0; i < x.n && profiles < XML_PROFILES_MAX; i++) {
		const struct xml_item *p = x.items[i];
		long port;

		if (strcmp(p->element, "profile") != 0 || strcmp(p->config, "sofia.conf") != 0)
			continue;
		profiles++;
		if (!audit_true(param(&x, p->name, "tls")))
			continue;
		port = strtol(param(&x, p->name, "tls-sip-port"), NULL, 10);
		add(f, param(&x, p->name, "sip-ip"), port ? port : SIPS_PORT);
	}
	xml_done(&x);
}

/* listen=tls:192.0.2.1:5061, socket=tls:192.0.2.1:5061 */
static void find_script(struct finder *f, const char *path, bool preprocess)
{
	struct script s;
	size_t i;

	script_load(&s, f->a, path, preprocess);
	for (i = 0; i + 2 < s.n; i++) {
		const struct token *t = &s.tokens[i];

		if (t->depth == 0 && (strcmp(t->text, "listen") == 0 || strcmp(t->text, "socket") == 0) &&
		    strcmp(t[1].text, "=") == 0 && strncmp(t[2].text, "tls:", 4) == 0)
			add(f, t[2].text + 4, SIPS_PORT);
	}
	script_done(&s);
}

void audit_listeners(struct audit *a, const char *asterisk, const char *freeswitch, const char *kamailio,
		     const char *opensips, struct audit_listeners *ret)
{
	struct finder f = {a, ret};
	bool all = !asterisk && !freeswitch && !kamailio && !opensips;

	*ret = (struct audit_listeners){.n = 0};
	if (all || asterisk)
		find_asterisk(&f, asterisk ? asterisk : "/etc/asterisk");
	if (all || freeswitch)
		find_freeswitch(&f, freeswitch ? freeswitch : "/etc/freeswitch");
	if (all || kamailio)
		find_script(&f, kamailio ? kamailio : "/etc/kamailio/kamailio.cfg", true);
	if (all || opensips)
		find_script(&f, opensips ? opensips : "/etc/opensips/opensips.cfg", false);
}
