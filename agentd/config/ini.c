/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/ini.h"

#include <errno.h>
#include <ini.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/textfile.h"

/*
 * What inih gets to see is not the file but a rendering of it in which nothing
 * can go wrong: values as hexadecimal digits, cut into pieces that fit its line
 * buffer. The first piece of a value is "key = v…", the others are continuation
 * lines " +…"; hexadecimal holds no blank, ';' or '#' that any version of inih
 * could take for the start of a comment. The line "* = s" after a header tells
 * our handler of the section; '*' is no character of a key.
 */
#define MARK_SECTION "*"
#define PIECE_FIRST 'v'
#define PIECE_MORE '+'
/* " = v" or " +", with LF and NUL. */
#define PIECE_FRAME 6

struct ini_reader_state {
	const char *name;
	struct diag *diag;
	ini_fn fn;
	void *userdata;
	struct span rest; /* text not yet looked at */
	unsigned line;	  /* physical line last taken from it */
	int error;

	/* What the lines taken so far mean, and what inih has to be told. */
	char section[INI_NAME_MAX + 1]; /* empty: none yet, or a bad header */
	char key[INI_NAME_MAX + 1];	/* empty: nothing that could be continued */
	bool skipping; /* what follows belongs to a header or key already refused */
	bool tell_header, tell_section, tell_value;
	bool first;	   /* the next piece starts a value */
	bool newline;	   /* the next piece starts a continuation line */
	struct span value; /* rest of the line's value */

	/* The value being put together again from its pieces. */
	char *open_section, *open_key;
	char *text;
	size_t len, size;
	unsigned open_line;
};

static void say(struct ini_reader_state *r, const char *hint, const char *what, struct span about)
{
	char buf[80];

	if (about.ptr)
		diag_error(r->diag, r->name, r->line, hint, "%s: '%s'", what,
			   text_escape(about, buf, sizeof(buf)));
	else
		diag_error(r->diag, r->name, r->line, hint, "%s", what);
}

static bool name_fits(struct span name, const char *extra)
{
	if (name.len == 0 || name.len > INI_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
			continue;
		if (c == '\0' || !strchr(extra, c))
			return false;
	}
	return true;
}

/* A refused header also takes the keys below it out of sight, or they would be
 * read as keys of the section above. */
static void take_header(struct ini_reader_state *r, struct span line)
{
	const char *close = memchr(line.ptr, ']', line.len);
	struct span name;

	r->section[0] = r->key[0] = '\0';
	r->skipping = true;
	if (!close) {
		say(r, "end it with ']'", "section header without ']'", line);
		return;
	}
	if (close + 1 != line.ptr + line.len) {
		say(r, "a comment needs a line of its own", "text after the section header", line);
		return;
	}
	name = span_trim((struct span){ line.ptr + 1, line.len - 2 });
	if (name.len > INI_NAME_MAX) {
		say(r, "at most 49 characters", "section header too long", name);
		return;
	}
	if (!name_fits(name, " _.-")) {
		say(r, "letters, digits, '_', '.', '-' and a blank between type and name", "bad section header",
		    name);
		return;
	}
	memcpy(r->section, name.ptr, name.len);
	r->section[name.len] = '\0';
	r->skipping = false;
	r->tell_header = r->tell_section = true;
}

static void take_key(struct ini_reader_state *r, struct span line)
{
	const char *equals = memchr(line.ptr, '=', line.len);
	struct span key;

	r->key[0] = '\0';
	if (!equals) {
		say(r, "write KEY = VALUE; a line that continues a value starts with a blank", "no '=' in this line",
		    line);
		r->skipping = true;
		return;
	}
	key = span_trim((struct span){ line.ptr, (size_t)(equals - line.ptr) });
	if (!name_fits(key, "_-")) {
		say(r, "letters, digits, '_' and '-', at most 49 of them", "bad key", key);
		r->skipping = true;
		return;
	}
	if (r->section[0] == '\0') {
		if (!r->skipping)
			say(r, "start with a header like [sipwarden]", "key outside of a section", key);
		r->skipping = true;
		return;
	}
	memcpy(r->key, key.ptr, key.len);
	r->key[key.len] = '\0';
	r->skipping = false;
	r->value = span_trim((struct span){ equals + 1, (size_t)(line.ptr + line.len - equals - 1) });
	r->tell_value = r->first = true;
}

static void take_continuation(struct ini_reader_state *r, struct span text)
{
	if (*text.ptr == '#' || *text.ptr == ';') {
		say(r, "start a comment in the first column; as text, write it in another way (regex: \\x23, \\x3b)",
		    "cannot tell if this is a comment or continues the value above", text);
		return;
	}
	if (r->key[0] == '\0') {
		if (!r->skipping)
			say(r, "start a key in the first column", "nothing above that this line could continue",
			    text);
		r->skipping = true;
		return;
	}
	r->value = text;
	r->tell_value = r->newline = true;
}

static void take_line(struct ini_reader_state *r, struct span line)
{
	struct span text = span_trim(line);
	const char *what = NULL;

	if (line.len > INI_LINE_MAX)
		what = "line longer than 65536 bytes";
	else if (memchr(line.ptr, '\0', line.len))
		what = "NUL byte in this line";
	else if (text.len > 0 && memchr(text.ptr, '\r', text.len))
		what = "carriage return inside this line";
	if (what) {
		say(r, NULL, what, (struct span){ NULL, 0 });
		r->key[0] = '\0';
		r->skipping = true;
		return;
	}
	if (text.len == 0 || *line.ptr == '#' || *line.ptr == ';')
		return;
	if (*line.ptr == ' ' || *line.ptr == '\t')
		take_continuation(r, text);
	else if (*line.ptr == '[')
		take_header(r, text);
	else
		take_key(r, text);
}

static char *put_hex(char *to, unsigned char byte)
{
	static const char digits[] = "0123456789abcdef";

	*to++ = digits[byte >> 4];
	*to++ = digits[byte & 15];
	return to;
}

/* One piece of the value, as large as inih's buffer of size bytes takes it. */
static char *tell_piece(struct ini_reader_state *r, char *buf, size_t size)
{
	size_t frame = PIECE_FRAME + (r->first ? strlen(r->key) : 0);
	size_t room = size > frame ? (size - frame) / 2 : 0;
	char *to = buf;

	if (room < 2) { /* an inih built with a buffer that holds no line at all */
		r->error = -ENOBUFS;
		return NULL;
	}
	if (r->first)
		to = stpcpy(stpcpy(to, r->key), " = ");
	else
		*to++ = ' ';
	*to++ = r->first ? PIECE_FIRST : PIECE_MORE;
	if (r->newline) {
		to = put_hex(to, '\n');
		room--;
	}
	r->first = r->newline = false;
	for (; room > 0 && r->value.len > 0; room--) {
		to = put_hex(to, (unsigned char)*r->value.ptr);
		r->value.ptr++;
		r->value.len--;
	}
	r->tell_value = r->value.len > 0;
	strcpy(to, "\n");
	return buf;
}

/* The ini_reader that inih calls for each line, as fgets(3). */
static char *read_line(char *buf, int size, void *userdata)
{
	struct ini_reader_state *r = userdata;
	struct span line;

	for (;;) {
		if (r->error)
			return NULL;
		if (r->tell_header) {
			r->tell_header = false;
			snprintf(buf, (size_t)size, "[%s]\n", r->section);
			return buf;
		}
		if (r->tell_section) {
			r->tell_section = false;
			snprintf(buf, (size_t)size, MARK_SECTION " = s\n");
			return buf;
		}
		if (r->tell_value)
			return tell_piece(r, buf, (size_t)size);
		if (!textfile_next_line(&r->rest, &line))
			return NULL;
		r->line++;
		take_line(r, line);
	}
}

static void close_value(struct ini_reader_state *r)
{
	if (r->open_key && !r->error)
		r->fn(r->userdata, r->open_section, r->open_key, r->text, r->open_line);
	free(TAKE_PTR(r->open_key));
	free(TAKE_PTR(r->open_section));
	r->len = 0;
}

static void open_value(struct ini_reader_state *r, const char *section, const char *key)
{
	r->open_section = strdup(section);
	r->open_key = strdup(key);
	r->open_line = r->line;
	if (!r->open_section || !r->open_key)
		r->error = -ENOMEM;
}

static unsigned hex_value(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

static void add_piece(struct ini_reader_state *r, const char *hex)
{
	size_t n = strlen(hex) / 2;

	if (r->size - r->len <= n) {
		size_t size = (r->len + n + 1) * 2;
		char *text = realloc(r->text, size);

		if (!text) {
			r->error = -ENOMEM;
			return;
		}
		r->text = text;
		r->size = size;
	}
	for (size_t i = 0; i < n; i++)
		r->text[r->len++] = (char)(hex_value(hex[2 * i]) << 4 | hex_value(hex[2 * i + 1]));
	r->text[r->len] = '\0';
}

/* The ini_handler of inih. Never 0: that could make it stop. */
static int handle(void *userdata, const char *section, const char *name, const char *value)
{
	struct ini_reader_state *r = userdata;

	if (!name || r->error) /* without name: an inih built to announce sections itself */
		return 1;
	if (*value == PIECE_MORE) {
		add_piece(r, value + 1);
		return 1;
	}
	close_value(r);
	if (strcmp(name, MARK_SECTION) == 0) {
		r->fn(r->userdata, section, NULL, NULL, r->line);
		return 1;
	}
	open_value(r, section, name);
	add_piece(r, value + 1);
	return 1;
}

int ini_parse_text(const char *name, const char *text, size_t len, ini_fn fn, void *userdata,
		   struct diag *diag)
{
	struct ini_reader_state r = { .name = name, .diag = diag, .fn = fn, .userdata = userdata };
	int failed;

	r.rest = textfile_skip_bom((struct span){ text, len });
	if (len > INI_FILE_MAX) {
		diag_error(diag, name, 0, NULL, "the text is larger than %zu bytes", INI_FILE_MAX);
		return 0;
	}
	failed = ini_parse_stream(read_line, &r, handle, &r);
	close_value(&r);
	free(r.text);
	if (failed == -2)
		return -ENOMEM;
	if (failed != 0 || r.error == -ENOBUFS) {
		diag_error(diag, name, r.line, NULL, "the INI library of this system cannot read this line");
		return 0;
	}
	return r.error;
}

int ini_parse_file_path(const char *path, ini_fn fn, void *userdata, struct diag *diag)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r = textfile_read(path, INI_FILE_MAX, diag, &text, &len);

	return r < 0 ? r : ini_parse_text(path, text, len, fn, userdata, diag);
}
