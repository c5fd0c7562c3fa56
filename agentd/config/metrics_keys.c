/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each key of [metrics], and how its value is taken. */
#include <string.h>

#include "base/cleanup.h"
#include "config/loader.h"

/* node_exporter reads no others. */
static const char ending[] = ".prom";

static void take_file(struct loader *l, const struct place *at, const char *text)
{
	size_t n = strlen(text);

	if (n <= strlen(ending) || strcmp(text + n - strlen(ending), ending) != 0)
		value_error(at, text, "as /run/sipwarden/metrics/sipwarden.prom", "does not end in .prom");
	else
		value_path(at, text, &l->cfg->metrics_file);
}

static void take_interval(struct loader *l, const struct place *at, const char *text)
{
	value_span(at, text, USEC_PER_SEC, 3600 * USEC_PER_SEC, &l->cfg->metrics_interval);
}

static const struct key metrics_list[] = {
	{ "file", take_file, false },
	{ "interval", take_interval, false },
};
const struct key_set metrics_keys = { metrics_list, ELEMENTSOF(metrics_list) };
