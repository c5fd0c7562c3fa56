/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/challenge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Two halves: when the newer is full, the older is given up. */
struct challenge_log {
	struct {
		char text[CHALLENGE_LOG_SIZE / 2]; /* lines, each ended by '\n' */
		size_t len;
	} halves[2];
	unsigned newer;
};

int challenge_log_new(struct challenge_log **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

struct challenge_log *challenge_log_free(struct challenge_log *l)
{
	free(l);
	return NULL;
}

void challenge_log_note(struct challenge_log *l, const char *line, size_t len)
{
	if (len + 1 > sizeof(l->halves[0].text))
		return;
	if (l->halves[l->newer].len + len + 1 > sizeof(l->halves[0].text)) {
		l->newer ^= 1;
		l->halves[l->newer].len = 0;
	}
	memcpy(l->halves[l->newer].text + l->halves[l->newer].len, line, len);
	l->halves[l->newer].len += len;
	l->halves[l->newer].text[l->halves[l->newer].len++] = '\n';
}

bool challenge_log_any(const struct challenge_log *l, struct span text, bool (*fn)(void *userdata, const char *line, size_t len),
		       void *userdata)
{
	unsigned half, looked = 0;

	if (text.len == 0)
		return false;
	for (half = 0; half < 2; half++) {
		const char *all = l->halves[l->newer ^ half].text, *end = all + l->halves[l->newer ^ half].len, *at = all;

		while (looked < CHALLENGE_LINES_MAX && (at = memmem(at, (size_t)(end - at), text.ptr, text.len))) {
			const char *before = memrchr(all, '\n', (size_t)(at - all));
			const char *line = before ? before + 1 : all, *stop = memchr(at, '\n', (size_t)(end - at));

			if (fn(userdata, line, (size_t)(stop - line)))
				return true;
			at = stop + 1;
			looked++;
		}
	}
	return false;
}
