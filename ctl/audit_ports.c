/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listeners of this host, and who reaches them. */
#include "audit_ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit_host.h"
#include "audit_ini.h"
#include "audit_reach.h"
#include "audit_service.h"
#include "audit_xml.h"
#include "base/cleanup.h"
#include "base/text.h"

/* Ports of a range that are tried: its ends, and where rules make a difference. */
#define TRIED_MAX 16

static const struct audit_check manage_open = {
	"port-manage-open", AUDIT_CRITICAL,
	"Whoever gets in there has the gateway, its calls or its passwords; nobody but you needs it.", NULL};
static const struct audit_check login_open = {
	"port-login-open", AUDIT_WARNING,
	"Everybody can guess passwords there, and try what was found wrong in that program yesterday.", NULL};
static const struct audit_check other_open = {"port-other-open", AUDIT_WARNING,
					      "What nobody needs from outside is one more way in.", NULL};
static const struct audit_check unknown = {
	"port-unknown", AUDIT_WARNING,
	"It may be open to everybody: nobody knows before it is tried, from outside.", NULL};
static const struct audit_check is_open = {
	"port-open", AUDIT_INFO, "It is meant to be reached; sipwarden looks after it if it logs.", NULL};
static const struct audit_check closed = {"port-closed", AUDIT_INFO,
					  "Strangers do not reach it, as long as the rules stay.", NULL};

struct ports {
	struct audit *a;
	struct ruleset rules;
	struct host host;
	struct sockets sockets;
};

/* Listeners */

static void add_range(struct ports *p, long first, long last, const char *process)
{
	struct socket_at s = {.protocol = IPPROTO_UDP, .family = AF_INET6, .any = true};

	if (first < 1 || last > 65535 || first >= last)
		return;
	s.port = (uint16_t)first;
	s.last_port = (uint16_t)last;
	snprintf(s.process, sizeof(s.process), "%s", process);
	sockets_add(&p->sockets, &s);
}

static void add_ini_range(struct ports *p, const char *dir, const char *file, const char *section,
			  const char *first, const char *last, const char *process)
{
	struct ini ini;

	if (ini_load(&ini, p->a, dir, file)) {
		const struct ini_section *s = ini_section(&ini, section);

		add_range(p, strtol(ini_text(s, first, "0"), NULL, 10),
			  strtol(ini_text(s, last, "0"), NULL, 10), process);
	}
	ini_done(&ini);
}

static void add_freeswitch_range(struct ports *p, const char *dir)
{
	struct xml x;
	long first = 16384, last = 32768; /* switch_rtp.c of FreeSWITCH */
	size_t i;

	if (xml_load(&x, p->a, audit_path(p->a, dir, "freeswitch.xml"))) {
		for (i = 0; i < x.n; i++) {
			const struct xml_item *item = x.items[i];

			if (strcmp(item->element, "param") != 0 || strcmp(item->config, "switch.conf") != 0)
				continue;
			if (strcmp(item->name, "rtp-start-port") == 0)
				first = strtol(item->value, NULL, 10);
			if (strcmp(item->name, "rtp-end-port") == 0)
				last = strtol(item->value, NULL, 10);
		}
		add_range(p, first, last, "freeswitch");
	}
	xml_done(&x);
}

/* Ports that rules pass on: Docker's, and others that need no listener here. */
static void add_passed_on(struct ports *p, const json_t *statements)
{
	struct socket_at s = {.family = AF_INET6, .any = true, .process = "a rule that passes it on"};
	size_t i;
	bool passes = false;

	for (i = 0; i < json_array_size(statements); i++) {
		const json_t *one = json_array_get(statements, i), *match = json_object_get(one, "match");
		const json_t *field = json_object_get(json_object_get(match, "left"), "payload"),
			     *port = json_object_get(match, "right");

		passes |= json_object_get(one, "dnat") || json_object_get(one, "redirect");
		if (strcmp(ruleset_text(field, "field"), "dport") == 0 && json_is_integer(port)) {
			s.port = s.last_port = (uint16_t)json_integer_value(port);
			s.protocol = strcmp(ruleset_text(field, "protocol"), "tcp") == 0 ? IPPROTO_TCP
											 : IPPROTO_UDP;
		}
	}
	for (i = 0; i < p->sockets.n; i++)
		passes &= !(p->sockets.s[i].any && p->sockets.s[i].port == s.port &&
			    p->sockets.s[i].protocol == s.protocol);
	if (passes && s.port)
		sockets_add(&p->sockets, &s);
}

static void add_all(struct ports *p, const char *asterisk, const char *freeswitch)
{
	size_t i, j;

	add_ini_range(p, asterisk, "rtp.conf", "general", "rtpstart", "rtpend", "asterisk");
	add_ini_range(p, "/etc/rtpengine", "rtpengine.conf", "rtpengine", "port-min", "port-max",
		      "rtpengine");
	add_freeswitch_range(p, freeswitch);
	for (i = 0; i < p->rules.n_chains; i++)
		for (j = 0; j < p->rules.chains[i].n; j++)
			add_passed_on(p, json_object_get(p->rules.chains[i].rules[j], "expr"));
}

/* A port of a call that is going on. */
static bool is_in_range(const struct ports *p, const struct socket_at *s)
{
	size_t i;

	for (i = 0; i < p->sockets.n; i++) {
		const struct socket_at *r = &p->sockets.s[i];

		if (r->port != r->last_port && r != s && s->port == s->last_port &&
		    s->protocol == IPPROTO_UDP && r->port <= s->port && s->port <= r->last_port)
			return true;
	}
	return false;
}

static bool has_ipv4(const struct ports *p, const struct socket_at *s)
{
	size_t i;

	for (i = 0; i < p->sockets.n; i++) {
		const struct socket_at *o = &p->sockets.s[i];

		if (o->any && o->family == AF_INET && o->port == s->port && o->protocol == s->protocol)
			return true;
	}
	return false;
}

/* Findings */

/* Numbers of the ruleset that are within the range: there it may change its mind. */
static size_t find_borders(const json_t *json, const struct socket_at *s, uint16_t *ports, size_t n)
{
	json_int_t x = json_is_integer(json) ? json_integer_value(json) : 0;
	const char *key;
	json_t *value;
	size_t i;

	for (i = 0; i < n && x; i++)
		if (ports[i] == x)
			return n;
	if (x > s->port && x < s->last_port && n < TRIED_MAX)
		ports[n++] = (uint16_t)x;
	if (x > s->port && x + 1 < s->last_port && n < TRIED_MAX)
		ports[n++] = (uint16_t)(x + 1);
	for (i = 0; i < json_array_size(json) && n < TRIED_MAX; i++)
		n = find_borders(json_array_get(json, i), s, ports, n);
	json_object_foreach((json_t *)json, key, value) if (strcmp(key, "handle") != 0) n =
		find_borders(value, s, ports, n);
	return n;
}

static const char *change_of(const struct socket_at *s, enum service_kind kind, enum reach_level level,
			     struct audit *a)
{
	const char *protocol = s->protocol == IPPROTO_UDP ? "udp" : "tcp", *text;

	if (level < REACH_UNKNOWN || kind == SERVICE_SIP || kind == SERVICE_MEDIA || kind == SERVICE_CLIENT)
		return "nothing: this is for your information";
	text = audit_keep(a,
			  text_printf("bind it to 127.0.0.1 or to an inner address; or in the input chain of "
				      "the firewall: %s dport %u ip saddr != YOUR-NETWORK drop",
				      protocol, s->port));
	return text ? text : "";
}

static const struct audit_check *check_of(enum service_kind kind, enum reach_level level)
{
	bool meant = kind == SERVICE_SIP || kind == SERVICE_MEDIA || kind == SERVICE_CLIENT;

	if (level < REACH_UNKNOWN)
		return &closed;
	if (level == REACH_UNKNOWN)
		return meant ? &is_open : &unknown;
	return meant			? &is_open
	       : kind == SERVICE_MANAGE ? &manage_open
	       : kind == SERVICE_LOGIN	? &login_open
					: &other_open;
}

/* "udp/0.0.0.0:5060"; kept. */
static const char *place_of(const struct ports *p, const struct socket_at *s)
{
	char address[INET6_ADDRSTRLEN], port[16];
	struct ranges one = {.n = 0};
	char text[RANGES_TEXT_MAX];
	const char *place;

	ranges_append(&one, s->address, s->address);
	snprintf(address, sizeof(address), "%.45s", ranges_text(&one, s->family, text));
	ranges_done(&one);
	snprintf(port, sizeof(port), s->port == s->last_port ? "%u" : "%u-%u", s->port, s->last_port);
	place = audit_keep(p->a, text_printf(s->family == AF_INET ? "%s/%s:%s" : "%s/[%s]:%s",
					     s->protocol == IPPROTO_UDP ? "udp" : "tcp", address, port));
	return place ? place : "";
}

static void tell(struct ports *p, const struct socket_at *s, enum reach_level level, const char *four,
		 const char *six)
{
	struct service service = service_of(s);
	struct audit_place at = {place_of(p, s), 0};

	audit_find(p->a, check_of(service.kind, level), at, at.file, change_of(s, service.kind, level, p->a),
		   "%s%s%s%s%s%s%s", *s->process ? s->process : "a program that is not known",
		   service.name ? ", " : "", service.name ? service.name : "",
		   four || six ? ". " : ". Only this machine reaches it", four ? four : "",
		   four && six ? ". " : "", six ? six : "");
	p->a->listeners++;
}

static void look_at(struct ports *p, const struct socket_at *s)
{
	uint16_t ports[TRIED_MAX] = {s->port, s->last_port};
	size_t n = s->port == s->last_port ? 1 : find_borders(p->rules.json, s, ports, 2);
	struct reach_report four = {.n = 0}, six;
	_cleanup_free_ char *four_text = NULL, *six_text = NULL;
	enum reach_level level;

	if (s->family == AF_INET || !has_ipv4(p, s))
		reach_try(&p->rules, &p->host, s, AF_INET, ports, n, &four);
	reach_try(&p->rules, &p->host, s, AF_INET6, ports, n, &six);
	four_text = reach_text(&four, AF_INET);
	six_text = reach_text(&six, AF_INET6);
	level = reach_worst(&four) > reach_worst(&six) ? reach_worst(&four) : reach_worst(&six);
	p->a->incomplete |= four.full || six.full;
	tell(p, s, level, four_text, six_text);
	reach_done(&four);
	reach_done(&six);
}

int audit_ports(struct audit *a, const char *asterisk, const char *freeswitch)
{
	struct ports p = {.a = a};
	size_t i;
	int r = ruleset_read(&p.rules);

	if (r == 0)
		r = host_read(&p.host);
	if (r == 0)
		r = sockets_read(&p.sockets);
	if (r == 0)
		add_all(&p, asterisk, freeswitch);
	for (i = 0; r == 0 && i < p.sockets.n; i++)
		if (!is_in_range(&p, &p.sockets.s[i]))
			look_at(&p, &p.sockets.s[i]);
	a->incomplete |= p.sockets.full || p.host.full;
	sockets_done(&p.sockets);
	host_done(&p.host);
	ruleset_done(&p.rules);
	return r;
}
