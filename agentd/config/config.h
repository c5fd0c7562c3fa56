/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CONFIG_CONFIG_H
#define SIPWARDEN_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/class.h"
#include "base/diag.h"
#include "base/hours.h"
#include "base/timespan.h"
#include "config/fraud.h"
#include "number/plan.h"

/*
 * sipwarden.conf(5), read and checked. All pointers are owned by the config.
 *
 *   [sipwarden]      mode = enforce|observe; user, group, state_dir, socket, firewall_socket, filter_dirs, log_level
 *   [firewall]       table, max_bans, ports, witness, witness_size, witness_for
 *   [detection]      max_offenders, ipv4_prefix, ipv6_prefix, history
 *   [exempt]         address = ADDR[/LEN] …; name = HOST …   (both may be repeated); own
 *   [report]         records = GLOB … (may be repeated); record_format; rates; currency; no_business = XX …; audit; name
 *   [input NAME]     filter = NAME … (default: that of the input); type = file: path = GLOB …; type = journal:
 *                    match = FIELD=VALUE …; from = end|start; timezone (file); witness = auto|no
 *   [trust]          friend_for; factor; account_limit
 *   [proof]          unproven_ban; unproven_share; wire
 *   [accounts]       addresses; window; ban
 *   [prefixes]       offenders; window; ban; max; ipv4; ipv6
 *   [brakes]         bans_per_minute; friend_share
 *   [metrics]        file; interval
 *   [sip-firewall]   enabled, ports, evidence; source, trusted, keepalive, connections, trusted_connections,
 *                    new, retried, known, called, new_connections, known_connections = RATE [burst BURST]; concurrent; largest;
 *                    trusted_size, sources, greylist
 *   [site]           country; outside; national; international; area; extensions; office_hours; timezone; holidays
 *   [rule NAME]      class = CLASS …; key = address, prefix, account, number …; threshold; window;
 *                    ban = SPAN …; enabled; filter = NAME … (only lines of these); each;
 *                    observe; except = ADDR[/LEN] …; raise = ADDR[/LEN] … THRESHOLD (may be repeated)
 *   [calls], [fraud NAME]  config/fraud.h
 */
enum input_type { INPUT_FILE, INPUT_JOURNAL };

struct config_input {
	char *name;
	enum input_type type;
	char **paths;   /* globs; NULL-terminated (file) */
	char **matches; /* FIELD=VALUE; NULL-terminated (journal): same field or-ed, others and-ed, as
			   sd_journal_add_match(3); "+" alone is a disjunction as journalctl(1) has it.
			   NULL until world_load(), where the config gives none: by the filters */
	char **filters; /* the first whose pattern matches a line decides; NULL-terminated */
	char *timezone; /* of times without one, as zone_new() has it; NULL: the host's (file) */
	bool witness;    /* the kernel sees the packets that its lines tell of */
	bool from_start; /* without a stored position: read what is there already */
	unsigned line;   /* where its section stands in the config */
	const char *file;
};

/* What is counted: the attempts that have all of these in common. */
#define KEY_ADDRESS 1u
#define KEY_PREFIX 2u
#define KEY_ACCOUNT 4u
#define KEY_NUMBER 8u /* where the dialled number leads: detect/number.h */

/* A source that may do more than others. */
struct config_raise {
	struct addr addr;
	uint32_t threshold;
};

/* Addresses and prefixes in [exempt]; the helper keeps as many. */
#define EXEMPT_MAX 100000
#define EXEMPT_NAMES_MAX 256

#define RULE_THRESHOLD_MAX 10000
#define RULE_LADDER_MAX 16

struct config_rule {
	char *name;
	class_set classes;
	unsigned keys;      /* KEY_… */
	unsigned threshold; /* attempts in the window that lead to the ban */
	unsigned each;      /* of them one source's own, before it is banned; where several sources share a key */
	usec_t window;
	usec_t ladder[RULE_LADDER_MAX]; /* first ban, second, …; the last repeats */
	size_t n_ladder;
	bool enabled;
	bool observe;   /* tell of bans, and do not enforce them */
	char **filters; /* NULL: all */
	struct addr *except; /* never counted here */
	size_t n_except;
	struct config_raise *raises; /* the longest prefix that covers a source counts */
	size_t n_raises;
	unsigned line;
	const char *file;
};

#define ACCOUNT_ADDRESSES_MAX 64

/* What stands between a rule that is hit and a ban; decide/ says how. */
struct config_policy {
	usec_t friend_for;	       /* since its last success an address is a friend; 0: there are none */
	uint32_t friend_factor;	       /* a friend's thresholds are so many times as high */
	uint32_t friend_account_limit; /* attempts on one account, in a rule's window, that no phone makes */
	usec_t unproven_ban;	       /* longest ban on evidence whose source may be forged; 0: none */
	uint32_t unproven_share;       /* of max_bans, in percent, that such bans may take */
	bool wire;		       /* packets of friends that fail are looked at, for proof */
	uint32_t account_addresses;    /* addresses that fail with one account within account_window: an attack on it */
	usec_t account_window;
	usec_t account_ban;	       /* of those that did nothing else; 0: only tell */
	uint32_t prefix_offenders;     /* banned addresses in one prefix within prefix_window that lead to its ban */
	usec_t prefix_window;
	usec_t prefix_ban;	       /* 0: none */
	uint32_t prefix_max;	       /* such bans at a time */
	uint8_t prefix4, prefix6;      /* length of these prefixes */
	uint32_t bans_per_minute;
	uint32_t friend_share;	       /* percent of all friends that may be banned within an hour */
};

/* Packets a second, and how many more may come at once after a rest. */
struct config_rate {
	uint32_t rate, burst;
};

#define SIP_PORTS_MAX 256

/* The limits of packets to the gateway's SIP ports; docs/architecture.md says how they work together. */
struct config_sip {
	bool enabled;	 /* unless it was switched by hand */
	bool auto_ports; /* those that the gateway is found to listen on; ports where none is found */
	bool evidence;	 /* who hits a limit of his own is told to the rules, as of class flood */
	uint16_t *ports; /* ascending */
	size_t n_ports;
	/* Of each source by itself, IPv6: of each network of 64 bits. */
	struct config_rate source, trusted;			/* UDP */
	struct config_rate keepalive;				/* UDP too short for a SIP message */
	struct config_rate connections, trusted_connections;	/* TCP, new ones */
	/* Of all sources together that have not logged in: ceilings. */
	struct config_rate new, retried, known;			/* UDP; retried: TCP, too */
	struct config_rate called;				/* UDP: of those to whom the gateway sends requests */
	struct config_rate new_connections, known_connections;	/* TCP */
	uint32_t concurrent;	/* TCP connections that a source has that has not logged in; 0: any number */
	uint32_t largest;	/* bytes of UDP data of a source that has not logged in */
	uint32_t trusted_size;	/* elements of each family: who has logged in, */
	uint32_t sources;	/* counted sources, for each limit, */
	uint32_t greylist;	/* and new ones that shall send again */
};

/* Each rate of it: its key in [sip-firewall], and where it is in struct config_sip. */
struct config_sip_rate {
	const char *key;
	size_t offset;
};

#define CONFIG_SIP_RATES 11
extern const struct config_sip_rate config_sip_rates[CONFIG_SIP_RATES];

/* Where it was said. */
struct config_at {
	const char *file;
	unsigned line;
};

/* The company whose gateway it is: how its people dial, and when they work. */
struct config_site {
	struct config_at area_at;
	struct number_site numbers;
	struct hours office_hours;
	struct holidays holidays;
	char *timezone; /* of office hours, as zone_new() has it; NULL: the host's */
	char *country;	/* as it is written; NULL: not said, and only international numbers can be read */
	bool has_national, has_international, has_extensions; /* not those of the country */
};

/* What "sipwarden report" tells of; ctl/report_*.h says more. */
struct config_report {
	struct config_at records_at, record_format_at, rates_at;
	char **records;	     /* globs; NULL-terminated, or NULL */
	char *record_format; /* NULL: found from the records */
	char *rates;	     /* NULL: costs are not known */
	char *currency;	     /* behind amounts; NULL: nothing */
	char **no_business;  /* countries that nobody should call, ISO 3166 in capitals; NULL-terminated, or NULL */
	char *audit;	     /* what "sipwarden audit --json" wrote last; NULL: that of the monthly audit */
	char *name;	     /* of the company; NULL: the host's */
};

struct config {
	char *path;
	char **files;    /* all files read; what .file above points to; NULL-terminated */
	char *user;      /* the agent runs as; NULL: unchanged */
	char *group;     /* may command the agent, besides root */
	char *state_dir;
	char *socket;    /* control */
	char *firewall_socket; /* of a helper that runs as its own unit; NULL: start one */
	char **filter_dirs; /* first wins; NULL-terminated */
	int log_level;
	char *table;     /* nftables table, family inet */
	uint32_t max_bans; /* size of each address set */
	uint16_t *ports; /* of the gateway, ascending: the kernel's witness watches them */
	size_t n_ports;
	bool witness;
	uint32_t witness_size; /* sources of each family */
	usec_t witness_for; /* how long a source is known after its last packet */
	uint32_t max_offenders; /* keys remembered per rule */
	uint8_t ipv4_prefix; /* key = prefix: length of an IPv4 key, and of IPv6 */
	uint8_t ipv6_prefix;
	bool observe;    /* tell of bans, and enforce none */
	struct config_policy policy;
	usec_t history;  /* how long earlier bans count on the ladder */
	char *metrics_file; /* for node_exporter; NULL: none is written */
	usec_t metrics_interval;
	struct config_sip sip;
	struct config_site site;
	struct config_report report;
	struct addr *exempt;
	size_t n_exempt;
	char **exempt_names; /* DNS names, in lower case, each once; NULL-terminated, or NULL */
	bool exempt_own;     /* this host's addresses and gateways, too */
	struct config_input *inputs;
	size_t n_inputs;
	struct config_rule *rules;
	size_t n_rules;
	struct config_calls calls;
	struct config_fraud *frauds;
	size_t n_frauds;
};

#ifndef SIPWARDEN_CONFIG_PATH
#define SIPWARDEN_CONFIG_PATH "/etc/sipwarden/sipwarden.conf"
#endif

/*
 * Reads path and path.d/(any).conf in name order (there, a section of the same
 * name changes the keys it names). Unknown sections and keys, bad values,
 * duplicates: all in diag with file and line. Rules that the file does not name
 * come from the built-in defaults of sipwarden.conf(5); a section of the same
 * name changes one. Returns 0 and *ret, or -EINVAL with errors in diag, -ENOMEM,
 * or the negative errno of reading path (also in diag).
 */
int config_load(const char *path, struct diag *diag, struct config **ret);
/* As config_load() for text in memory: tests, fuzzing. */
int config_load_text(const char *name, const char *text, size_t len, struct diag *diag, struct config **ret);
/*
 * As much as can be read of the same files, whatever is wrong with them, and
 * defaults for the rest: for what must work while a config is being repaired, as to
 * command a running agent, or to lift all bans. Returns 0, or the negative errno of
 * reading path; *ret is NULL only when out of memory.
 */
int config_salvage(const char *path, struct config **ret);
struct config *config_free(struct config *c);

/* The classes that any enabled rule counts, successes, which make friends, and calls, if fraud is looked for; lines that can only be of others need not be matched. */
class_set config_classes(const struct config *c);

#endif
