/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The line splitter and positions; files and journals are followed for real in tests/e2e. */
#include "unit.h"

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

	assert_int_equal(lines_init(l), 0);
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
		assert_string_equal(out + INPUT_LINE_MAX, "\nnext\n");
		assert_int_equal(l.cut, 1);
		free(out);
		lines_done(&l);
	}
	free(text);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_the_same_in_all_pieces),
		cmocka_unit_test(a_long_line_is_cut_once_and_its_rest_dropped),
		cmocka_unit_test(positions_survive_being_text),
		cmocka_unit_test(what_is_no_position_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
