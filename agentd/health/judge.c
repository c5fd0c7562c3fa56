/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong, how bad it is, and what to do about it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "health/health.h"

const char *health_input_state(enum input_state state)
{
	static const char *const states[] = { "reading", "catching up", "waiting", "failing", "stuck", "asleep" };

	return states[state];
}

const char *health_word(enum severity worst)
{
	return worst == SEVERITY_UNPROTECTED ? "unprotected" : worst == SEVERITY_DEGRADED ? "degraded" : "ok";
}

static usec_t since(const struct health *h, usec_t moment)
{
	return moment && h->monotonic > moment ? h->monotonic - moment : 0;
}

/* One more problem; NULL: there are too many. */
static struct problem *add(struct verdict *v, enum problem_code code, enum severity severity, size_t subject)
{
	struct problem *p;

	if (severity > v->worst)
		v->worst = severity;
	if (v->count == HEALTH_PROBLEMS_MAX)
		return NULL;
	p = &v->problems[v->count++];
	*p = (struct problem){ .code = code, .severity = severity, .subject = subject };
	return p;
}

__attribute__((format(printf, 2, 3))) static void say(struct problem *p, const char *format, ...)
{
	char raw[sizeof(p->text)];
	va_list ap;

	if (!p)
		return;
	va_start(ap, format);
	vsnprintf(raw, sizeof(raw), format, ap);
	va_end(ap);
	text_printable(SPAN(raw), p->text, sizeof(p->text));
}

__attribute__((format(printf, 2, 3))) static void advise(struct problem *p, const char *format, ...)
{
	char raw[sizeof(p->advice)];
	va_list ap;

	if (!p)
		return;
	va_start(ap, format);
	vsnprintf(raw, sizeof(raw), format, ap);
	va_end(ap);
	text_printable(SPAN(raw), p->advice, sizeof(p->advice));
}

/* Whole seconds, for people. */
static char *format_seconds(usec_t span, char buf[static TIMESPAN_TEXT_MAX])
{
	return timespan_format(span / USEC_PER_SEC * USEC_PER_SEC, buf);
}

/* Enforcement */

usec_t health_helper_silence(const struct health *h)
{
	const struct firewall_stats *f = &h->firewall;

	if (!f->ready)
		return since(h, f->down_since);
	if (!f->asked)
		return 0;
	return since(h, f->last_answer > f->asked ? f->last_answer : f->asked);
}

static void judge_mode(const struct health *h, struct verdict *v)
{
	char when[TIME_TEXT_MAX];
	struct problem *p;

	if (h->paused) {
		p = add(v, PROBLEM_PAUSED, SEVERITY_UNPROTECTED, 0);
		say(p, "Enforcement is paused since %s: nobody is kept out.", time_format_local(h->paused, when));
		advise(p, "sipwarden resume");
	}
	if (h->flushed) {
		p = add(v, PROBLEM_FLUSHED, SEVERITY_UNPROTECTED, 0);
		say(p, "The nftables table was removed by 'sipwarden flush': nobody is kept out.");
		advise(p, "sipwarden reload");
	}
}

static const char *restart_helper(const struct health *h)
{
	return h->firewall.own ? "restart sipwardend; its log tells why" :
				 "systemctl restart sipwarden-firewall; journalctl -u sipwarden-firewall tells why";
}

static void judge_helper(const struct health *h, struct verdict *v)
{
	usec_t silence = health_helper_silence(h);
	char span[TIMESPAN_TEXT_MAX];
	struct problem *p;

	format_seconds(silence, span);
	if (h->firewall.orphan) {
		p = add(v, PROBLEM_HELPER_DOWN, SEVERITY_UNPROTECTED, 0);
		say(p, "The firewall helper ended %s ago, and what starts it again, too: those who are banned already are kept "
		       "out, but new bans are not in force.",
		    span);
		advise(p, "restart sipwardend");
	} else if (!h->firewall.ready) {
		p = add(v, PROBLEM_HELPER_DOWN, SEVERITY_UNPROTECTED, 0);
		say(p, "The firewall helper is %s for %s: those who are banned already are kept out, but new bans are not in "
		       "force.",
		    h->firewall.gone ? "not there" : "starting", span);
		if (silence < HEALTH_HELPER_STARTS)
			advise(p, "wait a moment: it is started again by itself");
		else
			advise(p, "%s", restart_helper(h));
	} else if (silence >= HEALTH_HELPER_SILENT) {
		p = add(v, PROBLEM_HELPER_SILENT, SEVERITY_UNPROTECTED, 0);
		say(p, "The firewall helper has not answered for %s: those who are banned already are kept out, but new bans "
		       "are not in force.",
		    span);
		advise(p, "%s", restart_helper(h));
	}
}

static void judge_sets(const struct health *h, struct verdict *v)
{
	size_t i;

	/* Those of the SIP firewall may be full: that is what they are for in a flood. */
	for (i = 0; i < KERNEL_SIP_FIRST; i++) {
		const struct kernel_set_size *s = &h->firewall.sizes[i];
		bool called = i == KERNEL_CALLED4 || i == KERNEL_CALLED6, seen = called || i == KERNEL_SEEN4 || i == KERNEL_SEEN6;
		struct problem *p;

		if (!s->known || !s->limit || s->count < s->limit || (seen && !h->witness))
			continue;
		p = add(v, seen ? PROBLEM_WITNESS_FULL : PROBLEM_SET_FULL, SEVERITY_DEGRADED, i);
		if (called) {
			say(p, "This host calls more addresses than the kernel's set %s holds (%llu): others are taken for strangers.",
			    kernel_set_name((enum kernel_set)i), (unsigned long long)s->limit);
			advise(p, "exempt your carriers; set witness_size in [firewall] higher");
		} else if (seen) {
			say(p, "More sources send than the kernel's set %s holds (%llu): log lines count without its word.",
			    kernel_set_name((enum kernel_set)i), (unsigned long long)s->limit);
			advise(p, "set witness_size in [firewall] higher, unless this is a flood that passes");
		} else {
			say(p, "The kernel's set %s is full (%llu): further bans or exemptions are not in force.",
			    kernel_set_name((enum kernel_set)i), (unsigned long long)s->limit);
			advise(p, "sipwarden list; set max_bans in [firewall] higher, and restart both units");
		}
	}
}

static void judge_sip(const struct health *h, struct verdict *v)
{
	struct problem *p;

	if (!h->sip_wanted || !h->firewall.sip_error)
		return;
	p = add(v, PROBLEM_SIP, SEVERITY_DEGRADED, 0);
	say(p, "The SIP firewall is not on: the kernel refuses its rules (%s). Bans are enforced.", strerror(-h->firewall.sip_error));
	advise(p, "look for the helper's messages in the journal; sipwarden firewall off, if it cannot be had here");
}

uint64_t health_sip_packets(const struct firewall_stats *fw, bool passed)
{
	uint64_t packets = 0;
	size_t i;

	for (i = 0; i < SIP_COUNTS; i++)
		if (sip_count_passes((enum sip_count)i) == passed)
			packets += fw->sip_counts[i].packets;
	return packets;
}

/* Inputs */

static enum input_state state_of(const struct health *h, const struct health_input *in)
{
	const struct input_stats *s = &in->input;
	/* One that has never looked was started when the config was loaded. */
	usec_t looked = since(h, s->looked ? s->looked : h->followed);

	if (looked >= HEALTH_INPUT_ASLEEP)
		return INPUT_ASLEEP;
	if (since(h, s->stuck_since) >= HEALTH_INPUT_STUCK)
		return INPUT_STUCK;
	/* The journal is closed for a moment when its files come and go. */
	if (s->open == 0 && (!in->journal || *s->last_error))
		return INPUT_WAITING;
	if (*s->last_error)
		return INPUT_FAILING;
	return s->lag_bytes > 0 || s->lag > 0 ? INPUT_CATCHING_UP : INPUT_READING;
}

static void judge_stuck(const struct health *h, struct verdict *v, size_t i)
{
	const struct health_input *in = &h->inputs[i];
	struct problem *p = add(v, PROBLEM_INPUT_STUCK, SEVERITY_DEGRADED, i);
	char span[TIMESPAN_TEXT_MAX];
	bool said = *in->input.last_error;

	say(p, "Input %s: %llu bytes are there and have not been read for %s%s%s%s: attackers in them are not seen.", in->name,
	    (unsigned long long)in->input.lag_bytes, format_seconds(since(h, in->input.stuck_since), span),
	    said ? " (" : "", in->input.last_error, said ? ")" : "");
	advise(p, "look at its disk or network share: %s", in->where);
}

static void judge_asleep(const struct health *h, struct verdict *v, size_t i)
{
	struct problem *p = add(v, PROBLEM_INPUT_ASLEEP, SEVERITY_DEGRADED, i);

	say(p, "Input %s: its reader has stopped: attackers there are not seen.", h->inputs[i].name);
	advise(p, "systemctl restart sipwardend; and please report this");
}

static void judge_late(const struct health *h, struct verdict *v, size_t i)
{
	struct problem *p = add(v, PROBLEM_INPUT_LATE, SEVERITY_DEGRADED, i);
	char span[TIMESPAN_TEXT_MAX];

	say(p, "Input %s: what is read was written %s ago; more is there.", h->inputs[i].name,
	    format_seconds(h->inputs[i].input.lag, span));
	advise(p, "wait, if it was started just now; else see which program fills the journal");
}

static void judge_input(struct health *h, struct verdict *v, size_t i)
{
	struct health_input *in = &h->inputs[i];
	struct problem *p;

	in->state = state_of(h, in);
	if (in->state == INPUT_ASLEEP) {
		judge_asleep(h, v, i);
	} else if (in->state == INPUT_STUCK) {
		judge_stuck(h, v, i);
	} else if (in->state == INPUT_WAITING) {
		p = add(v, PROBLEM_INPUT_WAITING, SEVERITY_DEGRADED, i);
		say(p, "Input %s: there is no log to read%s%s: attackers there are not seen.", in->name,
		    *in->input.last_error ? ": " : "", in->input.last_error);
		advise(p, "let the gateway log there, or correct [input %s]; 'sipwarden check' helps", in->name);
	} else if (in->state == INPUT_FAILING) {
		p = add(v, PROBLEM_INPUT_FAILING, SEVERITY_DEGRADED, i);
		say(p, "Input %s: %s", in->name, in->input.last_error);
		advise(p, "see that it is there, and that sipwardend may read it; 'sipwarden check' helps");
	} else if (in->input.lag >= HEALTH_INPUT_LATE) {
		judge_late(h, v, i);
	}
}

/* What else */

static void judge_fraud(const struct health *h, struct verdict *v)
{
	char when[TIME_TEXT_MAX];
	struct problem *p;

	if (!h->fraud || h->now >= h->fraud + HEALTH_FRAUD_FRESH)
		return;
	p = add(v, PROBLEM_FRAUD, SEVERITY_DEGRADED, 0);
	say(p, "Calls look like fraud, the last at %s: somebody may be calling at your expense.",
	    time_format_local(h->fraud, when));
	advise(p, "sipwarden alerts; sipwarden calls; then bar the accounts and change their passwords");
}

static void judge_rest(const struct health *h, struct verdict *v)
{
	char when[TIME_TEXT_MAX];
	struct problem *p;

	if (h->store.failing_since) {
		p = add(v, PROBLEM_DATABASE, SEVERITY_DEGRADED, 0);
		say(p, "The database cannot be written since %s: %s. A restart would not know of the last bans.",
		    time_format_local(h->store.failing_since, when), h->store.last_error);
		advise(p, "make room on its disk, or mend its rights; it is tried again by itself");
	}
	if (h->names_empty) {
		p = add(v, PROBLEM_NAMES, SEVERITY_DEGRADED, 0);
		say(p, "%llu exempt DNS names cannot be looked up and have no address: they exempt nobody.",
		    (unsigned long long)h->names_empty);
		advise(p, "sipwarden exempt list; mend DNS, or write the addresses into [exempt]");
	}
	if (h->reload_refused) {
		p = add(v, PROBLEM_RELOAD, SEVERITY_DEGRADED, 0);
		say(p, "The reload at %s was refused: what runs is the configuration of before.",
		    time_format_local(h->reload_refused, when));
		advise(p, "sipwarden check; then sipwarden reload");
	}
	if (*h->patterns_off || *h->patterns_slowed) {
		p = add(v, PROBLEM_PATTERNS, SEVERITY_DEGRADED, 0);
		if (*h->patterns_off)
			say(p, "Patterns take too many steps and are SWITCHED OFF, their lines are lost: %s", h->patterns_off);
		else
			say(p, "Patterns gave up on many lines within a minute and are slowed down: %s", h->patterns_slowed);
		advise(p, "mend them and reload: STEPS in sipwarden-filter(5)");
	}
	if (h->metrics_file && h->metrics_error) {
		p = add(v, PROBLEM_METRICS, SEVERITY_DEGRADED, 0);
		say(p, "The metrics cannot be written to %s: %s", h->metrics_file, h->metrics_error);
		advise(p, "see [metrics] in sipwarden.conf(5); a directory under /run/sipwarden needs no rights, and one that was "
			  "not named at the start needs a restart");
	}
}

static int worse_first(const void *a, const void *b)
{
	const struct problem *x = a, *y = b;

	if (x->severity != y->severity)
		return y->severity > x->severity ? 1 : -1;
	if (x->code != y->code)
		return x->code < y->code ? -1 : 1;
	return x->subject < y->subject ? -1 : x->subject > y->subject;
}

void health_judge(struct health *h, struct verdict *ret)
{
	size_t i;

	ret->count = 0;
	ret->worst = 0;
	judge_mode(h, ret);
	judge_helper(h, ret);
	judge_sets(h, ret);
	judge_sip(h, ret);
	if (h->n_inputs == 0) {
		struct problem *p = add(ret, PROBLEM_NO_INPUT, SEVERITY_DEGRADED, 0);

		say(p, "There is no input: no attacker is seen.");
		advise(p, "add [input NAME] to %s for each log of the gateway; then sipwarden reload", h->config_path);
	}
	judge_fraud(h, ret);
	judge_rest(h, ret);
	for (i = 0; i < h->n_inputs; i++)
		judge_input(h, ret, i);
	qsort(ret->problems, ret->count, sizeof(*ret->problems), worse_first);
}

const char *health_needs_restart(const struct health *h)
{
	size_t i;

	if (h->firewall.orphan)
		return "nobody starts the firewall helper again";
	if (h->firewall.own && !h->firewall.gone && health_helper_silence(h) >= HEALTH_HELPER_STUCK)
		return "the firewall helper neither answers nor ends";
	for (i = 0; i < h->n_inputs; i++)
		if (h->inputs[i].state == INPUT_ASLEEP)
			return "the reader of an input has stopped";
	return NULL;
}
