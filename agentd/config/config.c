/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/config.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/defaults.h"
#include "config/ini.h"
#include "config/loader.h"
#include "config/suggest.h"

#define INPUTS_MAX 256
#define RULES_MAX 256

/* Sections */

static const char *const section_names[] = { "sipwarden", "firewall", "detection", "exempt", "trust", "proof",
					     "accounts",  "prefixes", "brakes",	   "metrics",	 "sip-firewall", "site",
					     "calls",	  "report",   "input NAME", "rule NAME",  "fraud NAME" };

/* The name in "input NAME", or NULL if section is not one of that type. */
static const char *section_name(const char *section, const char *type)
{
	size_t n = strlen(type);

	if (strncmp(section, type, n) != 0 || section[n] != ' ')
		return NULL;
	return section + n + strspn(section + n, " ");
}

static struct config_input *open_input(struct loader *l, const struct place *at, const char *name)
{
	struct config *c = l->cfg;
	struct config_input *in, *longer;
	size_t i;

	for (i = 0; i < c->n_inputs; i++)
		if (strcmp(c->inputs[i].name, name) == 0)
			return &c->inputs[i];
	longer = c->n_inputs < INPUTS_MAX ? realloc(c->inputs, (c->n_inputs + 1) * sizeof(*longer)) : NULL;
	if (!longer) {
		value_error(at, name, NULL, "more than 256 inputs, or out of memory");
		return NULL;
	}
	c->inputs = longer;
	in = &c->inputs[c->n_inputs];
	*in = (struct config_input){ .line = at->line, .file = l->file, .type = (enum input_type)-1, .witness = true };
	if (!value_name(at, name, &in->name))
		return NULL;
	c->n_inputs++;
	return in;
}

static struct config_rule *open_rule(struct loader *l, const struct place *at, const char *name)
{
	struct config *c = l->cfg;
	struct config_rule *rule, *longer;
	size_t i;

	for (i = 0; i < c->n_rules; i++) {
		if (strcmp(c->rules[i].name, name) == 0) {
			c->rules[i].line = at->line;
			c->rules[i].file = l->file;
			return &c->rules[i];
		}
	}
	longer = c->n_rules < RULES_MAX ? realloc(c->rules, (c->n_rules + 1) * sizeof(*longer)) : NULL;
	if (!longer) {
		value_error(at, name, NULL, "more than 256 rules, or out of memory");
		return NULL;
	}
	c->rules = longer;
	rule = &c->rules[c->n_rules];
	*rule = (struct config_rule){ .line = at->line, .file = l->file, .enabled = true, .keys = KEY_ADDRESS };
	if (!value_name(at, name, &rule->name))
		return NULL;
	c->n_rules++;
	return rule;
}

static struct config_fraud *open_fraud(struct loader *l, const struct place *at, const char *name)
{
	struct config *c = l->cfg;
	struct config_fraud *f, *longer;
	size_t i;

	for (i = 0; i < c->n_frauds; i++) {
		if (strcmp(c->frauds[i].name, name) == 0) {
			c->frauds[i].line = at->line;
			c->frauds[i].file = l->file;
			return &c->frauds[i];
		}
	}
	longer = c->n_frauds < FRAUDS_MAX ? reallocarray(c->frauds, c->n_frauds + 1, sizeof(*longer)) : NULL;
	if (!longer) {
		value_error(at, name, NULL, "more than 64 rules on calls, or out of memory");
		return NULL;
	}
	c->frauds = longer;
	f = &c->frauds[c->n_frauds];
	config_fraud_defaults(f);
	f->line = at->line;
	f->file = l->file;
	if (!value_name(at, name, &f->name))
		return NULL;
	c->n_frauds++;
	return f;
}

static void unknown_section(struct loader *l, const char *section, unsigned line)
{
	const char *near = suggest_nearest(section, section_names, ELEMENTSOF(section_names));
	_cleanup_free_ char *hint = near ? text_printf("did you mean [%s]?", near) : NULL;

	diag_error(l->diag, l->file, line,
		   hint ? hint : "there are [sipwarden], [firewall], [detection], [exempt], [trust], [proof], [accounts], "
		       "[prefixes], [brakes], [metrics], [sip-firewall], [site], [calls], [report], [input NAME], [rule NAME] and "
		       "[fraud NAME]",
		   "unknown section [%s]", section);
}

/* The line where what stands already in this file, or 0 after noting it. */
static unsigned note_seen(struct loader *l, const char *section, const char *key, unsigned line)
{
	_cleanup_free_ char *what = text_printf("%s\n%s", section, key ? key : "");
	struct seen *longer;
	size_t i;

	for (i = 0; what && i < l->n_seen; i++)
		if (strcmp(l->seen[i].what, what) == 0)
			return l->seen[i].line;
	longer = realloc(l->seen, (l->n_seen + 1) * sizeof(*longer));
	if (!longer || !what)
		return 0;
	l->seen = longer;
	l->seen[l->n_seen++] = (struct seen){ TAKE_PTR(what), line };
	return 0;
}

static void forget_seen(struct loader *l)
{
	while (l->n_seen > 0)
		free(l->seen[--l->n_seen].what);
	free(TAKE_PTR(l->seen));
}

static void open_section(struct loader *l, const char *section, unsigned line)
{
	const struct place at = { l->diag, l->file, line, "name" };
	unsigned before = note_seen(l, section, NULL, line);
	const char *name;

	l->keys = NULL;
	if (before) {
		diag_error(l->diag, l->file, line, "join the two", "section [%s] stands at line %u already", section,
			   before);
		return;
	}
	if (strcmp(section, "sipwarden") == 0) {
		l->keys = &sipwarden_keys;
	} else if (strcmp(section, "firewall") == 0) {
		l->keys = &firewall_keys;
	} else if (strcmp(section, "detection") == 0) {
		l->keys = &detection_keys;
	} else if (strcmp(section, "exempt") == 0) {
		l->keys = &exempt_keys;
	} else if (strcmp(section, "trust") == 0) {
		l->keys = &trust_keys;
	} else if (strcmp(section, "proof") == 0) {
		l->keys = &proof_keys;
	} else if (strcmp(section, "accounts") == 0) {
		l->keys = &accounts_keys;
	} else if (strcmp(section, "prefixes") == 0) {
		l->keys = &prefixes_keys;
	} else if (strcmp(section, "brakes") == 0) {
		l->keys = &brakes_keys;
	} else if (strcmp(section, "metrics") == 0) {
		l->keys = &metrics_keys;
	} else if (strcmp(section, "sip-firewall") == 0) {
		l->keys = &sip_keys;
	} else if (strcmp(section, "site") == 0) {
		l->keys = &site_keys;
	} else if (strcmp(section, "calls") == 0) {
		l->keys = &calls_keys;
	} else if ((name = section_name(section, "fraud"))) {
		l->fraud = open_fraud(l, &at, name);
		if (l->fraud)
			l->keys = &fraud_keys;
	} else if (strcmp(section, "report") == 0) {
		l->keys = &report_keys;
	} else if ((name = section_name(section, "input"))) {
		l->input = open_input(l, &at, name);
		if (l->input)
			l->keys = &input_keys;
	} else if ((name = section_name(section, "rule"))) {
		l->rule = open_rule(l, &at, name);
		if (l->rule)
			l->keys = &rule_keys;
	} else {
		unknown_section(l, section, line);
	}
}

static void unknown_key(struct loader *l, const char *section, const char *key, unsigned line)
{
	_cleanup_free_ char *hint = NULL;
	const char *names[32], *near;
	size_t i;

	for (i = 0; i < l->keys->count && i < ELEMENTSOF(names); i++)
		names[i] = l->keys->keys[i].name;
	near = suggest_nearest(key, names, i);
	if (near) {
		hint = text_printf("did you mean '%s'?", near);
	} else {
		hint = strdup("it knows:");
		for (i = 0; hint && i < l->keys->count; i++) {
			char *longer = text_printf("%s %s", hint, l->keys->keys[i].name);

			free(hint);
			hint = longer;
		}
	}
	diag_error(l->diag, l->file, line, hint, "unknown key '%s' in [%s]", key, section);
}

static void take(void *userdata, const char *section, const char *key, const char *value, unsigned line)
{
	struct loader *l = userdata;
	const struct place at = { l->diag, l->file, line, key };
	unsigned before;
	size_t i;

	if (!key) {
		open_section(l, section, line);
		return;
	}
	for (i = 0; l->keys && i < l->keys->count; i++) {
		if (strcmp(l->keys->keys[i].name, key) != 0)
			continue;
		before = note_seen(l, section, key, line);
		if (before && !l->keys->keys[i].repeatable) {
			diag_error(l->diag, l->file, line, "keep one of them", "'%s' stands at line %u already", key,
				   before);
			return;
		}
		l->first = !before;
		l->keys->keys[i].take(l, &at, value);
		return;
	}
	if (l->keys)
		unknown_key(l, section, key, line);
}

/* What only makes sense together, once all files are read. */

static void finish_input(struct loader *l, struct config_input *in)
{
	const struct place at = { l->diag, in->file, in->line, in->name };

	char *name = NULL;

	if (!in->filters && value_name(&at, in->name, &name))
		strings_add(&in->filters, name);
	if (in->type == (enum input_type)-1)
		in->type = in->paths ? INPUT_FILE : INPUT_JOURNAL;
	if (in->type == INPUT_FILE && !in->paths)
		diag_error(l->diag, in->file, in->line, "add path = /var/log/…", "input '%s' has no path", in->name);
	if (in->type == INPUT_FILE && in->matches)
		diag_error(l->diag, in->file, in->line, "make two inputs of it",
			   "input '%s' is a file and cannot have a journal match", in->name);
	if (in->type == INPUT_JOURNAL && in->paths)
		diag_error(l->diag, in->file, in->line, "make two inputs of it",
			   "input '%s' is the journal and cannot have a path", in->name);
	if (in->type == INPUT_JOURNAL && in->timezone)
		diag_error(l->diag, in->file, in->line, "take it away",
			   "input '%s' is the journal, which knows the moment of each line, and needs no timezone",
			   in->name);
}

static void finish_rule(struct loader *l, struct config_rule *rule)
{
	if (!rule->enabled)
		return;
	/* One stolen account, many sources, and its owner among them: he shall not be the last straw. */
	if (!rule->each)
		rule->each = (rule->threshold + 4) / 5;
	if (!rule->classes)
		diag_error(l->diag, rule->file, rule->line, "add class = auth-failure, or others",
			   "rule '%s' has no class", rule->name);
	if (!rule->threshold)
		diag_error(l->diag, rule->file, rule->line, "add threshold = 5, or another number",
			   "rule '%s' has no threshold", rule->name);
	if (!rule->window)
		diag_error(l->diag, rule->file, rule->line, "add window = 10m, or another length of time",
			   "rule '%s' has no window", rule->name);
	if (!rule->n_ladder)
		diag_error(l->diag, rule->file, rule->line, "add ban = 10m 1h 1d, or others",
			   "rule '%s' does not say how long to ban", rule->name);
}

static void finish(struct loader *l)
{
	struct config *c = l->cfg;
	size_t i;

	for (i = 0; i < c->n_inputs; i++)
		finish_input(l, &c->inputs[i]);
	for (i = 0; i < c->n_rules; i++)
		finish_rule(l, &c->rules[i]);
	for (i = 0; i < c->n_frauds; i++)
		finish_fraud(l, &c->frauds[i]);
	site_finish(l);
	if (c->n_inputs == 0)
		diag_warning(l->diag, c->path, 0, "add [input NAME] for each log of the gateway",
			     "there is no input, so nothing is followed");
}

static int begin_file(struct loader *l, const char *path)
{
	size_t n = strings_count(l->cfg->files);

	if (strings_add(&l->cfg->files, strdup(path)) < 0)
		return -ENOMEM;
	l->file = l->cfg->files[n];
	forget_seen(l);
	l->keys = NULL;
	return 0;
}

static int load_file(struct loader *l, const char *path)
{
	int r = begin_file(l, path);

	return r < 0 ? r : ini_parse_file_path(l->file, take, l, l->diag);
}

static int load_dropins(struct loader *l, const char *path)
{
	_cleanup_free_ char *pattern = text_printf("%s.d/*.conf", path);
	glob_t found;
	size_t i;
	int r = 0;

	if (!pattern)
		return -ENOMEM;
	if (glob(pattern, 0, NULL, &found) != 0)
		return 0;
	for (i = 0; i < found.gl_pathc; i++) {
		int f = load_file(l, found.gl_pathv[i]);

		r = f < 0 && r == 0 ? f : r;
	}
	globfree(&found);
	return r;
}

static int loader_open(struct loader *l, const char *path, struct diag *diag)
{
	*l = (struct loader){ .cfg = config_defaults(), .diag = diag };
	if (!l->cfg)
		return -ENOMEM;
	l->cfg->path = strdup(path);
	return l->cfg->path ? 0 : -ENOMEM;
}

static int loader_close(struct loader *l, int r, struct config **ret)
{
	if (r >= 0)
		finish(l);
	forget_seen(l);
	if (r >= 0 && l->diag->errors)
		r = -EINVAL;
	if (r < 0)
		config_free(l->cfg);
	else
		*ret = l->cfg;
	return r;
}

int config_load(const char *path, struct diag *diag, struct config **ret)
{
	struct loader l;
	int r = loader_open(&l, path, diag);

	if (r >= 0)
		r = load_file(&l, path);
	if (r >= 0)
		r = load_dropins(&l, path);
	return loader_close(&l, r, ret);
}

int config_load_text(const char *name, const char *text, size_t len, struct diag *diag, struct config **ret)
{
	struct loader l;
	int r = loader_open(&l, name, diag);

	if (r >= 0)
		r = begin_file(&l, name);
	if (r >= 0)
		r = ini_parse_text(l.file, text, len, take, &l, diag);
	return loader_close(&l, r, ret);
}

class_set config_classes(const struct config *c)
{
	class_set classes = c->policy.friend_for ? CLASS_BIT(CLASS_AUTH_SUCCESS) : 0;
	size_t i;

	for (i = 0; i < c->n_rules; i++)
		if (c->rules[i].enabled)
			classes |= c->rules[i].classes;
	for (i = 0; i < c->n_frauds; i++)
		if (c->frauds[i].enabled)
			classes |= CLASS_BIT(CLASS_CALL_ATTEMPT) | CLASS_BIT(CLASS_CALL_END) | CLASS_BIT(CLASS_AUTH_SUCCESS);
	return classes;
}

int config_salvage(const char *path, struct config **ret)
{
	struct diag diag = DIAG_INIT;
	struct loader l;
	int r = loader_open(&l, path, &diag);

	if (r >= 0) {
		r = load_file(&l, path);
		load_dropins(&l, path);
	}
	forget_seen(&l);
	if (l.cfg)
		site_finish(&l);
	diag_done(&diag);
	*ret = l.cfg;
	return r;
}

struct config *config_free(struct config *c)
{
	size_t i;

	if (!c)
		return NULL;
	for (i = 0; i < c->n_inputs; i++) {
		free(c->inputs[i].name);
		free(c->inputs[i].timezone);
		strings_free(c->inputs[i].filters);
		strings_free(c->inputs[i].paths);
		strings_free(c->inputs[i].matches);
	}
	for (i = 0; i < c->n_rules; i++) {
		free(c->rules[i].name);
		strings_free(c->rules[i].filters);
		free(c->rules[i].except);
		free(c->rules[i].raises);
	}
	for (i = 0; i < c->n_frauds; i++) {
		free(c->frauds[i].name);
		strings_free(c->frauds[i].countries);
		strings_free(c->frauds[i].except);
		strings_free(c->frauds[i].except_accounts);
	}
	free(c->inputs);
	free(c->rules);
	free(c->frauds);
	free(c->calls.database);
	free(c->exempt);
	strings_free(c->exempt_names);
	free(c->path);
	free(c->ports);
	free(c->sip.ports);
	free(c->user);
	free(c->group);
	free(c->state_dir);
	free(c->socket);
	free(c->firewall_socket);
	free(c->table);
	free(c->metrics_file);
	free(c->site.timezone);
	free(c->site.country);
	report_done(&c->report);
	strings_free(c->filter_dirs);
	strings_free(c->files);
	free(c);
	return NULL;
}
