/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/firewall_private.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/unixsocket.h"
#include "firewall/keeper.h"

/* Packets on their way at once; the helper makes one transaction of what is there. */
#define FLIGHT_MAX 10
/* Of these, with bans that are not new: a new one waits for so many of them, some milliseconds. */
#define BULK_FLIGHT_MAX 4
#define RECONNECT_DELAY (250 * USEC_PER_MSEC)
#define SOCKET_BUFFER (1 << 20)
/* Entries for which there is always room. */
#define QUEUE_KEPT 65536

/* Queue */

int firewall_queue(struct firewall *fw, const struct proto_entry *e)
{
	if (!fw->stats.ready)
		return 0; /* ready() will ask for everything that is in force then */
	if (fw->tail - fw->head >= FIREWALL_QUEUE_MAX)
		return -ENOBUFS;
	if (fw->tail == fw->size && fw->head > fw->size / 2) {
		memmove(fw->queue, fw->queue + fw->head, (fw->tail - fw->head) * sizeof(*fw->queue));
		fw->tail -= fw->head;
		fw->head = 0;
	}
	if (fw->tail == fw->size) {
		size_t size = fw->size ? fw->size * 2 : 64;
		struct proto_entry *queue = reallocarray(fw->queue, size, sizeof(*queue));

		if (!queue)
			return -ENOMEM;
		fw->queue = queue;
		fw->size = size;
	}
	fw->queue[fw->tail++] = *e;
	/* Sent at the end of this pass of the event loop, all in one. */
	return sd_event_source_set_enabled(fw->send, SD_EVENT_ONESHOT);
}

/* A flood has come to its end: its memory is given back. */
static void queue_empty(struct firewall *fw)
{
	fw->head = fw->tail = 0;
	if (fw->size <= QUEUE_KEPT)
		return;
	free(fw->queue);
	fw->queue = NULL;
	fw->size = 0;
}

static void queue_clear(struct firewall *fw)
{
	free(fw->queue);
	fw->queue = NULL;
	fw->head = fw->tail = fw->size = 0;
	fw->flight = fw->bulk_flight = 0;
	fw->flight_entries = 0;
	restores_done(&fw->restores);
	restores_done(&fw->trusts);
	fw->restoring = false;
}

static void list_ended(struct firewall *fw, int error)
{
	struct list_request *l = fw->lists;

	if (!l)
		return;
	fw->lists = l->next;
	if (!fw->lists)
		fw->lists_end = &fw->lists;
	if (l->end)
		l->end(l->userdata, error);
	free(l);
}

static void end_lists(struct firewall *fw, int error)
{
	while (fw->lists)
		list_ended(fw, error);
}

/* Connection */

/* Whatever it had not done is asked for again when a helper is ready. */
static void helper_gone(struct firewall *fw, int error)
{
	bool was_ready = fw->stats.ready;

	fw->stats.ready = false;
	fw->stats.gone = true;
	fw->stats.asked = 0;
	fw->stats.resident = 0;
	memset(fw->stats.sizes, 0, sizeof(fw->stats.sizes));
	firewall_sip_down(fw);
	if (!fw->stats.down_since)
		fw->stats.down_since = time_monotonic();
	queue_clear(fw);
	end_lists(fw, error);
	asked_silence(&fw->asked);
	if (was_ready)
		fw->callbacks.down(fw->callbacks.userdata, error);
}

static void disconnect(struct firewall *fw, int error)
{
	fw->io = sd_event_source_disable_unref(fw->io);
	if (fw->fd >= 0)
		close(TAKE_FD(fw->fd));
	fw->stats.orphan = fw->stats.own;
	helper_gone(fw, error);
	if (fw->path) {
		sd_event_source_set_time_relative(fw->reconnect, RECONNECT_DELAY);
		sd_event_source_set_enabled(fw->reconnect, SD_EVENT_ONESHOT);
	}
}

static size_t waiting(const struct firewall *fw)
{
	return fw->tail - fw->head;
}

/* What goes into the next packet: commands, and where there is none, bans that are restored. */
static size_t fill(struct firewall *fw, struct proto_packet *p)
{
	size_t n = waiting(fw) < PROTO_ENTRIES_MAX ? waiting(fw) : PROTO_ENTRIES_MAX;
	usec_t left;

	*p = (struct proto_packet){ .magic = PROTO_MAGIC, .type = PROTO_COMMANDS };
	memcpy(p->entries, fw->queue + fw->head, n * sizeof(*p->entries));
	if (n == 0 && fw->bulk_flight < BULK_FLIGHT_MAX)
		p->flags = PROTO_BULK;
	while (p->flags == PROTO_BULK && n < PROTO_ENTRIES_MAX && restores_count(&fw->restores) > 0) {
		struct proto_entry e = { .op = PROTO_RESTORE, .addr = *restores_take(&fw->restores) };

		left = fw->callbacks.left(fw->callbacks.userdata, &e.addr);
		e.left = left == USEC_INFINITY ? UINT64_MAX : left;
		if (left > 0)
			p->entries[n++] = e;
	}
	while (p->flags == PROTO_BULK && n < PROTO_ENTRIES_MAX && firewall_sip_next(fw, &p->entries[n]))
		n += p->entries[n].left > 0;
	p->count = (uint16_t)n;
	return n;
}

static int send_packet(struct firewall *fw, const struct proto_packet *p)
{
	if (send(fw->fd, p, proto_size(p->count), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return -errno;
	if (p->flags != PROTO_BULK)
		fw->head += p->count;
	fw->bulk_flight += p->flags == PROTO_BULK;
	fw->flight++;
	fw->flight_entries += p->count;
	return 0;
}

static void take_back(struct firewall *fw, const struct proto_packet *p)
{
	unsigned i;

	for (i = p->count; p->flags == PROTO_BULK && i > 0; i--)
		restores_put_back(p->entries[i - 1].op == PROTO_TRUST ? &fw->trusts : &fw->restores, &p->entries[i - 1].addr);
}

static void end_restoring(struct firewall *fw)
{
	if (restores_count(&fw->trusts) == 0)
		restores_done(&fw->trusts);
	if (!fw->restoring || fw->bulk_flight > 0 || restores_count(&fw->restores) > 0)
		return;
	fw->restoring = false;
	restores_done(&fw->restores);
	if (fw->callbacks.restored)
		fw->callbacks.restored(fw->callbacks.userdata);
}

static int on_send(sd_event_source *source, void *userdata)
{
	struct firewall *fw = userdata;
	struct proto_packet *p = fw->packet;
	int r = 0;

	(void)source;
	if (!fw->stats.ready)
		asked_silence(&fw->asked);
	while (r >= 0 && fw->stats.ready && fw->flight < FLIGHT_MAX && fill(fw, p) > 0)
		r = send_packet(fw, p);
	if (r < 0) {
		take_back(fw, p);
		/* Full: an answer will come first, and brings us here again. */
		if (r != -EAGAIN && r != -EINTR)
			disconnect(fw, r);
		else if (fw->flight == 0)
			sd_event_source_set_enabled(fw->send, SD_EVENT_ONESHOT);
		return 0;
	}
	if (waiting(fw) == 0)
		queue_empty(fw);
	end_restoring(fw);
	return 0;
}

int firewall_command(struct firewall *fw, enum proto_op op, const struct addr *addr, usec_t left)
{
	struct proto_entry e = { .op = (uint8_t)op, .left = left == USEC_INFINITY ? UINT64_MAX : left };
	int r;

	if (addr)
		e.addr = *addr;
	r = firewall_queue(fw, &e);
	if (r < 0 && log_limit_pass(&fw->full))
		log_error("%zu bans wait for the firewall helper; further ones are not queued: %s", fw->tail - fw->head,
			  strerror(-r));
	return r < 0 ? r : 0;
}

static void on_hello(struct firewall *fw, bool lost, bool fresh)
{
	if (fw->served && !lost)
		fw->stats.restarts++;
	fw->stats.restores += lost;
	/* What a helper that died had not done is asked for again by ready(). */
	queue_clear(fw);
	end_lists(fw, -ECONNRESET);
	asked_silence(&fw->asked);
	fw->stats.ready = fw->served = true;
	fw->stats.gone = false;
	fw->stats.down_since = fw->stats.asked = 0;
	fw->stats.fresh = fresh;
	fw->restoring = true;
	firewall_command(fw, fw->paused ? PROTO_PAUSE : PROTO_RESUME, NULL, 0);
	firewall_sip_hello(fw);
	fw->callbacks.ready(fw->callbacks.userdata, lost);
}

static void count_done(struct firewall_stats *s, const struct proto_entry *e)
{
	if (e->error == -EPERM || e->error == -EINVAL)
		s->refused++;
	else if (e->error < 0 && e->error != -ENOENT)
		s->errors++;
	else if (e->op == PROTO_BAN || e->op == PROTO_RESTORE)
		s->bans++;
	else if (e->op == PROTO_UNBAN)
		s->unbans++;
}

/* True if it was only about the helper. */
static bool take_health(struct firewall_stats *s, const struct proto_entry *e)
{
	if (e->op == PROTO_PING) {
		s->asked = 0;
		s->resident = e->bytes;
	} else if (e->op == PROTO_SIZE && e->left < KERNEL_SETS) {
		s->sizes[e->left] = (struct kernel_set_size){ e->error == 0, e->packets, e->bytes };
	}
	return e->op == PROTO_PING || e->op == PROTO_SIZE;
}

static void entry_done(struct firewall *fw, const struct proto_entry *e)
{
	if (take_health(&fw->stats, e) || firewall_sip_done(fw, e) || firewall_wire_done(fw, e))
		return;
	if (e->op == PROTO_SEEN) {
		asked_answer(&fw->asked, e->left, e->error);
		return;
	}
	count_done(&fw->stats, e);
	if (e->op == PROTO_BAN || e->op == PROTO_UNBAN || e->op == PROTO_RESTORE) {
		fw->callbacks.done(fw->callbacks.userdata, &e->addr, e->op != PROTO_UNBAN, e->error);
	} else if ((e->op == PROTO_PAUSE || e->op == PROTO_RESUME) && e->error == 0) {
		fw->stats.paused = e->op == PROTO_PAUSE;
	} else if (e->error < 0 && e->op != PROTO_UNEXEMPT && e->error != -ESHUTDOWN) {
		log_warning("The firewall helper could not do what was asked (%u): %s", e->op, strerror(-e->error));
	}
}

static void on_packet(struct firewall *fw, const struct proto_packet *p)
{
	unsigned i;

	fw->stats.last_answer = time_monotonic();
	if (p->type == PROTO_HELLO) {
		on_hello(fw, p->flags & PROTO_LOST, p->flags & PROTO_FRESH);
		return;
	}
	if (p->type == PROTO_GONE) {
		helper_gone(fw, -ECONNRESET);
		return;
	}
	if (p->type == PROTO_ELEMENTS) {
		for (i = 0; fw->lists && i < p->count; i++) {
			const struct proto_entry *e = &p->entries[i];
			const struct firewall_element element = { e->addr, e->left == UINT64_MAX ? USEC_INFINITY : e->left,
								  e->packets, e->bytes };

			fw->lists->fn(fw->lists->userdata, &element);
		}
		return;
	}
	if (p->type == PROTO_LIMITED) {
		firewall_sip_limited(fw, p);
		return;
	}
	if (p->type == PROTO_LISTED) {
		list_ended(fw, p->count > 0 ? p->entries[0].error : 0);
		return;
	}
	/* That of firewall_begin(). */
	if (p->count == 0)
		return;
	fw->flight -= fw->flight > 0;
	fw->bulk_flight -= p->flags == PROTO_BULK && fw->bulk_flight > 0;
	fw->flight_entries -= fw->flight_entries < p->count ? fw->flight_entries : p->count;
	for (i = 0; i < p->count; i++)
		entry_done(fw, &p->entries[i]);
	if (fw->head < fw->tail || fw->restoring || restores_count(&fw->trusts) > 0)
		sd_event_source_set_enabled(fw->send, SD_EVENT_ONESHOT);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	_cleanup_free_ struct proto_packet *p = malloc(sizeof(*p));
	struct firewall *fw = userdata;
	_cleanup_close_ int passed = -1;
	ssize_t len;

	(void)source;
	(void)revents;
	len = p ? unixsocket_receive(fd, p, sizeof(*p), &passed) : 0;
	if (len == -EAGAIN || len == -EINTR)
		return 0;
	if (len <= 0) {
		disconnect(fw, len < 0 ? (int)len : -ECONNRESET);
		return 0;
	}
	if (proto_check(p, (size_t)len, false) < 0) {
		log_error("The firewall helper sent something that is no answer; leaving it");
		disconnect(fw, -EBADMSG);
		return 0;
	}
	if (p->type == PROTO_WIRE)
		firewall_wire_come(fw, TAKE_FD(passed));
	else
		on_packet(fw, p);
	return 0;
}

static int attach(struct firewall *fw, int fd)
{
	int size = SOCKET_BUFFER, r;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	r = sd_event_add_io(fw->loop, &fw->io, fd, EPOLLIN, on_io, fw);
	if (r < 0) {
		close(fd);
		return r;
	}
	fw->fd = fd;
	fw->stats.gone = false;
	return r;
}

static int connect_helper(struct firewall *fw)
{
	int fd = unixsocket_connect(fw->path, SOCK_SEQPACKET);

	return fd < 0 ? fd : attach(fw, fd);
}

static int on_reconnect(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct firewall *fw = userdata;
	int r = connect_helper(fw);

	(void)usec;
	if (r < 0) {
		if (log_limit_pass(&fw->down))
			log_error("%s: the firewall helper does not answer: %s; trying on", fw->path, strerror(-r));
		sd_event_source_set_time_relative(source, RECONNECT_DELAY);
		sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	}
	return 0;
}

static int start(struct firewall *fw, const struct config *cfg)
{
	int r, fd = -1;

	fw->packet = calloc(1, sizeof(*fw->packet));
	if (!fw->packet)
		return -ENOMEM;
	r = sd_event_add_defer(fw->loop, &fw->send, on_send, fw);
	if (r >= 0)
		r = sd_event_source_set_enabled(fw->send, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time_relative(fw->loop, &fw->reconnect, CLOCK_MONOTONIC, 0, 1, on_reconnect, fw);
	if (r >= 0 && !cfg->firewall_socket) {
		r = sd_event_source_set_enabled(fw->reconnect, SD_EVENT_OFF);
		if (r >= 0)
			r = keeper_start(cfg, &fd, &fw->keeper);
		return r < 0 ? r : attach(fw, fd);
	}
	if (r >= 0) {
		fw->path = strdup(cfg->firewall_socket);
		r = fw->path ? 0 : -ENOMEM;
	}
	return r;
}

int firewall_prepare(sd_event *loop, const struct config *cfg, const struct firewall_callbacks *callbacks,
		     struct firewall **ret)
{
	struct firewall *fw = calloc(1, sizeof(*fw));
	int r;

	if (!fw)
		return -ENOMEM;
	fw->loop = sd_event_ref(loop);
	fw->callbacks = *callbacks;
	fw->fd = -1;
	fw->stats.own = !cfg->firewall_socket;
	fw->stats.gone = true;
	fw->stats.down_since = time_monotonic();
	fw->lists_end = &fw->lists;
	r = start(fw, cfg);
	if (r < 0) {
		firewall_stop(fw);
		return r;
	}
	*ret = fw;
	return 0;
}

int firewall_begin(struct firewall *fw)
{
	const struct proto_packet p = { .magic = PROTO_MAGIC, .type = PROTO_COMMANDS };

	/* No command at all; the keeper waits for it. */
	if (fw->keeper > 0 && send(fw->fd, &p, proto_size(0), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return -errno;
	return 0;
}

int firewall_start(sd_event *loop, const struct config *cfg, const struct firewall_callbacks *callbacks,
		   struct firewall **ret)
{
	int r = firewall_prepare(loop, cfg, callbacks, ret);

	if (r >= 0)
		r = firewall_begin(*ret);
	if (r < 0)
		*ret = firewall_stop(*ret);
	return r;
}

struct firewall *firewall_stop(struct firewall *fw)
{
	if (!fw)
		return NULL;
	sd_event_source_disable_unref(fw->io);
	sd_event_source_disable_unref(fw->send);
	sd_event_source_disable_unref(fw->reconnect);
	if (fw->fd >= 0)
		close(fw->fd);
	if (fw->keeper > 0)
		keeper_wait(fw->keeper);
	end_lists(fw, -ECONNRESET);
	asked_silence(&fw->asked);
	asked_done(&fw->asked);
	queue_clear(fw);
	free(fw->packet);
	free(fw->sip);
	free(fw->path);
	sd_event_unref(fw->loop);
	free(fw);
	return NULL;
}

bool firewall_is_ready(const struct firewall *fw)
{
	return fw->stats.ready;
}

int firewall_ban(struct firewall *fw, const struct addr *addr, usec_t left)
{
	return firewall_command(fw, PROTO_BAN, addr, left);
}

int firewall_restore(struct firewall *fw, const struct addr *addr)
{
	int r;

	if (!fw->stats.ready)
		return 0; /* ready() will ask for it */
	r = restores_add(&fw->restores, addr);
	fw->restoring = true;
	return r < 0 ? r : sd_event_source_set_enabled(fw->send, SD_EVENT_ONESHOT);
}

int firewall_unban(struct firewall *fw, const struct addr *addr)
{
	return firewall_command(fw, PROTO_UNBAN, addr, 0);
}

int firewall_exempt(struct firewall *fw, const struct addr *addr, bool add)
{
	return firewall_command(fw, add ? PROTO_EXEMPT : PROTO_UNEXEMPT, addr, 0);
}

int firewall_reload(struct firewall *fw)
{
	return firewall_command(fw, PROTO_RELOAD, NULL, 0);
}

int firewall_flush(struct firewall *fw)
{
	return fw->stats.ready ? firewall_command(fw, PROTO_FLUSH, NULL, 0) : -ENOTCONN;
}

int firewall_pause(struct firewall *fw, bool paused)
{
	fw->paused = paused;
	return fw->stats.ready ? firewall_command(fw, paused ? PROTO_PAUSE : PROTO_RESUME, NULL, 0) : -ENOTCONN;
}

int firewall_ask(struct firewall *fw, const struct addr *addr, firewall_witness_fn fn, void *userdata)
{
	struct proto_entry e = { .addr = *addr, .op = PROTO_SEEN };
	int r = asked_add(&fw->asked, addr, fn, userdata, &e.left);

	if (r < 0)
		return r;
	/* Without a helper, on_send() answers. */
	r = fw->stats.ready ? firewall_queue(fw, &e) : sd_event_source_set_enabled(fw->send, SD_EVENT_ONESHOT);
	if (r < 0)
		asked_take_back(&fw->asked);
	return r < 0 ? r : 0;
}

int firewall_list(struct firewall *fw, firewall_element_fn fn, firewall_end_fn end, void *userdata)
{
	struct list_request *l;
	int r;

	if (!fw->stats.ready)
		return -ENOTCONN;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	*l = (struct list_request){ fn, end, userdata, NULL };
	r = firewall_command(fw, PROTO_LIST, NULL, 0);
	if (r < 0) {
		free(l);
		return r;
	}
	*fw->lists_end = l;
	fw->lists_end = &l->next;
	return 0;
}

void firewall_ping(struct firewall *fw, bool sizes)
{
	struct proto_entry e = { .op = PROTO_PING };

	if (!fw->stats.ready || fw->stats.asked)
		return;
	if (firewall_queue(fw, &e) < 0)
		return;
	fw->stats.asked = time_monotonic();
	e.op = PROTO_SIZE;
	for (e.left = 0; sizes && e.left < KERNEL_SETS; e.left++)
		firewall_queue(fw, &e);
}

void firewall_stats(const struct firewall *fw, struct firewall_stats *ret)
{
	*ret = fw->stats;
	ret->pending = waiting(fw) + restores_count(&fw->restores) + fw->flight_entries;
	ret->helper_pid = fw->keeper;
}
