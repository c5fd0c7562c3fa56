#!/usr/bin/python3
"""What an intruder in the running agent, or in its helper, can reach: real system calls, made inside of them.

Each is first made inside a process that is not confined, to show that it would work.
"""
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

from sipwarden_env import BUILD, TOP, Agent, run, sh, wait

USER = 65534
INJECT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "inject.py")
WITHOUT = os.path.join(os.path.dirname(INJECT), "without.py")
AT_FDCWD, O_RDONLY, O_WRONLY, O_RDWR, O_CREAT = -100, 0, 1, 2, 0o100
AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET = 1, 2, 10, 16, 17
STREAM, DGRAM, RAW = 1, 2, 3
READ, WRITE, EXEC, PRIVATE_ANONYMOUS = 1, 2, 4, 0x22
PORT = 8080


def inject(pid, calls):
    """The result of the last call that was made: a number, {"error": …} or {"killed": …}."""
    out = sh(sys.executable, INJECT, str(pid), *map(json.dumps, calls))
    return json.loads(out.splitlines()[-1])


def failed(result):
    return isinstance(result, dict)


def unconfined(user):
    """A process like ours with nothing taken from it, as root or as the agent's user."""
    return subprocess.Popen(["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "sleep", "600"])


@contextlib.contextmanager
def process(user):
    p = unconfined(user)
    try:
        wait("sleep runs", lambda: "sleep" in open(f"/proc/{p.pid}/comm").read())
        yield p.pid
    finally:
        p.kill()
        p.wait()


def inet(port):
    return {"bytes": (struct.pack("<H", AF_INET) + struct.pack(">H", port) + socket.inet_aton("127.0.0.1") + bytes(8)).hex()}


class Place:
    """What an intruder could want: files of the same user, listening sockets, a process of the same user."""

    def __init__(self):
        self.agent = Agent("")
        self.dir = self.agent.path("elsewhere")
        self.socket_dir = self.agent.path("run")
        for d in (self.dir, self.socket_dir):
            os.mkdir(d)
        self.file = os.path.join(self.dir, "file")
        with open(self.file, "w") as f:
            f.write("x\n")
        self.spare = os.path.join(self.dir, "spare")
        open(self.spare, "w").close()
        self.log = self.agent.path("full.log")
        open(self.log, "w").close()
        a = self.agent
        a.base = a.base.replace("user = root", f"user = nobody\nfirewall_socket = {self.socket_dir}/firewall.sock")
        a.base = a.base.replace(f"socket = {a.dir}/control.sock", f"socket = {self.socket_dir}/control.sock")
        a.write_config(f"[input asterisk]\npath = {self.log}\n[exempt]\naddress = 198.51.100.0/24\n")
        # The source tree may be nobody's business, and the agent reads filters as nobody after a reload.
        shutil.copytree(f"{TOP}/filters", a.path("filters"), dirs_exist_ok=True)
        os.chmod(a.dir, 0o755)
        sh("chown", "-R", str(USER), a.dir)
        self.listeners = [socket.create_server(("127.0.0.1", p)) for p in (PORT, 53)]
        self.unix = socket.socket(socket.AF_UNIX)
        self.unix.bind(os.path.join(self.dir, "service"))
        os.chmod(os.path.join(self.dir, "service"), 0o666)
        self.unix.listen()
        self.helper = None
        self.victim = unconfined(USER)

    def start_helper(self):
        if self.helper and self.helper.poll() is None:
            return self.helper.pid
        self.helper = subprocess.Popen([f"{BUILD}/sipwardend", "--firewall", "--config", self.agent.config],
                                       stderr=open(self.agent.log, "a"))
        wait("the helper listens", lambda: self.is_confined(self.helper.pid))
        return self.helper.pid

    def start_agent(self):
        if self.agent.process and self.agent.process.poll() is None:
            return self.agent.process.pid
        self.agent.start()
        return self.agent.process.pid

    @staticmethod
    def is_confined(pid):
        with open(f"/proc/{pid}/status") as f:
            return "Seccomp:\t2" in f.read()

    def close(self):
        self.agent.close()
        for p in (self.helper, self.victim):
            if p:
                p.kill()
                p.wait()
        for s in (*self.listeners, self.unix):
            s.close()

    # What is tried: a name, the user who could do it, and the calls, the last of which must fail.

    def files(self):
        return [
            ("read what only root may", 0, [["open", "/etc/shadow", O_RDONLY]]),
            ("write a file of its own elsewhere", USER, [["open", self.file, O_WRONLY]]),
            ("make a file elsewhere", USER, [["open", self.dir + "/new", O_WRONLY | O_CREAT, 0o666]]),
            ("remove a file elsewhere", USER, [["unlink", self.spare]]),
            ("rename a file elsewhere", USER, [["rename", self.file, self.spare + "2"], ["rename", self.spare + "2", self.file]]),
            ("write its own configuration", USER, [["open", self.agent.config, O_WRONLY]]),
            ("write the log", USER, [["open", self.log, O_WRONLY]]),
            ("cut a file", USER, [["truncate", self.file, 0]]),
            ("change rights", USER, [["chmod", self.file, 0o777]]),
            ("make a directory", USER, [["mkdir", self.dir + "/directory", 0o755]]),
            ("make a link", USER, [["symlink", "/", self.dir + "/link"]]),
            ("make another name", USER, [["link", self.file, self.dir + "/name"]]),
            ("memory of another process of its user", USER, [["open", f"/proc/{self.victim.pid}/mem", O_RDWR]]),
            ("environment of another process of its user", USER, [["open", f"/proc/{self.victim.pid}/environ", O_RDONLY]]),
        ]

    def network(self):
        service = {"bytes": (struct.pack("<H", AF_UNIX) + os.path.join(self.dir, "service").encode() + b"\0").hex()}
        size = len(service["bytes"]) // 2
        return [
            ("connect outward", USER, [["socket", AF_INET, STREAM, 0], ["connect", {"result": 0}, inet(PORT), 16]]),
            ("listen", USER, [["socket", AF_INET, STREAM, 0], ["listen", {"result": 0}, 1]]),
            ("serve at a port", USER, [["socket", AF_INET, STREAM, 0], ["bind", {"result": 0}, inet(4444), 16]]),
            ("talk to a service of the host", USER, [["socket", AF_UNIX, STREAM, 0], ["connect", {"result": 0}, service, size]]),
            ("raw packets", 0, [["socket", AF_INET, RAW, 1]]),
            ("raw frames", 0, [["socket", AF_PACKET, RAW, 0x300]]),
            ("write the firewall itself", USER, [["socket", AF_NETLINK, RAW, 12]]),
            ("listen to the kernel's devices", USER, [["socket", AF_NETLINK, RAW, 15]]),
            ("multipath TCP, past rules for TCP", USER, [["socket", AF_INET, STREAM, 262]]),
        ]

    def memory(self):
        return [
            ("memory to write and execute", USER, [["mmap", 0, 4096, READ | WRITE | EXEC, PRIVATE_ANONYMOUS, -1, 0]]),
            ("memory to execute", USER, [["mmap", 0, 4096, READ | EXEC, PRIVATE_ANONYMOUS, -1, 0]]),
            ("to execute what was written", USER, [["mmap", 0, 4096, READ | WRITE, PRIVATE_ANONYMOUS, -1, 0],
                                                   ["mprotect", {"result": 0}, 4096, READ | EXEC]]),
            ("to execute a file", USER, [["open", self.file, O_RDONLY],
                                         ["mmap", 0, 4096, READ | EXEC, 2, {"result": 0}, 0]]),
            ("a file without name", USER, [["memfd_create", "x", 0]]),
            ("another personality", USER, [["personality", 0x0400000]]),
        ]

    def processes(self):
        return [
            ("signal to a process of its user", USER, [["kill", self.victim.pid, signal.SIGURG]]),
            ("a handle of it", USER, [["pidfd_open", self.victim.pid, 0]]),
            ("a child", USER, [["clone", signal.SIGCHLD, 0, 0, 0, 0]]),
        ]

    def fatal(self):
        """What ends the process that tries it; without confinement it must at least come to the kernel."""
        iov = {"bytes": struct.pack("QQ", 0, 0).hex()}
        zeros = {"bytes": bytes(128).hex()}
        return [
            ("a shell", USER, [["execve", "/bin/sh", 0, 0]]),
            ("a shell by descriptor", USER, [["execveat", AT_FDCWD, "/bin/sh", 0, 0, 0]]),
            ("a child", USER, [["fork"]]),
            ("trace", USER, [["ptrace", 16, self.victim.pid, 0, 0]]),
            ("read memory", USER, [["process_vm_readv", self.victim.pid, iov, 1, iov, 1, 0]]),
            ("mount", 0, [["mount", "none", self.dir, "tmpfs", 0, 0]]),
            ("namespaces", 0, [["unshare", 0x20000]]),
            ("another root", 0, [["chroot", "/"]]),
            ("BPF", 0, [["bpf", 0, zeros, 128]]),
            ("io_uring", USER, [["io_uring_setup", 8, zeros]]),
            ("performance counters", 0, [["perf_event_open", zeros, 0, -1, -1, 0]]),
            ("keys", USER, [["keyctl", 0, -3, 1]]),
            ("add a key", USER, [["add_key", "user", "x", "y", 1, -3]]),
            ("another user", 0, [["setuid", 0]]),
            ("a device", 0, [["mknod", self.dir + "/device", 0o20600, 0x103]]),
            ("reboot, with the wrong magic", 0, [["reboot", 0, 0, 0, 0]]),
            ("name of the host", 0, [["sethostname", "x", 1]]),
        ]


def attack(place, n, address):
    stamp = time.strftime("%Y-%m-%d %H:%M:%S")
    with open(place.log, "a") as f:
        f.write("".join(f"[{stamp}] NOTICE[1] chan_sip.c: Registration from '<sip:{i}@x>' failed for '{address}:5060' - "
                        "Wrong password\n" for i in range(n)))


@contextlib.contextmanager
def place():
    p = Place()
    try:
        yield p
    finally:
        p.close()


def reaches_the_kernel(result):
    return not failed(result) or result.get("error") not in (None, "ENOSYS")


def refuses(start, attempts):
    for what, user, calls in attempts:
        assert failed(inject(start(), calls)), f"{what}: not refused"
        with process(user) as free:
            result = inject(free, calls)
            assert not failed(result), f"{what}: fails everywhere, so it shows nothing: {result}"


def ends(start, attempts):
    for what, user, calls in attempts:
        result = inject(start(), calls)
        assert result == {"killed": "SIGSYS"}, f"{what}: {result}"
        with process(user) as free:
            result = inject(free, calls)
            assert reaches_the_kernel(result), f"{what}: fails everywhere, so it shows nothing: {result}"


def still_bans(p, address):
    p.start_helper()
    p.start_agent()
    attack(p, 5, address)
    wait(f"{address} is banned\n{p.agent.logged()}", lambda: p.agent.in_kernel(address))


def test_what_an_intruder_in_the_agent_tries_is_refused():
    with place() as p:
        p.start_helper()
        refuses(p.start_agent, p.files() + p.network() + p.memory() + p.processes())
        pid = p.agent.process.pid
        still_bans(p, "192.0.2.5")
        assert p.agent.process.pid == pid


def test_what_only_an_intruder_in_the_agent_does_ends_it():
    with place() as p:
        p.start_helper()
        ends(p.start_agent, p.fatal())
        still_bans(p, "192.0.2.5")


def test_what_an_intruder_in_the_helper_tries_is_refused():
    with place() as p:
        readable = [("read what anybody may", USER, [["open", "/etc/passwd", O_RDONLY]]),
                    ("list a directory", USER, [["open", "/etc", O_RDONLY]]),
                    ("any socket", USER, [["socket", AF_INET, DGRAM, 0]]),
                    ("routes and links", USER, [["socket", AF_NETLINK, RAW, 0]]),
                    ("write where the agent may", USER, [["open", p.agent.dir + "/state/new", O_WRONLY | O_CREAT, 0o666]])]
        os.mkdir(p.agent.dir + "/state")
        os.chown(p.agent.dir + "/state", USER, USER)
        refuses(p.start_helper, readable + p.files() + p.network() + p.memory() + p.processes())
        pid = p.helper.pid
        still_bans(p, "192.0.2.5")
        assert p.helper.pid == pid


def test_what_only_an_intruder_in_the_helper_does_ends_it_and_the_next_is_brought_up_to_date():
    with place() as p:
        p.start_helper()
        p.start_agent()
        still_bans(p, "192.0.2.5")
        ends(p.start_helper, p.fatal())
        sh("nft", "delete", "table", "inet", p.agent.table, check=False)
        still_bans(p, "192.0.2.6")
        wait("the former ban is back", lambda: p.agent.in_kernel("192.0.2.5"))


def test_what_the_agent_needs_goes_on():
    with place() as p:
        p.start_helper()
        pid = p.start_agent()
        for calls in ([["open", p.agent.path("state") + "/new", O_RDWR | O_CREAT, 0o600]],
                      [["unlink", p.agent.path("state") + "/new"]], [["open", p.file, O_RDONLY]], [["open", "/etc", O_RDONLY]],
                      [["socket", AF_INET, DGRAM, 0], ["connect", {"result": 0}, inet(53), 16]],
                      [["socket", AF_INET, STREAM, 0], ["connect", {"result": 0}, inet(53), 16]]):
            assert not failed(inject(pid, calls)), calls


def test_inputs_and_filters_of_a_reload_may_be_anywhere():
    with place() as p:
        p.start_helper()
        pid = p.start_agent()
        os.makedirs("/run/later/logs")
        os.chmod("/run/later", 0o755)
        log = "/run/later/logs/full.log"
        open(log, "w").close()
        with open(p.agent.path("filters") + "/mine.conf", "w") as f:
            f.write("[filter]\ndescription = mine\n[pattern p]\nclass = scanner\nregex = my own line from (?<addr>(?&ip))\n"
                    "example = my own line from 192.0.2.77\nexpect = address=192.0.2.77\n")
        p.agent.write_config(f"[input mine]\npath = {log}\n")
        p.agent.ctl("reload")
        with open(log, "a") as f:
            f.write("my own line from 192.0.2.77\n")
        p.agent.wait_banned("192.0.2.77")
        assert p.agent.process.pid == pid


ENTRY = "@BB16sHB3xi4xQQQ"  # struct proto_entry of agentd/firewall/proto.h
MAGIC, COMMANDS, BAN, UNEXEMPT = 0x53570006, 1, 1, 4


def command(op, address, length, port):
    entry = struct.pack(ENTRY, AF_INET, length, socket.inet_aton(address), port, op, 0, 3600 * 10 ** 6, 0, 0)
    return {"bytes": (struct.pack("IHHII", MAGIC, COMMANDS, 1, 0, 0) + entry).hex()}, 16 + len(entry)


def helper_fd(pid):
    """Of the agent's descriptors the one that leads to the helper: its only socket of packets in order."""
    with open("/proc/net/unix") as f:
        packets = {"socket:[" + line.split()[6] + "]" for line in f if line.split()[4] == "0005"}
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            if os.readlink(f"/proc/{pid}/fd/{fd}") in packets:
                return int(fd)
    raise AssertionError("the agent has no socket to the helper")


def test_an_agent_that_is_taken_over_bans_nobody_who_is_exempt():
    with place() as p:
        p.start_helper()
        pid = p.start_agent()
        wait("the helper serves", lambda: p.agent.json("status")["firewall_ready"])
        fd = helper_fd(pid)

        def say(op, address, length=32, port=0):
            packet, size = command(op, address, length, port)
            assert inject(pid, [["sendto", fd, packet, size, 0, 0, 0]]) == size
        say(BAN, "192.0.2.9")  # whom nobody has exempted: so the packets are right
        wait("in the kernel", lambda: p.agent.in_kernel("192.0.2.9"))
        refused = p.agent.json("status")["firewall_refused"]
        say(UNEXEMPT, "198.51.100.0", 24)
        victims = [("198.51.100.7", 32, 0), ("198.51.100.7", 32, 5070), ("198.51.0.0", 16, 0), ("127.0.0.1", 32, 0),
                   ("224.0.0.1", 32, 0), ("0.0.0.0", 0, 0)]
        for victim in victims:
            say(BAN, *victim)
        wait("it has answered", lambda: p.agent.json("status")["firewall_refused"] == refused + 1 + len(victims))
        kernel = p.agent.kernel()
        assert re.findall(r"(\S+) counter packets \d+ bytes \d+ timeout", kernel) == ["192.0.2.9"], kernel
        assert "198.51.100.0/24" in kernel


NETFILTER = 12  # NETLINK_NETFILTER
ULOG_CONFIG, NEWTABLE, DELTABLE = 0x401, 0xa00, 0xa02


def netlink(kind, group, attributes, flags=5):
    """A message to netfilter, of the header and one attribute."""
    body = struct.pack(">BBH", 0, 0, group) + attributes
    return struct.pack("=IHHII", 16 + len(body), kind, flags, 1, 0) + body


def attribute(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def wire_fd(pid):
    """The agent's descriptor that copies of packets come from."""
    with open("/proc/net/netlink") as f:
        wanted = {"socket:[" + line.split()[9] + "]" for line in f if line.split()[1] == str(NETFILTER)}
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            if os.readlink(f"/proc/{pid}/fd/{fd}") in wanted:
                return int(fd)
    return None


def groups():
    with open("/proc/net/netfilter/nfnetlink_log") as f:
        return {int(line.split()[0]) for line in f}


def test_from_where_packets_come_the_agent_can_only_receive():
    with place() as p:
        p.start_helper()
        pid = p.start_agent()
        fd = wait("the helper has handed it over", lambda: wire_fd(pid))
        before = groups()
        bind = netlink(ULOG_CONFIG, 6000, attribute(1, bytes([1, 0, 0, 0])))
        table = p.agent.table.encode() + b"\0"
        begin, end = netlink(0x10, 10, b"", 1), netlink(0x11, 10, b"", 1)
        delete = begin + struct.pack("=IHHII", 20 + len(attribute(1, table)), DELTABLE, 1, 2, 0) + struct.pack(
            ">BBH", 1, 0, 0) + attribute(1, table) + end
        for message in (bind, delete):
            assert inject(pid, [["sendto", fd, {"bytes": message.hex()}, len(message), 0, 0, 0]]) == len(message)
        # Notifications of nftables, by binding and by an option.
        address = {"bytes": struct.pack("=HHII", AF_NETLINK, 0, 0, 1 << 6).hex()}
        assert failed(inject(pid, [["bind", fd, address, 12]]))
        assert failed(inject(pid, [["setsockopt", fd, 270, 1, {"bytes": "07000000"}, 4]]))
        assert groups() == before, (before, groups())
        assert f"table inet {p.agent.table}" in p.agent.kernel()
        # The same messages from one who has the right.
        with socket.socket(AF_NETLINK, socket.SOCK_RAW, NETFILTER) as s:
            s.sendto(bind, (0, 0))
            assert 6000 in groups(), groups()
            s.sendto(delete, (0, 0))
            wait("the table was deleted", lambda: "is restored" in p.agent.logged())
        still_bans(p, "192.0.2.5")


def test_the_helper_reads_its_exemptions_again_and_no_others():
    with place() as p:
        p.start_helper()
        p.start_agent()
        os.mkdir(p.agent.config + ".d")
        drop = p.agent.config + ".d/more.conf"
        with open(drop, "w") as f:
            f.write("[exempt]\naddress = 203.0.113.0/24\n")
        sh("chown", "-R", str(USER), drop)
        p.agent.ctl("reload")
        wait("in the kernel", lambda: "203.0.113.0/24" in p.agent.kernel())
        os.rename(drop, p.dir + "/more.conf")
        with open("/run/elsewhere.conf", "w") as f:
            f.write("[exempt]\naddress = 192.0.2.64/26\n")
        os.symlink("/run/elsewhere.conf", drop)
        p.agent.ctl("reload")
        wait("the helper says so", lambda: "keeps its exemptions" in p.agent.logged() and "restart the helper" in p.agent.logged())
        assert "203.0.113.0/24" in p.agent.kernel()


def test_keeper_and_helper_in_the_foreground_have_one_capability_and_are_replaced():
    with place() as p:
        p.agent.base = p.agent.base.replace(f"firewall_socket = {p.socket_dir}/firewall.sock\n", "")
        p.agent.write_config(f"[input asterisk]\npath = {p.log}\n")
        agent = p.start_agent()

        def family():
            keeper = int(sh("pgrep", "-P", str(agent)).split()[0])
            children = sh("pgrep", "-P", str(keeper), check=False).split()
            return keeper, int(children[0]) if children else None
        wait("the helper is confined", lambda: family()[1] and p.is_confined(family()[1]))
        keeper, helper = family()
        for pid in (keeper, helper):
            with open(f"/proc/{pid}/status") as f:
                status = f.read()
            assert "CapPrm:\t0000000000001000" in status and f"Uid:\t{USER}\t{USER}" in status, status
        assert p.is_confined(agent)
        attack(p, 5, "192.0.2.5")
        p.agent.wait_banned("192.0.2.5")
        assert inject(helper, [["execve", "/bin/sh", 0, 0]]) == {"killed": "SIGSYS"}
        wait("another helper", lambda: family()[1] not in (None, helper) and p.is_confined(family()[1]))
        attack(p, 5, "192.0.2.6")
        p.agent.wait_banned("192.0.2.6")
        assert p.agent.in_kernel("192.0.2.5")


def start_without(p, error, calls):
    """The agent, in a kernel or container that does not let it have these system calls."""
    p.start_helper()
    p.agent.process = subprocess.Popen([sys.executable, WITHOUT, error, calls, f"{BUILD}/sipwardend", "--config", p.agent.config],
                                       stderr=open(p.agent.log, "a"))
    wait("ready", lambda: p.agent.ctl("status", check=False)[0] == 0)


def test_a_kernel_without_landlock_is_told_once_and_it_works():
    with place() as p:
        start_without(p, "ENOSYS", "landlock_create_ruleset")
        assert p.agent.logged().count("Landlock cannot be used here (Function not implemented)") == 1, p.agent.logged()
        still_bans(p, "192.0.2.5")
        ends(p.start_agent, [("a shell", USER, [["execve", "/bin/sh", 0, 0]])])


def test_a_container_that_forbids_both_calls_still_has_the_older_one_for_seccomp():
    with place() as p:
        start_without(p, "EPERM", "landlock_create_ruleset,seccomp")
        assert p.agent.logged().count("cannot be used here") == 1, p.agent.logged()
        still_bans(p, "192.0.2.5")
        ends(p.start_agent, [("a shell", USER, [["execve", "/bin/sh", 0, 0]])])


if __name__ == "__main__":
    run(globals())
