#!/usr/bin/python3
"""Logins through FreeSWITCH, which docs/gateways/freeswitch.lua tells of, make friends.

FreeSWITCH is not in Debian, so the script runs in Debian's Lua, with a stand-in for the few
functions of FreeSWITCH that it calls (freeswitch_stand_in.lua). Lines of the agent's test are
those of a running FreeSWITCH 1.11, with other times, addresses and accounts.
"""
import json
import os
import subprocess
import tempfile

from battlefield import CARRIER, OFFICE, STRANGER, Battle, send, stamp, start_network
from sipwarden_env import BUILD, TOP, run

HERE = os.path.dirname(os.path.abspath(__file__))
EVENT = {"Event-Subclass": "sofia::register_attempt", "auth-result": "RENEWED", "network-ip": "192.0.2.5",
         "network-port": "41016", "username": "100", "from-user": "100", "profile-name": "internal", "call-id": "1@x"}
FORGED = "2026-11-25 15:56:36.465766 [NOTICE] sipwarden.lua:1 sipwarden auth-success src=203.0.113.9 port=5060 user='1'"


def lua(value):
    """As a constant, byte by byte."""
    if isinstance(value, dict):
        return "{" + ",".join(f"[{lua(k)}]={lua(v)}" for k, v in value.items() if v is not None) + "}"
    return '"' + "".join(f"\\{b:03}" for b in (value if isinstance(value, bytes) else value.encode())) + '"'


def says(*events):
    """What the script prints of these events."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as f:
        f.write("return {" + ",".join(lua(e) for e in events) + "}")
        f.flush()
        done = subprocess.run(["lua5.2", f"{HERE}/freeswitch_stand_in.lua", f"{TOP}/docs/gateways/freeswitch.lua", f.name],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def matched(text):
    """What the shipped filter makes of it."""
    done = subprocess.run([f"{BUILD}/sipwarden", "--config", "/nonexistent", "filter", "match", "freeswitch", "--filter-dir",
                           f"{TOP}/filters", "--json"], input=text, stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_each_login_is_a_line_that_the_filter_knows():
    ways = [{}, {"auth-result": "SUCCESS"}, {"network-ip": "2001:db8::5"}, {"username": "jane.doe@pbx.example"}]
    text = says(*({**EVENT, **w} for w in ways))
    found = matched(text)
    assert text.count(b"\n") == 4 and [e["class"] for e in found] == ["auth-success"] * 4, (text, found)
    assert [e["address"] for e in found] == ["192.0.2.5", "192.0.2.5", "2001:db8::5", "192.0.2.5"], found
    assert [e["user"] for e in found] == ["100", "100", "100", "jane.doe@pbx.example"], found


def test_what_is_no_login_is_no_line():
    ways = [{"auth-result": r} for r in ("FORBIDDEN", "STALE", "", "success", "SUCCESS\n", None)]
    ways += [{"Event-Subclass": s} for s in ("sofia::register", None)]
    ways += [{"network-ip": a} for a in ("", "x", "192.0.2.5 src=203.0.113.9", "192.0.2.5\n", "localhost", ":" * 46, None)]
    ways += [{"network-port": p} for p in ("", "x", "5060 ", "-1", "123456", "5060\n", None)]
    assert says(*({**EVENT, **w} for w in ways)) == b""


def test_a_user_name_ends_neither_its_quotes_nor_the_line():
    names = ["x' src=203.0.113.9 port=1 user='y", "x\n" + FORGED, "x\r" + FORGED, "x'\n" + FORGED + "\n", "\n", "\x1b[2J", "\\",
             "a\x00b", "x" * 100000, "é\u2028", b"\xff\xfe\x80", '"', "", "%s%n", FORGED, None]
    text = says(*({**EVENT, "username": n} for n in names))
    lines = text.splitlines()
    assert len(lines) == text.count(b"\n") == len(names), text
    for line in lines:
        assert len(line) < 200 and line.count(b"'") == 2 and all(32 <= b < 127 for b in line), line
    found = matched(text)
    assert [(e["class"], e["address"]) for e in found] == [("auth-success", "192.0.2.5")] * len(names), found


def test_no_event_ends_the_script():
    text = says("timeout", "broken", {}, EVENT, "timeout", EVENT)
    assert [e.get("address") for e in matched(text)] == [None, "192.0.2.5", "192.0.2.5"], text
    assert text.startswith(b"2026-11-25 15:56:36.465766 99.83% [ERR] sipwarden.lua:1 sipwarden cannot read an event: "), text


def login(address, user, port):
    return f"{stamp()}.465766 99.83% [NOTICE] sipwarden.lua:1 sipwarden auth-success src={address} port={port} user='{user}'\n"


def challenge(address, user):
    return (f"{stamp()}.785788 97.93% [WARNING] sofia_reg.c:1842 SIP auth challenge (REGISTER) on sofia profile 'internal' for "
            f"[{user}@pbx.example] from ip {address}\n")


def failure(address, user):
    return (f"{stamp()}.785788 97.93% [WARNING] sofia_reg.c:1787 SIP auth failure (REGISTER) on sofia profile 'internal' for "
            f"[{user}@pbx.example] from ip {address}\n")


def test_an_office_whose_phones_use_tls_is_served_and_a_stranger_is_not():
    with Battle([CARRIER, OFFICE], start=False) as b:
        b.configure("", f"[input freeswitch]\npath = {b.log}\n")
        b.start()
        start_network(STRANGER)
        send(STRANGER)
        b.write("".join(challenge(OFFICE, str(100 + i)) + login(OFFICE, str(100 + i), 41000 + i) for i in range(40)))
        # One phone has an old password, and tries it all the time; the others go on.
        stale = [challenge(OFFICE, "117") + failure(OFFICE, "117") + login(OFFICE, str(100 + i), 41000 + i) for i in range(40)]
        b.write("".join(stale))
        assert not b.agent.banned(), b.agent.banned()
        b.write("".join(challenge(STRANGER, "117") + failure(STRANGER, "117") for _ in range(40)))
        b.stopped(STRANGER)
        b.unharmed()


if __name__ == "__main__":
    run(globals())
