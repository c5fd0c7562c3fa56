/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which patterns are slowed down or switched off, for "status". */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "control/private.h"

/* Of all names together; there may be a thousand patterns. */
#define TEXT_MAX 2000

struct braked {
	char slow[TEXT_MAX], off[TEXT_MAX];
};

static void name_braked(void *userdata, const struct filter *f, const struct filter_pattern *p, bool off)
{
	struct braked *b = userdata;
	char *text = off ? b->off : b->slow, raw[512], name[600];
	size_t used = strlen(text);

	snprintf(raw, sizeof(raw), "%s/%s (%s:%u)", f->name, p->name, p->file, p->line);
	text_printable(SPAN(raw), name, sizeof(name));
	/* Inputs that share a filter have it in common. */
	if (!strstr(text, name) && used + strlen(name) + 2 < TEXT_MAX)
		snprintf(text + used, TEXT_MAX - used, "%s%s", used ? ", " : "", name);
}

int control_append_braked(sd_bus_message *m, const struct control_ops *ops)
{
	struct braked b = { .slow = "", .off = "" };
	struct matcher *matcher;
	struct input *in;
	size_t i;
	int r;

	for (i = 0; ops->input(ops->userdata, i, &in, &matcher); i++)
		matcher_braked_each(matcher, name_braked, &b);
	r = control_append_text(m, "patterns_slowed", b.slow);
	return r < 0 ? r : control_append_text(m, "patterns_off", b.off);
}
