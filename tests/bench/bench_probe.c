/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measures from outside how soon a log line is in the kernel's set.
 *
 *   bench_probe latency TABLE FILE|journal COUNT   each sample in microseconds, one a line
 *   bench_probe wait TABLE COUNT SECONDS           until the set has COUNT elements: microseconds taken
 *   bench_probe flood RATE FILE|journal SECONDS    writes so many lines a second of one source: lines written
 *   bench_probe count TABLE 0 0                    how many elements the set has
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "base/timespan.h"
#include "firewall/nft.h"

#define GIVE_UP (5 * USEC_PER_SEC)
/* Whose address is none that latency() takes. */
#define FLOOD_SAMPLE 65535
/* Between samples, and not in step with anybody's timer. */
#define PAUSE_MIN 20000
#define PAUSE_SPREAD 17000

static void count_element(void *userdata, const struct nft_element *e)
{
	(void)e;
	++*(unsigned *)userdata;
}

static unsigned count(struct nft *n)
{
	unsigned found = 0;

	nft_dump(n, NFT_BAN4, count_element, &found);
	return found;
}

static void write_line(int fd, unsigned sample)
{
	char stamp[32], line[256];
	time_t now = time(NULL);
	struct tm tm;
	int len;

	strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S", localtime_r(&now, &tm));
	len = snprintf(line, sizeof(line),
		       "[%s] NOTICE[1] chan_sip.c: Registration from '<sip:1@x>' failed for '10.1.%u.%u:5060' - Wrong password\n",
		       stamp, sample >> 8, sample & 255);
	if (fd < 0)
		sd_journal_send("MESSAGE=%.*s", len - 1, line, "SYSLOG_IDENTIFIER=asterisk", NULL);
	else if (write(fd, line, (size_t)len) != len)
		exit(EXIT_FAILURE);
}

static int latency(struct nft *n, const char *path, unsigned samples)
{
	int fd = strcmp(path, "journal") == 0 ? -1 : open(path, O_WRONLY | O_APPEND | O_CREAT, 0644);
	unsigned i;

	for (i = 0; i < samples; i++) {
		unsigned before = count(n);
		usec_t start = time_monotonic(), now = start;

		write_line(fd, i);
		while (count(n) == before && now - start < GIVE_UP)
			now = time_monotonic();
		printf("%llu\n", (unsigned long long)(time_monotonic() - start));
		usleep(PAUSE_MIN + (useconds_t)random() % PAUSE_SPREAD);
	}
	return EXIT_SUCCESS;
}

static int wait_count(struct nft *n, unsigned wanted, unsigned seconds)
{
	usec_t start = time_monotonic();

	while (time_monotonic() - start < seconds * USEC_PER_SEC) {
		if (count(n) >= wanted) {
			printf("%llu\n", (unsigned long long)(time_monotonic() - start));
			return EXIT_SUCCESS;
		}
		usleep(1000);
	}
	return EXIT_FAILURE;
}

/* In turns of a hundredth of a second, as fast as it can if it cannot keep up. */
static int flood(unsigned rate, const char *path, unsigned seconds)
{
	int fd = strcmp(path, "journal") == 0 ? -1 : open(path, O_WRONLY | O_APPEND | O_CREAT, 0644);
	usec_t start = time_monotonic(), turn = start;
	unsigned long written = 0;
	unsigned i;

	while (turn - start < seconds * USEC_PER_SEC) {
		for (i = 0; i < rate / 100; i++, written++)
			write_line(fd, FLOOD_SAMPLE);
		turn += USEC_PER_SEC / 100;
		if (turn > time_monotonic())
			usleep((useconds_t)(turn - time_monotonic()));
		else
			turn = time_monotonic();
	}
	return printf("%lu\n", written) > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct nft *n;

	if (argc == 5 && strcmp(argv[1], "flood") == 0)
		return flood((unsigned)atoi(argv[2]), argv[3], (unsigned)atoi(argv[4]));
	if (argc != 5 || nft_open(argv[2], 1, &n) < 0)
		return 2;
	if (strcmp(argv[1], "latency") == 0)
		return latency(n, argv[3], (unsigned)atoi(argv[4]));
	if (strcmp(argv[1], "count") == 0)
		return printf("%u\n", count(n)) > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	return wait_count(n, (unsigned)atoi(argv[3]), (unsigned)atoi(argv[4]));
}
