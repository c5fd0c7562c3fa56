#!/usr/bin/python3
"""The firewall helper and the kernel, with real packets from a namespace beside: who was seen, and who is dropped."""
import errno
import ipaddress
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from sipwarden_env import BUILD, run, sh, wait  # noqa: E402

MAGIC = 0x53570005
COMMANDS, HELLO, DONE, ELEMENTS, LISTED = 1, 2, 3, 4, 6
BAN, UNBAN, EXEMPT, UNEXEMPT, LIST, RELOAD, FLUSH, SEEN, PAUSE, RESUME = range(1, 11)
HEAD, ENTRY = struct.Struct("=IHHII"), struct.Struct("=BB16sHBBHiIQQQ")
YES, NO, UNKNOWN = 0, -errno.ENOENT, -errno.ENODATA
FOR_EVER = 2 ** 64 - 1
GATEWAY4, GATEWAY6 = "192.0.2.1", "2001:db8:a::1"
AGE = 2.3  # longer than witness_for below

# In the namespace beside: packets "PROTOCOL SOURCE PORT", one a line; then "." for each line done.
SENDER = r"""
import socket, sys
IP_TRANSPARENT, IPV6_FREEBIND = 19, 78
for line in sys.stdin:
    protocol, source, port, gateway4, gateway6 = line.split()
    v6 = ":" in source
    s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM)
    s.setsockopt(socket.IPPROTO_IPV6 if v6 else socket.IPPROTO_IP, IPV6_FREEBIND if v6 else IP_TRANSPARENT, 1)
    s.setblocking(protocol == "udp")
    s.bind((source, 0))
    try:
        s.connect((gateway6 if v6 else gateway4, int(port)))
        s.send(source.encode())
    except BlockingIOError:
        pass
    s.close()
    print(".", flush=True)
"""

# In the namespace beside: packets to the gateway from each source in turn, until standard input ends.
FLOOD = r"""
import select, socket, sys
sockets = []
for source in sys.argv[2:]:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IP, 19, 1)
    s.bind((source, 0))
    s.connect((sys.argv[1], 5060))
    sockets.append(s)
print("on", flush=True)
n = 0
while not select.select([sys.stdin], [], [], 0)[0]:
    for s in sockets:
        s.send(b"flood")
        n += 1
print(n)
"""

# Sets that count nothing: not ours, but with our name. The chain stays: between an old and a new one packets could get by.
OTHER_SHAPE = """
flush chain inet wardenwitness prerouting
delete set inet wardenwitness ban4
delete set inet wardenwitness net4
table inet wardenwitness {
    set ban4 { type ipv4_addr; flags timeout; elements = { 192.0.2.40 timeout 1h } }
    set net4 { type ipv4_addr; flags interval,timeout; elements = { 192.0.2.48/29 timeout 1h } }
    chain prerouting {
        type filter hook prerouting priority raw
        ip saddr @ban4 drop
        ip saddr @net4 drop
    }
}
"""


def connect():
    """The namespace of those who send, once."""
    if "src" in sh("ip", "netns", "list"):
        return
    sh("ip", "netns", "add", "src")
    sh("ip", "link", "add", "gw", "type", "veth", "peer", "name", "out", "netns", "src")
    for inside, device, v4, v6 in (([], "gw", GATEWAY4, GATEWAY6), (["ip", "netns", "exec", "src"], "out", "192.0.2.2", "2001:db8:a::2")):
        sh(*inside, "sysctl", "-qw", f"net.ipv6.conf.{device}.accept_dad=0")
        sh(*inside, "ip", "link", "set", device, "up")
        sh(*inside, "ip", "address", "add", f"{v4}/24", "dev", device)
        sh(*inside, "ip", "address", "add", f"{v6}/32", "dev", device, "nodad")
    # No answers: nobody there has these addresses.
    for family, addresses in (("-4", [f"192.0.2.{n}" for n in range(3, 60)]),):
        for a in addresses:
            sh("ip", family, "neighbour", "add", a, "lladdr", "02:00:00:00:00:01", "dev", "gw")


class Sender:
    def __init__(self):
        connect()
        self.process = subprocess.Popen(["ip", "netns", "exec", "src", sys.executable, "-c", SENDER], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def send(self, source, protocol="udp", port=5060):
        self.process.stdin.write(f"{protocol} {source} {port} {GATEWAY4} {GATEWAY6}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == ".\n"

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


class Sink:
    """The gateway: who comes through to its port."""

    def __init__(self, port=5060):
        self.socket = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("::", port))
        self.socket.setblocking(False)

    def came(self):
        """All so far: a packet is there when its sending returned."""
        came = []
        try:
            while True:
                came.append(self.socket.recv(100).decode())
        except BlockingIOError:
            return came

    def close(self):
        self.socket.close()


class Helper:
    """A firewall helper of its own, and the agent's side of its protocol."""

    def __init__(self, firewall="", exempt=""):
        self.dir = tempfile.mkdtemp(prefix="sipwarden-e2e-")
        self.config = os.path.join(self.dir, "sipwarden.conf")
        self.write(firewall, exempt)
        self.process = None

    def write(self, firewall="", exempt=""):
        if "witness_for" not in firewall:
            firewall += "\nwitness_for = 2s"
        with open(self.config, "w") as f:
            f.write(f"[sipwarden]\nuser = root\nfirewall_socket = {self.dir}/sock\n[firewall]\ntable = wardenwitness\n{firewall}\n"
                    f"[exempt]\n{exempt}\n[input asterisk]\npath = /run/none.log\n")

    def start(self):
        self.process = subprocess.Popen([f"{BUILD}/sipwardend", "--config", self.config, "--firewall"])
        self.connect()
        return self

    def connect(self):
        def attempt():
            s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            try:
                s.connect(f"{self.dir}/sock")
            except OSError:
                s.close()
                return None
            return s
        self.socket = wait("the helper listens", attempt)
        self.socket.settimeout(10)
        assert self.receive()[0] == HELLO

    def receive(self):
        packet = self.socket.recv(100000)
        magic, kind, count, _, _ = HEAD.unpack_from(packet)
        assert magic == MAGIC
        return kind, [ENTRY.unpack_from(packet, HEAD.size + i * ENTRY.size) for i in range(count)]

    def do(self, op, *addresses, left=FOR_EVER):
        """Does op for each address, or without any; the errors, and the elements of a list."""
        entries = b""
        for a in addresses or [None]:
            net = ipaddress.ip_network(a) if a else None
            family = 0 if not net else socket.AF_INET if net.version == 4 else socket.AF_INET6
            entries += ENTRY.pack(family, net.prefixlen if net else 0, net.network_address.packed if net else b"", 0, op, 0, 0, 0, 0,
                                  left, 0, 0)
        self.socket.send(HEAD.pack(MAGIC, COMMANDS, len(addresses) or 1, 0, 0) + entries)
        elements = []
        while True:
            kind, got = self.receive()
            if kind == DONE:
                errors = [e[7] for e in got]
            # What is listed comes when everything else is done.
            if kind == (LISTED if op == LIST else DONE):
                return errors, elements
            if kind == ELEMENTS:
                for e in got:
                    size = 4 if e[0] == socket.AF_INET else 16
                    elements.append(str(ipaddress.ip_network((e[2][:size], e[1]))))

    def seen(self, *addresses):
        errors = self.do(SEEN, *addresses)[0]
        return errors[0] if len(addresses) == 1 else errors

    def ban(self, address, left=600):
        return self.do(BAN, address, left=left * 1000000)[0][0]

    def listed(self):
        return sorted(self.do(LIST)[1])

    def kill(self):
        self.socket.close()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def close(self):
        self.kill()
        sh("nft", "delete", "table", "inet", "wardenwitness", check=False)
        sh("rm", "-rf", self.dir)


class World:
    """All of them for one test."""

    def __init__(self, firewall="", exempt=""):
        self.sender, self.sink, self.helper = Sender(), Sink(), Helper(firewall, exempt).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sender.close()
        self.sink.close()
        self.helper.close()

    def passes(self, source):
        self.sink.came()
        self.sender.send(source)
        return source in self.sink.came()


def test_a_source_is_seen_after_its_packet_and_not_before():
    sources = [("udp", "192.0.2.10"), ("tcp", "192.0.2.11"), ("udp", "2001:db8:a:10::1"), ("tcp", "2001:db8:a:11::1")]
    with World() as w:
        time.sleep(AGE)
        for protocol, source in sources:
            assert w.helper.seen(source) == NO, source
            w.sender.send(source, protocol, 9999)  # to another port
            assert w.helper.seen(source) == NO, source
            w.sender.send(source, protocol, 5061 if protocol == "tcp" else 5060)
            assert w.helper.seen(source) == YES, source
        time.sleep(AGE)
        assert w.helper.seen(*[s for _, s in sources]) == [NO] * 4


def test_banned_and_exempt_sources_are_seen():
    with World(exempt="address = 192.0.2.20 2001:db8:a:20::/64") as w:
        time.sleep(AGE)
        banned, exempt = ["192.0.2.21", "2001:db8:a:21::1"], ["192.0.2.20", "2001:db8:a:20::1"]
        for source in banned:
            assert w.helper.ban(source) == 0
            assert not w.passes(source)
        for source in exempt:
            assert w.helper.ban(source) == -errno.EPERM
            assert w.passes(source)
        assert w.helper.ban("192.0.2.0/27") == -errno.EPERM
        assert w.helper.ban("2001:db8:a:20::/60") == -errno.EPERM
        assert w.helper.seen(*banned, *exempt) == [YES] * 4


def test_who_fills_the_set_hides_nothing():
    with World("witness_size = 8") as w:
        time.sleep(AGE)
        for n in range(30, 40):
            w.sender.send(f"192.0.2.{n}")
        # Not recorded, and the silence about it is not told as a no.
        assert w.helper.seen("192.0.2.39") == UNKNOWN
        assert w.helper.seen("192.0.2.30") == YES
        # A network is one source: its hosts do not fill the set of the other family.
        for n in range(1, 20):
            w.sender.send(f"2001:db8:a:30::{n:x}")
        assert w.helper.seen("2001:db8:a:30::1", "2001:db8:a:31::1") == [YES, NO]


def test_a_new_witness_is_silent():
    with World() as w:
        assert w.helper.seen("192.0.2.10", "2001:db8:a:10::1") == [UNKNOWN] * 2
        time.sleep(AGE)
        assert w.helper.seen("192.0.2.10", "2001:db8:a:10::1") == [NO] * 2
        w.sender.send("192.0.2.10")
        # A helper that starts anew does not know what happened meanwhile; what was seen stays.
        w.helper.kill()
        w.helper.start()
        assert w.helper.seen("192.0.2.10", "192.0.2.11") == [YES, UNKNOWN]


def test_a_reload_changes_what_is_watched():
    with World() as w:
        time.sleep(AGE)
        w.helper.write("ports = 7000-7002\nwitness_size = 100")
        w.helper.do(RELOAD)
        assert w.helper.seen("192.0.2.10") == UNKNOWN
        time.sleep(AGE)
        w.sender.send("192.0.2.10", port=5060)
        w.sender.send("192.0.2.11", port=7001)
        assert w.helper.seen("192.0.2.10", "192.0.2.11") == [NO, YES]
        w.helper.write("witness = no")
        w.helper.do(RELOAD)
        assert w.helper.seen("192.0.2.11", "192.0.2.10") == [UNKNOWN] * 2


def test_paused_packets_pass_and_bans_are_kept():
    with World() as w:
        assert w.helper.ban("192.0.2.40") == 0
        assert w.helper.ban("192.0.2.48/29") == 0
        assert w.helper.ban("2001:db8:a:40::/64") == 0
        sources = ["192.0.2.40", "192.0.2.50", "2001:db8:a:40::5"]
        assert not any(w.passes(s) for s in sources)
        assert w.helper.do(PAUSE)[0] == [0]
        assert all(w.passes(s) for s in sources)
        assert w.helper.ban("192.0.2.41") == 0
        assert w.passes("192.0.2.41")
        assert w.helper.seen(*sources) == [YES] * 3
        # Killed, and started without being told: not one packet is dropped.
        w.helper.kill()
        assert all(w.passes(s) for s in sources)
        w.helper.start()
        assert all(w.passes(s) for s in sources)
        sh("nft", "flush", "ruleset")
        assert w.helper.receive()[0] == HELLO
        assert w.helper.ban("192.0.2.40") == 0
        assert w.passes("192.0.2.40")
        assert w.helper.do(RESUME)[0] == [0]
        assert not any(w.passes(s) for s in ["192.0.2.40", "192.0.2.50"])


def test_a_banned_network_is_dropped_whole_and_nothing_else():
    with World() as w:
        assert w.helper.ban("2001:db8:a:50::/64") == 0
        for source in ("2001:db8:a:50::", "2001:db8:a:50::1", "2001:db8:a:50:ffff:ffff:ffff:ffff"):
            assert not w.passes(source), source
        for source in ("2001:db8:a:4f:ffff:ffff:ffff:ffff", "2001:db8:a:51::", "2001:db8:b:50::1", "192.0.2.10"):
            assert w.passes(source), source
        assert w.helper.listed() == ["2001:db8:a:50::/64"]
        assert "2001:db8:a:50:: counter packets 3" in sh("nft", "list", "set", "inet", "wardenwitness", "ban64")
        assert w.helper.do(UNBAN, "2001:db8:a:50::/64")[0] == [0]
        assert w.passes("2001:db8:a:50::1")


def test_an_exemption_comes_before_every_ban():
    with World() as w:
        assert w.helper.ban("2001:db8:a:60::/64") == 0
        assert w.helper.ban("192.0.2.16/28") == 0
        assert w.helper.do(EXEMPT, "2001:db8:a:60::7", "192.0.2.17")[0] == [0, 0]
        assert w.passes("2001:db8:a:60::7") and w.passes("192.0.2.17")
        assert not w.passes("2001:db8:a:60::8") and not w.passes("192.0.2.18")


def flood_while(sources, rounds, change):
    """Who is banned sends all the time, while a helper is killed, change(world, round) changes something, and another starts."""
    with World() as w:
        assert w.helper.ban("192.0.2.40") == 0
        assert w.helper.ban("192.0.2.48/29") == 0
        w.sink.came()
        flood = subprocess.Popen(["ip", "netns", "exec", "src", sys.executable, "-c", FLOOD, GATEWAY4, *sources],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            assert flood.stdout.readline() == "on\n"
            for n in range(rounds):
                w.helper.kill()
                change(w, n)
                w.helper.start()
                assert w.sink.came() == [], n
            assert w.helper.listed() == ["192.0.2.40/32", "192.0.2.48/29"]
        finally:
            sent = int(flood.communicate("")[0])
        assert sent > 1000
        assert w.sink.came() == []


def test_no_packet_passes_while_helpers_come_and_sizes_change():
    flood_while(["192.0.2.40", "192.0.2.50"], 12,
                lambda w, n: w.helper.write(f"max_bans = {1000 + n}" if n % 2 else f"witness_size = {1000 + n}"))


def test_no_packet_passes_while_a_table_of_another_shape_is_replaced():
    # Not so for prefixes: the kernel finds ranges in a new set a moment after the transaction.
    flood_while(["192.0.2.40"], 8, lambda w, n: sh("nft", "-f", "-", input=OTHER_SHAPE))


run(globals())
