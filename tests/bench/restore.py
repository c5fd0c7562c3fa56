"""How long bans take to come back: after a reboot, and while a live attack goes on."""
import os
import sqlite3
import time

from sipwarden_env import BUILD, Agent, sh, wait

EVIDENCE = (b"[2026-01-01 00:00:00] NOTICE[1] chan_sip.c: Registration from '\"100\" <sip:100@192.0.2.1>' failed for "
            b"'198.51.100.1:5060' - Wrong password\n" * 3)
HOUR = 3600 * 1000000
STATUS_PAUSE = 0.02


def address(i):
    return f"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}"


def fill(agent, n):
    """A database that an agent has left behind, with n bans that end within two to three hours."""
    agent.start()
    agent.stop()
    sh("nft", "delete", "table", "inet", agent.table)
    now = int(time.time() * 1e6)
    db = sqlite3.connect(agent.path("state/sipwarden.db"))
    with db:
        db.executemany("INSERT INTO ban (address, start, end, count, step, rule, reason, evidence, accounts, proven) "
                       "VALUES (?, ?, ?, 5, 0, 'password-guessing', '5 failed logins within 10m', ?, '100', 1)",
                       ((address(i), now, now + 2 * HOUR + i * 3000, EVIDENCE) for i in range(n)))
    db.close()


def drop_caches():
    """As after a reboot: nothing of the database is in memory."""
    os.sync()
    try:
        with open("/proc/sys/vm/drop_caches", "w") as f:
            f.write("3\n")
    except OSError:
        pass


def restored(n):
    """Seconds from the start of sipwardend until its n bans are in the kernel, and when it was ready."""
    a = Agent("[input asterisk]\npath = /run/none.log\n", name="restore")
    try:
        fill(a, n)
        drop_caches()
        start = time.monotonic()
        a.start()
        ready = time.monotonic() - start
        wait("all bans are in the kernel", lambda: time.sleep(STATUS_PAUSE) or done(a.json("status"), n), 300)
        took = time.monotonic() - start
        found = int(sh(f"{BUILD}/bench/bench_probe", "count", a.table, "0", "0"))
        if found != n:
            raise AssertionError(f"{found} of {n} bans are in the kernel")
        return took, ready
    finally:
        a.close()


def done(status, n):
    return status["bans"] == n and status["firewall_ready"] and status["firewall_pending"] == 0


def measure(row):
    for n, limit in ((100000, 1), (1000000, 10)):
        took, ready = restored(n)
        row(f"after a reboot: {n:,} bans in the kernel", f"{took:.2f} s", f"{limit} s")
        row("  until it answers commands", f"{ready:.2f} s", "")
