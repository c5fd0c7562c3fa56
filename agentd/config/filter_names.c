/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which filters there are. */
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/filter.h"

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The name in ".../NAME.conf", as a new string. */
static char *name_of(const char *path)
{
	const char *base = strrchr(path, '/') + 1;

	return strndup(base, strlen(base) - strlen(".conf"));
}

int filter_names(char *const *dirs, char ***ret)
{
	char **names = calloc(1, sizeof(*names));
	char *const *dir;
	size_t n, i, kept = 0;

	for (dir = dirs; names && *dir; dir++) {
		_cleanup_free_ char *pattern = text_printf("%s/*.conf", *dir);
		glob_t found;

		if (!pattern || glob(pattern, 0, NULL, &found) != 0)
			continue;
		for (i = 0; i < found.gl_pathc; i++)
			strings_add(&names, name_of(found.gl_pathv[i]));
		globfree(&found);
	}
	if (!names)
		return -ENOMEM;
	n = strings_count(names);
	qsort(names, n, sizeof(*names), compare_names);
	for (i = 0; i < n; i++) {
		if (kept > 0 && strcmp(names[kept - 1], names[i]) == 0)
			free(names[i]);
		else
			names[kept++] = names[i];
	}
	names[kept] = NULL;
	*ret = names;
	return 0;
}

void filter_names_free(char **names)
{
	strings_free(names);
}
