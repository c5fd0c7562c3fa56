/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The filters for logins of the gateway itself, SSH and web, on lines that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "config/filter.h"
#include "match/match.h"

/* All lines here are caused by this address; of 203.0.113.0/24, none. */
#define SENDER "192.0.2.5"
/* Where the sender's text goes in a template. */
#define HOLE "%"

static char *dirs[] = {(char *)"filters", NULL};

/* What is written with text of the sender's in it. */
static const struct template
{
	const char *filter;
	const char *line;
	const char *never; /* what the program does not let into the text, in any form */
	bool may_be_two;   /* text like the line's own end leaves two readings, for nobody */
}
templates[] = {
	{"sshd", "Failed password for invalid user " HOLE " from " SENDER " port 22022 ssh2", "", true},
	{"sshd",
	 "Failed publickey for invalid user " HOLE " from " SENDER
	 " port 22022 ssh2: ED25519 SHA256:v3dpapGl",
	 "", true},
	{"sshd",
	 "Failed hostbased for root from " SENDER " port 22022 ssh2: RSA SHA256:x, client user \"" HOLE
	 "\", client host \"" HOLE "\"",
	 "", true},
	{"sshd", "Invalid user " HOLE " from " SENDER " port 22022", "", false},
	{"sshd", "Invalid user " HOLE " from " SENDER, "", false},
	{"sshd", "error: PAM: Authentication failure for illegal user " HOLE " from " SENDER, "", false},
	{"sshd", "User " HOLE " from " SENDER " not allowed because not listed in AllowUsers", "", false},
	{"sshd", "refused connect from " HOLE " (" SENDER ")", "", false},
	{"sshd",
	 "error: maximum authentication attempts exceeded for invalid user " HOLE " from " SENDER
	 " port 22022 ssh2 [preauth]",
	 "", false},
	{"sshd", "Connection closed by invalid user " HOLE " " SENDER " port 22022 [preauth]", "", false},
	{"sshd", "Disconnected from authenticating user " HOLE " " SENDER " port 22022 [preauth]", "", false},
	{"sshd", "Received disconnect from " SENDER " port 22022:11: " HOLE " [preauth]", "", false},
	{"sshd",
	 "Disconnecting invalid user " HOLE " " SENDER
	 " port 22022: Change of username or service not allowed: (" HOLE
	 ",ssh-connection) -> (b,ssh-connection) [preauth]",
	 "", true},
	{"sshd",
	 "Unable to negotiate with " SENDER " port 22022: no matching cipher found. Their offer: " HOLE
	 " [preauth]",
	 "", false},
	{"sshd", "Bad protocol version identification '" HOLE "' from " SENDER " port 22022", "", false},
	{"sshd",
	 "banner exchange: Connection from authenticating user " HOLE " " SENDER
	 " port 22022: invalid format",
	 "", false},
	{"sshd", "scanned from " SENDER " port 22022 with " HOLE ".  Don't panic.", "", false},
	{"dropbear", "Bad password attempt for '" HOLE "' from " SENDER ":22022", "", false},
	{"dropbear", "Login attempt with wrong user " HOLE " from " SENDER ":22022", "", false},
	{"dropbear", "Exit before auth from <" SENDER ":22022>: Incompatible remote version '" HOLE "'", "",
	 false},
	{"nginx",
	 "2026/11/24 18:34:36 [error] 19056#19056: *4 user \"" HOLE
	 "\" was not found in \"/etc/nginx/users\", client: " SENDER
	 ", server: gw, request: \"GET / HTTP/1.1\", host: \"gw\"",
	 ":", false},
	{"nginx",
	 "2026/11/24 18:34:36 [error] 19056#19056: *4 user \"bob\": password mismatch, client: " SENDER
	 ", server: gw, request: \"GET /" HOLE " HTTP/1.1\", host: \"gw\", referrer: \"" HOLE "\"",
	 "", false},
	{"nginx",
	 "2026/11/24 18:34:36 [error] 19056#19056: *4 PAM: user '" HOLE
	 "' - not authenticated: Authentication failure, client: " SENDER
	 ", server: gw, request: \"GET / HTTP/1.1\", host: \"gw\"",
	 ":", false},
	{"nginx",
	 "2026/11/24 18:34:36 [error] 19056#19056: *4 access forbidden by rule, client: " SENDER
	 ", server: gw, request: \"GET /" HOLE " HTTP/1.1\", host: \"gw\"",
	 "", false},
	{"apache",
	 "[Sat Jul 20 21:39:11.978080 2013] [auth_basic:error] [pid 1:tid 2] [client " SENDER
	 ":51390] AH01617: user " HOLE ": authentication failure for \"/" HOLE
	 "\": Password Mismatch, referer: " HOLE,
	 "", false},
	{"apache", "[Sat Jul 20 21:39:11 2013] [error] [client " SENDER "] user " HOLE " not found: /" HOLE,
	 "", false},
	{"apache",
	 "[Sat Jul 20 21:44:06.867985 2013] [auth_digest:error] [pid 1:tid 2] [client " SENDER
	 ":51406] AH01790: user `" HOLE "' in realm `x' not found: /" HOLE,
	 "", false},
	{"apache",
	 "[Sat Jul 20 21:44:06.867985 2013] [authz_core:error] [pid 1] [client " SENDER
	 ":51406] AH01630: client denied by server configuration: /srv/" HOLE,
	 "", false},
	{"apache",
	 "[Sat Jul 20 21:44:06.867985 2013] [core:error] [pid 1] [client " SENDER
	 ":51406] AH00135: Invalid method in request " HOLE,
	 "", false},
};

/* Ends and beginnings of the lines above, and whole ones, with another address. */
static const char *const texts[] = {
	"",
	"x",
	"203.0.113.9",
	"x from 203.0.113.9",
	"x from 203.0.113.9 port 1",
	"x from 203.0.113.9 port 1 ssh2",
	"x from 203.0.113.9 port 1 ssh2: y",
	"x from 203.0.113.9 port 1 ssh1: y",
	"x from 203.0.113.9 port 1 ssh2 [preauth]",
	"x 203.0.113.9 port 1 [preauth]",
	"x 203.0.113.9 port 1: Change of username or service not allowed: (a,b) -> (c,d) [preauth]",
	"x from 203.0.113.9 not allowed because not listed in AllowUsers",
	"x from 203.0.113.9 via 203.0.113.8",
	"x from 203.0.113.9 via ",
	"x (203.0.113.9)",
	"x' from 203.0.113.9 port 1",
	"x 203.0.113.9 port 1: invalid format",
	"x from 203.0.113.9:1",
	"x' from 203.0.113.9:1",
	"x>: from <203.0.113.9:1>: Integrity error",
	"Nov 24 10:00:00 gw sshd[1]: Failed password for root from 203.0.113.9 port 1 ssh2",
	"x\" was not found in \"/f\", client: 203.0.113.9, server: s, request: \"GET / HTTP/1.1\", host: \"h",
	"x\": password mismatch, client: 203.0.113.9, server: s, request: \"GET / HTTP/1.1\", host: \"h\"",
	"x' - not authenticated: Authentication failure, client: 203.0.113.9, server: s",
	"2026/11/24 10:00:00 [error] 1#1: *1 access forbidden by rule, client: 203.0.113.9, server: s",
	"] [client 203.0.113.9] user x not found",
	"[Sat Jul 20 21:39:11 2013] [error] [client 203.0.113.9:1] user x not found: /",
	"x' in realm `y' [client 203.0.113.9] user x: password mismatch: /",
};

static char *fill(const char *template, const char *text)
{
	const size_t room = strlen(template) + 4 * strlen(text) + 1;
	char *line = malloc(room), *to = line;

	assert_non_null(line);
	for (; *template; template ++) {
		if (*template == HOLE[0])
			to = stpcpy(to, text);
		else
			*to++ = *template;
	}
	*to = '\0';
	return line;
}

struct loaded {
	struct filter *filter;
	struct matcher *matcher;
};

static void load(const char *name, struct loaded *l)
{
	struct diag diag = DIAG_INIT;

	assert_int_equal(filter_load(name, dirs, &diag, &l->filter), 0);
	assert_int_equal(matcher_new(l->filter, &diag, &l->matcher), 0);
	diag_done(&diag);
}

static void unload(struct loaded *l)
{
	matcher_free(l->matcher);
	filter_free(l->filter);
}

static bool possible(const struct template *t, const char *text)
{
	return !*t->never || !strpbrk(text, t->never);
}

/* The sender or, where two readings are right to be seen, nobody; never another. */
static void check(struct matcher *m, const struct template *t, const char *text)
{
	_cleanup_free_ char *line = fill(t->line, text);
	char addr[ADDR_TEXT_MAX];
	struct event e;

	if (!matcher_line(m, line, strlen(line), &e))
		fail_msg("lost: %.300s", line);
	if (e.n_addrs != 1 && !t->may_be_two)
		fail_msg("%zu addresses: %.300s", e.n_addrs, line);
	if (e.n_addrs == 1 && strcmp(addr_format(&e.addrs[0], addr), SENDER) != 0)
		fail_msg("aimed at %s by %s: %.300s", addr, e.pattern, line);
}

static void no_text_of_the_sender_names_another(void **state)
{
	size_t i, k;

	(void)state;
	for (i = 0; i < ELEMENTSOF(templates); i++) {
		struct loaded l = {0};

		load(templates[i].filter, &l);
		for (k = 0; k < ELEMENTSOF(texts); k++)
			if (possible(&templates[i], texts[k]))
				check(l.matcher, &templates[i], texts[k]);
		unload(&l);
	}
}

static char *repeated(const char *text, size_t size)
{
	char *long_text = calloc(1, size + strlen(text) + 1), *to = long_text;

	assert_non_null(long_text);
	while ((size_t)(to - long_text) < size)
		to = stpcpy(to, text);
	return long_text;
}

/* No length hides a line behind the match limit. */
static void a_long_text_does_not_hide_its_line(void **state)
{
	static const size_t sizes[] = {90, 1500, 20000};
	size_t i, k, s;

	(void)state;
	for (i = 0; i < ELEMENTSOF(templates); i++) {
		struct match_stats stats;
		struct loaded l = {0};

		load(templates[i].filter, &l);
		for (k = 1; k < ELEMENTSOF(texts); k++) {
			if (!possible(&templates[i], texts[k]))
				continue;
			for (s = 0; s < ELEMENTSOF(sizes); s++) {
				_cleanup_free_ char *text = repeated(texts[k], sizes[s]);

				check(l.matcher, &templates[i], text);
			}
		}
		matcher_stats(l.matcher, &stats);
		assert_int_equal(stats.limited, 0);
		unload(&l);
	}
}

/* nginx cuts at 2047 bytes, which a long request or name brings about. */
static void a_cut_line_of_nginx_is_right_or_nothing(void **state)
{
	static const char whole[] = "2026/11/24 18:34:36 [error] 19056#19056: *4 user \"x\": password "
				    "mismatch, client: 192.0.2.5, "
				    "server: gw, request: \"GET / HTTP/1.1\", host: \"gw\"";
	const size_t known = (size_t)(strstr(whole, ", server: ") - whole) + strlen(", server: ");
	struct loaded l = {0};
	size_t len;

	(void)state;
	load("nginx", &l);
	for (len = 1; len < strlen(whole); len++) {
		char addr[ADDR_TEXT_MAX];
		struct event e;
		bool matched = matcher_line(l.matcher, whole, len, &e);

		assert_int_equal(matched, len >= known);
		if (matched)
			assert_string_equal(addr_format(&e.addrs[0], addr), SENDER);
	}
	unload(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_text_of_the_sender_names_another),
		cmocka_unit_test(a_long_text_does_not_hide_its_line),
		cmocka_unit_test(a_cut_line_of_nginx_is_right_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
