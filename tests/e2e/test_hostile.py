#!/usr/bin/python3
"""What attackers write into user names reaches the database, the journal and the shell only as data."""
import contextlib
import json
import os
import re
import sqlite3
import subprocess
import sys
import time

from sipwarden_env import BUILD, TOP, Agent, run, sh, wait

sys.path.insert(0, os.path.join(TOP, "tests/demo"))
import gateway  # noqa: E402

ATTACKER, ANOTHER = "192.0.2.9", "192.0.2.10"
# SQL, a shell, format strings, a field of the journal, an end of line, a NUL, a terminal, and no UTF-8.
TEXTS = [b"x'); DROP TABLE ban; --", b'x", 1); DELETE FROM ban; --', b"$(touch OWNED)`touch OWNED`;touch OWNED|touch OWNED",
         b"%s%s%n%n%x", b"x\rMESSAGE=forged\x0bPRIORITY=0\x85MESSAGE=forged", b"a\x00b", b"\x1b[2J\x1b]0;t\x07\x9b2J", b"\xff\xfe\xc0\x80\xed\xa0\x80",
         "\u202e\u2028\u2029\U000e0001".encode()]
HUGE = b"A" * 6000 + b"'\x1b[m"


@contextlib.contextmanager
def logging_agent():
    """An agent whose standard error is the journal, as under systemd (systemd.exec(5))."""
    journald = gateway.start_journald()
    a = Agent("")
    a.write_config(f"[input asterisk]\npath = {a.path('full.log')}\nfrom = start\n")
    try:
        for name in (a.log, a.path("full.log")):
            open(name, "a").close()
        a.process = subprocess.Popen(["systemd-cat", "sh", "-c", 'JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec "$@"', "sh",
                                      f"{BUILD}/sipwardend", "--config", a.config])
        wait("ready", lambda: a.ctl("status", check=False)[0] == 0)
        yield a
    finally:
        a.close()
        journald.kill()
        journald.wait()


def guess(address, user, n):
    return (b'[%s] SECURITY[1] res_security_log.c: SecurityEvent="ChallengeResponseFailed",EventTV="x",Severity="Error",Service="PJSIP",'
            b'EventVersion="1",AccountID="%s",SessionID="%d",LocalAddress="IPV4/TCP/192.0.2.1/5060",RemoteAddress="IPV4/TCP/%s/5060",'
            b'Challenge="1",Response="2",ExpectedResponse=""\n'
            % (time.strftime("%Y-%m-%d %H:%M:%S").encode(), user, n, address.encode()))


def entries():
    """All that is in the journal from the agent; text that is not UTF-8 is an array of bytes."""
    out = sh("journalctl", "-o", "json", "--all", "--no-pager", "_COMM=sipwardend")
    return [json.loads(line) for line in out.splitlines()]


def controls(text):
    return re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028\u2029]", text)


def test_hostile_text_stays_data():
    with logging_agent() as a:
        texts = [t.replace(b"OWNED", a.path("owned").encode()) for t in TEXTS]
        lines = [guess(ATTACKER, t, i) for i, t in enumerate(texts[:5])] + [guess(ANOTHER, t, 10 + i) for i, t in enumerate(texts[4:])]
        with open(a.path("full.log"), "ab") as f:
            f.write(b"".join(lines) + b"".join(guess("192.0.2.11", HUGE + b"%d" % i, 20 + i) for i in range(5)))
        for address in (ATTACKER, ANOTHER, "192.0.2.11"):
            a.wait_banned(address)
        bans = wait("three entries", lambda: [e for e in entries() if "SIPWARDEN_RULE" in e] if len(
            [e for e in entries() if "SIPWARDEN_RULE" in e]) >= 3 else None)
        for e in entries():
            assert isinstance(e["MESSAGE"], str) and not e["MESSAGE"].startswith("forged"), e
            assert e["PRIORITY"] != "0", e
            for key, value in e.items():
                if key.startswith("SIPWARDEN_"):
                    assert isinstance(value, str) and not controls(value), (key, value)
        assert {e["SIPWARDEN_ADDRESS"] for e in bans} == {ATTACKER, ANOTHER, "192.0.2.11"}
        # All of each account, each on a line of its own.
        accounts = next(e for e in bans if e["SIPWARDEN_ADDRESS"] == ATTACKER)["SIPWARDEN_ACCOUNTS"].split("\n")
        assert len(accounts) == 5 and "x'); DROP TABLE ban; --" in accounts, accounts
        a.stop()
        with contextlib.closing(sqlite3.connect(a.path("state/sipwarden.db"))) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            stored = dict(db.execute("SELECT address, evidence FROM ban WHERE lifted IS NULL"))
        assert set(stored) == {ATTACKER, ANOTHER, "192.0.2.11"}, stored
        for line in lines[:5]:
            assert line[:500] in stored[ATTACKER], (line, stored[ATTACKER])
        assert len(stored["192.0.2.11"]) <= 10 * 513
        assert not os.path.exists(a.path("owned"))


if __name__ == "__main__":
    run(globals())
