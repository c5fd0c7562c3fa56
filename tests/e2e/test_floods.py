#!/usr/bin/python3
"""What floods do not do: have an offender forgotten, bans lost, or a bad filter take all the time."""
import contextlib
import sqlite3
import time

from sipwarden_env import Agent, run, sh, wait

LINE = ("[{stamp}] NOTICE[1] chan_sip.c: Registration from '\"{user}\" <sip:{user}@192.0.2.1>' failed for '{address}:5060' - "
        "Wrong password\n")
# More than any table of offenders holds.
STRANGERS = 300000
REBOOTED = 20000
MINUTE = 60 * 1000000
BAD = """[filter]
[pattern bad]
class = auth-failure
regex = refused (?<user>(a+)+) from (?<addr>(?&ip))
example = refused aa from 192.0.2.5
[pattern good]
class = auth-failure
regex = failed (?<user>\\w+) from (?<addr>(?&ip))
example = failed bob from 192.0.2.5
"""
BOMB = "refused " + "a" * 60 + "! from 192.0.2.66\n"


@contextlib.contextmanager
def agent(inputs="[input asterisk]\npath = {dir}/full.log\n", start=True):
    a = Agent("")
    a.write_config(inputs.format(dir=a.dir))
    try:
        open(a.path("full.log"), "w").close()
        if start:
            a.start()
        yield a
    finally:
        a.close()


def write(a, text):
    with open(a.path("full.log"), "a") as f:
        f.write(text)


def failures(address, n=1):
    stamp = time.strftime("%Y-%m-%d %H:%M:%S")
    return "".join(LINE.format(stamp=stamp, user=100 + i, address=address) for i in range(n))


def read(a, lines):
    wait("all lines are read", lambda: a.json("status")["inputs"][0]["lines"] == lines, 60)


def test_a_known_offender_is_not_forgotten_for_strangers():
    with agent() as a:
        write(a, failures("198.51.100.7", 4))
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        # Not at the same accounts: whoever tries one that many try is banned for that.
        write(a, "".join(LINE.format(stamp=stamp, user=1000 + i % 5000, address=f"{20 + i % 90}.{i >> 16}.{i >> 8 & 255}.{i & 255}")
                         for i in range(STRANGERS)))
        read(a, STRANGERS + 4)
        status = a.json("status")
        assert status["forgotten"] > STRANGERS // 2 and "198.51.100.7" not in a.banned(), status
        write(a, failures("198.51.100.7"))
        a.wait_banned("198.51.100.7")


def test_after_a_reboot_all_bans_come_back_for_the_time_that_was_left():
    with agent() as a:
        a.ctl("ban", "203.0.113.0/24")
        a.ctl("ban", "203.0.112.1", "--for", "10m")
        a.stop()
        sh("nft", "delete", "table", "inet", a.table)
        now = int(time.time() * 1e6)
        db = sqlite3.connect(a.path("state/sipwarden.db"))
        with db:
            db.executemany("INSERT INTO ban (address, start, end, count, step, rule, reason) VALUES (?, ?, ?, 5, 0, 'r', 'r')",
                           ((f"10.0.{i >> 8}.{i & 255}", now - MINUTE, now + (i % 2 * 60 + 30) * MINUTE) for i in range(REBOOTED)))
            db.execute("INSERT INTO ban (address, start, end, count, step, rule, reason) VALUES ('10.9.9.9', 1, ?, 5, 0, 'r', 'r')",
                       (now - MINUTE,))
        db.close()
        a.start()
        wait("all are there", lambda: a.json("status")["firewall_pending"] == 0 and a.in_kernel("203.0.113.0/24"), 60)
        text = a.kernel()
        elements = {w[0]: w[w.index("expires") + 1] for w in
                    (part.split() for part in text.replace("{", ",").replace("}", ",").split(",")) if "expires" in w}
        ours = {k: v for k, v in elements.items() if k.startswith("10.0.")}
        assert len(ours) == REBOOTED and "10.9.9.9" not in elements, len(ours)
        assert all(v.startswith("29m" if int(k.rsplit(".", 1)[1]) % 2 == 0 else "1h29m") for k, v in ours.items())
        assert elements["203.0.112.1"].startswith("9m")
        assert all(b["state"] == "enforced" for b in a.banned().values())


def test_a_ban_by_hand_and_a_lift_while_others_are_restored_count():
    with agent() as a:
        for address in ("192.0.2.5", "192.0.2.6"):
            a.ctl("ban", address)
        wait("banned", lambda: a.in_kernel("192.0.2.6"))
        sh("nft", "delete", "table", "inet", a.table)
        a.ctl("unban", "192.0.2.5")
        a.ctl("ban", "192.0.2.7")
        wait("as was said", lambda: a.in_kernel("192.0.2.6") and a.in_kernel("192.0.2.7"))
        wait("nothing waits", lambda: a.json("status")["firewall_pending"] == 0)
        assert not a.in_kernel("192.0.2.5")


def test_a_catastrophic_pattern_is_switched_off_and_told_and_others_go_on():
    with agent("[input mine]\nfilter = bad\npath = {dir}/full.log\n[rule password-guessing]\nthreshold = 3\n", False) as a:
        with open(a.path("filters/bad.conf"), "w") as f:
            f.write(BAD)
        told = a.ctl("check", check=False)
        assert "pattern 'bad' takes more than 1000000 steps" in told[1] + told[2], told
        a.start()
        write(a, BOMB * 50)
        read(a, 50)
        assert not a.json("status")["patterns_off"]
        write(a, BOMB * 100)
        wait("it is off", lambda: a.json("status")["patterns_off"])
        assert a.json("status")["patterns_off"] == f"bad/bad ({a.dir}/filters/bad.conf:2)"
        assert "SWITCHED OFF" in a.ctl("status")[1]
        assert f"filter bad, pattern bad ({a.dir}/filters/bad.conf:2) is switched off" in a.logged()
        write(a, "failed bob from 192.0.2.7\n" * 3)
        a.wait_banned("192.0.2.7")
        # Mended, or tried again.
        a.ctl("reload")
        assert not a.json("status")["patterns_off"]
        write(a, "refused aa from 192.0.2.8\n" * 3)
        a.wait_banned("192.0.2.8")


run(globals())
