/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/brake.h"

#include "match/match.h"

#define MINUTE (60 * USEC_PER_SEC)

/* After a minute in which it behaved, a pattern is as free as before. */
static void turn(struct brake *b, usec_t now)
{
	if (now >= b->minute && now - b->minute < MINUTE)
		return;
	if (b->state == BRAKE_SLOW && b->hits < BRAKE_HITS)
		b->state = BRAKE_NONE;
	b->minute = now;
	b->hits = 0;
}

uint32_t brake_limit(struct brake *b, size_t len, usec_t now)
{
	if (b->state == BRAKE_SLOW)
		turn(b, now);
	if (b->state == BRAKE_SLOW)
		return BRAKE_LIMIT + (uint32_t)(len * BRAKE_LIMIT_PER_BYTE);
	return MATCH_LIMIT + (uint32_t)(len * MATCH_LIMIT_PER_BYTE);
}

bool brake_note(struct brake *b, usec_t now)
{
	turn(b, now);
	return ++b->hits == BRAKE_HITS;
}

bool brake_judge(struct brake *b, bool catastrophic)
{
	enum brake_state before = b->state;

	b->state = catastrophic ? BRAKE_OFF : BRAKE_SLOW;
	return b->state != before;
}
