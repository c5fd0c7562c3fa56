/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each key of [site], and how its value is taken. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/zone.h"
#include "config/loader.h"

/* Longest extension: longer ones look like numbers. */
#define EXTENSION_MAX 8

static void take_country(struct loader *l, const struct place *at, const char *text)
{
	struct number_site site;

	if (number_site_init(&site, SPAN(text)) < 0)
		value_error(at, text, "two letters as DE or US, or a country code as +49",
			    "not a country with telephone numbers of its own");
	else
		value_text(at, text, &l->cfg->site.country);
}

/* Digits, or "none". */
static bool read_prefix(const struct place *at, const char *text, char ret[static NUMBER_PREFIX_SIZE])
{
	const size_t n = strlen(text);

	if (strcmp(text, "none") == 0) {
		memset(ret, 0, NUMBER_PREFIX_SIZE);
		return true;
	}
	if (n == 0 || n >= NUMBER_PREFIX_SIZE || strspn(text, "0123456789") < n) {
		value_error(at, text, "up to seven digits, or none", "not a prefix");
		return false;
	}
	memset(ret, 0, NUMBER_PREFIX_SIZE);
	memcpy(ret, text, n + 1);
	return true;
}

static void take_outside(struct loader *l, const struct place *at, const char *text)
{
	read_prefix(at, text, l->cfg->site.numbers.outside);
}

static void take_area(struct loader *l, const struct place *at, const char *text)
{
	read_prefix(at, text, l->cfg->site.numbers.area);
	l->cfg->site.area_at = (struct config_at){at->file, at->line};
}

static void take_national(struct loader *l, const struct place *at, const char *text)
{
	if (read_prefix(at, text, l->cfg->site.numbers.national))
		l->cfg->site.has_national = true;
}

static void take_international(struct loader *l, const struct place *at, const char *text)
{
	char prefixes[NUMBER_INTERNATIONAL_MAX][NUMBER_PREFIX_SIZE] = {""};
	char **words;
	bool good = true;
	size_t i, n;

	if (!value_words(at, text, &words))
		return;
	n = strings_count(words);
	if (n > NUMBER_INTERNATIONAL_MAX) {
		value_error(at, text, "name those that are dialled", "more than four prefixes");
		good = false;
	}
	for (i = 0; good && i < n; i++)
		good = read_prefix(at, words[i], prefixes[i]);
	strings_free(words);
	if (!good)
		return;
	memcpy(l->cfg->site.numbers.international, prefixes, sizeof(prefixes));
	l->cfg->site.has_international = true;
}

/* One or two numbers of digits in text, as "3" or "2-4". */
static bool read_lengths(const char *text, unsigned *min, unsigned *max)
{
	if (strlen(text) != 1 && (strlen(text) != 3 || text[1] != '-'))
		return false;
	*min = (unsigned)(text[0] - '0');
	*max = (unsigned)(text[strlen(text) - 1] - '0');
	return *min >= 1 && *min <= *max && *max <= EXTENSION_MAX;
}

static void take_extensions(struct loader *l, const struct place *at, const char *text)
{
	struct number_site *site = &l->cfg->site.numbers;
	unsigned min = 0, max = 0;

	if (strcmp(text, "none") != 0 && !read_lengths(text, &min, &max)) {
		value_error(at, text, "how many digits they have, as 3 or 2-4, up to 8; or none",
			    "not lengths of extensions");
		return;
	}
	site->extension_min = (uint8_t)min;
	site->extension_max = (uint8_t)max;
	l->cfg->site.has_extensions = true;
}

static void take_office_hours(struct loader *l, const struct place *at, const char *text)
{
	int r = hours_parse(text, &l->cfg->site.office_hours);

	if (r < 0)
		value_error(at, text, "as Mo-Fr 07:00-19:00, Sa 09:00-12:00; or always",
			    r == -E2BIG ? "more than 32 parts" : "not office hours");
}

static void take_timezone(struct loader *l, const struct place *at, const char *text)
{
	value_zone(at, text, &l->cfg->site.timezone);
}

static void take_holidays(struct loader *l, const struct place *at, const char *text)
{
	char **words, **w;
	int r;

	if (!value_words(at, text, &words))
		return;
	if (l->first)
		l->cfg->site.holidays.count = 0;
	for (w = words; *w; w++) {
		r = holidays_parse(*w, &l->cfg->site.holidays);
		if (r < 0)
			value_error(at, *w,
				    "as 12-25 (each year), 2026-12-24, 12-27..12-31, easter, easter-2 or "
				    "easter+39",
				    r == -E2BIG ? "more than 200 days" : "not a day");
	}
	strings_free(words);
}

static const struct key site_list[] = {
	{"country", take_country, false},
	{"outside", take_outside, false},
	{"national", take_national, false},
	{"international", take_international, false},
	{"area", take_area, false},
	{"extensions", take_extensions, false},
	{"office_hours", take_office_hours, false},
	{"timezone", take_timezone, false},
	{"holidays", take_holidays, true},
};
const struct key_set site_keys = {site_list, ELEMENTSOF(site_list)};

/* What the config says, over what is usual in its country. */
void site_finish(struct loader *l)
{
	struct config_site *site = &l->cfg->site;
	struct number_site said = site->numbers;

	if (!site->country || number_site_init(&site->numbers, SPAN(site->country)) < 0)
		return;
	memcpy(site->numbers.outside, said.outside, sizeof(said.outside));
	memcpy(site->numbers.area, said.area, sizeof(said.area));
	if (site->has_national)
		memcpy(site->numbers.national, said.national, sizeof(said.national));
	if (site->has_international)
		memcpy(site->numbers.international, said.international, sizeof(said.international));
	if (site->has_extensions) {
		site->numbers.extension_min = said.extension_min;
		site->numbers.extension_max = said.extension_max;
	}
	/* No area code begins with the trunk prefix 0; with other trunk prefixes, some do. */
	if (strcmp(site->numbers.national, "0") == 0 && *site->numbers.area == '0')
		diag_error(l->diag, site->area_at.file, site->area_at.line, "leave the 0 out, as area = 30",
			   "area = %s begins with the trunk prefix", site->numbers.area);
}
