"""Lines with known answers: what sipwarden finds in them, and what fail2ban does.

Of each line in tests/corpora it is known who sent it, and what it is evidence of.
docs/performance.md says how it is counted.
"""
import glob
import ipaddress
import json
import os
import random
import subprocess
from collections import Counter, defaultdict
from typing import NamedTuple

import forge

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
CORPORA = os.path.join(TOP, "tests/corpora")
FORGED_LINES = 2000

# Nobody is banned for these.
HARMLESS = {"auth-success", "auth-challenge", "call-attempt", "call-end"}

# fail2ban's filter for the same program, and its modes: the one that does best counts.
PEER_FILTERS = {
    "asterisk": ["asterisk"],
    "freeswitch": ["freeswitch", "freeswitch[mode=normal]"],
    "sshd": ["sshd", "sshd[mode=aggressive]"],
    "dropbear": ["dropbear"],
    "nginx": ["nginx-http-auth", "nginx-http-auth[mode=aggressive]"],
    "apache": ["apache-auth", "apache-auth[mode=aggressive]"],
}

VARIED = "forged, varied"
RIGHT, MISSED, ASTRAY, FALSE = "right", "missed", "wrong address", "false match"


class Row(NamedTuple):
    gateway: str   # the filter, and what else the lines have in common
    label: str     # what the table calls the row's class
    addr: str      # "-": nothing happened
    klass: str     # "": any of an attack
    line: bytes


def same(a, b):
    try:
        a, b = ipaddress.ip_address(a), ipaddress.ip_address(b)
    except ValueError:
        return a == b
    return getattr(a, "ipv4_mapped", None) == b or getattr(b, "ipv4_mapped", None) == a or a == b


# rows


def corpus_rows(path):
    gateway = os.path.basename(path)[:-len(".tsv")]
    with open(path, "rb") as f:
        for line in f.read().splitlines():
            addr, klass, _, _, _, raw = line.split(b"\t", 5)
            addr, klass = addr.decode(), klass.decode()
            yield Row(gateway, "nothing" if addr == "-" else klass, addr, "" if addr == "-" else klass, raw)


def live_row(line):
    """kamailio-live.log: who did what was seen outside the log; 192.0.2.3 and .4 are phones, one with a wrong password."""
    text = line.split(b"<script>: ")[-1] if b"<script>: " in line else b""
    if text.startswith(b"scanner ua="):
        return Row("kamailio", "scanner", "192.0.2.2", "scanner", line)
    if text.startswith(b"Auth failed"):
        return Row("kamailio", "auth-failure", "192.0.2.5" if b" rc=-5 " in line else "192.0.2.4", "auth-failure", line)
    return Row("kamailio", "nothing", "-", "", line)


def read_lines(name):
    with open(os.path.join(CORPORA, name), "rb") as f:
        return f.read().splitlines()


def all_rows():
    rows = [row for path in sorted(glob.glob(os.path.join(CORPORA, "*.tsv"))) for row in corpus_rows(path)]
    rows += [live_row(line) for line in read_lines("kamailio-live.log")]
    # In these, 203.0.113.0/24 took no part: all is the doing of one sender.
    rows += [Row("asterisk", "forged", forge.SENDER, "", line) for line in read_lines("asterisk22-forged.log")]
    texts = [row.line.decode("utf-8", "replace") for row in rows if row.gateway in ("asterisk", "kamailio")]
    for gateway in ("asterisk", "kamailio"):
        rows += [Row(gateway, VARIED, forge.SENDER, "", line.encode())
                 for line in forge.variations(gateway, texts, FORGED_LINES, random.Random(1))]
    return rows


# verdicts


def ours(build, gateway, lines):
    """For each line: None, or (class, classes, address or None)."""
    command = [f"{build}/sipwarden", "filter", "match", gateway, "--json", "--filter-dir", os.path.join(TOP, "filters")]
    done = subprocess.run(command, input=b"\n".join(lines) + b"\n", stdout=subprocess.PIPE, check=True)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(events) == len(lines), f"{gateway}: {len(events)} answers to {len(lines)} lines"
    for e in events:
        if e.get("crafted") or not e["class"]:
            yield None
        else:
            yield e["class"], {e["class"], *e.get("also", [])}, e["address"]


def judge(row, found):
    """found: the address that the line counts against, or None."""
    if row.addr == "-":
        return FALSE if found else RIGHT
    if not found:
        return MISSED
    return RIGHT if same(found, row.addr) else ASTRAY


def judge_ours(row, event):
    if row.addr == "-" and event and event[1] <= HARMLESS:
        event = None
    return judge(row, event and event[2])


def judge_peer(row, addresses):
    """It knows failures only: of others there is nothing to find for it, and counting one is a false match."""
    if row.klass in HARMLESS:
        return FALSE if addresses else RIGHT
    astray = [a for a in addresses if row.addr == "-" or not same(a, row.addr)]
    return judge(row, astray[0] if astray else addresses[0] if addresses else None)


def peer(filters, rows):
    """The verdicts of that filter, or of that mode of it, which has most right."""
    command = ["/usr/bin/python3", os.path.join(HERE, "peer_match.py"), *filters]
    done = subprocess.run(command, input=b"\n".join(row.line for row in rows) + b"\n", stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=True)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(rows), f"{filters[0]}: {len(found)} answers to {len(rows)} lines"
    modes = [[judge_peer(row, f[i]) for row, f in zip(rows, found)] for i in range(len(filters))]
    best = max(range(len(modes)), key=lambda i: modes[i].count(RIGHT))
    return filters[best], modes[best]


# the table


class Count:
    def __init__(self):
        self.lines = self.with_class = self.class_right = 0
        self.ours, self.peer = Counter(), Counter()


def cells(c, has_peer, dash="-"):
    mine = [c.ours[RIGHT], c.class_right if c.with_class else dash, c.ours[MISSED], c.ours[ASTRAY], c.ours[FALSE]]
    theirs = [c.peer[k] for k in (RIGHT, MISSED, ASTRAY, FALSE)] if has_peer else [dash] * 4
    return mine + theirs


def print_row(gateway, label, lines, values):
    print(f"{gateway:<15}{label:<18}{lines:>6} " + "".join(f"{v:>8}" for v in values[:5]) + "  |" +
          "".join(f"{v:>8}" for v in values[5:]), flush=True)


def print_table(counts, used):
    print(f"\n{'lines with known answers':<40}{'sipwarden':<42}| fail2ban, its filter for the same program")
    print_row("gateway", "class", "lines", ["right", "class", "missed", "astray", "false", "right", "missed", "astray", "false"])
    total, shared = Count(), Count()
    for (gateway, label), c in counts.items():
        print_row(gateway, label, c.lines, cells(c, gateway in used))
        # Made by the thousand, they would hide the others.
        for t in [] if label == VARIED else [total] + [shared] * (gateway in used):
            t.lines += c.lines
            t.with_class += c.with_class
            t.class_right += c.class_right
            t.ours += c.ours
            t.peer += c.peer
    print_row("all but varied", "", total.lines, cells(total, False, ""))
    print_row("  if both can", "", shared.lines, cells(shared, True))
    print("class: right in class, too, of those where it is known. astray: counted against another address. "
          "fail2ban's filters: " + ", ".join(used.values()))


def run(build):
    """Prints the table. Returns in how many forged lines we found the address of somebody else."""
    by_gateway = defaultdict(list)
    for row in all_rows():
        by_gateway[row.gateway].append(row)
    counts, used, wrong = {}, {}, []
    for gateway in sorted(by_gateway):
        rows = by_gateway[gateway]
        theirs = [None] * len(rows)
        if gateway in PEER_FILTERS:
            used[gateway], theirs = peer(PEER_FILTERS[gateway], rows)
        for row, event, their in zip(rows, ours(build, gateway, [r.line for r in rows]), theirs):
            c = counts.setdefault((gateway, row.label), Count())
            verdict = judge_ours(row, event)
            c.lines += 1
            c.ours[verdict] += 1
            c.with_class += row.klass != ""
            c.class_right += verdict == RIGHT and row.klass != "" and event[0] == row.klass
            c.peer[their] += 1
            if verdict not in (RIGHT, MISSED):
                wrong.append(f"{verdict}: {gateway}: expected {row.addr}: {row.line.decode('utf-8', 'replace')[:300]}")
    print_table(counts, used)
    if wrong:
        print("Why these stay: tests/unit/corpus_exceptions.h, if they are listed there.", *wrong, sep="\n  ")
    return sum(c.ours[ASTRAY] for (_, label), c in counts.items() if label.startswith("forged"))
