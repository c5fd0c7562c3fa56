"""What a catastrophic pattern costs, and one that is only slow and is provoked."""
import time

from floods import cpu
from sipwarden_env import Agent, wait

LINES = 100000
SLOW = "regex = denied (?<user>.*b.*b.*) at (?<addr>(?&ip)) end\n"
CATASTROPHIC = "regex = denied (?<user>(b+)+) at (?<addr>(?&ip))\n"
GOOD = "regex = denied (?<user>\\w++) at (?<addr>(?&ip)) end\n"
BOMB = "denied " + "b" * 60 + "! at 192.0.2.5 en\n"


def cost(regex, line):
    """Microseconds of CPU time for each such line."""
    a = Agent("", name="filter")
    path = a.path("full.log")
    with open(a.path("filters/mine.conf"), "w") as f:
        f.write("[filter]\n[pattern mine]\nclass = auth-failure\n" + regex)
    with open(path, "w") as f:
        f.write(line * LINES)
    a.write_config(f"[input one]\nfilter = mine\npath = {path}\nfrom = start\n")
    try:
        a.start()
        wait("all lines are read", lambda: time.sleep(0.1) or a.json("status")["inputs"][0]["lines"] == LINES, 120)
        return cpu([a.process.pid]) / LINES * 1e6, a.json("status")
    finally:
        a.close()


def measure(row):
    base, _ = cost(GOOD, BOMB)
    row("a line that takes many steps, CPU time: a good pattern", f"{base:.1f} us", "")
    slow, status = cost(SLOW, BOMB)
    row("  a cubic one" + (", slowed down" if status["patterns_slowed"] else ""), f"{slow:.1f} us", "")
    off, status = cost(CATASTROPHIC, BOMB)
    row("  an exponential one" + (", switched off" if status["patterns_off"] else ""), f"{off:.1f} us", "")
