/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input/input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "input/private.h"

int input_start(sd_event *loop, const struct config_input *cfg, const struct input_callbacks *callbacks,
		struct input **ret)
{
	struct input *in = calloc(1, sizeof(*in));
	int r;

	if (!in)
		return -ENOMEM;
	in->loop = sd_event_ref(loop);
	in->cfg = cfg;
	in->callbacks = *callbacks;
	in->kind = cfg->type == INPUT_FILE ? &input_file_kind : &input_journal_kind;
	in->name = strdup(cfg->name);
	r = in->name ? in->kind->start(in) : -ENOMEM;
	if (r < 0) {
		input_stop(in);
		return r;
	}
	*ret = in;
	return 0;
}

struct input *input_stop(struct input *in)
{
	if (!in)
		return NULL;
	in->kind->stop(in);
	sd_event_unref(in->loop);
	free(in->name);
	free(in);
	return NULL;
}

void input_settle(struct input *in)
{
	in->kind->settle(in);
}

void input_looked(struct input *in)
{
	in->stats.looked = time_monotonic();
}

void input_deliver(struct input *in, const char *data, size_t len, const usec_t *times, bool live)
{
	struct input_chunk chunk = { data, len, 0, times, live };

	if (len == 0)
		return;
	chunk.n_lines = text_count_lines(data, len);
	in->stats.lines += chunk.n_lines;
	in->stats.bytes += len;
	in->stats.last_line = time_now();
	rate_add(&in->rate, chunk.n_lines, time_monotonic());
	in->callbacks.chunk(in->callbacks.userdata, in, &chunk);
}

void input_failed(struct input *in, const char *where, int error)
{
	char text[sizeof(in->stats.last_error)], shown[100];

	in->stats.errors++;
	snprintf(text, sizeof(text), "%s: %s", text_escape(SPAN(where), shown, sizeof(shown)),
		 error == -ENOENT ? "is not there; waiting for it" : strerror(-error));
	if (strcmp(text, in->stats.last_error) == 0)
		return;
	strcpy(in->stats.last_error, text);
	if (log_limit_pass(&in->failing))
		log_warning("Input %s: %s", in->name, text);
}

void input_recovered(struct input *in)
{
	in->stats.last_error[0] = '\0';
}

const char *input_name(const struct input *in)
{
	return in->name;
}

void input_stats(const struct input *in, struct input_stats *ret)
{
	*ret = in->stats;
	ret->rate = rate_read(&in->rate, time_monotonic());
	in->kind->measure(in, ret);
}

void input_resume(struct input *in, const struct input_stats *earlier)
{
	in->stats.lines += earlier->lines;
	in->stats.bytes += earlier->bytes;
	in->stats.cut += earlier->cut;
	in->stats.rotations += earlier->rotations;
	in->stats.errors += earlier->errors;
}

usec_t input_caught_up(const struct input *in)
{
	return in->kind->caught_up(in);
}

void input_set_context(struct input *in, void *context)
{
	in->context = context;
}

void *input_context(const struct input *in)
{
	return in->context;
}
