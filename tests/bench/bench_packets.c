/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the table costs per packet, and a question per answer; called by packets.
 *
 *   bench_packets send ADDRESS PORT PACKETS SOURCE…   prints CPU nanoseconds per packet
 *   bench_packets ask TABLE QUESTIONS                 the same per question
 *
 * On one CPU, what is sent through a veth device is received in the same
 * process's time, so that holds the cost of the receiving side, too.
 */
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "firewall/nft.h"

#define AT_ONCE 64
#define PAYLOAD 172 /* an RTP packet of 20 ms G.711 */

_Noreturn static void fail(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static uint64_t cpu_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void stay_on_one_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		fail("sched_setaffinity");
}

static socklen_t socket_address(const char *text, unsigned port, struct sockaddr_storage *ret)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
	struct addr a;

	if (addr_parse(text, strlen(text), &a) < 0)
		fail(text);
	memset(ret, 0, sizeof(*ret));
	if (a.family == AF_INET) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		memcpy(&v4->sin_addr, a.bytes, 4);
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((uint16_t)port);
	memcpy(&v6->sin6_addr, a.bytes, 16);
	return sizeof(*v6);
}

static int open_from(const char *source, const char *target, unsigned port)
{
	struct sockaddr_storage from, to;
	socklen_t from_len = socket_address(source, 0, &from), to_len = socket_address(target, port, &to);
	const bool v6 = from.ss_family == AF_INET6;
	int fd = socket(from.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 ||
	    setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_TRANSPARENT : IP_TRANSPARENT, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&from, from_len) < 0 || connect(fd, (struct sockaddr *)&to, to_len) < 0)
		fail(source);
	return fd;
}

static void send_packets(char **arguments)
{
	static char payload[PAYLOAD];
	const char *target = arguments[0];
	unsigned port = (unsigned)atoi(arguments[1]);
	long left = atol(arguments[2]), packets = left;
	struct iovec iov = { payload, sizeof(payload) };
	struct mmsghdr messages[AT_ONCE] = { 0 };
	size_t n = 0, i;
	int fds[256];
	uint64_t start;

	for (i = 0; i < AT_ONCE; i++) {
		messages[i].msg_hdr.msg_iov = &iov;
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	for (arguments += 3; *arguments && n < ELEMENTSOF(fds); arguments++)
		fds[n++] = open_from(*arguments, target, port);
	stay_on_one_cpu();
	start = cpu_time();
	for (i = 0; left > 0; i++) {
		int sent = sendmmsg(fds[i % n], messages, AT_ONCE, 0);

		if (sent < 0)
			fail("sendmmsg");
		left -= sent;
	}
	printf("%.1f\n", (double)(cpu_time() - start) / (double)(packets - left));
}

static void ask(char **arguments)
{
	const struct nft_witness witness = { .on = true, .size = 65536, .span = 600 * USEC_PER_SEC };
	long count = atol(arguments[1]), left, i;
	struct nft_question questions[500];
	struct nft *n = NULL;
	uint64_t start;

	if (nft_open(arguments[0], 1, &n) < 0 || nft_set_witness(n, &witness) < 0)
		fail(arguments[0]);
	for (i = 0; i < 500; i++)
		questions[i].addr = (struct addr){ AF_INET, 32, { 192, 0, 2, (uint8_t)i }, 0 };
	start = cpu_time();
	for (left = count; left > 0; left -= 500)
		nft_seen(n, questions, 500);
	printf("%.1f\n", (double)(cpu_time() - start) / (double)(count - left));
	nft_close(n);
}

int main(int argc, char **argv)
{
	if (argc >= 6 && strcmp(argv[1], "send") == 0)
		send_packets(argv + 2);
	else if (argc == 4 && strcmp(argv[1], "ask") == 0)
		ask(argv + 2);
	else
		return 2;
	return EXIT_SUCCESS;
}
