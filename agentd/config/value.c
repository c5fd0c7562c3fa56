/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/value.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/zone.h"
#include "config/suggest.h"

#define SHOWN_MAX 80
#define NAME_MAX_LEN 64
#define BLANKS " \t\n"

void value_error(const struct place *at, const char *text, const char *hint, const char *what)
{
	char shown[SHOWN_MAX];

	diag_error(at->diag, at->file, at->line, hint, "%s = %s: %s", at->key,
		   text_escape(SPAN(text), shown, sizeof(shown)), what);
}

bool value_bool(const struct place *at, const char *text, bool *ret)
{
	static const char *const words[] = { "no", "yes", "false", "true", "off", "on", "0", "1" };
	size_t i;

	for (i = 0; i < ELEMENTSOF(words); i++) {
		if (strcasecmp(words[i], text) == 0) {
			*ret = i % 2 == 1;
			return true;
		}
	}
	value_error(at, text, "write yes or no", "neither yes nor no");
	return false;
}

bool value_number(const struct place *at, const char *text, uint32_t min, uint32_t max, uint32_t *ret)
{
	_cleanup_free_ char *hint = text_printf("a whole number from %u to %u", min, max);
	unsigned long n;

	if (*text == '\0' || strspn(text, "0123456789") != strlen(text)) {
		value_error(at, text, hint, "not a number");
		return false;
	}
	errno = 0;
	n = strtoul(text, NULL, 10);
	if (errno || n < min || n > max) {
		value_error(at, text, hint, "out of range");
		return false;
	}
	*ret = (uint32_t)n;
	return true;
}

bool value_span(const struct place *at, const char *text, usec_t min, usec_t max, usec_t *ret)
{
	char low[TIMESPAN_TEXT_MAX], high[TIMESPAN_TEXT_MAX];
	_cleanup_free_ char *hint = NULL;
	usec_t span;
	int r = timespan_parse(text, &span);

	if (r == -EINVAL) {
		value_error(at, text, "a number and a unit: ms, s, m, h, d, w; as 90s or 1h30m", "not a length of time");
		return false;
	}
	if (r < 0 || span < min || span > max) {
		hint = text_printf("from %s to %s", timespan_format(min, low), timespan_format(max, high));
		value_error(at, text, hint, "out of range");
		return false;
	}
	/* The unit is easily forgotten, and seconds are seldom meant. */
	if (span && strspn(text, "0123456789") == strlen(text))
		diag_warning(at->diag, at->file, at->line, "write its unit, as s, m, h or d",
			     "%s = %s has no unit, and is taken as seconds", at->key, text);
	*ret = span;
	return true;
}

bool value_zone(const struct place *at, const char *text, char **ret)
{
	struct zone *zone = NULL;
	int r = zone_new(text, &zone);

	zone_free(zone);
	if (r == -EINVAL)
		value_error(at, text, "local, UTC, an offset as +02:00, or a zone of timedatectl list-timezones, as Europe/Berlin",
			    "not a time zone");
	else if (r < 0)
		value_error(at, "", NULL, "out of memory");
	return r == 0 && value_text(at, text, ret);
}

bool value_choice(const struct place *at, const char *text, const char *const *words, size_t n, unsigned *ret)
{
	_cleanup_free_ char *hint = NULL;
	size_t i;

	for (i = 0; i < n; i++) {
		if (strcmp(words[i], text) == 0) {
			*ret = (unsigned)i;
			return true;
		}
	}
	if (suggest_nearest(text, words, n)) {
		hint = text_printf("did you mean '%s'?", suggest_nearest(text, words, n));
	} else {
		hint = strdup("one of:");
		for (i = 0; hint && i < n; i++) {
			char *longer = text_printf("%s %s", hint, words[i]);

			free(hint);
			hint = longer;
		}
	}
	value_error(at, text, hint, "unknown");
	return false;
}

bool value_class(const struct place *at, const char *text, enum event_class *ret)
{
	const char *names[CLASS_COUNT - 1];
	unsigned i;

	for (i = 1; i < CLASS_COUNT; i++)
		names[i - 1] = class_name((enum event_class)i);
	if (!value_choice(at, text, names, ELEMENTSOF(names), &i))
		return false;
	*ret = (enum event_class)(i + 1);
	return true;
}

bool value_text(const struct place *at, const char *text, char **ret)
{
	char *copy = strdup(text);

	if (!copy) {
		value_error(at, "", NULL, "out of memory");
		return false;
	}
	free(*ret);
	*ret = copy;
	return true;
}

bool value_path(const struct place *at, const char *text, char **ret)
{
	if (*text != '/') {
		value_error(at, text, "start it with '/'", "not an absolute path");
		return false;
	}
	if (strstr(text, "/../") || strchr(text, '\n')) {
		value_error(at, text, "write the path without '..'", "not a plain path");
		return false;
	}
	return value_text(at, text, ret);
}

bool value_name(const struct place *at, const char *text, char **ret)
{
	const char *p;
	bool good = isalnum((unsigned char)*text) || *text == '_';

	for (p = text; *p; p++)
		good = good && (isalnum((unsigned char)*p) || strchr("_-.", *p));
	if (!good || p - text > NAME_MAX_LEN) {
		value_error(at, text, "letters, digits, '_', '-' and '.', at most 64", "not a name");
		return false;
	}
	return value_text(at, text, ret);
}

bool value_words(const struct place *at, const char *text, char ***ret)
{
	_cleanup_free_ char *copy = strdup(text);
	char **list = NULL, *save = NULL, *word;

	for (word = copy ? strtok_r(copy, BLANKS, &save) : NULL; word; word = strtok_r(NULL, BLANKS, &save)) {
		if (strings_add(&list, strdup(word)) < 0) {
			strings_free(list);
			list = NULL;
			break;
		}
	}
	if (!list) {
		value_error(at, text, "one or more words with blanks between them", "nothing there");
		return false;
	}
	*ret = list;
	return true;
}

static bool is_match(const char *word)
{
	size_t n = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	return n > 0 && n <= 64 && word[n] == '=' && word[n + 1] != '\0';
}

bool value_matches(const struct place *at, const char *text, bool alternatives, char ***ret)
{
	char **words, **w;

	if (!value_words(at, text, &words))
		return false;
	for (w = words; *w; w++) {
		if (is_match(*w) || (alternatives && strcmp(*w, "+") == 0))
			continue;
		value_error(at, *w,
			    alternatives ? "FIELD=VALUE with a field of systemd.journal-fields(7), as "
					   "_SYSTEMD_UNIT=asterisk.service; '+' between alternatives" :
					   "FIELD=VALUE with a field of systemd.journal-fields(7), as _TRANSPORT=syslog",
			    "not a journal match");
		strings_free(words);
		return false;
	}
	*ret = words;
	return true;
}

size_t strings_count(char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

void strings_free(char **list)
{
	size_t i;

	for (i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

int strings_add(char ***list, char *text)
{
	size_t n = strings_count(*list);
	char **longer = text ? realloc(*list, (n + 2) * sizeof(char *)) : NULL;

	if (!longer) {
		free(text);
		return -ENOMEM;
	}
	longer[n] = text;
	longer[n + 1] = NULL;
	*list = longer;
	return 0;
}
