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

from firewall_env import *  # noqa: E402,F401,F403
from sipwarden_env import run, sh  # noqa: E402

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
