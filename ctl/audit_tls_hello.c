/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit_tls_hello.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "wait.h"

/* Types of RFC 5246 6.2.1 and 7.4. */
#define RECORD_HANDSHAKE 22
#define CLIENT_HELLO 1
#define SERVER_HELLO 2
#define RECORD_HEADER 5
/* Up to the suite of a ServerHello: its header, version, random, and a session id of up to 32 bytes. */
#define ANSWER_MAX (RECORD_HEADER + 4 + 2 + 32 + 1 + 32 + 2)
#define NAME_MAX_BYTES 255
#define HELLO_MAX 1024

/* The registry of IANA ("TLS Cipher Suites"), names as of OpenSSL; 3DES counts 112 bits (RFC 9325 4.1). */
const struct hello_suite hello_suites[] = {
	{{"RC4-MD5", 128, NID_kx_rsa, NID_auth_rsa}, 0x0004, false},
	{{"RC4-SHA", 128, NID_kx_rsa, NID_auth_rsa}, 0x0005, false},
	{{"DES-CBC-SHA", 56, NID_kx_rsa, NID_auth_rsa}, 0x0009, false},
	{{"DES-CBC3-SHA", 112, NID_kx_rsa, NID_auth_rsa}, 0x000a, false},
	{{"DHE-DSS-DES-CBC3-SHA", 112, NID_kx_dhe, NID_auth_dss}, 0x0013, false},
	{{"DHE-RSA-DES-CBC-SHA", 56, NID_kx_dhe, NID_auth_rsa}, 0x0015, false},
	{{"DHE-RSA-DES-CBC3-SHA", 112, NID_kx_dhe, NID_auth_rsa}, 0x0016, false},
	{{"ADH-RC4-MD5", 128, NID_kx_dhe, NID_auth_null}, 0x0018, false},
	{{"ADH-DES-CBC3-SHA", 112, NID_kx_dhe, NID_auth_null}, 0x001b, false},
	{{"DHE-DSS-RC4-SHA", 128, NID_kx_dhe, NID_auth_dss}, 0x0066, false},
	{{"ECDHE-ECDSA-RC4-SHA", 128, NID_kx_ecdhe, NID_auth_ecdsa}, 0xc007, false},
	{{"ECDHE-ECDSA-DES-CBC3-SHA", 112, NID_kx_ecdhe, NID_auth_ecdsa}, 0xc008, false},
	{{"ECDHE-RSA-RC4-SHA", 128, NID_kx_ecdhe, NID_auth_rsa}, 0xc011, false},
	{{"ECDHE-RSA-DES-CBC3-SHA", 112, NID_kx_ecdhe, NID_auth_rsa}, 0xc012, false},
	{{"AECDH-RC4-SHA", 128, NID_kx_ecdhe, NID_auth_null}, 0xc016, false},
	{{"AECDH-DES-CBC3-SHA", 112, NID_kx_ecdhe, NID_auth_null}, 0xc017, false},
	{{"NULL-MD5", 0, NID_kx_rsa, NID_auth_rsa}, 0x0001, true},
	{{"NULL-SHA", 0, NID_kx_rsa, NID_auth_rsa}, 0x0002, true},
	{{"AES128-SHA", 128, NID_kx_rsa, NID_auth_rsa}, 0x002f, true},
	{{"DHE-RSA-AES128-SHA", 128, NID_kx_dhe, NID_auth_rsa}, 0x0033, true},
	{{"AES256-SHA", 256, NID_kx_rsa, NID_auth_rsa}, 0x0035, true},
	{{"DHE-RSA-AES256-SHA", 256, NID_kx_dhe, NID_auth_rsa}, 0x0039, true},
	{{"CAMELLIA128-SHA", 128, NID_kx_rsa, NID_auth_rsa}, 0x0041, true},
	{{"CAMELLIA256-SHA", 256, NID_kx_rsa, NID_auth_rsa}, 0x0084, true},
};
const size_t n_hello_suites = ELEMENTSOF(hello_suites);

/* Bytes that are put one behind the other; the caller knows that they fit. */
struct bytes {
	unsigned char data[HELLO_MAX];
	size_t n;
};

static void put(struct bytes *b, const void *data, size_t n)
{
	memcpy(b->data + b->n, data, n);
	b->n += n;
}

static void put8(struct bytes *b, unsigned x)
{
	b->data[b->n++] = (unsigned char)x;
}

static void put16(struct bytes *b, unsigned x)
{
	put8(b, x >> 8);
	put8(b, x & 0xff);
}

/* Room for a length of two bytes, which close16() writes when what it counts is there. */
static size_t open16(struct bytes *b)
{
	put16(b, 0);
	return b->n;
}

static void close16(struct bytes *b, size_t start)
{
	size_t n = b->n - start;

	b->data[start - 2] = (unsigned char)(n >> 8);
	b->data[start - 1] = (unsigned char)(n & 0xff);
}

static void put_extension(struct bytes *b, unsigned type, const void *data, size_t n)
{
	put16(b, type);
	put16(b, (unsigned)n);
	put(b, data, n);
}

/* Types: RFC 6066 (0), RFC 8422 (10, 11), RFC 5246 (13), RFC 5746 (0xff01). */
static void put_extensions(struct bytes *b, int version, const char *name)
{
	/* P-256, P-384, P-521, x25519; points that are not compressed. */
	static const unsigned char groups[] = {0, 8, 0, 23, 0, 24, 0, 25, 0, 29}, points[] = {1, 0};
	/* RSA, ECDSA and DSA with SHA-256, SHA-384, SHA-512, SHA-1. */
	static const unsigned char signatures[] = {0, 20, 4, 1, 4, 3, 5, 1, 5, 3, 6,
						   1, 6,  3, 2, 1, 2, 3, 4, 2, 2, 2};
	static const unsigned char renegotiation[] = {0};
	size_t all = open16(b), n = name ? strlen(name) : 0;

	if (n > 0 && n <= NAME_MAX_BYTES) {
		put16(b, 0);
		put16(b, (unsigned)n + 5);
		put16(b, (unsigned)n + 3);
		put8(b, 0);
		put16(b, (unsigned)n);
		put(b, name, n);
	}
	put_extension(b, 10, groups, sizeof(groups));
	put_extension(b, 11, points, sizeof(points));
	if (version >= TLS1_2_VERSION)
		put_extension(b, 13, signatures, sizeof(signatures));
	put_extension(b, 0xff01, renegotiation, sizeof(renegotiation));
	close16(b, all);
}

static int make_hello(struct bytes *b, int version, const char *name, const uint16_t *suites, size_t n)
{
	unsigned char random[32];
	size_t record, hello, i;

	b->n = 0;
	if (n > n_hello_suites || getrandom(random, sizeof(random), 0) != sizeof(random))
		return -EIO;
	put8(b, RECORD_HANDSHAKE);
	put16(b, version > TLS1_VERSION ? TLS1_VERSION : (unsigned)version);
	record = open16(b);
	put8(b, CLIENT_HELLO);
	put8(b, 0);
	hello = open16(b);
	put16(b, (unsigned)version);
	put(b, random, sizeof(random));
	put8(b, 0); /* no session */
	put16(b, (unsigned)n * 2);
	for (i = 0; i < n; i++)
		put16(b, suites[i]);
	put16(b, 0x0100); /* one compression method: none */
	if (version > HELLO_SSL3)
		put_extensions(b, version, name);
	close16(b, hello);
	close16(b, record);
	return 0;
}

static int send_all(int fd, usec_t deadline, const struct bytes *b)
{
	size_t at = 0;

	while (at < b->n) {
		int r = wait_for(fd, POLLOUT, deadline);
		ssize_t n = r < 0 ? 0 : write(fd, b->data + at, b->n - at);

		if (r < 0)
			return r;
		if (n < 0 && errno != EAGAIN)
			return -EPROTO;
		at += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Reads until there are n bytes. -EPROTO: it ended before. */
static int receive(int fd, usec_t deadline, unsigned char *data, size_t *have, size_t n)
{
	while (*have < n) {
		int r = wait_for(fd, POLLIN, deadline);
		ssize_t got = r < 0 ? 0 : read(fd, data + *have, n - *have);

		if (r < 0)
			return r;
		if (got == 0 || (got < 0 && errno != EAGAIN))
			return -EPROTO;
		*have += got > 0 ? (size_t)got : 0;
	}
	return 0;
}

/* The suite of a ServerHello of this version, which comes first. */
static int read_answer(int fd, usec_t deadline, int version)
{
	unsigned char a[ANSWER_MAX];
	const size_t session = RECORD_HEADER + 4 + 2 + 32;
	size_t have = 0, suite;
	int r = receive(fd, deadline, a, &have, RECORD_HEADER + 1);

	if (r < 0)
		return r;
	if (a[0] != RECORD_HANDSHAKE || a[RECORD_HEADER] != SERVER_HELLO)
		return -EPROTO;
	r = receive(fd, deadline, a, &have, session + 1);
	if (r < 0)
		return r;
	if ((a[RECORD_HEADER + 4] << 8 | a[RECORD_HEADER + 5]) != version || a[session] > 32)
		return -EPROTO;
	suite = session + 1 + a[session];
	r = receive(fd, deadline, a, &have, suite + 2);
	return r < 0 ? r : a[suite] << 8 | a[suite + 1];
}

int tls_hello(int fd, usec_t deadline, int version, const char *server_name, const uint16_t *suites,
	      size_t n)
{
	struct bytes hello;
	int r = make_hello(&hello, version, server_name, suites, n);

	if (r == 0)
		r = send_all(fd, deadline, &hello);
	return r < 0 ? r : read_answer(fd, deadline, version);
}
