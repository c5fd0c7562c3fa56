/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kamailio and OpenSIPS: what their scripts say without being executed. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "audit_script.h"
#include "audit_secret.h"
#include "base/cleanup.h"
#include "base/text.h"

/* Which of the two it is. */
struct proxy {
	struct audit *a;
	struct script s;
	bool opensips;
	const char *name, *path;
};

static const struct audit_check unprotected = {
	"script-register-unprotected", AUDIT_CRITICAL,
	"A stranger registers as any of your numbers, and gets its calls.",
	"stock kamailio.cfg: authentication is only there with WITH_AUTH. The script was read, not executed: "
	"save() is called, "
	"and no function that asks for a password or for an address."};
static const struct audit_check commands_open = {
	"script-commands-open", AUDIT_CRITICAL,
	"Whoever reaches that socket commands the proxy; it asks for no password.",
	"modules ctl (binrpc), jsonrpcs (dgram_socket, tcp_socket), mi_datagram (socket_name), httpd (ip)"};
static const struct audit_check commands_maybe = {
	"script-commands-default", AUDIT_WARNING,
	"MI over HTTP asks for no password, and the default address depends on the release.",
	"httpd: ip is 127.0.0.1 by default only since March 2026; before, it listened on every address"};
static const struct audit_check commands_local = {
	"script-commands-world-writable", AUDIT_WARNING,
	"Every user of this host, and every program that is broken into, can command the proxy.",
	"ctl mode is 0600, mi_fifo fifo_mode 0660 unless set"};
static const struct audit_check commands_http = {
	"script-commands-http", AUDIT_CRITICAL,
	"JSONRPC over HTTP answers on the SIP port itself, so anybody who can call can command the proxy.",
	"stock kamailio.cfg refuses all but src_ip 127.0.0.1 in event_route[xhttp:request]"};
static const struct audit_check unlogged = {
	"script-failures-unlogged", AUDIT_WARNING,
	"The proxy itself logs no address of who guesses passwords: only the script can, and it does not.",
	"sipwarden's gateways/kamailio.md, sipwarden's gateways/opensips.md"};
static const struct audit_check too_quiet = {
	"script-notices-unlogged", AUDIT_WARNING,
	"The lines that sipwarden reads are notices, and these are not logged.",
	"Kamailio: debug is 0 unless set (core/cfg_core.c), notices are 1 (core/dprint.h). OpenSIPS: notices "
	"are 2 (dprint.h)"};
static const struct audit_check to_stderr = {
	"script-log-stderr", AUDIT_WARNING,
	"There, a sender writes whole lines of his own into the log, against anybody.",
	"sipwarden's gateways/kamailio.md: what to switch off"};
static const struct audit_check call_id = {"script-log-prefix", AUDIT_WARNING,
					   "The sender's Call-ID stands before each message. With a '}' in "
					   "it sipwarden cannot trust the line, and misses him.",
					   "sipwarden's gateways/kamailio.md: what to switch off"};
static const struct audit_check old_tls = {
	"script-old-tls", AUDIT_WARNING,
	"TLS 1.0 and 1.1 are broken and must not be used (RFC 8996 section 4 and 5; RFC 9325 section 3.1.1).",
	"Kamailio: tls_method is TLSv1 or newer unless set (modules/tls). OpenSIPS: tls_method of tls_mgm"};
static const struct audit_check db_password = {
	"script-default-db-password", AUDIT_WARNING,
	"Everybody knows that password; whoever reaches the database reads and writes accounts.",
	"kamailiorw is what kamailio.cfg and kamctlrc have as shipped, opensipsrw what OpenSIPS has"};
static const struct audit_check weak_secret = {
	"script-nonce-secret", AUDIT_WARNING,
	"Without a long secret the nonces can be guessed, and WITH_SIPWARDEN_PROOF proves nothing.",
	"sipwarden's gateways/kamailio.md: proof over UDP"};
static const struct audit_check no_flood_limit = {
	"script-no-flood-limit", AUDIT_INFO,
	"Nothing in the proxy slows a flood of requests from one address.",
	"stock kamailio.cfg: WITH_ANTIFLOOD, module pike"};
static const struct audit_check all_addresses = {
	"script-listens-everywhere", AUDIT_INFO,
	"It also listens on addresses that no phone needs, as those for management.",
	"kamailio.cfg: \"listen sockets - if none set, Kamailio binds to all local IP addresses\""};

static const char *subject(const struct proxy *p, const char *what)
{
	char *text = audit_keep(p->a, text_printf("%s/%s", p->name, what));

	return text ? text : what;
}

static bool has_any(const char *word, const char *const *parts)
{
	for (; *parts; parts++)
		if (strstr(word, *parts))
			return true;
	return false;
}

/* The first call in a route whose function has one of these in its name. */
static const struct token *find_call(const struct proxy *p, const char *const *parts)
{
	size_t i;

	for (i = 0; i < p->s.n; i++)
		if (script_is_call(&p->s, i) && has_any(p->s.tokens[i].text, parts))
			return &p->s.tokens[i];
	return NULL;
}

static bool calls_route(const struct proxy *p, const char *name)
{
	size_t i;

	for (i = 0; i + 2 < p->s.n; i++)
		if (script_is_call(&p->s, i) && strcmp(p->s.tokens[i].text, "route") == 0 &&
		    strcmp(p->s.tokens[i + 2].text, name) == 0)
			return true;
	return false;
}

/* Accounts */

static void check_accounts(const struct proxy *p)
{
	static const char *const passwords[] = {"authenticate", "authorize",  "auth_check",
						"autheph_",	"jwt_verify", NULL};
	static const char *const addresses[] = {"allow_",
						"check_source_address",
						"check_address",
						"ds_is_from_list",
						"is_from_gw",
						"lb_is_destination",
						NULL};
	const struct token *auth = find_call(p, passwords), *save = NULL;
	size_t i;

	for (i = 0; !save && i < p->s.n; i++)
		if (script_is_call(&p->s, i) && strcmp(p->s.tokens[i].text, "save") == 0)
			save = &p->s.tokens[i];
	if (save && !auth && !find_call(p, addresses))
		audit_find(p->a, &unprotected, save->at, subject(p, "save"),
			   p->opensips ? "before save(): if (!www_authorize(\"\", \"subscriber\")) { "
					 "www_challenge(\"\", \"auth\"); exit; }"
				       : "#!define WITH_AUTH and #!define WITH_MYSQL, or auth_check() of "
					 "your own before save()",
			   "registrations are saved, and nothing asks for a password");
	if (auth && !calls_route(p, "SIPWARDEN_AUTH_FAILED"))
		audit_find(p->a, &unlogged, auth->at, subject(p, "auth"),
			   "route(SIPWARDEN_AUTH_FAILED); behind it",
			   "a password is asked for, and a wrong one is not logged with its source");
}

static void check_databases(const struct proxy *p)
{
	static const char *const known[] = {":kamailiorw@", ":kamailioro@", ":opensipsrw@", ":openserrw@",
					    NULL};
	size_t i;

	for (i = 0; i < p->s.n; i++) {
		const struct token *t = &p->s.tokens[i];

		if (t->kind != TOKEN_STRING || !has_any(t->text, known))
			continue;
		audit_find(p->a, &db_password, t->at, subject(p, "database"),
			   "another password, in the database, too",
			   "the database is used with the password that is shipped");
		return;
	}
}

static void check_nonce(const struct proxy *p)
{
	const struct token *secret = script_param(&p->s, "auth", "secret", NULL);
	const struct script_define *proof = script_define(&p->s, "WITH_SIPWARDEN_PROOF");

	if (proof && (!secret || strlen(secret->text) < 32))
		audit_find(p->a, &weak_secret, secret ? secret->at : proof->at, subject(p, "secret"),
			   "modparam(\"auth\", \"secret\", what 'openssl rand -hex 32' prints)",
			   "WITH_SIPWARDEN_PROOF is set, and the secret of auth is %s",
			   secret ? "shorter than 32 characters" : "not");
}

/* Commands */

/* "tcp:localhost:2049", "udp:*:3012", "tcp:3012", "/run/x", "unix:/run/x": whether others than this host
 * reach it. */
static bool is_open(const char *socket)
{
	bool proto = strncmp(socket, "udp:", 4) == 0 || strncmp(socket, "tcp:", 4) == 0;

	if (!proto && (*socket == '/' || strncmp(socket, "unix", 4) == 0 || !strchr(socket, ':')))
		return false;
	return !audit_bind_is_local(socket + (proto ? 4 : 0));
}

static bool for_all(const char *mode)
{
	return (strtoul(mode, NULL, 8) & 02) != 0;
}

static void check_sockets(const struct proxy *p)
{
	static const struct {
		const char *module, *name;
		bool mode;
	} params[] = {
		{"ctl", "binrpc", false},
		{"jsonrpcs", "dgram_socket", false},
		{"jsonrpcs", "tcp_socket", false},
		{"mi_datagram", "socket_name", false},
		{"ctl", "mode", true},
		{"jsonrpcs", "dgram_mode", true},
		{"jsonrpcs", "fifo_mode", true},
		{"mi_fifo", "fifo_mode", true},
		{"mi_datagram", "unix_socket_mode", true},
	};
	size_t i;

	for (i = 0; i < ELEMENTSOF(params); i++) {
		const struct token *t = NULL;

		while ((t = script_param(&p->s, params[i].module, params[i].name, t))) {
			if (!script_module(&p->s, params[i].module))
				break;
			if (params[i].mode && for_all(t->text))
				audit_find(p->a, &commands_local, t->at, subject(p, params[i].module),
					   "0660, and a group for those who need it",
					   "%s of %s lets every local user write", params[i].name,
					   params[i].module);
			else if (!params[i].mode && is_open(t->text))
				audit_find(p->a, &commands_open, t->at, subject(p, params[i].module),
					   "a unix socket, or 127.0.0.1", "%s of %s listens beyond localhost",
					   params[i].name, params[i].module);
		}
	}
}

static void check_httpd(const struct proxy *p)
{
	const struct token *httpd = script_module(&p->s, "httpd");
	const struct token *ip = script_param(&p->s, "httpd", "ip", NULL);
	const struct token *password = script_param(&p->s, "httpd", "auth_password", NULL);

	if (!httpd || !(script_module(&p->s, "mi_http") || script_module(&p->s, "mi_html") ||
			script_module(&p->s, "mi_json") || script_module(&p->s, "mi_xmlrpc_ng")))
		return;
	if (script_param(&p->s, "httpd", "auth_username", NULL) && password) {
		audit_secret(p->a, password->at, subject(p, "httpd"), "httpd", "auth_password",
			     password->text);
		return;
	}
	if (!ip)
		audit_find(p->a, &commands_maybe, httpd->at, subject(p, "httpd"),
			   "modparam(\"httpd\", \"ip\", \"127.0.0.1\")",
			   "MI over HTTP is on, and no address is set");
	else if (!audit_bind_is_local(ip->text))
		audit_find(p->a, &commands_open, ip->at, subject(p, "httpd"),
			   "modparam(\"httpd\", \"ip\", \"127.0.0.1\")",
			   "MI over HTTP listens beyond localhost");
}

/* The tokens of event_route[xhttp:request]. */
static void check_xhttp(const struct proxy *p)
{
	static const char *const guards[] = {"src_ip", "$si", "allow_", "authenticate", "auth_check", NULL};
	const struct token *dispatch = NULL;
	bool in = false, guarded = false;
	size_t i;

	for (i = 0; i < p->s.n; i++) {
		const struct token *t = &p->s.tokens[i];

		if (t->depth == 0)
			in = i >= 2 && strcmp(t->text, "xhttp:request") == 0 ? true : in && *t->text == ']';
		if (!in || t->depth == 0)
			continue;
		guarded |= has_any(t->text, guards);
		if (script_is_call(&p->s, i) && strcmp(t->text, "jsonrpc_dispatch") == 0)
			dispatch = t;
	}
	if (dispatch && !guarded)
		audit_find(p->a, &commands_http, dispatch->at, subject(p, "xhttp"),
			   "if(src_ip!=127.0.0.1) { exit; } before it",
			   "jsonrpc_dispatch() asks neither for an address nor for a password");
}

/* TLS */

static bool is_old_method(const char *method)
{
	if (*method == '[' && strchr(method, ']'))
		method = strchr(method, ']') + 1;
	return strncasecmp(method, "TLSv1.2", 7) != 0 && strncasecmp(method, "TLSv1.3", 7) != 0 &&
	       strncasecmp(method, "TLSv1_2", 7) != 0 && strncasecmp(method, "TLSv1_3", 7) != 0;
}

static char *trim(char *text)
{
	size_t n;

	text += strspn(text, " \t");
	for (n = strlen(text); n > 0 && strchr(" \t\r", text[n - 1]); n--)
		text[n - 1] = '\0';
	return text;
}

/* tls.cfg: [server:default], method = TLSv1.2+ */
static void check_tls_file(const struct proxy *p, const char *path)
{
	struct audit_place at = {path, 0};
	bool server = false;
	char *text, *next;
	size_t len;

	if (audit_read(p->a, path, &text, &len) < 0)
		return;
	for (; text; text = next) {
		char *line, *value;

		next = strchr(text, '\n');
		if (next)
			*next++ = '\0';
		at.line++;
		line = trim(text);
		value = strchr(line, '=');
		if (*line == '[')
			server = strncasecmp(line, "[server:", 8) == 0;
		if (*line == '#' || *line == '[' || !value)
			continue;
		*value = '\0';
		if (server &&
		    (strcasecmp(trim(line), "method") == 0 || strcasecmp(trim(line), "tls_method") == 0) &&
		    is_old_method(trim(value + 1)))
			audit_find(p->a, &old_tls, at, subject(p, "tls"), "method = TLSv1.2+",
				   "a server accepts TLS below 1.2");
	}
}

static void check_tls(const struct proxy *p)
{
	const char *module = p->opensips ? "tls_mgm" : "tls";
	const struct token *loaded = script_module(&p->s, module), *method = NULL, *config, *any;
	_cleanup_free_ char *dir = strndup(p->path, (size_t)(audit_base(p->path) - p->path));

	if (!loaded || !dir)
		return;
	config = p->opensips ? NULL : script_param(&p->s, module, "config", NULL);
	any = script_param(&p->s, module, "tls_method", NULL);
	while ((method = script_param(&p->s, module, "tls_method", method)))
		if (is_old_method(method->text))
			audit_find(p->a, &old_tls, method->at, subject(p, "tls"),
				   p->opensips ? "TLSv1_2" : "TLSv1.2+", "tls_method lets TLS below 1.2 in");
	if (config)
		check_tls_file(p, audit_path(p->a, dir, config->text));
	else if (!p->opensips && !any)
		audit_find(p->a, &old_tls, loaded->at, subject(p, "tls"),
			   "modparam(\"tls\", \"tls_method\", \"TLSv1.2+\")", "no tls_method is set");
}

/* Logs and limits */

static void check_logs(const struct proxy *p)
{
	const struct token *level = script_setting(&p->s, p->opensips ? "log_level" : "debug");
	const struct token *prefix = script_setting(&p->s, "log_prefix");
	const struct token *err = script_setting(&p->s, "log_stderror");
	struct audit_place top = {p->path, 0};
	long wanted = p->opensips ? 2 : 1, have = level ? strtol(level->text, NULL, 10) : p->opensips ? 3 : 0;

	if (p->opensips && !err)
		err = script_setting(&p->s, "stderror_enabled");
	if (have < wanted)
		audit_find(p->a, &too_quiet, level ? level->at : top, subject(p, "level"),
			   p->opensips ? "log_level=3" : "debug=2", "notices are not logged");
	if (err && audit_true(err->text))
		audit_find(p->a, &to_stderr, err->at, subject(p, "stderr"),
			   p->opensips ? "stderror_enabled=no, and syslog_enabled=yes" : "log_stderror=no",
			   "messages go to standard error");
	if (!p->opensips && prefix && strstr(prefix->text, "$ci"))
		audit_find(p->a, &call_id, prefix->at, subject(p, "log_prefix"), "log_prefix=\"{$mt $cs} \"",
			   "log_prefix has the Call-ID in it");
}

static void check_rest(const struct proxy *p)
{
	const struct token *relay = script_module(&p->s, "tm");

	if (relay && !script_module(&p->s, "pike") && !script_module(&p->s, "pipelimit") &&
	    !script_module(&p->s, "ratelimit"))
		audit_find(p->a, &no_flood_limit, relay->at, subject(p, "pike"),
			   p->opensips ? "loadmodule \"pike.so\"" : "#!define WITH_ANTIFLOOD",
			   "no module limits requests");
	if (!p->opensips && !script_setting(&p->s, "listen"))
		audit_find(p->a, &all_addresses, (struct audit_place){p->path, 0}, subject(p, "listen"),
			   "listen=udp:YOUR.ADDRESS:5060", "there is no listen line");
}

static bool audit_proxy(struct audit *a, const char *file, const char *const *usual, bool opensips)
{
	struct proxy p = {.a = a, .opensips = opensips, .name = opensips ? "opensips" : "kamailio"};
	bool found = false;

	for (p.path = file ? file : *usual; p.path && !found; p.path = file ? NULL : *++usual) {
		found = script_load(&p.s, a, p.path, !opensips);
		if (found) {
			check_accounts(&p);
			check_databases(&p);
			check_nonce(&p);
			check_sockets(&p);
			check_httpd(&p);
			check_xhttp(&p);
			check_tls(&p);
			check_logs(&p);
			check_rest(&p);
		}
		script_done(&p.s);
	}
	return found;
}

bool audit_kamailio(struct audit *a, const char *file)
{
	static const char *const usual[] = {"/etc/kamailio/kamailio.cfg",
					    "/usr/local/etc/kamailio/kamailio.cfg", NULL};

	return audit_proxy(a, file, usual, false);
}

bool audit_opensips(struct audit *a, const char *file)
{
	static const char *const usual[] = {"/etc/opensips/opensips.cfg",
					    "/usr/local/etc/opensips/opensips.cfg", NULL};

	return audit_proxy(a, file, usual, true);
}
