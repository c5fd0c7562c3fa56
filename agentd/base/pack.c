/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/pack.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define NUMBER_MAX 10 /* bytes of a 64-bit number */
#define LENGTH_SIZE 4 /* of a section, filled in at its end */

void pack_done(struct pack *p)
{
	free(p->data);
	*p = (struct pack){ 0 };
}

static uint8_t *room(struct pack *p, size_t n)
{
	size_t size = p->size ? p->size : 4096;
	uint8_t *data;

	if (p->failed)
		return NULL;
	while (size - p->len < n)
		size *= 2;
	if (size != p->size) {
		data = realloc(p->data, size);
		if (!data) {
			p->failed = true;
			return NULL;
		}
		p->data = data;
		p->size = size;
	}
	return p->data + p->len;
}

void pack_number(struct pack *p, uint64_t n)
{
	uint8_t *to = room(p, NUMBER_MAX);

	if (!to)
		return;
	for (; n >= 0x80; n >>= 7)
		*to++ = (uint8_t)(n | 0x80);
	*to++ = (uint8_t)n;
	p->len = (size_t)(to - p->data);
}

void pack_bytes(struct pack *p, const void *data, size_t len)
{
	uint8_t *to = room(p, len);

	if (!to || len == 0)
		return;
	memcpy(to, data, len);
	p->len += len;
}

void pack_text(struct pack *p, const char *text, size_t len)
{
	pack_number(p, text ? len + 1 : 0);
	if (text)
		pack_bytes(p, text, len);
}

/* Only the bytes that can be other than zero. */
static size_t bytes_of(uint8_t family)
{
	return family == 0 ? 0 : family == AF_INET ? 4 : 16;
}

void pack_addr(struct pack *p, const struct addr *a)
{
	const uint8_t head[2] = { a->family, a->len };

	pack_bytes(p, head, sizeof(head));
	pack_bytes(p, a->bytes, bytes_of(a->family));
	if (a->family == AF_INET)
		pack_number(p, a->port);
}

size_t pack_begin(struct pack *p, unsigned kind, uint64_t id)
{
	static const uint8_t length[LENGTH_SIZE];
	size_t begin = p->len;

	pack_number(p, kind);
	pack_number(p, id);
	pack_bytes(p, length, sizeof(length));
	return begin;
}

void pack_end(struct pack *p, size_t begin)
{
	struct unpack u = { p->data + begin, p->data + p->len };
	size_t head, len, i;
	uint64_t n;

	if (p->failed || !unpack_number(&u, &n) || !unpack_number(&u, &n))
		return;
	head = (size_t)(u.at - p->data);
	len = p->len - head - LENGTH_SIZE;
	if (len == 0) {
		p->len = begin;
		return;
	}
	for (i = 0; i < LENGTH_SIZE; i++)
		p->data[head + i] = (uint8_t)(len >> (8 * i));
}

bool unpack_number(struct unpack *u, uint64_t *ret)
{
	uint64_t n = 0;
	unsigned bits;

	for (bits = 0; bits < 64 && u->at < u->end; bits += 7) {
		uint8_t byte = *u->at++;

		n |= (uint64_t)(byte & 0x7f) << bits;
		if (!(byte & 0x80)) {
			*ret = n;
			return true;
		}
	}
	return false;
}

bool unpack_below(struct unpack *u, uint64_t limit, uint64_t *ret)
{
	return unpack_number(u, ret) && *ret < limit;
}

bool unpack_bytes(struct unpack *u, void *to, size_t len)
{
	if ((size_t)(u->end - u->at) < len)
		return false;
	if (len)
		memcpy(to, u->at, len);
	u->at += len;
	return true;
}

bool unpack_text(struct unpack *u, char **ret, size_t *len)
{
	uint64_t n;

	*ret = NULL;
	*len = 0;
	if (!unpack_number(u, &n) || n > (size_t)(u->end - u->at) + 1)
		return false;
	if (n == 0)
		return true;
	*ret = malloc(n);
	if (!*ret)
		return false;
	*len = n - 1;
	(*ret)[*len] = '\0';
	return unpack_bytes(u, *ret, *len);
}

bool unpack_addr(struct unpack *u, struct addr *ret)
{
	uint8_t head[2];
	uint64_t port = 0;

	*ret = (struct addr){ 0 };
	if (!unpack_bytes(u, head, sizeof(head)))
		return false;
	ret->family = head[0];
	ret->len = head[1];
	if (!unpack_bytes(u, ret->bytes, bytes_of(ret->family)))
		return false;
	if (ret->family == AF_INET && !unpack_below(u, UINT16_MAX + 1, &port))
		return false;
	ret->port = (uint16_t)port;
	return true;
}

bool unpack_section(struct unpack *u, struct section *ret)
{
	uint8_t length[LENGTH_SIZE];
	uint64_t kind, len = 0;
	unsigned i;

	if (!unpack_below(u, 1u << 16, &kind) || !unpack_number(u, &ret->id) || !unpack_bytes(u, length, sizeof(length)))
		return false;
	for (i = 0; i < LENGTH_SIZE; i++)
		len |= (uint64_t)length[i] << (8 * i);
	if (len > (size_t)(u->end - u->at))
		return false;
	ret->kind = (unsigned)kind;
	ret->records = (struct unpack){ u->at, u->at + len };
	u->at += len;
	return true;
}
