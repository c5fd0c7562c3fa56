/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/claim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static const char *const names[SENDER_COUNT] = {
	[SENDER_USER] = "user",	  [SENDER_ID] = "id",	  [SENDER_NUMBER] = "number",
	[SENDER_AGENT] = "agent", [SENDER_FROM] = "from", [SENDER_TEXT] = "text",
};

const char *sender_field_name(enum sender_field field)
{
	return names[field];
}

/* "\x20" becomes a blank, in place. False: a "\x" without two digits, or for NUL. */
static bool unescape(char *text)
{
	char *to = text;
	const char *from;

	for (from = text; *from; to++) {
		unsigned byte;
		int used = 0;

		if (from[0] != '\\' || from[1] != 'x') {
			*to = *from++;
			continue;
		}
		if (sscanf(from + 2, "%2x%n", &byte, &used) != 1 || used != 2 || byte == 0) /* NOLINT(cert-err34-c) */
			return false;
		*to = (char)byte;
		from += 4;
	}
	*to = '\0';
	return true;
}

void claim_add(const struct place *at, const char *text, bool escaped, struct filter_claim **list, size_t *n)
{
	size_t word = strcspn(text, " \t"), blanks = strspn(text + word, " \t");
	_cleanup_free_ char *field = strndup(text, word), *chars = strdup(text + word + blanks);
	struct filter_claim *longer;
	unsigned i;

	if (!field || !chars) {
		value_error(at, "", NULL, "out of memory");
		return;
	}
	if (!value_choice(at, field, names, SENDER_COUNT, &i))
		return;
	if (*chars == '\0' || !unescape(chars)) {
		value_error(at, text, "a field and the characters, as: user '\"\\x20", "no characters, or a bad \\xHH");
		return;
	}
	longer = reallocarray(*list, *n + 1, sizeof(*longer));
	if (!longer) {
		value_error(at, "", NULL, "out of memory");
		return;
	}
	*list = longer;
	longer[(*n)++] = (struct filter_claim){ (enum sender_field)i, escaped, TAKE_PTR(chars) };
}

void claims_done(struct filter_claim *list, size_t n)
{
	while (n > 0)
		free(list[--n].chars);
	free(list);
}
