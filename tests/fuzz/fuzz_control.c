/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control socket, to a client that has passed the greeting and then sends anything. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/unixsocket.h"
#include "control/control.h"
#include "store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char greeting[] = "\0AUTH EXTERNAL\r\nDATA\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n";

static struct {
	sd_event *loop;
	struct config *cfg;
	struct decider *decider;
	struct firewall *firewall;
	struct store *store;
	struct control *control;
	bool paused;
	char path[64];
} w;

static int do_text(void *userdata, char **message)
{
	(void)userdata;
	*message = NULL;
	return 0;
}

static int do_pause(void *userdata, bool pause, const char *reason, char **message)
{
	(void)reason;
	w.paused = pause;
	return do_text(userdata, message);
}

static usec_t get_paused(void *userdata, const char **reason)
{
	(void)userdata;
	*reason = "";
	return w.paused;
}

static bool get_enforced(void *userdata, const struct ban *b)
{
	(void)userdata;
	return !b->observed;
}

static const struct config *get_config(void *userdata)
{
	(void)userdata;
	return w.cfg;
}

static int do_exempt(void *userdata, const struct addr *addr, const char *reason, bool add, char **message)
{
	(void)userdata;
	(void)message;
	return add ? decider_exempt(w.decider, addr, reason) : decider_unexempt(w.decider, addr);
}

static struct decider *get_decider(void *userdata)
{
	(void)userdata;
	return w.decider;
}

static struct firewall *get_firewall(void *userdata)
{
	(void)userdata;
	return w.firewall;
}

static struct store *get_store(void *userdata)
{
	(void)userdata;
	return w.store;
}

static bool get_name(void *userdata, size_t i, struct resolve_info *info)
{
	(void)userdata;
	*info = (struct resolve_info){ .name = "sip.carrier.example", .failing = 1, .error = "no DNS server answers" };
	return i < 2;
}

static int get_health(void *userdata, struct health *h, struct verdict *v)
{
	(void)userdata;
	*h = (struct health){ .now = time_now(), .monotonic = time_monotonic(), .config_path = "fuzz", .pause_reason = "" };
	decider_stats(w.decider, &h->decide);
	firewall_stats(w.firewall, &h->firewall);
	store_stats(w.store, &h->store);
	h->inputs = calloc(1, sizeof(*h->inputs));
	if (!h->inputs)
		return -ENOMEM;
	h->n_inputs = 1;
	h->inputs[0] = (struct health_input){ .name = "one", .filter = "asterisk", .where = "/nowhere" };
	health_judge(h, v);
	return 0;
}

static char *get_metrics(void *userdata)
{
	struct verdict v;
	struct health h;
	char *text = get_health(userdata, &h, &v) < 0 ? NULL : health_metrics(&h, &v);

	free(h.inputs);
	return text;
}

static void on_ban(void *userdata, struct ban *b)
{
	(void)userdata;
	control_notify_ban(w.control, b);
}

static void on_alert(void *userdata, const struct alert *a)
{
	(void)userdata;
	control_notify_alert(w.control, a);
}

static void on_lift(void *userdata, struct ban *b, enum lift_cause cause)
{
	(void)userdata;
	control_notify_lift(w.control, b, cause);
}

static unsigned on_history(void *userdata, const struct addr *addr, usec_t since)
{
	(void)userdata;
	(void)addr;
	(void)since;
	return 0;
}

static void remove_socket(void)
{
	unlink(w.path);
}

static void start(void)
{
	static const struct decide_callbacks decide = {
		.ban = on_ban, .lift = on_lift, .alert = on_alert, .history = on_history
	};
	static const struct firewall_callbacks firewall = { .userdata = NULL };
	static const struct control_ops ops = {
		.reload = do_text,
		.flush = do_text,
		.exempt = do_exempt,
		.pause = do_pause,
		.paused = get_paused,
		.enforced = get_enforced,
		.config = get_config,
		.decider = get_decider,
		.firewall = get_firewall,
		.store = get_store,
		.name = get_name,
		.health = get_health,
		.metrics = get_metrics,
	};
	struct diag diag = DIAG_INIT;
	char text[200];

	log_set_level(-1);
	snprintf(w.path, sizeof(w.path), "/tmp/sipwarden-fuzz-%d.sock", (int)getpid());
	/* Nobody listens there: the firewall is never ready. */
	snprintf(text, sizeof(text), "[sipwarden]\nsocket = %s\nfirewall_socket = %s.none\n", w.path, w.path);
	if (config_load_text("fuzz", text, strlen(text), &diag, &w.cfg) < 0 || sd_event_new(&w.loop) < 0 ||
	    decider_new(w.cfg, &decide, &w.decider) < 0 || store_open(NULL, &w.store) < 0 ||
	    firewall_start(w.loop, w.cfg, &firewall, &w.firewall) < 0 ||
	    control_start(w.loop, w.cfg, &ops, &w.control) < 0)
		abort();
	diag_done(&diag);
	atexit(remove_socket);
}

static void run(void)
{
	int i;

	for (i = 0; i < 50 && sd_event_run(w.loop, 0) > 0; i++)
		;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd;

	if (!w.control)
		start();
	fd = unixsocket_connect(w.path, SOCK_STREAM | SOCK_NONBLOCK);
	if (fd < 0)
		abort();
	if (send(fd, greeting, sizeof(greeting) - 1, MSG_NOSIGNAL) > 0 && size > 0)
		send(fd, data, size, MSG_NOSIGNAL);
	run();
	close(fd);
	run();
	/* The table of bans is bounded by the config; keep the fuzzer's small. */
	decider_unban_all(w.decider);
	return 0;
}
