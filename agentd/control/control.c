/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/control.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/unixsocket.h"
#include "control/bus.h"
#include "control/private.h"

/* Those who may not command us hear so, and are gone again. */
#define REFUSED_MAX 16
#define REFUSED_TIME (5 * USEC_PER_SEC)

/* Connections */

static void client_free(struct control_client *c)
{
	if (c->allowed)
		c->control->n_allowed--;
	else
		c->control->n_refused--;
	sd_event_source_disable_unref(c->timeout);
	sd_bus_message_unref(c->waiting);
	sd_bus_close(c->bus);
	sd_bus_unref(c->bus);
	free(c->snapshot);
	free(c);
}

/* A connection cannot be freed from within its own callback. */
static int on_reap(sd_event_source *source, void *userdata)
{
	struct control *control = userdata;
	struct control_client **link = &control->clients;

	(void)source;
	while (*link) {
		struct control_client *c = *link;

		if (c->dead) {
			*link = c->next;
			client_free(c);
		} else {
			link = &c->next;
		}
	}
	sd_event_source_set_enabled(control->listen_source, SD_EVENT_ON);
	return 0;
}

static void client_bury(struct control_client *c)
{
	c->dead = true;
	sd_event_source_set_enabled(c->control->reaper, SD_EVENT_ONESHOT);
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	(void)m;
	(void)error;
	client_bury(userdata);
	return 0;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source;
	(void)usec;
	client_bury(userdata);
	return 0;
}

static int client_start(struct control_client *c, int fd)
{
	sd_id128_t id;
	int r = sd_id128_randomize(&id);

	if (r >= 0)
		r = sd_bus_new(&c->bus);
	if (r < 0) {
		close(fd);
		return r;
	}
	r = sd_bus_set_fd(c->bus, fd, fd);
	if (r < 0) {
		close(fd);
		return r;
	}
	r = sd_bus_set_server(c->bus, 1, id);
	if (r >= 0)
		r = sd_bus_start(c->bus);
	if (r >= 0)
		r = sd_bus_add_object_vtable(c->bus, NULL, BUS_PATH, BUS_INTERFACE, control_vtable, c);
	if (r >= 0)
		r = sd_bus_match_signal(c->bus, NULL, "org.freedesktop.DBus.Local", NULL, "org.freedesktop.DBus.Local",
					"Disconnected", on_disconnected, c);
	if (r >= 0)
		r = sd_bus_attach_event(c->bus, c->control->loop, SD_EVENT_PRIORITY_NORMAL);
	if (r >= 0 && !c->allowed)
		r = sd_event_add_time_relative(c->control->loop, &c->timeout, CLOCK_MONOTONIC, REFUSED_TIME, 0, on_timeout,
					       c);
	return r;
}

static bool is_in_group(int fd, gid_t own, gid_t wanted)
{
	gid_t groups[1024];
	socklen_t len = sizeof(groups), i;

	if (own == wanted)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) < 0)
		return false;
	for (i = 0; i < len / sizeof(*groups); i++)
		if (groups[i] == wanted)
			return true;
	return false;
}

static bool peer_may_command(const struct control *control, int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	if (peer.uid == 0)
		return true;
	if (control->has_gid && is_in_group(fd, peer.gid, control->gid))
		return true;
	log_notice("Refused a command of user id %u (process %d): not root nor in group %s", peer.uid, peer.pid,
		   control->group ? control->group : "-");
	return false;
}

static int on_connection(sd_event_source *source, int listen_fd, uint32_t revents, void *userdata)
{
	struct control *control = userdata;
	struct control_client *c;
	int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)revents;
	if (fd < 0)
		return 0;
	c = calloc(1, sizeof(*c));
	if (!c) {
		close(fd);
		return 0;
	}
	c->control = control;
	c->allowed = peer_may_command(control, fd);
	if (!c->allowed && control->n_refused >= REFUSED_MAX) {
		close(fd);
		free(c);
		return 0;
	}
	if (c->allowed)
		control->n_allowed++;
	else
		control->n_refused++;
	if (client_start(c, fd) < 0) {
		client_free(c);
		return 0;
	}
	c->next = control->clients;
	control->clients = c;
	if (control->n_allowed >= CONTROL_CLIENTS_MAX)
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return 0;
}

/* The socket */

/* Once: later, the modules that look it up may be out of reach (sandbox/sandbox.h). */
static void find_group(struct control *c)
{
	const struct group *g = c->group ? getgrnam(c->group) : NULL;

	if (c->group && !g)
		log_notice("There is no group '%s': only root may command this agent. Create it, and restart", c->group);
	c->has_gid = g != NULL;
	c->gid = g ? g->gr_gid : 0;
}

int control_start(sd_event *loop, const struct config *cfg, const struct control_ops *ops, struct control **ret)
{
	struct control *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->loop = sd_event_ref(loop);
	c->ops = *ops;
	c->listen_fd = -1;
	c->path = strdup(cfg->socket);
	c->group = cfg->group ? strdup(cfg->group) : NULL;
	find_group(c);
	r = c->path ? unixsocket_listen(c->path, SOCK_STREAM | SOCK_NONBLOCK) : -ENOMEM;
	if (r >= 0) {
		c->listen_fd = r;
		r = sd_event_add_io(loop, &c->listen_source, c->listen_fd, EPOLLIN, on_connection, c);
	}
	if (r >= 0)
		r = sd_event_add_defer(loop, &c->reaper, on_reap, c);
	if (r >= 0)
		r = sd_event_source_set_enabled(c->reaper, SD_EVENT_OFF);
	if (r < 0) {
		control_stop(c);
		return r;
	}
	*ret = c;
	return 0;
}

struct control *control_stop(struct control *c)
{
	if (!c)
		return NULL;
	while (c->clients) {
		struct control_client *client = c->clients;

		c->clients = client->next;
		sd_bus_flush(client->bus);
		client_free(client);
	}
	sd_event_source_disable_unref(c->listen_source);
	sd_event_source_disable_unref(c->reaper);
	if (c->listen_fd >= 0) {
		unlink(c->path);
		close(c->listen_fd);
	}
	control_alerts_done(c);
	sd_event_unref(c->loop);
	free(c->path);
	free(c->group);
	free(c);
	return NULL;
}

/* Signals */

void control_notify(struct control *control, const char *signal,
		    int (*fill)(const struct control *control, sd_bus_message *m, const void *data), const void *data)
{
	struct control_client *c;

	for (c = control ? control->clients : NULL; c; c = c->next) {
		sd_bus_message *m = NULL;

		if (!c->allowed || c->dead)
			continue;
		/* A monitor that does not read fills its queue, and loses its connection. */
		if (sd_bus_message_new_signal(c->bus, &m, BUS_PATH, BUS_INTERFACE, signal) < 0 ||
		    fill(control, m, data) < 0 || sd_bus_send(c->bus, m, NULL) < 0)
			client_bury(c);
		sd_bus_message_unref(m);
	}
}

static int fill_ban(const struct control *control, sd_bus_message *m, const void *data)
{
	return control_append_ban(control, m, data);
}

struct lifted {
	const struct ban *ban;
	enum lift_cause cause;
};

static int fill_lift(const struct control *control, sd_bus_message *m, const void *data)
{
	const struct lifted *l = data;
	char addr[ADDR_TEXT_MAX];

	return sd_bus_message_append(m, "sssb", addr_format(&l->ban->addr, addr), l->ban->rule, control_cause(l->cause),
				     (int)!control->ops.enforced(control->ops.userdata, l->ban));
}

void control_notify_ban(struct control *c, const struct ban *b)
{
	control_notify(c, "Banned", fill_ban, b);
}

void control_notify_lift(struct control *c, const struct ban *b, enum lift_cause cause)
{
	const struct lifted l = { b, cause };

	control_notify(c, "Lifted", fill_lift, &l);
}
