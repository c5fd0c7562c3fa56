/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_F2B_REGEX_H
#define SIPWARDEN_F2B_REGEX_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "f2b_text.h"

/*
 * A regex of fail2ban (Python's re, with fail2ban's <TAGS>) as a tree, so that
 * it can be put together, cut and rewritten without mistaking one parenthesis
 * for another.
 */
enum re_kind {
	RE_SEQ,	   /* one after the other */
	RE_ALT,	   /* one of them */
	RE_CHAR,   /* byte */
	RE_SET,	   /* one byte out of a set: class, \d, '.' */
	RE_LEFT,   /* ^, \A */
	RE_RIGHT,  /* $, \Z */
	RE_EDGE,   /* \b, \B */
	RE_GROUP,  /* one child, an RE_ALT */
	RE_REPEAT, /* one child, min to max times */
	RE_REF,	   /* (?P=name), \1 */
	RE_COND,   /* (?(name)yes|no): two children */
	RE_ADDR,   /* <HOST>, <ADDR>, <IP4>, <IP6> */
	RE_DATE,   /* {DATE} of a datepattern */
	RE_HOLE,   /* where fail2ban has cut a date out of the line; byte 1: between blanks, maybe in brackets
		    */
	RE_NOTHING, /* matches the empty text */
};

enum re_group {
	RE_PLAIN,   /* (?:…), and F- tags without meaning here */
	RE_FLAGS,   /* (?i:…): name holds the flags */
	RE_CAPTURE, /* (…), (?P<name>…), <F-NAME>…</F-NAME>; name NULL: unnamed */
	RE_LOOK,    /* lookaround: name holds "?=", "?!", "?<=" or "?<!" */
	RE_ATOMIC,  /* (?>…) */
	RE_HEAD,    /* what a variable for the head of a log line stands for */
	RE_CONTENT, /* <F-CONTENT> of a prefregex */
	RE_NOFAIL,  /* <F-NOFAIL>: fail2ban counts it only with another line */
	RE_GAINED,  /* <F-MLFGAINED>: success */
	RE_ID,	    /* <F-ID>: what fail2ban bans */
};

enum re_addr { RE_ADDR_ANY, RE_ADDR_IP4, RE_ADDR_IP6 };

#define RE_INFINITE UINT_MAX

struct re_set {
	uint32_t bits[8];
};

struct re {
	enum re_kind kind;
	enum re_group group;
	enum re_addr addr;
	unsigned char byte; /* RE_CHAR; RE_EDGE: 'b' or 'B' */
	struct re_set set;
	unsigned min, max; /* RE_REPEAT */
	char suffix;	   /* RE_REPEAT: '?' lazy, '+' possessive, '\0' */
	char *name;	   /* of a group, reference or condition */
	unsigned number;   /* of a capture, reference or condition; 0: by name */
	bool user;	   /* a capture of the user's name */
	bool used;	   /* a capture that is referred to */
	struct re **child;
	size_t n;
};

/* Longest regex, and deepest nesting, that is read. */
#define RE_LENGTH_MAX ((size_t)60 << 10)
#define RE_DEPTH_MAX 100

/*
 * Reads text. Returns a tree (RE_ALT at its top), or NULL with *error: what is
 * wrong, static text, and *offset: where.
 */
struct re *re_parse(const char *text, size_t len, const char **error, size_t *offset);
struct re *re_free(struct re *r);

/* Building. NULL: out of memory; the children are then released. */
struct re *re_new(enum re_kind kind);
struct re *re_char(unsigned char byte);
struct re *re_any_text(void);		      /* .* */
bool re_add(struct re *to, struct re *child); /* false: out of memory, child released */
bool re_insert(struct re *to, size_t at, struct re *child);
struct re *re_copy(const struct re *r);

bool re_set_has(const struct re_set *s, unsigned char byte);
void re_set_add(struct re_set *s, unsigned char byte);
void re_set_invert(struct re_set *s);
bool re_set_equal(const struct re_set *a, const struct re_set *b);
/* The set of \d, \w, \s (or \D, \W, \S), or of '.'. False: there is no such. */
bool re_set_named(char name, struct re_set *ret);

/* Could a sender write an address here? (digits, and '.' or ':') */
bool re_is_wide(const struct re *r);

/* f2b_shape.c: rewriting trees. Returns NULL, or what stands in the way (static text). */

/*
 * Makes the regex say all of the text from its start to its end: takes away '^'
 * at the start and '$' at the end of each alternative, and puts ".*" where there
 * was none. After that no '^' or '$' may be left, other than '$' if end_of_line.
 */
const char *re_anchor(struct re *r, bool end_of_line);
/* Alternatives marked <F-NOFAIL> become negative lookaheads before the others. */
const char *re_drop_nofail(struct re *r);
/*
 * Puts RE_HOLE where a date was cut out: between before and after (characters of
 * the regex; after "": any). Returns how many, or -ENOMEM.
 */
int re_add_holes(struct re *r, const char *before, const char *after);
/* The same behind each \s* and \s+ that the regex itself (no group of it) has: a date may have been cut
 * there. */
bool re_add_blank_holes(struct re *r);
/*
 * Where text of the sender stands in front of the address, he may write what
 * ends a quoted field: '[^']*' then sees only the reading that he wants to be
 * seen. Such fields take any character, so that all readings come out.
 */
void re_widen(struct re *r);
/*
 * What stands behind the address cannot change it: one way to read that is
 * enough. Says so, so that a line is not read in thousands of ways.
 */
bool re_commit(struct re *r);
/*
 * Ties references to their groups, by names that start with prefix; (?:X|.*)
 * becomes .*
 */
const char *re_link(struct re *r, char prefix);

struct re_facts {
	unsigned addresses, contents, nofails, gained, ids;
	bool lines; /* a line feed: more than one line */
	bool wide;  /* text of the sender in front of the address */
};
void re_facts(const struct re *r, struct re_facts *ret);
struct re *re_find_group(struct re *r, enum re_group group);

/* f2b_write.c */

enum re_style {
	RE_PATTERN, /* text of the sender stands in captures "user" and "text" */
	RE_LOOKING, /* part of a lookahead: no captures */
	RE_BEFORE,  /* part of the prefix: no captures, and nothing without bound */
};

/* The different RE_HEADs of a filter: defines (?&head1), (?&head2), … */
#define RE_HEADS_MAX 4
struct re_heads {
	struct f2b_text text[RE_HEADS_MAX];
	size_t n;
};
void re_heads_done(struct re_heads *h);

/*
 * The tree as a PCRE2 regex of ours. It may be broken into lines where '\n'
 * stands; the regex itself holds none. heads NULL: they are written out.
 */
void re_write(const struct re *r, enum re_style style, struct re_heads *heads, struct f2b_text *to);
/*
 * Text of at least LITERAL_MIN bytes that every match holds; or several, one a
 * line, of which every match holds one. Length 0: there is none.
 */
void re_literal(const struct re *r, struct f2b_text *to);

#endif
