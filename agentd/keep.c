/* SPDX-License-Identifier: GPL-2.0-or-later */
/* To the store and back: what was counted goes with the positions of the lines it was counted from. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent_private.h"
#include "base/hash.h"
#include "base/text.h"

#define DAY (86400 * USEC_PER_SEC)
/* Nobody is a friend for longer ([trust] friend_for). */
#define FRIENDS_KEPT (90 * DAY)
/* For each byte that changed so many of all that is known are written again, and some more: it takes four times its size. */
#define SWEEP_FACTOR 1
#define SWEEP_MIN 1024
/* Under this key is the moment up to which all lines were read (agent_horizon()). */
#define CLOCK_KEY "clock"
#define META_HASH_KEY "hash_key"
#define META_COUNTED_SINCE "counted_since"

/* Layouts of sections, as base/pack.h says; those of decide/ come after them. */
enum {
	KEEP_PATTERNS = 1, /* comes first: id names the patterns of all inputs at the time */
	KEEP_INPUT,
	KEEP_MATCHER,
};

/* Patterns of all inputs: records tell them by their number. */
static uint64_t name_patterns(const struct agent *a)
{
	uint64_t h = 0, patterns;
	size_t i;

	for (i = 0; i < a->n_inputs; i++) {
		patterns = matcher_patterns(a->inputs[i].matcher);
		h = hash_lasting(h, a->inputs[i].cfg->name, strlen(a->inputs[i].cfg->name));
		h = hash_lasting(h, &patterns, sizeof(patterns));
	}
	return h;
}

/* Inputs */

static uint64_t input_id(const struct agent_input *in)
{
	return hash_lasting(0, in->cfg->name, strlen(in->cfg->name));
}

static void pack_input(const struct agent_input *in, struct pack *p)
{
	struct input_stats s;

	input_stats(in->input, &s);
	pack_number(p, s.lines);
	pack_number(p, s.bytes);
	pack_number(p, s.cut);
	pack_number(p, s.rotations);
	pack_number(p, s.errors);
	pack_number(p, in->samples);
	pack_number(p, in->n_samples);
}

static void restore_input(struct agent_input *in, struct unpack *u)
{
	struct input_stats s = { 0 };
	uint64_t samples, n;

	if (!unpack_number(u, &s.lines) || !unpack_number(u, &s.bytes) || !unpack_number(u, &s.cut) ||
	    !unpack_number(u, &s.rotations) || !unpack_number(u, &s.errors) || !unpack_number(u, &samples) ||
	    !unpack_number(u, &n))
		return;
	input_resume(in->input, &s);
	in->samples = (uint32_t)samples;
	in->n_samples = n < WITNESS_SAMPLES ? (unsigned)n : WITNESS_SAMPLES;
}

/* Sections of an input, if they are not as they were written last. */
static void keep_input(struct agent_input *in, bool all, struct pack *p)
{
	size_t from = p->len, begin = pack_begin(p, KEEP_INPUT, input_id(in));

	pack_input(in, p);
	pack_end(p, begin);
	begin = pack_begin(p, KEEP_MATCHER, input_id(in));
	matcher_keep(in->matcher, p);
	pack_end(p, begin);
	if (p->failed)
		return;
	if (!all && p->len - from == in->kept.len && memcmp(p->data + from, in->kept.data, in->kept.len) == 0) {
		p->len = from;
		return;
	}
	in->kept.len = 0;
	pack_bytes(&in->kept, p->data + from, p->len - from);
}

void agent_keep_inputs(struct agent *a, bool all, struct pack *p)
{
	size_t i;

	for (i = 0; i < a->n_inputs; i++)
		keep_input(&a->inputs[i], all, p);
}

static struct agent_input *find_input(struct agent *a, const struct section *s)
{
	size_t i;

	for (i = 0; i < a->n_inputs; i++)
		if (input_id(&a->inputs[i]) == s->id)
			return &a->inputs[i];
	return NULL;
}

/* Keeps the last sections of an input. False: it is none of an input. */
static bool take_input_section(struct agent *a, const struct section *s)
{
	struct agent_input *in;
	size_t begin;

	if (s->kind != KEEP_INPUT && s->kind != KEEP_MATCHER)
		return false;
	in = find_input(a, s);
	if (!in)
		return true;
	if (s->kind == KEEP_INPUT)
		in->kept.len = 0;
	begin = pack_begin(&in->kept, s->kind, s->id);
	pack_bytes(&in->kept, s->records.at, (size_t)(s->records.end - s->records.at));
	pack_end(&in->kept, begin);
	return true;
}

/* Goes on from the sections that were taken. */
static void restore_inputs(struct agent *a)
{
	size_t i;

	for (i = 0; i < a->n_inputs; i++) {
		struct agent_input *in = &a->inputs[i];
		struct unpack u = { in->kept.data, in->kept.data + in->kept.len };
		struct section s;

		while (unpack_section(&u, &s)) {
			if (s.kind == KEEP_INPUT)
				restore_input(in, &s.records);
			else
				matcher_restore(in->matcher, &s.records);
		}
	}
}

void agent_keep_restore_inputs(struct agent *a, const struct pack *p)
{
	struct unpack u = { p->data, p->data + p->len };
	struct section s;

	while (unpack_section(&u, &s))
		take_input_section(a, &s);
	restore_inputs(a);
}

/* Committing */

static void put_ban(void *userdata, struct ban *b)
{
	agent_store_ban(userdata, b);
}

static void put_dropped(void *userdata, struct ban *b)
{
	if (b->id == 0)
		agent_store_ban(userdata, b);
}

static void put_exemption(void *userdata, const struct addr *addr, const char *source, const char *reason)
{
	struct agent *a = userdata;

	if (strcmp(source, "admin") == 0)
		store_exempt_put(a->store, addr, reason);
}

static void put_hash_key(struct agent *a)
{
	unsigned char key[HASH_KEY_SIZE];
	char text[2 * HASH_KEY_SIZE + 1];
	size_t i;

	hash_kept(key);
	for (i = 0; i < sizeof(key); i++)
		snprintf(text + 2 * i, 3, "%02x", key[i]);
	store_meta_put(a->store, META_HASH_KEY, text);
}

static void put_counted_since(struct agent *a)
{
	_cleanup_free_ char *text = text_printf("%llu", (unsigned long long)a->keep.counted_since);

	if (text)
		store_meta_put(a->store, META_COUNTED_SINCE, text);
}

/* Another database was begun: it is told all that is in memory. */
static void put_anew(struct agent *a)
{
	put_hash_key(a);
	put_counted_since(a);
	decider_each(a->decider, put_ban, a);
	decider_exempt_each(a->decider, put_exemption, a);
	agent_pause_store(a);
	agent_sip_store(a);
	a->keep.whole = true;
}

/* The decider's part, then that of calls. True: a round is over. */
static bool sweep(struct agent *a, size_t limit, struct pack *p)
{
	struct agent_keep *k = &a->keep;

	k->decided = k->decided || decider_keep_sweep(a->decider, limit, p);
	if (!k->decided || !calls_keep_sweep(a->calls, limit, p))
		return false;
	k->decided = false;
	return true;
}

/* All is written in pieces of about this size, so that it is never in memory twice. */
#define PIECE KEEP_MEMORY

/* Records tell patterns by their number. */
static void begin_piece(struct agent *a)
{
	struct pack *p = &a->keep.out;
	size_t begin;

	p->len = 0;
	begin = pack_begin(p, KEEP_PATTERNS, a->keep.patterns);
	pack_number(p, 0);
	pack_end(p, begin);
}

static void end_piece(struct agent *a, struct store_kept *kept)
{
	struct pack *p = &a->keep.out;

	if (a->keep.over)
		agent_keep_inputs(a, true, p);
	kept->data = p->data;
	kept->len = p->len;
}

/* The next piece of all that is known. */
static void sweep_piece(struct agent *a, struct store_kept *kept)
{
	struct agent_keep *k = &a->keep;

	begin_piece(a);
	do
		k->over = sweep(a, PIECE, &k->out);
	while (!k->over && k->out.len < PIECE && !k->out.failed);
	end_piece(a, kept);
}

static int more_pieces(struct store_kept *kept)
{
	struct agent *a = kept->userdata;

	if (a->keep.over)
		return 0;
	sweep_piece(a, kept);
	return a->keep.out.failed ? -ENOMEM : 1;
}

/* What changed, and as much as is due of all the rest. */
static void collect(struct agent *a, struct store_kept *kept)
{
	struct agent_keep *k = &a->keep;
	struct pack *p = &k->out;
	size_t from;

	*kept = (struct store_kept){ .userdata = a };
	p->failed = false;
	k->patterns = name_patterns(a);
	begin_piece(a);
	from = p->len;
	agent_keep_inputs(a, false, p);
	k->whole |= !decider_keep_changed(a->decider, p);
	k->whole |= !calls_keep_changed(a->calls, p);
	if (k->whole) {
		k->round = 0;
		kept->drop_before = INT64_MAX;
		kept->more = more_pieces;
		k->decided = false;
		decider_keep_rewind(a->decider);
		calls_keep_rewind(a->calls);
		sweep_piece(a, kept);
		return;
	}
	k->over = sweep(a, p->len + SWEEP_FACTOR * (p->len - from) + SWEEP_MIN, p);
	if (k->over)
		kept->drop_before = k->round ? k->round : INT64_MAX;
	end_piece(a, kept);
}

/* Never back: right after a start it is not known yet how far lines have been read. */
static void put_clock(struct agent *a)
{
	usec_t horizon = agent_horizon(a, NULL);
	_cleanup_free_ char *text = NULL;

	if (horizon > a->keep.clock)
		a->keep.clock = horizon;
	text = text_printf("%llu", (unsigned long long)a->keep.clock);
	if (text)
		store_position_put(a->store, CLOCK_KEY, text);
}

int agent_commit(struct agent *a)
{
	struct agent_keep *k = &a->keep;
	const usec_t begun = time_monotonic();
	struct store_kept kept;
	int r;

	if (!store_wants_commit(a->store))
		return -EAGAIN;
	if (store_is_new(a->store))
		put_anew(a);
	else if (store_has_dropped(a->store))
		decider_each(a->decider, put_dropped, a);
	put_clock(a);
	collect(a, &kept);
	r = k->out.failed ? -ENOMEM : store_commit(a->store, &kept);
	/* What was collected is of that moment; next time it is all that is known by then. */
	k->whole = r < 0;
	k->took = time_monotonic() - begun;
	if (r < 0)
		return r;
	/* The memory of a large one is not needed again soon. */
	if (k->out.size > KEEP_MEMORY)
		pack_done(&k->out);
	if (k->over)
		k->round = 0;
	else if (!k->round)
		k->round = kept.number;
	return 0;
}

/* At start */

struct restoring {
	struct agent *agent;
	uint64_t patterns;
	uint64_t refused;
};

static void restore_kept(void *userdata, const void *data, size_t len)
{
	struct restoring *r = userdata;
	struct unpack u = { data, (const uint8_t *)data + len };
	bool same_patterns = false;
	struct section s;

	while (unpack_section(&u, &s)) {
		if (s.kind == KEEP_PATTERNS)
			same_patterns = s.id == r->patterns;
		else if (s.kind >= CALLS_KEEP_FIRST && s.kind <= CALLS_KEEP_LAST)
			r->refused += !calls_keep_restore(r->agent->calls, &s);
		else if (!take_input_section(r->agent, &s))
			r->refused += !decider_keep_restore(r->agent->decider, &s, same_patterns);
	}
}

void agent_keep_restore(struct agent *a)
{
	struct restoring r = { .agent = a, .patterns = name_patterns(a) };
	usec_t now = time_now();

	store_kept_each(a->store, restore_kept, &r);
	restore_inputs(a);
	decider_keep_restored(a->decider, now > FRIENDS_KEPT ? now - FRIENDS_KEPT : 0);
	if (r.refused)
		log_warning("%llu of the stored counts make no sense, and are left out", (unsigned long long)r.refused);
	/* All of it is written anew, so that nothing of other rules and times stays there. */
	a->keep.whole = true;
}

static void restore_friend(void *userdata, const struct store_friend *sf)
{
	const struct friend f = { sf->addr, sf->first, sf->last, sf->successes, sf->accounts };
	struct agent *a = userdata;

	decider_befriend(a->decider, &f);
	a->keep.befriended = true;
}

int agent_keep_start(struct agent *a)
{
	_cleanup_free_ char *since = store_meta_get(a->store, META_COUNTED_SINCE);
	int r = decider_keep_start(a->decider);

	if (r < 0)
		return r;
	a->keep.counted_since = since ? strtoull(since, NULL, 10) : a->started;
	if (!since)
		put_counted_since(a);
	store_friends_each(a->store, restore_friend, a);
	if (a->keep.befriended)
		store_friends_drop(a->store);
	return 0;
}

usec_t agent_keep_clock(struct agent *a)
{
	_cleanup_free_ char *text = store_position_get(a->store, CLOCK_KEY);
	usec_t clock = text ? strtoull(text, NULL, 10) : 0, now = time_now();

	a->keep.clock = clock && clock < now ? clock : now;
	return a->keep.clock;
}

void agent_keep_names(struct agent *a)
{
	_cleanup_free_ char *text = store_meta_get(a->store, META_HASH_KEY);
	unsigned char key[HASH_KEY_SIZE];
	char byte[3] = "";
	size_t i;

	if (!text || strlen(text) != 2 * sizeof(key) || strspn(text, "0123456789abcdef") != 2 * sizeof(key)) {
		put_hash_key(a);
		return;
	}
	for (i = 0; i < sizeof(key); i++) {
		memcpy(byte, text + 2 * i, 2);
		key[i] = (unsigned char)strtoul(byte, NULL, 16);
	}
	hash_keep(key);
}

void agent_keep_done(struct agent *a)
{
	pack_done(&a->keep.out);
}
