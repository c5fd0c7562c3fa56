/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sipwarden: the options all commands share, and which command it is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "config/config.h"
#include "config/suggest.h"
#include "ctl.h"
#include "usage.h"

static const struct command {
	const char *name;
	int (*run)(struct ctl *ctl, int argc, char **argv);
	const char *arguments;
	const char *summary;
	const char *details;
} commands[] = {
	{ "status", cmd_status, "", "are you protected, what is wrong, what to do; each input",
	  "Exit status 0: all is well; 1: bans, or new bans, are not enforced; 6: they are, but something is wrong." },
	{ "metrics", cmd_metrics, "", "the same for Prometheus, in its text format",
	  "[metrics] in the config writes it to a file for node_exporter." },
	{ "list", cmd_list, "[--enforced | --limited]", "all bans; or who sends too much",
	  "Those that are only observed are marked so, and left out with --enforced. --limited: sources that sent more\n"
	  "within the last minute than the SIP firewall lets pass." },
	{ "show", cmd_show, "ADDRESS", "why it is banned: rule, log lines, accounts, proof, history",
	  "Exit status 3 if it is not banned; then 'sipwarden explain' tells why not." },
	{ "explain", cmd_explain, "ADDRESS", "why it is not banned: what counts, what is missing, what protects it", "" },
	{ "alerts", cmd_alerts, "", "what an admin should look after: the last 50 alerts", "" },
	{ "calls", cmd_calls, "", "who calls where: going on, and within the last hour",
	  "Rules on calls are [fraud NAME] in the config; what goes beyond them is an alert." },
	{ "ban", cmd_ban, "ADDRESS[/LEN] [--for 2h] [--reason TEXT]", "ban by hand",
	  "Without --for it lasts until lifted. Exempt addresses are refused (exit status 5)." },
	{ "unban", cmd_unban, "ADDRESS… | --all", "lift bans", "Exit status 3 if one was not banned." },
	{ "exempt", cmd_exempt, "list | add ADDRESS… [--reason TEXT] | remove ADDRESS…",
	  "addresses and networks that are never banned",
	  "Adding one lifts its bans at once. Those of the config are changed there." },
	{ "firewall", cmd_firewall, "show | plan | on | off", "limits of packets to the SIP ports",
	  "plan tells what on would do, and changes nothing. off leaves bans in force. Both stay over restarts." },
	{ "reload", cmd_reload, "", "read config and filters again",
	  "All or nothing: with any mistake, everything goes on as before (exit status 1)." },
	{ "flush", cmd_flush, "", "lift all bans and remove the nftables table",
	  "The switch for emergencies. Nothing is enforced until 'sipwarden reload' or a restart." },
	{ "pause", cmd_pause, "[--reason TEXT]", "enforce nothing, at once; go on counting and deciding",
	  "Also after restarts, until 'sipwarden resume'. Bans are kept; 'flush' would lift them." },
	{ "resume", cmd_resume, "", "enforce again", "" },
	{ "check", cmd_check, "", "look for mistakes in config and filters", "All of them at once; needs no agent." },
	{ "simulate", cmd_simulate,
	  "--input NAME=FILE|journal… [--since WHEN] [--until WHEN] [--against FILE] [--seen FILE] [--summary]",
	  "whom a configuration would have banned, by logs of the past",
	  "Needs neither agent nor rights. NAME is an input of the configuration; FILE may be a pattern, '-', or\n"
	  "compressed by gzip. WHEN: 2026-11-24, '2026-11-24 10:00', '2h ago'. --against compares with another\n"
	  "configuration; --seen lists addresses that really sent packets. With --json one object a decision." },
	{ "audit", cmd_audit,
	  "[gateway | tls [HOST:PORT…] | ports | all [--state DIR]] [--html] [--root DIR]\n"
	  "       [--baseline FILE [--accept [--reason TEXT]]] [--asterisk DIR] [--freeswitch DIR] [--kamailio FILE] [--opensips FILE]",
	  "weak passwords, open doors and missing logs of the gateway itself",
	  "gateway, the default, reads its configuration; tls asks listeners for versions, suites and certificate;\n"
	  "ports follows the ruleset of this host for each listener; all does all three, and with --state tells what is new.\n"
	  "It needs no agent. Exit status 1 if something of warning or worse is found that\n"
	  "the baseline does not accept, 5 if files could not be read. --root audits a copy of a machine's tree." },
	{ "number", cmd_number, "[--country XX] [--outside DIGITS] DIALLED… | -", "what a dialled number is: country, kind, cost",
	  "Read as from the site of [site] in the config; - reads one a line from standard input.\n"
	  "Exit status 3 if one leads nowhere that is known. With --json one object a number." },
	{ "dispatch", cmd_dispatch, "", "start sipwarden-fraud@.service for each fraud that was found",
	  "For sipwarden-fraud.service, which systemd starts when there is one." },
	{ "monitor", cmd_monitor, "", "bans, lifts and alerts as they happen", "" },
	{ "filter", cmd_filter,
	  "list | test [NAME…] | lint [NAME…] | match [--near[=never]] NAME[,NAME…] [FILE…] |\n"
	  "       new [--line LINE]… [--address ADDRESS]… [--class CLASS] [--output FILE] NAME |\n"
	  "       import [--name NAME] [--output FILE] [--log FILE] [--set VARIABLE=VALUE]… FILE  [--filter-dir DIR]",
	  "the filters there are; their examples; attacks on them; what they make of log lines; new ones",
	  "match reads raw log lines from files or standard input; with --json it prints one object a line.\n"
	  "import turns a filter of fail2ban into one of ours; --log gives lines for examples, --set is as in jail.conf(5)." },
};

int usage_error(const char *command, const char *what, const char *about)
{
	fprintf(stderr, "sipwarden %s %s", command, what);
	if (about)
		fprintf(stderr, " '%s'", about);
	fprintf(stderr, "\nTry: sipwarden %s --help\n", command);
	return CTL_USAGE;
}

static void print_all(FILE *to)
{
	size_t i;

	fputs("Usage: sipwarden [OPTION…] COMMAND\n"
	      "Shows and commands sipwardend, which bans attackers of SIP gateways.\n\n",
	      to);
	for (i = 0; i < ELEMENTSOF(commands); i++)
		fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].summary);
	fputs("\n  -c, --config FILE  configuration (default " SIPWARDEN_CONFIG_PATH ")\n"
	      "      --socket PATH  control socket, instead of the configured one\n"
	      "      --json         JSON instead of text\n"
	      "  -h, --help         this text, or that of the command\n"
	      "      --version      the version\n\n"
	      "Exit status: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 sipwardend does not answer,\n"
	      "5 denied, 6 status: something is wrong, 7 audit: it could not be done, or not wholly\n",
	      to);
}

int usage_print(FILE *to, const char *command)
{
	size_t i;

	if (!command) {
		print_all(to);
		return 1;
	}
	for (i = 0; i < ELEMENTSOF(commands); i++) {
		if (strcmp(commands[i].name, command) != 0)
			continue;
		fprintf(to, "Usage: sipwarden %s %s\n%s.\n%s%s", command, commands[i].arguments, commands[i].summary,
			commands[i].details, *commands[i].details ? "\n" : "");
		return 1;
	}
	return 0;
}

static int unknown_command(const char *name)
{
	const char *names[ELEMENTSOF(commands)], *near;
	size_t i;

	for (i = 0; i < ELEMENTSOF(commands); i++)
		names[i] = commands[i].name;
	near = suggest_nearest(name, names, ELEMENTSOF(names));
	fprintf(stderr, "sipwarden: there is no command '%s'", name);
	if (near)
		fprintf(stderr, "; did you mean '%s'?", near);
	fputs("\nTry: sipwarden --help\n", stderr);
	return CTL_USAGE;
}

/* The value of "--name VALUE" or "--name=VALUE" at argv[*i], or NULL if it is another. */
static const char *option_value(int argc, char **argv, int *i, const char *name)
{
	size_t n = strlen(name);

	if (strncmp(argv[*i], name, n) != 0)
		return NULL;
	if (argv[*i][n] == '=')
		return argv[*i] + n + 1;
	if (argv[*i][n] != '\0')
		return NULL;
	if (*i + 1 >= argc || !argv[*i + 1]) {
		fprintf(stderr, "sipwarden: %s needs a value\n", name);
		exit(CTL_USAGE);
	}
	return argv[++*i];
}

struct options {
	struct ctl ctl;
	bool help, version;
};

/* Takes the common options out of argv, wherever they stand. Returns what is left. */
static int take_options(int argc, char **argv, struct options *o)
{
	const char *value;
	int i, kept = 1;

	for (i = 1; i < argc && argv[i]; i++) {
		if (strcmp(argv[i], "--") == 0)
			break;
		if ((value = option_value(argc, argv, &i, "--config")) || (value = option_value(argc, argv, &i, "-c")))
			o->ctl.config_path = value;
		else if ((value = option_value(argc, argv, &i, "--socket")))
			o->ctl.socket = value;
		else if (strcmp(argv[i], "--json") == 0)
			o->ctl.json = true;
		else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			o->help = true;
		else if (strcmp(argv[i], "--version") == 0)
			o->version = true;
		else
			argv[kept++] = argv[i];
	}
	for (; i < argc; i++)
		argv[kept++] = argv[i];
	argv[kept] = NULL;
	return kept;
}

int main(int argc, char **argv)
{
	struct options o = { .ctl = { .config_path = SIPWARDEN_CONFIG_PATH } };
	size_t i;

	log_open("sipwarden");
	argc = take_options(argc, argv, &o);
	if (o.version) {
		puts("sipwarden " SIPWARDEN_VERSION);
		return CTL_OK;
	}
	if (o.help && usage_print(stdout, argc > 1 ? argv[1] : NULL))
		return CTL_OK;
	if (argc < 2) {
		print_all(stderr);
		return CTL_USAGE;
	}
	o.ctl.color = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	for (i = 0; i < ELEMENTSOF(commands); i++)
		if (strcmp(commands[i].name, argv[1]) == 0)
			return commands[i].run(&o.ctl, argc - 1, argv + 1);
	return unknown_command(argv[1]);
}
