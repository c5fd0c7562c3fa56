/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ban_view.h"

#include <string.h>

#include "control/bus.h"
#include "output.h"

int ban_view_read(sd_bus_message *m, struct ban_view *b)
{
	return sd_bus_message_read(m, "(" BUS_BAN ")", &b->address, &b->start, &b->end, &b->count, &b->step, &b->rule,
				   &b->reason, &b->accounts, &b->state, &b->in_kernel, &b->proven, &b->observed, &b->packets,
				   &b->bytes);
}

json_t *ban_view_lines(const char *text)
{
	json_t *array = json_array();

	while (*text) {
		size_t n = strcspn(text, "\n");

		if (n > 0)
			json_array_append_new(array, json_stringn(text, n));
		text += n + (text[n] == '\n');
	}
	return array;
}

json_t *ban_view_json(const struct ban_view *b)
{
	return json_pack("{s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:b, s:b, s:b, s:I, s:I}", "address",
			 output_string(b->address), "start", output_time(b->start), "end", output_time(b->end), "attempts",
			 (json_int_t)b->count, "step", (json_int_t)b->step, "rule", output_string(b->rule), "reason",
			 output_string(b->reason), "accounts", ban_view_lines(b->accounts), "state",
			 output_string(b->state), "in_kernel", b->in_kernel, "proven", b->proven, "observed", b->observed,
			 "packets", (json_int_t)b->packets, "bytes", (json_int_t)b->bytes);
}

char *ban_view_left(const struct ban_view *b, char buf[static TIMESPAN_TEXT_MAX])
{
	usec_t now = time_now();

	if (b->end == USEC_INFINITY)
		return strcpy(buf, "ever");
	return timespan_format(b->end > now ? (b->end - now) / USEC_PER_SEC * USEC_PER_SEC : 0, buf);
}
