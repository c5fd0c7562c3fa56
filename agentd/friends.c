/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who logged in outlives a restart: what changed is written once a minute, a few at a time. */
#include <errno.h>
#include <stdlib.h>

#include "agent_private.h"

#define DAY (86400 * USEC_PER_SEC)
/* Nobody is a friend for longer ([trust] friend_for). */
#define FRIENDS_KEPT (90 * DAY)
#define COLLECT_INTERVAL (60 * USEC_PER_SEC)
/* Writing must not keep a ban waiting: so many rows take about a millisecond. */
#define BATCH 500
#define BATCH_INTERVAL (50 * USEC_PER_MSEC)

static void restore_friend(void *userdata, const struct store_friend *sf)
{
	const struct friend f = { sf->addr, sf->first, sf->last, sf->successes, sf->accounts };
	struct agent *a = userdata;

	decider_befriend(a->decider, &f);
}

void agent_friends_restore(struct agent *a)
{
	usec_t now = time_now();

	store_friends_each(a->store, now > FRIENDS_KEPT ? now - FRIENDS_KEPT : 0, restore_friend, a);
}

static void collect_friend(void *userdata, const struct friend *f)
{
	struct agent_friends *friends = userdata;

	if (friends->count == friends->size) {
		size_t size = friends->size ? friends->size * 2 : 64;
		struct store_friend *list = reallocarray(friends->list, size, sizeof(*list));

		/* It is written when it logs in again. */
		if (!list)
			return;
		friends->list = list;
		friends->size = size;
	}
	friends->list[friends->count++] = (struct store_friend){ f->addr, f->first, f->last, f->successes, f->accounts };
}

/* Writes up to max of those collected. */
static void write_batch(struct agent *a, size_t max)
{
	struct agent_friends *friends = &a->friends;

	for (; max > 0 && friends->written < friends->count; max--)
		store_friend_put(a->store, &friends->list[friends->written++]);
	agent_commit_soon(a);
	if (friends->written < friends->count)
		return;
	free(friends->list);
	*friends = (struct agent_friends){ .timer = friends->timer };
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct agent *a = userdata;

	(void)usec;
	if (a->friends.count == 0)
		decider_friends_each(a->decider, collect_friend, &a->friends);
	if (a->friends.count > 0)
		write_batch(a, BATCH);
	sd_event_source_set_time_relative(source, a->friends.count > 0 ? BATCH_INTERVAL : COLLECT_INTERVAL);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int agent_friends_start(struct agent *a)
{
	return sd_event_add_time_relative(a->loop, &a->friends.timer, CLOCK_MONOTONIC, COLLECT_INTERVAL, USEC_PER_SEC,
					  on_timer, a);
}

void agent_friends_stop(struct agent *a)
{
	a->friends.timer = sd_event_source_disable_unref(a->friends.timer);
	if (!a->store || !a->decider)
		return;
	write_batch(a, SIZE_MAX);
	decider_friends_each(a->decider, collect_friend, &a->friends);
	write_batch(a, SIZE_MAX);
}
