/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does the kernel see the traffic that an input tells of? Only then is its
 * silence about a source worth anything: a log may come from another host, or
 * the gateway may listen on ports that nobody watches. It is learned from those
 * who logged in, whom nobody can forge: most of them must have been seen. An
 * attacker can neither make them seen for a log of another host, nor unseen.
 */
#include <stdlib.h>
#include <string.h>

#include "agent_private.h"

/* Not more questions than this, for learning. */
#define SAMPLE_INTERVAL (200 * USEC_PER_MSEC)
/* So many answers of the last WITNESS_SAMPLES are needed. */
#define SAMPLES_MIN 8

struct sample {
	struct agent *agent;
	char *input;
};

static struct agent_input *find_input(const struct agent *a, const char *name)
{
	size_t i;

	for (i = 0; i < a->n_inputs; i++)
		if (strcmp(a->inputs[i].cfg->name, name) == 0)
			return &a->inputs[i];
	return NULL;
}

static void on_sample(void *userdata, const struct addr *addr, enum witness w)
{
	struct sample *s = userdata;
	/* A reload may have taken the input away. */
	struct agent_input *in = find_input(s->agent, s->input);

	(void)addr;
	if (in && w != WITNESS_SILENT) {
		in->samples = (in->samples << 1 | (w != WITNESS_UNSEEN)) & ((1u << WITNESS_SAMPLES) - 1);
		if (in->n_samples < WITNESS_SAMPLES)
			in->n_samples++;
	}
	free(s->input);
	free(s);
}

void witnessed_learn(struct agent_input *in, const struct event *e)
{
	struct sample *s;

	if (!in->cfg->witness || !in->live || e->class != CLASS_AUTH_SUCCESS || e->n_addrs != 1 ||
	    in->arrival - in->sampled < SAMPLE_INTERVAL)
		return;
	in->sampled = in->arrival;
	s = calloc(1, sizeof(*s));
	if (s) {
		s->agent = in->agent;
		s->input = strdup(in->cfg->name);
	}
	if (!s || !s->input || firewall_ask(in->agent->firewall, &e->addrs[0], on_sample, s) < 0) {
		if (s)
			free(s->input);
		free(s);
	}
}

bool witnessed_counts(const struct agent_input *in, usec_t when)
{
	usec_t reach = in->agent->world->cfg->witness_for / 2;

	/* The kernel forgets: of what is older it need not know. */
	if (!in->cfg->witness || !in->live || (when && when + reach < in->arrival))
		return false;
	return in->n_samples >= SAMPLES_MIN && (unsigned)__builtin_popcount(in->samples) * 4 >= in->n_samples * 3;
}

static void on_answer(void *userdata, const struct addr *addr, enum witness w)
{
	struct agent *a = userdata;

	decider_answer(a->decider, addr, w);
}

bool witnessed_ask(struct agent *a, const struct addr *addr)
{
	return firewall_ask(a->firewall, addr, on_answer, a) >= 0;
}
