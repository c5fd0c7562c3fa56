#!/usr/bin/python3
"""What an admin is told: why somebody is banned, or not; and the brakes in an admin's hand: pause, observe, alerts."""
import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import time

from sipwarden_env import BUILD, DEGRADED, TOP, Agent, run, sh, wait

sys.path.insert(0, os.path.join(TOP, "tests/demo"))
import gateway  # noqa: E402

INPUT = "[input asterisk]\npath = {dir}/full.log\nfrom = start\n"
SERVER, PEER = "192.0.2.1", "192.0.2.66"
# What a terminal, a reader of JSON and a table must only ever take as data.
HOSTILE = "\x1b[31mred\x1b]0;title\x07 \u202e\u009bA <script> %s %n ".encode() + b"\xff\xfe"


@contextlib.contextmanager
def agent(extra="", start=True, **kw):
    a = Agent("", **kw)
    a.write_config(INPUT.format(dir=a.dir) + extra)
    try:
        if start:
            a.start()
        yield a
    finally:
        a.close()


def security(event, address, user="100", tag="", transport="UDP", more=""):
    stamp = time.strftime("%Y-%m-%d %H:%M:%S").encode()
    version = b"IPV6" if ":" in address else b"IPV4"
    user = user if isinstance(user, bytes) else user.encode()
    return (b'[%s] SECURITY[1] res_security_log.c: SecurityEvent="%s",EventTV="x",Severity="Error",Service="PJSIP",EventVersion="1",'
            b'AccountID="%s",SessionID="%s",LocalAddress="%s/%s/192.0.2.1/5060",RemoteAddress="%s/%s/%s/5060",%s\n'
            % (stamp, event.encode(), user, tag.encode(), version, transport.encode(), version, transport.encode(),
               address.encode(), more.encode()))


def write(a, *lines):
    with open(a.path("full.log"), "ab") as f:
        f.write(b"".join(lines))


def fail(a, address, n=5, user=None, **kw):
    """Failed authentications, each of another account unless one is given."""
    write(a, *(security("ChallengeResponseFailed", address, user or f"1{i:02}", f"{address}-{time.monotonic_ns()}-{i}",
                        more='Challenge="1",Response="2",ExpectedResponse=""', **kw) for i in range(n)))


def succeed(a, address, user="200", n=1):
    write(a, *(security("SuccessfulAuth", address, user, f"ok-{time.monotonic_ns()}-{i}", more='UsingPassword="1"')
               for i in range(n)))


def read(a, events):
    wait(f"{events} events", lambda: a.json("status")["events"] >= events)


def text(a, *command, status=0):
    done = a.ctl(*command, check=False)
    assert done[0] == status, (command, done)
    return done[1]


def rule(explained, name):
    return next(r for r in explained["rules"] if r["rule"] == name)


def is_banned(a, address):
    return wait(f"{address} is banned\n{a.logged()}", lambda: a.banned().get(address))


def test_show_tells_all_of_an_unproven_ban():
    with agent() as a:
        fail(a, "192.0.2.5")
        a.wait_banned("192.0.2.5")
        shown = text(a, "show", "192.0.2.5")
        for part in ("192.0.2.5 is banned", "enforced in the kernel", "password-guessing", "5, counted within 10m", "unproven:",
                     "nobody has logged in from there", "0 packets", "    104\n", "ChallengeResponseFailed"):
            assert part in shown, (part, shown)
        assert "step" not in shown.split("rule")[1].split("\n")[0], shown
        told = a.json("show", "192.0.2.5")
        assert told["banned"] and told["ban"]["proven"] is False and told["ban"]["observed"] is False, told
        assert told["ban"]["state"] == "enforced" and told["friend"] is None and told["history"] == [], told
        assert told["evidence"].count("ChallengeResponseFailed") == 5 and len(told["accounts"]) == 5, told


def test_show_tells_proof_step_and_how_earlier_bans_ended():
    with agent("[rule password-guessing]\nban = 2s 1h\n") as a:
        fail(a, "192.0.2.5", transport="TCP")
        ban = is_banned(a, "192.0.2.5")
        assert ban["proven"] and ban["step"] == 0, ban
        wait("over", lambda: not a.banned())
        shown = text(a, "show", "192.0.2.5", status=3)
        assert "is not banned; 'sipwarden explain 192.0.2.5' tells why not" in shown and "its time is over" in shown, shown
        told = a.json("explain", "192.0.2.5")
        assert rule(told, "password-guessing")["ban_seconds"] == 3600, told
        assert rule(told, "password-guessing")["unproven_ban_seconds"] == 2, told
        fail(a, "192.0.2.5", transport="TCP")
        assert is_banned(a, "192.0.2.5")["step"] == 1
        shown = text(a, "show", "192.0.2.5")
        assert "step 2 of its ladder" in shown and "proven: whoever" in shown and "earlier bans" in shown, shown
        a.ctl("unban", "192.0.2.5")
        history = a.json("explain", "192.0.2.5")["history"]
        assert [h["ended"] for h in history] == ["by hand", "its time is over"], history
        assert history[0]["lifted"] and history[1]["lifted"] is None and all(h["proven"] for h in history), history


def test_show_counts_what_was_dropped_since():
    with network(), agent() as a:
        a.ctl("ban", PEER)
        wait("in the kernel", lambda: a.in_kernel(PEER))
        assert not passes()
        assert a.json("show", PEER)["ban"]["packets"] >= 1
        assert "dropped    0 packets" not in text(a, "show", PEER)


def test_a_ban_of_the_network_around_it_is_told():
    with agent() as a:
        a.ctl("ban", "2001:db8::/64", "--for", "1h", "--reason", "evil")
        wait("in the kernel", lambda: a.banned()["2001:db8::/64"]["state"] == "enforced")
        assert "2001:db8::5 is banned, as part of 2001:db8::/64" in text(a, "show", "2001:DB8:0::5")
        assert "2001:db8::5 is banned" in text(a, "explain", "2001:db8::5")
        a.ctl("unban", "2001:db8::/64")
        history = a.json("explain", "2001:db8::5")["history"]
        assert len(history) == 1 and history[0]["address"] == "2001:db8::/64" and history[0]["rule"] == "manual", history


def test_explain_counts_what_is_missing():
    with agent("[rule password-guessing]\nban = 1h 1d\n") as a:
        fail(a, "192.0.2.6", 2)
        fail(a, "192.0.2.7", 1, transport="TCP")
        read(a, 3)
        told = text(a, "explain", "192.0.2.6")
        assert "is not banned: what it did is not enough yet" in told, told
        assert ("password-guessing: 2 of 5 attempts within 10m, none of them proven; 3 more lead to a ban of 10m, "
                "or of 1h if all are proven") in told, told
        assert "nothing by: extension-scan" in told and "    101\n" in told and "ChallengeResponseFailed" in told, told
        counted = rule(a.json("explain", "192.0.2.6"), "password-guessing")
        assert counted == {"rule": "password-guessing", "attempts": 2, "proven": 0, "threshold": 5, "window_seconds": 600,
                           "ban_seconds": 3600, "unproven_ban_seconds": 600, "observe": False}, counted
        assert rule(a.json("explain", "192.0.2.7"), "password-guessing")["proven"] == 1
        assert "1 of them proven; 4 more lead" in text(a, "explain", "192.0.2.7")
        assert "nothing counts against it now" in text(a, "explain", "192.0.2.8")
        assert a.json("explain", "192.0.2.8")["evidence"] == ""
        fail(a, "192.0.2.6", 3)
        is_banned(a, "192.0.2.6")
        assert "192.0.2.6 is banned: 'sipwarden show 192.0.2.6' tells why." in text(a, "explain", "192.0.2.6")
        assert a.ctl("explain", "nonsense", check=False)[0] == 2
        assert a.ctl("explain", check=False)[0] == 2


def test_explain_tells_who_can_never_be_banned():
    with agent("[exempt]\naddress = 198.51.100.0/24\n") as a:
        a.ctl("exempt", "add", "203.0.113.7", "--reason", "the office")
        told = text(a, "explain", "198.51.100.9")
        assert "it is exempt, and nothing counts" in told and "by 198.51.100.0/24 (config)" in told, told
        told = a.json("explain", "203.0.113.7")
        assert (told["exemption"], told["exemption_source"], told["exemption_reason"]) == ("203.0.113.7", "admin", "the office"), told
        assert "by 203.0.113.7 (admin): the office" in text(a, "explain", "203.0.113.7")
        assert "never can be" in text(a, "explain", "127.0.0.1") and a.json("explain", "127.0.0.1")["unbannable"]
        assert "never can be" in text(a, "explain", "224.0.0.1")


def test_explain_tells_of_a_friend_also_after_a_restart():
    with agent() as a:
        for i in range(9):
            succeed(a, "192.0.2.20", user=f"2{i:02}")
        fail(a, "192.0.2.20", 4, transport="TCP")
        read(a, 13)
        told = a.json("explain", "192.0.2.20")
        assert told["friend"]["is_friend"] and told["friend"]["successes"] == 9 and told["friend"]["accounts"] == 8, told
        assert rule(told, "password-guessing")["threshold"] == 50 and rule(told, "password-guessing")["attempts"] == 4, told
        told = text(a, "explain", "192.0.2.20")
        assert "a friend: last login" in told and "9 logins, at least 8 accounts" in told, told
        assert "4 of 50 proven attempts" in told and "only proven attempts count" in told, told
        a.stop()
        a.start()
        friend = a.json("explain", "192.0.2.20")["friend"]
        assert friend["is_friend"] and friend["successes"] == 9, friend
        # As an earlier version wrote them: one of yesterday, and one of half a year ago, which is forgotten.
        a.stop()
        now, day = int(time.time() * 1000000), 86400 * 1000000
        with contextlib.closing(sqlite3.connect(a.path("state/sipwarden.db"))) as db, db:
            db.execute("INSERT INTO friend VALUES ('192.0.2.21', ?1, ?1, 7, 2)", (now - day,))
            db.execute("INSERT INTO friend VALUES ('192.0.2.22', ?1, ?1, 7, 2)", (now - 180 * day,))
        for _ in range(2):
            a.start()
            assert a.json("explain", "192.0.2.20")["friend"]["successes"] == 9
            assert a.json("explain", "192.0.2.21")["friend"]["successes"] == 7
            assert a.json("explain", "192.0.2.22")["friend"] is None
            a.stop()


def test_hostile_text_is_only_data():
    with agent() as a:
        for i in range(5):
            write(a, security("ChallengeResponseFailed", "192.0.2.9", HOSTILE + str(i).encode(), f"h{i}",
                              more='Challenge="1",Response="2",ExpectedResponse=""'))
        write(a, security("ChallengeResponseFailed", "192.0.2.10", HOSTILE, "h10",
                          more='Challenge="1",Response="2",ExpectedResponse=""'))
        for i in range(3):
            succeed(a, "192.0.2.11")
        for i in range(12):
            write(a, security("ChallengeResponseFailed", "192.0.2.11", HOSTILE, f"h11-{i}",
                              more='Challenge="1",Response="2",ExpectedResponse=""'))
        is_banned(a, "192.0.2.9")
        wait("an alert", lambda: a.json("alerts"))
        a.ctl("ban", "192.0.2.12", "--reason", "\x1b[31m\u202e")
        a.ctl("exempt", "add", "192.0.2.13", "--reason", "\x1b[31m\u202e")
        a.ctl("pause", "--reason", "\x1b[31m\u202e")
        for command in (["show", "192.0.2.9"], ["explain", "192.0.2.9"], ["explain", "192.0.2.10"], ["explain", "192.0.2.11"],
                        ["show", "192.0.2.12"], ["explain", "192.0.2.13"], ["list"], ["alerts"], ["status"]):
            for json_too in ([], ["--json"]):
                done = subprocess.run([f"{BUILD}/sipwarden", "--config", a.config, *command, *json_too], stdout=subprocess.PIPE)
                out = done.stdout.decode()  # valid UTF-8 at least
                bad = [c for c in out if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u202e\ufffe")]
                assert out and not bad, (command, json_too, bad, out)
                if json_too:
                    json.loads(out)
        told = text(a, "explain", "192.0.2.10")
        assert "\\x1b[31mred" in told and "<script> %s %n" in told, told
        assert "\x1b" not in a.logged()


# Pause

@contextlib.contextmanager
def network():
    """A namespace beside, joined by a wire."""
    sh("ip", "netns", "add", "peer")
    sh("ip", "link", "add", "wire0", "type", "veth", "peer", "name", "wire1", "netns", "peer")
    sh("ip", "addr", "add", SERVER + "/24", "dev", "wire0")
    sh("ip", "link", "set", "wire0", "up")
    sh("ip", "-n", "peer", "addr", "add", PEER + "/24", "dev", "wire1")
    sh("ip", "-n", "peer", "link", "set", "wire1", "up")
    sh("ip", "-n", "peer", "link", "set", "lo", "up")
    try:
        yield
    finally:
        sh("ip", "link", "del", "wire0", check=False)
        sh("ip", "netns", "del", "peer", check=False)


# Nobody listens there: whoever gets through is refused at once.
KNOCK = ("import socket\ns = socket.socket()\ns.settimeout(0.5)\n"
         f"try:\n    s.connect(('{SERVER}', 5060))\nexcept ConnectionRefusedError:\n    raise SystemExit(0)\n"
         "except TimeoutError:\n    pass\nraise SystemExit(1)\n")


def passes():
    """Does a packet of the peer get through?"""
    return subprocess.run(["ip", "netns", "exec", "peer", sys.executable, "-c", KNOCK]).returncode == 0


def test_pause_lets_packets_pass_at_once_and_outlives_restarts():
    with network(), agent() as a:
        assert wait("the wire is up", passes)
        fail(a, PEER)
        a.wait_banned(PEER)
        assert not passes()
        out = text(a, "pause", "--reason", "the phone company called")
        assert "nobody is kept out" in out, out
        wait("packets pass", passes, 2)
        assert a.in_kernel(PEER) and " drop" not in a.kernel(), a.kernel()
        status = text(a, "status", status=1)
        assert status.startswith("PAUSED since") and "the phone company called" in status and "NONE ENFORCED" in status, status
        told = a.json("status", check=False)
        assert told["paused"] is True and told["paused_since"] and told["pause_reason"] == "the phone company called", told
        assert "paused" in text(a, "list") and "NOT enforced" in text(a, "show", PEER)
        assert "nobody is kept out" in text(a, "explain", "192.0.2.9")
        assert "Enforcement is paused since" in a.logged()
        # Counting and deciding go on.
        fail(a, "192.0.2.9")
        assert is_banned(a, "192.0.2.9")["state"] == "paused"
        wait("in the set, too", lambda: a.in_kernel("192.0.2.9"))
        for _ in range(2):
            a.stop()
            assert passes(), "paused, also without an agent"
            a.process = subprocess.Popen([f"{BUILD}/sipwardend", "--config", a.config], stderr=open(a.log, "a"))
            for _ in range(20):
                assert passes(), "paused, also while it starts"
            wait("it answers", lambda: a.ctl("status", check=False)[0] == 1)
            assert text(a, "status", status=1).startswith("PAUSED since")
        assert a.logged().count("Enforcement is paused since") == 3
        sh("nft", "flush", "ruleset")
        wait("restored", lambda: a.in_kernel(PEER))
        time.sleep(0.3)
        assert passes() and " drop" not in a.kernel(), a.kernel()
        assert "in force again" in text(a, "resume")
        wait("packets are dropped", lambda: not passes(), 2)
        assert not text(a, "status").startswith("PAUSED") and a.banned()[PEER]["state"] == "enforced"
        assert "was not paused" in text(a, "resume")
        a.stop()
        a.start()
        assert not passes() and a.json("status")["paused"] is False


def test_flush_means_what_it_did_also_while_paused():
    with agent() as a:
        fail(a, "192.0.2.5")
        a.wait_banned("192.0.2.5")
        a.ctl("pause")
        a.ctl("flush")
        wait("the table is gone", lambda: not a.kernel())
        assert not a.banned()
        a.ctl("reload")
        wait("the table is back", lambda: "chain prerouting" in a.kernel())
        time.sleep(0.3)
        assert " drop" not in a.kernel() and a.ctl("status", check=False)[0] == 1
        a.ctl("resume")
        wait("rules are back", lambda: " drop" in a.kernel())


def test_only_those_who_may_command_it_pause_it():
    with agent(sipwarden="group = adm") as a:
        os.chmod(a.dir, 0o755)
        group = sh("getent", "group", "adm").split(":")[2].strip()
        for command in (["pause"], ["resume"], ["explain", "192.0.2.1"], ["alerts"]):
            other = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", f"{BUILD}/sipwarden", "--socket",
                                    a.path("control.sock"), *command], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            assert other.returncode == 5 and "only root and members of group" in other.stderr, other
            sh("setpriv", "--reuid=65534", "--regid=65534", "--groups=" + group, f"{BUILD}/sipwarden", "--socket",
               a.path("control.sock"), *command)


def test_forgeries_are_told():
    with network(), agent(start=False) as a:
        a.base += "witness_for = 2s\n"
        a.write_config(INPUT.format(dir=a.dir))
        a.start()
        wait("the wire is up", passes)
        # The kernel is believed once it has been on for that long, and has seen those who logged in.
        for i in range(40):
            assert passes()
            succeed(a, PEER)
            time.sleep(0.25)
            if i >= 15:
                fail(a, f"192.0.2.{100 + i}")
            if a.json("alerts"):
                break
        alert = wait("the alert", lambda: a.json("alerts"))[0]
        address = alert["address"]
        assert alert["kind"] == "forgery" and address.startswith("192.0.2.1"), alert
        told = a.json("explain", address)
        assert told["forgeries"] == 1 and not told["banned"] and not told["waiting"], told
        assert "1 time lately a ban was given up: log lines named this address" in text(a, "explain", address)
        assert a.json("status")["forged"] >= 1 and "forgeries" in text(a, "status")


# Observe

def test_observe_mode_tells_and_sends_nothing_to_the_kernel():
    with network(), agent(sipwarden="mode = observe") as a:
        fail(a, PEER)
        fail(a, "192.0.2.9", transport="TCP")
        ban = is_banned(a, PEER)
        assert ban["observed"] is True and ban["state"] == "observe" and ban["in_kernel"] is False, ban
        is_banned(a, "192.0.2.9")
        assert not a.in_kernel(PEER) and passes(), a.kernel()
        assert "observe" in text(a, "list") and PEER not in text(a, "list", "--enforced")
        assert json.loads(text(a, "list", "--enforced", "--json")) == []
        shown = text(a, "show", PEER)
        assert f"{PEER} would be banned" in shown and "observed only" in shown, shown
        status = text(a, "status")
        assert status.startswith("OBSERVING") and "2 only observed" in status, status
        assert a.json("status")["bans_observed"] == 2 and a.json("status")["observe"] is True
        assert f"Observed only: {PEER} would be banned" in a.logged()
        # A ban by hand is an order.
        a.ctl("ban", "192.0.2.30", "--for", "1h")
        wait("in the kernel", lambda: a.in_kernel("192.0.2.30"))
        a.stop()
        a.start()
        wait("in the kernel again", lambda: a.in_kernel("192.0.2.30"))
        assert a.banned()[PEER]["state"] == "observe" and not a.in_kernel(PEER)
        # What was tried makes nobody's next ban longer, and is not enforced of a sudden.
        assert rule(a.json("explain", "192.0.2.9"), "password-guessing")["ban_seconds"] == 600
        set_mode(a, "enforce")
        a.ctl("reload")
        assert a.banned()[PEER]["state"] == "observe" and not a.in_kernel(PEER)
        fail(a, PEER)
        assert wait("enforced now", lambda: a.banned()[PEER]["state"] == "enforced")
        assert not passes()
        assert a.json("show", PEER)["history"][0]["ended"] == "replaced"
        # Back: nobody is kept out any more but by hand, and it is told.
        set_mode(a, "observe")
        a.ctl("reload")
        wait("packets pass", passes, 2)
        assert a.banned()[PEER]["state"] == "observe" and a.in_kernel("192.0.2.30")
        a.stop()
        a.start()
        wait("in the kernel again", lambda: a.in_kernel("192.0.2.30"))
        assert passes() and not a.in_kernel(PEER)


def set_mode(a, mode):
    with open(a.config) as f:
        old = f.read()
    with open(a.config, "w") as f:
        f.write(old.replace("mode = observe", "mode = enforce").replace("mode = enforce", f"mode = {mode}"))


def test_one_rule_may_be_observed():
    with agent("[rule password-guessing]\nobserve = yes\n[rule extension-scan]\nthreshold = 2\n") as a:
        with subprocess.Popen([f"{BUILD}/sipwarden", "--config", a.config, "monitor"], stdout=subprocess.PIPE, text=True) as m:
            time.sleep(0.3)
            fail(a, "192.0.2.5")
            assert is_banned(a, "192.0.2.5")["observed"]
            assert "observe  192.0.2.5" in m.stdout.readline()
            assert not a.in_kernel("192.0.2.5")
            told = rule(a.json("explain", "192.0.2.6"), "password-guessing")
            assert told["observe"] is True, told
            # It does not hide the source from the others.
            for i in range(2):
                write(a, security("InvalidAccountID", "192.0.2.5", f"9{i}", f"x{i}"))
            assert "banned   192.0.2.5" in m.stdout.readline()
            a.wait_banned("192.0.2.5")
            assert a.banned()["192.0.2.5"]["rule"] == "extension-scan"
            assert a.json("status")["bans_observed"] == 0
            a.ctl("unban", "192.0.2.5")
            assert "lifted   192.0.2.5 (by hand)" in m.stdout.readline()
            m.terminate()


# Alerts

def test_alerts_are_listed_told_and_logged():
    with agent() as a:
        assert "No alerts" in text(a, "alerts") and a.json("alerts") == []
        with subprocess.Popen([f"{BUILD}/sipwarden", "--config", a.config, "monitor", "--json"], stdout=subprocess.PIPE,
                              text=True) as m:
            time.sleep(0.3)
            succeed(a, "192.0.2.20", "200")
            fail(a, "192.0.2.20", 12, user="old-phone")
            event = json.loads(m.stdout.readline())
            assert event["event"] == "alert" and event["alert"]["kind"] == "stale-account", event
            assert event["alert"]["address"] == "192.0.2.20" and event["alert"]["account"] == "old-phone", event
            m.terminate()
        assert not a.banned()
        alerts = a.json("alerts")
        assert len(alerts) == 1 and alerts[0] == event["alert"], alerts
        assert "old-phone" in text(a, "alerts") and "stale-account" in text(a, "alerts")
        assert "alerts     1 so far" in text(a, "status") and "warning: Account old-phone" in a.logged()


def test_the_last_fifty_alerts_are_kept():
    with agent() as a:
        for i in range(60):
            succeed(a, f"192.0.2.{i + 100}", "200")
            fail(a, f"192.0.2.{i + 100}", 12, user=f"phone-{i}")
        wait("all alerts", lambda: a.json("status")["alerts"] == 60)
        alerts = a.json("alerts")
        assert [x["account"] for x in alerts] == [f"phone-{i}" for i in range(10, 60)], alerts


# Journal

IDS = {"ban": "3fde3e70ed7646b490cb2facc7ad3edf", "lift": "192dd1b4e5334c1f91d773afe0edc293",
       "paused": "90ca9a8db12c4c6cb8d32feb96594b2e", "resumed": "2fe12aa6723a44489a442c8e9071fc73",
       "stale-account": "dcc6ccf240254023b7c589f5c6108f58"}


def journal(name):
    return [json.loads(line) for line in sh("journalctl", "MESSAGE_ID=" + IDS[name], "-o", "json", check=False).splitlines()]


def test_bans_lifts_and_alerts_are_journal_entries_with_fields():
    journald = gateway.start_journald()
    try:
        with agent(start=False) as a:
            # As systemd starts it: standard error is the journal, and it is told so (systemd.exec(5)).
            a.process = subprocess.Popen(["systemd-cat", "sh", "-c", 'JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec "$@"', "sh",
                                          f"{BUILD}/sipwardend", "--config", a.config])
            open(a.log, "a").close()
            wait("ready", lambda: a.ctl("status", check=False)[0] in (0, DEGRADED))
            fail(a, "192.0.2.5", transport="TCP")
            a.wait_banned("192.0.2.5")
            entry = wait("the entry", lambda: journal("ban"))[0]
            fields = {k[10:]: v for k, v in entry.items() if k.startswith("SIPWARDEN_")}
            assert fields.pop("TIME").endswith("Z") and "5 attempts within 10m" in fields.pop("REASON"), fields
            assert sorted(fields.pop("ACCOUNTS").split()) == ["100", "101", "102", "103", "104"], fields
            assert fields == {"ADDRESS": "192.0.2.5", "RULE": "password-guessing", "FOR": "10m", "COUNT": "5", "WINDOW": "10m",
                              "STEP": "1", "PROVEN": "yes", "OBSERVED": "no"}, fields
            a.ctl("unban", "192.0.2.5")
            entry = wait("the entry", lambda: journal("lift"))[0]
            assert entry["SIPWARDEN_ADDRESS"] == "192.0.2.5" and entry["SIPWARDEN_CAUSE"] == "by hand", entry
            assert entry["SIPWARDEN_PROVEN"] == "yes" and entry["SIPWARDEN_COUNT"] == "5", entry
            a.ctl("pause", "--reason", "test")
            entry = wait("the entry", lambda: journal("paused"))[0]
            assert entry["SIPWARDEN_REASON"] == "test" and entry["PRIORITY"] == "4", entry
            a.ctl("resume")
            wait("the entry", lambda: journal("resumed"))
            succeed(a, "192.0.2.20")
            fail(a, "192.0.2.20", 12, user="old-phone")
            entry = wait("the entry", lambda: journal("stale-account"))[0]
            assert entry["SIPWARDEN_ALERT"] == "stale-account" and entry["SIPWARDEN_ACCOUNT"] == "old-phone", entry
            assert entry["SIPWARDEN_ADDRESS"] == "192.0.2.20" and entry["PRIORITY"] == "4", entry
    finally:
        journald.kill()
        journald.wait()


if __name__ == "__main__":
    run(globals())
