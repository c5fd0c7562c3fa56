/* SPDX-License-Identifier: GPL-2.0-or-later */
/* audit: what is wrong with this gateway before anybody attacks it. */
#include "audit.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit_baseline.h"
#include "audit_history.h"
#include "audit_listeners.h"
#include "audit_ports.h"
#include "audit_print.h"
#include "audit_tls.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "ctl.h"
#include "usage.h"

enum what { AUDIT_GATEWAY, AUDIT_TLS, AUDIT_PORTS, AUDIT_EVERYTHING };

struct request {
	const char *root, *baseline, *reason, *state;
	const char *asterisk, *freeswitch, *kamailio, *opensips;
	bool html, accept;
	enum what what;
	char **targets; /* of tls; NULL-terminated */
};

static const char *const whats[] = {[AUDIT_GATEWAY] = "gateway",
				    [AUDIT_TLS] = "tls",
				    [AUDIT_PORTS] = "ports",
				    [AUDIT_EVERYTHING] = "all"};

/* What is audited, and whether the options go with it. */
static int check_request(const struct request *q)
{
	if (*q->targets && q->what != AUDIT_TLS)
		return usage_error("audit", "only tls takes an argument, not", *q->targets);
	if (q->root && q->what != AUDIT_GATEWAY)
		return usage_error("audit", "tls, ports and all ask this machine, so they go without --root",
				   NULL);
	if (q->accept && !q->baseline)
		return usage_error("audit", "--accept needs --baseline FILE, to write it", NULL);
	if (q->reason && !q->accept)
		return usage_error("audit", "--reason goes with --accept", NULL);
	if (q->state && q->what != AUDIT_EVERYTHING)
		return usage_error("audit", "--state goes with all", NULL);
	return CTL_OK;
}

static int take_what(struct request *q, char **argv, int at, int argc)
{
	size_t i;

	if (at < argc) {
		for (i = 0; i < ELEMENTSOF(whats) && strcmp(argv[at], whats[i]) != 0; i++)
			;
		if (i == ELEMENTSOF(whats))
			return usage_error("audit", "knows 'gateway', 'tls', 'ports' and 'all', not",
					   argv[at]);
		q->what = (enum what)i;
		at++;
	}
	q->targets = argv + at;
	return check_request(q);
}

static int take_options(struct request *q, int argc, char **argv)
{
	static const struct option options[] = {{"root", required_argument, NULL, 'R'},
						{"baseline", required_argument, NULL, 'b'},
						{"accept", no_argument, NULL, 'a'},
						{"reason", required_argument, NULL, 'r'},
						{"state", required_argument, NULL, 's'},
						{"html", no_argument, NULL, 'H'},
						{"asterisk", required_argument, NULL, 'A'},
						{"freeswitch", required_argument, NULL, 'F'},
						{"kamailio", required_argument, NULL, 'K'},
						{"opensips", required_argument, NULL, 'O'},
						{NULL, 0, NULL, 0}};
	int c;

	optind = 0; /* getopt(3): to scan another argv */
	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (c) {
		case 'R':
			q->root = optarg;
			break;
		case 'b':
			q->baseline = optarg;
			break;
		case 'a':
			q->accept = true;
			break;
		case 'r':
			q->reason = optarg;
			break;
		case 's':
			q->state = optarg;
			break;
		case 'H':
			q->html = true;
			break;
		case 'A':
			q->asterisk = optarg;
			break;
		case 'F':
			q->freeswitch = optarg;
			break;
		case 'K':
			q->kamailio = optarg;
			break;
		case 'O':
			q->opensips = optarg;
			break;
		default:
			return CTL_USAGE;
		}
	}
	return take_what(q, argv, optind, argc);
}

/* The path of a gateway is one of the audited machine; on this one it may be relative. Returns it, kept. */
static const char *gateway_path(struct audit *a, const char *path)
{
	_cleanup_free_ char *here = NULL;

	if (!path || *path == '/' || *a->files.prefix)
		return path;
	here = getcwd(NULL, 0);
	return audit_path(a, here ? here : "", path);
}

/* Returns how many gateways there are. */
static unsigned audit_gateways(struct audit *a, const struct request *q)
{
	bool all = !q->asterisk && !q->freeswitch && !q->kamailio && !q->opensips;
	unsigned n = 0;

	n += (all || q->asterisk) && audit_asterisk(a, gateway_path(a, q->asterisk));
	n += (all || q->freeswitch) && audit_freeswitch(a, gateway_path(a, q->freeswitch));
	n += (all || q->kamailio) && audit_kamailio(a, gateway_path(a, q->kamailio));
	n += (all || q->opensips) && audit_opensips(a, gateway_path(a, q->opensips));
	return n;
}

/* Those that are named, or that the gateways' configurations name. */
static int audit_tls_all(struct audit *a, const struct request *q)
{
	struct audit_listeners found = {.n = 0};
	size_t i;

	/* A listener that hangs up is no reason to end. */
	signal(SIGPIPE, SIG_IGN);
	for (i = 0; q->targets[i]; i++)
		a->incomplete |= !audit_tls(a, q->targets[i]);
	if (!*q->targets)
		audit_listeners(a, gateway_path(a, q->asterisk), gateway_path(a, q->freeswitch),
				gateway_path(a, q->kamailio), gateway_path(a, q->opensips), &found);
	for (i = 0; i < found.n; i++)
		a->incomplete |= !audit_tls(a, found.targets[i]);
	if (!*q->targets && found.n == 0)
		fprintf(stderr, "sipwarden: no configuration names a TLS listener by its address; "
				"name it, as sip.example.net:5061\n");
	return a->listeners ? CTL_OK : CTL_NOT_FOUND;
}

static int audit_ports_all(struct audit *a, const struct request *q)
{
	const char *asterisk = gateway_path(a, q->asterisk), *freeswitch = gateway_path(a, q->freeswitch);
	int r = audit_ports(a, asterisk ? asterisk : "/etc/asterisk",
			    freeswitch ? freeswitch : "/etc/freeswitch");

	if (r == 0)
		return CTL_OK;
	fprintf(stderr, "sipwarden: listeners and ruleset cannot be read: %s%s\n", strerror(-r),
		r == -EPERM || r == -EACCES ? "; run it as root" : "");
	return r == -EPERM || r == -EACCES ? CTL_DENIED : CTL_INCOMPLETE;
}

/* What is not there is no failure: not every gateway has TLS. */
static int audit_everything(struct audit *a, const struct request *q)
{
	struct audit_listeners found = {.n = 0};
	size_t i;

	signal(SIGPIPE, SIG_IGN);
	audit_gateways(a, q);
	audit_listeners(a, gateway_path(a, q->asterisk), gateway_path(a, q->freeswitch),
			gateway_path(a, q->kamailio), gateway_path(a, q->opensips), &found);
	for (i = 0; i < found.n; i++)
		a->incomplete |= !audit_tls(a, found.targets[i]);
	a->incomplete |= audit_ports_all(a, q) != CTL_OK;
	return CTL_OK;
}

/* Returns CTL_OK, or why there is nothing to tell of. */
static int audit_all(struct audit *a, const struct request *q)
{
	if (q->what == AUDIT_TLS)
		return audit_tls_all(a, q);
	if (q->what == AUDIT_PORTS)
		return audit_ports_all(a, q);
	if (q->what == AUDIT_EVERYTHING)
		return audit_everything(a, q);
	if (audit_gateways(a, q) > 0)
		return CTL_OK;
	fprintf(stderr,
		"sipwarden: no configuration of a gateway was found%s%s; "
		"name one with --asterisk, --freeswitch, --kamailio or --opensips\n",
		*a->files.prefix ? " in " : "", a->files.prefix);
	return CTL_NOT_FOUND;
}

/* Only an audit of all gateways can tell that something is not found any more. */
static void tell_unneeded(const struct audit_baseline *b, const struct request *q)
{
	char safe[400];
	size_t i;

	if ((q->what != AUDIT_GATEWAY && q->what != AUDIT_EVERYTHING) || q->asterisk || q->freeswitch ||
	    q->kamailio || q->opensips)
		return;
	for (i = 0; i < b->n; i++)
		if (!b->found[i] && strncmp(b->ids[i], "tls-", 4) != 0 && strncmp(b->ids[i], "port-", 5) != 0)
			fprintf(stderr,
				"sipwarden: %s: a line is not needed any more, nothing like it was found: "
				"%s\n",
				q->baseline, text_escape(SPAN(b->ids[i]), safe, sizeof(safe)));
}

static int run_baseline(struct audit *a, const struct request *q)
{
	struct audit_baseline b;
	int r = audit_baseline_read(q->baseline, q->accept || q->state, &b);

	if (r == 0) {
		audit_baseline_apply(&b, a);
		tell_unneeded(&b, q);
	}
	if (r == 0 && q->accept) {
		r = audit_baseline_accept(&b, a, q->baseline, q->reason);
		if (r < 0)
			fprintf(stderr, "sipwarden: %s cannot be written: %s\n", q->baseline, strerror(-r));
	}
	audit_baseline_done(&b);
	return r;
}

static int run_history(struct audit *a, const char *dir)
{
	int r = audit_history_tell(a, dir);

	if (r < 0)
		fprintf(stderr, "sipwarden: what was found cannot be kept in %s: %s\n", dir, strerror(-r));
	return r;
}

static void print(const struct audit *a, const struct request *q, const struct ctl *ctl)
{
	if (ctl->json)
		audit_print_json(a);
	else if (q->html)
		audit_print_html(a, stdout, *a->files.prefix ? a->files.prefix : "this machine");
	else
		audit_print_text(a, stdout, ctl->color);
}

/* What keeps the answer from being the whole one comes after the findings: these are true all the same. */
static int status_of(const struct audit *a)
{
	if (a->files.denied)
		fprintf(stderr,
			"sipwarden: %zu files could not be read, so this is not all; run it as root\n",
			a->files.denied);
	if (a->dropped)
		fprintf(stderr, "sipwarden: %zu more findings were left out\n", a->dropped);
	if (a->memory)
		fprintf(stderr, "sipwarden: out of memory, so this is not all\n");
	fflush(stdout);
	if (ferror(stdout)) {
		fprintf(stderr, "sipwarden: the output cannot be written\n");
		return CTL_INCOMPLETE;
	}
	if (audit_count(a, AUDIT_CRITICAL, false) + audit_count(a, AUDIT_WARNING, false) > 0)
		return CTL_FAILED;
	if (a->files.denied)
		return CTL_DENIED;
	return a->dropped || a->memory || a->incomplete ? CTL_INCOMPLETE : CTL_OK;
}

int cmd_audit(struct ctl *ctl, int argc, char **argv)
{
	struct request q = {.root = NULL};
	struct audit a;
	int r, status = take_options(&q, argc, argv);

	if (status != CTL_OK)
		return status;
	r = audit_begin(&a, q.root);
	if (r < 0) {
		fprintf(stderr, "sipwarden: %s cannot be audited: %s\n", q.root ? q.root : "/", strerror(-r));
		return r == -ENOENT || r == -ENOTDIR ? CTL_NOT_FOUND : CTL_INCOMPLETE;
	}
	status = audit_all(&a, &q);
	if (status != CTL_OK) {
		audit_done(&a);
		return status;
	}
	audit_sort(&a);
	r = q.baseline ? run_baseline(&a, &q) : 0;
	r = r == 0 && q.state ? run_history(&a, q.state) : r;
	if (!q.state)
		print(&a, &q, ctl);
	status = status_of(&a);
	audit_done(&a);
	return r < 0 ? CTL_INCOMPLETE : status;
}
