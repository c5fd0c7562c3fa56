#!/usr/bin/python3
"""Toll fraud, seen in records of calls: told, acted on, and known after a restart."""
import contextlib
import os
import time

from sipwarden_env import Agent, run, sh, wait

CONFIG = """[site]
country = DE
timezone = UTC
[input asterisk-cdr]
path = {dir}/Master.csv
timezone = UTC
from = start
[input asterisk]
path = {dir}/full.log
from = start
timezone = UTC
[fraud first-risky-country]
enabled = no
"""


@contextlib.contextmanager
def agent(extra=""):
    a = Agent("")
    a.written = 0
    a.write_config(CONFIG.format(dir=a.dir) + extra)
    open(a.path("Master.csv"), "w").close()
    open(a.path("full.log"), "w").close()
    a.start()
    try:
        yield a
    finally:
        a.close()


def clock(ago):
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() - ago))


def call(a, account, number, ago=60, seconds=10, channel=None):
    a.written += 1
    channel = channel or f"PJSIP/{account}-{a.written:08x}"
    with open(a.path("Master.csv"), "a") as f:
        f.write(f'"","{account}","{number}","out","""x"" <{account}>","{channel}","PJSIP/trunk-00000001",'
                f'"Dial","PJSIP/1@trunk","{clock(ago)}","{clock(ago)}","{clock(ago - seconds)}",{seconds},{seconds},"ANSWERED",'
                f'"DOCUMENTATION","1795428000.{a.written}",""\n')


def login(a, account, address, transport="TLS"):
    with open(a.path("full.log"), "a") as f:
        f.write(f'[{clock(120)}] SECURITY[100] res_security_log.c: SecurityEvent="SuccessfulAuth",EventTV="{clock(120)}",'
                f'Severity="Informational",Service="PJSIP",EventVersion="1",AccountID="{account}",SessionID="x{account}",'
                f'LocalAddress="IPV4/{transport}/192.0.2.1/5061",RemoteAddress="IPV4/{transport}/{address}/40000",UsingPassword="1"\n')


def frauds(a, kind="fraud", rule="satellite"):
    """Other built-in rules speak, too, some at night only."""
    return [x for x in a.json("alerts") if x["kind"] == kind and f"(rule {rule}," in x["text"]]


def test_calls_to_a_satellite_are_told():
    with agent() as a:
        call(a, "100", "0044203123456")
        for _ in range(3):
            call(a, "101", "008821612345678")
        told = wait("it is critical", lambda: frauds(a))
        assert [x["account"] for x in told] == ["101"], told
        assert told[0]["address"] is None, told
        assert [x["account"] for x in frauds(a, "fraud-warning")] == ["101"]
        assert a.banned() == {}
        status = a.json("status")
        assert status["health"] == "degraded" and status["alerts"] == len(a.json("alerts")), status
        assert "look like fraud" in status["problems"][0]["text"], status


def test_the_source_of_the_last_login_is_named_and_banned_if_the_rule_says_so():
    with agent("[fraud satellite]\naction = alert ban\nban = 1h\n") as a:
        login(a, "101", "203.0.113.9")
        wait("the login is read", lambda: a.json("status")["events"] >= 1)
        for _ in range(3):
            call(a, "101", "008821612345678")
        ban = a.wait_banned("203.0.113.9")
        assert ban["rule"] == "satellite" and ban["proven"], ban
        assert frauds(a)[0]["address"] == "203.0.113.9"


def test_an_office_is_not_banned_for_one_stolen_account():
    with agent("[fraud satellite]\naction = ban\n[exempt]\naddress = 198.51.100.0/24\n") as a:
        login(a, "101", "203.0.113.9")
        login(a, "102", "203.0.113.9")
        login(a, "103", "198.51.100.7")
        wait("the logins are read", lambda: a.json("status")["events"] >= 3)
        for account in ("101", "103"):
            for _ in range(3):
                call(a, account, "008821612345678")
        wait("both are told", lambda: len(frauds(a)) == 2)
        assert a.banned() == {}


FREESWITCH = """[input freeswitch-cdr]
path = {dir}/freeswitch.csv
from = start
timezone = UTC
[fraud satellite]
action = alert ban
"""


def made_up(a, account, number, ago=60):
    """A record by FreeSWITCH's template "example": a name with a line end can make it of any account."""
    a.written += 1
    with open(a.path("freeswitch.csv"), "a") as f:
        f.write(f'"x","{account}","{number}","default","{clock(ago)}","{clock(ago)}","{clock(ago - 10)}","10","10","NORMAL_CLEARING",'
                f'"0f8fad5b-d9cb-469f-a165-{a.written:012x}","","{account}","PCMA","PCMA"\n')


def test_nobody_is_banned_for_records_that_anybody_can_make_up():
    with agent() as a:
        a.write_config((CONFIG + FREESWITCH).format(dir=a.dir))
        open(a.path("freeswitch.csv"), "w").close()
        a.ctl("reload")
        for account, address in (("101", "203.0.113.9"), ("102", "203.0.113.10"), ("103", "203.0.113.11")):
            login(a, account, address)
        wait("the logins are read", lambda: a.json("status")["events"] >= 3)
        # Nothing was made up yet: a sound record bans.
        for _ in range(3):
            call(a, "103", "008821612345678")
        a.wait_banned("203.0.113.11")
        for _ in range(3):
            made_up(a, "101", "008821612345678")
        wait("it is told", lambda: [x for x in frauds(a) if x["account"] == "101" and x["address"] == "203.0.113.9"])
        # Nor is the last straw one's own, also after a restart.
        for _ in range(2):
            made_up(a, "102", "008821612345678")
        wait("a warning", lambda: [x for x in frauds(a, "fraud-warning") if x["account"] == "102"])
        a.stop()
        a.start()
        call(a, "102", "008821612345679")
        wait("it is told", lambda: [x for x in frauds(a) if x["account"] == "102"])
        assert list(a.banned()) == ["203.0.113.11"], a.banned()


def test_nobody_is_banned_for_who_calls_his_forwarded_extension():
    """Anybody can call it, as often as he likes, and the PBX calls on."""
    with agent("[fraud satellite]\naction = alert ban\n") as a:
        login(a, "101", "203.0.113.9")
        wait("the login is read", lambda: a.json("status")["events"] >= 1)
        for i in range(3):
            call(a, "0301234", "008821612345678", channel=f"Local/101@forwarded-0000000{i};2")
        told = wait("it is told", lambda: frauds(a))
        assert [(x["account"], x["address"]) for x in told] == [("Local/101", None)], told
        # Nor is it his last straw: forwarded calls are counted apart from his own.
        call(a, "101", "008821612345678")
        wait("a warning of his own", lambda: [x for x in frauds(a, "fraud-warning") if x["account"] == "101"])
        assert a.banned() == {}
        for _ in range(2):
            call(a, "101", "008821612345678")
        a.wait_banned("203.0.113.9")


def test_what_was_counted_is_known_after_a_restart():
    with agent() as a:
        for _ in range(2):
            call(a, "101", "008821612345678")
        wait("a warning", lambda: frauds(a, "fraud-warning"))
        a.stop()
        a.start()
        call(a, "101", "008821612345678")
        wait("the third is critical", lambda: frauds(a))
        # The warning was given before.
        assert frauds(a, "fraud-warning") == []


def test_rules_are_taken_up_by_a_reload():
    with agent() as a:
        for _ in range(2):
            call(a, "101", "008821612345678")
        wait("a warning", lambda: frauds(a, "fraud-warning"))
        a.write_config(CONFIG.format(dir=a.dir) + "[fraud mine]\nmeasure = total\nto = abroad\ncritical = 2\nper = country account\n")
        a.ctl("reload")
        for _ in range(2):
            call(a, "102", "0044203123456")
        wait("the new rule speaks", lambda: frauds(a, rule="mine"))


def test_calls_are_shown_by_account_and_destination():
    with agent() as a:
        for _ in range(3):
            call(a, "100", "0044203123456", seconds=30)
        call(a, "101", "008821612345678")
        call(a, "102", "0900123456", seconds=20)
        shown = wait("five calls", lambda: (j := a.json("calls"))["facts"]["calls"] == 5 and j)
        assert shown["facts"]["since"] and shown["facts"]["learning"], shown
        assert {(c["account"], c["country"], c["kind"]) for c in shown["calls"]} == {
            ("100", "GB", "ordinary"), ("101", None, "satellite"), ("102", "DE", "premium")}, shown
        rows = [line.split() for line in a.ctl("calls")[1].splitlines()]
        assert rows[1] == ["100", "United", "Kingdom", "0", "3", "1m30s"], rows
        assert rows[2] == ["101", "satellite", "0", "1", "10s"], rows
        assert rows[3] == ["102", "Germany,", "premium", "0", "1", "20s"], rows
        assert 'sipwarden_calls_total 5' in a.ctl("metrics")[1]


def handouts(a):
    return sorted(os.listdir(a.path("state/frauds")))


@contextlib.contextmanager
def systemctl(a):
    """What stands in for it, and notes how it is called, a line each."""
    with open(a.path("systemctl"), "w") as f:
        f.write(f'#!/bin/sh\necho "$@" >> {a.path("started")}\n')
    os.chmod(a.path("systemctl"), 0o755)
    os.makedirs("/run/sipwarden-frauds", exist_ok=True)
    sh("mount", "--bind", a.path("systemctl"), "/usr/bin/systemctl")
    try:
        yield lambda: open(a.path("started")).read().split("\n")[:-1]
    finally:
        sh("umount", "/usr/bin/systemctl")


def test_the_unit_of_the_admin_is_started_with_the_facts():
    """systemd is not here: what stands in for systemctl notes how it is called. tests/system has the real one."""
    with agent() as a:
        for _ in range(3):
            call(a, "101 $(reboot)\\", "008821612345678")
        wait("critical", lambda: frauds(a))
        names = wait("files", lambda: handouts(a))
        with open(a.path("state/frauds/" + names[0])) as f:
            facts = dict(line.rstrip("\n").split("=", 1) for line in f)
        assert facts["SIPWARDEN_RULE"] == '"satellite"', facts
        assert facts["SIPWARDEN_NUMBER"] == '"8821612345678"', facts
        assert not any(c in v[1:-1] for v in facts.values() for c in "\"\\$`'\n"), facts
        # What is not of the agent is taken away, and starts nothing.
        for name, text in (("bad", 'LD_PRELOAD="/tmp/x"\n'), ("worse", 'SIPWARDEN_TEXT="x"\nPATH="/tmp"\n'), ("a b", "")):
            with open(a.path("state/frauds/" + name), "w") as f:
                f.write(text)
        os.symlink("/etc/passwd", a.path("state/frauds/link"))
        with systemctl(a) as started:
            a.ctl("dispatch")
            assert sorted(started()) == [f"start --no-block -- sipwarden-fraud@{n}.service" for n in names]
        assert handouts(a) == []
        assert sorted(os.listdir("/run/sipwarden-frauds")) == names


def put(a, name, text):
    with open(a.path("state/frauds/" + name), "w") as f:
        f.write(text)


def seen_by_systemd(a):
    """What DirectoryNotEmpty= looks at: whatever is not hidden would start dispatch again, for ever."""
    return [n for n in handouts(a) if not n.startswith(".")]


def test_dispatch_leaves_nothing_that_would_start_it_again():
    with agent() as a, systemctl(a) as started:
        for i in range(300):
            put(a, f"good-{i}", 'SIPWARDEN_RULE="x"\n')
        # A directory that is not empty cannot be removed; nor may any name get into a message as it is.
        os.makedirs(a.path("state/frauds/dir/within"))
        os.makedirs(a.path("state/frauds/other/within"))
        os.mkfifo(a.path("state/frauds/fifo"))
        put(a, "../secret", "PATH=/tmp\n")
        os.link(a.path("state/secret"), a.path("state/frauds/hard"))
        put(a, "huge", "")
        os.truncate(a.path("state/frauds/huge"), 1 << 40)
        for name in ("\x1b[2J\x1b]0;x\x07", "a\nb", "-rf", "x" * 255, "--", "%s%n", "\udcff"):
            put(a, name, 'SIPWARDEN_RULE="x"\n')
        said = a.ctl("dispatch")[2]
        assert len(started()) == 300, len(started())
        assert seen_by_systemd(a) == [] and len(handouts(a)) == 2, handouts(a)
        assert os.path.exists(a.path("state/secret"))
        assert len(said.splitlines()) == 2 and all(line.isprintable() for line in said.splitlines()), said
        assert a.ctl("dispatch")[2] == "", "what was renamed is told of once"


def test_whoever_took_over_the_agent_starts_no_thousands_of_units():
    with agent() as a, systemctl(a) as started:
        for i in range(10000):
            put(a, f"g{i}", 'SIPWARDEN_RULE="x"\n')
        said = a.ctl("dispatch")[2]
        assert seen_by_systemd(a) == []
        assert len(started()) == 1000 and "9000" in said and len(said.splitlines()) == 1, said


def test_root_takes_files_from_the_agent_s_directory_and_from_nowhere_else():
    """Whoever took over the agent owns the directory's parent, and may put a link in its place."""
    with agent() as a:
        os.makedirs("/run/sipwarden-frauds", exist_ok=True)
        os.mkdir(a.path("victim"))
        for name in ("passwd", "shadow"):
            open(a.path("victim/" + name), "w").close()
        os.rename(a.path("state/frauds"), a.path("state/away"))
        os.symlink(a.path("victim"), a.path("state/frauds"))
        status, _, said = a.ctl("dispatch", check=False)
        assert sorted(os.listdir(a.path("victim"))) == ["passwd", "shadow"], said
        assert status != 0 and "state/frauds" in said, (status, said)


run(globals())
