/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which ports are SIP: by signs, and of real sockets in a network namespace of the test's own. */
#include "unit.h"

#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/timespan.h"
#include "host/listen_private.h"
#include "sandbox/sandbox.h"

#define ASTERISK_UID 64011
#define RTP_FIRST 10000
#define RTP_PORTS 600

/* "udp 5060 user asterisk" for each, one a line. */
static const char *described(const struct listen_found *f)
{
	static char text[8192];
	size_t i, at = 0;

	text[0] = '\0';
	for (i = 0; i < f->n && at < sizeof(text); i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s %u %s %s\n", listen_transport_name(f->ports[i].transport),
				       f->ports[i].port, listen_how_name(f->ports[i].how),
				       f->ports[i].gateway ? f->ports[i].gateway : "-");
	return text;
}

static struct owner owned(const char *gateway)
{
	size_t i;

	for (i = 0; i < GATEWAYS_MAX && gateways[i].name; i++)
		if (strcmp(gateways[i].name, gateway) == 0)
			return (struct owner){ .gateway = (uint8_t)(i + 1), .how = LISTEN_BY_USER, .open = true };
	return (struct owner){ .gateway = 0, .how = LISTEN_BY_NUMBER, .open = true };
}

static struct listen_found judged;

/* Ports, ended by 0, of one gateway. */
static void judge(const char *gateway, const uint16_t *udp, const uint16_t *tcp)
{
	struct listeners *l = calloc(1, sizeof(*l));

	assert_non_null(l);
	for (; *udp; udp++)
		l->udp[*udp] = owned(gateway);
	for (; *tcp; tcp++)
		l->tcp[*tcp] = owned(gateway);
	listeners_judge(l, &judged);
	free(l);
}

#define PORTS(...) ((const uint16_t[]){ __VA_ARGS__ __VA_OPT__(, ) 0 })

static void media_of_an_asterisk_are_left_alone(void **state)
{
	(void)state;
	judge("asterisk", PORTS(5060, 4569, 5160, 10000, 10001, 17352, 17353, 40211), PORTS(5038, 5060, 5061, 8088, 8089));
	assert_string_equal(described(&judged), "udp 5060 user asterisk\ntcp 5060 user asterisk\ntls 5061 user asterisk\n"
						"udp 5160 user asterisk\nwebsocket 8088 user asterisk\nwebsocket 8089 user asterisk\n");
	assert_int_equal(judged.media, 6);
	assert_int_equal(judged.media_first, 4569);
	assert_int_equal(judged.media_last, 40211);
	/* Without rtp.conf its media may be at any port from 5000: pairs are none of SIP, not even at usual numbers. */
	judge("asterisk", PORTS(5060, 5070, 5071, 5166, 5167), PORTS());
	assert_string_equal(described(&judged), "udp 5060 user asterisk\n");
	assert_int_equal(judged.media, 4);
}

static void the_same_number_over_udp_and_tcp_is_sip(void **state)
{
	(void)state;
	judge("freeswitch", PORTS(6070, 16384, 16385), PORTS(6070, 6071, 7443, 8021));
	assert_string_equal(described(&judged), "udp 6070 user freeswitch\ntcp 6070 user freeswitch\ntls 6071 user freeswitch\n"
						"websocket 7443 user freeswitch\n");
}

static void a_proxy_has_no_media(void **state)
{
	(void)state;
	judge("kamailio", PORTS(7060, 9060, 45123), PORTS(7062, 443));
	assert_string_equal(described(&judged),
			    "websocket 443 user kamailio\nudp 7060 user kamailio\ntcp 7062 user kamailio\n");
	assert_int_equal(judged.media, 2);
}

static void of_strangers_only_the_registered_numbers_count(void **state)
{
	(void)state;
	judge("somebody", PORTS(5060, 5061, 5080, 53, 10000), PORTS(22, 80, 5060, 5061, 8088));
	assert_string_equal(described(&judged), "udp 5060 number -\ntcp 5060 number -\nudp 5061 number -\ntls 5061 number -\n");
	assert_int_equal(judged.media, 0);
}

static void what_is_found_is_bounded(void **state)
{
	struct listeners *l = calloc(1, sizeof(*l));
	unsigned i;

	(void)state;
	assert_non_null(l);
	for (i = 0; i < 65536; i++)
		l->udp[i] = l->tcp[i] = owned("kamailio");
	listeners_judge(l, &judged);
	assert_int_equal(judged.n, LISTEN_PORTS_MAX);
	assert_true(judged.more);
	free(l);
}

/* A socket of this user, open until the test ends. family AF_INET6: for that only. */
static int open_socket(uid_t user, int type, const char *address, unsigned port)
{
	struct addr a;
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd, on = 1;

	assert_int_equal(addr_parse(address, strlen(address), &a), 0);
	memcpy(&v6.sin6_addr, a.bytes, 16);
	memcpy(&v4.sin_addr, a.bytes, 4);
	assert_int_equal(seteuid(user), 0);
	fd = socket(a.family, type | SOCK_CLOEXEC, 0);
	assert_int_equal(seteuid(0), 0);
	assert_true(fd >= 0);
	if (a.family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	assert_int_equal(bind(fd, a.family == AF_INET6 ? (void *)&v6 : (void *)&v4, a.family == AF_INET6 ? sizeof(v6) : sizeof(v4)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 4), 0);
	return fd;
}

static const char *found_now(void)
{
	struct listen *l = NULL;

	assert_int_equal(listen_open(&l), 0);
	assert_int_equal(listen_find(l, &judged), 0);
	listen_close(l);
	return described(&judged);
}

static void sockets_of_a_gateways_user_are_found(void **state)
{
	int fds[RTP_PORTS + 16];
	size_t n = 0, i;
	struct sockaddr_in peer = { .sin_family = AF_INET, .sin_port = htons(5060) };

	(void)state;
	peer.sin_addr.s_addr = htonl(0xc0000205);
	fds[n++] = open_socket(ASTERISK_UID, SOCK_DGRAM, "0.0.0.0", 5060);
	fds[n++] = open_socket(ASTERISK_UID, SOCK_DGRAM, "::", 5160);
	fds[n++] = open_socket(ASTERISK_UID, SOCK_STREAM, "192.0.2.1", 5061);
	fds[n++] = open_socket(ASTERISK_UID, SOCK_STREAM, "::", 8089);
	/* Only for this host itself. */
	fds[n++] = open_socket(ASTERISK_UID, SOCK_STREAM, "127.0.0.1", 8088);
	fds[n++] = open_socket(ASTERISK_UID, SOCK_DGRAM, "::1", 5070);
	fds[n++] = open_socket(ASTERISK_UID, SOCK_DGRAM, "127.0.0.1", 5090);
	/* One that talks to somebody waits for nobody else. */
	fds[n] = open_socket(ASTERISK_UID, SOCK_DGRAM, "192.0.2.1", 5072);
	assert_int_equal(connect(fds[n++], (void *)&peer, sizeof(peer)), 0);
	/* Other people's. */
	fds[n++] = open_socket(0, SOCK_DGRAM, "0.0.0.0", 5080);
	fds[n++] = open_socket(0, SOCK_STREAM, "0.0.0.0", 5060);
	for (i = 0; i < RTP_PORTS; i++)
		fds[n++] = open_socket(ASTERISK_UID, SOCK_DGRAM, "0.0.0.0", RTP_FIRST + (unsigned)i);
	assert_string_equal(found_now(), "udp 5060 user asterisk\ntcp 5060 number -\ntls 5061 user asterisk\n"
					 "udp 5160 user asterisk\nwebsocket 8089 user asterisk\n");
	assert_int_equal(judged.media, RTP_PORTS);
	assert_int_equal(judged.media_first, RTP_FIRST);
	assert_int_equal(judged.media_last, RTP_FIRST + RTP_PORTS - 1);
	for (i = 0; i < n; i++)
		close(fds[i]);
	assert_string_equal(found_now(), "");
}

static bool file_write(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* Ends when the pipe is closed. It is in a unit of a gateway's name, and root. */
static pid_t start_in_unit(const char *unit, const int to[2], const int from[2])
{
	char path[256];
	pid_t child = fork();

	assert_true(child >= 0);
	if (child > 0)
		return child;
	close(to[1]);
	snprintf(path, sizeof(path), "%s/cgroup.procs", unit);
	if (file_write(path, "0")) {
		open_socket(0, SOCK_DGRAM, "0.0.0.0", 5160);
		open_socket(0, SOCK_DGRAM, "0.0.0.0", 12000);
	}
	(void)!write(from[1], "x", 1);
	(void)!read(to[0], path, 1);
	_exit(0);
}

static void sockets_made_in_a_gateways_unit_are_found(void **state)
{
	const char *root = access("/sys/fs/cgroup/unified/cgroup.controllers", F_OK) == 0 ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup";
	char slice[128], unit[160], c;
	int to[2], from[2];
	pid_t child;

	(void)state;
	snprintf(slice, sizeof(slice), "%s/sipwardentest%d.slice", root, getpid());
	snprintf(unit, sizeof(unit), "%s/asterisk@edge.service", slice);
	assert_int_equal(mkdir(slice, 0755), 0);
	assert_int_equal(mkdir(unit, 0755), 0);
	assert_int_equal(pipe2(to, O_CLOEXEC) | pipe2(from, O_CLOEXEC), 0);
	child = start_in_unit(unit, to, from);
	close(to[0]);
	assert_int_equal(read(from[0], &c, 1), 1);
	found_now();
	close(to[1]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(from[0]);
	close(from[1]);
	assert_int_equal(rmdir(unit) | rmdir(slice), 0);
	assert_string_equal(described(&judged), "udp 5160 unit asterisk\n");
	assert_int_equal(judged.media, 1);
	assert_string_equal(found_now(), "");
}

static void a_confined_process_without_rights_finds_them(void **state)
{
	int fd = open_socket(ASTERISK_UID, SOCK_DGRAM, "0.0.0.0", 5160), status = 0;
	const char *writable[] = { NULL };
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		struct listen *l = NULL;

		if (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0 ||
		    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || listen_open(&l) < 0)
			_exit(2);
		sandbox_agent(writable);
		if (listen_find(l, &judged) < 0)
			_exit(3);
		_exit(strcmp(described(&judged), "udp 5160 user asterisk\n") == 0 ? 0 : 4);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close(fd);
}

#define KAMAILIO "udp 7060 user kamailio\ntcp 7062 user kamailio\n"

/* A real one, which root starts and which then becomes its user. Whose its sockets are is for Kamailio to say. */
static void a_real_kamailio_is_found(void **state)
{
	static const char config[] = "children=1\ntcp_children=1\nlisten=udp:192.0.2.1:7060\nlisten=tcp:192.0.2.1:7062\n"
				     "auto_aliases=no\nloadmodule \"sl.so\"\nrequest_route { exit; }\n";
	char home[] = "/tmp/sipwarden-listen-XXXXXX", path[64];
	usec_t end = time_monotonic() + 20 * USEC_PER_SEC;
	const struct passwd *user = getpwnam("kamailio");
	pid_t child;
	FILE *f;

	(void)state;
	assert_non_null(user);
	assert_non_null(mkdtemp(home));
	assert_int_equal(chown(home, user->pw_uid, user->pw_gid), 0);
	snprintf(path, sizeof(path), "%s/kamailio.cfg", home);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(config, f) >= 0);
	fclose(f);
	assert_int_equal(chmod(path, 0644), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 1);
		dup2(null, 2);
		if (setgid(user->pw_gid) == 0 && setuid(user->pw_uid) == 0)
			execlp("kamailio", "kamailio", "-f", path, "-DD", "-w", home, "-Y", home, "-m", "16", NULL);
		_exit(127);
	}
	while (strcmp(found_now(), KAMAILIO) != 0 && time_monotonic() < end)
		usleep(50000);
	kill(child, SIGTERM);
	assert_int_equal(waitpid(child, NULL, 0), child);
	unlink(path);
	snprintf(path, sizeof(path), "rm -rf %s", home);
	assert_int_equal(system(path), 0);
	assert_string_equal(described(&judged), KAMAILIO);
}

/* /etc/passwd with an Asterisk's user, for this process and those that it starts. */
static void add_user(void)
{
	char path[] = "/tmp/sipwarden-passwd-XXXXXX";
	FILE *in = fopen("/etc/passwd", "re"), *out = fdopen(mkostemp(path, O_CLOEXEC), "w");
	int c;

	assert_true(in && out);
	while ((c = fgetc(in)) != EOF)
		fputc(c, out);
	fprintf(out, "asterisk:x:%d:%d::/:/bin/false\n", ASTERISK_UID, ASTERISK_UID);
	fclose(in);
	fclose(out);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(mount(path, "/etc/passwd", NULL, MS_BIND, NULL), 0);
	assert_int_equal(unlink(path), 0);
}

static int setup(void **state)
{
	(void)state;
	assert_int_equal(unshare(CLONE_NEWNET | CLONE_NEWNS), 0);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	assert_int_equal(system("ip link set lo up && ip address add 192.0.2.1/24 dev lo"), 0);
	if (access("/sys/fs/cgroup/unified/cgroup.controllers", F_OK) != 0 && access("/sys/fs/cgroup/cgroup.controllers", F_OK) != 0)
		assert_int_equal(mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL), 0);
	add_user();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(media_of_an_asterisk_are_left_alone),
		cmocka_unit_test(the_same_number_over_udp_and_tcp_is_sip),
		cmocka_unit_test(a_proxy_has_no_media),
		cmocka_unit_test(of_strangers_only_the_registered_numbers_count),
		cmocka_unit_test(what_is_found_is_bounded),
		cmocka_unit_test(sockets_of_a_gateways_user_are_found),
		cmocka_unit_test(sockets_made_in_a_gateways_unit_are_found),
		cmocka_unit_test(a_confined_process_without_rights_finds_them),
		cmocka_unit_test(a_real_kamailio_is_found),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
