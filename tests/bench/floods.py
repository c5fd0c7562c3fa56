"""A log of ten million strangers: memory, speed, and whether a known offender is remembered."""
import os
import time

from sipwarden_env import Agent, sh, wait

STRANGERS = 10000000
NORMAL_SOURCES = 5000
ACCOUNTS = 5000
KNOWN = "198.51.100.7"
LINE = ("[%s] NOTICE[1] chan_sip.c: Registration from '\"%d\" <sip:%d@192.0.2.1>' failed for '%s:5060' - "
        "Wrong password\n")
PART = 100000


def stranger(i):
    """Spread over the address space, each once: an odd factor permutes 24 bits."""
    n = i * 0x9E3779 + 0x1234567 & 0xFFFFFF
    return f"{20 + (i >> 24)}.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"


def line(stamp, account, address):
    return LINE % (stamp, account, account, address)


def write(path, sources, n, before="", after=""):
    stamp = time.strftime("%Y-%m-%d %H:%M:%S")
    with open(path, "w") as f:
        f.write(before)
        for start in range(0, n, PART):
            f.write("".join(line(stamp, i % ACCOUNTS, sources(i)) for i in range(start, min(n, start + PART))))
        f.write(after)


def known(n):
    return "".join(line(time.strftime("%Y-%m-%d %H:%M:%S"), ACCOUNTS + i, KNOWN) for i in range(n))


def family(pid):
    children = sh("pgrep", "-P", str(pid), check=False).split()
    return [pid] + [p for c in children for p in family(int(c))]


def cpu(pids):
    seconds = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        seconds += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


def peak(pids):
    """MB that they have had in memory at most; what they share counts for each."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/status") as f:
            total += next(int(line.split()[1]) for line in f if line.startswith("VmHWM")) / 1024
    return total


def read(path, lines):
    """Lines a second of CPU time, peak memory, and who is banned."""
    a = Agent(f"[input asterisk]\npath = {path}\nfrom = start\n", name="strangers")
    try:
        a.start()
        wait("all lines are read", lambda: time.sleep(0.2) or a.json("status")["inputs"][0]["lines"] == lines, 900)
        pids = family(a.process.pid)
        status = a.json("status")
        speed = lines / cpu([a.process.pid])
        try:
            remembered = bool(wait("the ban is in the kernel", lambda: KNOWN in a.banned(), 10))
        except AssertionError:
            remembered = False
        return speed, peak(pids), remembered, status["forgotten"]
    finally:
        a.close()


def measure(row):
    path = "/run/strangers.log"
    write(path, lambda i: stranger(i % NORMAL_SOURCES), STRANGERS // 10)
    normal = read(path, STRANGERS // 10)[0]
    write(path, stranger, STRANGERS, known(4), known(1))
    speed, memory, remembered, forgotten = read(path, STRANGERS + 5)
    os.unlink(path)
    row(f"{STRANGERS:,} strangers: peak memory of agent and helper", f"{memory:.0f} MB", "128 MB")
    row("  lines a second of CPU time", f"{speed:,.0f}", f"{normal / 2:,.0f}")
    row(f"  the same from {NORMAL_SOURCES:,} sources", f"{normal:,.0f}", "")
    row("  offenders forgotten", f"{forgotten:,}", "")
    row("  one with 4 attempts before them and the 5th after them", "banned" if remembered else "FORGOTTEN", "banned")
