/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "world/world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

/* Phones register at least every hour: as many as 300,000 that do so every minute. */
#define PACE 5000

struct world *world_free(struct world *w)
{
	size_t i;

	if (!w)
		return NULL;
	for (i = 0; w->matchers && i < w->cfg->n_inputs; i++)
		matcher_free(w->matchers[i]);
	for (i = 0; i < w->n_filters; i++)
		filter_free(w->filters[i]);
	free(w->matchers);
	free(w->filters);
	config_free(w->cfg);
	free(w);
	return NULL;
}

static struct filter *find_filter(const struct world *w, const char *name)
{
	size_t i;

	for (i = 0; i < w->n_filters; i++)
		if (strcmp(w->filters[i]->name, name) == 0)
			return w->filters[i];
	return NULL;
}

/* The filter of that name, loaded if it is not there yet. */
static int get_filter(struct world *w, const struct config_input *input, const char *name, struct diag *diag,
		      struct filter **ret)
{
	struct filter **longer;
	int r;

	*ret = find_filter(w, name);
	if (*ret)
		return 0;
	longer = reallocarray(w->filters, w->n_filters + 1, sizeof(struct filter *));
	if (!longer)
		return -ENOMEM;
	w->filters = longer;
	r = filter_load(name, w->cfg->filter_dirs, diag, ret);
	if (r == -ENOENT)
		diag_error(diag, input->file, input->line, "set filter = one of 'sipwarden filter list'",
			   "input '%s' asks for it", input->name);
	if (r >= 0)
		w->filters[w->n_filters++] = *ret;
	return r;
}

/* Some programs write into files what a sender can make whole lines of. */
static void warn_of_file(const struct config_input *input, const struct filter *f, struct diag *diag)
{
	if (input->type == INPUT_FILE && f->file_risk.text)
		diag_warning(diag, input->file, input->line, f->file_risk.text,
			     "input '%s' reads a file with the filter '%s', which a sender can write into", input->name, f->name);
}

/* The journal */

static int add_all(char ***list, char *const *words)
{
	int r = 0;

	for (; words && *words && r == 0; words++)
		r = strings_add(list, strdup(*words));
	return r;
}

/* What a service, or a program, named like the filters logs. */
static int match_by_name(struct config_input *input, struct filter *const *filters)
{
	int r = 0;

	for (; *filters && r == 0; filters++) {
		const struct filter *f = *filters;

		if (input->matches)
			r = strings_add(&input->matches, strdup("+"));
		r = r < 0 ? r : strings_add(&input->matches, text_printf("_SYSTEMD_UNIT=%s.service", f->name));
		r = r < 0 ? r : add_all(&input->matches, f->journal);
		r = r < 0 ? r : strings_add(&input->matches, strdup("+"));
		r = r < 0 ? r : strings_add(&input->matches, text_printf("SYSLOG_IDENTIFIER=%s", f->name));
		r = r < 0 ? r : add_all(&input->matches, f->journal);
	}
	return r;
}

/* Does each alternative say something of the field that match, "FIELD=VALUE", is about? */
static bool is_heeded(char *const *matches, const char *match)
{
	size_t field = strcspn(match, "=") + 1;
	bool said = false;

	for (; *matches; matches++) {
		if (strcmp(*matches, "+") != 0)
			said = said || strncmp(*matches, match, field) == 0;
		else if (!said)
			return false;
		else
			said = false;
	}
	return said;
}

/* What a service prints becomes entries as well, and may be lines of a sender's. */
static void warn_of_journal(const struct config_input *input, const struct filter *f, struct diag *diag)
{
	char *const *m;

	for (m = f->journal; m && *m; m++) {
		_cleanup_free_ char *hint = text_printf("add %s to match", *m);

		if (!is_heeded(input->matches, *m))
			diag_warning(diag, input->file, input->line, hint,
				     "input '%s' reads entries of the journal that may be none of what '%s' is for", input->name,
				     f->name);
	}
}

static int complete_matches(struct config_input *input, struct filter *const *filters, struct diag *diag)
{
	if (input->type != INPUT_JOURNAL)
		return 0;
	if (!input->matches)
		return match_by_name(input, filters);
	for (; *filters; filters++)
		warn_of_journal(input, *filters, diag);
	return 0;
}

static bool same_filters(const struct config_input *a, const struct config_input *b)
{
	size_t i;

	for (i = 0; a->filters[i] && b->filters[i]; i++)
		if (strcmp(a->filters[i], b->filters[i]) != 0)
			return false;
	return a->filters[i] == b->filters[i];
}

/* What is wrong with the filters of this input is told already, for an earlier one. */
static bool is_told(const struct world *w, size_t input)
{
	size_t i;

	for (i = 0; i < input; i++)
		if (!w->matchers[i] && same_filters(&w->cfg->inputs[i], &w->cfg->inputs[input]))
			return true;
	return false;
}

static int load_matcher(struct world *w, size_t input, struct diag *diag)
{
	struct config_input *ci = &w->cfg->inputs[input];
	size_t i, n = strings_count(ci->filters);
	_cleanup_free_ struct filter **filters = calloc(n + 1, sizeof(struct filter *));
	int r = filters ? 0 : -ENOMEM;

	if (is_told(w, input))
		return -EINVAL;
	/* Go on after a bad one: all mistakes are to be seen at once. */
	for (i = 0; filters && i < n; i++) {
		int f = get_filter(w, ci, ci->filters[i], diag, &filters[i]);

		if (f >= 0)
			warn_of_file(ci, filters[i], diag);
		r = f < 0 ? f : r;
	}
	if (r >= 0)
		r = complete_matches(ci, filters, diag);
	if (r >= 0)
		r = matcher_join((const struct filter *const *)filters, n, diag, &w->matchers[input]);
	if (r >= 0) {
		matcher_want(w->matchers[input], config_classes(w->cfg));
		matcher_trust_twins(w->matchers[input]);
		matcher_brake(w->matchers[input]);
		matcher_pace(w->matchers[input], PACE);
	}
	return r;
}

int world_load(struct config *cfg, struct diag *diag, struct world **ret)
{
	struct world *w = calloc(1, sizeof(*w));
	size_t i, errors = diag->errors;
	int r = 0;

	if (w) {
		w->cfg = cfg;
		w->matchers = calloc(cfg->n_inputs + 1, sizeof(struct matcher *));
	}
	if (!w || !w->matchers) {
		config_free(cfg);
		free(w);
		return -ENOMEM;
	}
	for (i = 0; i < cfg->n_inputs; i++) {
		int m = load_matcher(w, i, diag);

		r = m < 0 ? m : r;
	}
	if (r < 0 || diag->errors > errors) {
		world_free(w);
		return r < 0 ? r : -EINVAL;
	}
	*ret = w;
	return 0;
}

unsigned world_test(const struct world *w, struct diag *diag)
{
	unsigned examples = 0;
	size_t i;

	for (i = 0; i < w->n_filters; i++) {
		struct matcher *m = NULL;

		if (matcher_new(w->filters[i], diag, &m) >= 0)
			examples += matcher_test(m, diag);
		if (m)
			matcher_probe(m, diag);
		matcher_free(m);
	}
	return examples;
}
