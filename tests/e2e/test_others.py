#!/usr/bin/python3
"""Who else writes nftables on this host: what they take away comes back, and what is theirs stays."""
import contextlib
import os
import shutil
import subprocess

from sipwarden_env import Agent, run, sh, wait

ALL = ("192.0.2.5", "2001:db8:5:6::/64", "203.0.113.0/24", "192.0.2.9")


@contextlib.contextmanager
def agent():
    a = Agent("[exempt]\naddress = 198.51.100.0/24\n[input asterisk]\npath = /run/full.log\n")
    try:
        a.start()
        for address in ALL:
            a.ctl("ban", address)
        wait("all are banned", lambda: a.json("status")["firewall_pending"] == 0 and whole(a))
        yield a
    finally:
        a.close()


def whole(a):
    """Rules, exemptions and bans."""
    text = a.kernel()
    return ("@exempt4 accept" in text and "@ban4 counter" in text and "198.51.100.0/24" in text
            and all(f"{address.replace('::/64', '::')} counter" in text for address in ALL))


def restored(a, times):
    wait("all of it is back", lambda: whole(a), 10)
    wait("it is told", lambda: a.logged().count("removed or flushed by somebody else") >= times)
    wait("it is counted", lambda: a.json("status")["firewall_restores"] >= times)


def handle(a, chain, text):
    """Of the rule that has text."""
    listed = sh("nft", "-a", "list", "chain", "inet", a.table, chain)
    return next(line.rsplit(" ", 1)[1] for line in listed.splitlines() if text in line)


def test_whatever_is_taken_away_comes_back_at_once():
    with agent() as a:
        table = ("inet", a.table)
        takings = [
            lambda: sh("nft", "flush", "ruleset"),
            lambda: sh("nft", "delete", "table", *table),
            lambda: sh("nft", "flush", "table", *table),
            lambda: sh("nft", "flush", "chain", *table, "prerouting"),
            lambda: sh("nft", "delete", "chain", *table, "prerouting"),
            lambda: sh("nft", "delete", "rule", *table, "prerouting", "handle", handle(a, "prerouting", "@ban4")),
            lambda: sh("nft", "delete", "rule", *table, "prerouting", "handle", handle(a, "prerouting", "@exempt4")),
            lambda: sh("nft", "delete", "element", *table, "ban4", "{ 192.0.2.5 }"),
            lambda: sh("nft", "delete", "element", *table, "net4", "{ 203.0.113.0/24 }"),
            lambda: sh("nft", "delete", "element", *table, "exempt4", "{ 198.51.100.0/24 }"),
            lambda: sh("nft", "flush", "set", *table, "ban4"),
            lambda: sh("nft", f"delete rule inet {a.table} prerouting handle {handle(a, 'prerouting', '@ban4')}; "
                              f"delete set inet {a.table} ban4"),
        ]
        for n, take in enumerate(takings, 1):
            take()
            restored(a, n)


def test_an_agent_that_starts_removes_what_it_has_not_banned():
    with agent() as a:
        a.stop()
        sh("nft", "add", "element", "inet", a.table, "ban4", "{ 192.0.2.77 timeout 1h }")
        sh("nft", "delete", "element", "inet", a.table, "ban4", "{ 192.0.2.5 }")
        a.start()
        wait("as it was", lambda: whole(a) and not a.in_kernel("192.0.2.77"))


def rest(a):
    """The ruleset without our table. Rules keep their place; handles and counters are not shown."""
    text, ours, lines = sh("nft", "-s", "list", "ruleset"), False, []
    for line in text.splitlines():
        ours = ours or line.startswith(f"table inet {a.table} ")
        if not ours:
            lines.append(line)
        ours = ours and line != "}"
    return "\n".join(lines)


def others():
    """Tables as Docker makes them by iptables-nft, and libvirt by nft."""
    for command in (
            "-t nat -N DOCKER", "-t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
            "-t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE",
            "-t nat -A DOCKER ! -i docker0 -p udp --dport 5060 -j DNAT --to-destination 172.17.0.2:5060",
            "-N DOCKER", "-N DOCKER-USER", "-A FORWARD -j DOCKER-USER", "-A DOCKER-USER -j RETURN",
            "-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p udp --dport 5060 -j ACCEPT"):
        sh("iptables-nft", *command.split())
    sh("nft", "-f", "-", input="""table ip libvirt_network {
        chain forward { type filter hook forward priority filter; policy accept; jump guest_input; }
        chain guest_input { oifname "virbr0" ip daddr 192.168.122.0/24 ct state related,established counter accept; }
        chain guest_nat { type nat hook postrouting priority srcnat; ip saddr 192.168.122.0/24 masquerade; }
    }
    table inet mine {
        set banned { type ipv4_addr; flags timeout; elements = { 192.0.2.1 } ; }
    }
    table ip6 sipwarden {
        chain c { }
    }
    """)


def test_what_others_have_is_never_touched():
    others()
    with agent() as a:
        before = rest(a)
        assert "DOCKER" in before and "libvirt_network" in before and a.table not in before, before
        a.ctl("pause", "--reason", "a test")
        a.ctl("resume")
        a.ctl("reload")
        sh("nft", "delete", "table", "inet", a.table)
        restored(a, 1)
        assert rest(a) == before
        a.stop()
        assert rest(a) == before
        a.start()
        wait("there again", lambda: whole(a))
        a.ctl("flush")
        wait("flushed", lambda: not a.kernel())
        assert rest(a) == before
        a.ctl("reload")
        wait("made again", lambda: "chain prerouting" in a.kernel())
        assert rest(a) == before
    sh("nft", "flush", "ruleset")


def private_copy(directory):
    """What happens to the directory from now on is seen in our mount namespace only."""
    copy = "/run/copy-of" + directory.replace("/", "-")
    shutil.copytree(directory, copy, symlinks=True)
    sh("mount", "--bind", copy, directory)


def test_ufw_enabled_reloaded_and_disabled():
    for directory in ("/etc/ufw", "/etc/default"):
        private_copy(directory)
    with agent() as a:
        for command in ("enable", "reload", "disable"):
            sh("ufw", "--force", command)
            wait(f"as before ufw {command}", lambda: whole(a))
            # It was not even gone: ufw has tables of its own.
            assert not a.json("status")["firewall_restores"]
    sh("nft", "flush", "ruleset")


def firewalld():
    private_copy("/etc/firewalld")
    os.makedirs("/run/dbus", exist_ok=True)
    bus = subprocess.Popen(["dbus-daemon", "--system", "--nofork", "--nopidfile"])
    wait("the bus", lambda: os.path.exists("/run/dbus/system_bus_socket"))
    daemon = subprocess.Popen(["firewalld", "--nofork", "--nopid"])
    wait("firewalld runs", lambda: sh("firewall-cmd", "--state", check=False).strip() == "running", 60)
    return bus, daemon


def test_firewalld_started_reloaded_and_stopped():
    with agent() as a:
        processes = firewalld()
        try:
            assert "table inet firewalld" in sh("nft", "list", "tables")
            wait("as before it started", lambda: whole(a))
            sh("firewall-cmd", "--permanent", "--add-port=5060/udp")
            for command in ("--reload", "--complete-reload"):
                sh("firewall-cmd", command)
                wait(f"as before {command}", lambda: whole(a))
        finally:
            for p in reversed(processes):
                p.terminate()
                p.wait(30)
        wait("as before it ended", lambda: whole(a))
        assert not a.json("status")["firewall_restores"]


run(globals())
