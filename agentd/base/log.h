/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_BASE_LOG_H
#define SIPWARDEN_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <syslog.h>

#include "base/timespan.h"

/*
 * Our own messages. To the journal with structured fields when standard error
 * is the journal (JOURNAL_STREAM, systemd.exec(5)), else one line each to
 * standard error. Levels are those of syslog(3). Messages are escaped here, so
 * log text may be passed with %s; it is never a format.
 */
void log_open(const char *identifier);
void log_set_level(int level);
/* "debug", "info", "notice", "warning", "error" to a level, or -EINVAL. */
int log_level_parse(const char *text);

void log_message(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One field of a structured entry; value may be NULL, then it is left out. */
struct log_field {
	const char *name; /* upper case, as journald wants it */
	const char *value;
};

/*
 * A structured entry with a message id (128-bit hex, sd-id128(3)); fields ends
 * with a NULL name. On standard error only the message is shown.
 */
void log_event(int level, const char *message_id, const struct log_field *fields, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#define log_debug(...) log_message(LOG_DEBUG, __VA_ARGS__)
#define log_info(...) log_message(LOG_INFO, __VA_ARGS__)
#define log_notice(...) log_message(LOG_NOTICE, __VA_ARGS__)
#define log_warning(...) log_message(LOG_WARNING, __VA_ARGS__)
#define log_error(...) log_message(LOG_ERR, __VA_ARGS__)

/*
 * What was said of trouble since the start, also where log_level keeps it out of
 * the log: how many warnings and errors, and the last of them.
 */
#define LOG_TROUBLE_MAX 512
struct log_trouble {
	uint64_t warnings, errors; /* errors: level error and above */
	usec_t when;		   /* CLOCK_REALTIME of the last; 0: none */
	int level;
	char text[LOG_TROUBLE_MAX]; /* escaped as in the log; cut with "…" */
};
const struct log_trouble *log_last_trouble(void);
/* "warning", "error", …; static. */
const char *log_level_name(int level);

/* At most one of a kind of message a minute: true if it may be written now. */
struct log_limit {
	unsigned long long last;
	unsigned suppressed;
};
bool log_limit_pass(struct log_limit *limit);

#endif
