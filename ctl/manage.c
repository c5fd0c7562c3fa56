/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reload, flush */
#include <stdio.h>

#include "client.h"
#include "output.h"
#include "usage.h"

static int call_and_tell(struct ctl *ctl, const char *method, const char *done)
{
	const char *text = "";
	sd_bus_message *m = NULL;
	sd_bus *bus = NULL;
	int status = client_open(ctl, &bus), r = 0;

	if (status != CTL_OK)
		return status;
	status = client_call(bus, &m, method, "");
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
	return call_and_tell(ctl, "Reload", "reloaded");
}

int cmd_flush(struct ctl *ctl, int argc, char **argv)
{
	if (argc > 1)
		return usage_error(argv[0], "takes no argument", argv[1]);
	return call_and_tell(ctl, "Flush", "flushed");
}
