/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/handout.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define PREFIX "SIPWARDEN_"
#define VALUE_MAX 512

bool handout_good_name(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");

	return n > 0 && n < HANDOUT_NAME_MAX && name[n] == '\0' && name[0] != '-';
}

static bool is_good_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr(" ._+:@/,()-#*=", c));
}

/* Behind what there is; a character that is not good becomes '_'. */
static char *write_line(const char *before, const struct log_field *field)
{
	char value[VALUE_MAX];
	size_t i;

	for (i = 0; field->value[i] && i < sizeof(value) - 1; i++)
		value[i] = is_good_char(field->value[i]) ? field->value[i] : '_';
	value[i] = '\0';
	return text_printf("%s%s=\"%s\"\n", before, field->name, value);
}

char *handout_write(const struct log_field *fields)
{
	char *text = strdup("");

	for (; text && fields->name; fields++) {
		char *longer;

		if (!fields->value)
			continue;
		longer = write_line(text, fields);
		free(text);
		text = longer;
	}
	return text;
}

static bool is_good_line(const char *line, size_t len)
{
	size_t i = strlen(PREFIX);

	if (len < i || memcmp(line, PREFIX, i) != 0)
		return false;
	while (i < len && (isupper((unsigned char)line[i]) || line[i] == '_'))
		i++;
	if (len < i + 3 || line[i] != '=' || line[i + 1] != '"' || line[len - 1] != '"')
		return false;
	for (i += 2; i < len - 1; i++)
		if (!is_good_char(line[i]))
			return false;
	return true;
}

bool handout_good_text(const char *text, size_t len)
{
	const char *end = text + len, *newline;

	if (len == 0 || len > HANDOUT_SIZE_MAX)
		return false;
	for (; text < end; text = newline + 1) {
		newline = memchr(text, '\n', (size_t)(end - text));
		if (!newline || !is_good_line(text, (size_t)(newline - text)))
			return false;
	}
	return true;
}
