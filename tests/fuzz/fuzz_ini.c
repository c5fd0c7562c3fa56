/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The INI reader and the config on top of it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/ini.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(void *userdata, const char *section, const char *key, const char *value, unsigned line)
{
	unsigned *last = userdata;

	if (!section || strlen(section) > INI_NAME_MAX || (key && strlen(key) > INI_NAME_MAX) || !key != !value)
		abort();
	if (line < *last)
		abort();
	*last = line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diag diag = DIAG_INIT;
	struct config *cfg = NULL;
	unsigned last = 0;

	ini_parse_text("fuzz", (const char *)data, size, take, &last, &diag);
	diag_done(&diag);
	if (config_load_text("fuzz", (const char *)data, size, &diag, &cfg) == 0 && diag.errors)
		abort();
	config_free(cfg);
	diag_done(&diag);
	return 0;
}
