/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_INPUT_PRIVATE_H
#define SIPWARDEN_INPUT_PRIVATE_H

#include "base/log.h"
#include "base/rate.h"
#include "input/input.h"

/* Between input.c and the kinds of input. */
struct input {
	sd_event *loop;
	const struct config_input *cfg;
	char *name;
	struct input_callbacks callbacks;
	struct input_stats stats; /* without what is only known when asked */
	struct rate rate;
	struct log_limit failing;
	void *context;
	const struct input_kind *kind;
	void *state; /* the kind's own */
};

struct input_kind {
	int (*start)(struct input *in); /* sets in->state */
	void (*stop)(struct input *in); /* state may be NULL */
	void (*settle)(struct input *in);
	void (*measure)(const struct input *in, struct input_stats *stats); /* what is only known when asked */
	usec_t (*caught_up)(const struct input *in);
};

extern const struct input_kind input_file_kind, input_journal_kind;

/* It was looked for more just now. */
void input_looked(struct input *in);
/* Hands lines on and counts them. times may be NULL. */
void input_deliver(struct input *in, const char *data, size_t len, const usec_t *times, bool live);
/* Notes and, once in a while, logs what goes wrong. */
void input_failed(struct input *in, const char *where, int error);
/* All is well again. */
void input_recovered(struct input *in);

#endif
