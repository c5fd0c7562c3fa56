#!/usr/bin/python3
"""The SIP firewall as an admin has it: plan, on, off, what is shown, whom it trusts, and what becomes of who sends too much."""
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from firewall_env import GATEWAY4, Sender, Sink  # noqa: E402
from sipwarden_env import Agent, run, sh, wait  # noqa: E402

TIGHT = """
source = 1 burst 10
trusted = 1 burst 40
keepalive = 1 burst 20
connections = 1 burst 10
new = 1 burst 200
"""


@contextlib.contextmanager
def world(sip="", extra="", start=True, limits=TIGHT):
    sender, sink = Sender(), Sink()
    agent = Agent("")
    agent.sender, agent.sink = sender, sink
    agent.text = f"[input asterisk]\npath = {agent.dir}/full.log\nfrom = start\n[exempt]\naddress = 192.0.2.16/28\n{extra}\n"
    agent.write_config(agent.text + f"[sip-firewall]\n{limits}\n{sip}\n")
    try:
        if start:
            agent.start()
        yield agent
    finally:
        sender.close()
        sink.close()
        agent.close()


def security(event, address, user, more):
    stamp = time.strftime("%Y-%m-%d %H:%M:%S")
    version = "IPV6" if ":" in address else "IPV4"
    return (f'[{stamp}] SECURITY[1] res_security_log.c: SecurityEvent="{event}",EventTV="x",Severity="Error",Service="PJSIP",'
            f'EventVersion="1",AccountID="{user}",SessionID="{time.monotonic_ns()}",LocalAddress="{version}/UDP/192.0.2.1/5060",'
            f'RemoteAddress="{version}/UDP/{address}/5060",{more}\n')


def log_in(agent, *addresses):
    with open(agent.path("full.log"), "a") as f:
        f.write("".join(security("SuccessfulAuth", a, "100", 'UsingPassword="1"') for a in addresses))


def passed(agent, source, count, **how):
    agent.sink.came()
    agent.sender.send(source, count=count, **how)
    return len(agent.sink.came())


def near(n, expected):
    return expected <= n <= expected + 9


def is_on(agent):
    return agent.json("firewall", "show")["on"]


def trusted(agent, address):
    return f"{address} timeout" in sh("nft", "list", "set", "inet", agent.table, "trusted6" if ":" in address else "trusted4", check=False)


def test_it_is_off_until_it_is_switched_on_and_stays_so():
    with world() as a:
        ruleset = a.kernel()
        shown = a.json("firewall", "show")
        assert not shown["on"] and not shown["wanted"] and not shown["enabled"], shown
        assert a.json("firewall", "plan")["would_change"]
        plan = a.ctl("firewall", "plan")[1]
        for words in ("5060 udp", "Nothing is changed now", "(source)", "have logged in lately"):
            assert words in plan, plan
        assert passed(a, "192.0.2.50", 30) == 30
        assert "sip_" not in a.kernel() and "chain sip_" not in ruleset
        a.ctl("firewall", "on")
        wait("it is on", lambda: is_on(a))
        assert near(passed(a, "192.0.2.50", 30), 10)
        assert not a.json("firewall", "plan")["would_change"]
        a.stop()
        a.start()
        wait("it is on", lambda: is_on(a))
        assert near(passed(a, "192.0.2.51", 30), 10)
        a.ctl("ban", "192.0.2.52")
        assert "bans stay in force" in a.ctl("firewall", "off")[1]
        wait("it is off", lambda: not is_on(a))
        assert passed(a, "192.0.2.50", 30) == 30
        wait("the ban is in force", lambda: passed(a, "192.0.2.52", 2) == 0)
        a.stop()
        a.start()
        assert not is_on(a) and passed(a, "192.0.2.50", 30) == 30


def test_the_configuration_switches_it_on_and_a_hand_off():
    with world("enabled = yes") as a:
        wait("it is on", lambda: is_on(a))
        assert near(passed(a, "192.0.2.50", 30), 10)
        a.write_config(a.text + f"[sip-firewall]\n{TIGHT}\n")
        a.ctl("reload")
        wait("it is off", lambda: not is_on(a))
        a.write_config(a.text + f"[sip-firewall]\n{TIGHT.replace('burst 10', 'burst 5')}\nenabled = yes\n")
        a.ctl("reload")
        wait("it is on", lambda: is_on(a))
        assert near(passed(a, "192.0.2.51", 30), 5)
        a.ctl("firewall", "off")
        a.ctl("reload")
        wait("it is off", lambda: not is_on(a))


def test_a_flush_takes_it_away_and_a_reload_brings_it_back():
    with world("enabled = yes") as a:
        wait("it is on", lambda: is_on(a))
        a.ctl("flush")
        wait("it is off", lambda: not is_on(a))
        assert a.kernel() == "" and passed(a, "192.0.2.50", 30) == 30
        a.ctl("reload")
        wait("it is on", lambda: is_on(a))
        assert near(passed(a, "192.0.2.51", 30), 10)


def test_who_logs_in_is_trusted_until_banned():
    with world("enabled = yes") as a:
        wait("it is on", lambda: is_on(a))
        log_in(a, "192.0.2.40", "2001:db8:a:40::1")
        wait("they are trusted", lambda: trusted(a, "192.0.2.40") and trusted(a, "2001:db8:a:40::"))
        assert near(passed(a, "192.0.2.40", 60), 40)
        assert near(passed(a, "2001:db8:a:40::7", 60), 40)
        # Off takes all of it away; on brings it back, and so does a restart of either, or somebody's flush.
        a.ctl("firewall", "off")
        wait("it is off", lambda: "trusted4" not in a.kernel())
        a.ctl("firewall", "on")
        wait("it is trusted again", lambda: trusted(a, "192.0.2.40"))
        sh("nft", "flush", "ruleset")
        wait("it is trusted again", lambda: trusted(a, "192.0.2.40") and trusted(a, "2001:db8:a:40::"))
        a.stop()
        sh("nft", "delete", "table", "inet", a.table)
        a.start()
        wait("it is trusted again", lambda: trusted(a, "192.0.2.40"))
        a.ctl("ban", "192.0.2.40")
        wait("it is not trusted", lambda: not trusted(a, "192.0.2.40") and a.in_kernel("192.0.2.40"))
        a.ctl("unban", "192.0.2.40")
        log_in(a, "192.0.2.41")
        wait("another one is", lambda: trusted(a, "192.0.2.41"))
        assert not trusted(a, "192.0.2.40")
        log_in(a, "192.0.2.40")
        wait("it is trusted again", lambda: trusted(a, "192.0.2.40"))


def test_it_outlives_its_helper():
    with world("enabled = yes") as a:
        wait("it is on", lambda: is_on(a))
        log_in(a, "192.0.2.40")
        wait("trusted", lambda: trusted(a, "192.0.2.40"))
        keeper = a.process.pid
        helpers = [int(p) for p in sh("pgrep", "-P", str(keeper)).split()]
        helper = int(sh("pgrep", "-P", str(helpers[0])).split()[0])
        os.kill(helper, signal.SIGKILL)
        assert near(passed(a, "192.0.2.50", 30), 10)
        assert passed(a, "192.0.2.40", 20) == 20
        wait("another one came", lambda: is_on(a) and a.json("status", check=False)["firewall_restarts"] >= 1)
        assert near(passed(a, "192.0.2.51", 30), 10)
        assert trusted(a, "192.0.2.40")


def keep_sending(agent, until, source, protocol="udp"):
    """More than it may, until something is true."""
    def attempt():
        agent.sender.send(source, count=100)
        agent.sink.came()
        return until()
    return wait(f"{source}\n{agent.logged()}", attempt, 40)


def test_who_sends_too_much_is_shown_and_banned_for_a_while():
    with world("enabled = yes") as a:
        wait("it is on", lambda: is_on(a))
        keep_sending(a, lambda: "192.0.2.50" in [s["address"] for s in a.json("list", "--limited")], "192.0.2.50")
        assert "192.0.2.50" in a.ctl("list", "--limited")[1]
        ban = keep_sending(a, lambda: a.banned().get("192.0.2.50"), "192.0.2.50")
        assert ban["rule"] == "flood" and not ban["proven"], ban
        shown = a.json("show", "192.0.2.50")
        assert "more than one source may send" in str(shown), shown
        keep_sending(a, lambda: "2001:db8:a:50::/64" in a.banned(), "2001:db8:a:50::1")
        metrics = a.ctl("metrics")[1]
        assert "sipwarden_sip_firewall_on 1" in metrics
        dropped = [line for line in metrics.split("\n") if 'result="drop_source"' in line]
        assert int(dropped[0].split()[1]) > 100, dropped
        assert "SIP limits on" in a.ctl("status")[1]


def test_neither_friends_nor_the_exempt_are_banned_for_it():
    with world("enabled = yes") as a:
        wait("it is on", lambda: is_on(a))
        log_in(a, "192.0.2.40")
        wait("trusted", lambda: trusted(a, "192.0.2.40"))
        keep_sending(a, lambda: a.json("firewall", "show")["events"] >= 5, "192.0.2.40")
        assert a.banned() == {}
        assert "192.0.2.40" in [s["address"] for s in a.json("list", "--limited")]
        assert passed(a, "192.0.2.20", 100) == 100
        assert "192.0.2.20" not in [s["address"] for s in a.json("list", "--limited")]


def test_what_it_drops_need_be_no_evidence():
    with world("enabled = yes\nevidence = no") as a:
        wait("it is on", lambda: is_on(a))
        end = time.monotonic() + 17  # three answers of the helper, and more
        keep_sending(a, lambda: time.monotonic() > end, "192.0.2.50")
        assert a.banned() == {} and a.json("firewall", "show")["events"] == 0
        assert "192.0.2.50" in [s["address"] for s in a.json("list", "--limited")]
        left = re.findall(r'"forgotten_in_seconds":([0-9.]+)', a.ctl("list", "--limited", "--json")[1])
        assert left and all(len(seconds) <= len("59.996001") for seconds in left), left
        assert "1 source sends too much now" in a.ctl("firewall", "show")[1]
        a.ctl("firewall", "off")
        assert "too much now" not in a.ctl("firewall", "show")[1]


CROWD = r"""
import socket, sys
sockets = []
for n in range(int(sys.argv[3])):
    s = socket.socket()
    s.setsockopt(socket.IPPROTO_IP, 19, 1)
    s.bind((sys.argv[1], 0))
    s.settimeout(1)
    try:
        s.connect((sys.argv[2], 5060))
        sockets.append(s)
    except OSError:
        pass
print(len(sockets), flush=True)
sys.stdin.read()
"""


def crowd(source, n):
    return subprocess.Popen(["ip", "netns", "exec", "src", sys.executable, "-c", CROWD, source, GATEWAY4, str(n)],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_too_many_connections():
    with world("enabled = yes\nconcurrent = 20\nevidence = no", start=False, limits="") as a:
        listener = socket.create_server((GATEWAY4, 5060), backlog=200)
        a.start()
        wait("it is on", lambda: is_on(a))
        many, few = crowd("192.0.2.2", 25), None
        try:
            assert many.stdout.readline() == "25\n"  # what stands is not cut
            wait("it is crowded", lambda: "192.0.2.2 timeout" in sh("nft", "list", "set", "inet", a.table, "crowded4"))
            few = crowd("192.0.2.2", 1)
            assert few.stdout.readline() == "0\n"
            wait("it is listed", lambda: "192.0.2.2" in a.ctl("list", "--limited")[1])
            assert a.banned() == {}
            a.write_config(a.text + f"[sip-firewall]\n{TIGHT}\nenabled = yes\nconcurrent = 20\n")
            a.ctl("reload")
            ban = wait("it is banned", lambda: a.banned().get("192.0.2.2"), 40)
            assert ban["rule"] == "flood" and ban["proven"], ban
        finally:
            for p in (many, few):
                if p:
                    p.communicate("")
            listener.close()


def test_paused_it_limits_nobody():
    with world("enabled = yes") as a:
        wait("it is on", lambda: is_on(a))
        a.ctl("pause")
        wait("nobody is limited", lambda: passed(a, "192.0.2.50", 30) == 30)
        a.ctl("resume")
        wait("they are again", lambda: near(passed(a, "192.0.2.51", 30), 10) or passed(a, "192.0.2.51", 30) < 5)


def test_ports_are_found_or_named():
    listener = socket.create_server(("", 5061))
    with world("enabled = yes") as a:
        shown = wait("found", lambda: a.json("firewall", "show"))
        assert shown["ports_from"] == "found", shown
        assert {(p["port"], p["transport"]) for p in shown["ports"]} == {(5060, "udp"), (5061, "tls")}, shown
        a.write_config(a.text + f"[sip-firewall]\n{TIGHT}\nenabled = yes\nports = 7000\n")
        a.ctl("reload")
        wait("named", lambda: a.json("firewall", "show")["ports_from"] == "config")
        wait("another port is limited", lambda: "{ 7000 }" in sh("nft", "list", "set", "inet", a.table, "sip_udp"))
        assert passed(a, "192.0.2.50", 30) == 30
    listener.close()


def test_wrong_words_and_settings():
    with world(start=False) as a:
        for arguments, status in ((("firewall", "maybe"), 2), (("firewall", "on", "off"), 2), (("list", "--limited", "x"), 2),
                                  (("firewall", "show"), 4)):
            assert a.ctl(*arguments, check=False)[0] == status, arguments
        for line in ("source = 0", "source = 5 bursts 6", "source = 5 burst", "ports = auto 5060", "largest = 100", "new = many"):
            a.write_config(a.text + f"[sip-firewall]\n{line}\n")
            done = a.ctl("check", check=False)
            assert done[0] == 1 and line.split()[0] in done[1] + done[2], (line, done)


run(globals())
