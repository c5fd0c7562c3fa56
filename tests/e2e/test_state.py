#!/usr/bin/python3
"""What is stored while the disk is full, the database is damaged or gone, or the agent is killed."""
import contextlib
import glob
import os
import shutil
import signal
import sqlite3
import time

from sipwarden_env import Agent, run, sh, wait


INPUT = "[input asterisk]\npath = {dir}/full.log\nfrom = start\n[prefixes]\nban = 0\n"


@contextlib.contextmanager
def agent(small_disk=False):
    a = Agent("")
    a.write_config(INPUT.format(dir=a.dir))
    a.written = 0
    if small_disk:
        os.mkdir(a.path("state"))
        sh("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", a.path("state"))
    try:
        a.start()
        yield a
    finally:
        a.close()
        if small_disk:
            sh("umount", "-l", a.path("state"), check=False)
            shutil.rmtree(a.dir, ignore_errors=True)


def attack(a, address, n=5):
    stamp = time.strftime("%Y-%m-%d %H:%M:%S")
    with open(a.path("full.log"), "a") as f:
        for i in range(n):
            a.written += 1
            f.write(f"[{stamp}] NOTICE[1638] chan_sip.c: Registration from '<sip:{a.written}@192.0.2.1>' failed for '{address}:5060' - "
                    f"Wrong password\n")


def read(a):
    wait(f"{a.written} lines read once", lambda: a.json("status", check=False)["inputs"][0]["lines"] == a.written)
    assert a.json("status", check=False)["events"] == a.written


def attempts(a, address):
    return next(r["attempts"] for r in a.json("explain", address)["rules"] if r["rule"] == "password-guessing")


def kill_and_start(a):
    a.stop(signal.SIGKILL)
    a.start()


def store_error(a):
    facts = a.json("status", check=False)
    return facts["database_error"] if facts["database_failing"] else ""


def fill(a):
    with open(a.path("state/large"), "wb", buffering=0) as f, contextlib.suppress(OSError):
        while True:
            f.write(b"x" * 4096)


def test_counts_and_bans_outlive_a_kill():
    with agent() as a:
        attack(a, "192.0.2.5", 3)
        attack(a, "192.0.2.6", 5)
        a.wait_banned("192.0.2.6")
        read(a)
        for _ in range(3):
            kill_and_start(a)
            read(a)
            assert attempts(a, "192.0.2.5") == 3, a.json("explain", "192.0.2.5")
            assert list(a.banned()) == ["192.0.2.6"]
        assert a.json("explain", "192.0.2.5")["evidence"].count("\n") == 3
        attack(a, "192.0.2.5", 2)
        a.wait_banned("192.0.2.5")
        assert a.json("show", "192.0.2.5")["evidence"].count("\n") == 5


def test_a_log_of_which_nothing_was_read_is_not_forgotten():
    """What is written to it while nobody reads comes next, also when it was empty or of other days before."""
    a = Agent("")
    a.write_config(INPUT.format(dir=a.dir).replace("from = start\n", ""))
    a.written = 0
    try:
        attack(a, "192.0.2.9", 5)
        a.start()
        a.stop(signal.SIGKILL)
        attack(a, "192.0.2.5", 5)
        a.start()
        a.wait_banned("192.0.2.5")
        assert list(a.banned()) == ["192.0.2.5"]
    finally:
        a.close()


def test_a_full_disk_stops_nothing_and_loses_nothing():
    with agent(small_disk=True) as a:
        attack(a, "192.0.2.5")
        a.wait_banned("192.0.2.5")
        attack(a, "192.0.2.6", 3)
        read(a)
        fill(a)
        for i in range(7, 27):
            attack(a, f"192.0.2.{i}")
        for i in range(7, 27):
            a.wait_banned(f"192.0.2.{i}")
        wait("it is said", lambda: "full" in store_error(a) and "disk is full" in a.logged())
        assert "The database cannot be written since" in a.ctl("status", check=False)[1]
        # Killed now, it begins again where it could store last, and comes to the same.
        kill_and_start(a)
        read(a)
        for i in range(7, 27):
            a.wait_banned(f"192.0.2.{i}")
        attack(a, "192.0.2.6", 1)
        read(a)
        assert attempts(a, "192.0.2.6") == 4
        os.unlink(a.path("state/large"))
        wait("it is stored", lambda: not store_error(a), 20)
        assert "can be written again" in a.logged()
        with contextlib.closing(sqlite3.connect(a.path("state/sipwarden.db"))) as db:
            stored = {row[0] for row in db.execute("SELECT address FROM ban WHERE lifted IS NULL")}
        assert stored == set(a.banned()) and len(stored) == 21, stored
        kill_and_start(a)
        read(a)
        assert attempts(a, "192.0.2.6") == 4 and len(a.banned()) == 21


def test_a_damaged_database_is_replaced_while_running():
    with agent() as a:
        a.ctl("exempt", "add", "203.0.113.0/24", "--reason", "the office")
        attack(a, "192.0.2.5")
        attack(a, "192.0.2.6", 3)
        a.wait_banned("192.0.2.5")
        read(a)
        time.sleep(0.5)
        path = a.path("state/sipwarden.db")
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            with open(path, "r+b") as f:
                f.seek(4096)
                f.write(os.urandom(os.path.getsize(path) - 4096))
            # Who else writes makes it read its pages again.
            db.execute("PRAGMA application_id = 7")
        attack(a, "192.0.2.6", 1)
        wait("it is replaced", lambda: glob.glob(path + ".broken-*"))
        attack(a, "192.0.2.7")
        a.wait_banned("192.0.2.7")
        wait("all is well", lambda: not store_error(a), 20)
        time.sleep(0.5)
        kill_and_start(a)
        read(a)
        assert set(a.banned()) == {"192.0.2.5", "192.0.2.7"} and attempts(a, "192.0.2.6") == 4
        assert any(e["address"] == "203.0.113.0/24" for e in a.json("exempt", "list"))


def test_a_database_that_was_taken_away_is_made_anew():
    with agent() as a:
        attack(a, "192.0.2.5")
        a.wait_banned("192.0.2.5")
        for path in glob.glob(a.path("state/sipwarden.db*")):
            os.unlink(path)
        wait("it is made anew", lambda: attack(a, "192.0.2.6", 1) or time.sleep(0.5) or "was taken away" in a.logged(), 30)
        read(a)
        wait("all is well", lambda: os.path.exists(a.path("state/sipwarden.db")) and not store_error(a))
        time.sleep(0.5)
        kill_and_start(a)
        read(a)
        assert "192.0.2.5" in a.banned()


def test_a_state_directory_that_cannot_be_written_is_no_reason_not_to_start():
    with agent(small_disk=True) as a:
        attack(a, "192.0.2.5")
        a.wait_banned("192.0.2.5")
        read(a)
        time.sleep(0.5)
        a.stop()
        sh("mount", "-o", "remount,ro", a.path("state"))
        attack(a, "192.0.2.6")
        a.start()
        a.wait_banned("192.0.2.6")
        assert "192.0.2.5" in a.banned() and store_error(a)
        sh("mount", "-o", "remount,rw", a.path("state"))
        wait("it is stored", lambda: not store_error(a), 20)
        kill_and_start(a)
        read(a)
        assert set(a.banned()) == {"192.0.2.5", "192.0.2.6"}


run(globals())
