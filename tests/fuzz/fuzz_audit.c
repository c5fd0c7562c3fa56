/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration of a gateway, from its file to the findings: the first byte says
 * which, the rest is each of its files (they include each other, and so themselves).
 * A whole audit also writes its three outputs, into nothing.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../ctl/audit.h"
#include "../../ctl/audit_print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"pjsip.conf",   "pjsip_wizard.conf", "sip.conf",	   "iax.conf",
				    "manager.conf", "http.conf",	 "ari.conf",	   "logger.conf",
				    "modules.conf", "extensions.conf",	 "freeswitch.xml", "tls.cfg"};
static char dir[] = "/dev/shm/sipwarden-fuzz.XXXXXX";
static int at = -1; /* that directory; the working directory is libFuzzer's */
static FILE *nothing;

static void remove_all(void)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlinkat(at, names[i], 0);
	unlinkat(at, "fuzz", 0);
	rmdir(dir);
}

static void make_all(void)
{
	size_t i;

	nothing = fopen("/dev/null", "w");
	at = nothing && mkdtemp(dir) ? open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	if (at < 0)
		abort();
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (symlinkat("fuzz", at, names[i]) < 0)
			abort();
	atexit(remove_all);
}

static void write_file(const uint8_t *data, size_t size)
{
	int fd = openat(at, "fuzz", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct audit a;
	size_t i;

	if (size == 0)
		return 0;
	if (!nothing)
		make_all();
	write_file(data + 1, size - 1);
	if (audit_begin(&a, dir) < 0)
		abort();
	if (data[0] % 4 == 0)
		audit_asterisk(&a, "/");
	else if (data[0] % 4 == 1)
		audit_freeswitch(&a, "/");
	else if (data[0] % 4 == 2)
		audit_kamailio(&a, "/fuzz");
	else
		audit_opensips(&a, "/fuzz");
	audit_sort(&a);
	for (i = 0; i < a.n; i++)
		if (!a.findings[i].id || strpbrk(a.findings[i].id, " \n\t#'\"\\") ||
		    strchr(a.findings[i].what, '\033'))
			abort();
	audit_print_text(&a, nothing, true);
	audit_print_html(&a, nothing, "fuzz");
	audit_done(&a);
	return 0;
}
