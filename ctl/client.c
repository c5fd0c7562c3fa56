/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "client.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/timespan.h"
#include "base/unixsocket.h"
#include "config/config.h"
#include "control/bus.h"
#include "usage.h"

/* Reading a million bans from the kernel takes a while. */
#define CALL_TIMEOUT (120 * USEC_PER_SEC)

static int start_bus(int fd, sd_bus **ret)
{
	sd_bus *bus = NULL;
	int r = sd_bus_new(&bus);

	if (r < 0) {
		close(fd);
		return r;
	}
	r = sd_bus_set_fd(bus, fd, fd);
	if (r < 0)
		close(fd);
	else
		r = sd_bus_start(bus);
	if (r < 0) {
		sd_bus_unref(bus);
		return r;
	}
	*ret = bus;
	return 0;
}

/* A running agent can be commanded while its config is being repaired. */
static char *socket_path(const struct ctl *ctl)
{
	struct config *cfg = NULL;
	char *path;

	if (ctl->socket)
		return strdup(ctl->socket);
	config_salvage(ctl->config_path, &cfg);
	path = cfg ? strdup(cfg->socket) : NULL;
	config_free(cfg);
	return path;
}

int client_open(const struct ctl *ctl, sd_bus **ret)
{
	_cleanup_free_ char *path = socket_path(ctl);
	int r;

	if (!path)
		return CTL_FAILED;
	r = unixsocket_connect(path, SOCK_STREAM);
	if (r >= 0)
		r = start_bus(r, ret);
	if (r >= 0)
		return CTL_OK;
	fprintf(stderr, "sipwarden: sipwardend does not answer at %s: %s%s\n", path, strerror(-r),
		r == -ENOENT || r == -ECONNREFUSED ? ". Is it running? (systemctl status sipwardend)" : "");
	if (!ctl->socket && access(ctl->config_path, R_OK) < 0)
		fprintf(stderr, "sipwarden: %s cannot be read: %s. If the agent's socket is elsewhere, tell it with --socket PATH\n",
			ctl->config_path, strerror(errno));
	return r == -EACCES || r == -EPERM ? CTL_DENIED : CTL_NO_DAEMON;
}

void client_close(sd_bus *bus)
{
	sd_bus_flush(bus);
	sd_bus_close_unref(bus);
}

static int status_of(const sd_bus_error *error, int r)
{
	if (sd_bus_error_has_name(error, SD_BUS_ERROR_ACCESS_DENIED) || sd_bus_error_has_name(error, BUS_ERROR_EXEMPT))
		return CTL_DENIED;
	if (sd_bus_error_has_name(error, BUS_ERROR_NOT_FOUND))
		return CTL_NOT_FOUND;
	if (sd_bus_error_has_name(error, BUS_ERROR_INVALID))
		return CTL_USAGE;
	return r == -ECONNRESET || r == -ENOTCONN ? CTL_NO_DAEMON : CTL_FAILED;
}

int client_call(sd_bus *bus, sd_bus_message **reply, const char *method, const char *types, ...)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *m = NULL, *answer = NULL;
	int status = CTL_OK, r;
	va_list ap;

	r = sd_bus_message_new_method_call(bus, &m, NULL, BUS_PATH, BUS_INTERFACE, method);
	if (r >= 0) {
		va_start(ap, types);
		r = sd_bus_message_appendv(m, types, ap);
		va_end(ap);
	}
	if (r >= 0)
		r = sd_bus_call(bus, m, CALL_TIMEOUT, &error, &answer);
	if (r < 0) {
		fprintf(stderr, "sipwarden: %s\n", error.message ? error.message : strerror(-r));
		status = status_of(&error, r);
	}
	if (reply && answer)
		*reply = sd_bus_message_ref(answer);
	sd_bus_message_unref(answer);
	sd_bus_message_unref(m);
	sd_bus_error_free(&error);
	return status;
}

int client_tell(struct ctl *ctl, int argc, char **argv, const char *method,
		int (*tell)(const struct ctl *ctl, sd_bus_message *m))
{
	sd_bus_message *m = NULL;
	sd_bus *bus = NULL;
	int status;

	if (argc > 1)
		return usage_error(argv[0], "takes no argument", argv[1]);
	status = client_open(ctl, &bus);
	if (status != CTL_OK)
		return status;
	status = client_call(bus, &m, method, "");
	if (status == CTL_OK)
		status = tell(ctl, m);
	sd_bus_message_unref(m);
	client_close(bus);
	return status;
}

int client_bad_reply(int error)
{
	fprintf(stderr, "sipwarden: sipwardend answered in a way this sipwarden does not know (%s); are both of the same "
			"version?\n",
		strerror(-error));
	return CTL_FAILED;
}
