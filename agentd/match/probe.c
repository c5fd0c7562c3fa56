/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Short lines that are the undoing of bad patterns. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "match/brake.h"
#include "match/probe.h"

/* What is repeated, and what then lets the regex fail, so that it looks for other ways. */
static const char *const units[] = { "a", "1", "a ", "a.", "a:", "a,", "a=", "\"", "'", "<>", " ", "." };
static const char *const ends[] = { "", "!", "\x01" };

static size_t make_text(char buf[static BRAKE_LINE_MAX + 1], size_t room, const char *unit, const char *end)
{
	char *to = buf;

	while ((size_t)(to - buf) + strlen(unit) + strlen(end) <= room)
		to = stpcpy(to, unit);
	return (size_t)(stpcpy(to, end) - buf);
}

static bool is_undoing(struct pattern *p, struct pattern_context *c, const char *line, size_t len)
{
	struct event e;

	return pattern_match_within(p, c, BRAKE_STEPS, line, len, &e) == PATTERN_LIMITED;
}

/* The text in place of line[at..at + n), as long as such a line may be. */
static bool try_field(struct pattern *p, struct pattern_context *c, struct span line, size_t at, size_t n, const char *unit,
		      const char *end)
{
	char buf[BRAKE_LINE_MAX + 1], text[BRAKE_LINE_MAX + 1];
	size_t len;

	if (line.len - n >= BRAKE_LINE_MAX)
		return false;
	make_text(text, BRAKE_LINE_MAX - (line.len - n), unit, end);
	len = (size_t)snprintf(buf, sizeof(buf), "%.*s%s%.*s", (int)at, line.ptr, text, (int)(line.len - at - n),
			       line.ptr + at + n);
	return is_undoing(p, c, buf, len);
}

/* All that the sender writes, in the example. */
static bool try_example(struct pattern *p, struct pattern_context *c, struct span line, const char *unit, const char *end)
{
	struct event e;
	size_t i;

	if (pattern_match(p, c, line.ptr, line.len, &e) != PATTERN_MATCHED)
		return false;
	const struct span fields[] = { e.user, e.id, e.number, e.agent, e.from };

	for (i = 0; i < ELEMENTSOF(fields); i++)
		if (fields[i].ptr && try_field(p, c, line, (size_t)(fields[i].ptr - line.ptr), fields[i].len, unit, end))
			return true;
	for (i = 0; i < e.n_texts; i++)
		if (try_field(p, c, line, (size_t)(e.texts[i].ptr - line.ptr), e.texts[i].len, unit, end))
			return true;
	return false;
}

bool probe_pattern(struct pattern *p, struct pattern_context *c, const struct filter_pattern *text)
{
	char line[BRAKE_LINE_MAX + 1];
	size_t u, e, i;

	for (u = 0; u < ELEMENTSOF(units); u++) {
		for (e = 0; e < ELEMENTSOF(ends); e++) {
			size_t len = make_text(line, BRAKE_LINE_MAX, units[u], ends[e]);

			if (is_undoing(p, c, line, len))
				return true;
			for (i = 0; i < text->n_examples; i++)
				if (!text->examples[i].counter &&
				    try_example(p, c, SPAN(text->examples[i].line.text), units[u], ends[e]))
					return true;
		}
	}
	return false;
}
