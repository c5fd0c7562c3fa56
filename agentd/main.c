/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sipwardend: the options, and which of the programs it is. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "agent.h"
#include "base/log.h"
#include "firewall/helper.h"

enum mode { MODE_AGENT, MODE_FIREWALL, MODE_CHECK, MODE_FLUSH };

enum { OPT_SOCKET = 256, OPT_FIREWALL_SOCKET, OPT_FIREWALL, OPT_CHECK, OPT_FLUSH, OPT_VERSION };

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "firewall-socket", required_argument, NULL, OPT_FIREWALL_SOCKET },
	{ "firewall", no_argument, NULL, OPT_FIREWALL },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "flush", no_argument, NULL, OPT_FLUSH },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

static void usage(FILE *to)
{
	fputs("Usage: sipwardend [OPTION…]\n"
	      "Follows the logs of SIP gateways and bans attackers in nftables.\n"
	      "\n"
	      "  -c, --config FILE           configuration (default " SIPWARDEN_CONFIG_PATH ")\n"
	      "      --socket PATH           control socket, instead of the configured one\n"
	      "      --firewall-socket PATH  use the firewall helper that listens there,\n"
	      "                              instead of starting one\n"
	      "      --firewall              be that firewall helper (needs CAP_NET_ADMIN)\n"
	      "      --check                 check configuration and filters, and exit\n"
	      "      --flush                 remove the nftables table with all bans, and exit\n"
	      "  -h, --help                  this text\n"
	      "      --version               the version\n"
	      "\n"
	      "sipwardend(8), sipwarden.conf(5), sipwarden-filter(5); sipwarden(8) commands it.\n",
	      to);
}

static int serve_firewall(const struct agent_options *options)
{
	struct diag diag = DIAG_INIT;
	struct config *cfg = NULL;
	int r = agent_config(options, &diag, &cfg);

	diag_log(&diag);
	diag_done(&diag);
	if (r < 0)
		return EXIT_FAILURE;
	log_set_level(cfg->log_level);
	r = helper_serve(sd_listen_fds(1) > 0 ? SD_LISTEN_FDS_START : -1, cfg);
	config_free(cfg);
	return r;
}

/*
 * All bans can be lifted whatever is wrong with the config: it need only tell which
 * table. Where none is at the usual place, that is the default one; but a config
 * that was named by mistake shall not cost another agent its table.
 */
static int flush(const struct agent_options *options)
{
	struct config *cfg = NULL;
	int r = config_salvage(options->config_path, &cfg);

	if (r == -ENOENT && strcmp(options->config_path, SIPWARDEN_CONFIG_PATH) == 0)
		r = 0;
	if (r < 0)
		log_error("%s cannot be read: %s. No table was removed", options->config_path, strerror(-r));
	else if ((r = helper_flush(cfg)) < 0)
		log_error("The table 'inet %s' could not be removed: %s", cfg->table, strerror(-r));
	config_free(cfg);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct agent_options options = { .config_path = SIPWARDEN_CONFIG_PATH };
	enum mode mode = MODE_AGENT;
	int c;

	while ((c = getopt_long(argc, argv, "c:h", long_options, NULL)) >= 0) {
		switch (c) {
		case 'c':
			options.config_path = optarg;
			break;
		case OPT_SOCKET:
			options.socket = optarg;
			break;
		case OPT_FIREWALL_SOCKET:
			options.firewall_socket = optarg;
			break;
		case OPT_FIREWALL:
			mode = MODE_FIREWALL;
			break;
		case OPT_CHECK:
			mode = MODE_CHECK;
			break;
		case OPT_FLUSH:
			mode = MODE_FLUSH;
			break;
		case OPT_VERSION:
			puts("sipwardend " SIPWARDEN_VERSION);
			return EXIT_SUCCESS;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "sipwardend: unexpected argument '%s'\n", argv[optind]);
		usage(stderr);
		return 2;
	}
	/* Without it, libc looks at /etc/localtime for every time it reads (tzset(3)). */
	setenv("TZ", ":/etc/localtime", 0);
	log_open(mode == MODE_FIREWALL ? "sipwarden-firewall" : "sipwardend");
	if (mode == MODE_CHECK)
		return agent_check(&options);
	if (mode == MODE_FIREWALL)
		return serve_firewall(&options);
	if (mode == MODE_FLUSH)
		return flush(&options);
	return agent_run(&options);
}
