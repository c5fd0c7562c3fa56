/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/timespan.h"
#include "firewall/helper.h"
#include "firewall/proto.h"

/* A helper that dies at once is not started in a tight loop: the delay doubles. */
#define RESTART_DELAY_MIN (100 * USEC_PER_MSEC)
#define RESTART_DELAY_MAX (10 * USEC_PER_SEC)
/* One that lived so long starts at the shortest delay again. */
#define LIVED_LONG (60 * USEC_PER_SEC)
/* How long the agent waits for the end of one, and how often it looks. */
#define END_GRACE (5 * USEC_PER_SEC)
#define END_LOOK (5 * USEC_PER_MSEC)

static void reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGHUP, SIG_IGN);
	/* A Ctrl-C reaches the whole group; we end when the agent does. */
	signal(SIGINT, SIG_IGN);
}

static pid_t helper_pid;

static void on_terminate(int signal_number)
{
	(void)signal_number;
	if (helper_pid > 0)
		kill(helper_pid, SIGTERM);
	_exit(EXIT_SUCCESS);
}

static pid_t start_helper(int fd, const struct config *cfg)
{
	pid_t keeper = getpid(), pid = fork();

	if (pid != 0)
		return pid;
	signal(SIGTERM, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != keeper)
		_exit(EXIT_FAILURE);
	log_open("sipwarden-firewall");
	_exit(helper_run(fd, cfg));
}

/* The agent holds the other end, which does not tell that a helper died. */
static void tell_gone(int fd)
{
	struct proto_packet p = { .magic = PROTO_MAGIC, .type = PROTO_GONE };

	send(fd, &p, proto_size(0), MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Forked early, to carry little of the agent's memory; until the agent is sure of its configuration, nothing is touched. */
static bool is_wanted(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char first;

	while (poll(&p, 1, -1) < 0)
		if (errno != EINTR)
			return false;
	return recv(fd, &first, sizeof(first), MSG_PEEK | MSG_DONTWAIT) > 0;
}

_Noreturn static void keep(int fd, const struct config *cfg)
{
	usec_t delay = RESTART_DELAY_MIN;

	reset_signals();
	if (!is_wanted(fd))
		_exit(EXIT_SUCCESS);
	/* Here, not in each helper: a keeper needs no more than what it starts. */
	if (helper_drop(cfg) < 0)
		_exit(EXIT_FAILURE);
	for (;;) {
		usec_t started = time_monotonic();
		int status = 0;

		helper_pid = start_helper(fd, cfg);
		signal(SIGTERM, on_terminate);
		if (helper_pid < 0)
			log_error("The firewall helper cannot be started; trying again");
		while (helper_pid > 0 && waitpid(helper_pid, &status, 0) < 0 && errno == EINTR)
			;
		if (helper_pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS)
			_exit(EXIT_SUCCESS);
		helper_pid = 0;
		tell_gone(fd);
		if (time_monotonic() - started > LIVED_LONG)
			delay = RESTART_DELAY_MIN;
		usleep((useconds_t)delay);
		delay = delay * 2 < RESTART_DELAY_MAX ? delay * 2 : RESTART_DELAY_MAX;
	}
}

int keeper_start(const struct config *cfg, int *fd, pid_t *pid)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	*pid = fork();
	if (*pid < 0) {
		int r = -errno;

		close(ends[0]);
		close(ends[1]);
		return r;
	}
	if (*pid == 0) {
		close(ends[0]);
		keep(ends[1], cfg);
	}
	close(ends[1]);
	*fd = ends[0];
	return 0;
}

void keeper_wait(pid_t pid)
{
	usec_t until = time_monotonic() + END_GRACE;
	pid_t r;

	while ((r = waitpid(pid, NULL, WNOHANG)) == 0 && time_monotonic() < until)
		usleep((useconds_t)END_LOOK);
	if (r == 0)
		log_warning("The firewall helper has not ended within %u s and is left behind; bans in the kernel stay. "
			    "If it goes on hanging, kill it",
			    (unsigned)(END_GRACE / USEC_PER_SEC));
}
