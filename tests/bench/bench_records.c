/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes call records as Asterisk's Master.csv has them: bench_records RECORDS [SEED].
 * 400 accounts at work over half a year, one call in ten abroad, to 50,000 numbers.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ACCOUNTS 400
#define NUMBERS 50000
#define BEGIN 1767571200 /* 2026-01-05 */
#define SPAN_SECONDS (180 * 86400)

static uint64_t state;

/* xorshift64* (Marsaglia; Vigna 2014) */
static uint32_t draw(uint32_t below)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)((state * 2685821657736338717ull) >> 33) % below;
}

static const char *stamp(time_t when, char buf[static 32])
{
	static time_t day;
	static char date[16];
	const int seconds = (int)(when % 86400);

	if (when / 86400 != day) {
		const struct tm *tm = gmtime(&when);

		day = when / 86400;
		strftime(date, sizeof(date), "%Y-%m-%d", tm);
	}
	snprintf(buf, 32, "%s %02d:%02d:%02d", date, seconds / 3600, seconds / 60 % 60, seconds % 60);
	return buf;
}

static void number(char buf[static 32])
{
	static const char *const abroad[] = {"0043",   "0041", "0033", "0044", "0031",
					     "001212", "0039", "0034", "0048", "00420"};
	const uint32_t n = draw(NUMBERS), kind = n % 20;

	if (kind < 4)
		snprintf(buf, 32, "%u", 100 + n % ACCOUNTS);
	else if (kind < 18)
		snprintf(buf, 32, "030%07u", n);
	else
		snprintf(buf, 32, "%s%08u", abroad[n % 10], 20000000 + n);
}

static void record(uint32_t i, uint32_t records)
{
	static const char *const results[] = {"ANSWERED",  "ANSWERED", "ANSWERED", "ANSWERED",
					      "NO ANSWER", "BUSY",     "FAILED"};
	const time_t start = BEGIN + (time_t)((uint64_t)SPAN_SECONDS * i / records);
	const uint32_t account = 100 + draw(ACCOUNTS), result = draw(7), talk = result < 4 ? draw(600) : 0;
	char called[32], a[32], b[32], c[32];

	number(called);
	printf("\"\",\"%u\",\"%s\",\"outbound\",\"\"\"Phone %u\"\" "
	       "<%u>\",\"PJSIP/%u-%08x\",\"PJSIP/carrier-%08x\",\"Dial\","
	       "\"PJSIP/%s@carrier,30\",\"%s\",\"%s\",\"%s\",%u,%u,\"%s\",\"DOCUMENTATION\",\"%" PRId64
	       ".%u\","
	       "\"sipwarden src=192.0.%u.%u:5060\"\n",
	       account, called, account, account, account, 2 * i, 2 * i + 1, called, stamp(start, a),
	       result < 4 ? stamp(start + 6, b) : "", stamp(start + 6 + (time_t)talk, c), talk + 6, talk,
	       results[result], (int64_t)start, i, account / 250, account % 250);
}

int main(int argc, char **argv)
{
	const uint32_t records = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000;
	uint32_t i;

	state = (argc > 2 ? strtoull(argv[2], NULL, 10) : 0) * 2 + 0x9e3779b97f4a7c15ull;
	for (i = 0; i < records; i++)
		record(i, records);
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
