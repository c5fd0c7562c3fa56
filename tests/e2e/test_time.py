#!/usr/bin/python3
"""Logs in another zone than the host's, caught up with after a stop."""
import contextlib
import glob
import os
import sqlite3
import time

from sipwarden_env import Agent, run, wait

os.environ["TZ"] = "UTC"
# Nepal is ahead: its times, read as ours, are in the future.
EAST = 5 * 3600 + 45 * 60


@contextlib.contextmanager
def agent(settings=""):
    a = Agent("")
    a.write_config(f"[input asterisk]\npath = {a.dir}/full.log\nfrom = start\n{settings}")
    try:
        yield a
    finally:
        a.close()


def write(a, address, ages):
    """Failures so many seconds ago, as a gateway in Nepal logs them."""
    with open(a.path("full.log"), "a") as f:
        for i, age in enumerate(ages):
            stamp = time.strftime("%b %d %H:%M:%S", time.gmtime(time.time() - age + EAST))
            f.write(f"[{stamp}] NOTICE[1638] chan_sip.c: Registration from '\"{i}\" <sip:{i}@192.0.2.1>' failed for "
                    f"'{address}:5060' - Wrong password\n")


def write_slow_and_fast(a):
    """A phone with a stale password, which is left alone, and an attacker."""
    write(a, "192.0.2.4", range(30 * 60, 0, -5 * 60))
    write(a, "192.0.2.5", range(60, 50, -2))


def remember(a, text):
    (path,) = glob.glob(os.path.join(a.path("state"), "*.db"))
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("INSERT INTO position (key, value) VALUES ('zone:asterisk', ?) "
                   "ON CONFLICT (key) DO UPDATE SET value = excluded.value", (text,))
        db.commit()


def test_the_zone_of_the_config_counts():
    for zone in ("Asia/Kathmandu", "+05:45"):
        with agent(f"timezone = {zone}\n") as a:
            write_slow_and_fast(a)
            a.start()
            a.wait_banned("192.0.2.5")
            assert list(a.banned()) == ["192.0.2.5"], a.banned()


def test_what_was_learned_of_a_zone_outlives_a_restart():
    with agent() as a:
        a.start()
        a.stop()
        remember(a, "-23 local")
        write_slow_and_fast(a)
        a.start()
        a.wait_banned("192.0.2.5")
        assert list(a.banned()) == ["192.0.2.5"], a.banned()


def test_what_was_learned_against_another_zone_is_void():
    for text in ("-23 UTC", "-23", "-57 local", "-23local", ""):
        with agent() as a:
            a.start()
            a.stop()
            remember(a, text)
            write(a, "192.0.2.5", range(30 * 60, 0, -5 * 60))
            a.start()
            # Dated in the future, so their arrival counts: all at once.
            wait("banned", lambda: "192.0.2.5" in a.banned())
            assert "in the future" in a.logged(), a.logged()


if __name__ == "__main__":
    run(globals())
