/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each key of [rule NAME] and how its value is taken. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/loader.h"

/* A window must fit the 32-bit milliseconds of detect/window.h (WINDOW_MAX). */
#define RULE_WINDOW_MAX (12 * (usec_t)86400 * USEC_PER_SEC)
/* Sources that a rule knows by name. */
#define RULE_SOURCES_MAX 256

static void take_rule_class(struct loader *l, const struct place *at, const char *text)
{
	class_set classes = 0;
	enum event_class c;
	char **words, **w;
	bool good = true;

	if (!value_words(at, text, &words))
		return;
	for (w = words; *w; w++) {
		if (value_class(at, *w, &c))
			classes |= CLASS_BIT(c);
		else
			good = false;
	}
	strings_free(words);
	if (good)
		l->rule->classes = classes;
}

static void take_rule_key(struct loader *l, const struct place *at, const char *text)
{
	static const char *const names[] = { "address", "prefix", "account", "number" };
	unsigned keys = 0, i;
	char **words, **w;
	bool good = true;

	if (!value_words(at, text, &words))
		return;
	for (w = words; *w; w++) {
		if (value_choice(at, *w, names, ELEMENTSOF(names), &i))
			keys |= 1u << i;
		else
			good = false;
	}
	strings_free(words);
	if ((keys & KEY_ADDRESS) && (keys & KEY_PREFIX)) {
		value_error(at, text, "an address is in its prefix: write one of them", "both address and prefix");
		return;
	}
	if (good)
		l->rule->keys = keys;
}

static void take_rule_threshold(struct loader *l, const struct place *at, const char *text)
{
	uint32_t n;

	if (value_number(at, text, 1, RULE_THRESHOLD_MAX, &n))
		l->rule->threshold = n;
}

static void take_rule_window(struct loader *l, const struct place *at, const char *text)
{
	value_span(at, text, USEC_PER_SEC, RULE_WINDOW_MAX, &l->rule->window);
}

static void take_rule_ban(struct loader *l, const struct place *at, const char *text)
{
	usec_t ladder[RULE_LADDER_MAX];
	char **words, **w;
	size_t n = 0;

	if (!value_words(at, text, &words))
		return;
	for (w = words; *w; w++) {
		if (n == RULE_LADDER_MAX) {
			value_error(at, *w, NULL, "more than 16 steps");
			break;
		}
		if (!value_span(at, *w, USEC_PER_SEC, TIMESPAN_MAX, &ladder[n]))
			break;
		n++;
	}
	if (!*w) {
		memcpy(l->rule->ladder, ladder, n * sizeof(*ladder));
		l->rule->n_ladder = n;
	}
	strings_free(words);
}

static void take_rule_enabled(struct loader *l, const struct place *at, const char *text)
{
	value_bool(at, text, &l->rule->enabled);
}

static void take_rule_observe(struct loader *l, const struct place *at, const char *text)
{
	value_bool(at, text, &l->rule->observe);
}

static void take_rule_filter(struct loader *l, const struct place *at, const char *text)
{
	char **words;

	if (value_words(at, text, &words))
		key_add_words(l, words, &l->rule->filters);
}

static void take_rule_each(struct loader *l, const struct place *at, const char *text)
{
	uint32_t n;

	if (value_number(at, text, 1, RULE_THRESHOLD_MAX, &n))
		l->rule->each = n;
}

static void take_rule_except(struct loader *l, const struct place *at, const char *text)
{
	struct config_rule *rule = l->rule;
	struct addr a, *longer;
	char **words, **w;

	if (!value_words(at, text, &words))
		return;
	if (l->first)
		rule->n_except = 0;
	for (w = words; *w; w++) {
		if (!key_address(at, *w, &a))
			continue;
		longer = rule->n_except < RULE_SOURCES_MAX ?
				 reallocarray(rule->except, rule->n_except + 1, sizeof(*longer)) :
				 NULL;
		if (!longer) {
			value_error(at, *w, "use prefixes", "more than 256 of them, or out of memory");
			break;
		}
		rule->except = longer;
		rule->except[rule->n_except++] = a;
	}
	strings_free(words);
}

static void add_raise(struct config_rule *rule, const struct place *at, const char *word, uint32_t threshold)
{
	struct config_raise *longer;
	struct addr a;

	if (!key_address(at, word, &a))
		return;
	longer = rule->n_raises < RULE_SOURCES_MAX ?
			 reallocarray(rule->raises, rule->n_raises + 1, sizeof(*longer)) :
			 NULL;
	if (!longer) {
		value_error(at, word, "use prefixes", "more than 256 of them, or out of memory");
		return;
	}
	rule->raises = longer;
	rule->raises[rule->n_raises++] = (struct config_raise){ a, threshold };
}

/* "198.51.100.0/24 203.0.113.7 600": the number is for all before it. */
static void take_rule_raise(struct loader *l, const struct place *at, const char *text)
{
	uint32_t threshold;
	char **words;
	size_t i, n;

	if (!value_words(at, text, &words))
		return;
	if (l->first)
		l->rule->n_raises = 0;
	n = strings_count(words);
	if (n < 2)
		value_error(at, text, "as 198.51.100.0/24 600", "needs a source and a threshold");
	else if (value_number(at, words[n - 1], 1, RULE_THRESHOLD_MAX, &threshold))
		for (i = 0; i + 1 < n; i++)
			add_raise(l->rule, at, words[i], threshold);
	strings_free(words);
}

static const struct key rule_list[] = {
	{ "class", take_rule_class, false },
	{ "key", take_rule_key, false },
	{ "threshold", take_rule_threshold, false },
	{ "window", take_rule_window, false },
	{ "ban", take_rule_ban, false },
	{ "enabled", take_rule_enabled, false },
	{ "filter", take_rule_filter, false },
	{ "each", take_rule_each, false },
	{ "observe", take_rule_observe, false },
	{ "except", take_rule_except, true },
	{ "raise", take_rule_raise, true },
};
const struct key_set rule_keys = { rule_list, ELEMENTSOF(rule_list) };
