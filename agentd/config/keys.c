/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each key of sipwarden.conf(5) and how its value is taken; those of rules are in rule_keys.c. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/hostname.h"
#include "base/log.h"
#include "base/text.h"
#include "config/loader.h"

#define PORTS_MAX 4096
#define COUNTRIES_MAX 250
#define DAY (24 * 3600 * USEC_PER_SEC)

/* [sipwarden] */

static void take_user(struct loader *l, const struct place *at, const char *text)
{
	value_name(at, text, &l->cfg->user);
}

static void take_group(struct loader *l, const struct place *at, const char *text)
{
	value_name(at, text, &l->cfg->group);
}

static void take_state_dir(struct loader *l, const struct place *at, const char *text)
{
	value_path(at, text, &l->cfg->state_dir);
}

static void take_socket_path(const struct place *at, const char *text, char **ret)
{
	if (strlen(text) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		value_error(at, text, "at most 107 bytes (unix(7))", "too long for a socket");
	else
		value_path(at, text, ret);
}

static void take_socket(struct loader *l, const struct place *at, const char *text)
{
	take_socket_path(at, text, &l->cfg->socket);
}

static void take_firewall_socket(struct loader *l, const struct place *at, const char *text)
{
	take_socket_path(at, text, &l->cfg->firewall_socket);
}

static void take_filter_dirs(struct loader *l, const struct place *at, const char *text)
{
	char **words, **w;

	if (!value_words(at, text, &words))
		return;
	for (w = words; *w; w++) {
		char *path = NULL;

		if (!value_path(at, *w, &path)) {
			strings_free(words);
			return;
		}
		free(path);
	}
	strings_free(l->cfg->filter_dirs);
	l->cfg->filter_dirs = words;
}

static void take_log_level(struct loader *l, const struct place *at, const char *text)
{
	static const char *const words[] = { "debug", "info", "notice", "warning", "error" };
	unsigned i;

	if (value_choice(at, text, words, ELEMENTSOF(words), &i))
		l->cfg->log_level = log_level_parse(words[i]);
}

static void take_mode(struct loader *l, const struct place *at, const char *text)
{
	static const char *const words[] = { "enforce", "observe" };
	unsigned i;

	if (value_choice(at, text, words, ELEMENTSOF(words), &i))
		l->cfg->observe = i == 1;
}

static const struct key sipwarden_list[] = {
	{ "mode", take_mode, false },
	{ "user", take_user, false },
	{ "group", take_group, false },
	{ "state_dir", take_state_dir, false },
	{ "socket", take_socket, false },
	{ "firewall_socket", take_firewall_socket, false },
	{ "filter_dirs", take_filter_dirs, false },
	{ "log_level", take_log_level, false },
};
const struct key_set sipwarden_keys = { sipwarden_list, ELEMENTSOF(sipwarden_list) };

/* [firewall] */

static void take_table(struct loader *l, const struct place *at, const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	if (text[n] != '\0' || n == 0 || n > 31 || (*text >= '0' && *text <= '9'))
		value_error(at, text, "letters, digits and '_', at most 31, not starting with a digit",
			    "not a name for an nftables table");
	else
		value_name(at, text, &l->cfg->table);
}

static void take_max_bans(struct loader *l, const struct place *at, const char *text)
{
	value_number(at, text, 1, 10000000, &l->cfg->max_bans);
}

/* One port of text[0..len). */
static bool read_port(const char *text, size_t len, unsigned *ret)
{
	size_t i;

	*ret = 0;
	if (len == 0 || len > 5 || strspn(text, "0123456789") < len)
		return false;
	for (i = 0; i < len; i++)
		*ret = *ret * 10 + (unsigned)(text[i] - '0');
	return *ret >= 1 && *ret <= 65535;
}

static bool read_ports(const struct place *at, const char *word, bool *chosen)
{
	const size_t n = strcspn(word, "-");
	unsigned first, last, port;

	if (!read_port(word, n, &first) || (word[n] && !read_port(word + n + 1, strlen(word + n + 1), &last))) {
		value_error(at, word, "as 5060 or 5060-5061", "not a port, or ports, from 1 to 65535");
		return false;
	}
	if (!word[n])
		last = first;
	if (last < first) {
		value_error(at, word, "write the lower port first", "no ports are between them");
		return false;
	}
	for (port = first; port <= last; port++)
		chosen[port] = true;
	return true;
}

void key_ports(const struct place *at, const char *text, uint16_t **ret, size_t *n_ret)
{
	_cleanup_free_ bool *chosen = calloc(65536, sizeof(*chosen));
	uint16_t *ports = calloc(PORTS_MAX, sizeof(*ports));
	char **words = NULL, **w;
	size_t n = 0;
	unsigned port;
	bool good = chosen && ports && value_words(at, text, &words);

	for (w = words; good && *w; w++)
		good = read_ports(at, *w, chosen);
	for (port = 0; good && port < 65536; port++)
		if (chosen[port] && n++ < PORTS_MAX)
			ports[n - 1] = (uint16_t)port;
	if (n > PORTS_MAX) {
		value_error(at, text, "name those that the gateway listens on", "more than 4096 ports");
		good = false;
	}
	strings_free(words);
	if (!good) {
		free(ports);
		return;
	}
	free(*ret);
	*ret = ports;
	*n_ret = n;
}

static void take_ports(struct loader *l, const struct place *at, const char *text)
{
	key_ports(at, text, &l->cfg->ports, &l->cfg->n_ports);
}

static void take_witness(struct loader *l, const struct place *at, const char *text)
{
	value_bool(at, text, &l->cfg->witness);
}

static void take_witness_size(struct loader *l, const struct place *at, const char *text)
{
	value_number(at, text, 1, 10000000, &l->cfg->witness_size);
}

static void take_witness_for(struct loader *l, const struct place *at, const char *text)
{
	value_span(at, text, USEC_PER_SEC, DAY, &l->cfg->witness_for);
}

static const struct key firewall_list[] = {
	{ "table", take_table, false },
	{ "max_bans", take_max_bans, false },
	{ "ports", take_ports, false },
	{ "witness", take_witness, false },
	{ "witness_size", take_witness_size, false },
	{ "witness_for", take_witness_for, false },
};
const struct key_set firewall_keys = { firewall_list, ELEMENTSOF(firewall_list) };

/* [detection] */

static void take_max_offenders(struct loader *l, const struct place *at, const char *text)
{
	value_number(at, text, 100, 10000000, &l->cfg->max_offenders);
}

static void take_ipv4_prefix(struct loader *l, const struct place *at, const char *text)
{
	uint32_t n;

	if (value_number(at, text, 8, 32, &n))
		l->cfg->ipv4_prefix = (uint8_t)n;
}

static void take_ipv6_prefix(struct loader *l, const struct place *at, const char *text)
{
	uint32_t n;

	if (value_number(at, text, 16, 128, &n))
		l->cfg->ipv6_prefix = (uint8_t)n;
}

static void take_history(struct loader *l, const struct place *at, const char *text)
{
	value_span(at, text, 0, TIMESPAN_MAX, &l->cfg->history);
}

static const struct key detection_list[] = {
	{ "max_offenders", take_max_offenders, false },
	{ "ipv4_prefix", take_ipv4_prefix, false },
	{ "ipv6_prefix", take_ipv6_prefix, false },
	{ "history", take_history, false },
};
const struct key_set detection_keys = { detection_list, ELEMENTSOF(detection_list) };

/* [exempt] */

bool key_address(const struct place *at, const char *word, struct addr *ret)
{
	_cleanup_free_ char *hint = NULL;
	char text[ADDR_TEXT_MAX];
	int r = addr_parse_prefix(word, strlen(word), false, ret);

	if (r == -EDOM && addr_parse_prefix(word, strlen(word), true, ret) == 0) {
		hint = text_printf("write %s for the network, or the address without its length",
				   addr_format(ret, text));
		value_error(at, word, hint, "there are bits behind the prefix length");
		return false;
	}
	if (r < 0) {
		value_error(at, word, "as 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32", "not an IP address or prefix");
		return false;
	}
	return true;
}

static void add_exempt(struct loader *l, const struct place *at, const char *word)
{
	struct config *c = l->cfg;
	struct addr a, *longer;

	if (!key_address(at, word, &a))
		return;
	if (c->n_exempt >= EXEMPT_MAX) {
		value_error(at, word, "use prefixes", "more than 100000 exemptions");
		return;
	}
	longer = realloc(c->exempt, (c->n_exempt + 1) * sizeof(*longer));
	if (!longer) {
		value_error(at, word, NULL, "out of memory");
		return;
	}
	c->exempt = longer;
	c->exempt[c->n_exempt++] = a;
}

static void take_exempt(struct loader *l, const struct place *at, const char *text)
{
	char **words, **w;

	if (!value_words(at, text, &words))
		return;
	for (w = words; *w; w++)
		add_exempt(l, at, *w);
	strings_free(words);
}

static bool has_name(const struct config *c, const char *name)
{
	char **n;

	for (n = c->exempt_names; n && *n; n++)
		if (strcmp(*n, name) == 0)
			return true;
	return false;
}

static void add_exempt_name(struct loader *l, const struct place *at, const char *word)
{
	struct config *c = l->cfg;
	char name[HOSTNAME_TEXT_MAX];
	struct addr ignored;

	if (addr_parse_prefix(word, strlen(word), true, &ignored) == 0)
		value_error(at, word, "write address = for it", "an address, not a name");
	else if (*word == '_')
		value_error(at, word, "write the domain; its SRV records are looked up by themselves",
			    "not the name of a host or domain");
	else if (hostname_parse(word, name) < 0)
		value_error(at, word, "a whole name, as sip.carrier.example; one with other letters in its xn-- form",
			    "not a DNS name");
	else if (has_name(c, name))
		return;
	else if (strings_count(c->exempt_names) >= EXEMPT_NAMES_MAX)
		value_error(at, word, "use addresses and prefixes", "more than 256 names");
	else if (strings_add(&c->exempt_names, strdup(name)) < 0)
		value_error(at, word, NULL, "out of memory");
}

static void take_exempt_name(struct loader *l, const struct place *at, const char *text)
{
	char **words, **w;

	if (!value_words(at, text, &words))
		return;
	for (w = words; *w; w++)
		add_exempt_name(l, at, *w);
	strings_free(words);
}

static void take_exempt_own(struct loader *l, const struct place *at, const char *text)
{
	value_bool(at, text, &l->cfg->exempt_own);
}

static const struct key exempt_list[] = {
	{ "address", take_exempt, true },
	{ "name", take_exempt_name, true },
	{ "own", take_exempt_own, false },
};
const struct key_set exempt_keys = { exempt_list, ELEMENTSOF(exempt_list) };

/* [input NAME] */

static void take_input_filter(struct loader *l, const struct place *at, const char *text)
{
	char **words, **w;

	if (!value_words(at, text, &words))
		return;
	for (w = words; *w; w++) {
		char *name = NULL;

		if (!value_name(at, *w, &name)) {
			strings_free(words);
			return;
		}
		free(name);
	}
	strings_free(l->input->filters);
	l->input->filters = words;
}

static void take_input_type(struct loader *l, const struct place *at, const char *text)
{
	static const char *const words[] = { [INPUT_FILE] = "file", [INPUT_JOURNAL] = "journal" };
	unsigned i;

	if (value_choice(at, text, words, ELEMENTSOF(words), &i))
		l->input->type = (enum input_type)i;
}

void key_add_words(struct loader *l, char **words, char ***list)
{
	char **w;

	if (l->first) {
		strings_free(*list);
		*list = words;
		return;
	}
	for (w = words; *w; w++)
		strings_add(list, *w);
	free(words);
}

void key_add_paths(struct loader *l, const struct place *at, const char *text, char ***list)
{
	char **words, **w;

	if (!value_words(at, text, &words))
		return;
	for (w = words; *w; w++) {
		if (**w != '/' || strlen(*w) >= PATH_MAX) {
			value_error(at, *w, "start it with '/'", "not an absolute path");
			strings_free(words);
			return;
		}
	}
	key_add_words(l, words, list);
}

/* Makes two letters capitals; anything else stays as the admin wrote it. */
static bool is_country(char *word)
{
	char *c;

	for (c = word; strlen(word) == 2 && *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return number_country_exists(word);
}

void key_add_countries(struct loader *l, const struct place *at, const char *text, char ***list)
{
	bool good = true;
	char **words, **w;

	if (!value_words(at, text, &words))
		return;
	for (w = words; *w; w++) {
		if (is_country(*w))
			continue;
		value_error(at, *w, "two letters of ISO 3166, as CU or GB", "not a country with telephone numbers of its own");
		good = false;
	}
	if (strings_count(words) + (l->first ? 0 : strings_count(*list)) > COUNTRIES_MAX) {
		value_error(at, "", "name each once", "more than 250 countries");
		good = false;
	}
	if (good)
		key_add_words(l, words, list);
	else
		strings_free(words);
}

static void take_input_path(struct loader *l, const struct place *at, const char *text)
{
	key_add_paths(l, at, text, &l->input->paths);
}

static void take_input_match(struct loader *l, const struct place *at, const char *text)
{
	char **words;

	if (value_matches(at, text, true, &words))
		key_add_words(l, words, &l->input->matches);
}

static void take_input_from(struct loader *l, const struct place *at, const char *text)
{
	static const char *const words[] = { "end", "start" };
	unsigned i;

	if (value_choice(at, text, words, ELEMENTSOF(words), &i))
		l->input->from_start = i == 1;
}

static void take_input_witness(struct loader *l, const struct place *at, const char *text)
{
	static const char *const words[] = { "auto", "no" };
	unsigned i;

	if (value_choice(at, text, words, ELEMENTSOF(words), &i))
		l->input->witness = i == 0;
}

static void take_input_timezone(struct loader *l, const struct place *at, const char *text)
{
	value_zone(at, text, &l->input->timezone);
}

static const struct key input_list[] = {
	{ "filter", take_input_filter, false }, { "type", take_input_type, false },
	{ "path", take_input_path, true },	{ "match", take_input_match, true },
	{ "from", take_input_from, false },	{ "timezone", take_input_timezone, false },
	{ "witness", take_input_witness, false },
};
const struct key_set input_keys = { input_list, ELEMENTSOF(input_list) };
