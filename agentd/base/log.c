/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/timespan.h"

#define MESSAGE_MAX 2048
#define FIELDS_MAX 16
#define LIMIT_INTERVAL (60 * USEC_PER_SEC)

static const char *const levels[] = {
	[LOG_EMERG] = "emergency", [LOG_ALERT] = "alert",   [LOG_CRIT] = "critical", [LOG_ERR] = "error",
	[LOG_WARNING] = "warning", [LOG_NOTICE] = "notice", [LOG_INFO] = "info",     [LOG_DEBUG] = "debug",
};

static const char *identifier = "sipwarden";
static int max_level = LOG_INFO;
static bool to_journal;
static struct log_trouble trouble;

/* Is standard error the journal? "DEV:INODE" of its socket: systemd.exec(5). */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;
	char *end;

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	errno = 0;
	dev = strtoull(stream, &end, 10);
	if (errno || *end != ':')
		return false;
	ino = strtoull(end + 1, &end, 10);
	return !errno && *end == '\0' && st.st_dev == dev && st.st_ino == ino;
}

void log_open(const char *name)
{
	identifier = name;
	to_journal = stderr_is_journal();
}

void log_set_level(int level)
{
	max_level = level;
}

int log_level_parse(const char *text)
{
	int i;

	for (i = LOG_ERR; i <= LOG_DEBUG; i++)
		if (strcmp(levels[i], text) == 0)
			return i;
	return -EINVAL;
}

static void write_stderr(int level, const char *text)
{
	fprintf(stderr, "%s: %s%s%s\n", identifier, level <= LOG_WARNING ? levels[level] : "",
		level <= LOG_WARNING ? ": " : "", text);
}

/* One field "NAME=value" in a new string; false when out of memory. */
static bool add_field(struct iovec *iov, int *n, const char *name, const char *value)
{
	char *text;

	if (!value)
		return true;
	text = text_printf("%s=%s", name, value);
	if (!text)
		return false;
	iov[(*n)++] = (struct iovec){ text, strlen(text) };
	return true;
}

static bool send_journal(int level, const char *message_id, const struct log_field *fields, const char *text)
{
	struct iovec iov[FIELDS_MAX];
	char priority[2] = { (char)('0' + level), '\0' };
	int n = 0, i;
	bool ok = add_field(iov, &n, "MESSAGE", text) && add_field(iov, &n, "PRIORITY", priority) &&
		  add_field(iov, &n, "SYSLOG_IDENTIFIER", identifier) &&
		  add_field(iov, &n, "MESSAGE_ID", message_id);

	for (; ok && fields && fields->name && n < FIELDS_MAX; fields++)
		ok = add_field(iov, &n, fields->name, fields->value);
	ok = ok && sd_journal_sendv(iov, n) >= 0;
	for (i = 0; i < n; i++)
		free(iov[i].iov_base);
	return ok;
}

static void note_trouble(int level, const char *text)
{
	if (level <= LOG_ERR)
		trouble.errors++;
	else
		trouble.warnings++;
	trouble.when = time_now();
	trouble.level = level;
	text_printable(SPAN(text), trouble.text, sizeof(trouble.text));
}

const struct log_trouble *log_last_trouble(void)
{
	return &trouble;
}

const char *log_level_name(int level)
{
	return level >= LOG_EMERG && level <= LOG_DEBUG ? levels[level] : "";
}

__attribute__((format(printf, 4, 0))) static void emit(int level, const char *message_id,
							const struct log_field *fields, const char *format,
							va_list ap)
{
	char raw[MESSAGE_MAX], text[MESSAGE_MAX];

	if (level > max_level && level > LOG_WARNING)
		return;
	vsnprintf(raw, sizeof(raw), format, ap);
	text_printable(SPAN(raw), text, sizeof(text));
	if (level <= LOG_WARNING)
		note_trouble(level, text);
	if (level > max_level)
		return;
	if (!to_journal || !send_journal(level, message_id, fields, text))
		write_stderr(level, text);
}

void log_message(int level, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	emit(level, NULL, NULL, format, ap);
	va_end(ap);
}

void log_event(int level, const char *message_id, const struct log_field *fields, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	emit(level, message_id, fields, format, ap);
	va_end(ap);
}

bool log_limit_pass(struct log_limit *limit)
{
	usec_t now = time_monotonic();

	if (limit->last && now - limit->last < LIMIT_INTERVAL) {
		limit->suppressed++;
		return false;
	}
	limit->last = now;
	limit->suppressed = 0;
	return true;
}
