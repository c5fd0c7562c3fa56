/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resolve/known.h"

/* Where one may be put: at the end, or in place of the one not seen for longest. */
static struct known_addr *make_room(struct known *k)
{
	struct known_addr *oldest = &k->items[0];
	size_t i;

	if (k->n < KNOWN_MAX)
		return &k->items[k->n++];
	for (i = 1; i < k->n; i++)
		if (k->items[i].seen < oldest->seen)
			oldest = &k->items[i];
	return oldest;
}

/* True if it was not there. */
static bool see(struct known *k, const struct addr *addr, usec_t now)
{
	size_t i;

	for (i = 0; i < k->n; i++) {
		if (addr_equal(&k->items[i].addr, addr)) {
			k->items[i].seen = now;
			return false;
		}
	}
	*make_room(k) = (struct known_addr){ *addr, now };
	return true;
}

bool known_take(struct known *k, const struct addr *addrs, size_t n, bool complete, usec_t now, usec_t grace)
{
	bool changed = false;
	size_t i, kept = 0;

	if (!complete)
		for (i = 0; i < k->n; i++)
			k->items[i].seen = now - 1; /* those of the answer are newer */
	for (i = 0; i < n; i++)
		changed = see(k, &addrs[i], now) || changed;
	for (i = 0; i < k->n; i++)
		if (k->items[i].seen + grace > now)
			k->items[kept++] = k->items[i];
	changed = changed || kept != k->n;
	k->n = kept;
	return changed;
}
