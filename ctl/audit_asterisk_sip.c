/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asterisk's phones and trunks: pjsip.conf, pjsip_wizard.conf, sip.conf, iax.conf, users.conf. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "audit_asterisk.h"
#include "audit_secret.h"
#include "base/cleanup.h"

/* Sections of one name that are looked at; an honest file has an endpoint, an auth, an aor and an identify.
 */
#define SAME_MAX 32

static const struct audit_check no_password = {
	"asterisk-no-password", AUDIT_CRITICAL,
	"Whoever names this account is taken for it, without any password.",
	"PJSIP: \"Endpoints without an authentication object configured will allow connections without "
	"verification\" "
	"(option auth of an endpoint, pjsip_config.xml). chan_sip and IAX2: without secret nothing is asked "
	"for."};
static const struct audit_check trunk_by_name = {
	"asterisk-trunk-by-name", AUDIT_WARNING,
	"The trunk is known by its address, but also by its name: who writes that name into From is taken "
	"for it, from "
	"anywhere and without a password.",
	"identify_by of an endpoint is 'username,ip' unless set (res_pjsip/pjsip_configuration.c)"};
static const struct audit_check old_tls = {
	"asterisk-old-tls", AUDIT_WARNING,
	"TLS 1.0 and 1.1 are broken and must not be used (RFC 8996 section 4 and 5; RFC 9325 section 3.1.1).",
	"PJSIP: 'default' \"is currently TLSv1, but may change\" (option method of a transport, "
	"pjsip_config.xml). chan_sip: "
	"tlsdisablev1, tlsdisablev11 (main/tcptls.c); whether OpenSSL lets old versions through decides "
	"then."};
static const struct audit_check enumeration = {
	"asterisk-tells-accounts", AUDIT_WARNING,
	"The answers tell which accounts exist, so that guessing passwords is worth while only there.",
	"alwaysauthreject is 'yes' unless set (sip.conf.sample); allow_unauthenticated_options \"can allow "
	"information "
	"disclosure\" (pjsip_config.xml)"};

static bool is_type(const struct ini_section *s, const char *type)
{
	return !s->template && strcasecmp(ini_text(s, "type", ""), type) == 0;
}

static struct ini_section *find_type(const struct ini *ini, const char *name, const char *type)
{
	struct ini_section *s = ini_section(ini, name);
	unsigned n;

	for (n = 0; s && n < SAME_MAX; n++, s = s->same)
		if (is_type(s, type))
			return s;
	return NULL;
}

/* PJSIP */

/* Marks the auth sections that an option of s names. */
static void mark_auths(const struct ini *ini, const struct ini_section *s, const char *option, bool inbound)
{
	_cleanup_free_ char *list = strdup(ini_text(s, option, ""));
	char *rest = list, *name;

	while (rest && (name = strsep(&rest, ", \t"))) {
		struct ini_section *auth = *name ? find_type(ini, name, "auth") : NULL;

		if (auth && inbound)
			auth->inbound = true;
		else if (auth)
			auth->outbound = true;
	}
}

static void mark(const struct ini *ini)
{
	size_t i;

	for (i = 0; i < ini->n; i++) {
		const struct ini_section *s = ini->sections[i];
		struct ini_section *endpoint;

		if (s->template)
			continue;
		mark_auths(ini, s, "auth", true);
		mark_auths(ini, s, "outbound_auth", false);
		endpoint = is_type(s, "identify") ? find_type(ini, ini_text(s, "endpoint", ""), "endpoint")
						  : NULL;
		if (endpoint)
			endpoint->matched = true;
	}
}

static void check_auth(const struct asterisk *ast, const struct ini_section *s)
{
	const char *account = ini_text(s, "username", s->name), *password = ini_text(s, "password", "");

	/* The password at a carrier is the carrier's choice. */
	if ((s->outbound && !s->inbound) || !*password)
		return;
	audit_secret(ast->a, ini_at(s, "password"), asterisk_subject(ast, "pjsip.conf", s->name), account,
		     "password", password);
}

static bool is_anonymous(const char *name)
{
	return strcasecmp(name, "anonymous") == 0 || strncasecmp(name, "anonymous@", 10) == 0;
}

static void check_endpoint(const struct asterisk *ast, const struct ini_section *s)
{
	const char *subject = asterisk_subject(ast, "pjsip.conf", s->name);

	if (audit_true(ini_text(s, "allow_unauthenticated_options", "no")))
		audit_find(ast->a, &enumeration, ini_at(s, "allow_unauthenticated_options"), subject,
			   "allow_unauthenticated_options = no",
			   "endpoint '%s' answers OPTIONS without a password", s->name);
	if (*ini_text(s, "auth", ""))
		return;
	if (is_anonymous(s->name))
		asterisk_guests(ast, s->at, subject, ini_text(s, "context", "default"),
				"remove the endpoint, unless you take calls from anybody",
				"endpoint 'anonymous' takes calls");
	else if (!audit_in_list(ini_text(s, "identify_by", "username,ip"), "username"))
		return;
	else if (s->matched)
		audit_find(ast->a, &trunk_by_name, ini_at(s, "identify_by"), subject, "identify_by = ip",
			   "endpoint '%s' has no auth, and is also identified by its user name", s->name);
	else
		audit_find(ast->a, &no_password, s->at, subject, "auth = NAME, of a section with type = auth",
			   "endpoint '%s' has no auth", s->name);
}

static void check_transport(const struct asterisk *ast, const struct ini_section *s)
{
	const char *method = ini_text(s, "method", "default");

	if (strcasecmp(ini_text(s, "protocol", "udp"), "tls") != 0 || strcasecmp(method, "tlsv1_2") == 0 ||
	    strcasecmp(method, "tlsv1_3") == 0)
		return;
	audit_find(ast->a, &old_tls, ini_at(s, "method"), asterisk_subject(ast, "pjsip.conf", s->name),
		   "method = tlsv1_2", "transport '%s' does not ask for TLS 1.2", s->name);
}

static void check_global(const struct asterisk *ast, const struct ini_section *s)
{
	static const struct audit_check slow_scans = {
		"asterisk-slow-scans-unlogged", AUDIT_WARNING,
		"Unknown endpoints are then reported only after several requests within seconds, so that "
		"slow scans are "
		"never logged, and sipwarden never sees them.",
		"unidentified_request_count and unidentified_request_period are 5 and 5 unless set "
		"(pjsip.conf.sample)"};

	if (audit_in_list(ini_text(s, "endpoint_identifier_order", ""), "auth_username"))
		audit_find(ast->a, &slow_scans, ini_at(s, "endpoint_identifier_order"), "pjsip.conf",
			   "endpoint_identifier_order = ip,username,anonymous",
			   "endpoints are identified by auth_username");
}

static void check_wizard(const struct asterisk *ast, const struct ini_section *s)
{
	const struct ini_var *password = ini_get(s, "inbound_auth/password");

	if (password)
		audit_secret(ast->a, password->at, asterisk_subject(ast, "pjsip_wizard.conf", s->name),
			     ini_text(s, "inbound_auth/username", s->name), password->name, password->value);
}

bool asterisk_pjsip(const struct asterisk *ast)
{
	struct ini ini, wizard;
	bool found = ini_load(&ini, ast->a, ast->dir, "pjsip.conf");
	size_t i;

	found |= ini_load(&wizard, ast->a, ast->dir, "pjsip_wizard.conf");
	mark(&ini);
	for (i = 0; i < ini.n; i++) {
		const struct ini_section *s = ini.sections[i];

		if (is_type(s, "auth"))
			check_auth(ast, s);
		else if (is_type(s, "endpoint"))
			check_endpoint(ast, s);
		else if (is_type(s, "transport"))
			check_transport(ast, s);
		else if (is_type(s, "global"))
			check_global(ast, s);
	}
	for (i = 0; i < wizard.n; i++)
		if (is_type(wizard.sections[i], "wizard"))
			check_wizard(ast, wizard.sections[i]);
	ini_done(&ini);
	ini_done(&wizard);
	return found;
}

/* chan_sip */

static void check_sip_peer(const struct asterisk *ast, const struct ini_section *s)
{
	const char *subject = asterisk_subject(ast, "sip.conf", s->name);
	const char *account = ini_text(s, "defaultuser", ini_text(s, "username", s->name));
	const struct ini_var *secret = ini_get(s, "secret");
	bool dynamic = strcasecmp(ini_text(s, "host", ""), "dynamic") == 0;

	if (s->template || !(is_type(s, "friend") || is_type(s, "peer") || is_type(s, "user")))
		return;
	/* A peer at a fixed address is a carrier, and its password is the carrier's choice. */
	if (!dynamic && !is_type(s, "user"))
		return;
	if (secret && *secret->value)
		audit_secret(ast->a, secret->at, subject, account, "secret", secret->value);
	else if (!*ini_text(s, "md5secret", ""))
		audit_find(ast->a, &no_password, s->at, subject,
			   "secret = what 'openssl rand -base64 24' prints", "'%s' has no secret", s->name);
}

static void check_sip_general(const struct asterisk *ast, const struct ini_section *s)
{
	struct audit_place at = s ? s->at : (struct audit_place){audit_path(ast->a, ast->dir, "sip.conf"), 0};

	if (audit_true(ini_text(s, "allowguest", "yes")))
		asterisk_guests(
			ast, s ? ini_at(s, "allowguest") : at, "sip.conf", ini_text(s, "context", "default"),
			"allowguest = no; where chan_sip is not used, noload = chan_sip.so in modules.conf",
			"chan_sip takes calls from guests");
	if (!audit_true(ini_text(s, "alwaysauthreject", "yes")))
		audit_find(ast->a, &enumeration, ini_at(s, "alwaysauthreject"), "sip.conf",
			   "alwaysauthreject = yes",
			   "unknown accounts are refused otherwise than wrong passwords");
	if (audit_true(ini_text(s, "tlsenable", "no")) && (!audit_true(ini_text(s, "tlsdisablev1", "no")) ||
							   !audit_true(ini_text(s, "tlsdisablev11", "no"))))
		audit_find(ast->a, &old_tls, ini_at(s, "tlsenable"), "sip.conf",
			   "tlsdisablev1 = yes, and tlsdisablev11 = yes",
			   "TLS 1.0 or 1.1 is not switched off");
}

bool asterisk_sip(const struct asterisk *ast)
{
	struct ini ini;
	bool found = ini_load(&ini, ast->a, ast->dir, "sip.conf");
	size_t i;

	if (found && ini.n > 0 && asterisk_loads(ast, "chan_sip")) {
		check_sip_general(ast, ini_section(&ini, "general"));
		for (i = 0; i < ini.n; i++)
			if (strcasecmp(ini.sections[i]->name, "general") != 0)
				check_sip_peer(ast, ini.sections[i]);
	}
	ini_done(&ini);
	return found;
}

/* IAX2 */

static void check_iax_peer(const struct asterisk *ast, const struct ini_section *s)
{
	const char *subject = asterisk_subject(ast, "iax.conf", s->name);
	const struct ini_var *secret = ini_get(s, "secret");
	bool calls_in = is_type(s, "user") || is_type(s, "friend");
	bool dynamic = strcasecmp(ini_text(s, "host", ""), "dynamic") == 0;

	if (secret && *secret->value && (calls_in || dynamic) && !s->template)
		audit_secret(ast->a, secret->at, subject, ini_text(s, "username", s->name), "secret",
			     secret->value);
	if (!calls_in || (secret && *secret->value) || ini_get(s, "dbsecret") || ini_get(s, "inkeys"))
		return;
	if (ini_get(s, "permit") || ini_get(s, "acl"))
		return;
	asterisk_guests(ast, s->at, subject, ini_text(s, "context", "default"),
			"secret = what 'openssl rand -base64 24' prints, or remove the section",
			"an IAX2 user has no secret, so anybody calls");
}

static void check_iax_general(const struct asterisk *ast, const struct ini_section *s)
{
	static const struct audit_check unlogged = {"asterisk-iax-unlogged", AUDIT_WARNING,
						    "Refused registrations and calls over IAX2 are not "
						    "logged, so sipwarden cannot see who guesses passwords.",
						    "authdebug is off unless set (channels/chan_iax2.c)"};
	struct audit_place at = s ? s->at : (struct audit_place){audit_path(ast->a, ast->dir, "iax.conf"), 0};

	if (!audit_true(ini_text(s, "authdebug", "no")))
		audit_find(ast->a, &unlogged, s ? ini_at(s, "authdebug") : at, "iax.conf", "authdebug = yes",
			   "refused logins are not logged");
}

static void check_iax_token(const struct asterisk *ast, const struct ini_section *s)
{
	static const struct audit_check token = {"asterisk-iax-calltoken", AUDIT_WARNING,
						 "Without call tokens anybody can use up all call numbers "
						 "with forged source addresses (AST-2009-006).",
						 "requirecalltoken is 'yes' unless set (iax.conf.sample)"};
	const struct ini_var *v = ini_get(s, "requirecalltoken");

	if (!s->template && v && !audit_true(v->value))
		audit_find(ast->a, &token, v->at, asterisk_subject(ast, "iax.conf", s->name),
			   "requirecalltoken = yes", "'%s' needs no call token", s->name);
}

bool asterisk_iax(const struct asterisk *ast)
{
	struct ini ini;
	bool found = ini_load(&ini, ast->a, ast->dir, "iax.conf");
	size_t i;

	if (found && ini.n > 0 && asterisk_loads(ast, "chan_iax2")) {
		check_iax_general(ast, ini_section(&ini, "general"));
		for (i = 0; i < ini.n; i++) {
			if (strcasecmp(ini.sections[i]->name, "general") == 0)
				continue;
			check_iax_peer(ast, ini.sections[i]);
			check_iax_token(ast, ini.sections[i]);
		}
	}
	ini_done(&ini);
	return found;
}

/* users.conf, from which chan_sip, chan_iax2 and the manager take accounts (users.conf.sample) */

static bool has(const struct ini_section *user, const struct ini_section *general, const char *what)
{
	return audit_true(ini_text(user, what, ini_text(general, what, "no")));
}

static void check_user(const struct asterisk *ast, const struct ini_section *s,
		       const struct ini_section *general)
{
	const char *subject = asterisk_subject(ast, "users.conf", s->name);
	const struct ini_var *secret = ini_get(s, "secret");
	bool calls = (has(s, general, "hassip") && asterisk_loads(ast, "chan_sip")) ||
		     (has(s, general, "hasiax") && asterisk_loads(ast, "chan_iax2"));

	if (s->template || (!calls && !has(s, general, "hasmanager")))
		return;
	if (secret && *secret->value)
		audit_secret(ast->a, secret->at, subject, s->name, "secret", secret->value);
	else if (calls)
		audit_find(ast->a, &no_password, s->at, subject,
			   "secret = what 'openssl rand -base64 24' prints", "'%s' has no secret", s->name);
}

void asterisk_users(const struct asterisk *ast)
{
	struct ini ini;
	const struct ini_section *general;
	size_t i;

	if (ini_load(&ini, ast->a, ast->dir, "users.conf")) {
		general = ini_section(&ini, "general");
		for (i = 0; i < ini.n; i++)
			if (ini.sections[i] != general && strcasecmp(ini.sections[i]->name, "general") != 0)
				check_user(ast, ini.sections[i], general);
	}
	ini_done(&ini);
}
