/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Logs of the past, run through a configuration; the command itself is in tests/e2e. */
#include "unit.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>
#include <zlib.h>

#include "base/text.h"
#include "input/input.h"
#include "replay/replay.h"

/* 2026-03-02T10:00:00Z */
#define START 1772445600
#define MIN (60 * USEC_PER_SEC)

static const char filter[] = "[filter]\n"
			     "prefix = (?:[\\d-]{10} [\\d:]{8} |\\w{3} .\\d [\\d:]{8} )?\n"
			     "[pattern bad]\n"
			     "class = auth-failure\n"
			     "regex = door: bad pin for '(?<user>.*)' from (?<addr>(?&ip))\n"
			     "[pattern bad-tcp]\n"
			     "class = auth-failure\n"
			     "proven = yes\n"
			     "regex = door: bad tcp pin for '(?<user>.*)' from (?<addr>(?&ip))\n"
			     "[pattern sent]\n"
			     "class = auth-challenge\n"
			     "regex = door: asks (?<addr>(?&ip)) for the answer to (?<challenge>\\w+)\n"
			     "[pattern answer]\n"
			     "class = auth-failure\n"
			     "regex = door: wrong answer to (?<challenge>\\w+) from (?<addr>(?&ip))\n";

/* A line may go on in the next. */
static const char filter_continued[] = "[filter]\n"
				       "continued = [\\t]\n"
				       "[pattern bad]\n"
				       "class = auth-failure\n"
				       "literal = bad pin\n"
				       "regex = [^\\n]* door: bad pin\\n\\tfrom (?<addr>(?&ip))\n";

struct run {
	char dir[64];
	struct world *world;
	struct replay *replay;
	struct diag diag;
	char told[8192]; /* what was decided */
};

static void tell(struct run *run, const char *what, usec_t when, const struct addr *a, const char *more)
{
	size_t used = strlen(run->told);
	char addr[ADDR_TEXT_MAX];

	snprintf(run->told + used, sizeof(run->told) - used, "%" PRId64 " %s %s%s\n",
		 (int64_t)(when / USEC_PER_SEC) - START, what, addr_format(a, addr), more);
}

static void on_ban(void *userdata, usec_t when, const struct ban *b)
{
	char more[80];

	snprintf(more, sizeof(more), " %" PRIu64 "s%s", (b->end - b->start) / USEC_PER_SEC, b->proven ? " proven" : "");
	tell(userdata, "ban", when, &b->addr, more);
}

static void on_lift(void *userdata, usec_t when, const struct ban *b, enum lift_cause cause)
{
	assert_int_equal(cause, LIFT_EXPIRED);
	tell(userdata, "lift", when, &b->addr, "");
}

static void on_alert(void *userdata, usec_t when, const struct alert *a)
{
	tell(userdata, alert_name(a->kind), when, &a->addr, "");
}

/* The path of name in the directory of the run; one at a time. */
static const char *path_of(const struct run *run, const char *name)
{
	static char path[200];

	snprintf(path, sizeof(path), "%s/%s", run->dir, name);
	return path;
}

static void write_file(const struct run *run, const char *name, const char *text, size_t len)
{
	FILE *f = fopen(path_of(run, name), "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void write_log(const struct run *run, const char *name, const char *text)
{
	write_file(run, name, text, strlen(text));
}

static void write_gz(const struct run *run, const char *name, const char *text)
{
	gzFile gz = gzopen(path_of(run, name), "wb");

	assert_int_equal(gzwrite(gz, text, (unsigned)strlen(text)), strlen(text));
	gzclose(gz);
}

static void run_open_with(struct run *run, const char *filter_text, const char *settings, usec_t since, usec_t until)
{
	const struct replay_options options = { since, until ? until : USEC_INFINITY };
	const struct replay_callbacks callbacks = { on_ban, on_lift, on_alert, run };
	_cleanup_free_ char *text = NULL;
	struct config *cfg = NULL;

	*run = (struct run){ .dir = "/tmp/sipwarden-replay-XXXXXX" };
	assert_non_null(mkdtemp(run->dir));
	write_log(run, "door.conf", filter_text);
	text = text_printf("[sipwarden]\nfilter_dirs = %s\n[rule password-guessing]\nthreshold = 3\nban = 10m 1h\n"
			   "[input door]\npath = /nowhere\ntimezone = UTC\n[input gate]\nfilter = door\npath = /nowhere\n%s",
			   run->dir, settings);
	assert_int_equal(config_load_text("test.conf", text, strlen(text), &run->diag, &cfg), 0);
	assert_int_equal(world_load(cfg, &run->diag, &run->world), 0);
	assert_int_equal(replay_new(run->world, &options, &callbacks, &run->replay), 0);
}

static void run_open(struct run *run, const char *settings, usec_t since, usec_t until)
{
	run_open_with(run, filter, settings, since, until);
}

static void run_close(struct run *run)
{
	char command[200];

	replay_free(run->replay);
	world_free(run->world);
	diag_done(&run->diag);
	snprintf(command, sizeof(command), "rm -r '%s'", run->dir);
	assert_int_equal(system(command), 0);
}

static void add(struct run *run, const char *input, const char *name)
{
	int r = replay_add(run->replay, input, path_of(run, name), &run->diag);

	if (r < 0)
		diag_print(&run->diag, stderr);
	assert_int_equal(r, 0);
}

static void gives(struct run *run, const char *expected)
{
	assert_int_equal(replay_run(run->replay, &run->diag), 0);
	assert_string_equal(run->told, expected);
}

#define AT(clock) "2026-03-02 " clock " door: "
#define BAD(clock, addr) AT(clock) "bad pin for 'a' from " addr "\n"
#define TCP(clock, addr) AT(clock) "bad tcp pin for 'a' from " addr "\n"

/* Tests */

static void the_time_of_the_log_is_the_clock(void **state)
{
	struct replay_stats stats;
	struct run run;

	(void)state;
	run_open(&run, "", 0, 0);
	write_log(&run, "log",
		  BAD("10:00:00", "192.0.2.1") BAD("10:00:01", "192.0.2.1") BAD("10:00:02", "192.0.2.1")
		  /* Banned: of no account. */
		  BAD("10:00:03", "192.0.2.1") BAD("10:00:04", "192.0.2.1") BAD("10:00:05", "192.0.2.1")
		  /* Too slow. */
		  BAD("10:01:00", "192.0.2.2") BAD("10:08:00", "192.0.2.2") BAD("10:11:30", "192.0.2.2")
		  BAD("10:20:00", "192.0.2.1") AT("10:20:02") "welcome\n");
	add(&run, "door", "log");
	gives(&run, "2 ban 192.0.2.1 600s\n602 lift 192.0.2.1\n");
	replay_stats(run.replay, &stats);
	assert_int_equal(stats.lines, 11);
	assert_int_equal(stats.first, START * USEC_PER_SEC);
	assert_int_equal(stats.last, (START + 1202) * USEC_PER_SEC);
	assert_int_equal(stats.decide.bans, 1);
	assert_int_equal(stats.decide.active, 0);
	run_close(&run);
}

/* A ban that ended before the log did is over, whatever the last lines were. */
static void lines_that_match_nothing_move_the_clock(void **state)
{
	struct run run;

	(void)state;
	run_open(&run, "", 0, 0);
	write_log(&run, "log",
		  BAD("10:00:00", "192.0.2.1") BAD("10:00:00", "192.0.2.1") BAD("10:00:00", "192.0.2.1")
		  AT("10:09:00") "welcome\n" "and no time\n");
	add(&run, "door", "log");
	gives(&run, "0 ban 192.0.2.1 600s\n");
	run_close(&run);
	run_open(&run, "", 0, 0);
	write_log(&run, "log",
		  BAD("10:00:00", "192.0.2.1") BAD("10:00:00", "192.0.2.1") BAD("10:00:00", "192.0.2.1")
		  AT("10:11:00") "welcome\n" "and no time\n");
	add(&run, "door", "log");
	gives(&run, "0 ban 192.0.2.1 600s\n600 lift 192.0.2.1\n");
	run_close(&run);
}

static void proven_offenders_climb_the_ladder(void **state)
{
	struct run run;

	(void)state;
	run_open(&run, "[detection]\nhistory = 2h\n", 0, 0);
	write_log(&run, "log",
		  TCP("10:00:00", "192.0.2.1") TCP("10:00:00", "192.0.2.1") TCP("10:00:00", "192.0.2.1")
		  BAD("10:00:00", "192.0.2.2") BAD("10:00:00", "192.0.2.2") BAD("10:00:00", "192.0.2.2")
		  TCP("10:30:00", "192.0.2.1") TCP("10:30:00", "192.0.2.1") TCP("10:30:00", "192.0.2.1")
		  BAD("10:30:00", "192.0.2.2") BAD("10:30:00", "192.0.2.2") BAD("10:30:00", "192.0.2.2")
		  /* Two hours after the second, no earlier one counts. */
		  TCP("12:30:01", "192.0.2.1") TCP("12:30:01", "192.0.2.1") TCP("12:30:01", "192.0.2.1"));
	add(&run, "door", "log");
	gives(&run, "0 ban 192.0.2.1 600s proven\n0 ban 192.0.2.2 600s\n600 lift 192.0.2.1\n600 lift 192.0.2.2\n"
		    "1800 ban 192.0.2.1 3600s proven\n1800 ban 192.0.2.2 600s\n2400 lift 192.0.2.2\n5400 lift 192.0.2.1\n"
		    "9001 ban 192.0.2.1 600s proven\n");
	run_close(&run);
}

static void logs_are_merged_by_time(void **state)
{
	struct run run;

	(void)state;
	run_open(&run, "", 0, 0);
	/* Rotated, given in any order, and another input beside them; three attempts in ten minutes only together. */
	write_gz(&run, "log.2.gz", BAD("10:00:00", "192.0.2.1") BAD("10:04:00", "192.0.2.2"));
	write_log(&run, "log.1", BAD("10:07:00", "192.0.2.1") BAD("10:08:00", "192.0.2.3"));
	write_log(&run, "log", BAD("10:20:00", "192.0.2.1") BAD("10:21:00", "192.0.2.1"));
	write_log(&run, "gate", BAD("10:05:00", "192.0.2.2") BAD("10:08:00", "192.0.2.1") BAD("10:09:00", "192.0.2.2"));
	add(&run, "door", "log");
	add(&run, "door", "log.1");
	add(&run, "gate", "gate");
	add(&run, "door", "log.2.gz");
	assert_int_equal(replay_add(run.replay, "door", path_of(&run, "log.1"), &run.diag), -EEXIST);
	gives(&run, "480 ban 192.0.2.1 600s\n540 ban 192.0.2.2 600s\n1080 lift 192.0.2.1\n1140 lift 192.0.2.2\n");
	run_close(&run);
}

static void only_what_is_within_the_bounds_counts(void **state)
{
	struct replay_stats stats;
	struct run run;

	(void)state;
	run_open(&run, "", (START + 60) * USEC_PER_SEC, (START + 300) * USEC_PER_SEC);
	write_log(&run, "log",
		  BAD("10:00:59", "192.0.2.1") BAD("10:01:00", "192.0.2.1") BAD("10:02:00", "192.0.2.1")
		  BAD("10:01:00", "192.0.2.2") BAD("10:02:00", "192.0.2.2") BAD("10:05:00", "192.0.2.2")
		  BAD("10:05:01", "192.0.2.1") BAD("10:59:01", "192.0.2.1"));
	add(&run, "door", "log");
	gives(&run, "300 ban 192.0.2.2 600s\n");
	replay_stats(run.replay, &stats);
	assert_int_equal(stats.first, (START + 60) * USEC_PER_SEC);
	assert_int_equal(stats.last, (START + 300) * USEC_PER_SEC);
	run_close(&run);
}

/* A year is not in every log; the file's own is known by when it was last written. */
static void times_without_a_year_are_of_when_the_file_was_written(void **state)
{
	const struct utimbuf written = { START - 365 * 86400, START - 365 * 86400 };
	struct run run;

	(void)state;
	run_open(&run, "", 0, 0);
	write_log(&run, "log",
		  "Mar  2 09:00:00 door: bad pin for 'a' from 192.0.2.1\n"
		  "Mar  2 09:00:01 door: bad pin for 'a' from 192.0.2.1\n"
		  "Mar  2 09:00:02 door: bad pin for 'a' from 192.0.2.1\n");
	assert_int_equal(utime(path_of(&run, "log"), &written), 0);
	add(&run, "door", "log");
	gives(&run, "-31539598 ban 192.0.2.1 600s\n");
	run_close(&run);
}

static void the_zone_of_the_input_counts(void **state)
{
	struct run run;

	(void)state;
	/* 2026-03-29 is when the clocks of Berlin go forward: 01:59:59 +01:00 is followed by 03:00:00 +02:00. */
	run_open(&run, "timezone = Europe/Berlin\n", 0, 0);
	write_log(&run, "log",
		  "2026-03-29 01:58:00 door: bad pin for 'a' from 192.0.2.1\n"
		  "2026-03-29 01:59:00 door: bad pin for 'a' from 192.0.2.1\n"
		  "2026-03-29 03:01:00 door: bad pin for 'a' from 192.0.2.1\n");
	add(&run, "gate", "log");
	/* 2026-03-29T01:01:00Z */
	gives(&run, "2300460 ban 192.0.2.1 600s\n");
	run_close(&run);
	run_open(&run, "timezone = +05:45\n", 0, 0);
	write_log(&run, "log", BAD("15:45:00", "192.0.2.1") BAD("15:45:00", "192.0.2.1") BAD("15:45:00", "192.0.2.1"));
	add(&run, "gate", "log");
	gives(&run, "0 ban 192.0.2.1 600s\n");
	run_close(&run);
}

static void a_line_without_time_goes_with_the_one_before(void **state)
{
	struct replay_stats stats;
	struct run run;

	(void)state;
	run_open(&run, "", 0, 0);
	write_log(&run, "log",
		  "door: bad pin for 'a' from 192.0.2.1\n" AT("10:00:05") "welcome\n"
		  "door: bad pin for 'a' from 192.0.2.1\n" BAD("10:00:07", "192.0.2.2") "nothing\n"
		  "door: bad pin for 'a' from 192.0.2.1\n");
	add(&run, "door", "log");
	gives(&run, "7 ban 192.0.2.1 600s\n");
	run_close(&run);

	/* A log without any time is as old as the file. */
	run_open(&run, "", 0, 0);
	write_log(&run, "log", "door: bad pin for 'a' from 192.0.2.1\ndoor: bad pin for 'a' from 192.0.2.1\n"
			       "door: bad pin for 'a' from 192.0.2.1");
	assert_int_equal(utime(path_of(&run, "log"), &(struct utimbuf){ START, START }), 0);
	add(&run, "door", "log");
	gives(&run, "0 ban 192.0.2.1 600s\n");
	replay_stats(run.replay, &stats);
	assert_int_equal(stats.untimed, 3);
	run_close(&run);
}

static void a_time_that_is_yet_to_come_is_not_believed(void **state)
{
	struct replay_stats stats;
	struct run run;

	(void)state;
	run_open(&run, "", 0, 0);
	write_log(&run, "log",
		  BAD("10:00:00", "192.0.2.1") "2099-03-02 10:00:00 door: bad pin for 'a' from 192.0.2.1\n"
		  BAD("10:00:01", "192.0.2.1"));
	add(&run, "door", "log");
	gives(&run, "1 ban 192.0.2.1 600s\n");
	replay_stats(run.replay, &stats);
	assert_int_equal(stats.future, 1);
	run_close(&run);
}

static void give_seen(struct run *run, const char *text)
{
	struct addr *addrs = calloc(1, sizeof(*addrs));

	*addrs = unit_addr(text);
	replay_seen(run->replay, addrs, 1);
}

static void who_sent_nothing_is_not_banned(void **state)
{
	static const char log[] = BAD("10:00:00", "192.0.2.1") BAD("10:00:00", "192.0.2.1") BAD("10:00:00", "192.0.2.1")
		BAD("10:01:00", "192.0.2.2") BAD("10:01:00", "192.0.2.2") BAD("10:01:00", "192.0.2.2");
	struct run run;

	(void)state;
	run_open(&run, "", 0, 0);
	write_log(&run, "log", log);
	give_seen(&run, "192.0.2.2");
	add(&run, "door", "log");
	gives(&run, "0 forgery 192.0.2.1\n60 ban 192.0.2.2 600s\n");
	run_close(&run);
	/* Without a list, nobody is asked. */
	run_open(&run, "", 0, 0);
	write_log(&run, "log", log);
	add(&run, "door", "log");
	gives(&run, "0 ban 192.0.2.1 600s\n60 ban 192.0.2.2 600s\n");
	run_close(&run);
}

static void a_large_log_is_read_in_pieces(void **state)
{
	const size_t lines = 200000, size = lines * 80;
	char *text = malloc(size);
	struct replay_stats stats;
	size_t used = 0, i;
	struct run run;

	(void)state;
	assert_non_null(text);
	/* Every 40,000th line is one of the attacker's, at all kinds of places in a buffer. */
	for (i = 0; i < lines; i++)
		used += (size_t)snprintf(text + used, size - used, "2026-03-02 10:%02zu:%02zu door: %s%zu\n",
					 i / 60 % 9, i % 60,
					 i % 40000 == 39999 ? "bad pin for 'a' from 192.0.2." : "welcome ", i % 200);
	run_open(&run, "", 0, 0);
	write_file(&run, "log", text, used);
	add(&run, "door", "log");
	assert_int_equal(replay_run(run.replay, &run.diag), 0);
	replay_stats(run.replay, &stats);
	assert_int_equal(stats.lines, lines);
	assert_int_equal(stats.bytes, used);
	assert_int_equal(stats.decide.events, 5);
	assert_non_null(strstr(run.told, "ban 192.0.2.199 600s"));
	run_close(&run);
	free(text);
}

static void a_line_over_length_is_cut_and_counted(void **state)
{
	static const char bad[] = BAD("10:00:00", "192.0.2.1");
	char *text = malloc(INPUT_LINE_MAX + 1000 + sizeof(bad));
	struct replay_stats stats;
	struct run run;

	(void)state;
	memset(text, 'x', INPUT_LINE_MAX + 1000);
	memcpy(text + INPUT_LINE_MAX + 1000, bad, sizeof(bad) - 1);
	run_open(&run, "", 0, 0);
	write_file(&run, "log", text, INPUT_LINE_MAX + 1000 + sizeof(bad) - 1);
	add(&run, "door", "log");
	gives(&run, "");
	replay_stats(run.replay, &stats);
	assert_int_equal(stats.cut, 1);
	assert_int_equal(stats.decide.events, 0);
	run_close(&run);
	free(text);
}

/* Lines that the filter says belong together are, wherever a buffer or a piece of it ends. */
static void lines_that_go_on_are_one(void **state)
{
	struct replay_stats stats;
	struct run run;
	FILE *f;
	int i;

	(void)state;
	run_open_with(&run, filter_continued, "[exempt]\naddress = 192.0.2.1\n", 0, 0);
	f = fopen(path_of(&run, "log"), "w");
	assert_non_null(f);
	for (i = 0; i < 20000; i++)
		fputs(AT("10:00:00") "bad pin\n\tfrom 192.0.2.1\n", f);
	fclose(f);
	add(&run, "door", "log");
	gives(&run, "");
	replay_stats(run.replay, &stats);
	assert_int_equal(stats.lines, 40000);
	assert_int_equal(stats.decide.exempted, 20000);
	run_close(&run);
}

/* What proves an answer is forgotten soon: it is looked up when the answer is read, not when its turn comes. */
static void who_answers_a_challenge_is_proven(void **state)
{
	struct run run;
	FILE *f;
	int i, k;

	(void)state;
	run_open(&run, "", 0, 0);
	f = fopen(path_of(&run, "log"), "w");
	assert_non_null(f);
	for (k = 0; k < 3; k++) {
		fprintf(f, AT("10:00:00") "asks 192.0.2.1 for the answer to nonce%d\n", k);
		fprintf(f, AT("10:00:00") "wrong answer to nonce%d from 192.0.2.1\n", k);
		fprintf(f, AT("10:00:00") "wrong answer to nonce%d from 192.0.2.2\n", k);
		for (i = 0; i < 3000; i++)
			fprintf(f, AT("10:00:00") "asks 192.0.2.3 for the answer to other%d\n", i);
	}
	fclose(f);
	add(&run, "door", "log");
	gives(&run, "0 ban 192.0.2.1 600s proven\n0 ban 192.0.2.2 600s\n");
	run_close(&run);
}

static void what_cannot_be_read_is_told(void **state)
{
	static const char *const compressed[] = { "\xfd\x37zXZ\0....", "\x28\xb5\x2f\xfd....", "BZh91AY", "\x04\x22\x4d\x18..." };
	char *text = malloc(100000);
	struct run run;
	size_t i;

	(void)state;
	run_open(&run, "", 0, 0);
	assert_int_equal(replay_add(run.replay, "dor", path_of(&run, "log"), &run.diag), -ENOENT);
	assert_true(unit_said(&run.diag, 0, "did you mean 'door'?"));
	assert_int_equal(replay_add(run.replay, "kamailio", path_of(&run, "log"), &run.diag), -ENOENT);
	assert_true(unit_said(&run.diag, 0, "[input kamailio]"));
	assert_int_equal(replay_add(run.replay, "door", path_of(&run, "log"), &run.diag), -ENOENT);
	assert_true(unit_said(&run.diag, 0, "No such file"));
	assert_int_equal(replay_add(run.replay, "door", run.dir, &run.diag), -EISDIR);
	assert_int_equal(replay_add(run.replay, "door", NULL, &run.diag), -EINVAL);
	assert_true(unit_said(&run.diag, 0, "set type = journal"));
	for (i = 0; i < ELEMENTSOF(compressed); i++) {
		write_file(&run, "packed", compressed[i], 7);
		assert_int_equal(replay_add(run.replay, "door", path_of(&run, "packed"), &run.diag), -EOPNOTSUPP);
	}
	assert_true(unit_said(&run.diag, 0, "xz -dc"));

	/* One that is damaged further on; what was there before counts. */
	srand(1);
	for (i = 0; i < 99999; i++)
		text[i] = (char)('a' + rand() % 26);
	memcpy(text, BAD("10:00:00", "192.0.2.1") BAD("10:00:00", "192.0.2.1") BAD("10:00:00", "192.0.2.1"),
	       3 * strlen(BAD("10:00:00", "192.0.2.1")));
	for (i = 1000; i < 99999; i += 100)
		text[i] = '\n';
	text[99999] = '\0';
	write_gz(&run, "log.gz", text);
	assert_int_equal(truncate(path_of(&run, "log.gz"), 40000), 0);
	add(&run, "door", "log.gz");
	assert_int_equal(replay_run(run.replay, &run.diag), -EIO);
	assert_string_equal(run.told, "0 ban 192.0.2.1 600s\n");
	assert_true(unit_said(&run.diag, 0, "cannot be read any further"));
	free(text);
	run_close(&run);
}

static void an_empty_log_gives_nothing(void **state)
{
	struct replay_stats stats;
	struct run run;

	(void)state;
	run_open(&run, "", 0, 0);
	write_log(&run, "log", "");
	write_gz(&run, "log.gz", "");
	add(&run, "door", "log");
	add(&run, "door", "log.gz");
	gives(&run, "");
	replay_stats(run.replay, &stats);
	assert_int_equal(stats.logs, 2);
	assert_int_equal(stats.lines, 0);
	run_close(&run);
}

static void bans_are_added_up(void **state)
{
	struct addr addr = unit_addr("192.0.2.1");
	struct ban b = { .addr = addr, .start = 100 * MIN, .end = 110 * MIN, .rule = (char *)"one", .proven = true };
	const struct past_ban *pb;
	struct past p;
	unsigned i;

	(void)state;
	assert_int_equal(past_init(&p), 0);
	past_note(&p, &b);
	/* One in its place, that is longer. */
	b.start = 105 * MIN;
	b.end = 125 * MIN;
	b.rule = (char *)"two";
	past_note(&p, &b);
	pb = past_find(&p, &addr);
	assert_int_equal(pb->bans, 2);
	assert_int_equal(pb->first, 100 * MIN);
	assert_int_equal(pb->total, 25 * MIN);
	assert_string_equal(pb->rule, "two");
	assert_int_equal(past_count(&p, &addr, 101 * MIN), 1);
	assert_int_equal(past_count(&p, &addr, 100 * MIN), 2);
	/* No ladder has more rungs. */
	for (i = 0; i < 100; i++)
		past_note(&p, &b);
	assert_int_equal(past_count(&p, &addr, 0), RULE_LADDER_MAX);
	assert_int_equal(p.n_rules, 2);
	addr = unit_addr("192.0.2.2");
	assert_null(past_find(&p, &addr));
	assert_int_equal(past_count(&p, &addr, 0), 0);
	past_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_time_of_the_log_is_the_clock),
		cmocka_unit_test(lines_that_match_nothing_move_the_clock),
		cmocka_unit_test(proven_offenders_climb_the_ladder),
		cmocka_unit_test(logs_are_merged_by_time),
		cmocka_unit_test(only_what_is_within_the_bounds_counts),
		cmocka_unit_test(times_without_a_year_are_of_when_the_file_was_written),
		cmocka_unit_test(the_zone_of_the_input_counts),
		cmocka_unit_test(a_line_without_time_goes_with_the_one_before),
		cmocka_unit_test(a_time_that_is_yet_to_come_is_not_believed),
		cmocka_unit_test(who_sent_nothing_is_not_banned),
		cmocka_unit_test(a_large_log_is_read_in_pieces),
		cmocka_unit_test(a_line_over_length_is_cut_and_counted),
		cmocka_unit_test(lines_that_go_on_are_one),
		cmocka_unit_test(who_answers_a_challenge_is_proven),
		cmocka_unit_test(what_cannot_be_read_is_told),
		cmocka_unit_test(an_empty_log_gives_nothing),
		cmocka_unit_test(bans_are_added_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
