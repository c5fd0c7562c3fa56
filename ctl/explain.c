/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show: why an address is banned; explain: why it is not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "client.h"
#include "explain_view.h"
#include "facts.h"
#include "output.h"
#include "usage.h"

#define SAFE_MAX 512

static const char *ago(usec_t when, char buf[static TIMESPAN_TEXT_MAX])
{
	usec_t now = time_now();

	return timespan_format(now > when ? (now - when) / USEC_PER_SEC * USEC_PER_SEC : 0, buf);
}

static void print_lines(const char *title, const char *text)
{
	char safe[2048];

	if (*text)
		printf("  %s\n", title);
	while (*text) {
		size_t n = strcspn(text, "\n");
		_cleanup_free_ char *line = strndup(text, n);

		if (line && n > 0)
			printf("    %s\n", output_safe(line, safe, sizeof(safe)));
		text += n + (text[n] == '\n');
	}
}

/* What holds for banned and unbanned alike */

static void print_paused(const struct explain_view *v)
{
	usec_t since = (usec_t)facts_number(v->facts, "paused");
	char span[TIMESPAN_TEXT_MAX], safe[SAFE_MAX];
	const char *reason = facts_text(v->facts, "pause_reason");

	if (since)
		printf("  paused     enforcement has been off for %s%s%s: nobody is kept out until 'sipwarden resume'\n",
		       ago(since, span), *reason ? ", " : "", output_safe(reason, safe, sizeof(safe)));
}

static void print_exemption(const struct explain_view *v)
{
	const char *by = facts_text(v->facts, "exemption"), *reason = facts_text(v->facts, "exemption_reason");
	char source[SAFE_MAX], safe[SAFE_MAX];

	if (*by)
		printf("  exempt     by %s (%s)%s%s\n", by,
		       output_safe(facts_text(v->facts, "exemption_source"), source, sizeof(source)), *reason ? ": " : "",
		       output_safe(reason, safe, sizeof(safe)));
}

static void print_trust(const struct explain_view *v)
{
	usec_t first = (usec_t)facts_number(v->facts, "friend_first"), last = (usec_t)facts_number(v->facts, "friend_last");
	long long accounts = facts_number(v->facts, "friend_accounts");
	char since[TIME_TEXT_MAX], span[TIMESPAN_TEXT_MAX];
	const char *address = facts_text(v->facts, "friend_address");

	if (!last) {
		puts("  trust      nobody has logged in from there, as far as the logs tell");
		return;
	}
	printf("  trust      %s: last login %s ago, the first at %s; %lld logins, %s%lld account%s",
	       facts_number(v->facts, "friend") ? "a friend" : "no friend any more", ago(last, span),
	       time_format_local(first, since), facts_number(v->facts, "friend_successes"),
	       accounts >= facts_number(v->facts, "friend_accounts_max") ? "at least " : "", accounts,
	       accounts == 1 ? "" : "s");
	if (strcmp(address, v->address) != 0)
		printf(" (as %s)", address);
	putchar('\n');
}

static void print_ports(const struct explain_view *v)
{
	long long n = facts_number(v->facts, "ports_banned");

	if (n)
		printf("  ports      %lld of its ports %s banned, from which nobody logged in: 'sipwarden list' shows them\n", n,
		       n == 1 ? "is" : "are");
}

static void print_forgeries(const struct explain_view *v)
{
	long long n = facts_number(v->facts, "forgeries");

	if (n)
		printf("  forged     %lld time%s lately a ban was given up: log lines named this address, but the kernel had seen "
		       "no packet of it\n",
		       n, n == 1 ? "" : "s");
	if (facts_number(v->facts, "waiting"))
		puts("  deciding   a ban is due; the kernel is being asked whether this address really sent packets");
}

static void print_past(const struct explain_view *v)
{
	char start[TIME_TEXT_MAX], lifted[TIME_TEXT_MAX], span[TIMESPAN_TEXT_MAX], rule[SAFE_MAX], end[SAFE_MAX];
	size_t i;

	if (v->n_past)
		puts("  earlier bans");
	for (i = 0; i < v->n_past; i++) {
		const struct past_view *p = &v->past[i];
		const char *how = past_view_end(p);

		printf("    %s  ", time_format_local(p->start, start));
		if (strcmp(p->address, v->address) != 0)
			printf("%s ", p->address);
		printf("for %s by %s", p->end == USEC_INFINITY ? "ever" : timespan_format(p->end - p->start, span),
		       output_safe(p->rule, rule, sizeof(rule)));
		if (p->count)
			printf(", %u attempt%s%s", p->count, p->count == 1 ? "" : "s", p->proven ? "" : ", unproven");
		printf("%s; %s", p->observed ? ", observed only" : "", how ? output_safe(how, end, sizeof(end)) : "goes on");
		if (p->lifted)
			printf(" at %s", time_format_local(p->lifted, lifted));
		putchar('\n');
	}
}

/* show */

static bool is_by_hand(const struct ban_view *b)
{
	return strcmp(b->rule, "manual") == 0;
}

static const char *state_text(const struct ban_view *b)
{
	if (strcmp(b->state, "enforced") == 0)
		return "enforced in the kernel";
	if (strcmp(b->state, "observe") == 0)
		return "observed only: it is told, and its packets pass";
	if (strcmp(b->state, "paused") == 0)
		return "NOT enforced: enforcement is paused";
	return "NOT enforced yet: the kernel has not taken it, or the firewall helper is down";
}

static const struct rule_view *rule_of(const struct explain_view *v)
{
	size_t i;

	for (i = 0; i < v->n_rules; i++)
		if (strcmp(v->rules[i].rule, v->ban.rule) == 0)
			return &v->rules[i];
	return NULL;
}

static void print_attempts(const struct explain_view *v)
{
	const struct rule_view *rule = rule_of(v);
	char window[TIMESPAN_TEXT_MAX];

	if (v->ban.count == 0)
		return;
	printf("  attempts   %u", v->ban.count);
	if (rule)
		printf(", counted within %s", timespan_format(rule->window, window));
	putchar('\n');
}

static void print_proof(const struct ban_view *b)
{
	if (is_by_hand(b))
		return;
	if (b->proven)
		puts("  proof      proven: whoever did this receives at that address (TCP, TLS, or an answered challenge)");
	else
		puts("  proof      unproven: the sender's address may be forged, so the ban is short, and the next one no "
		     "longer");
}

static void print_ban(const struct explain_view *v)
{
	char start[TIME_TEXT_MAX], end[TIME_TEXT_MAX], left[TIMESPAN_TEXT_MAX], safe[SAFE_MAX];
	const struct ban_view *b = &v->ban;

	printf("%s %s", v->address, b->observed ? "would be banned" : "is banned");
	if (strcmp(b->address, v->address) != 0)
		printf(", as part of %s", b->address);
	putchar('\n');
	print_paused(v);
	printf("  since      %s\n", time_format_local(b->start, start));
	if (b->end == USEC_INFINITY)
		puts("  until      it is lifted by hand");
	else
		printf("  until      %s (%s left)\n", time_format_local(b->end, end), ban_view_left(b, left));
	printf("  state      %s\n", state_text(b));
	printf("  rule       %s", output_safe(b->rule, safe, sizeof(safe)));
	if (b->proven && !is_by_hand(b))
		printf(", step %u of its ladder", b->step + 1);
	putchar('\n');
	printf("  reason     %s\n", output_safe(b->reason, safe, sizeof(safe)));
	print_attempts(v);
	print_proof(b);
	printf("  dropped    %llu packets, %llu bytes since\n", (unsigned long long)b->packets, (unsigned long long)b->bytes);
}

/* explain */

static void print_next_ban(const struct rule_view *r, bool is_friend)
{
	char proven[TIMESPAN_TEXT_MAX], unproven[TIMESPAN_TEXT_MAX];

	timespan_format(r->ban, proven);
	timespan_format(r->unproven_ban, unproven);
	if (is_friend || r->ban == r->unproven_ban)
		printf("a ban of %s", proven);
	else if (r->unproven_ban == 0)
		printf("a ban of %s, if all are proven", proven);
	else
		printf("a ban of %s, or of %s if all are proven", unproven, proven);
	if (r->observe)
		fputs(", which is only observed", stdout);
	putchar('\n');
}

static void print_rule(const struct explain_view *v, const struct rule_view *r)
{
	bool is_friend = facts_number(v->facts, "friend") != 0;
	unsigned more = r->threshold > r->count ? r->threshold - r->count : 1;
	char window[TIMESPAN_TEXT_MAX], safe[SAFE_MAX];

	printf("    %s: %u of %u %sattempts within %s", output_safe(r->rule, safe, sizeof(safe)), r->count, r->threshold,
	       is_friend ? "proven " : "", timespan_format(r->window, window));
	if (!is_friend && r->proven)
		printf(", %u of them proven", r->proven);
	else if (!is_friend)
		fputs(", none of them proven", stdout);
	printf("; %u more lead%s to ", more, more == 1 ? "s" : "");
	print_next_ban(r, is_friend);
}

/* Rules that counted something, then the names of the others. */
static void print_rules(const struct explain_view *v)
{
	char safe[SAFE_MAX];
	size_t i, n = 0, quiet = 0;

	puts("  counted now");
	for (i = 0; i < v->n_rules; i++) {
		if (v->rules[i].count == 0 && v->rules[i].proven == 0)
			continue;
		print_rule(v, &v->rules[i]);
		n++;
	}
	for (i = 0; i < v->n_rules; i++) {
		if (v->rules[i].count > 0 || v->rules[i].proven > 0)
			continue;
		printf("%s%s", quiet++ ? ", " : "    nothing by: ", output_safe(v->rules[i].rule, safe, sizeof(safe)));
	}
	if (quiet)
		putchar('\n');
	else if (n == 0)
		puts("    nothing: no rule counts this address");
}

static bool counts_now(const struct explain_view *v)
{
	size_t i;

	for (i = 0; i < v->n_rules; i++)
		if (v->rules[i].count > 0)
			return true;
	return false;
}

/* In a sentence, what matters most. */
static void print_answer(const struct explain_view *v)
{
	const char *unbannable = facts_text(v->facts, "unbannable");

	if (v->banned)
		printf("%s %s: 'sipwarden show %s' tells why.\n", v->address, v->ban.observed ? "would be banned" : "is banned",
		       v->address);
	else if (*unbannable)
		printf("%s is not banned, and never can be: %s.\n", v->address, unbannable);
	else if (*facts_text(v->facts, "exemption"))
		printf("%s is not banned: it is exempt, and nothing counts against it.\n", v->address);
	else if (facts_number(v->facts, "waiting"))
		printf("%s is not banned yet: a decision waits.\n", v->address);
	else if (counts_now(v))
		printf("%s is not banned: what it did is not enough yet.\n", v->address);
	else
		printf("%s is not banned: nothing counts against it now.\n", v->address);
}

static void print_explanation(const struct explain_view *v)
{
	print_answer(v);
	print_paused(v);
	if (facts_number(v->facts, "observe"))
		puts("  observe    [sipwarden] mode = observe: bans are told, not enforced");
	if (!facts_number(v->facts, "firewall_ready"))
		puts("  firewall   NOT READY: new bans are not in force until its helper is back");
	print_exemption(v);
	print_forgeries(v);
	print_trust(v);
	print_ports(v);
	if (facts_number(v->facts, "friend"))
		puts("             so thresholds are higher, only proven attempts count, and one account for a few at most");
	if (!*facts_text(v->facts, "unbannable") && !*facts_text(v->facts, "exemption") && (!v->banned || counts_now(v)))
		print_rules(v);
	/* Of one that is banned, show has them. */
	if (!v->banned) {
		print_lines("accounts tried lately", v->accounts);
		print_lines("log lines that counted lately", v->evidence);
	}
	print_past(v);
}

static void print_show(const struct explain_view *v)
{
	if (!v->banned) {
		printf("%s is not banned; 'sipwarden explain %s' tells why not\n", v->address, v->address);
		print_paused(v);
		print_exemption(v);
		print_past(v);
		return;
	}
	print_ban(v);
	print_exemption(v);
	print_forgeries(v);
	print_trust(v);
	print_ports(v);
	print_lines("accounts tried", v->accounts);
	print_lines("log lines", v->evidence);
	print_past(v);
}

/* *banned says what it is about. Returns an exit status. */
static int ask(struct ctl *ctl, char **argv, void (*print)(const struct explain_view *v), int *banned)
{
	struct explain_view v = { 0 };
	sd_bus_message *m = NULL;
	char text[ADDR_TEXT_MAX];
	sd_bus *bus = NULL;
	struct addr addr;
	int status = client_open(ctl, &bus), r = 0;

	if (status != CTL_OK)
		return status;
	/* As the agent writes it. */
	if (addr_parse_bannable(argv[1], strlen(argv[1]), &addr) == 0)
		argv[1] = addr_format(&addr, text);
	status = client_call(bus, &m, "Explain", "s", argv[1]);
	if (status == CTL_OK)
		r = explain_view_read(m, argv[1], &v);
	if (r < 0)
		status = client_bad_reply(r);
	else if (status == CTL_OK && ctl->json)
		output_json(explain_view_json(&v));
	else if (status == CTL_OK)
		print(&v);
	*banned = v.banned;
	explain_view_done(&v);
	sd_bus_message_unref(m);
	client_close(bus);
	return status;
}

int cmd_show(struct ctl *ctl, int argc, char **argv)
{
	int banned = 0, status;

	if (argc != 2)
		return usage_error(argv[0], "needs one ADDRESS", NULL);
	status = ask(ctl, argv, print_show, &banned);
	return status == CTL_OK && !banned ? CTL_NOT_FOUND : status;
}

int cmd_explain(struct ctl *ctl, int argc, char **argv)
{
	int banned = 0;

	if (argc != 2)
		return usage_error(argv[0], "needs one ADDRESS", NULL);
	return ask(ctl, argv, print_explanation, &banned);
}
