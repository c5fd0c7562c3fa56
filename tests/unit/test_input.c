/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The line splitter and positions; files and journals are followed for real in tests/e2e. */
#include "unit.h"

#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "input/input.h"
#include "input/lines.h"
#include "input/position.h"

/* Reads text in pieces of step bytes; the lines as one string. */
static char *split(const char *text, size_t len, size_t step, struct lines *l)
{
	char *out = calloc(1, len + 2);
	size_t used = 0, whole;

	assert_int_equal(lines_init(l, NULL, NULL), 0);
	while (len > 0) {
		size_t n = step < len ? step : len;

		memcpy(lines_room(l), text, n);
		whole = lines_take(l, n);
		memcpy(out + used, l->buf, whole);
		used += whole;
		lines_next(l);
		text += n;
		len -= n;
	}
	return out;
}

static void gives(const char *text, size_t len, const char *expected, size_t pending)
{
	size_t step;

	for (step = 1; step <= len; step++) {
		struct lines l;
		char *out = split(text, len, step, &l);

		assert_string_equal(out, expected);
		assert_int_equal(l.pending, pending);
		free(out);
		lines_done(&l);
	}
}

static void lines_are_the_same_in_all_pieces(void **state)
{
	(void)state;
	gives("one\ntwo\nthr", 11, "one\ntwo\n", 3);
	gives("one\r\n\r\ntwo\r\n", 12, "one\n\ntwo\n", 0);
	gives("\0\0\0one\n", 7, "one\n", 0);
	gives("\n\n\n", 3, "\n\n\n", 0);
}

static void a_long_line_is_cut_once_and_its_rest_dropped(void **state)
{
	size_t size = INPUT_LINE_MAX + 1000, step;
	char *text = malloc(size + 10);

	(void)state;
	memset(text, 'x', size);
	memcpy(text + size, "\nnext\n", 6);
	for (step = 7; step < size; step = step * 3 + 1) {
		struct lines l;
		char *out = split(text, size + 6, step, &l);

		assert_int_equal(strlen(out), INPUT_LINE_MAX + 6);
		/* Where it was cut is marked, so that an address there is not believed. */
		assert_int_equal(out[INPUT_LINE_MAX - 1], INPUT_CUT_MARK);
		assert_string_equal(out + INPUT_LINE_MAX, "\nnext\n");
		assert_int_equal(l.cut, 1);
		free(out);
		lines_done(&l);
	}
	free(text);
}

static bool begins_with_blank(void *userdata, const char *line, size_t len)
{
	(void)userdata;
	return len > 0 && *line == ' ';
}

/* Whatever the pieces, what is handed on never ends before a line that belongs to it. */
static void lines_that_belong_together_stay_together(void **state)
{
	static const char text[] = "a\n b\n c\nd\ne\n f\ng\n";
	size_t step;

	(void)state;
	for (step = 1; step < sizeof(text); step++) {
		size_t at, handed = 0;
		struct lines l;

		assert_int_equal(lines_init(&l, begins_with_blank, NULL), 0);
		for (at = 0; at < sizeof(text) - 1; at += step) {
			size_t n = sizeof(text) - 1 - at < step ? sizeof(text) - 1 - at : step, whole;

			memcpy(lines_room(&l), text + at, n);
			whole = lines_take(&l, n);
			handed += whole;
			assert_true(text[handed] != ' ');
			lines_next(&l);
			assert_int_equal(l.pending, at + n - handed);
		}
		/* The last is known to be whole only when nothing follows. */
		assert_string_equal(text + handed, "g\n");
		assert_true(lines_holds(&l));
		assert_int_equal(lines_release(&l), 2);
		assert_memory_equal(l.buf, "g\n", 2);
		lines_next(&l);
		assert_false(lines_holds(&l));
		assert_int_equal(l.pending, 0);
		lines_done(&l);
	}
}

static void a_line_with_more_behind_it_than_can_be_held_is_not_believed(void **state)
{
	size_t size = INPUT_LINE_MAX + 100, whole;
	struct lines l;
	char *room;

	(void)state;
	assert_int_equal(lines_init(&l, begins_with_blank, NULL), 0);
	room = lines_room(&l);
	memcpy(room, "from 192.0.2.5\n", 15);
	memset(room + 15, ' ', size);
	whole = lines_take(&l, 15 + size);
	assert_int_equal(whole, 15);
	assert_memory_equal(l.buf, "from 192.0.2.\x1a\n", 15);
	lines_next(&l);
	lines_done(&l);
}

static void positions_survive_being_text(void **state)
{
	char path[] = "/tmp/sipwarden-test-XXXXXX", text[POSITION_TEXT_MAX];
	struct position p, q;
	struct stat st;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "first line\nsecond\n", 18), 18);
	assert_int_equal(position_take(fd, 11, &p), 0);
	assert_true(position_parse(position_format(&p, text), &q));
	assert_memory_equal(&p, &q, sizeof(p));
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(position_fits(&q, fd, &st));
	/* Another file in its place. */
	assert_int_equal(pwrite(fd, "F", 1, 0), 1);
	assert_false(position_fits(&q, fd, &st));
	close(fd);
	unlink(path);
}

static void what_is_no_position_is_refused(void **state)
{
	static const char *const bad[] = { "", "1", "1 2 3", "2 1 1 1 00", "1 1 1 1 0", "1 1 1 1 0g", "1 -1 1 1 00",
					   "1 99999999999999999999 1 1 00", "nonsense" };
	struct position p;
	size_t i;

	(void)state;
	for (i = 0; i < ELEMENTSOF(bad); i++)
		assert_false(position_parse(bad[i], &p));
}

/* Who has a backlog of days must still commit, answer, and hear what the kernel says. */

#define BACKLOG ((size_t)8 << 20)

struct backlog {
	sd_event *loop;
	size_t lines, turns; /* of the input, and of another source that always has something to do */
};

static void take_lines(void *userdata, struct input *in, const struct input_chunk *chunk)
{
	struct backlog *b = userdata;

	(void)in;
	b->lines += chunk->n_lines;
	if (b->lines * 2 == BACKLOG)
		sd_event_exit(b->loop, 0);
}

static void forget_position(void *userdata, struct input *in, const char *key, const char *value)
{
	(void)userdata;
	(void)in;
	(void)key;
	(void)value;
}

static char *know_no_position(void *userdata, const char *key)
{
	(void)userdata;
	(void)key;
	return NULL;
}

static int take_turn(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct backlog *b = userdata;

	(void)source;
	(void)fd;
	(void)revents;
	b->turns++;
	return 0;
}

static void write_backlog(const char *path)
{
	FILE *f = fopen(path, "w");
	size_t i;

	assert_non_null(f);
	for (i = 0; i < BACKLOG; i += 2)
		assert_int_equal(fwrite("x\n", 1, 2, f), 2);
	assert_int_equal(fclose(f), 0);
}

static void a_backlog_is_read_in_turns_with_all_else(void **state)
{
	char dir[] = "/tmp/sipwarden-input-XXXXXX", *paths[] = { NULL, NULL };
	const struct config_input cfg = { .name = (char *)"backlog", .type = INPUT_FILE, .paths = paths, .from_start = true };
	struct backlog b = { NULL, 0, 0 };
	const struct input_callbacks callbacks = { take_lines, forget_position, NULL, know_no_position, &b };
	struct input *in = NULL;
	int fds[2];

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_true(asprintf(&paths[0], "%s/log", dir) > 0);
	write_backlog(paths[0]);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_true(sd_event_new(&b.loop) >= 0);
	assert_true(sd_event_add_io(b.loop, NULL, fds[0], EPOLLIN, take_turn, &b) >= 0);
	assert_int_equal(input_start(b.loop, &cfg, &callbacks, &in), 0);
	assert_int_equal(sd_event_loop(b.loop), 0);
	assert_int_equal(b.lines * 2, BACKLOG);
	/* A mebibyte at a time. */
	assert_true(b.turns >= (BACKLOG >> 20) - 1);
	input_stop(in);
	sd_event_unref(b.loop);
	close(fds[0]);
	close(fds[1]);
	unlink(paths[0]);
	rmdir(dir);
	free(paths[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_the_same_in_all_pieces),
		cmocka_unit_test(a_long_line_is_cut_once_and_its_rest_dropped),
		cmocka_unit_test(lines_that_belong_together_stay_together),
		cmocka_unit_test(a_line_with_more_behind_it_than_can_be_held_is_not_believed),
		cmocka_unit_test(positions_survive_being_text),
		cmocka_unit_test(what_is_no_position_is_refused),
		cmocka_unit_test(a_backlog_is_read_in_turns_with_all_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
