/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prometheus's text format, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats).
 * Labels are names of the configuration and words of ours, never of a log or an
 * address: nobody who attacks can make them many.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "health/health.h"

#define COUNTER "counter"
#define GAUGE "gauge"

static void family(FILE *to, const char *name, const char *type, const char *help)
{
	fprintf(to, "# HELP sipwarden_%s %s\n# TYPE sipwarden_%s %s\n", name, help, name, type);
}

/* Backslash, quote and line end are escaped, and nothing else. */
static void put_label(FILE *to, const char *value)
{
	for (; *value; value++) {
		if (*value == '\n')
			fputs("\\n", to);
		else if (*value == '\\' || *value == '"')
			fprintf(to, "\\%c", *value);
		else
			fputc(*value, to);
	}
}

static void put_value(FILE *to, double value)
{
	if (value == (double)(long long)value)
		fprintf(to, " %lld\n", (long long)value);
	else
		fprintf(to, " %.3f\n", value);
}

/* label NULL: none */
static void sample(FILE *to, const char *name, const char *label, const char *label_value, double value)
{
	fprintf(to, "sipwarden_%s", name);
	if (label) {
		fprintf(to, "{%s=\"", label);
		put_label(to, label_value);
		fputs("\"}", to);
	}
	put_value(to, value);
}

static double seconds(usec_t t)
{
	return (double)t / (double)USEC_PER_SEC;
}

/* What stands for itself, without a label. */
struct simple {
	const char *name, *type, *help;
	double value;
};

static void put_simple(FILE *to, const struct simple *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		family(to, list[i].name, list[i].type, list[i].help);
		sample(to, list[i].name, NULL, NULL, list[i].value);
	}
}

static void put_agent(FILE *to, const struct health *h, const struct verdict *v)
{
	const struct simple list[] = {
		{ "protecting", GAUGE, "0 if bans, or new ones, are not enforced though they should be.", v->worst != SEVERITY_UNPROTECTED },
		{ "healthy", GAUGE, "1 if nothing is to be looked after; else 'sipwarden status' tells what.", !v->worst },
		{ "problems", GAUGE, "What 'sipwarden status' says is wrong.", (double)v->count },
		{ "paused", GAUGE, "1 while enforcement is paused.", h->paused != 0 },
		{ "observing", GAUGE, "1 if the mode is observe: bans are only told of.", h->observe },
		{ "start_time_seconds", GAUGE, "When the agent started, since the epoch.", seconds(h->started) },
		{ "config_load_time_seconds", GAUGE, "When the configuration in force was read, since the epoch.",
		  seconds(h->loaded) },
		{ "config_reload_successful", GAUGE, "0 if the last reload was refused.", !h->reload_refused },
	};

	family(to, "build_info", GAUGE, "Always 1; the label tells the version.");
	sample(to, "build_info", "version", SIPWARDEN_VERSION, 1);
	put_simple(to, list, ELEMENTSOF(list));
}

static void put_decisions(FILE *to, const struct health *h)
{
	const struct decide_stats *d = &h->decide;
	const struct simple list[] = {
		{ "bans_active", GAUGE, "Bans that have not ended, enforced or observed.", (double)d->active },
		{ "bans_enforced", GAUGE, "Bans that the kernel has.", (double)h->bans_in_kernel },
		{ "bans_observed", GAUGE, "Bans that are only told of.", (double)h->bans_observed },
		{ "bans_unproven", GAUGE, "Bans on evidence whose source may be forged.", (double)d->unproven },
		{ "bans_of_prefixes", GAUGE, "Bans of whole prefixes by rule.", (double)d->prefixes },
		{ "bans_total", COUNTER, "Bans made.", (double)d->bans },
		{ "lifts_total", COUNTER, "Bans that ended.", (double)d->lifts },
		{ "attempts_total", COUNTER, "Attempts that counted, however many lines each gave.", (double)d->attempts },
		{ "attempts_wired_total", COUNTER, "Of them, those of friends that packets proved.", (double)d->wired },
		{ "offenders", GAUGE, "Sources and accounts that are being counted.", (double)d->offenders },
		{ "offenders_forgotten_total", COUNTER, "Of them, forgotten because there were too many.",
		  (double)d->forgotten },
		{ "friends", GAUGE, "Addresses that logged in lately.", (double)d->friends },
		{ "decisions_waiting", GAUGE, "Decisions that wait for the kernel's word.", (double)d->waiting },
		{ "exempt_names", GAUGE, "Exempt DNS names.", (double)h->names },
		{ "exempt_names_failing", GAUGE, "Of them, those that cannot be looked up.", (double)h->names_failing },
	};
	const struct {
		const char *why;
		uint64_t count;
	} ignored[] = { { "exempt", d->exempted }, { "crafted", d->crafted }, { "impossible_source", d->unbannable } },
	  withheld[] = { { "forged", d->forged }, { "friend", d->spared }, { "brake", d->braked } };
	size_t i;

	put_simple(to, list, ELEMENTSOF(list));
	family(to, "events_total", COUNTER, "Log lines that matched, by what they are evidence of.");
	for (i = CLASS_NONE + 1; i < CLASS_COUNT; i++)
		sample(to, "events_total", "class", class_name((enum event_class)i), (double)h->events[i]);
	family(to, "events_ignored_total", COUNTER, "Of them, those that counted against nobody, by why.");
	for (i = 0; i < ELEMENTSOF(ignored); i++)
		sample(to, "events_ignored_total", "reason", ignored[i].why, (double)ignored[i].count);
	family(to, "bans_withheld_total", COUNTER, "Times that a rule was hit and nobody was banned, by why.");
	for (i = 0; i < ELEMENTSOF(withheld); i++)
		sample(to, "bans_withheld_total", "reason", withheld[i].why, (double)withheld[i].count);
	family(to, "alerts_total", COUNTER, "Alerts, by kind.");
	for (i = 0; i < ALERT_KINDS; i++)
		sample(to, "alerts_total", "kind", alert_name((enum alert_kind)i), (double)h->alerts[i]);
}

static void put_calls(FILE *to, const struct health *h)
{
	const struct calls_stats *c = &h->calls;
	const struct simple list[] = {
		{ "calls_total", COUNTER, "Calls begun, however many lines each gave.", (double)c->calls },
		{ "calls_ended_total", COUNTER, "Lines that told of the end of a call.", (double)c->records },
		{ "calls_running", GAUGE, "Calls that go on, where the logs tell of ends.", c->ends ? (double)c->running : 0 },
		{ "calls_facts", GAUGE, "What is known of accounts: countries called, places used from.", (double)c->facts },
		{ "calls_forgotten_total", COUNTER, "Of calls and facts, those forgotten because there were too many.",
		  (double)c->forgotten },
	};

	put_simple(to, list, ELEMENTSOF(list));
}

static void put_sets(FILE *to, const struct health *h)
{
	const struct kernel_set_size *s = h->firewall.sizes;
	size_t i;

	family(to, "set_elements", GAUGE, "Elements of the sets in the kernel.");
	for (i = 0; i < KERNEL_SETS; i++)
		if (s[i].known)
			sample(to, "set_elements", "set", kernel_set_name((enum kernel_set)i), (double)s[i].count);
	family(to, "set_elements_limit", GAUGE, "How many elements they may have.");
	for (i = 0; i < KERNEL_SETS; i++)
		if (s[i].known && s[i].limit)
			sample(to, "set_elements_limit", "set", kernel_set_name((enum kernel_set)i), (double)s[i].limit);
}

static void put_sip(FILE *to, const struct health *h)
{
	const struct firewall_stats *f = &h->firewall;
	const struct simple list[] = {
		{ "sip_firewall_on", GAUGE, "1 while packets to the SIP ports are limited.", f->sip },
		{ "sip_firewall_limited_sources", GAUGE, "Sources that sent more than one may, within the last minute.",
		  (double)h->sip_limited },
	};
	size_t i;

	put_simple(to, list, ELEMENTSOF(list));
	family(to, "sip_firewall_packets_total", COUNTER, "Packets and new connections to the SIP ports, by what became of them.");
	for (i = 0; i < SIP_COUNTS; i++)
		sample(to, "sip_firewall_packets_total", "result", sip_count_name((enum sip_count)i),
		       (double)f->sip_counts[i].packets);
}

static void put_processes(FILE *to, const struct health *h)
{
	const struct firewall_stats *f = &h->firewall;
	const struct store_stats *s = &h->store;
	const struct simple list[] = {
		{ "firewall_ready", GAUGE, "1 if the firewall helper serves.", f->ready },
		{ "firewall_silent_seconds", GAUGE, "For how long the firewall helper has not answered.",
		  seconds(health_helper_silence(h)) },
		{ "firewall_pending", GAUGE, "Commands that the firewall helper has not acknowledged.", (double)f->pending },
		{ "firewall_errors_total", COUNTER, "Bans and lifts that the kernel refused.", (double)f->errors },
		{ "firewall_refused_total", COUNTER, "Bans that the firewall helper refused.", (double)f->refused },
		{ "firewall_restarts_total", COUNTER, "Times that another firewall helper came.", (double)f->restarts },
		{ "firewall_restores_total", COUNTER, "Times that the table was restored after others had changed it.",
		  (double)f->restores },
		{ "database_size_bytes", GAUGE, "Size of the database on disk.", (double)s->bytes },
		{ "database_failing", GAUGE, "1 if the database cannot be written.", s->failing_since != 0 },
		{ "database_errors_total", COUNTER, "Errors of the database.", (double)s->errors },
		{ "database_last_commit_timestamp_seconds", GAUGE, "When it was last written, since the epoch; 0: never.",
		  seconds(s->last_commit) },
	};

	put_simple(to, list, ELEMENTSOF(list));
	put_sets(to, h);
	family(to, "resident_memory_bytes", GAUGE, "Memory of each process.");
	if (h->resident)
		sample(to, "resident_memory_bytes", "process", "agent", (double)h->resident);
	if (f->resident)
		sample(to, "resident_memory_bytes", "process", "firewall", (double)f->resident);
	family(to, "log_messages_total", COUNTER, "Messages of the agent about trouble, by level.");
	sample(to, "log_messages_total", "level", "warning", (double)h->trouble.warnings);
	sample(to, "log_messages_total", "level", "error", (double)h->trouble.errors);
}

/* Inputs */

static double open_logs(const struct health_input *in)
{
	return in->input.open;
}

static double moves(const struct health_input *in)
{
	return in->state == INPUT_READING || in->state == INPUT_CATCHING_UP;
}

static double lines(const struct health_input *in)
{
	return (double)in->input.lines;
}

static double bytes(const struct health_input *in)
{
	return (double)in->input.bytes;
}

static double lag_bytes(const struct health_input *in)
{
	return (double)in->input.lag_bytes;
}

static double lag_seconds(const struct health_input *in)
{
	return seconds(in->input.lag);
}

static double last_line(const struct health_input *in)
{
	return seconds(in->input.last_line);
}

static double matches(const struct health_input *in)
{
	return (double)in->match.events;
}

static double crafted(const struct health_input *in)
{
	return (double)in->match.crafted;
}

static double undated(const struct health_input *in)
{
	return (double)in->match.undated;
}

static double limited(const struct health_input *in)
{
	return (double)in->match.limited;
}

static double cut(const struct health_input *in)
{
	return (double)in->input.cut;
}

static double rotations(const struct health_input *in)
{
	return (double)in->input.rotations;
}

static double errors(const struct health_input *in)
{
	return (double)in->input.errors;
}

static void put_inputs(FILE *to, const struct health *h)
{
	static const struct {
		const char *name, *type, *help;
		double (*value)(const struct health_input *in);
	} list[] = {
		{ "input_moving", GAUGE, "1 if the input can be read, and is.", moves },
		{ "input_open_logs", GAUGE, "Files that are followed, or 1 for the journal.", open_logs },
		{ "input_lines_total", COUNTER, "Lines read.", lines },
		{ "input_read_bytes_total", COUNTER, "Bytes of these lines.", bytes },
		{ "input_lag_bytes", GAUGE, "Bytes of the files that were not read yet.", lag_bytes },
		{ "input_lag_seconds", GAUGE, "Age of what was read last, if the journal has more.", lag_seconds },
		{ "input_last_line_timestamp_seconds", GAUGE, "When the last line came, since the epoch; 0: none.", last_line },
		{ "input_matches_total", COUNTER, "Lines that matched a pattern.", matches },
		{ "input_crafted_lines_total", COUNTER, "Lines that can be read in several ways, and count against nobody.",
		  crafted },
		{ "input_undated_lines_total", COUNTER, "Matching lines whose time could not be read.", undated },
		{ "input_match_limit_hits_total", COUNTER, "Lines given up at the match limit.", limited },
		{ "input_cut_lines_total", COUNTER, "Lines that were too long.", cut },
		{ "input_rotations_total", COUNTER, "Files replaced or truncated; of the journal, gaps.", rotations },
		{ "input_errors_total", COUNTER, "Errors of reading.", errors },
	};
	size_t i, k;

	for (i = 0; i < ELEMENTSOF(list); i++) {
		family(to, list[i].name, list[i].type, list[i].help);
		for (k = 0; k < h->n_inputs; k++)
			sample(to, list[i].name, "input", h->inputs[k].name, list[i].value(&h->inputs[k]));
	}
}

char *health_metrics(const struct health *h, const struct verdict *v)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);
	bool good;

	if (!to)
		return NULL;
	put_agent(to, h, v);
	put_decisions(to, h);
	put_calls(to, h);
	put_processes(to, h);
	put_sip(to, h);
	put_inputs(to, h);
	good = !ferror(to);
	if (fclose(to) == 0 && good)
		return text;
	free(text);
	return NULL;
}
