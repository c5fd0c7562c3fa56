/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which system calls each process may make: seccomp(2) by libseccomp.
 *
 * A call that is on no list fails with ENOSYS and is noted in the kernel's log.
 * That is what a kernel says that does not have it, so a library that tries
 * something new falls back to what it did before, and the process goes on: an
 * update of the system must not silence sipwarden. What no library does and only
 * an intruder wants (never[]) ends the process: he gets no second try, and it is
 * started again and brought up to date.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sandbox/private.h"

#define API_KILL_PROCESS 3	/* seccomp_api_get(3) */
#define SOCKET_TYPE_MASK 0xf /* SOCK_TYPE_MASK of linux/net.h: without SOCK_CLOEXEC, SOCK_NONBLOCK */

/* What every program needs that has a heap, a clock and an end. */
static const int basic[] = {
	/* Memory; mmap and mprotect: allow_memory() */
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	/* What is open */
	SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(close),
	SCMP_SYS(lseek), SCMP_SYS(fcntl), SCMP_SYS(fstat),
	/* Waiting, time */
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(futex), SCMP_SYS(sched_yield),
	/* Signals that come in; going on after one */
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
	SCMP_SYS(restart_syscall),
	/* Who and where we are; qsort(3) asks for the size of memory */
	SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid),
	SCMP_SYS(getegid), SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(getrandom), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(exit), SCMP_SYS(exit_group),
};

/* Looking at files: configuration, filters, logs, the journal, time zones, resolv.conf. */
static const int reading[] = {
	SCMP_SYS(stat),	     SCMP_SYS(lstat),	  SCMP_SYS(newfstatat), SCMP_SYS(statx),    SCMP_SYS(statfs),
	SCMP_SYS(fstatfs),   SCMP_SYS(access),	  SCMP_SYS(faccessat),	SCMP_SYS(faccessat2), SCMP_SYS(getdents64),
	SCMP_SYS(readlink),  SCMP_SYS(readlinkat), SCMP_SYS(getcwd),	SCMP_SYS(fadvise64),
};

/* Sockets that are open; which may be made: allow_sockets(). */
static const int talking[] = {
	SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(accept), SCMP_SYS(accept4),
	SCMP_SYS(getsockopt), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(shutdown),
};

/* What only the agent does. */
static const int agent[] = {
	/* Opening files; Landlock knows which, and for what */
	SCMP_SYS(open), SCMP_SYS(openat),
	/* The database and other files of ours */
	SCMP_SYS(pwrite64), SCMP_SYS(ftruncate), SCMP_SYS(fallocate), SCMP_SYS(fsync), SCMP_SYS(fdatasync),
	SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2),
	SCMP_SYS(flock), SCMP_SYS(umask),
	/* The event loop, and following logs */
	SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2),
	SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(timerfd_gettime), SCMP_SYS(signalfd4),
	SCMP_SYS(eventfd2), SCMP_SYS(inotify_init1), SCMP_SYS(inotify_add_watch), SCMP_SYS(inotify_rm_watch),
	/* DNS, the helper's socket; netlink sockets are bound */
	SCMP_SYS(connect), SCMP_SYS(bind),
	/* libsystemd asks on a new connection; memory in use */
	SCMP_SYS(getresuid), SCMP_SYS(getresgid), SCMP_SYS(getgroups), SCMP_SYS(getrusage), SCMP_SYS(dup),
	/* Our keeper has ended */
	SCMP_SYS(wait4), SCMP_SYS(waitid),
};

/* Nobody but an intruder. */
static const int never[] = {
	/* Other programs */
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork),
	/* Other processes' memory, files and system calls */
	SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_getfd),
	/* Another root, other namespaces */
	SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(open_tree),
	SCMP_SYS(move_mount), SCMP_SYS(fsopen), SCMP_SYS(fsconfig), SCMP_SYS(fsmount), SCMP_SYS(fspick),
	SCMP_SYS(mount_setattr), SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(open_by_handle_at),
	/* Programs and handlers in the kernel, where most of its holes were */
	SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(io_uring_setup),
	SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register), SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key),
	/* The machine */
	SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load), SCMP_SYS(reboot), SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(iopl), SCMP_SYS(ioperm),
	SCMP_SYS(settimeofday), SCMP_SYS(clock_settime), SCMP_SYS(sethostname), SCMP_SYS(mknod), SCMP_SYS(mknodat),
	/* Other rights */
	SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(setreuid), SCMP_SYS(setregid), SCMP_SYS(setresuid),
	SCMP_SYS(setresgid), SCMP_SYS(setgroups), SCMP_SYS(capset),
};

static int add(scmp_filter_ctx ctx, uint32_t action, const int *calls, size_t n)
{
	int r = 0;
	size_t i;

	for (i = 0; r >= 0 && i < n; i++)
		r = seccomp_rule_add(ctx, action, calls[i], 0);
	return r;
}

#define ALLOW(ctx, list) add(ctx, SCMP_ACT_ALLOW, list, ELEMENTSOF(list))

/* Conditions: an argument of the call, from 0, is this value; or these bits of it are. */
static struct scmp_arg_cmp is(unsigned argument, int64_t value)
{
	return (struct scmp_arg_cmp){ .arg = argument, .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)value };
}

static struct scmp_arg_cmp bits_are(unsigned argument, int mask, int value)
{
	return (struct scmp_arg_cmp){ .arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = (scmp_datum_t)mask,
				      .datum_b = (scmp_datum_t)value };
}

/* Nothing that is mapped later can be executed, not even libraries: they are all there. */
static int allow_memory(scmp_filter_ctx ctx)
{
	int r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, bits_are(2, PROT_EXEC, 0));

	return r < 0 ? r : seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, bits_are(2, PROT_EXEC, 0));
}

/* The process that the filter is for. */
static pid_t self;

/* abort(3) */
static int allow_abort(scmp_filter_ctx ctx)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, is(0, self));
}

static int allow_socket(scmp_filter_ctx ctx, int family, int type, int protocol)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 3, is(0, family),
				bits_are(1, SOCKET_TYPE_MASK, type), is(2, protocol));
}

/* What a socket is made with: socket(2). */
struct kind {
	int family, type, protocol;
};

/* Of AF_UNIX no streams: the system's D-Bus, container engines and databases listen there. */
static const struct kind agent_sockets[] = {
	{ AF_UNIX, SOCK_DGRAM, 0 },	/* journald, systemd */
	{ AF_UNIX, SOCK_SEQPACKET, 0 }, /* the helper */
	{ AF_INET, SOCK_DGRAM, 0 },	/* DNS */
	{ AF_INET, SOCK_STREAM, 0 },
	{ AF_INET6, SOCK_DGRAM, 0 },
	{ AF_INET6, SOCK_STREAM, 0 },
	{ AF_NETLINK, SOCK_RAW, NETLINK_ROUTE }, /* own addresses: for the exemption "own" */
};

/* Its netlink sockets are open. One for routes or links it cannot make. */
static const struct kind helper_sockets[] = {
	{ AF_UNIX, SOCK_DGRAM, 0 }, /* journald */
};

static int allow_sockets(scmp_filter_ctx ctx, const struct kind *kinds, size_t n)
{
	int r = 0;
	size_t i;

	for (i = 0; r >= 0 && i < n; i++)
		r = allow_socket(ctx, kinds[i].family, kinds[i].type, kinds[i].protocol);
	return r;
}

struct option {
	int level, name;
};

/* Not SO_ATTACH_FILTER and its like, which are programs in the kernel. */
static const struct option socket_options[] = {
	{ SOL_SOCKET, SO_SNDTIMEO },	 { SOL_SOCKET, SO_SNDBUF },   { SOL_SOCKET, SO_RCVBUF },
	{ SOL_SOCKET, SO_SNDBUFFORCE },	 { SOL_SOCKET, SO_RCVBUFFORCE }, { SOL_SOCKET, SO_PASSCRED },
	{ SOL_SOCKET, SO_PASSSEC },	 { IPPROTO_TCP, TCP_NODELAY },
};

static int allow_socket_options(scmp_filter_ctx ctx)
{
	int r = 0;
	size_t i;

	for (i = 0; r >= 0 && i < ELEMENTSOF(socket_options); i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 2,
				     is(1, socket_options[i].level), is(2, socket_options[i].name));
	return r;
}

/* Only to read, whatever Landlock says. */
static int allow_open_readonly(scmp_filter_ctx ctx)
{
	const int writing = O_ACCMODE | O_CREAT | O_TRUNC;
	int r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, bits_are(2, writing, 0));

	return r < 0 ? r : seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(open), 1, bits_are(1, writing, 0));
}

/* What both have. */
static int begin(scmp_filter_ctx ctx)
{
	int r = ALLOW(ctx, basic);

	if (r >= 0)
		r = ALLOW(ctx, reading);
	if (r >= 0)
		r = ALLOW(ctx, talking);
	if (r >= 0)
		r = allow_memory(ctx);
	if (r >= 0)
		r = allow_abort(ctx);
	if (r >= 0)
		r = allow_socket_options(ctx);
	return r < 0 ? r : add(ctx, SCMP_ACT_KILL_PROCESS, never, ELEMENTSOF(never));
}

static int fill_agent(scmp_filter_ctx ctx)
{
	int r = ALLOW(ctx, agent);

	/* Limits are only asked for. */
	if (r >= 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, is(2, 0));
	return r < 0 ? r : allow_sockets(ctx, agent_sockets, ELEMENTSOF(agent_sockets));
}

static int fill_helper(scmp_filter_ctx ctx)
{
	int r = allow_open_readonly(ctx);

	return r < 0 ? r : allow_sockets(ctx, helper_sockets, ELEMENTSOF(helper_sockets));
}

/* What the kernel runs, by libseccomp, into fd. */
static int write_filter(int (*fill)(scmp_filter_ctx ctx), int fd)
{
	scmp_filter_ctx ctx;
	int r;

	/* It would ask the kernel by a call that containers forbid. One older than 4.14 ends the thread instead. */
	seccomp_api_set(API_KILL_PROCESS);
	ctx = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	r = ctx ? begin(ctx) : -ENOMEM;
	if (r >= 0)
		r = fill(ctx);
	if (r >= 0)
		r = seccomp_export_bpf(ctx, fd);
	seccomp_release(ctx);
	return r;
}

/* Returns instructions, or negative errno. */
static int read_filter(int fd, struct sock_filter filter[static BPF_MAXINSNS])
{
	size_t len = 0;
	ssize_t n;

	do {
		n = read(fd, (char *)filter + len, BPF_MAXINSNS * sizeof(*filter) - len);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : (int)(len / sizeof(*filter));
}

/*
 * A child makes the filter: libseccomp and what it leaves in the heap take half a
 * megabyte of a process, and are needed once.
 */
static int make_filter(int (*fill)(scmp_filter_ctx ctx), struct sock_filter filter[static BPF_MAXINSNS])
{
	int ends[2], status = 0, n;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	self = getpid();
	child = fork();
	if (child == 0)
		_exit(write_filter(fill, ends[1]) < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
	close(ends[1]);
	n = child < 0 ? -errno : read_filter(ends[0], filter);
	close(ends[0]);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return n < 0 ? n : n == 0 || status != 0 ? -EIO : n;
}

static int load(int (*fill)(scmp_filter_ctx ctx))
{
	struct sock_filter filter[BPF_MAXINSNS];
	struct sock_fprog program = { .filter = filter };
	int n = make_filter(fill, filter);

	if (n < 0)
		return n;
	program.len = (unsigned short)n;
	/* Linux before 4.14 cannot note what was refused, and systemd-nspawn lets only the older call pass. */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG, &program) == 0)
		return 0;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0 ? -errno : 0;
}

int seccomp_agent(void)
{
	return load(fill_agent);
}

int seccomp_helper(void)
{
	return load(fill_helper);
}
