/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_CTL_H
#define SIPWARDEN_CTL_H

#include <stdbool.h>

/* What the options before or after the command say; the same for all commands. */
struct ctl {
	const char *config_path; /* --config FILE */
	const char *socket;      /* --socket PATH; NULL: the config's */
	bool json;               /* --json */
	bool color;              /* standard output is a terminal and NO_COLOR is not set */
};

/* Exit statuses; sipwarden(8) lists them. */
enum ctl_exit {
	CTL_OK = 0,
	CTL_FAILED = 1,    /* it was tried and did not work; a check found errors */
	CTL_USAGE = 2,     /* the command line is wrong */
	CTL_NOT_FOUND = 3, /* the address is not banned, no such filter, … */
	CTL_NO_DAEMON = 4, /* sipwardend does not answer */
	CTL_DENIED = 5,    /* not root nor in the group; or the address is exempt */
	CTL_DEGRADED = 6,  /* status: bans are enforced, but something is to be looked after */
	CTL_INCOMPLETE = 7, /* audit: it could not be done, or not wholly */
};

/* One family of commands each; argv[0] is the command's own name. */
int cmd_filter(struct ctl *ctl, int argc, char **argv); /* filter.c */
int cmd_check(struct ctl *ctl, int argc, char **argv);  /* check.c */
int cmd_simulate(struct ctl *ctl, int argc, char **argv); /* simulate.c */
int cmd_status(struct ctl *ctl, int argc, char **argv); /* status.c */
int cmd_metrics(struct ctl *ctl, int argc, char **argv);
int cmd_list(struct ctl *ctl, int argc, char **argv);   /* bans.c */
int cmd_ban(struct ctl *ctl, int argc, char **argv);
int cmd_unban(struct ctl *ctl, int argc, char **argv);
int cmd_show(struct ctl *ctl, int argc, char **argv); /* explain.c */
int cmd_explain(struct ctl *ctl, int argc, char **argv);
int cmd_alerts(struct ctl *ctl, int argc, char **argv); /* alerts.c */
int cmd_exempt(struct ctl *ctl, int argc, char **argv);  /* exempt.c */
int cmd_firewall(struct ctl *ctl, int argc, char **argv); /* firewall.c */
int cmd_reload(struct ctl *ctl, int argc, char **argv);  /* manage.c */
int cmd_flush(struct ctl *ctl, int argc, char **argv);
int cmd_pause(struct ctl *ctl, int argc, char **argv);
int cmd_resume(struct ctl *ctl, int argc, char **argv);
int cmd_monitor(struct ctl *ctl, int argc, char **argv); /* monitor.c */
int cmd_calls(struct ctl *ctl, int argc, char **argv); /* calls.c */
int cmd_dispatch(struct ctl *ctl, int argc, char **argv); /* dispatch.c */
int cmd_number(struct ctl *ctl, int argc, char **argv); /* number.c */
int cmd_report(struct ctl *ctl, int argc, char **argv);  /* report.c */
int cmd_audit(struct ctl *ctl, int argc, char **argv);   /* audit.c */

#endif
