/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands in the cells of a call record: times, how it ended, who called. */
#include <string.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/date.h"
#include "report_reader.h"

#define DAY_SECONDS 86400

/* Digits of text[0..n), which are that. */
static int two(const char *text)
{
	return (text[0] - '0') * 10 + (text[1] - '0');
}

static bool all_digits(const char *text, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	return n > 0;
}

static bool read_day(const char *text, int64_t *ret)
{
	int year, month, day;

	if (!all_digits(text, 4) || text[4] != '-' || !all_digits(text + 5, 2) || text[7] != '-' ||
	    !all_digits(text + 8, 2))
		return false;
	year = two(text) * 100 + two(text + 2);
	month = two(text + 5);
	day = two(text + 8);
	if (year < 1970 || !date_exists(year, month, day))
		return false;
	*ret = date_days(year, month, day);
	return true;
}

static bool unix_time(struct span text, const struct record_context *c, int64_t *ret)
{
	int64_t seconds;
	size_t digits = 0;

	while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
		digits++;
	/* FreeSWITCH counts microseconds in some variables. */
	if (digits == 16)
		digits = 10;
	else if (digits != text.len && text.ptr[digits] != '.')
		return false;
	/* From 2001 to 2286: what begins with 0 has been dialled. */
	if (digits != 10 || *text.ptr == '0' || !record_seconds((struct span){text.ptr, digits}, &seconds))
		return false;
	*ret = seconds + (c->zone ? zone_offset(c->zone, seconds) : 0);
	return true;
}

bool record_time(struct span text, struct record_context *c, int64_t *ret)
{
	const char *clock = text.ptr + 11;
	int hour, minute, second;

	if (text.len < 19 || text.ptr[4] != '-')
		return unix_time(text, c, ret);
	if (memcmp(text.ptr, c->day.text, sizeof(c->day.text)) != 0) {
		if (!read_day(text.ptr, &c->day.days)) {
			c->day.text[0] = '\0';
			return false;
		}
		memcpy(c->day.text, text.ptr, sizeof(c->day.text));
	}
	if ((text.ptr[10] != ' ' && text.ptr[10] != 'T') || !all_digits(clock, 2) || clock[2] != ':' ||
	    !all_digits(clock + 3, 2) || clock[5] != ':' || !all_digits(clock + 6, 2))
		return false;
	hour = two(clock);
	minute = two(clock + 3);
	second = two(clock + 6);
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	*ret = c->day.days * DAY_SECONDS + hour * 3600 + minute * 60 + second;
	return true;
}

bool record_seconds(struct span text, int64_t *ret)
{
	int64_t n = 0;
	size_t i;

	for (i = 0; i < text.len && text.ptr[i] != '.'; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9' || i >= 12)
			return false;
		n = n * 10 + (text.ptr[i] - '0');
	}
	*ret = n;
	return i > 0;
}

bool record_result(struct span text, enum record_result *ret)
{
	static const struct {
		const char *word;
		enum record_result result;
	} words[] = {
		/* Asterisk, main/cdr.c, ast_cdr_disp2str() */
		{"ANSWERED", RECORD_ANSWERED},
		{"NO ANSWER", RECORD_UNANSWERED},
		{"BUSY", RECORD_UNANSWERED},
		{"FAILED", RECORD_FAILED},
		{"CONGESTION", RECORD_FAILED},
		/* FreeSWITCH, switch_channel.c, CAUSE_CHART; the others are failures */
		{"NORMAL_CLEARING", RECORD_ANSWERED},
		{"USER_BUSY", RECORD_UNANSWERED},
		{"NO_ANSWER", RECORD_UNANSWERED},
		{"NO_USER_RESPONSE", RECORD_UNANSWERED},
		{"ORIGINATOR_CANCEL", RECORD_UNANSWERED},
		{"ALLOTTED_TIMEOUT", RECORD_UNANSWERED},
		{"LOSE_RACE", RECORD_UNANSWERED},
		{"PICKED_OFF", RECORD_UNANSWERED},
	};
	size_t i;

	for (i = 0; i < ELEMENTSOF(words); i++) {
		if (text.len == strlen(words[i].word) && memcmp(text.ptr, words[i].word, text.len) == 0) {
			*ret = words[i].result;
			return true;
		}
	}
	for (i = 0; i < text.len; i++)
		if (text.ptr[i] != '_' && (text.ptr[i] < 'A' || text.ptr[i] > 'Z'))
			return false;
	*ret = RECORD_FAILED;
	return text.len >= 4;
}

static enum record_result result_of_code(int64_t code)
{
	if (code >= 200 && code < 300)
		return RECORD_ANSWERED;
	switch (code) {
	case 408: /* nobody answered in time */
	case 480:
	case 486:
	case 487: /* given up by the caller */
	case 600:
	case 603:
		return RECORD_UNANSWERED;
	default:
		return RECORD_FAILED;
	}
}

bool record_code(struct span text, enum record_result *ret)
{
	int64_t code;

	if (!record_seconds(text, &code) || code < 100 || code > 699)
		return false;
	*ret = result_of_code(code);
	return true;
}

struct span record_user(struct span text)
{
	const char *open = text.len ? memrchr(text.ptr, '<', text.len) : NULL, *at;
	struct span s = text;

	if (open && text.ptr[text.len - 1] == '>')
		s = (struct span){open + 1, (size_t)(text.ptr + text.len - 1 - (open + 1))};
	if (s.len > 4 && memcmp(s.ptr, "sip:", 4) == 0)
		s = (struct span){s.ptr + 4, s.len - 4};
	else if (s.len > 5 && memcmp(s.ptr, "sips:", 5) == 0)
		s = (struct span){s.ptr + 5, s.len - 5};
	at = s.len ? memchr(s.ptr, '@', s.len) : NULL;
	if (at)
		s.len = (size_t)(at - s.ptr);
	return s;
}

struct span record_channel_account(struct span channel)
{
	const char *slash = channel.len ? memchr(channel.ptr, '/', channel.len) : NULL, *end = NULL, *at;
	struct span s;

	if (!slash)
		return (struct span){channel.ptr, 0};
	s = (struct span){slash + 1, (size_t)(channel.ptr + channel.len - (slash + 1))};
	/* FreeSWITCH: sofia/internal/100@192.0.2.1 */
	if (channel.len > 6 && memcmp(channel.ptr, "sofia/", 6) == 0) {
		slash = memchr(s.ptr, '/', s.len);
		if (!slash)
			return (struct span){channel.ptr, 0};
		s = (struct span){slash + 1, (size_t)(s.ptr + s.len - (slash + 1))};
		at = s.len ? memchr(s.ptr, '@', s.len) : NULL;
		s.len = at ? (size_t)(at - s.ptr) : s.len;
		return s;
	}
	/* Local/ is no account, but a way through the dialplan. */
	if (channel.len > 6 && memcmp(channel.ptr, "Local/", 6) == 0)
		return (struct span){channel.ptr, 0};
	end = s.len ? memrchr(s.ptr, '-', s.len) : NULL;
	if (end && end > s.ptr)
		s.len = (size_t)(end - s.ptr);
	return s;
}
