/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

#define DATABASE "/usr/share/zoneinfo/"
/* The longest name in the tz database has 32 characters. */
#define ZONE_NAME_MAX 64
#define DAY 86400
/* A power of two: a log read live needs two, one that is caught up with a few more. */
#define DAYS_KEPT 16

/* What the clocks do around one day: the same all the time, or one change. */
struct day {
	int64_t number; /* since the epoch, by the wall */
	bool known;
	int32_t before, after; /* offsets */
	int64_t change;	       /* the first moment with the offset after; no matter if both are equal */
};

struct zone {
	char *tz; /* for the variable TZ; NULL: offset */
	char *file; /* behind it */
	struct stat seen; /* as the file was when days were learned from it; st_ino 0: it was not there */
	usec_t checked;
	int32_t offset; /* without tz: always; with: the last one learned */
	struct day days[DAYS_KEPT];
};

/* Making one */

/* Only what a name of the tz database consists of: no way out of its directory. */
static bool is_name(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/");

	return n > 0 && n <= ZONE_NAME_MAX && text[n] == '\0' && *text != '/' && text[n - 1] != '/' &&
	       !strstr(text, "//");
}

static bool is_rules_file(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char magic[4];
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       read(fd, magic, sizeof(magic)) == sizeof(magic) &&
	       memcmp(magic, "TZif", sizeof(magic)) == 0; /* RFC 8536, 3.1 */
}

static bool two_digits(const char *text, int32_t *ret)
{
	if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
		return false;
	*ret = (text[0] - '0') * 10 + (text[1] - '0');
	return true;
}

/* "+02:00" */
static bool parse_offset(const char *text, int32_t *ret)
{
	int32_t hours, minutes;

	if ((*text != '+' && *text != '-') || !two_digits(text + 1, &hours) || text[3] != ':' ||
	    !two_digits(text + 4, &minutes) || text[6] != '\0')
		return false;
	if (minutes > 59 || hours * 3600 + minutes * 60 > ZONE_OFFSET_MAX)
		return false;
	*ret = (*text == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	return true;
}

/* The file that libc reads for this value of TZ. */
static char *file_of(const char *tz)
{
	if (*tz == ':')
		tz++;
	return *tz == '/' ? strdup(tz) : text_printf(DATABASE "%s", tz);
}

static int use_tz(struct zone *z, const char *tz)
{
	z->tz = strdup(tz);
	z->file = file_of(tz);
	if (!z->tz || !z->file)
		return -ENOMEM;
	/* It may come later; and TZ may hold rules in text, as "CET-1CEST", then there is none. */
	if (stat(z->file, &z->seen) < 0)
		z->seen = (struct stat){ 0 };
	return 0;
}

static int use_name(struct zone *z, const char *name)
{
	_cleanup_free_ char *path = NULL;

	if (strcmp(name, "UTC") == 0 || parse_offset(name, &z->offset))
		return 0;
	if (!is_name(name))
		return -EINVAL;
	path = text_printf(":" DATABASE "%s", name);
	if (!path)
		return -ENOMEM;
	return is_rules_file(path + 1) ? use_tz(z, path) : -EINVAL;
}

int zone_new(const char *name, struct zone **ret)
{
	struct zone *z = calloc(1, sizeof(*z));
	const char *host = getenv("TZ");
	int r;

	if (!z)
		return -ENOMEM;
	if (name && strcmp(name, "local") != 0)
		r = use_name(z, name);
	else
		r = use_tz(z, host ? host : ":/etc/localtime");
	if (r < 0) {
		zone_free(z);
		return r;
	}
	*ret = z;
	return 0;
}

struct zone *zone_free(struct zone *z)
{
	if (!z)
		return NULL;
	free(z->tz);
	free(z->file);
	free(z);
	return NULL;
}

/* Asking libc */

/* By way of another zone: otherwise libc would not look at the file again. */
static void switch_to(const char *tz)
{
	setenv("TZ", "UTC0", 1);
	tzset();
	if (tz)
		setenv("TZ", tz, 1);
	else
		unsetenv("TZ");
	tzset();
}

static int32_t libc_offset(int64_t moment)
{
	time_t t = (time_t)moment;
	struct tm tm;

	return localtime_r(&t, &tm) ? (int32_t)tm.tm_gmtoff : 0;
}

/* A zone changes its offset at most once within three days. */
static void learn_day(struct day *d, int64_t number)
{
	int64_t low = (number - 1) * DAY, high = (number + 2) * DAY;

	*d = (struct day){ .number = number, .known = true };
	d->before = libc_offset(low);
	d->after = libc_offset(high);
	while (d->before != d->after && high - low > 1) {
		int64_t middle = low + (high - low) / 2;

		if (libc_offset(middle) == d->before)
			low = middle;
		else
			high = middle;
	}
	d->change = high;
}

static const struct day *ask(struct zone *z, struct day *d, int64_t number)
{
	const char *tz = getenv("TZ");
	_cleanup_free_ char *own = tz ? strdup(tz) : NULL;

	*d = (struct day){ .number = number, .before = z->offset, .after = z->offset };
	/* While the file is away, as in an upgrade, libc would take UTC: the last offset is nearer. */
	if ((tz && !own) || (z->seen.st_ino && access(z->file, R_OK) < 0))
		return d;
	switch_to(z->tz);
	learn_day(d, number);
	switch_to(own);
	z->offset = d->after;
	return d;
}

static const struct day *find_day(struct zone *z, int64_t seconds)
{
	int64_t number = seconds / DAY - (seconds % DAY < 0);
	struct day *d = &z->days[(uint64_t)number % DAYS_KEPT];

	return d->known && d->number == number ? d : ask(z, d, number);
}

struct zone_moments zone_resolve(struct zone *z, int64_t civil)
{
	const struct day *d;
	int64_t earlier, later;

	if (!z->tz)
		return (struct zone_moments){ civil - z->offset, civil - z->offset };
	d = find_day(z, civil);
	earlier = civil - d->before;
	later = civil - d->after;
	/* Not changed yet; or in the gap. */
	if (d->before == d->after || later < d->change)
		return (struct zone_moments){ earlier, earlier };
	if (earlier >= d->change)
		return (struct zone_moments){ later, later };
	return (struct zone_moments){ earlier, later };
}

int32_t zone_offset(struct zone *z, int64_t moment)
{
	const struct day *d;

	if (!z->tz)
		return z->offset;
	d = find_day(z, moment);
	return moment < d->change ? d->before : d->after;
}

void zone_refresh(struct zone *z, usec_t now)
{
	struct stat st;

	if (!z->file || (now >= z->checked && now - z->checked < ZONE_CHECK))
		return;
	z->checked = now;
	if (stat(z->file, &st) < 0)
		return;
	if (st.st_dev == z->seen.st_dev && st.st_ino == z->seen.st_ino &&
	    st.st_mtim.tv_sec == z->seen.st_mtim.tv_sec && st.st_mtim.tv_nsec == z->seen.st_mtim.tv_nsec)
		return;
	z->seen = st;
	memset(z->days, 0, sizeof(z->days));
}

char *zone_offset_format(int32_t offset, char buf[static ZONE_OFFSET_TEXT_MAX])
{
	uint32_t minutes = (uint32_t)(offset < 0 ? -(int64_t)offset : offset) / 60;

	snprintf(buf, ZONE_OFFSET_TEXT_MAX, "%c%02u:%02u", offset < 0 ? '-' : '+', minutes / 60 % 100, minutes % 60);
	return buf;
}
