/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may command Asterisk (manager.conf, http.conf, ari.conf), and what it logs (logger.conf). */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "audit_asterisk.h"
#include "audit_secret.h"
#include "base/addr.h"
#include "base/cleanup.h"
#include "base/text.h"

/* The web server of Asterisk, and whether others than this host reach it. */
struct http {
	bool plain, tls;	   /* it listens, in the clear or with TLS */
	bool plain_open, tls_open; /* beyond localhost */
	struct audit_place at;
};

/* Access lists */

/* A stranger of each family: documentation addresses, which are in no honest rule of their own. */
static const char *const strangers[] = {"198.51.100.77", "2001:db8::77"};

/* "192.0.2.0/255.255.255.0", "192.0.2.0/24", "192.0.2.1": whether it covers a. */
static bool rule_covers(const char *rule, size_t len, const struct addr *a)
{
	const char *slash = memchr(rule, '/', len);
	struct addr net, mask;
	size_t i;

	if (addr_parse(rule, slash ? (size_t)(slash - rule) : len, &net) < 0 || net.family != a->family)
		return false;
	if (!slash)
		return addr_equal(&net, a);
	if (!memchr(slash, '.', len - (size_t)(slash - rule)) &&
	    !memchr(slash, ':', len - (size_t)(slash - rule)))
		return addr_parse_prefix(rule, len, true, &net) == 0 && addr_covers(&net, a);
	if (addr_parse(slash + 1, len - (size_t)(slash - rule) - 1, &mask) < 0)
		return false;
	for (i = 0; i < (net.len == 32 ? 4 : 16); i++)
		if ((a->bytes[i] & mask.bytes[i]) != (net.bytes[i] & mask.bytes[i]))
			return false;
	return true;
}

/* As ast_apply_ha() in main/acl.c: allowed at first, and the last rule that covers it decides. */
static bool lets_in(const struct ini_section *s, const char *stranger)
{
	struct addr a;
	bool in = true;
	size_t i;

	if (addr_parse(stranger, strlen(stranger), &a) < 0)
		return true;
	for (i = 0; i < s->n; i++) {
		bool permit = strcasecmp(s->vars[i]->name, "permit") == 0;
		const char *p = s->vars[i]->value;

		if (!permit && strcasecmp(s->vars[i]->name, "deny") != 0)
			continue;
		while (*p) {
			size_t n;

			p += strspn(p, ", \t");
			n = strcspn(p, ", \t");
			/* A leading '!' turns a rule around. */
			if (n > 0 && rule_covers(p + (*p == '!'), n - (*p == '!'), &a))
				in = permit != (*p == '!');
			p += n;
		}
	}
	return in;
}

/* open: the interface is reached from elsewhere. v6: over IPv6, too. */
static void check_acl(const struct asterisk *ast, const struct ini_section *s, const char *file, bool v6)
{
	static const struct audit_check no_acl = {"asterisk-manage-no-acl", AUDIT_CRITICAL,
						  "Who guesses or overhears this password commands the PBX "
						  "from anywhere: reads the other passwords, and "
						  "places calls.",
						  "main/acl.c, ast_apply_ha(): whatever no rule covers is "
						  "allowed, so 'permit' without a 'deny' before it does "
						  "nothing"};
	static const struct audit_check v4_only = {
		"asterisk-manage-acl-ipv4-only", AUDIT_WARNING, "Over IPv6 any address may try the password.",
		"main/acl.c, ast_apply_ha(): a rule for IPv4 does not apply to an IPv6 address"};
	const char *subject = asterisk_subject(ast, file, s->name);
	struct audit_place at = ini_get(s, "deny") ? ini_at(s, "deny") : ini_at(s, "permit");

	if (*ini_text(s, "acl", ""))
		return;
	if (lets_in(s, strangers[0]))
		audit_find(ast->a, &no_acl, at, subject,
			   "deny = 0.0.0.0/0.0.0.0, then permit = 127.0.0.1/255.255.255.255",
			   "any address may log in as '%s', and the interface listens beyond localhost",
			   s->name);
	else if (v6 && lets_in(s, strangers[1]))
		audit_find(ast->a, &v4_only, at, subject, "deny = ::/0, or bindaddr = 127.0.0.1",
			   "'%s' is only closed for IPv4, and the interface listens on IPv6", s->name);
}

static bool is_v6(const char *bind)
{
	return strchr(bind, ':') && strchr(bind, ':') != strrchr(bind, ':');
}

static const struct audit_check open_door = {"asterisk-manage-open", AUDIT_WARNING,
					     "Everybody can reach the interface that commands the PBX, try "
					     "passwords, and use the next hole in it.",
					     "AMI listens on all addresses unless bindaddr says otherwise "
					     "(main/manager.c), and manager.conf.sample says: \"you "
					     "should not enable the AMI on a public IP address\""};

/* HTTP and ARI */

static void load_http(const struct asterisk *ast, struct http *http)
{
	struct ini ini;
	const struct ini_section *s;

	*http = (struct http){.plain = false};
	ini_load(&ini, ast->a, ast->dir, "http.conf");
	s = ini_section(&ini, "general");
	if (s) {
		const char *bind = ini_text(s, "bindaddr", ""), *tls = ini_text(s, "tlsbindaddr", bind);

		http->plain = audit_true(ini_text(s, "enabled", "no")) && *bind;
		http->plain_open = http->plain && !audit_bind_is_local(bind);
		http->tls = audit_true(ini_text(s, "tlsenable", "no")) && *tls;
		http->tls_open = http->tls && !audit_bind_is_local(tls);
		http->at = ini_at(s, "bindaddr");
		if (http->plain_open)
			audit_find(
				ast->a, &open_door, http->at, "http.conf", "bindaddr = 127.0.0.1",
				"the web server (ARI, AMI over HTTP) listens in the clear beyond localhost");
	}
	ini_done(&ini);
}

static void check_ari_user(const struct asterisk *ast, const struct ini_section *s, const struct http *http)
{
	const char *password = ini_text(s, "password", "");

	if (s->template || strcasecmp(ini_text(s, "type", ""), "user") != 0)
		return;
	if (strcasecmp(ini_text(s, "password_format", "plain"), "plain") == 0)
		audit_secret(ast->a, ini_at(s, "password"), asterisk_subject(ast, "ari.conf", s->name),
			     s->name, "password", password);
	if (http->plain_open || http->tls_open)
		check_acl(ast, s, "ari.conf", true);
}

static void check_ari(const struct asterisk *ast, const struct http *http)
{
	static const struct audit_check origins = {
		"asterisk-ari-origins", AUDIT_WARNING,
		"Any web page that somebody here opens can use ARI with the browser's password.",
		"allowed_origins: \"May be set to * to allow all origins\" (ari.conf.sample)"};
	struct ini ini;
	const struct ini_section *general;
	size_t i;

	ini_load(&ini, ast->a, ast->dir, "ari.conf");
	general = ini_section(&ini, "general");
	if ((http->plain || http->tls) && audit_true(ini_text(general, "enabled", "yes"))) {
		if (audit_in_list(ini_text(general, "allowed_origins", ""), "*"))
			audit_find(ast->a, &origins, ini_at(general, "allowed_origins"), "ari.conf",
				   "allowed_origins = the origins of your own pages",
				   "every origin is allowed");
		for (i = 0; i < ini.n; i++)
			if (ini.sections[i] != general)
				check_ari_user(ast, ini.sections[i], http);
	}
	ini_done(&ini);
}

/* AMI */

static void check_manager(const struct asterisk *ast, const struct ini *ini, const struct http *http)
{
	const struct ini_section *general = ini_section(ini, "general");
	const char *bind = ini_text(general, "bindaddr", "[::]");
	bool web = audit_true(ini_text(general, "webenabled", "no")) && (http->plain_open || http->tls_open);
	bool open = !audit_bind_is_local(bind), v6 = is_v6(bind) || web;
	size_t i;

	if (!general || !audit_true(ini_text(general, "enabled", "no")))
		return;
	if (open)
		audit_find(ast->a, &open_door, ini_at(general, "bindaddr"), "manager.conf",
			   "bindaddr = 127.0.0.1", "the manager interface (AMI) listens beyond localhost%s",
			   ini_get(general, "bindaddr") ? "" : ": no bindaddr means every address");
	for (i = 0; i < ini->n; i++) {
		const struct ini_section *s = ini->sections[i];
		const struct ini_var *secret = ini_get(s, "secret");

		if (s == general || s->template || strcasecmp(s->name, "general") == 0 || !secret)
			continue;
		audit_secret(ast->a, secret->at, asterisk_subject(ast, "manager.conf", s->name), s->name,
			     "secret", secret->value);
		if (open || web)
			check_acl(ast, s, "manager.conf", v6);
	}
}

bool asterisk_manage(const struct asterisk *ast)
{
	struct http http;
	struct ini ini;
	bool found = ini_load(&ini, ast->a, ast->dir, "manager.conf");

	load_http(ast, &http);
	check_manager(ast, &ini, &http);
	check_ari(ast, &http);
	ini_done(&ini);
	return found;
}

/* The log */

static bool logs_security(const struct ini_var *v, bool *json)
{
	const char *list = v->value;

	*json = strncasecmp(list, "[json]", 6) == 0;
	if (*list == '[' && strchr(list, ']'))
		list = strchr(list, ']') + 1;
	/* The console is nobody's log. */
	return strcasecmp(v->name, "console") != 0 &&
	       (audit_in_list(list, "security") || audit_in_list(list, "*"));
}

bool asterisk_logger(const struct asterisk *ast)
{
	static const struct audit_check unlogged = {
		"asterisk-security-unlogged", AUDIT_WARNING,
		"SECURITY lines tell who guessed and who logged in. Without them sipwarden has only weak "
		"evidence, or none.",
		"logger.conf.sample logs notice, warning and error only; sipwarden's gateways/asterisk.md"};
	static const struct audit_check plain = {
		"asterisk-log-plain", AUDIT_INFO,
		"In a plain log a sender can take an address out of some "
		"lines, or break them. In JSON he cannot.",
		"main/term.c, term_strip(); sipwarden's gateways/asterisk.md"};
	struct ini ini;
	bool security = false, any_json = false, found = ini_load(&ini, ast->a, ast->dir, "logger.conf");
	const struct ini_section *s = ini_section(&ini, "logfiles");
	struct audit_place at =
		s ? s->at : (struct audit_place){audit_path(ast->a, ast->dir, "logger.conf"), 0};
	size_t i;

	for (i = 0; s && i < s->n; i++) {
		bool json;

		if (!logs_security(s->vars[i], &json))
			continue;
		if (!security)
			at = s->vars[i]->at;
		security = true;
		any_json |= json;
	}
	if (!security)
		audit_find(ast->a, &unlogged, at, "logger.conf",
			   "sipwarden => [json]notice,warning,error,security",
			   "no log file gets SECURITY lines");
	else if (!any_json)
		audit_find(ast->a, &plain, at, "logger.conf",
			   "sipwarden => [json]notice,warning,error,security",
			   "SECURITY lines are not logged as JSON");
	ini_done(&ini);
	return found;
}
