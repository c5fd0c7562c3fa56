/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CONFIG_LOADER_H
#define SIPWARDEN_CONFIG_LOADER_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "config/value.h"

/* Between config.c, which walks the files, and keys.c, which knows each key. Private to config/. */
struct loader;

/* A key of a section: how it is taken. */
struct key {
	const char *name;
	void (*take)(struct loader *l, const struct place *at, const char *text);
	bool repeatable;
};

struct key_set {
	const struct key *keys;
	size_t count;
};

extern const struct key_set sipwarden_keys, firewall_keys, detection_keys, exempt_keys, input_keys, rule_keys, trust_keys,
	proof_keys, accounts_keys, prefixes_keys, brakes_keys, metrics_keys, sip_keys, site_keys,
	calls_keys, fraud_keys, report_keys;

/* What only makes sense together, of a rule on calls. */
void finish_fraud(struct loader *l, struct config_fraud *f);

/* An address or prefix. */
bool key_address(const struct place *at, const char *word, struct addr *ret);
/* Ports and ranges of them, ascending, in place of *ports. */
void key_ports(const struct place *at, const char *text, uint16_t **ports, size_t *n_ports);
/* Puts together what [site] says and what is usual in its country; once all files are read. */
void site_finish(struct loader *l);
void report_done(struct config_report *report);
/* Takes over words. Lists grow within a file, and start anew in a drop-in. */
void key_add_words(struct loader *l, char **words, char ***list);
/* The same with absolute paths, or patterns of them. */
void key_add_paths(struct loader *l, const struct place *at, const char *text, char ***list);
/* The same with countries, as ISO 3166 in capitals. */
void key_add_countries(struct loader *l, const struct place *at, const char *text, char ***list);

/* What was seen in the file at hand, to find what is there twice. */
struct seen {
	char *what; /* "section" or "section\nkey" */
	unsigned line;
};

struct loader {
	struct config *cfg;
	struct diag *diag;
	const char *file; /* kept in cfg->files */
	struct seen *seen;
	size_t n_seen;
	const struct key_set *keys; /* of the section at hand; NULL: an unknown one */
	bool first; /* the key is there for the first time in this section and file */
	struct config_input *input;
	struct config_rule *rule;
	struct config_fraud *fraud;
};

#endif
