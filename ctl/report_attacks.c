/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the agent did in the period: bans from its store, alerts from the journal; and the last audit. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>

#include "base/cleanup.h"
#include "base/message_id.h"
#include "base/text.h"
#include "report.h"
#include "report_find.h"
#include "store/store.h"

#define RULES_MAX 1024
#define TRIED_MAX 65536
#define BANNED_MAX 262144
/* Entries of one alert that are looked at: more are "many". */
#define ALERTS_MAX 100000
#define AUDIT_MAX ((size_t)16 << 20)

/* Bans */

static void note_accounts(struct attacks *a, const char *accounts)
{
	while (accounts && *accounts) {
		const size_t n = strcspn(accounts, "\n");

		if (n > 0)
			heavy_touch(&a->tried, accounts, n);
		accounts += n + (accounts[n] == '\n');
	}
}

static void note_ban(void *userdata, const struct store_ban *b)
{
	struct attacks *a = userdata;
	char text[ADDR_TEXT_MAX];

	a->bans += !b->observed;
	a->observed += b->observed;
	a->proven += b->proven;
	a->attempts += b->count;
	heavy_touch(&a->rules, b->rule, strlen(b->rule));
	addr_format(&b->addr, text);
	heavy_touch(&a->banned, text, strlen(text));
	note_accounts(a, b->accounts);
}

static void count_ban(void *userdata, const struct store_ban *b)
{
	struct attacks *a = userdata;

	a->bans_before += !b->observed;
}

/* Alerts */

static uint64_t count_alerts(sd_journal *j, const char *id, usec_t since, usec_t until)
{
	char match[80];
	uint64_t n = 0;
	usec_t when;

	snprintf(match, sizeof(match), "MESSAGE_ID=%s", id);
	sd_journal_flush_matches(j);
	if (sd_journal_add_match(j, match, 0) < 0 || sd_journal_seek_realtime_usec(j, since) < 0)
		return 0;
	while (n < ALERTS_MAX && sd_journal_next(j) > 0) {
		if (sd_journal_get_realtime_usec(j, &when) < 0 || when >= until)
			break;
		n++;
	}
	return n;
}

static void read_journal(struct attacks *a, usec_t since, usec_t until)
{
	sd_journal *j = NULL;

	if (sd_journal_open(&j, SD_JOURNAL_LOCAL_ONLY) < 0)
		return;
	a->journal = true;
	a->forgeries = count_alerts(j, MESSAGE_FORGERY, since, until);
	a->account_attacks = count_alerts(j, MESSAGE_ACCOUNT_ATTACK, since, until);
	a->friend_attacks = count_alerts(j, MESSAGE_FRIEND_ATTACKS, since, until);
	a->brakes = count_alerts(j, MESSAGE_CEILING, since, until) +
		    count_alerts(j, MESSAGE_FRIENDS_SHARE, since, until);
	a->frauds = count_alerts(j, MESSAGE_FRAUD, since, until);
	sd_journal_close(j);
}

int report_read_attacks(struct report *r, const char *dir, const struct moments *when)
{
	struct attacks *a = &r->attacks;
	int status = heavy_init(&a->rules, sizeof(struct heavy_item), RULES_MAX);

	if (status >= 0)
		status = heavy_init(&a->tried, sizeof(struct heavy_item), TRIED_MAX);
	if (status >= 0)
		status = heavy_init(&a->banned, sizeof(struct heavy_item), BANNED_MAX);
	if (status >= 0)
		status = store_review(dir, when->from, when->to, note_ban, a);
	if (status >= 0)
		status = store_review(dir, when->before, when->from, count_ban, a);
	a->known = status >= 0;
	if (a->known)
		read_journal(a, when->from, when->to);
	return status;
}

void report_attacks_done(struct report *r)
{
	heavy_done(&r->attacks.rules);
	heavy_done(&r->attacks.tried);
	heavy_done(&r->attacks.banned);
}

/* The last audit */

static unsigned number_of(const json_t *o, const char *key)
{
	const json_int_t n = json_integer_value(json_object_get(o, key));

	return n < 0 ? 0 : n > 1000000 ? 1000000 : (unsigned)n;
}

static void take_first(struct audited *a, const json_t *findings, const char *severity)
{
	const json_t *f;
	size_t i;

	json_array_foreach(findings, i, f)
	{
		const char *is = json_string_value(json_object_get(f, "severity"));
		const char *what = json_string_value(json_object_get(f, "what"));

		if (!is || !what || strcmp(is, severity) != 0 ||
		    json_is_true(json_object_get(f, "accepted")) || a->n_first == ELEMENTSOF(a->first))
			continue;
		text_escape(SPAN(what), a->first[a->n_first++], sizeof(a->first[0]));
	}
}

void report_read_audit(struct report *r, const char *path)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	struct audited *a = &r->audited;
	json_error_t error;
	struct stat st;
	json_t *o;

	if (!f || fstat(fileno(f), &st) < 0 || !S_ISREG(st.st_mode) || (size_t)st.st_size > AUDIT_MAX)
		return;
	o = json_loadf(f, JSON_REJECT_DUPLICATES, &error);
	if (json_is_object(o) && json_object_size(o) == 0) { /* there was no audit yet */
		json_decref(o);
		return;
	}
	if (!json_is_array(json_object_get(o, "findings"))) {
		fprintf(stderr,
			"sipwarden: %s is not what 'sipwarden audit --json' writes, and is left out\n", path);
		json_decref(o);
		return;
	}
	a->known = true;
	a->when = (usec_t)st.st_mtime * USEC_PER_SEC;
	a->critical = number_of(o, "critical");
	a->warning = number_of(o, "warning");
	a->accepted = number_of(o, "accepted");
	take_first(a, json_object_get(o, "findings"), "critical");
	take_first(a, json_object_get(o, "findings"), "warning");
	json_decref(o);
}
