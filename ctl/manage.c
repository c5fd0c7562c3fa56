/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reload, flush, pause, resume */
#include <getopt.h>
#include <stdio.h>

#include "client.h"
#include "output.h"
#include "usage.h"

/* argument may be NULL: the method takes none. */
static int call_and_tell(struct ctl *ctl, const char *method, const char *argument, const char *done)
{
	const char *text = "";
	sd_bus_message *m = NULL;
	sd_bus *bus = NULL;
	int status = client_open(ctl, &bus), r = 0;

	if (status != CTL_OK)
		return status;
	status = client_call(bus, &m, method, argument ? "s" : "", argument);
	if (status == CTL_OK)
		r = sd_bus_message_read(m, "s", &text);
	if (r < 0)
		status = client_bad_reply(r);
	else if (status == CTL_OK && ctl->json)
		output_json(json_pack("{s:o}", done, output_string(text)));
	else if (status == CTL_OK)
		printf("%s: %s\n", done, text);
	sd_bus_message_unref(m);
	client_close(bus);
	return status;
}

int cmd_reload(struct ctl *ctl, int argc, char **argv)
{
	if (argc > 1)
		return usage_error(argv[0], "takes no argument", argv[1]);
	return call_and_tell(ctl, "Reload", NULL, "reloaded");
}

int cmd_flush(struct ctl *ctl, int argc, char **argv)
{
	if (argc > 1)
		return usage_error(argv[0], "takes no argument", argv[1]);
	return call_and_tell(ctl, "Flush", NULL, "flushed");
}

int cmd_pause(struct ctl *ctl, int argc, char **argv)
{
	static const struct option options[] = { { "reason", required_argument, NULL, 'r' }, { NULL, 0, NULL, 0 } };
	const char *reason = "";
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c != 'r')
			return CTL_USAGE;
		reason = optarg;
	}
	if (optind < argc)
		return usage_error(argv[0], "takes only --reason TEXT, not", argv[optind]);
	return call_and_tell(ctl, "Pause", reason, "paused");
}

int cmd_resume(struct ctl *ctl, int argc, char **argv)
{
	if (argc > 1)
		return usage_error(argv[0], "takes no argument", argv[1]);
	return call_and_tell(ctl, "Resume", NULL, "resumed");
}
