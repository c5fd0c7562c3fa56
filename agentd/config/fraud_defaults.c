/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/defaults.h"
#include "number/plan.h"

#define MIN (60 * USEC_PER_SEC)
#define HOUR (60 * MIN)
#define DAY (24 * HOUR)

#define KIND(k) (1u << NUMBER_##k)

/*
 * For a company of some hundred phones; tests/company tries them on a year of one.
 * They tell and ban nobody: who called is known, but that he may not call so is
 * for the company to say. What no phone of an office calls, as satellites, is told
 * at the first call; the rest at what a person does not do: many calls abroad in a
 * minute or at a time, a call of hours, the same range again and again.
 */
static const struct config_fraud frauds[] = {
	{ .name = (char *)"satellite", .measure = FRAUD_TOTAL, .per = FRAUD_PER_ACCOUNT, .warning = 1, .critical = 3,
	  .window = DAY, .kinds = KIND(SATELLITE) | KIND(GLOBAL) },
	{ .name = (char *)"premium", .measure = FRAUD_TOTAL, .per = FRAUD_PER_ACCOUNT, .warning = 4, .critical = 8,
	  .window = DAY, .kinds = KIND(PREMIUM) },
	{ .name = (char *)"premium-off-hours", .measure = FRAUD_TOTAL, .per = FRAUD_PER_ACCOUNT, .warning = 1, .critical = 4,
	  .window = DAY, .kinds = KIND(PREMIUM) | KIND(PERSONAL), .hours = FRAUD_OFF },
	{ .name = (char *)"premium-duration", .measure = FRAUD_DURATION, .per = FRAUD_PER_ACCOUNT, .warning = 1200,
	  .critical = 3600, .kinds = KIND(PREMIUM) | KIND(SATELLITE) | KIND(GLOBAL) },
	{ .name = (char *)"risky", .measure = FRAUD_TOTAL, .per = FRAUD_PER_ACCOUNT, .warning = 3, .critical = 10,
	  .window = HOUR, .to = FRAUD_TO_RISKY },
	{ .name = (char *)"risky-off-hours", .measure = FRAUD_TOTAL, .per = FRAUD_PER_ACCOUNT, .warning = 2, .critical = 5,
	  .window = HOUR, .to = FRAUD_TO_RISKY, .hours = FRAUD_OFF },
	{ .name = (char *)"abroad-burst", .measure = FRAUD_PER_MINUTE, .per = FRAUD_PER_ACCOUNT, .warning = 6,
	  .critical = 12, .to = FRAUD_TO_ABROAD, .habit = true },
	{ .name = (char *)"abroad-at-once", .measure = FRAUD_CONCURRENT, .per = FRAUD_PER_ACCOUNT, .warning = 5,
	  .critical = 10, .to = FRAUD_TO_ABROAD, .habit = true },
	{ .name = (char *)"abroad-sequence", .measure = FRAUD_SEQUENCE, .per = FRAUD_PER_ACCOUNT, .warning = 10,
	  .critical = 20, .window = HOUR, .to = FRAUD_TO_ABROAD, .habit = true },
	{ .name = (char *)"abroad-off-hours", .measure = FRAUD_TOTAL, .per = FRAUD_PER_ACCOUNT, .warning = 15,
	  .critical = 30, .window = HOUR, .to = FRAUD_TO_ABROAD, .hours = FRAUD_OFF },
	{ .name = (char *)"abroad-duration", .measure = FRAUD_DURATION, .per = FRAUD_PER_ACCOUNT, .warning = 4 * 3600,
	  .critical = 8 * 3600, .to = FRAUD_TO_ABROAD },
	{ .name = (char *)"stolen-account", .measure = FRAUD_FIRST_COUNTRY, .per = FRAUD_PER_ACCOUNT,
	  .to = FRAUD_TO_ABROAD, .new_source = true, .learned = true },
	{ .name = (char *)"first-risky-country", .measure = FRAUD_FIRST_COUNTRY, .per = FRAUD_PER_COMPANY,
	  .to = FRAUD_TO_RISKY, .learned = true },
};

void config_fraud_defaults(struct config_fraud *f)
{
	*f = (struct config_fraud){
		.per = FRAUD_PER_ACCOUNT,
		.window = DAY,
		.ban_for = HOUR,
		.enabled = true,
	};
}

int config_set_frauds(struct config *c)
{
	size_t i;

	c->calls = (struct config_calls){ .learning = 30 * DAY, .again = 12 * HOUR, .new_source_for = 7 * DAY };
	c->frauds = calloc(ELEMENTSOF(frauds), sizeof(*c->frauds));
	if (!c->frauds)
		return -ENOMEM;
	for (i = 0; i < ELEMENTSOF(frauds); i++) {
		struct config_fraud *f = &c->frauds[c->n_frauds], base;

		config_fraud_defaults(&base);
		*f = frauds[i];
		f->name = strdup(frauds[i].name);
		if (!f->name)
			return -ENOMEM;
		c->n_frauds++;
		f->window = f->window ? f->window : base.window;
		f->ban_for = base.ban_for;
		f->measured = true;
		f->warning_timed = f->critical_timed = f->measure == FRAUD_DURATION;
		f->enabled = true;
		f->file = "built in";
	}
	return 0;
}
