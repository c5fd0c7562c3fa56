/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agent, from start to end. */
#include "agent.h"

#include <errno.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "agent_private.h"
#include "base/privilege.h"
#include "base/unixsocket.h"
#include "sandbox/sandbox.h"

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	_cleanup_free_ char *message = NULL;

	(void)source;
	(void)info;
	agent_reload(userdata, &message);
	return 0;
}

static int prepare_directories(const struct config *cfg)
{
	_cleanup_free_ char *socket = strdup(cfg->socket);
	int r = privilege_prepare_dir(cfg->state_dir, cfg->user);

	if (!socket)
		return -ENOMEM;
	if (r >= 0)
		r = privilege_prepare_dir(dirname(socket), cfg->user);
	/* Without it frauds are told in the journal only, which is said when it is. */
	if (r >= 0)
		agent_handout_prepare(cfg);
	/* Without it there are no metrics, which is told when they are written. */
	if (r >= 0 && cfg->metrics_file)
		agent_metrics_directory(cfg->metrics_file, cfg->user);
	return r;
}

/* Before the first byte that a stranger wrote is read: logs, and what the database keeps of them. */
static int confine(const struct config *cfg)
{
	_cleanup_free_ char *socket = strdup(cfg->socket), *metrics = cfg->metrics_file ? strdup(cfg->metrics_file) : NULL;
	const char *writable[] = { cfg->state_dir, socket ? dirname(socket) : NULL, metrics ? dirname(metrics) : NULL, NULL };

	if (!socket || (cfg->metrics_file && !metrics))
		return -ENOMEM;
	/* SQLite sorts what is large in files, and would look for a place in /var/tmp. */
	setenv("SQLITE_TMPDIR", cfg->state_dir, 1);
	sandbox_agent(writable);
	return 0;
}

static int open_loop(struct agent *a)
{
	sigset_t signals;
	int r;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	r = sd_event_add_signal(a->loop, NULL, SIGTERM, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(a->loop, NULL, SIGINT, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(a->loop, NULL, SIGHUP, on_hangup, a);
	if (r >= 0)
		r = agent_add_timers(a);
	return r;
}

/* Two agents with one socket would share table and database, too. */
static int refuse_second(const struct config *cfg)
{
	int fd = unixsocket_connect(cfg->socket, SOCK_STREAM | SOCK_NONBLOCK);

	if (fd < 0)
		return 0;
	close(fd);
	log_error("Another sipwardend answers at %s. Stop it first, or give this one a config of its own with another "
		  "socket, state_dir and table",
		  cfg->socket);
	return -EADDRINUSE;
}

/* The helper keeps the right to write the firewall, when we give it up for good. */
static int prepare_firewall(struct agent *a, const struct config *cfg)
{
	struct firewall_callbacks callbacks = agent_firewall_callbacks;
	int r = refuse_second(cfg);

	if (r < 0)
		return r;
	callbacks.userdata = a;
	r = firewall_prepare(a->loop, cfg, &callbacks, &a->firewall);
	if (r < 0)
		log_error("The firewall helper cannot be started: %s", strerror(-r));
	return r;
}

/* The configuration, and what is to be forked before it has grown to filters. */
static int load(struct agent *a, struct diag *diag)
{
	struct config *cfg = NULL;
	int r = agent_config(a->options, diag, &cfg);

	if (r >= 0)
		r = prepare_firewall(a, cfg);
	if (r >= 0)
		return world_load(cfg, diag, &a->world);
	config_free(cfg);
	return r;
}

static int start_stages(struct agent *a)
{
	struct decide_callbacks decide = agent_decide_callbacks;
	struct control_ops control = agent_control_ops;
	const struct config *cfg = a->world->cfg;
	int r;

	decide.userdata = control.userdata = a;
	r = firewall_begin(a->firewall);
	if (r < 0) {
		log_error("The firewall helper cannot be started: %s", strerror(-r));
		return r;
	}
	r = decider_new(cfg, &decide, &a->decider);
	if (r < 0)
		return r;
	r = prepare_directories(cfg);
	if (r < 0)
		return r;
	r = privilege_drop(cfg->user);
	if (r < 0)
		return r;
	r = open_loop(a);
	if (r < 0)
		return r;
	/* Nobody is answered before the loop runs; once confined, we can listen nowhere. */
	r = control_start(a->loop, cfg, &control, &a->control);
	if (r < 0) {
		log_error("%s: the control socket cannot be opened: %s", cfg->socket, strerror(-r));
		return r;
	}
	agent_sip_open(a);
	r = confine(cfg);
	if (r < 0)
		return r;
	r = store_open(cfg->state_dir, &a->store);
	if (r < 0) {
		log_error("%s: the database cannot be opened: %s", cfg->state_dir, strerror(-r));
		return r;
	}
	agent_keep_names(a);
	agent_restore(a);
	r = agent_keep_start(a);
	if (r >= 0)
		r = agent_calls_start(a);
	if (r < 0)
		return r;
	agent_exemptions_configure(a);
	r = agent_inputs_start(a, a->world, &a->inputs);
	if (r < 0)
		return r;
	a->n_inputs = a->world->cfg->n_inputs;
	agent_keep_restore(a);
	/* From this moment on no line is missed: where each log begins for us is known. */
	if (agent_commit(a) < 0)
		agent_commit_soon(a);
	return agent_watch_start(a);
}

static void agent_stop(struct agent *a)
{
	agent_watch_stop(a);
	if (a->n_inputs > 0)
		agent_commit(a);
	agent_inputs_stop(a->inputs, a->n_inputs);
	control_stop(a->control);
	agent_exemptions_stop(a);
	agent_sip_done(a);
	store_close(a->store);
	agent_keep_done(a);
	firewall_stop(a->firewall);
	wired_done(a);
	agent_calls_stop(a);
	decider_free(a->decider);
	world_free(a->world);
	sd_event_source_unref(a->commit_timer);
	sd_event_source_unref(a->expire_timer);
	sd_event_source_unref(a->pause_timer);
	free(a->pause_reason);
	sd_event_unref(a->loop);
}

int agent_run(const struct agent_options *options)
{
	struct agent a = { .options = options, .started = time_now() };
	struct diag diag = DIAG_INIT;
	int r = sd_event_default(&a.loop);

	if (r >= 0)
		r = load(&a, &diag);
	diag_log(&diag);
	diag_done(&diag);
	if (r < 0) {
		log_error("Not started: %s", r == -EINVAL ? "mistakes in the configuration" : strerror(-r));
		firewall_stop(a.firewall);
		sd_event_unref(a.loop);
		return EXIT_FAILURE;
	}
	log_set_level(a.world->cfg->log_level);
	agent_watch_init(&a);
	r = start_stages(&a);
	if (r >= 0) {
		agent_expire_at(&a, time_now());
		sd_notifyf(0, "READY=1\nSTATUS=%s", agent_doing(&a));
		log_info("Watching %zu inputs", a.n_inputs);
		r = sd_event_loop(a.loop);
		sd_notify(0, "STOPPING=1");
	}
	agent_stop(&a);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
