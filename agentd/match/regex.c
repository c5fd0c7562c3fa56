/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/regex.h"

#include <string.h>

/* At '['; behind its ']'. */
static const char *skip_class(const char *p)
{
	p += p[1] == '^' ? 2 : 1;
	if (*p == ']')
		p++;
	for (; *p && *p != ']'; p++) {
		if (*p == '\\' && p[1]) {
			if (p[1] == 'Q')
				return NULL;
			p++;
		} else if (*p == '[' && (p[1] == ':' || p[1] == '.' || p[1] == '=')) {
			p = strchr(p + 2, ']');
			if (!p)
				return NULL;
		}
	}
	return *p ? p + 1 : NULL;
}

bool regex_group_is_strange(const char *p)
{
	return p[1] == '*' || (p[1] == '?' && !strchr(":<P'=!>|&R", p[2]));
}

/* At '('; behind the ')' that closes it. */
static const char *skip_group(const char *p)
{
	size_t depth = 0;

	while (p && *p) {
		if (*p == '(') {
			if (regex_group_is_strange(p))
				return NULL;
			depth++;
			p++;
		} else if (*p == ')') {
			p++;
			if (--depth == 0)
				return p;
		} else {
			p = regex_skip_item(p);
		}
	}
	return NULL;
}

const char *regex_skip_item(const char *p)
{
	switch (*p) {
	case '\0':
		return NULL;
	case '\\':
		return p[1] && p[1] != 'Q' ? p + 2 : NULL;
	case '[':
		return skip_class(p);
	case '(':
		return skip_group(p);
	default:
		return p + 1;
	}
}
