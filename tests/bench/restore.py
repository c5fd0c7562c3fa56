"""How long bans take to come back: after a reboot, and while a live attack goes on."""
import os
import sqlite3
import subprocess
import time

from floods import cpu, family
from sipwarden_env import BUILD, Agent, sh, wait

EVIDENCE = (b"[2026-01-01 00:00:00] NOTICE[1] chan_sip.c: Registration from '\"100\" <sip:100@192.0.2.1>' failed for "
            b"'198.51.100.1:5060' - Wrong password\n" * 3)
HOUR = 3600 * 1000000


def address(i):
    return f"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}"


def network(i):
    return f"2001:db8:{i >> 16:x}:{i & 0xffff:x}::/64"


def fill(agent, n, name=address):
    """A database that an agent has left behind, with n bans that end within two to three hours."""
    agent.start()
    agent.stop()
    sh("nft", "delete", "table", "inet", agent.table)
    now = int(time.time() * 1e6)
    db = sqlite3.connect(agent.path("state/sipwarden.db"))
    with db:
        db.executemany("INSERT INTO ban (address, start, end, count, step, rule, reason, evidence, accounts, proven) "
                       "VALUES (?, ?, ?, 5, 0, 'password-guessing', '5 failed logins within 10m', ?, '100', 1)",
                       ((name(i), now, now + 2 * HOUR + i * 3000, EVIDENCE) for i in range(n)))
    db.close()


def forget_cached(path):
    """As after a reboot: nothing of the file is in memory."""
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)


def restored(n):
    """Seconds from the start of sipwardend until its n bans are in the kernel, until it was ready, and of CPU time."""
    a = Agent("", name="restore")
    a.write_config(f"max_bans = 1500000\n[input asterisk]\npath = {a.path('full.log')}\n")
    try:
        # One that is not there would be a problem, and all is to be well.
        open(a.path("full.log"), "w").close()
        fill(a, n)
        forget_cached(a.path("state/sipwarden.db"))
        start = time.monotonic()
        a.process = subprocess.Popen([f"{BUILD}/sipwardend", "--config", a.config], stderr=open(a.log, "a"))
        wait("it answers", lambda: a.ctl("status", check=False)[0] == 0, 120)
        ready = time.monotonic() - start
        wait("all bans are in the kernel", lambda: time.sleep(n / 5e6) or done(a.json("status"), n), 300)
        took = time.monotonic() - start
        seconds = cpu(family(a.process.pid))
        found = int(sh(f"{BUILD}/bench/bench_probe", "count", a.table, "0", "0"))
        if found != n:
            raise AssertionError(f"{found} of {n} bans are in the kernel")
        return took, ready, seconds
    finally:
        a.close()


def done(status, n):
    return status["bans"] == n and status["firewall_ready"] and status["firewall_pending"] == 0


def latency_meanwhile(n):
    """Milliseconds from line to ban while n others are restored: IPv6, so that IPv4 is quickly counted."""
    a = Agent("", name="meanwhile")
    a.write_config(f"max_bans = 1500000\n[input asterisk]\npath = {a.path('full.log')}\n"
                   "[rule password-guessing]\nthreshold = 1\n[prefixes]\nban = 0\n")
    try:
        open(a.path("full.log"), "w").close()
        fill(a, n, network)
        a.process = subprocess.Popen([f"{BUILD}/sipwardend", "--config", a.config], stderr=open(a.log, "a"))
        wait("it answers", lambda: a.ctl("status", check=False)[0] == 0, 120)
        out = sh(f"{BUILD}/bench/bench_probe", "latency", a.table, a.path("full.log"), "50")
        left = a.json("status")["firewall_pending"]
        return sorted(int(x) / 1000 for x in out.split()), left
    finally:
        a.close()


def back_after_flush(n):
    """Seconds from "nft flush ruleset" until n bans are back."""
    a = Agent("max_bans = 1500000\n[input asterisk]\npath = /run/none.log\n", name="flushed")
    try:
        fill(a, n)
        a.start()
        wait("all bans are in the kernel", lambda: time.sleep(0.2) or done(a.json("status"), n), 120)
        start = time.monotonic()
        sh("nft", "flush", "ruleset")
        wait("they are back", lambda: a.json("status")["firewall_restores"] == 1 and done(a.json("status"), n), 60)
        return time.monotonic() - start
    finally:
        a.close()


def measure(row):
    for n, limit in ((100000, 1), (1000000, 10)):
        took, ready, seconds = restored(n)
        row(f"after a reboot: {n:,} bans in the kernel", f"{took:.2f} s", f"{limit} s")
        row("  until it answers commands", f"{ready:.2f} s", "")
        row("  CPU time of agent and helper", f"{seconds:.2f} s", "")
    ms, left = latency_meanwhile(1000000)
    row(f"from line to ban while a million are restored ({left:,} still to come), p98", f"{ms[-2]:.0f} ms", "100 ms")
    row("  p50", f"{ms[len(ms) // 2]:.1f} ms", "")
    took = back_after_flush(10000)
    row("after nft flush ruleset: 10,000 bans are back", f"{took:.2f} s", "1 s")
