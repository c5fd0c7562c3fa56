#!/usr/bin/python3
"""Who is exempt without being written down: what DNS names stand for, this host, and its gateways."""
import contextlib
import ipaddress
import json
import os
import struct
import subprocess
import time

from dns_server import A, AAAA, CNAME, SERVFAIL, SRV, Server
from sipwarden_env import BUILD, Agent, run, sh, wait

CARRIER = "sip.carrier.example"
INPUT = "[input asterisk]\npath = {dir}/full.log\n"
# What is answered within: the shortest time between two look-ups, and some.
TTL = 30


def resolv_conf(text="nameserver 127.0.0.53\n"):
    """resolv.conf of this mount namespace."""
    if not os.path.exists("/run/resolv.conf"):
        open("/run/resolv.conf", "w").close()
        if not os.path.exists("/etc/resolv.conf"):
            open("/etc/resolv.conf", "w").close()
        sh("mount", "--bind", "/run/resolv.conf", os.path.realpath("/etc/resolv.conf"))
    with open("/run/resolv.conf", "w") as f:
        f.write(text)


@contextlib.contextmanager
def dns():
    resolv_conf()
    server = Server()
    try:
        yield server
    finally:
        server.close()


@contextlib.contextmanager
def agent(exempt="", start=True):
    a = Agent("")
    a.exempt = lambda text: a.write_config(INPUT.format(dir=a.dir) + f"[exempt]\n{text}\n")
    a.exempt(exempt)
    try:
        if start:
            a.start()
        yield a
    finally:
        a.close()


def attack(a, address, n=50):
    stamp = time.strftime("%Y-%m-%d %H:%M:%S")
    with open(a.path("full.log"), "a") as f:
        for i in range(n):
            shown = f"[{address}]" if ":" in address else address
            f.write(f"[{stamp}] NOTICE[1638] chan_sip.c: Registration from '\"{i}\" <sip:{i}@192.0.2.1>' failed for "
                    f"'{shown}:{5060 + i}' - Wrong password\n")


def sources(a, address):
    return {e["source"] for e in a.json("exempt", "list") if e["address"] == address}


def addresses(a, name=CARRIER):
    return {e["address"] for e in a.json("exempt", "list") if e["source"] == f"name:{name}" and e["address"]}


def ranges(a):
    """The kernel's sets of exemptions, as (first, last)."""
    found = []
    for name in ("exempt4", "exempt6"):
        text = sh("nft", "-j", "list", "set", "inet", a.table, name, check=False)
        sets = [o["set"] for o in json.loads(text)["nftables"] if "set" in o] if text else []
        for e in (e for s in sets for e in s.get("elem", [])):
            if isinstance(e, str):
                found.append((ipaddress.ip_address(e),) * 2)
            elif "range" in e:
                found.append(tuple(ipaddress.ip_address(x) for x in e["range"]))
            else:
                net = ipaddress.ip_network(f"{e['prefix']['addr']}/{e['prefix']['len']}")
                found.append((net[0], net[-1]))
    return found


def in_exempt_set(a, *wanted):
    """Are these in the kernel's sets of exemptions?"""
    known = ranges(a)
    wanted = [ipaddress.ip_address(w) for w in wanted]
    return all(any(f.version == w.version and f <= w <= l for f, l in known) for w in wanted)


def unharmed(a, *innocents):
    """50 lines against each of them ban none, and one who is not exempt."""
    for address in innocents:
        attack(a, address)
    attack(a, "192.0.2.66")
    a.wait_banned("192.0.2.66")
    assert list(a.banned()) == ["192.0.2.66"], a.banned()
    a.ctl("unban", "192.0.2.66")
    wait("lifted", lambda: not a.in_kernel("192.0.2.66"))


def test_a_carrier_by_name_is_never_banned():
    with dns() as d, agent(f"name = {CARRIER}", start=False) as a:
        d.set(CARRIER, A, "203.0.113.1", "203.0.113.2", ttl=300)
        d.set(CARRIER, AAAA, "2001:db8::5060")
        d.set(f"_sip._udp.{CARRIER}", SRV, "edge1.carrier.example", "EDGE2.carrier.example")
        d.set(f"_sip._tls.{CARRIER}", SRV, ".")
        d.set("edge1.carrier.example", A, "203.0.113.11")
        d.set("edge1.carrier.example", AAAA, "2001:db8::11")
        d.set("edge2.carrier.example", CNAME, "host.carrier.example")
        d.set("host.carrier.example", A, "203.0.113.12")
        a.start()
        everything = {"203.0.113.1", "203.0.113.2", "2001:db8::5060", "203.0.113.11", "2001:db8::11", "203.0.113.12"}
        wait("all addresses are known", lambda: addresses(a) == everything)
        wait("in the kernel", lambda: in_exempt_set(a, *everything))
        unharmed(a, *everything)
        entry = next(e for e in a.json("exempt", "list") if e["address"] == "203.0.113.11")
        assert not entry["configured"] and entry["next_lookup"] and not entry["failing_since"], entry
        assert "in 2" in a.ctl("exempt", "list")[1], a.ctl("exempt", "list")[1]
        assert a.ctl("ban", "203.0.113.11", check=False)[0] == 5
        status, _, error = a.ctl("exempt", "remove", "203.0.113.11", check=False)
        assert status == 1 and f"name:{CARRIER}" in error, error


def test_a_name_lifts_a_standing_ban_at_once():
    with dns() as d, agent() as a:
        d.set(CARRIER, A, "203.0.113.1")
        attack(a, "203.0.113.1", 5)
        a.wait_banned("203.0.113.1")
        a.ctl("ban", "198.51.100.0/24")
        wait("in the kernel", lambda: a.in_kernel("198.51.100.0/24"))
        a.exempt(f"name = {CARRIER}")
        a.ctl("reload")
        wait("lifted", lambda: not a.in_kernel("203.0.113.1") and list(a.banned()) == ["198.51.100.0/24"], 3)
        # The address may be one of a banned network.
        d.set("other.example", A, "198.51.100.7")
        a.exempt(f"name = {CARRIER} other.example")
        a.ctl("reload")
        wait("lifted", lambda: not a.banned() and not a.in_kernel("198.51.100.0/24"), 3)
        # By config and by an admin as well: it goes when the last has gone.
        a.ctl("exempt", "add", "203.0.113.1", "--reason", "mine")
        assert sources(a, "203.0.113.1") == {"admin", f"name:{CARRIER}"}
        a.exempt("address = 203.0.113.1")
        a.ctl("reload")
        assert sources(a, "203.0.113.1") == {"admin", "config"}
        wait("in the kernel", lambda: in_exempt_set(a, "203.0.113.1") and not in_exempt_set(a, "198.51.100.7"))
        assert "something else" in a.ctl("exempt", "remove", "203.0.113.1")[1]
        time.sleep(0.3)
        assert in_exempt_set(a, "203.0.113.1")
        a.exempt("")
        a.ctl("reload")
        wait("gone", lambda: not in_exempt_set(a, "203.0.113.1"))
        attack(a, "203.0.113.1", 5)
        a.wait_banned("203.0.113.1")


def test_changes_are_followed_and_failures_survived():
    with dns() as d, agent(f"name = {CARRIER}", start=False) as a:
        d.set(CARRIER, A, "203.0.113.1", ttl=1)
        a.start()
        wait("known", lambda: addresses(a) == {"203.0.113.1"})
        asked = len(d.asked)
        # The TTL of a second is not obeyed to the letter.
        time.sleep(3)
        assert len(d.asked) == asked, d.asked
        d.set(CARRIER, A, "203.0.113.2", ttl=1)
        wait("followed within the TTL", lambda: "203.0.113.2" in addresses(a), TTL + 2)
        # A call may still go on with the old one.
        assert addresses(a) == {"203.0.113.1", "203.0.113.2"}
        wait("in the kernel", lambda: in_exempt_set(a, "203.0.113.1", "203.0.113.2"))

        # No server any more: told once, shown, and nothing is forgotten.
        d.silent = True
        wait("failing", lambda: all(e["failing_since"] for e in a.json("exempt", "list")
                                    if e["source"].startswith("name:")), TTL + 15)
        assert a.json("status")["exempt_names_failing"] == 1
        assert "fails since" in a.ctl("exempt", "list")[1]
        assert a.logged().count("cannot be looked up") == 1, a.logged()
        unharmed(a, "203.0.113.1", "203.0.113.2")

        # Nor by a restart without one.
        a.stop()
        a.start()
        assert addresses(a) == {"203.0.113.1", "203.0.113.2"}
        wait("in the kernel", lambda: in_exempt_set(a, "203.0.113.1", "203.0.113.2"))
        unharmed(a, "203.0.113.1", "203.0.113.2")

        # It is there again, and says that there is no such name.
        d.silent = False
        d.clear()
        wait("asked again", lambda: "no address" in str(a.json("exempt", "list")), 30)
        assert addresses(a) == {"203.0.113.1", "203.0.113.2"}
        d.set(CARRIER, A, "203.0.113.3")
        wait("good again", lambda: a.json("status")["exempt_names_failing"] == 0, 30)
        assert addresses(a) == {"203.0.113.1", "203.0.113.2", "203.0.113.3"}


def test_a_name_taken_away_while_stopped_is_gone_from_the_helper():
    with dns() as d, agent(f"name = {CARRIER}", start=False) as a:
        d.set(CARRIER, A, "203.0.113.1")
        a.base = a.base.replace("[firewall]", f"firewall_socket = {a.dir}/firewall.sock\n[firewall]")
        a.exempt(f"address = 203.0.113.9\nname = {CARRIER}")
        helper = subprocess.Popen([f"{BUILD}/sipwardend", "--firewall", "--config", a.config], stderr=open(a.log, "a"))
        try:
            a.start()
            wait("in the kernel", lambda: in_exempt_set(a, "203.0.113.1", "203.0.113.9"))
            a.stop()
            # The helper still runs, and the next agent knows better.
            assert in_exempt_set(a, "203.0.113.1", "203.0.113.9")
            a.exempt("address = 203.0.113.9")
            a.start()
            attack(a, "203.0.113.1")
            a.wait_banned("203.0.113.1")
            assert in_exempt_set(a, "203.0.113.9") and not in_exempt_set(a, "203.0.113.1")
        finally:
            helper.kill()
            helper.wait()


def test_without_dns_it_starts_and_bans():
    resolv_conf("nameserver 127.0.0.99\n")
    began = time.monotonic()
    with agent(f"name = {CARRIER}") as a:
        assert time.monotonic() - began < 3
        attack(a, "192.0.2.66", 5)
        a.wait_banned("192.0.2.66")
        row = wait("failing", lambda: [e for e in a.json("exempt", "list") if e["failing_since"]])
        assert row[0]["address"] is None and row[0]["source"] == f"name:{CARRIER}" and row[0]["error"], row
        assert "NOTHING IS EXEMPT BY IT YET" in a.logged()
        # Another network comes with another resolv.conf.
        with dns() as d:
            d.set(CARRIER, A, "203.0.113.1")
            wait("known", lambda: addresses(a) == {"203.0.113.1"}, 20)


def test_a_lying_server_exempts_nothing_absurd():
    with dns() as d, agent(f"name = {CARRIER}", start=False) as a:
        d.set(CARRIER, A, "0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "169.254.1.1", "203.0.113.1")
        d.set(CARRIER, AAAA, "::", "::1", "fe80::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:203.0.113.2")
        d.set(f"_sip._udp.{CARRIER}", SRV, *[f"h{i}.carrier.example" for i in range(40)])
        for i in range(40):
            d.set(f"h{i}.carrier.example", A, *[f"198.51.{i}.{k}" for k in range(1, 20)])
        a.start()
        wait("known", lambda: len(addresses(a)) > 2)
        known = addresses(a)
        assert len(known) <= 64 and {"203.0.113.1", "203.0.113.2"} < known, known
        assert all(k.startswith(("198.51.", "203.0.113.")) for k in known), known
        assert "more than 64 addresses" in a.logged()
        assert len(set(d.asked)) <= 6 + 2 * 16, len(set(d.asked))
        assert not in_exempt_set(a, "224.0.0.1")


def test_broken_answers_are_survived():
    name = b"\xc0\x0c"
    hostile = [
        (b"", 1), (b"\xc0", 1), (name, 1), (b"\xc0\xff" * 100, 9), (b"\xc0\x1c" * 8, 3),
        (name + struct.pack("!HHIH", A, 1, 60, 400) + b"xx", 1),
        (name + struct.pack("!HHIH", A, 1, 60, 3) + b"\1\2\3", 1),
        (name + struct.pack("!HHIH", CNAME, 1, 60, 2) + name, 65535),
        (name + struct.pack("!HHIH", SRV, 1, 60, 8) + struct.pack("!HHH", 1, 1, 1) + b"\xc0\xfe", 1),
        (b"\x3f" + b"x" * 63 + b"\0" + struct.pack("!HHIH", A, 1, 60, 4) + b"\1\2\3\4", 1),
    ]
    with dns() as d, agent(start=False) as a:
        d.raw = hostile[0]
        a.start()
        for i, raw in enumerate(hostile):
            d.raw = raw
            a.exempt(f"name = n{i}.example")
            a.ctl("reload")
            wait("asked and failed", lambda: a.json("status")["exempt_names_failing"] == 1)
        assert not [e for e in a.json("exempt", "list") if e["source"].startswith("name:") and e["address"]]
        d.raw, d.code = None, SERVFAIL
        a.exempt(f"name = {CARRIER}")
        a.ctl("reload")
        wait("failed", lambda: "that answers it" in str(a.json("exempt", "list")))
        d.code = 0
        d.set(CARRIER, A, "203.0.113.1")
        wait("known", lambda: addresses(a) == {"203.0.113.1"}, 15)


def test_many_names_are_looked_up_a_few_at_a_time():
    names = [f"sip.c{i}.example" for i in range(256)]
    with dns() as d, agent("".join(f"name = {n}\n" for n in names), start=False) as a:
        for i, n in enumerate(names):
            d.set(n, A, f"198.51.100.{i}" if i % 2 else f"203.0.113.{i}")
        a.start()
        wait("all are known", lambda: len([e for e in a.json("exempt", "list") if e["source"].startswith("name:")
                                           and e["address"]]) == 256, 20)
        wait("in the kernel", lambda: in_exempt_set(a, "203.0.113.0", "198.51.100.255"))
        assert a.json("status")["exempt_names_failing"] == 0


def test_mistakes_are_told_with_their_place():
    with agent("name = 192.0.2.1\nname = _sip._udp.x.example\nname = carrier\nname = a..b good.example\nown = maybe", start=False) as a:
        status, _, error = a.ctl("check", check=False)
        first = open(a.config).read().split("\n").index("[exempt]") + 2
        assert status == 1, error
        for i, hint in enumerate(["write address =", "SRV records", "a whole name", "a whole name", "yes or no"]):
            assert hint in next(line for line in error.splitlines() if f"{a.config}:{first + i}:" in line), (hint, error)


def test_this_host_and_its_gateway_are_never_banned():
    sh("ip", "link", "add", "lan0", "type", "veth", "peer", "name", "lan1")
    sh("ip", "link", "set", "lan0", "up")
    sh("ip", "link", "set", "lan1", "up")
    sh("ip", "addr", "add", "192.0.2.10/24", "dev", "lan0")
    sh("ip", "-6", "addr", "add", "2001:db8:1::10/64", "dev", "lan0", "nodad")
    sh("ip", "route", "add", "default", "via", "192.0.2.1")
    sh("ip", "-6", "route", "add", "default", "via", "2001:db8:1::1")
    own = ("192.0.2.10", "192.0.2.1", "2001:db8:1::10", "2001:db8:1::1")
    with agent() as a:
        wait("in the kernel", lambda: in_exempt_set(a, *own), 3)
        assert all(sources(a, o) == {"own"} for o in own), a.json("exempt", "list")
        unharmed(a, *own)

        # A new address within a second, also one that is banned.
        attack(a, "192.0.2.11", 5)
        a.wait_banned("192.0.2.11")
        sh("ip", "addr", "add", "192.0.2.11/24", "dev", "lan0")
        wait("exempt", lambda: in_exempt_set(a, "192.0.2.11") and not a.in_kernel("192.0.2.11"), 1)
        assert not a.banned()
        sh("ip", "addr", "del", "192.0.2.11/24", "dev", "lan0")
        wait("no longer", lambda: not in_exempt_set(a, "192.0.2.11"), 1)

        # Another way out; several at once.
        sh("ip", "route", "replace", "default", "nexthop", "via", "192.0.2.2", "nexthop", "via", "192.0.2.3")
        wait("both", lambda: in_exempt_set(a, "192.0.2.2", "192.0.2.3") and not in_exempt_set(a, "192.0.2.1"), 1)
        sh("ip", "-4", "route", "replace", "default", "via", "inet6", "2001:db8:1::2", "dev", "lan0")
        wait("by IPv6", lambda: in_exempt_set(a, "2001:db8:1::2") and not in_exempt_set(a, "192.0.2.2"), 1)

        # More changes than the socket holds are not missed.
        batch = "".join(f"addr add 198.51.{i // 200}.{i % 200 + 1}/32 dev lan0\n" for i in range(2000))
        sh("ip", "-batch", "-", input=batch)
        wait("all", lambda: len([e for e in a.json("exempt", "list") if e["source"] == "own"]) >= 2000, 5)
        sh("ip", "addr", "flush", "dev", "lan0")
        wait("gone", lambda: not [e for e in a.json("exempt", "list") if e["source"] == "own" and
                                  e["address"].startswith(("198.51.", "192.0.2."))], 5)

        sh("ip", "addr", "add", "192.0.2.10/24", "dev", "lan0")
        wait("exempt", lambda: in_exempt_set(a, "192.0.2.10"), 1)
        a.exempt("own = no")
        a.ctl("reload")
        wait("no longer", lambda: not in_exempt_set(a, "192.0.2.10"))
        a.exempt("own = yes")
        a.ctl("reload")
        wait("again", lambda: in_exempt_set(a, "192.0.2.10"))

        # A helper that died is told again.
        helper = [p for p in sh("pgrep", "-f", a.config).split() if int(p) != a.process.pid]
        sh("kill", "-KILL", helper[-1])
        sh("nft", "delete", "table", "inet", a.table, check=False)
        wait("again", lambda: in_exempt_set(a, "192.0.2.10"))
    sh("ip", "link", "del", "lan0")


run(globals())
