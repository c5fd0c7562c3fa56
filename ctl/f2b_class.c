/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "f2b_class.h"

#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"

/* The first word that is there decides. */
static const struct guess {
	const char *word;
	enum event_class class;
} by_name[] =
	{
		{"badbots", CLASS_SCANNER},	  {"botsearch", CLASS_SCANNER},
		{"fakegooglebot", CLASS_SCANNER}, {"noscript", CLASS_SCANNER},
		{"nohome", CLASS_SCANNER},	  {"shellshock", CLASS_SCANNER},
		{"modsecurity", CLASS_SCANNER},	  {"portsentry", CLASS_SCANNER},
		{"scanlogd", CLASS_SCANNER},	  {"url-fopen", CLASS_SCANNER},
		{"overflows", CLASS_MALFORMED},	  {"bad-request", CLASS_MALFORMED},
		{"limit-req", CLASS_FLOOD},
},
  by_text[] = {
	  {"password", CLASS_AUTH_FAILURE},
	  {"credential", CLASS_AUTH_FAILURE},
	  {"can't find user", CLASS_UNKNOWN_USER},
	  {"unknown user", CLASS_UNKNOWN_USER},
	  {"no such user", CLASS_UNKNOWN_USER},
	  {"user unknown", CLASS_UNKNOWN_USER},
	  {"nonexistent", CLASS_UNKNOWN_USER},
	  {"non-existent", CLASS_UNKNOWN_USER},
	  {"nvalid user", CLASS_UNKNOWN_USER},
	  {"nvalid) user", CLASS_UNKNOWN_USER},
	  {"nvalidaccount", CLASS_AUTH_FAILURE},
	  {"no registration for peer", CLASS_UNKNOWN_USER},
	  {"uthenticat", CLASS_AUTH_FAILURE},
	  {"auth fail", CLASS_AUTH_FAILURE},
	  {"login", CLASS_AUTH_FAILURE},
	  {"extension", CLASS_CALL_ATTEMPT},
	  {"too many", CLASS_FLOOD},
	  {"rate limit", CLASS_FLOOD},
	  {"ratelimit", CLASS_FLOOD},
	  {"ssl", CLASS_TLS_FAILURE},
	  {"tls", CLASS_TLS_FAILURE},
	  {"invalid uri", CLASS_MALFORMED},
	  {"invalid format", CLASS_MALFORMED},
	  {"protocol", CLASS_MALFORMED},
	  {"not allowed", CLASS_ACL_DENIED},
	  {"denied", CLASS_ACL_DENIED},
	  {"refused", CLASS_ACL_DENIED},
	  {"reject", CLASS_ACL_DENIED},
	  {"acl", CLASS_ACL_DENIED},
};

static enum event_class find(const struct guess *table, size_t n, const char *text)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcasestr(text, table[i].word))
			return table[i].class;
	return CLASS_NONE;
}

enum event_class f2b_class_guess(const char *filter, const char *regex)
{
	enum event_class class = find(by_name, ELEMENTSOF(by_name), filter);

	if (class == CLASS_NONE)
		class = find(by_text, ELEMENTSOF(by_text), regex);
	return class == CLASS_NONE ? CLASS_AUTH_FAILURE : class;
}
