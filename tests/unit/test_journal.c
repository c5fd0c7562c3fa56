/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an input does when the journal is read while it is written. The journald
 * is real and ours alone; only the faults are made here, as libsystemd has them
 * for a few millionths of a second: see input/place.h.
 */
#include "unit.h"

#include <dlfcn.h>
#include <errno.h>
#include <glob.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "base/text.h"
#include "input/input.h"

/* How often each is still to happen. */
struct faults {
	unsigned pass_over; /* the next entry is not linked yet when it is looked for, one behind it is */
	unsigned miss;      /* the end is seen where an entry is about to be linked */
	unsigned no_message; /* the message is just being linked */
	unsigned unnoticed; /* a file has come, but it is not yet known */
	bool at_end;        /* and nothing more is looked for before another entry comes */
};

static struct faults faults;

static int real_next(sd_journal *j)
{
	int (*next)(sd_journal *) = dlsym(RTLD_NEXT, "sd_journal_next");

	return next(j);
}

int sd_journal_next(sd_journal *j)
{
	int n;

	if (faults.at_end)
		return 0;
	n = real_next(j);
	if (n > 0 && faults.pass_over > 0 && real_next(j) > 0)
		faults.pass_over--;
	if (n > 0 && faults.miss > 0) {
		faults.miss--;
		faults.at_end = true;
		return 0;
	}
	return n;
}

int sd_journal_process(sd_journal *j)
{
	int (*process)(sd_journal *) = dlsym(RTLD_NEXT, "sd_journal_process");

	if (faults.unnoticed == 0)
		return process(j);
	faults.unnoticed--;
	return SD_JOURNAL_NOP;
}

int sd_journal_seek_head(sd_journal *j)
{
	int (*seek)(sd_journal *) = dlsym(RTLD_NEXT, "sd_journal_seek_head");

	faults.at_end = false;
	return seek(j);
}

int sd_journal_seek_cursor(sd_journal *j, const char *cursor)
{
	int (*seek)(sd_journal *, const char *) = dlsym(RTLD_NEXT, "sd_journal_seek_cursor");

	faults.at_end = false;
	return seek(j, cursor);
}

/* Entries sent by us bear, instead of the fields that only journald may set, those with an X. */
int sd_journal_get_data(sd_journal *j, const char *name, const void **data, size_t *len)
{
	int (*get)(sd_journal *, const char *, const void **, size_t *) = dlsym(RTLD_NEXT, "sd_journal_get_data");
	char own[64];

	if (strcmp(name, "MESSAGE") == 0 && faults.no_message > 0) {
		faults.no_message--;
		return -ENOENT;
	}
	if (*name != '_')
		return get(j, name, data, len);
	snprintf(own, sizeof(own), "X%s", name + 1);
	return get(j, own, data, len);
}

/* Fields as NAME=VALUE; sd_journal_send(3) takes formats. */
static int send_fields(const char *const *fields)
{
	struct iovec iov[8];
	int n;

	for (n = 0; fields[n]; n++)
		iov[n] = (struct iovec){ (void *)fields[n], strlen(fields[n]) };
	return sd_journal_sendv(iov, n);
}
#define send_entry(...) send_fields((const char *const[]){ __VA_ARGS__, NULL })

static pid_t journald;

static void await(const char *path)
{
	usec_t end = time_monotonic() + 10 * USEC_PER_SEC;
	glob_t found;
	int r;

	while ((r = glob(path, 0, NULL, &found)) != 0 && time_monotonic() < end)
		usleep(10000);
	assert_int_equal(r, 0);
	globfree(&found);
}

/* A journald that writes to a disk of ours, a file for each user. */
static int set_up(void **state)
{
	static const char *const folders[] = { "/run/systemd", "/run/systemd/journal", "/run/systemd/journald.conf.d",
					       "/run/log", "/run/log/journal", "/var/log/journal" };
	size_t i;
	FILE *f;

	(void)state;
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	assert_int_equal(mount("tmpfs", "/run", "tmpfs", 0, NULL), 0);
	assert_int_equal(mount("tmpfs", "/var/log", "tmpfs", 0, NULL), 0);
	for (i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		assert_int_equal(mkdir(folders[i], 0755), 0);
	f = fopen("/run/systemd/journald.conf.d/test.conf", "w");
	assert_non_null(f);
	fputs("[Journal]\nStorage=persistent\nSplitMode=uid\n", f);
	fclose(f);
	journald = fork();
	if (journald == 0) {
		close(STDERR_FILENO);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl("/lib/systemd/systemd-journald", "systemd-journald", NULL);
		_exit(1);
	}
	await("/run/systemd/journal/socket");
	await("/run/log/journal/*/system.journal");
	kill(journald, SIGUSR1);
	await("/var/log/journal/*/system.journal");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	kill(journald, SIGTERM);
	waitpid(journald, NULL, 0);
	return 0;
}

/* What an input has given so far, and where it would go on. */
struct follower {
	sd_event *loop;
	struct input *input;
	struct config_input cfg;
	char lines[1000];
	char *position;
};

static void on_chunk(void *userdata, struct input *in, const struct input_chunk *chunk)
{
	struct follower *f = userdata;

	(void)in;
	assert_true(strlen(f->lines) + chunk->len < sizeof(f->lines));
	strncat(f->lines, chunk->data, chunk->len);
}

static void on_position(void *userdata, struct input *in, const char *key, const char *value)
{
	struct follower *f = userdata;

	(void)in;
	(void)key;
	free(f->position);
	f->position = strdup(value);
}

static char *on_restore(void *userdata, const char *key)
{
	struct follower *f = userdata;

	(void)key;
	return f->position ? strdup(f->position) : NULL;
}

static void follow(struct follower *f, char **matches)
{
	static char name[] = "test";
	const struct input_callbacks callbacks = {
		.chunk = on_chunk,
		.position = on_position,
		.restore = on_restore,
		.userdata = f,
	};

	faults = (struct faults){ 0 };
	f->cfg = (struct config_input){ .name = name, .type = INPUT_JOURNAL, .matches = matches };
	assert_int_equal(sd_event_new(&f->loop), 0);
	assert_int_equal(input_start(f->loop, &f->cfg, &callbacks, &f->input), 0);
}

static void stop(struct follower *f)
{
	f->input = input_stop(f->input);
	f->loop = sd_event_unref(f->loop);
}

/* Reads until there are n lines, and as long again as it takes for one that is too many to come. */
static void gives(struct follower *f, const char *lines)
{
	usec_t end = time_monotonic() + 10 * USEC_PER_SEC;

	while (strlen(f->lines) < strlen(lines) && time_monotonic() < end)
		sd_event_run(f->loop, 10 * USEC_PER_MSEC);
	for (end = time_monotonic() + 100 * USEC_PER_MSEC; time_monotonic() < end;)
		sd_event_run(f->loop, 10 * USEC_PER_MSEC);
	assert_string_equal(f->lines, lines);
}

static void journal_has(const char *message)
{
	usec_t end = time_monotonic() + 10 * USEC_PER_SEC;
	char *match = text_printf("MESSAGE=%s", message);
	sd_journal *j;
	int n = 0;

	while (n == 0 && time_monotonic() < end) {
		assert_int_equal(sd_journal_open(&j, SD_JOURNAL_LOCAL_ONLY), 0);
		assert_int_equal(sd_journal_add_match(j, match, 0), 0);
		n = real_next(j);
		sd_journal_close(j);
	}
	assert_int_equal(n, 1);
	free(match);
}

static char one[] = "SYSLOG_IDENTIFIER=one", two[] = "SYSLOG_IDENTIFIER=two";
static char *both[] = { one, two, NULL };

static void an_entry_that_was_passed_over_is_read(void **state)
{
	struct follower f = { 0 };

	(void)state;
	follow(&f, both);
	send_entry(one, "MESSAGE=p1");
	gives(&f, "p1\n");
	send_entry(two, "MESSAGE=p2");
	send_entry(one, "MESSAGE=p3");
	send_entry(two, "MESSAGE=p4");
	journal_has("p4");
	faults.pass_over = 1;
	gives(&f, "p1\np2\np3\np4\n");
	assert_int_equal(faults.pass_over, 0);
	stop(&f);
	free(f.position);
}

static void an_entry_that_was_looked_for_too_early_is_read(void **state)
{
	struct follower f = { 0 };

	(void)state;
	follow(&f, both);
	faults.miss = 1;
	send_entry(one, "MESSAGE=e1");
	gives(&f, "e1\n");
	assert_int_equal(faults.miss, 0);
	stop(&f);
	free(f.position);
}

static void a_message_that_is_being_linked_is_waited_for(void **state)
{
	struct follower f = { 0 };

	(void)state;
	follow(&f, both);
	send_entry(one, "MESSAGE=m1");
	send_entry(two, "MESSAGE=m2");
	journal_has("m2");
	gives(&f, "m1\nm2\n");
	faults.no_message = 2;
	send_entry(two, "MESSAGE=m3");
	gives(&f, "m1\nm2\nm3\n");
	assert_int_equal(faults.no_message, 0);
	/* One that has none at all is not in the way of others. */
	send_entry(one, "OTHER=x");
	send_entry(one, "MESSAGE=m4");
	send_entry(one, "OTHER=x");
	gives(&f, "m1\nm2\nm3\nm4\n");
	send_entry(one, "MESSAGE=m5");
	gives(&f, "m1\nm2\nm3\nm4\nm5\n");
	stop(&f);
	free(f.position);
}

/* From a user whose file journald has to make first. */
static void send_as(uid_t uid, const char *field, const char *message)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(setuid(uid) < 0 || send_entry(field, message) < 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void what_is_in_a_new_file_is_read_before_what_came_later(void **state)
{
	struct follower f = { 0 };

	(void)state;
	follow(&f, both);
	send_entry(one, "MESSAGE=f1");
	gives(&f, "f1\n");
	send_as(2000, one, "MESSAGE=f2");
	journal_has("f2");
	send_entry(one, "MESSAGE=f3");
	journal_has("f3");
	faults.unnoticed = 1;
	gives(&f, "f1\nf2\nf3\n");
	assert_int_equal(faults.unnoticed, 0);
	stop(&f);
	free(f.position);
}

static void what_came_while_it_was_stopped_is_read_though_nothing_was_before(void **state)
{
	char match[] = "SYSLOG_IDENTIFIER=quiet", *matches[] = { match, NULL };
	struct follower f = { 0 };

	(void)state;
	send_entry("MESSAGE=of no interest");
	journal_has("of no interest");
	follow(&f, matches);
	gives(&f, "");
	stop(&f);
	send_entry(match, "MESSAGE=s1");
	journal_has("s1");
	follow(&f, matches);
	gives(&f, "s1\n");
	stop(&f);
	free(f.position);
}

/* journald knows the sender of a line's rest, but not of its beginning. */
static void the_rest_of_a_line_is_one_though_its_sender_was_not_known_before(void **state)
{
	struct follower f = { 0 };

	(void)state;
	follow(&f, both);
	send_entry(one, "XSTREAM_ID=a", "XLINE_BREAK=pid-change", "MESSAGE=begins");
	send_entry(one, "XSTREAM_ID=b", "XPID=7", "MESSAGE=other stream");
	send_entry(one, "XSTREAM_ID=a", "XPID=7", "MESSAGE=rest");
	send_entry(one, "XSTREAM_ID=a", "XPID=7", "MESSAGE=whole");
	/* Where both are known, another's line is whole. */
	send_entry(one, "XSTREAM_ID=a", "XPID=7", "XLINE_BREAK=pid-change", "MESSAGE=begins");
	send_entry(one, "XSTREAM_ID=a", "XPID=77", "MESSAGE=another's");
	send_entry(one, "XSTREAM_ID=a", "XPID=7", "MESSAGE=rest");
	gives(&f, "begin\x1a\nother stream\nwhole\nbegin\x1a\nanother's\n");
	stop(&f);
	free(f.position);
}

static void a_rest_is_one_though_the_agent_was_stopped_before_it(void **state)
{
	struct follower f = { 0 };

	(void)state;
	follow(&f, both);
	send_entry(one, "XSTREAM_ID=r", "XPID=7", "XLINE_BREAK=line-max", "MESSAGE=begins");
	gives(&f, "begin\x1a\n");
	stop(&f);
	send_entry(one, "XSTREAM_ID=r", "XPID=7", "MESSAGE=rest");
	send_entry(one, "XSTREAM_ID=r", "XPID=7", "MESSAGE=whole");
	journal_has("whole");
	follow(&f, both);
	gives(&f, "begin\x1a\nwhole\n");
	stop(&f);
	free(f.position);
}

/* As journald does to a file that it deletes. */
static void a_file_that_is_cut_under_our_eyes_ends_nothing(void **state)
{
	static const char old_files[] = "/var/log/journal/*/system@*.journal";
	struct follower f = { 0 };
	glob_t old;

	(void)state;
	send_entry(one, "MESSAGE=t1");
	journal_has("t1");
	kill(journald, SIGUSR2);
	await(old_files);
	follow(&f, both);
	send_entry(one, "MESSAGE=t2");
	gives(&f, "t2\n");
	assert_int_equal(glob(old_files, 0, NULL, &old), 0);
	assert_int_equal(truncate(old.gl_pathv[0], 0), 0);
	globfree(&old);
	send_entry(one, "MESSAGE=t3");
	gives(&f, "t2\nt3\n");
	stop(&f);
	free(f.position);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_that_was_passed_over_is_read),
		cmocka_unit_test(an_entry_that_was_looked_for_too_early_is_read),
		cmocka_unit_test(a_message_that_is_being_linked_is_waited_for),
		cmocka_unit_test(what_is_in_a_new_file_is_read_before_what_came_later),
		cmocka_unit_test(what_came_while_it_was_stopped_is_read_though_nothing_was_before),
		cmocka_unit_test(the_rest_of_a_line_is_one_though_its_sender_was_not_known_before),
		cmocka_unit_test(a_rest_is_one_though_the_agent_was_stopped_before_it),
		cmocka_unit_test(a_file_that_is_cut_under_our_eyes_ends_nothing),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
