/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FreeSWITCH: the directory's passwords, what its profiles let in, and who may command it. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "audit_secret.h"
#include "audit_xml.h"
#include "base/cleanup.h"
#include "base/text.h"

#define ACLS_MAX 16

static const struct audit_check default_password = {
	"freeswitch-default-password", AUDIT_CRITICAL,
	"Scanners know the password that FreeSWITCH ships, and try it for 1000 to 1019.",
	"vars.xml as shipped: \"YOU SHOULD CHANGE THIS default_password value if you don't want to be "
	"subject to any toll "
	"fraud\""};
static const struct audit_check event_password = {"freeswitch-event-socket-password", AUDIT_CRITICAL,
						  "Who reaches the event socket with it commands FreeSWITCH, "
						  "and can run programs as its user; also every local user "
						  "and every script on this host.",
						  "the password is ClueCon unless set (mod_event_socket.c)"};
static const struct audit_check event_open = {
	"freeswitch-event-socket-open", AUDIT_CRITICAL,
	"The event socket commands FreeSWITCH, in the clear, and does not log failed logins.",
	"listen-ip is 127.0.0.1 and apply-inbound-acl is loopback.auto unless set (mod_event_socket.c)"};
static const struct audit_check event_acl = {
	"freeswitch-event-socket-listens", AUDIT_WARNING,
	"Only its access list, which is nowhere written down, keeps strangers from the socket that commands "
	"FreeSWITCH.",
	"apply-inbound-acl is loopback.auto unless set (mod_event_socket.c)"};
static const struct audit_check guest_calls = {"freeswitch-guest-calls", AUDIT_WARNING,
					       "Anybody on the internet can call into the profile's context "
					       "without a password. Scanners look for extensions "
					       "there that lead to the world.",
					       "calls are authenticated only with auth-calls (sofia.c, "
					       "PFLAG_AUTH_CALLS); sipwarden's gateways/freeswitch.md"};
static const struct audit_check blind = {
	"freeswitch-blind", AUDIT_CRITICAL,
	"Any password is taken for the right one: a stranger registers, or calls, as any of your phones.",
	"accept-blind-reg, accept-blind-auth (sofia.c, sofia_reg.c)"};
static const struct audit_check no_password = {
	"freeswitch-no-password", AUDIT_CRITICAL, "A stranger registers as this user without any password.",
	"\"omit password for authless registration\" (directory/default/brian.xml as shipped); "
	"allow-empty-password is true "
	"unless set (sofia_reg.c)"};
static const struct audit_check unlogged = {
	"freeswitch-failures-unlogged", AUDIT_WARNING,
	"Wrong passwords are not logged, so sipwarden cannot see who guesses them.",
	"log-auth-failures is off unless set (sofia.c, PFLAG_LOG_AUTH_FAIL); sipwarden's "
	"gateways/freeswitch.md"};
static const struct audit_check old_tls = {
	"freeswitch-old-tls", AUDIT_WARNING,
	"TLS 1.0 and 1.1 are broken and must not be used (RFC 8996 section 4 and 5; RFC 9325 section 3.1.1).",
	"TLS 1.0 to 1.3 unless tls-version is set (sofia.c); vars.xml as shipped: tlsv1,tlsv1.1,tlsv1.2"};
static const struct audit_check open_list = {
	"freeswitch-acl-open", AUDIT_WARNING,
	"What the list does not name is let in, and a profile or socket relies on it.",
	"acl.conf.xml: default of a list; apply-inbound-acl, apply-register-acl"};
static const struct audit_check rpc = {
	"freeswitch-xml-rpc-password", AUDIT_CRITICAL,
	"Who logs in there commands FreeSWITCH by HTTP; failed logins are not logged.",
	"auth-pass is \"works\" in xml_rpc.conf.xml as shipped"};

static const char *subject(const struct xml *x, const char *first, const char *second)
{
	char *text = audit_keep(x->a, text_printf("%s/%s", first, second));

	return text ? text : first;
}

static bool is_param(const struct xml_item *item, const char *config, const char *owner)
{
	return strcmp(item->element, "param") == 0 && strcmp(item->config, config) == 0 && !item->gateway &&
	       !item->user && (!owner || strcmp(item->owner, owner) == 0);
}

/* The last param of that name in a configuration (and profile), or NULL. */
static const struct xml_item *get(const struct xml *x, const char *config, const char *owner,
				  const char *name)
{
	size_t i;

	for (i = x->n; i > 0; i--)
		if (is_param(x->items[i - 1], config, owner) && strcmp(x->items[i - 1]->name, name) == 0)
			return x->items[i - 1];
	return NULL;
}

/* Where to change a value: at the variable that it is. */
static struct audit_place place_of(const struct xml *x, const struct xml_item *item)
{
	const struct xml_variable *v = item->variable ? xml_variable(x, item->variable) : NULL;

	return v ? v->at : item->at;
}

/* Users */

static void check_default_password(const struct xml *x)
{
	const struct xml_variable *v = xml_variable(x, "default_password");
	size_t i, users = 0;

	for (i = 0; i < x->n; i++)
		users += x->items[i]->variable && x->items[i]->user &&
			 strcmp(x->items[i]->variable, "default_password") == 0;
	if (v && strcmp(v->value, "1234") == 0 && users > 0)
		audit_find(x->a, &default_password, v->at, "default_password",
			   "default_password=what 'openssl rand -base64 24' prints; better: one of its own "
			   "for each user",
			   "%zu setting%s the password that FreeSWITCH ships", users,
			   users == 1 ? " of a user has" : "s of users have");
	else if (v && users > 0)
		audit_secret(x->a, v->at, "freeswitch/default_password", "default_password",
			     "default_password", v->value);
}

static void check_user_param(const struct xml *x, const struct xml_item *item)
{
	const char *id = item->user->name;

	/* That of all is found once. */
	if (item->variable && strcmp(item->variable, "default_password") == 0)
		return;
	if (strcmp(item->name, "password") == 0 && *item->value)
		audit_secret(x->a, place_of(x, item), subject(x, "freeswitch/user", id), id, "password",
			     item->value);
	else if (strcmp(item->name, "vm-password") == 0)
		audit_pin(x->a, place_of(x, item), subject(x, "freeswitch/vm", id), id, "vm-password",
			  item->value);
}

/* The params of a user follow it, before the next one's. */
static void check_user(const struct xml *x, size_t at)
{
	const struct xml_item *user = x->items[at];
	bool any = false, password = false;
	size_t i;

	for (i = at + 1; i < x->n && x->items[i]->user == user; i++) {
		const struct xml_item *item = x->items[i];

		if (item->gateway || strcmp(item->element, "param") != 0)
			continue;
		any = true;
		if (strcmp(item->name, "password") == 0 || strcmp(item->name, "a1-hash") == 0)
			password |= *item->value != '\0';
		if (strcmp(item->name, "allow-empty-password") == 0)
			password |= !audit_true(item->value);
		check_user_param(x, item);
	}
	/* Without any parameters it points to another one, or is no phone. */
	if (any && !password)
		audit_find(x->a, &no_password, user->at, subject(x, "user", user->name),
			   "<param name=\"password\" value=\"…\"/>, or allow-empty-password false",
			   "user '%s' has no password", user->name);
}

/* Profiles */

static void check_flag(const struct xml *x, const char *profile, const char *name,
		       const struct audit_check *check)
{
	const struct xml_item *item = get(x, "sofia.conf", profile, name);

	if (item && audit_true(item->value))
		audit_find(x->a, check, place_of(x, item), subject(x, profile, name), "value=\"false\"",
			   "%s is on in profile '%s'", name, profile);
}

static void check_calls(const struct xml *x, const struct xml_item *profile)
{
	const struct xml_item *auth = get(x, "sofia.conf", profile->name, "auth-calls");
	const struct xml_item *context = get(x, "sofia.conf", profile->name, "context");

	/* Without auth-calls an access list refuses all that it does not name (sofia.c). */
	if ((auth && audit_true(auth->value)) || get(x, "sofia.conf", profile->name, "apply-inbound-acl"))
		return;
	audit_find(x->a, &guest_calls, auth ? place_of(x, auth) : profile->at,
		   subject(x, profile->name, "auth-calls"),
		   "<param name=\"auth-calls\" value=\"true\"/>, or apply-inbound-acl with a list of your "
		   "carriers",
		   "profile '%s' takes calls from anybody, into context '%s'", profile->name,
		   context && *context->value ? context->value : "default");
}

static bool is_old_tls(const char *versions)
{
	return audit_in_list(versions, "tlsv1") || audit_in_list(versions, "tlsv1.1") ||
	       audit_in_list(versions, "sslv2") || audit_in_list(versions, "sslv3") ||
	       audit_in_list(versions, "sslv23");
}

static void check_tls(const struct xml *x, const struct xml_item *profile)
{
	const struct xml_item *tls = get(x, "sofia.conf", profile->name, "tls");
	const struct xml_item *version = get(x, "sofia.conf", profile->name, "tls-version");

	if (!tls || !audit_true(tls->value) || (version && *version->value && !is_old_tls(version->value)))
		return;
	audit_find(x->a, &old_tls, version ? place_of(x, version) : tls->at,
		   subject(x, profile->name, "tls-version"),
		   "<param name=\"tls-version\" value=\"tlsv1.2,tlsv1.3\"/>",
		   "profile '%s' accepts TLS below 1.2", profile->name);
}

static void check_profile(const struct xml *x, const struct xml_item *profile)
{
	const struct xml_item *log = get(x, "sofia.conf", profile->name, "log-auth-failures");

	check_flag(x, profile->name, "accept-blind-reg", &blind);
	check_flag(x, profile->name, "accept-blind-auth", &blind);
	check_calls(x, profile);
	check_tls(x, profile);
	if (!log || !audit_true(log->value))
		audit_find(x->a, &unlogged, log ? place_of(x, log) : profile->at,
			   subject(x, profile->name, "log-auth-failures"),
			   "<param name=\"log-auth-failures\" value=\"true\"/>",
			   "profile '%s' does not log wrong passwords", profile->name);
}

/* Access lists */

/* 0: no such list; 1: its default is deny, and nothing in it is all; 2: open. */
static int list_state(const struct xml *x, const char *name, struct audit_place *at)
{
	int state = strcmp(name, "any_v4.auto") == 0 || strcmp(name, "any_v6.auto") == 0 ? 2 : 0;
	size_t i;

	for (i = 0; i < x->n && state < 2; i++) {
		const struct xml_item *item = x->items[i];

		if (strcmp(item->config, "acl.conf") != 0)
			continue;
		if (strcmp(item->element, "list") == 0 && strcmp(item->name, name) == 0)
			state = strcasecmp(item->value, "allow") == 0 ? 2 : 1;
		else if (strcmp(item->element, "node") == 0 && strcmp(item->owner, name) == 0 &&
			 strcasecmp(item->name, "allow") == 0 && strlen(item->value) > 2 &&
			 strcmp(item->value + strlen(item->value) - 2, "/0") == 0)
			state = 2;
		if (state)
			*at = item->at;
	}
	return state;
}

static void check_lists(const struct xml *x)
{
	const char *seen[ACLS_MAX];
	size_t i, k, n = 0;

	for (i = 0; i < x->n && n < ACLS_MAX; i++) {
		const struct xml_item *item = x->items[i];
		struct audit_place at = item->at;

		if (strcmp(item->element, "param") != 0 || (strcmp(item->name, "apply-inbound-acl") != 0 &&
							    strcmp(item->name, "apply-register-acl") != 0))
			continue;
		for (k = 0; k < n && strcmp(seen[k], item->value) != 0; k++)
			;
		if (k < n)
			continue;
		seen[n++] = item->value;
		if (list_state(x, item->value, &at) == 2)
			audit_find(x->a, &open_list, at, subject(x, "acl", item->value),
				   "default=\"deny\", and no /0", "the access list '%s' lets everybody in",
				   item->value);
	}
}

/* The log */

static void check_log(const struct xml *x)
{
	static const struct audit_check quiet = {
		"freeswitch-log-level", AUDIT_WARNING,
		"Wrong passwords are warnings of sofia_reg.c, and no log file gets these, so sipwarden "
		"cannot see them.",
		"sipwarden's gateways/freeswitch.md; mappings of logfile.conf.xml"};
	static const struct audit_check debug = {
		"freeswitch-log-debug", AUDIT_INFO,
		"With DEBUG, what callers send is written line by line, so a caller can write lines of his "
		"own into that log.",
		"sipwarden's gateways/freeswitch.md: what to keep out of that log"};
	static const char change[] =
		"a profile for sipwarden, with <map name=\"sofia_reg.c\" value=\"warning,err\"/>";
	const struct xml_item *last = NULL, *noisy = NULL;
	bool sound = false;
	size_t i;

	for (i = 0; i < x->n; i++) {
		const struct xml_item *item = x->items[i];

		if (strcmp(item->element, "map") != 0 || strcmp(item->config, "logfile.conf") != 0)
			continue;
		last = item;
		if (strcmp(item->name, "all") != 0 && strcmp(item->name, "sofia_reg.c") != 0)
			continue;
		if (!audit_in_list(item->value, "warning") && !audit_in_list(item->value, "all"))
			continue;
		if (audit_in_list(item->value, "debug") || audit_in_list(item->value, "all"))
			noisy = item;
		else
			sound = true;
	}
	if (last && !sound && !noisy)
		audit_find(x->a, &quiet, last->at, "logfile.conf", change,
			   "no log file gets the warnings of sofia_reg.c");
	else if (!sound && noisy)
		audit_find(x->a, &debug, noisy->at, "logfile.conf", change,
			   "the only log with wrong passwords has DEBUG, too");
}

/* Who may command it */

static bool loads(const struct xml *x, const char *module)
{
	size_t i;

	for (i = 0; i < x->n; i++)
		if (strcmp(x->items[i]->element, "load") == 0 && strcmp(x->items[i]->name, module) == 0)
			return true;
	return false;
}

static void check_event_socket(const struct xml *x, struct audit_place top)
{
	static const char config[] = "event_socket.conf";
	const struct xml_item *password = get(x, config, NULL, "password"),
			      *ip = get(x, config, NULL, "listen-ip");
	const struct xml_item *acl = get(x, config, NULL, "apply-inbound-acl");
	struct audit_place at = ip ? place_of(x, ip) : top, list;

	if (!loads(x, "mod_event_socket"))
		return;
	if (!password || !*password->value || strcmp(password->value, "ClueCon") == 0)
		audit_find(x->a, &event_password, password ? place_of(x, password) : top, "event_socket.conf",
			   "<param name=\"password\" value=\"…\"/>, as by: openssl rand -base64 24",
			   "the event socket has the password that FreeSWITCH ships");
	else
		audit_secret(x->a, place_of(x, password), "freeswitch/event_socket.conf", "event_socket",
			     "password", password->value);
	if (!ip || !*ip->value || audit_bind_is_local(ip->value))
		return;
	if (!acl)
		audit_find(x->a, &event_acl, at, "event_socket.conf",
			   "<param name=\"listen-ip\" value=\"127.0.0.1\"/>",
			   "the event socket listens beyond localhost, without apply-inbound-acl");
	else if (strcmp(acl->value, "loopback.auto") != 0 && list_state(x, acl->value, &list) != 1)
		audit_find(x->a, &event_open, at, "event_socket.conf",
			   "<param name=\"listen-ip\" value=\"127.0.0.1\"/>, or a list of the addresses that "
			   "need it",
			   "the event socket listens beyond localhost, and its access list '%s' is open or "
			   "not known here",
			   acl->value);
}

static void check_rpc(const struct xml *x)
{
	const struct xml_item *pass = get(x, "xml_rpc.conf", NULL, "auth-pass");

	if (!loads(x, "mod_xml_rpc") || !pass)
		return;
	if (strcmp(pass->value, "works") == 0)
		audit_find(x->a, &rpc, place_of(x, pass), "xml_rpc.conf",
			   "<param name=\"auth-pass\" value=\"…\"/>",
			   "mod_xml_rpc is loaded with the password that FreeSWITCH ships");
	else
		audit_secret(x->a, place_of(x, pass), "freeswitch/xml_rpc.conf", "xml_rpc", "auth-pass",
			     pass->value);
}

static void check_all(const struct xml *x, struct audit_place top)
{
	size_t i, profiles = 0;

	check_default_password(x);
	for (i = 0; i < x->n; i++) {
		const struct xml_item *item = x->items[i];

		if (strcmp(item->element, "user") == 0)
			check_user(x, i);
		else if (strcmp(item->element, "profile") == 0 && strcmp(item->config, "sofia.conf") == 0 &&
			 ++profiles <= XML_PROFILES_MAX)
			check_profile(x, item);
	}
	if (profiles > XML_PROFILES_MAX)
		audit_note(x->a, top, "there are too many profiles, the rest was left out");
	check_lists(x);
	if (loads(x, "mod_logfile"))
		check_log(x);
	check_event_socket(x, top);
	check_rpc(x);
}

bool audit_freeswitch(struct audit *a, const char *dir)
{
	static const char *const usual[] = {"/etc/freeswitch", "/usr/local/freeswitch/conf"};
	struct xml x;
	bool found = false;
	size_t i;

	for (i = 0; !found && i < (dir ? 1 : ELEMENTSOF(usual)); i++) {
		const char *path = audit_path(a, dir ? dir : usual[i], "freeswitch.xml");

		found = xml_load(&x, a, path);
		if (found)
			check_all(&x, (struct audit_place){path, 0});
		xml_done(&x);
	}
	return found;
}
