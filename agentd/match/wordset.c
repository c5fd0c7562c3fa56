/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/wordset.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Captures are looked at up to here; longer than any word. */
#define LOOKUP_MAX 1024

struct sorted_list {
	const struct filter_list *list;
	char **words; /* sorted, for exact lookups */
};

struct wordset {
	struct sorted_list *lists;
	size_t n_lists;
};

static int compare_words(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int wordset_new(const struct filter *f, struct wordset **ret)
{
	struct wordset *w = calloc(1, sizeof(*w));
	size_t i;

	if (w)
		w->lists = calloc(f->n_lists + 1, sizeof(*w->lists));
	if (!w || !w->lists) {
		wordset_free(w);
		return -ENOMEM;
	}
	for (i = 0; i < f->n_lists; i++) {
		const struct filter_list *list = &f->lists[i];
		struct sorted_list *s = &w->lists[w->n_lists++];

		s->list = list;
		s->words = calloc(list->n_words + 1, sizeof(*s->words));
		if (!s->words) {
			wordset_free(w);
			return -ENOMEM;
		}
		if (list->n_words > 0)
			memcpy(s->words, list->words, list->n_words * sizeof(*s->words));
		qsort(s->words, list->n_words, sizeof(*s->words), compare_words);
	}
	*ret = w;
	return 0;
}

struct wordset *wordset_free(struct wordset *w)
{
	size_t i;

	if (!w)
		return NULL;
	for (i = 0; i < w->n_lists; i++)
		free(w->lists[i].words);
	free(w->lists);
	free(w);
	return NULL;
}

static struct span field_of(const struct event *e, enum list_field field)
{
	switch (field) {
	case FIELD_AGENT:
		return e->agent;
	case FIELD_USER:
		return e->user;
	case FIELD_NUMBER:
		return e->number;
	case FIELD_FROM:
		return e->from;
	}
	return (struct span){ NULL, 0 };
}

static bool holds_any(const struct filter_list *list, const char *text)
{
	size_t i;

	for (i = 0; i < list->n_words; i++) {
		const char *word = list->words[i];

		if (list->match == LIST_PREFIX ? strncmp(text, word, strlen(word)) == 0 : strstr(text, word) != NULL)
			return true;
	}
	return false;
}

static bool is_listed(const struct sorted_list *s, struct span field)
{
	char text[LOOKUP_MAX], *key = text;
	size_t i, len = field.len < LOOKUP_MAX - 1 ? field.len : LOOKUP_MAX - 1;

	if (len == 0)
		return false;
	for (i = 0; i < len; i++)
		text[i] = field.ptr[i] ? (char)tolower((unsigned char)field.ptr[i]) : ' ';
	text[len] = '\0';
	if (s->list->match != LIST_EXACT)
		return holds_any(s->list, text);
	return bsearch(&key, s->words, s->list->n_words, sizeof(*s->words), compare_words) != NULL;
}

static bool is_asked(const struct filter_list *list, enum event_class class)
{
	if (class == CLASS_AUTH_SUCCESS)
		return false;
	if (list->field == FIELD_USER || list->field == FIELD_FROM)
		return class != CLASS_AUTH_CHALLENGE && class != CLASS_CALL_ATTEMPT && class != CLASS_CALL_END;
	return true;
}

class_set wordset_classes(const struct wordset *w, const struct event *e)
{
	class_set classes = 0;
	size_t i;

	for (i = 0; i < w->n_lists; i++)
		if (is_asked(w->lists[i].list, e->class) && is_listed(&w->lists[i], field_of(e, w->lists[i].list->field)))
			classes |= CLASS_BIT(w->lists[i].list->class);
	return classes;
}

class_set wordset_may_add(const struct wordset *w, enum event_class class, unsigned captures)
{
	class_set classes = 0;
	size_t i;

	for (i = 0; i < w->n_lists; i++)
		if (is_asked(w->lists[i].list, class) && (captures & (1u << w->lists[i].list->field)))
			classes |= CLASS_BIT(w->lists[i].list->class);
	return classes;
}
