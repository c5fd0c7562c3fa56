/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A flood of SIP requests over UDP from forged IPv4 sources, each from another; called by sipfirewall.
 *
 *   bench_sender DEVICE DESTINATION-MAC DESTINATION PORT SECONDS [RATE]
 *
 * Whole Ethernet frames by packet(7), past the queue of the device, as many as the CPU makes,
 * or RATE a second. Prints the number of packets and of seconds. Sources are all unicast
 * addresses but those below 16.0.0.0, where the phones of the bench are.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define AT_ONCE 64
#define PAYLOAD_MAX 512
#define ID_WIDTH 8

struct frame {
	struct ether_header ethernet;
	struct iphdr ip;
	struct udphdr udp;
	char payload[PAYLOAD_MAX];
} __attribute__((packed));

/* A phone's first request, that each gateway must read, and answer by a challenge. */
static const char request[] = "REGISTER sip:192.0.2.1 SIP/2.0\r\n"
			      "Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK%08x;rport\r\n"
			      "From: <sip:2000@192.0.2.1>;tag=%08x\r\n"
			      "To: <sip:2000@192.0.2.1>\r\n"
			      "Call-ID: %08x@198.51.100.1\r\n"
			      "CSeq: 1 REGISTER\r\n"
			      "Contact: <sip:2000@198.51.100.1:5060>\r\n"
			      "Max-Forwards: 70\r\n"
			      "User-Agent: Yealink SIP-T46S 66.86.0.15\r\n"
			      "Expires: 300\r\n"
			      "Content-Length: 0\r\n\r\n";

static uint32_t random_state = 2463534242U;

/* xorshift32 (Marsaglia, 2003): every number once before one comes again. */
static uint32_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

_Noreturn static void fail(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* RFC 1071. */
static uint16_t checksum(const void *data, size_t words)
{
	const unsigned char *bytes = data;
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < words; i++)
		sum += (uint32_t)bytes[2 * i] << 8 | bytes[2 * i + 1];
	sum = (sum >> 16) + (sum & 0xffff);
	return htons((uint16_t)~(sum + (sum >> 16)));
}

static uint32_t random_source(void)
{
	uint32_t a;

	do
		a = next_random();
	while ((a >> 24) < 16 || (a >> 24) == 127 || (a >> 24) >= 224);
	return htonl(a);
}

/* All that stays. Returns the length. */
static size_t fill(struct frame *f, const char *mac, const char *destination, unsigned port)
{
	const struct ether_addr *to = ether_aton(mac);
	int n = snprintf(f->payload, sizeof(f->payload), request, 0, 0, 0);

	if (!to)
		fail(mac);
	memcpy(f->ethernet.ether_dhost, to, ETH_ALEN);
	f->ethernet.ether_shost[0] = 2; /* local, unicast */
	f->ethernet.ether_type = htons(ETHERTYPE_IP);
	f->ip = (struct iphdr){ .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP };
	f->ip.tot_len = htons((uint16_t)(sizeof(f->ip) + sizeof(f->udp) + (size_t)n));
	if (inet_pton(AF_INET, destination, &f->ip.daddr) != 1)
		fail(destination);
	f->udp.dest = htons((uint16_t)port);
	f->udp.len = htons((uint16_t)(sizeof(f->udp) + (size_t)n));
	return offsetof(struct frame, payload) + (size_t)n;
}

/* Another source, transaction and call. IPv4 does without a checksum of UDP. */
static void change(struct frame *f, const size_t ids[3])
{
	static const char digits[] = "0123456789abcdef";
	uint32_t id = next_random();
	size_t i, k;

	f->ip.saddr = random_source();
	f->ip.check = 0;
	f->ip.check = checksum(&f->ip, sizeof(f->ip) / 2);
	f->udp.source = htons((uint16_t)(1024 + (id & 0x7fff)));
	for (i = 0; i < ID_WIDTH; i++)
		for (k = 0; k < 3; k++)
			f->payload[ids[k] + i] = digits[(id >> (4 * i)) & 15];
}

static void find_ids(const struct frame *f, size_t ids[3])
{
	static const char *const before[] = { "z9hG4bK", ";tag=", "Call-ID: " };
	size_t k;

	for (k = 0; k < 3; k++)
		ids[k] = (size_t)(strstr(f->payload, before[k]) - f->payload) + strlen(before[k]);
}

static int open_device(const char *device, struct sockaddr_ll *to)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), on = 1;

	*to = (struct sockaddr_ll){ .sll_family = AF_PACKET, .sll_halen = ETH_ALEN, .sll_ifindex = (int)if_nametoindex(device) };
	if (fd < 0 || to->sll_ifindex == 0 || setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) < 0)
		fail(device);
	return fd;
}

static void pace(double start, unsigned long sent, double rate)
{
	double ahead = rate > 0 ? start + (double)sent / rate - now() : 0;

	if (ahead > 0)
		usleep((useconds_t)(ahead * 1e6));
}

static unsigned long flood(int fd, struct mmsghdr *messages, struct frame *frames, double seconds, double rate)
{
	size_t ids[3], i;
	unsigned long sent = 0;
	double start = now();

	find_ids(frames, ids);
	while (now() - start < seconds) {
		int n;

		for (i = 0; i < AT_ONCE; i++)
			change(&frames[i], ids);
		n = sendmmsg(fd, messages, AT_ONCE, 0);
		if (n < 0 && errno != ENOBUFS && errno != EAGAIN)
			fail("sendmmsg");
		sent += n > 0 ? (unsigned long)n : 0;
		pace(start, sent, rate);
	}
	return sent;
}

int main(int argc, char **argv)
{
	static struct frame frames[AT_ONCE];
	struct mmsghdr messages[AT_ONCE] = { 0 };
	struct iovec iov[AT_ONCE];
	struct sockaddr_ll to;
	double start = now();
	unsigned long sent;
	int fd;
	size_t i;

	if (argc < 6)
		return 2;
	fd = open_device(argv[1], &to);
	for (i = 0; i < AT_ONCE; i++) {
		iov[i] = (struct iovec){ &frames[i], fill(&frames[i], argv[2], argv[3], (unsigned)atoi(argv[4])) };
		messages[i].msg_hdr = (struct msghdr){ .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &iov[i], .msg_iovlen = 1 };
	}
	sent = flood(fd, messages, frames, atof(argv[5]), argc > 6 ? atof(argv[6]) : 0);
	printf("%lu %.3f\n", sent, now() - start);
	return EXIT_SUCCESS;
}
