/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Facts about a fraud, which root hands to systemd: what is let through has only lines
 * of that form, and whatever the agent writes is let through.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/handout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What systemd.exec(5) gives a meaning to in EnvironmentFile=, and what a shell does within quotes. */
static void check_let_through(const char *text, size_t len)
{
	size_t i, quotes = 0, lines = 0;

	for (i = 0; i < len; i++) {
		if ((unsigned char)text[i] >= 0x7f || (text[i] < ' ' && text[i] != '\n') || strchr("\\$`'!;&|<>%", text[i]))
			abort();
		quotes += text[i] == '"';
		lines += text[i] == '\n';
		if ((i == 0 || text[i - 1] == '\n') && strncmp(text + i, "SIPWARDEN_", 10) != 0)
			abort();
	}
	if (quotes != 2 * lines || text[len - 1] != '\n')
		abort();
}

static void check_written(const char *value)
{
	const struct log_field fields[] = {{"SIPWARDEN_A", value}, {"SIPWARDEN_B", NULL}, {"SIPWARDEN_C", value}, {NULL, NULL}};
	char *text = handout_write(fields);

	if (!text || !handout_good_text(text, strlen(text)))
		abort();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *whole = malloc(size + 1);

	if (!text || !whole)
		abort();
	memcpy(whole, data, size);
	whole[size] = '\0';
	if (handout_good_text(whole, size))
		check_let_through(whole, size);
	if (handout_good_name(text) && (strlen(text) >= HANDOUT_NAME_MAX || strpbrk(text, "./@%\\ \n")))
		abort();
	check_written(text);
	free(whole);
	free(text);
	return 0;
}
