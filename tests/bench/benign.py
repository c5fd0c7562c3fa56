"""Lines of gateways in normal operation: none of them may be evidence of an attack.

tests/bench/benign/GATEWAY.txt holds what the gateway logs on good days, line by
line as it would stand in its log, with {{fields}} for what varies: names of pools
below, or {{a|b|c}}. A line that begins with "prefix =" is a log head; each line
below it, up to the next blank line, is written with each of the heads above it,
and a blank between.

Each gateway's lines are looked at by the filters of all gateways, its own first.
"""
import concurrent.futures
import glob
import itertools
import os
import random
import re
import subprocess
import sys
from typing import NamedTuple

import accuracy
import benign_pools

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
LINES = 1000000
PEER_LINES = 20000
# So many lines are made at once.
BLOCK = 20000
FIELD = re.compile(r"\{\{(.+?)\}\}")
HARMLESS = ("auth-success", "auth-challenge", "call-attempt", "call-end")


class Result(NamedTuple):
    gateway: str
    kinds: int
    lines: int
    attacks: int
    harmless: dict
    limited: int
    peer: int      # matches of fail2ban's filter, -1: it has none
    shown: list


# generating


def read_templates(gateway):
    """Head and line, both with fields: each line of the file below each of its heads."""
    templates, heads, fresh = [], [], True
    with open(os.path.join(HERE, "benign", gateway + ".txt"), encoding="utf-8") as f:
        for line in f.read().splitlines():
            if line.startswith("prefix ="):
                heads = [] if fresh else heads
                head = line[len("prefix = "):]
                heads.append(head and head + " ")
                fresh = False
            elif not line:
                fresh = True
            elif not line.startswith("#"):
                templates += [(head, line) for head in heads]
    return templates


def turning(pool, rng):
    """Without end, from anywhere; of a length of its own, so that fields do not turn in step."""
    size = len(pool) - rng.randrange(1 + len(pool) // 8)
    start = rng.randrange(size)
    return itertools.cycle(pool[start:size] + pool[:start])


def rendered(template, pools, rng):
    """All lines of a template, without end."""
    parts = FIELD.split(template)
    if len(parts) == 1:
        return itertools.repeat(template)
    fields = [turning(name.split("|") if "|" in name else pools[name], rng) for name in parts[1::2]]
    text = "%s".join(part.replace("%", "%%") for part in parts[::2])
    return map(text.__mod__, zip(*fields))


def generate(gateway, count, seed=1):
    """Blocks of text, of whole lines, count lines in all: the templates in turn, in an order that changes."""
    rng = random.Random(f"{gateway} {seed}")
    pools = benign_pools.make(random.Random(seed))
    lines = [rendered(head + line, pools, rng) for head, line in read_templates(gateway)]
    while count > 0:
        rng.shuffle(lines)
        turns = max(1, BLOCK // len(lines))
        block = list(itertools.islice(itertools.chain.from_iterable(zip(*lines)), min(count, turns * len(lines))))
        count -= len(block)
        yield "\n".join(block) + "\n"


# matching


def filters_present(top):
    return sorted(os.path.basename(f)[:-len(".conf")] for f in glob.glob(os.path.join(top, "filters/*.conf")))


def events(build, top, gateway, count):
    others = [f for f in filters_present(top) if f != gateway]
    with subprocess.Popen([f"{build}/bench/bench_events", gateway, *others], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, cwd=top) as p:
        for block in generate(gateway, count):
            p.stdin.write(block.encode())
        p.stdin.close()
        out = p.stdout.read().decode("utf-8", "replace").splitlines()
        assert p.wait() == 0, f"bench_events failed on the lines of {gateway}"
    return out


def peer_matches(gateway, count):
    """The mode of fail2ban's filter that matches least."""
    text = "".join(generate(gateway, count)).encode()
    done = subprocess.run(["/usr/bin/python3", os.path.join(HERE, "peer_match.py"), "--count", *accuracy.PEER_FILTERS[gateway]],
                          input=text, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return min(int(n) for n in done.stdout.split())


def measure(build, top, gateway, count, with_peer):
    harmless = dict.fromkeys(HARMLESS, 0)
    numbers, shown = {}, []
    for line in events(build, top, gateway, count):
        what, rest = line.split(" ", 1)
        if what == "attack":
            shown.append(rest)
        elif what == "event":
            _, klass, n = rest.split()
            harmless[klass] = harmless.get(klass, 0) + int(n)
        else:
            numbers[what] = int(rest)
    peer = peer_matches(gateway, min(count, PEER_LINES)) if with_peer and gateway in accuracy.PEER_FILTERS else -1
    return Result(gateway, len({line for _, line in read_templates(gateway)}), numbers["lines"], numbers["attacks"],
                  {k: harmless[k] for k in HARMLESS}, numbers["limited"], peer, shown)


def measure_all(build, top=TOP, count=LINES, with_peer=False):
    """A result per shipped filter; a filter without a file of lines is an error."""
    gateways = filters_present(top)
    without = [g for g in gateways if not os.path.exists(os.path.join(HERE, "benign", g + ".txt"))]
    assert not without, f"no lines in tests/bench/benign for: {' '.join(without)}"
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(measure, build, top, g, count, with_peer) for g in gateways]
        return [j.result() for j in jobs]


def run(build, count=LINES):
    """Prints a row per gateway. Returns how many benign lines were taken for an attack."""
    results = measure_all(build, count=count, with_peer=True)
    print(f"\n{'benign lines':<16}{'kinds':>6}{'lines':>12}{'attacks':>10}{'success':>10}{'challenge':>11}{'call':>9}{'ended':>7}  |"
          f" fail2ban: matches in {min(count, PEER_LINES):,} of them")
    for r in results:
        print(f"{r.gateway:<16}{r.kinds:>6}{r.lines:>12,}{r.attacks:>10,}" +
              "".join(f"{r.harmless[k]:>{w},}" for k, w in zip(HARMLESS, (10, 11, 9, 7))) +
              f"  |{'-' if r.peer < 0 else format(r.peer, ','):>10}", flush=True)
        for line in r.shown:
            print(f"  taken for an attack: {line[:300]}")
        if r.limited:
            print(f"  match limit hit: {r.limited} lines")
    print(f"all{sum(r.kinds for r in results):>19}{sum(r.lines for r in results):>12,}{sum(r.attacks for r in results):>10,}",
          flush=True)
    return sum(r.attacks + r.limited for r in results)


def report(build):
    """Whom the filters name, and whom they leave alone. True: as it must be."""
    astray, attacks = accuracy.run(build), run(build)
    print("\nFilters: all as it must be" if not astray and not attacks else
          f"\nFilters: {astray} forged lines name another, {attacks} benign lines are taken for attacks", flush=True)
    return not astray and not attacks


if __name__ == "__main__":
    sys.exit(0 if report(os.path.abspath(sys.argv[1])) else 1)
