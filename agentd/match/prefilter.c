/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match/prefilter.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include <hs.h>

#include "base/cleanup.h"
#include "base/log.h"

struct prefilter {
	hs_database_t *database;
	hs_scratch_t *scratch;
};

static int compile(const struct span *literals, size_t n, hs_database_t **ret)
{
	_cleanup_free_ const char **texts = calloc(n, sizeof(*texts));
	_cleanup_free_ size_t *lengths = calloc(n, sizeof(*lengths));
	_cleanup_free_ unsigned *flags = calloc(n, sizeof(*flags));
	_cleanup_free_ unsigned *ids = calloc(n, sizeof(*ids));
	hs_compile_error_t *error = NULL;
	size_t i;

	if (!texts || !lengths || !flags || !ids)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		texts[i] = literals[i].ptr;
		lengths[i] = literals[i].len;
		ids[i] = (unsigned)i;
	}
	if (hs_compile_lit_multi(texts, flags, ids, lengths, (unsigned)n, HS_MODE_BLOCK, NULL, ret, &error) ==
	    HS_SUCCESS)
		return 0;
	log_warning("The scan for whole buffers cannot be made ready: %s", error ? error->message : "unknown");
	hs_free_compile_error(error);
	return -ENOMEM;
}

int prefilter_new(const struct span *literals, size_t n, struct prefilter **ret)
{
	struct prefilter *p;
	int r;

	if (hs_valid_platform() != HS_SUCCESS)
		return -EOPNOTSUPP;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	r = compile(literals, n, &p->database);
	if (r >= 0 && hs_alloc_scratch(p->database, &p->scratch) != HS_SUCCESS)
		r = -ENOMEM;
	if (r < 0) {
		prefilter_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

struct prefilter *prefilter_free(struct prefilter *p)
{
	if (!p)
		return NULL;
	hs_free_scratch(p->scratch);
	hs_free_database(p->database);
	free(p);
	return NULL;
}

struct scan {
	prefilter_fn fn;
	void *userdata;
	size_t base;
};

static int on_hit(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
	const struct scan *s = context;

	(void)from;
	(void)flags;
	s->fn(s->userdata, id, s->base + (size_t)to);
	return 0;
}

/* Lengths of Vectorscan are 32 bits; our inputs deliver chunks far below that. */
void prefilter_scan(struct prefilter *p, const char *data, size_t len, prefilter_fn fn, void *userdata)
{
	struct scan s = { fn, userdata, 0 };

	if (len > UINT_MAX)
		len = UINT_MAX;
	hs_scan(p->database, data, (unsigned)len, 0, p->scratch, on_hit, &s);
}
