/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_BASE_PACK_H
#define SIPWARDEN_BASE_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/*
 * Records for the store, in as few bytes as they need, and the same on every
 * machine. Numbers take seven bits a byte, the lowest first. Records of one kind
 * stand in a section, which says what they are of: kind is the layout, which is
 * never changed, only replaced by another kind; id is the table.
 */
struct pack {
	uint8_t *data;
	size_t len, size;
	bool failed; /* out of memory: what is there is not whole */
};

void pack_done(struct pack *p);
void pack_number(struct pack *p, uint64_t n);
void pack_bytes(struct pack *p, const void *data, size_t len);
/* With its length; NULL is told from "". */
void pack_text(struct pack *p, const char *text, size_t len);
void pack_addr(struct pack *p, const struct addr *a);

/* Returns what pack_end() wants. */
size_t pack_begin(struct pack *p, unsigned kind, uint64_t id);
/* A section without records leaves nothing behind. */
void pack_end(struct pack *p, size_t begin);

/* Reading: whatever the bytes are, nothing is read beyond their end. */
struct unpack {
	const uint8_t *at, *end;
};

struct section {
	unsigned kind;
	uint64_t id;
	struct unpack records;
};

/* Each: false at the end, or if the bytes make no sense. */
bool unpack_number(struct unpack *u, uint64_t *ret);
/* The same for what must be less than limit. */
bool unpack_below(struct unpack *u, uint64_t limit, uint64_t *ret);
bool unpack_bytes(struct unpack *u, void *to, size_t len);
/* A new string with a final NUL (*len does not count it), or NULL as it was packed. -ENOMEM counts as nonsense. */
bool unpack_text(struct unpack *u, char **ret, size_t *len);
bool unpack_addr(struct unpack *u, struct addr *ret);
bool unpack_section(struct unpack *u, struct section *ret);

#endif
