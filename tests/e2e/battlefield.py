"""A gateway under attack, for the files test_attack_*.py: real packets, real nftables.

The namespace of the test is the gateway's; "internet" is beside it, behind one
wire, and everybody else lives there. Innocents send without a pause and count what
comes back: one ban of theirs, however short, shows as packets that stay away. What
the kernel was told, nft monitor writes down.
"""
import calendar
import contextlib
import ctypes
import ipaddress
import json
import os
import re
import socket
import struct
import subprocess
import sys
import time

from sipwarden_env import Agent, sh, wait

GATEWAY, GATEWAY6, ROUTER = "192.0.2.1", "2001:db8::1", "192.0.2.254"
ATTACKER = "192.0.2.5"
# They are on the other side of the router, and nobody has told sipwarden of them.
CARRIER, OFFICE, STRANGER = "198.51.100.7", "203.0.113.40", "203.0.113.77"
ECHO = 5099
SILENCE = 0.4  # seconds in which a ban would have come

ECHOES = r"""
import select, socket, sys
udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
tcp = socket.socket(socket.AF_INET6)
tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
for s in (udp, tcp):
    s.bind(("::", int(sys.argv[1])))
tcp.listen(100)
streams = []
print("on", flush=True)
while True:
    for s in select.select([udp, tcp, *streams], [], [])[0]:
        if s is udp:
            udp.sendto(*udp.recvfrom(100))
        elif s is tcp:
            streams.append(tcp.accept()[0])
        else:
            data = s.recv(4096)
            if data:
                s.sendall(data)
            else:
                streams.remove(s)
"""

# Until standard input ends: each address sends by UDP and TCP every 10 ms, and counts the answers.
INNOCENTS = r"""
import json, select, socket, sys, time
port, peers = int(sys.argv[1]), {}
for address in sys.argv[2:]:
    gateway, family = ("2001:db8::1", socket.AF_INET6) if ":" in address else ("192.0.2.1", socket.AF_INET)
    peers[address] = []
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        s = socket.socket(family, kind)
        s.bind((address, 0))
        s.settimeout(5)
        s.connect((gateway, port))
        s.setblocking(False)
        peers[address].append([s, 0, 0])
everybody = [p for both in peers.values() for p in both]
def collect(seconds):
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for s in select.select([p[0] for p in everybody], [], [], left)[0]:
            p = next(p for p in everybody if p[0] is s)
            try:
                p[2] += len(s.recv(4096)) // 8
            except ConnectionError:
                pass
print("on", flush=True)
while not select.select([sys.stdin], [], [], 0)[0]:
    for p in everybody:
        try:
            p[0].send(b"%8d" % p[1])
        except BlockingIOError:
            pass
        p[1] += 1
    collect(0.01)
end = time.monotonic() + 3
while time.monotonic() < end and any(p[1] != p[2] for p in everybody):
    collect(0.05)
print(json.dumps({a: [p[1:] for p in both] for a, both in peers.items()}))
"""


def start_network(*addresses):
    """Once; every address is somebody on the internet."""
    if "internet" not in sh("ip", "netns", "list"):
        sh("ip", "netns", "add", "internet")
        sh("ip", "netns", "attach", "gateway", str(os.getpid()))
        sh("ip", "link", "add", "wire0", "type", "veth", "peer", "name", "wire1", "netns", "internet")
        inside = ["ip", "-n", "internet"]
        for command, device, v4, v6 in ((["ip"], "wire0", GATEWAY, GATEWAY6), (inside, "wire1", ROUTER, "2001:db8::fe")):
            sh(*command, "address", "add", v4 + "/24", "dev", device)
            sh(*command, "address", "add", v6 + "/64", "dev", device, "nodad")
            sh(*command, "link", "set", device, "up")
        sh(*inside, "link", "set", "lo", "up")
        sh("ip", "route", "add", "default", "via", ROUTER)
        sh("ip", "-6", "route", "add", "default", "via", "2001:db8::fe")
    have = sh("ip", "-n", "internet", "-o", "address")
    for address in addresses:
        if f" {address}/" not in have:
            sh("ip", "-n", "internet", "address", "add", f"{address}/{128 if ':' in address else 32}", "dev", "wire1",
               *(["nodad"] if ":" in address else []))


@contextlib.contextmanager
def on_internet():
    """Sockets made in here belong to the internet."""
    libc = ctypes.CDLL(None, use_errno=True)

    def enter(namespace):
        if libc.setns(namespace.fileno(), 0x40000000) != 0:  # CLONE_NEWNET (setns(2))
            raise OSError(ctypes.get_errno(), namespace.name)
    with open("/run/netns/internet") as there, open("/proc/self/ns/net") as here:
        enter(there)
        try:
            yield
        finally:
            enter(here)


def udp(source, patience=2):
    with on_internet():
        s = socket.socket(socket.AF_INET6 if ":" in source else socket.AF_INET, socket.SOCK_DGRAM)
        s.bind((source, 0))
    s.settimeout(patience)
    return s


def send(source):
    """One packet to the SIP port, so that the kernel has seen its source."""
    with contextlib.closing(udp(source)) as s:
        s.sendto(b"OPTIONS sip:x SIP/2.0\r\n\r\n", (GATEWAY, 5060))


class Forger:
    """Sends UDP packets that claim to be from anybody; answers go to those, not to it."""

    def __init__(self):
        with on_internet():
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)

    def send(self, source, payload, port=5060, source_port=5060):
        length = 8 + len(payload)
        datagram = struct.pack("!HHHH", source_port, port, length, 0) + payload
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + length, 0, 0, 64, socket.IPPROTO_UDP, 0, socket.inet_aton(source),
                           socket.inet_aton(GATEWAY))
        self.socket.sendto(head + datagram, (GATEWAY, 0))


def stamp(ago=0):
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() - ago))


def failure(address, user="100", ago=0):
    """A wrong password by UDP, as chan_sip tells of it."""
    address = f"[{address}]" if address.count(":") > 1 and not address.startswith("[") else address
    return (f"[{stamp(ago)}] NOTICE[1638] chan_sip.c: Registration from '\"{user}\" <sip:{user}@{GATEWAY}>' failed for "
            f"'{address}:5060' - Wrong password\n")


def security(event, address, user="100", session="s", transport="UDP", tail="", ago=0, port=5060):
    family = "IPV6" if ":" in address else "IPV4"
    return (f'[{stamp(ago)}] SECURITY[1] res_security_log.c: SecurityEvent="{event}",EventTV="x",Severity="Error",Service="PJSIP",'
            f'EventVersion="1",AccountID="{user}",SessionID="{session}",LocalAddress="{family}/{transport}/{GATEWAY}/5060",'
            f'RemoteAddress="{family}/{transport}/{address}/{port}"{tail}\n')


def success(address, user="100", session="ok", ago=0):
    return security("SuccessfulAuth", address, user, session, tail=',UsingPassword="1"', ago=ago)


def challenge(address, nonce, session="s", ago=0):
    return security("ChallengeSent", address, "100", session, tail=f',Challenge="{nonce}"', ago=ago)


def guess(address, user="100", session="s", transport="UDP", nonce="1/2", ago=0, port=5060):
    """A wrong password, as PJSIP tells of it."""
    return security("ChallengeResponseFailed", address, user, session, transport,
                    f',Challenge="{nonce}",Response="bf",ExpectedResponse=""', ago, port)


def answered(address, user, n, ago=0):
    """A guess by UDP that answers a challenge of ours."""
    nonce = f"{1764000000 + n}/{n:032x}"
    return challenge(address, nonce, f"c{n}", ago) + guess(address, user, f"c{n}", nonce=nonce, ago=ago)


class Crowd:
    """Innocents who send all the time, and what answers them on the gateway."""

    def __init__(self, addresses):
        self.addresses, self.processes = list(addresses), []
        start_network(*addresses)
        for before, program, arguments in (([], ECHOES, []), (["ip", "netns", "exec", "internet"], INNOCENTS, self.addresses)):
            p = subprocess.Popen([*before, sys.executable, "-c", program, str(ECHO), *arguments], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True)
            self.processes.append(p)
            assert p.stdout.readline() == "on\n", program

    def counts(self):
        """They stop: [sent, answered] by UDP and by TCP, of each."""
        return json.loads(self.processes[1].communicate("")[0])

    def close(self):
        for p in self.processes:
            p.kill()
            p.wait()


class Battle:
    """An agent on the gateway, innocents who send all the time, and what the kernel was told."""

    def __init__(self, innocents=(), config="", inputs=None, own="", firewall="", start=True):
        start_network(ATTACKER, *innocents)
        self.agent = Agent("", sipwarden=own)
        self.agent.base += firewall
        self.log = self.agent.path("full.log")
        self.innocents, self.written = list(innocents), 0
        self.configure(config, inputs)
        self.crowd = self.monitor = None
        if start:
            try:
                self.start()
            except Exception:
                self.__exit__()
                raise

    def configure(self, config, inputs=None):
        self.agent.write_config((inputs or f"[input asterisk]\npath = {self.log}\n").replace("DIR", self.agent.dir) + config)

    def start(self):
        self.monitor = subprocess.Popen(["stdbuf", "-oL", "nft", "monitor", "new", "elements"], stdout=open(self.agent.path("monitor"), "w"))
        self.agent.start()
        if self.innocents:
            self.crowd = Crowd(self.innocents)
        return self

    def write(self, text, name=None):
        """The gateway logs text; returns when all of it was read and judged."""
        with open(self.agent.path(name) if name else self.log, "a") as f:
            f.write(text)
        if not name:
            self.written += text.count("\n")
            self.settle(self.written)

    def settle(self, lines):
        def done():
            status = self.agent.json("status")
            return status["inputs"][0]["lines"] >= lines and status["firewall_pending"] == 0
        wait("the log is read", done, 30)

    def kernel_told(self):
        """Every address that was ever put into a set of bans."""
        with open(self.agent.path("monitor")) as f:
            return set(re.findall(r"(?:add|create) element inet \S+ (?:ban|net)\w* \{ (\S+)", f.read()))

    def stopped(self, address, seconds=10):
        """The attacker is dropped; returns the ban."""
        return self.agent.wait_banned(address, seconds)

    def unharmed(self, quiet=SILENCE):
        """No innocent has lost a packet, and none was ever banned."""
        time.sleep(quiet)
        told = self.kernel_told()
        bad = [(a, t) for a in self.innocents for t in told if covers(t, a)]
        assert not bad, f"banned: {bad}\n{self.agent.logged()}"
        counts = self.crowd.counts()
        assert set(counts) == set(self.innocents)
        for address, both in counts.items():
            for sent, came in both:
                assert sent > 10 and sent == came, (address, both)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.crowd:
            self.crowd.close()
        if self.monitor:
            self.monitor.kill()
            self.monitor.wait()
        self.agent.close()


def lasts(ban):
    """Seconds, from beginning to end."""
    start, end = (calendar.timegm(time.strptime(ban[k][:19], "%Y-%m-%dT%H:%M:%S")) for k in ("start", "end"))
    return end - start


def covers(element, address):
    """nft writes an address, a prefix, a range, or the first address of a /64."""
    a = ipaddress.ip_address(address)
    first, _, last = element.partition("-")
    if last:
        return ipaddress.ip_address(first).version == a.version and ipaddress.ip_address(first) <= a <= ipaddress.ip_address(last)
    if "/" not in element and ":" in element:
        element += "/64"
    return a in ipaddress.ip_network(element, strict=False)
