/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/wordlist.h"

#include <ctype.h>
#include <glob.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/textfile.h"

#define WORDLIST_FILE_MAX ((size_t)4 << 20)
/* The array of words grows by so many. */
#define GROW 64

static void add_word(const struct place *at, struct span word, struct filter_list *list)
{
	char *copy, *p, **longer = list->words;
	const char *what = NULL;

	if (word.len > WORDLIST_WORD_MAX)
		what = "a word of more than 200 bytes";
	else if (memchr(word.ptr, '\0', word.len))
		what = "a NUL byte";
	else if (list->n_words >= FILTER_WORDS_MAX)
		what = "more than 100000 words";
	if (what) {
		value_error(at, list->name, NULL, what);
		return;
	}
	if (list->n_words % GROW == 0)
		longer = reallocarray(list->words, list->n_words + GROW, sizeof(*longer));
	copy = longer ? strndup(word.ptr, word.len) : NULL;
	if (longer)
		list->words = longer;
	if (!copy) {
		value_error(at, list->name, NULL, "out of memory");
		return;
	}
	for (p = copy; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	list->words[list->n_words++] = copy;
}

static void add_lines(const struct place *at, struct span text, bool comments, struct filter_list *list)
{
	struct place here = *at;
	struct span line;

	while (textfile_next_line(&text, &line)) {
		line = span_trim(line);
		if (line.len > 0 && !(comments && *line.ptr == '#'))
			add_word(&here, line, list);
		here.line++;
	}
}

void wordlist_add_text(const struct place *at, const char *text, struct filter_list *list)
{
	add_lines(at, SPAN(text), false, list);
}

static void read_file(const struct place *at, const char *path, struct filter_list *list)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	struct place in_file = { at->diag, path, 1, "word" };

	if (textfile_read(path, WORDLIST_FILE_MAX, at->diag, &text, &len) >= 0)
		add_lines(&in_file, textfile_skip_bom((struct span){ text, len }), true, list);
}

static char *find_file(const char *beside, const char *name, char *const *dirs)
{
	_cleanup_free_ char *copy = strdup(beside);
	char *const *dir;
	char *path;

	for (dir = dirs; *dir; dir++) {
		path = text_printf("%s/%s", *dir, name);
		if (path && access(path, F_OK) == 0)
			return path;
		free(path);
	}
	path = copy ? text_printf("%s/%s", dirname(copy), name) : NULL;
	if (path && access(path, F_OK) == 0)
		return path;
	free(path);
	return NULL;
}

void wordlist_add_file(const struct place *at, const char *name, char *const *dirs, struct filter_list *list)
{
	_cleanup_free_ char *path = NULL;
	char *const *dir;

	if (strchr(name, '/') || *name == '.' || *name == '\0') {
		value_error(at, name, "the name of a file beside the filter, without '/'", "not a file name");
		return;
	}
	path = find_file(at->file, name, dirs);
	if (path)
		read_file(at, path, list);
	else
		value_error(at, name, "put it beside the filter or into /etc/sipwarden/filters",
			    "there is no such word list");
	for (dir = dirs; *dir; dir++) {
		_cleanup_free_ char *pattern = text_printf("%s/%s.d/*.list", *dir, name);
		glob_t found;
		size_t i;

		if (!pattern || glob(pattern, 0, NULL, &found) != 0)
			continue;
		for (i = 0; i < found.gl_pathc; i++)
			read_file(at, found.gl_pathv[i], list);
		globfree(&found);
	}
}
