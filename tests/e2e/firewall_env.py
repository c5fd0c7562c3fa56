"""The firewall helper with the kernel, and real packets from a namespace beside; for test files that end with run(globals())."""
import errno
import ipaddress
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile

from sipwarden_env import BUILD, sh, wait


MAGIC = 0x53570006
COMMANDS, HELLO, DONE, ELEMENTS, LISTED, LIMITED, WIRE = 1, 2, 3, 4, 6, 7, 8
BAN, UNBAN, EXEMPT, UNEXEMPT, LIST, RELOAD, FLUSH, SEEN, PAUSE, RESUME = range(1, 11)
TRUST, DISTRUST, SIP_PORT, SIP, SIP_COUNT, SIP_LIMITED, CROWD = range(14, 21)
HEAD, ENTRY = struct.Struct("=IHHII"), struct.Struct("=BB16sHBBHiIQQQ")
YES, NO, UNKNOWN = 0, -errno.ENOENT, -errno.ENODATA
FOR_EVER = 2 ** 64 - 1
GATEWAY4, GATEWAY6 = "192.0.2.1", "2001:db8:a::1"
AGE = 2.3  # longer than witness_for of Helper

# In the namespace beside: packets "PROTOCOL SOURCE PORT … COUNT SIZE", one kind a line; then "." for each line done.
SENDER = r"""
import socket, sys
IP_TRANSPARENT, IPV6_FREEBIND = 19, 78
for line in sys.stdin:
    protocol, source, port, gateway4, gateway6, count, size = line.split()
    v6 = ":" in source
    s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM)
    s.setsockopt(socket.IPPROTO_IPV6 if v6 else socket.IPPROTO_IP, IPV6_FREEBIND if v6 else IP_TRANSPARENT, 1)
    s.setblocking(protocol == "udp")
    s.bind((source, 0))
    try:
        s.connect((gateway6 if v6 else gateway4, int(port)))
        for _ in range(int(count)):
            s.send(source.encode().ljust(int(size))[:int(size)])
    except BlockingIOError:
        pass
    s.close()
    print(".", flush=True)
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

    def send(self, source, protocol="udp", port=5060, count=1, size=80):
        """count packets with the source's text, filled or cut to size bytes."""
        self.process.stdin.write(f"{protocol} {source} {port} {GATEWAY4} {GATEWAY6} {count} {size}\n")
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
                came.append(self.socket.recv(100).decode().strip())
        except BlockingIOError:
            return came

    def close(self):
        self.socket.close()


class Helper:
    """A firewall helper of its own, and the agent's side of its protocol."""

    def __init__(self, firewall="", exempt="", sip=""):
        self.dir = tempfile.mkdtemp(prefix="sipwarden-e2e-")
        self.config = os.path.join(self.dir, "sipwarden.conf")
        self.write(firewall, exempt, sip)
        self.process = None

    def write(self, firewall="", exempt="", sip=""):
        if "witness_for" not in firewall:
            firewall += "\nwitness_for = 2s"
        with open(self.config, "w") as f:
            f.write(f"[sipwarden]\nuser = root\nfirewall_socket = {self.dir}/sock\n[firewall]\ntable = wardenwitness\n{firewall}\n"
                    f"[exempt]\n{exempt}\n[sip-firewall]\n{sip}\n[input asterisk]\npath = /run/none.log\n")

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
        if kind == WIRE:  # comes with a descriptor, which nobody wants here
            return self.receive()
        return kind, [ENTRY.unpack_from(packet, HEAD.size + i * ENTRY.size) for i in range(count)]

    def do(self, op, *addresses, left=FOR_EVER, packets=0):
        """Does op for each address, or without any; the errors, and the elements of a list."""
        entries = b""
        for a in addresses or [None]:
            net = ipaddress.ip_network(a) if a else None
            family = 0 if not net else socket.AF_INET if net.version == 4 else socket.AF_INET6
            entries += ENTRY.pack(family, net.prefixlen if net else 0, net.network_address.packed if net else b"", 0, op, 0, 0, 0, 0,
                                  left, packets, 0)
        self.socket.send(HEAD.pack(MAGIC, COMMANDS, len(addresses) or 1, 0, 0) + entries)
        elements = []
        while True:
            kind, got = self.receive()
            if kind == DONE:
                errors = [e[7] for e in got]
            # What is listed comes when everything else is done.
            if kind == (LISTED if op == LIST else DONE):
                return errors, elements
            if kind in (ELEMENTS, LIMITED):
                for e in got:
                    size = 4 if e[0] == socket.AF_INET else 16
                    elements.append(str(ipaddress.ip_network((e[2][:size], e[1]))))

    def count(self, which):
        """Packets that a counter of the SIP firewall has."""
        self.socket.send(HEAD.pack(MAGIC, COMMANDS, 1, 0, 0) +
                         ENTRY.pack(0, 0, b"", 0, SIP_COUNT, 0, 0, 0, 0, which, 0, 0))
        kind, got = self.receive()
        assert kind == DONE and got[0][7] == 0, got
        return got[0][10]

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

    def __init__(self, firewall="", exempt="", sip=""):
        self.sender, self.sink, self.helper = Sender(), Sink(), Helper(firewall, exempt, sip).start()

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
