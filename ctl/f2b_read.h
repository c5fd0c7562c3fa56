/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_F2B_READ_H
#define SIPWARDEN_F2B_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"
#include "f2b_text.h"

/*
 * A filter of fail2ban as its files say it: INI in the dialect of Python's
 * configparser, with the includes and the *.local files beside it, in the order
 * in which fail2ban lets one file override another.
 */
struct f2b_option {
	char *section; /* as written */
	char *key;     /* lower case */
	char *value;   /* lines joined by '\n'; marks in it: see below */
	bool known;    /* the value that a later file replaced: %(known/key)s */
};

struct f2b_place {
	const char *file;
	unsigned line;
};

/*
 * Values carry marks through all substitution, so that at the end it is known
 * where a regex was written: before each line of a value of several lines stand
 * F2B_PLACE, the number of its place and F2B_PLACE_END. What a variable for the
 * head of a log line (__prefix_line) stands for is between F2B_HEAD and
 * F2B_HEAD_END. Files that hold these characters are refused.
 */
#define F2B_HEAD '\1'
#define F2B_HEAD_END '\2'
#define F2B_PLACE '\3'
#define F2B_PLACE_END '\4'

#define F2B_FILE_MAX ((size_t)1 << 20)
#define F2B_FILES_MAX 64
#define F2B_OPTIONS_MAX 5000

struct f2b {
	struct diag *diag;
	char **files; /* NULL-terminated; places point to them */
	struct f2b_option *options;
	size_t n_options;
	struct f2b_place *places;
	size_t n_places;
	unsigned substitutions; /* done so far; see f2b_value.c */
};

/*
 * Reads path, what it includes, and PATH.local, PATH.d/(any).conf and .local.
 * Mistakes go to diag. Returns 0, -EINVAL (errors in diag), -ENOMEM, or the
 * negative errno of reading path.
 */
int f2b_read(struct f2b *f, const char *path, struct diag *diag);
/* The same for one text in memory, without includes: fuzzing. */
int f2b_read_text(struct f2b *f, const char *name, const char *text, size_t len, struct diag *diag);
/* A value given on the command line, over all that the files say. */
int f2b_override(struct f2b *f, const char *key, const char *value);
void f2b_done(struct f2b *f);

/* The value as written, or NULL. */
const char *f2b_find(const struct f2b *f, const char *section, const char *key, bool known);

/*
 * The value of key in [Definition] or [Init], after all substitution: %(…)s and
 * <…> for everything that the files define. False: it is not there, or cannot be
 * resolved (said in diag).
 */
bool f2b_value(struct f2b *f, const char *key, struct f2b_text *ret);
/* The place that the marks at the head of text name, NULL if there are none; moves *text behind them. */
const struct f2b_place *f2b_take_place(const struct f2b *f, const char **text);
/* Copies text without marks of places. */
void f2b_strip_places(const char *text, size_t len, struct f2b_text *to);

/* Over all sections; what f2b_override() sets. */
#define F2B_OVERRIDE "<command line>"

#endif
