/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/hash.h"

/* Longest IPv6 text: eight groups of four, or six and a dotted quad, with zone. */
#define HOST_TEXT_MAX 100

static uint8_t full_length(uint8_t family)
{
	return family == AF_INET ? 32 : 128;
}

static void clear_host_bits(struct addr *a)
{
	unsigned bytes = full_length(a->family) / 8, kept = a->len / 8;

	if (kept >= bytes)
		return;
	a->bytes[kept] &= (uint8_t)(0xff00 >> (a->len % 8));
	memset(a->bytes + kept + 1, 0, bytes - kept - 1);
}

/* Four decimal numbers, at most three digits each. inet_pton(3) refuses leading
 * zeros, which some gateways print. */
static int parse_quad(const char *text, size_t len, uint8_t *bytes)
{
	size_t i = 0;
	unsigned n;

	for (n = 0; n < 4; n++) {
		unsigned value = 0, digits = 0;

		if (n > 0 && (i >= len || text[i++] != '.'))
			return -EINVAL;
		for (; i < len && text[i] >= '0' && text[i] <= '9' && digits < 3; i++, digits++)
			value = value * 10 + (unsigned)(text[i] - '0');
		if (digits == 0 || value > 255)
			return -EINVAL;
		bytes[n] = (uint8_t)value;
	}
	return i == len ? 0 : -EINVAL;
}

static bool zone_is_sane(const char *zone, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (zone[i] <= ' ' || zone[i] == '%' || zone[i] == '/' || zone[i] == 0x7f)
			return false;
	return len > 0 && len <= 32;
}

static int parse_v6(const char *text, size_t len, struct addr *a)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	const char *zone = memchr(text, '%', len);
	char buf[HOST_TEXT_MAX];

	if (zone) {
		if (!zone_is_sane(zone + 1, len - (size_t)(zone + 1 - text)))
			return -EINVAL;
		len = (size_t)(zone - text);
	}
	if (len >= sizeof(buf) || memchr(text, '\0', len))
		return -EINVAL;
	memcpy(buf, text, len);
	buf[len] = '\0';
	if (inet_pton(AF_INET6, buf, a->bytes) != 1)
		return -EINVAL;
	a->family = AF_INET6;
	a->len = 128;
	if (memcmp(a->bytes, mapped, sizeof(mapped)) == 0) {
		a->family = AF_INET;
		a->len = 32;
		memcpy(a->bytes, a->bytes + 12, 4);
		memset(a->bytes + 4, 0, 12);
	}
	return 0;
}

/* *mapped: IPv4 written as IPv6, so that a prefix length counts from 128. */
static int parse_host(const char *text, size_t len, struct addr *ret, bool *mapped)
{
	struct addr a = { 0 };
	int r;

	*mapped = false;
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len == 0 || len > HOST_TEXT_MAX)
		return -EINVAL;
	if (memchr(text, ':', len)) {
		r = parse_v6(text, len, &a);
		*mapped = a.family == AF_INET;
	} else {
		a.family = AF_INET;
		a.len = 32;
		r = parse_quad(text, len, a.bytes);
	}
	if (r == 0)
		*ret = a;
	return r;
}

int addr_parse(const char *text, size_t len, struct addr *ret)
{
	bool mapped;

	return parse_host(text, len, ret, &mapped);
}

int addr_parse_prefix(const char *text, size_t len, bool mask, struct addr *ret)
{
	const char *slash = memchr(text, '/', len);
	unsigned bits = 0;
	struct addr a = { 0 }, cut;
	const char *p;
	bool mapped;

	if (!slash)
		return addr_parse(text, len, ret);
	if (parse_host(text, (size_t)(slash - text), &a, &mapped) < 0)
		return -EINVAL;
	if (slash + 1 == text + len || text + len - slash > 4)
		return -EINVAL;
	for (p = slash + 1; p < text + len; p++) {
		if (*p < '0' || *p > '9')
			return -EINVAL;
		bits = bits * 10 + (unsigned)(*p - '0');
	}
	if (mapped && bits < 96)
		return -EINVAL;
	if (mapped)
		bits -= 96;
	if (bits > full_length(a.family))
		return -EINVAL;
	cut = addr_truncate(&a, (uint8_t)bits);
	if (!mask && memcmp(cut.bytes, a.bytes, sizeof(a.bytes)) != 0)
		return -EDOM;
	*ret = cut;
	return 0;
}

int addr_parse_bannable(const char *text, size_t len, struct addr *ret)
{
	const char *colon = memrchr(text, ':', len), *p;
	unsigned port = 0;
	struct addr a;

	/* Two of them are IPv6. */
	if (!colon || memchr(text, ':', (size_t)(colon - text)))
		return addr_parse_prefix(text, len, false, ret);
	if (addr_parse(text, (size_t)(colon - text), &a) < 0 || text + len - colon > 6)
		return -EINVAL;
	for (p = colon + 1; p < text + len; p++) {
		if (*p < '0' || *p > '9')
			return -EINVAL;
		port = port * 10 + (unsigned)(*p - '0');
	}
	if (port == 0 || port > UINT16_MAX)
		return -EINVAL;
	*ret = a;
	ret->port = (uint16_t)port;
	return 0;
}

char *addr_format(const struct addr *a, char buf[static ADDR_TEXT_MAX])
{
	size_t used;

	if (a->family != AF_INET && a->family != AF_INET6) {
		strcpy(buf, "none");
		return buf;
	}
	if (!inet_ntop(a->family, a->bytes, buf, ADDR_TEXT_MAX))
		strcpy(buf, "?");
	used = strlen(buf);
	if (!addr_is_host(a))
		snprintf(buf + used, ADDR_TEXT_MAX - used, "/%u", a->len);
	else if (a->port)
		snprintf(buf + used, ADDR_TEXT_MAX - used, ":%u", a->port);
	return buf;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

uint64_t addr_hash(const struct addr *a)
{
	/* By length, so that an address and the prefixes that it is looked for in do not take turns. */
	static _Thread_local struct {
		struct addr addr; /* family 0: none */
		uint64_t hash;
	} recent[4];
	const size_t i = (a->len / 8u + (a->port != 0)) % ELEMENTSOF(recent);

	if (a->family == 0 || !addr_equal(&recent[i].addr, a)) {
		recent[i].addr = *a;
		recent[i].hash = hash_bytes(a, sizeof(*a));
	}
	return recent[i].hash;
}

int addr_compare(const struct addr *a, const struct addr *b)
{
	int order;

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	order = memcmp(a->bytes, b->bytes, sizeof(a->bytes));
	if (order == 0)
		order = (int)a->len - (int)b->len;
	return order ? order : (int)a->port - (int)b->port;
}

bool addr_covers(const struct addr *outer, const struct addr *inner)
{
	unsigned bytes = outer->len / 8, bits = outer->len % 8;

	if (outer->family != inner->family || outer->len > inner->len || (outer->port && outer->port != inner->port) ||
	    memcmp(outer->bytes, inner->bytes, bytes) != 0)
		return false;
	return bits == 0 || (inner->bytes[bytes] & (uint8_t)(0xff00 >> bits)) == outer->bytes[bytes];
}

bool addr_overlaps(const struct addr *a, const struct addr *b)
{
	return addr_covers(a, b) || addr_covers(b, a);
}

bool addr_is_host(const struct addr *a)
{
	return a->len == full_length(a->family);
}

struct addr addr_truncate(const struct addr *a, uint8_t len)
{
	struct addr cut = *a;

	if (len < cut.len)
		cut.len = len;
	cut.port = 0;
	clear_host_bits(&cut);
	return cut;
}

struct addr addr_last(const struct addr *a)
{
	unsigned i, bytes = full_length(a->family) / 8;
	struct addr last = *a;

	for (i = 0; i < bytes; i++) {
		unsigned kept = a->len > i * 8 ? a->len - i * 8 : 0;

		if (kept < 8)
			last.bytes[i] |= (uint8_t)(0xff >> kept);
	}
	last.len = full_length(a->family);
	last.port = 0;
	return last;
}

const char *addr_unbannable(const struct addr *a)
{
	static const struct {
		struct addr range;
		const char *why;
	} ranges[] = {
		{ { AF_INET, 8, { 0 }, 0 }, "0.0.0.0/8 is no sender (RFC 6890)" },
		{ { AF_INET, 8, { 127 }, 0 }, "127.0.0.0/8 is this host itself (loopback)" },
		{ { AF_INET, 16, { 169, 254 }, 0 }, "169.254.0.0/16 is link-local" },
		{ { AF_INET, 4, { 224 }, 0 }, "224.0.0.0/4 is multicast" },
		{ { AF_INET, 32, { 255, 255, 255, 255 }, 0 }, "255.255.255.255 is broadcast" },
		{ { AF_INET6, 128, { 0 }, 0 }, ":: is no sender (unspecified)" },
		{ { AF_INET6, 128, { [15] = 1 }, 0 }, "::1 is this host itself (loopback)" },
		{ { AF_INET6, 10, { 0xfe, 0x80 }, 0 }, "fe80::/10 is link-local; routers use it" },
		{ { AF_INET6, 8, { 0xff }, 0 }, "ff00::/8 is multicast" },
	};
	size_t i;

	if (a->family != AF_INET && a->family != AF_INET6)
		return "no address";
	for (i = 0; i < ELEMENTSOF(ranges); i++)
		if (addr_overlaps(&ranges[i].range, a))
			return ranges[i].why;
	return NULL;
}
