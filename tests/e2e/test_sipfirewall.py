#!/usr/bin/python3
"""The SIP firewall: limits of packets to the SIP ports in a real kernel, with real packets from a namespace beside."""
import errno
import os
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from firewall_env import *  # noqa: E402,F401,F403
from sipwarden_env import run, sh, wait  # noqa: E402

(PASS_TRUSTED, PASS_KNOWN, PASS_NEW, PASS_RETRIED, DROP_TRUSTED, DROP_SOURCE, DROP_KEEPALIVE, DROP_LARGE, DROP_CONNECTIONS,
 DROP_CONCURRENT, DROP_KNOWN, DROP_NEW, DROP_RETRIED) = range(13)
ON, OFF = 1, 0
# One packet a second and some at once: what passes within a test is the burst, and one or two more.
TIGHT = """
source = 1 burst 10
trusted = 1 burst 40
keepalive = 1 burst 4
new = 1 burst 20
retried = 1 burst 20
known = 1 burst 30
connections = 1 burst 3
trusted_connections = 1 burst 12
new_connections = 1 burst 20
known_connections = 1 burst 20
"""
WIDE = "source = 1000\nnew = 100000\nknown = 100000\n"

# In the namespace beside: packets from ever new addresses, until standard input ends.
FORGER = r"""
import random, select, socket, sys
n = 0
print("on", flush=True)
while not select.select([sys.stdin], [], [], 0)[0]:
    for _ in range(50):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.IPPROTO_IP, 19, 1)
        s.bind((f"{random.randrange(11, 127)}.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(1, 255)}", 0))
        s.sendto(b"forged".ljust(200), (sys.argv[1], 5060))
        s.close()
        n += 1
print(n)
"""


class SipWorld(World):  # noqa: F405
    def __init__(self, sip=TIGHT, exempt="", firewall=""):
        super().__init__(firewall, exempt, sip)
        sh("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.gw.rp_filter=0")
        self.switch(ON)

    def switch(self, on):
        assert self.helper.do(SIP, left=on)[0] == [0]

    def trust(self, address, left=600):
        assert self.helper.do(TRUST, address, left=left * 1000000)[0] == [0]

    def passed(self, source, count, **how):
        """How many of count packets come through."""
        self.sink.came()
        self.sender.send(source, count=count, **how)
        return len(self.sink.came())

    def connected(self, source, count):
        """How many of so many SYNs come through: the counters tell."""
        before = sum(self.helper.count(c) for c in range(PASS_TRUSTED, DROP_TRUSTED))
        for _ in range(count):
            self.sender.send(source, "tcp", 5061)
        return sum(self.helper.count(c) for c in range(PASS_TRUSTED, DROP_TRUSTED)) - before


def near(n, expected):
    """The burst, and what a second or two have added."""
    return expected <= n <= expected + 9


def test_a_source_has_its_limit_and_others_have_theirs():
    with SipWorld() as w:
        for source in ("192.0.2.10", "2001:db8:a:10::1"):
            n = w.passed(source, 15)
            assert near(n, 10), n
        assert w.helper.count(DROP_SOURCE) >= 6
        assert sorted(w.helper.do(SIP_LIMITED)[1]) == ["192.0.2.10/32", "2001:db8:a:10::/64"]
        # A network of 64 bits is one source.
        assert w.passed("2001:db8:a:10::2", 10) <= 3


def test_who_logged_in_has_a_limit_of_its_own_and_no_ceiling():
    with SipWorld() as w:
        w.trust("192.0.2.20")
        w.trust("2001:db8:a:20::1")
        for n in range(30, 40):
            w.passed(f"192.0.2.{n}", 5)  # the ceilings are used up
        assert w.passed("192.0.2.41", 1) == 0
        for source in ("192.0.2.20", "2001:db8:a:20::7"):
            n = w.passed(source, 60)
            assert near(n, 40), n
        assert w.helper.count(DROP_TRUSTED) > 0
        assert w.helper.do(DISTRUST, "192.0.2.20")[0] == [0]
        assert w.passed("192.0.2.20", 5) == 0


def test_new_ones_have_a_ceiling_and_who_sends_again_comes_through():
    with SipWorld() as w:
        first = sum(w.passed(f"192.0.2.{n}", 1) for n in range(10, 50))
        assert near(first, 20), first
        # Put off; another try within seconds has a ceiling of its own.
        again = sum(w.passed(f"192.0.2.{n}", 1) for n in range(40, 50))
        assert again >= 9, again
        assert w.helper.count(PASS_RETRIED) >= 9
        assert w.helper.do(SIP_LIMITED)[1] == []


def test_whom_the_gateway_answered_is_known():
    with SipWorld() as w:
        for source, family in (("192.0.2.10", 4), ("2001:db8:a:10::1", 6)):
            assert w.passed(source, 1) == 1
            to = (("::ffff:" if family == 4 else "") + source, 5062)
            w.sink.socket.sendto(b"SIP/2.0 401 Unauthorized", to)
        for n in range(30, 50):
            w.passed(f"192.0.2.{n}", 2)
        assert w.passed("192.0.2.51", 1) == 0
        assert w.passed("192.0.2.10", 1) == 1
        assert w.passed("2001:db8:a:10::1", 1) == 1
        assert w.helper.count(PASS_KNOWN) == 2


def test_whom_the_gateway_calls_is_trusted():
    with SipWorld() as w:
        for source, prefix in (("192.0.2.10", "::ffff:"), ("2001:db8:a:10::1", "")):
            w.sink.socket.sendto(b"BYE sip:carrier@example SIP/2.0", (prefix + source, 5062))
            assert near(w.passed(source, 60), 40)
            assert w.connected(source, 5) == 5


def test_whom_the_gateway_calls_may_send_much_but_all_of_them_together_have_a_ceiling():
    with SipWorld(TIGHT + "called = 1 burst 30\n") as w:
        w.trust("192.0.2.20")
        for n in range(10, 15):
            w.sink.socket.sendto(b"OPTIONS sip:x SIP/2.0", (f"::ffff:192.0.2.{n}", 5062))
        w.sink.socket.sendto(b"OPTIONS sip:x SIP/2.0", ("2001:db8:a:10::1", 5062))
        assert w.passed("192.0.2.10", 10) + w.passed("2001:db8:a:10::1", 10) == 20  # more than the new ones, and a half of source
        rest = sum(w.passed(f"192.0.2.{n}", 10) for n in range(11, 15))
        assert near(rest, 10), rest
        # A proxy relays to whom its sender names: that takes nothing from who has logged in.
        assert w.passed("192.0.2.20", 20) == 20


def test_sizes():
    with SipWorld(WIDE + "keepalive = 1 burst 4\nlargest = 2000") as w:
        for size in (0, 1, 2, 4, 20):
            assert w.passed(f"192.0.2.{20 + size}", 1, size=size) == 1, size
        assert near(w.passed("192.0.2.10", 12, size=4), 4)
        assert w.passed("192.0.2.10", 3, size=500) == 3
        assert w.passed("192.0.2.11", 2, size=2000) == 2
        assert w.passed("192.0.2.11", 2, size=2001) == 0
        w.trust("192.0.2.11")
        assert w.passed("192.0.2.11", 2, size=9000) == 2
        assert w.helper.count(DROP_LARGE) == 2
        assert w.helper.count(DROP_KEEPALIVE) >= 5


def test_new_connections():
    with SipWorld() as w:
        for source in ("192.0.2.10", "2001:db8:a:10::1"):
            n = w.connected(source, 8)
            assert near(n, 3), n
        assert w.helper.count(DROP_CONNECTIONS) >= 6
        w.trust("192.0.2.20")
        assert near(w.connected("192.0.2.20", 20), 12)


def test_who_has_too_many_connections_makes_no_new_ones():
    with SipWorld() as w:
        for source in ("192.0.2.10", "2001:db8:a:10::1"):
            assert w.helper.do(CROWD, source, left=600000000)[0] == [0]
            assert w.connected(source, 2) == 0
            assert w.passed(source, 2) == 2  # UDP is another matter
        assert w.helper.count(DROP_CONCURRENT) >= 4
        w.trust("192.0.2.10")
        assert w.connected("192.0.2.10", 2) == 2
        assert w.connected("192.0.2.11", 2) == 2


def test_what_is_established_is_not_cut():
    listener = socket.create_server((GATEWAY4, 5060)) if "gw" in sh("ip", "-br", "link") else None  # noqa: F405
    with SipWorld() as w:
        listener = listener or socket.create_server((GATEWAY4, 5060))  # noqa: F405
        client = subprocess.Popen(["ip", "netns", "exec", "src", sys.executable, "-c", f"""
import socket, sys
s = socket.create_connection(("{GATEWAY4}", 5060))
print("on", flush=True)
for line in sys.stdin:
    s.sendall(b"REGISTER ")
    print(s.recv(100), flush=True)
"""], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert client.stdout.readline() == "on\n"
        peer = listener.accept()[0]
        w.connected("192.0.2.2", 10)  # its own address: its limit of new connections is used up
        assert w.connected("192.0.2.2", 3) <= 1
        for _ in range(100):
            client.stdin.write("go\n")
            client.stdin.flush()
            assert peer.recv(100) == b"REGISTER "
            peer.sendall(b"SIP/2.0 200 OK")
            assert client.stdout.readline() == "b'SIP/2.0 200 OK'\n"
        client.communicate("")
        peer.close()
    listener.close()


def test_exempt_and_banned_sources_and_other_ports():
    with SipWorld(exempt="address = 192.0.2.16/28 2001:db8:a:20::/64") as w:
        for source in ("192.0.2.20", "2001:db8:a:20::1"):
            assert w.passed(source, 100) == 100
        assert w.helper.ban("192.0.2.40") == 0
        assert w.passed("192.0.2.40", 5) == 0
        w.trust("192.0.2.40")
        assert w.passed("192.0.2.40", 5) == 0  # a ban comes before trust
        other = Sink(7000)  # noqa: F405
        w.sender.send("192.0.2.41", port=7000, count=100)
        assert len(other.came()) == 100
        other.close()


def test_it_does_not_switch_conntrack_on():
    count = "/proc/sys/net/netfilter/nf_conntrack_count"
    with SipWorld() as w:
        for n in range(10, 20):
            w.sender.send(f"192.0.2.{n}")
        w.connected("192.0.2.10", 2)
        assert "ct " not in sh("nft", "list", "table", "inet", "wardenwitness")
        if os.path.exists(count):
            with open(count) as f:
                assert int(f.read()) == 0


def test_off_leaves_nothing_but_the_bans():
    with SipWorld() as w:
        w.trust("192.0.2.20")
        assert w.helper.ban("192.0.2.40") == 0
        w.switch(OFF)
        assert w.passed("192.0.2.10", 100) == 100
        assert w.passed("192.0.2.40", 5) == 0
        table = sh("nft", "list", "table", "inet", "wardenwitness")
        for word in ("sip_", "trusted", "grey", "limit rate"):
            assert word not in table, word
        assert w.helper.count(PASS_NEW) == 0
        w.switch(ON)
        assert near(w.passed("192.0.2.10", 20), 10)
        assert near(w.passed("192.0.2.20", 20), 10)  # trust is the agent's to give again
        assert w.passed("192.0.2.40", 5) == 0


def test_paused_nothing_is_limited():
    with SipWorld() as w:
        assert w.helper.do(PAUSE)[0] == [0]
        assert w.passed("192.0.2.10", 100) == 100
        assert w.connected("192.0.2.10", 5) == 0  # not even counted
        assert w.helper.do(RESUME)[0] == [0]
        assert near(w.passed("192.0.2.10", 20), 10)


def test_it_outlives_its_helper_and_comes_back_after_a_flush():
    with SipWorld() as w:
        w.trust("192.0.2.20")
        w.helper.kill()
        assert near(w.passed("192.0.2.10", 20), 10)
        w.helper.start()
        assert w.passed("192.0.2.20", 30) == 30
        assert near(w.passed("192.0.2.11", 20), 10)
        sh("nft", "flush", "ruleset")
        assert w.helper.receive()[0] == HELLO  # noqa: F405
        assert near(w.passed("192.0.2.12", 20), 10)


def test_a_reload_changes_limits_and_keeps_trust():
    with SipWorld() as w:
        w.trust("192.0.2.20")
        w.helper.write(sip=TIGHT.replace("source = 1 burst 10", "source = 1 burst 5") + "sources = 1000\ntrusted_size = 2000\n")
        w.helper.do(RELOAD)  # noqa: F405
        assert "size 1000" in sh("nft", "list", "set", "inet", "wardenwitness", "source4")
        assert "size 2000" in sh("nft", "list", "set", "inet", "wardenwitness", "trusted6")
        assert near(w.passed("192.0.2.10", 20), 5)
        assert w.passed("192.0.2.20", 30) == 30


def test_ports_that_the_agent_says():
    udp, tcp = socket.IPPROTO_UDP, socket.IPPROTO_TCP
    with SipWorld() as w:
        for port, protocol, error in ((7000, udp, 0), (443, tcp, 0), (22, tcp, -errno.EPERM), (53, udp, -errno.EPERM),
                                      (0, udp, -errno.EPERM), (70000, udp, -errno.EPERM), (7000, 1, -errno.EINVAL)):
            assert w.helper.do(SIP_PORT, left=port, packets=protocol)[0] == [error], port
        w.switch(ON)
        assert w.passed("192.0.2.10", 30) == 30  # 5060 is none of them
        other = Sink(7000)  # noqa: F405
        w.sender.send("192.0.2.10", port=7000, count=30)
        assert near(len(other.came()), 10)
        other.close()
        w.helper.write(sip=TIGHT + "ports = 5060\n")
        w.helper.do(RELOAD)  # noqa: F405
        assert w.helper.do(SIP_PORT, left=7000, packets=udp)[0] == [-errno.EPERM]
        assert near(w.passed("192.0.2.11", 30), 10)


def test_full_sets_cut_nobody_who_is_trusted():
    with SipWorld(TIGHT + "sources = 256\ngreylist = 256\ntrusted_size = 256") as w:
        w.trust("192.0.2.20")
        for n in range(1, 250):
            assert w.helper.do(TRUST, f"172.16.0.{n}", left=600000000)[0] == [0]
        for n in range(2000):
            w.sender.send(f"10.1.{n // 250}.{n % 250 + 1}")
        assert w.helper.do(TRUST, *[f"172.16.1.{n}" for n in range(1, 250)], left=600000000)[0][0] in (0, -errno.ENFILE)
        assert w.passed("192.0.2.20", 30) == 30
        # No room to count it: it has no limit of its own, but the ceiling stands.
        assert w.passed("192.0.2.41", 20) <= 4


def elements(name):
    return sh("nft", "list", "set", "inet", "wardenwitness", name)


def test_a_full_greylist_has_room_again_when_who_was_put_off_can_have_sent_again():
    with SipWorld(WIDE.replace("new = 100000", "new = 1 burst 1") + "greylist = 256") as w:
        for n in range(600):
            w.sender.send(f"10.1.{n // 250}.{n % 250 + 1}")
        wait("others have run out", lambda: w.sender.send("192.0.2.30") or "192.0.2.30" in elements("grey4"), 3)


def test_who_has_sent_again_need_not_do_so_twice():
    with SipWorld("source = 1000\nnew = 1 burst 1\nretried = 1 burst 1\n") as w:
        w.passed("192.0.2.10", 1)
        for source in ("192.0.2.11", "2001:db8:a:11::1", "192.0.2.12"):
            w.passed(source, 4)
        w.passed("192.0.2.13", 1)
        assert "192.0.2.12" in elements("again4") and "2001:db8:a:11::" in elements("again6")
        assert "192.0.2.13" not in elements("again4")
        wait("nobody is on the greylist", lambda: "192.0.2" not in elements("grey4"))

        def passes():
            # The first takes the ceiling of the new ones; then one packet at a time, seconds after the others.
            w.sender.send("192.0.2.20", count=1)
            w.sender.send("192.0.2.12", count=1)
            time.sleep(1.5)
            return w.helper.count(PASS_RETRIED) > before
        before = w.helper.count(PASS_RETRIED)
        wait("one packet comes through", passes, 20)


def test_under_a_flood_of_forged_sources_phones_call_and_new_ones_register():
    limits = "new = 50\nretried = 50\nknown = 200\n"
    with SipWorld(limits) as w:
        w.trust("192.0.2.20")
        forger = subprocess.Popen(["ip", "netns", "exec", "src", sys.executable, "-c", FORGER, GATEWAY4], stdin=subprocess.PIPE,  # noqa: F405
                                  stdout=subprocess.PIPE, text=True)
        try:
            assert forger.stdout.readline() == "on\n"
            wait("the ceiling is reached", lambda: w.helper.count(DROP_NEW) > 200)
            came = 0
            for _ in range(20):
                w.sink.came()
                w.sender.send("192.0.2.20", count=10)
                came += w.sink.came().count("192.0.2.20")
                time.sleep(0.05)
            assert came == 200, came
            registered = 0
            for n in range(30, 50):
                # As RFC 3261 17.1.2.2 has it: T1, and twice as long each time.
                for pause in (0.05, 0.1, 0.2):
                    w.sender.send(f"192.0.2.{n}")
                    if f"192.0.2.{n}" in w.sink.came():
                        registered += 1
                        break
                    time.sleep(pause)
            assert registered == 20, (registered, [w.helper.count(c) for c in range(13)])
        finally:
            sent = int(forger.communicate("")[0])
        dropped = w.helper.count(DROP_NEW)
        assert dropped > sent / 2, (sent, dropped)


run(globals())
