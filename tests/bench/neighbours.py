"""How long a ban takes while another source floods the log, the same or another one."""
import os
import subprocess
import time

from sipwarden_env import BUILD, Agent, sh, wait

RATE = 100000
SAMPLES = 100
PROBE = f"{BUILD}/bench/bench_probe"


def journald():
    """One of our own, without systemd."""
    os.makedirs("/run/systemd/journal", exist_ok=True)
    os.makedirs("/run/log/journal", exist_ok=True)
    with open("/run/systemd/journald.conf", "w") as f:
        f.write("[Journal]\nRateLimitIntervalSec=0\nRateLimitBurst=0\nRuntimeMaxUse=2G\n")
    sh("mount", "--bind", "/run/systemd/journald.conf", "/etc/systemd/journald.conf")
    process = subprocess.Popen(["/lib/systemd/systemd-journald"], stderr=subprocess.DEVNULL)
    wait("journald listens", lambda: os.path.exists("/run/systemd/journal/socket"))
    return process


def latency(flooded, probed):
    """Milliseconds from line to ban, and how many lines a second the flood had."""
    a = Agent("", name="neighbours")
    paths = {"file": a.path("full.log"), "another file": a.path("other.log"), "journal": "journal"}
    a.write_config(f"[input one]\nfilter = asterisk\npath = {paths['file']}\n[input two]\nfilter = asterisk\n"
                   f"path = {paths['another file']}\n[input asterisk]\ntype = journal\n"
                   "[rule password-guessing]\nthreshold = 1\n[prefixes]\nban = 0\n")
    try:
        a.start()
        time.sleep(1.2)
        seconds = SAMPLES // 10
        flood = subprocess.Popen([PROBE, "flood", str(RATE), paths[flooded], str(seconds)], stdout=subprocess.PIPE, text=True)
        time.sleep(1)
        out = sh(PROBE, "latency", a.table, paths[probed], str(SAMPLES))
        written = int(flood.communicate()[0])
        return sorted(int(x) / 1000 for x in out.split()), written / seconds
    finally:
        a.close()


def measure(row):
    daemon = journald()
    for flooded, probed in (("file", "file"), ("file", "another file"), ("file", "journal"), ("journal", "journal"),
                            ("journal", "file")):
        ms, rate = latency(flooded, probed)
        where = "the same" if flooded == probed else probed
        row(f"a flood in a {flooded} ({rate:,.0f} lines/s): from line to ban, {where}, p99", f"{ms[-2]:.0f} ms", "100 ms")
        row("  p50", f"{ms[len(ms) // 2]:.1f} ms", "")
    daemon.terminate()
    daemon.wait()
