#!/usr/bin/python3
"""Log lines that lie: hostile text in every field of every shipped filter, a filter of an admin's that is wrong, and forged logs."""
import glob
import json
import os
import random
import re
import subprocess
import sys
import time

from battlefield import (ATTACKER, CARRIER, GATEWAY, GATEWAY6, OFFICE, ROUTER, STRANGER, Battle, Forger, failure, guess, send,
                         stamp, start_network, success)
from sipwarden_env import BUILD, TOP, run, sh, wait

sys.path.insert(0, os.path.join(TOP, "tests/bench"))
import forge  # noqa: E402

RULES = ("password-guessing", "extension-scan", "default-credentials", "denied-calls", "acl", "malformed", "tls", "flood", "call-burst",
         "account-burst", "destination-burst")
# The first line that names an innocent bans him.
STRICT = "[prefixes]\nban = 0\n[accounts]\nban = 0\n" + "".join(f"[rule {r}]\nthreshold = 1\n" for r in RULES)
# In no filter or corpus: whoever is seen here was put there by us.
VICTIMS = [f"198.18.77.{n}" for n in range(1, 255)]
SENDERS = ("user", "id", "number", "agent", "from", "text")
FORGED = ["203.0.113.9", "203.0.113.95", "203.0.113.98", "203.0.113.99"]


def claims(path):
    """What each pattern says that its gateway never lets through, or escapes: {(pattern, field): (never, escaped)}."""
    found, section, everywhere = {}, None, {}
    with open(path) as f:
        for line in f:
            head = re.match(r"\[pattern (\S+)\]", line)
            section = head[1] if head else None if line.startswith("[") else section
            said = re.match(r"(never|escaped) = (\S+) (.*)", line)
            if not said:
                continue
            characters = re.sub(r"\\x([0-9a-fA-F]{2})", lambda m: chr(int(m[1], 16)), said[3])
            where = found if section else everywhere
            never, escaped = where.get((section, said[2]), ("", ""))
            where[(section, said[2])] = (never + characters, escaped) if said[1] == "never" else (never, escaped + characters)
    return found, {field: both for (_, field), both in everywhere.items()}


def match(name, lines):
    """What the filter makes of each line; None: nothing."""
    done = subprocess.run([f"{BUILD}/sipwarden", "filter", "match", name, "--filter-dir", TOP + "/filters", "--json"],
                          input="\n".join(lines) + "\n", stdout=subprocess.PIPE, text=True, check=True, errors="surrogateescape")
    found = {}
    for line in done.stdout.splitlines():
        event = json.loads(line)
        if "line" in event and event["line"] <= len(lines):
            found[event["line"] - 1] = event
    return [found.get(i) for i in range(len(lines))]


def examples(name, path):
    with open(path) as f:
        lines = re.findall(r"^example = (.*)$", f.read(), re.M)
    rows = f"{TOP}/tests/corpora/{name}.tsv"
    if os.path.exists(rows):
        with open(rows, encoding="utf-8", errors="surrogateescape") as f:
            lines += [row.rstrip("\n").split("\t")[-1] for row in f if not row.startswith("#")]
    return lines


def hostile(line, event, others, rng):
    """Texts for a field of the line: whole other lines, and its own end, with a victim's address or the sender's own."""
    address = next(c for c in event["captures"] if c["name"] == "addr")
    raw = line.encode("utf-8", "surrogateescape")
    head, tail = (raw[:address["start"]].decode("utf-8", "replace"), raw[address["end"]:].decode("utf-8", "replace"))
    for who in (rng.choice(VICTIMS), event["address"]):
        yield who
        yield "x" + head[-40:] + who + tail
        yield head + who + tail
        yield who + tail
        other, told = rng.choice(others)
        yield other.replace(told, who)
        yield "x" + other.replace(told, who)[-200:]


def variations(name, path, rng):
    """Lines with hostile text in each field that the sender writes, and what the line was before."""
    lines = examples(name, path)
    events = match(name, lines)
    known = [(line, e) for line, e in zip(lines, events) if e and e.get("class") and e.get("address")]
    friends = [(line, e["address"]) for line, e in known if e["class"] == "auth-success"]
    others = [(line, e["address"]) for line, e in known] + friends * 10
    of_pattern, of_filter = claims(path)
    for line, event in known:
        raw = line.encode("utf-8", "surrogateescape")
        for c in event["captures"]:
            if c["name"] not in SENDERS:
                continue
            never, escaped = of_pattern.get((event["pattern"], c["name"])) or of_filter.get(c["name"], ("", ""))
            for text in hostile(line, event, others, rng):
                text = "".join(("\\" + x if x in escaped else x) for x in text if x not in never)
                yield (raw[:c["start"]].decode("utf-8", "replace") + text + raw[c["end"]:].decode("utf-8", "replace")), event


def test_no_field_of_any_filter_names_a_victim_a_friend_or_a_proof():
    rng = random.Random(20)
    with Battle([VICTIMS[8]], start=False) as b:
        inputs, total, wrong = "", 0, []
        for path in sorted(glob.glob(TOP + "/filters/*.conf")):
            name = os.path.basename(path)[:-5]
            made = list(variations(name, path, rng))
            rng.shuffle(made)
            made = made[:800]
            if not made:  # one that holds no text of the sender's at all
                assert name == "yate", name
                continue
            total += len(made)
            for (line, before), after in zip(made, match(name, [line for line, _ in made])):
                if not after or not after.get("class") or not after.get("address"):
                    continue
                if after["address"] in VICTIMS:
                    wrong.append(("victim", name, before["pattern"], after["pattern"], line))
                if after["class"] == "auth-success" and before["class"] != "auth-success":
                    wrong.append(("friend", name, before["pattern"], after["pattern"], line))
                if after["proven"] and not before["proven"] and after["address"] == before["address"]:
                    wrong.append(("proof", name, before["pattern"], after["pattern"], line))
            log = b.agent.path(name + ".log")
            with open(log, "w", encoding="utf-8", errors="surrogateescape") as f:
                f.write("".join(line.replace("\n", " ") + "\n" for line, _ in made))
            inputs += f"[input {name}]\npath = {log}\nfrom = start\nwitness = no\n"
        assert total > 4000, total
        assert not wrong, "\n".join(str(w)[:600] for w in wrong[:8]) + f"\n{len(wrong)} of {total}"
        # And the same with the agent and the kernel.
        b.configure(STRICT, inputs)
        b.start()
        wait("all are read", lambda: all(i["lag_bytes"] == 0 and i["lines"] for i in b.agent.json("status")["inputs"]) and
             b.agent.json("status")["firewall_pending"] == 0, 30)
        assert not [a for a in list(b.agent.banned()) + list(b.kernel_told()) if a.startswith("198.18.")], b.agent.banned()
        b.unharmed()


def test_captured_and_crafted_asterisk_logs():
    text = ""
    for name in ("asterisk22-forged.log", "asterisk-crafted.log"):
        with open(f"{TOP}/tests/corpora/{name}") as f:
            text += f.read()
    rng = random.Random(4)
    lines = text.splitlines()
    text += "".join(line + "\n" for line in forge.variations("asterisk", lines, 600, rng))
    with Battle(FORGED, STRICT + f"[exempt]\naddress = {ATTACKER}\n") as b:
        # Exempt, so that no ban of the sender hides what is read after it.
        b.write(re.sub(r"(?m)^\[[\d-]{10} [\d:.]{8,12}\]", f"[{stamp()}]", text))
        assert b.agent.json("status")["exempted"] > 200
        assert not b.agent.banned(), b.agent.banned()
        b.unharmed()
    with Battle(FORGED) as b:
        for n in range(4):
            b.write(re.sub(r"(?m)^\[[\d-]{10} [\d:.]{8,12}\]", f"[{stamp()}]", text.replace("20436", f"{n}0436")))
        b.stopped(ATTACKER)
        b.unharmed()


def test_a_call_id_that_looks_like_another_message_hides_nobody():
    with Battle([OFFICE]) as b:
        for i in range(10):
            session = f"{i}] NOTICE[1"
            b.write(success(OFFICE, session=f"p{i}") + f"[{stamp()}] NOTICE[20323] res_pjsip/pjsip_distributor.c: Request 'REGISTER' from "
                    f"'<sip:100@{GATEWAY}>' failed for '{ATTACKER}:5070' (callid: {session}) - Failed to authenticate\n"
                    + guess(ATTACKER, session=session))
        b.stopped(ATTACKER)
        b.unharmed()


WRONG = """[pattern first-address]
class = auth-failure
regex = door: (?<user>(?>[^0-9]*+))(?<addr>(?&ip))(?<text>(?>.*))
example = door: front refused, from 192.0.2.5
expect = address=192.0.2.5
"""


def wrong_filter(b):
    directory = b.agent.path("filters/asterisk.conf.d")
    os.mkdir(directory)
    with open(directory + "/door.conf", "w") as f:
        f.write(WRONG)
    return directory


def door(victim, n=20):
    return "".join(f"[{stamp()}] door: {victim} refused, from {ATTACKER}\n" for _ in range(n))


def test_a_filter_that_takes_the_wrong_address_is_noticed_and_hurts_no_friend():
    with Battle([CARRIER, OFFICE], f"[exempt]\naddress = {CARRIER}\n", start=False) as b:
        wrong_filter(b)
        linted = subprocess.run([f"{BUILD}/sipwarden", "--config", b.agent.config, "filter", "lint", "asterisk"], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)
        assert linted.returncode == 1 and "first-address" in linted.stdout, linted
        b.start()
        b.write(success(OFFICE))
        for innocent in (CARRIER, OFFICE, GATEWAY, ROUTER):
            b.write(door(innocent, 100))
        assert not b.agent.banned(), b.agent.banned()
        b.unharmed()


def test_this_host_and_its_router_whatever_a_log_says():
    start_network()
    sh("ip", "address", "add", "100.64.7.1/32", "dev", "lo")
    with Battle([ROUTER, CARRIER], STRICT.replace("[prefixes]\nban = 0\n", "")) as b:
        for address in (GATEWAY, ROUTER, "100.64.7.1", GATEWAY6, "2001:db8::fe"):
            b.write("".join(guess(address, str(i), f"{address}-{i}", "TCP") + failure(address, str(i)) for i in range(20)))
        sh("ip", "address", "add", "100.64.7.2/32", "dev", "lo")
        wait("it is exempt", lambda: "100.64.7.2" in b.agent.ctl("exempt", "list")[1])
        b.write(guess("100.64.7.2", transport="TCP"))
        assert not b.agent.banned(), b.agent.banned()
        # A network full of attackers, with the gateway in it.
        b.write("".join(guess(f"192.0.2.{n}", str(n), f"n{n}", "TCP") for n in range(100, 130)))
        b.stopped("192.0.2.129")
        assert "192.0.2.0/24" not in b.agent.banned()
        b.unharmed()
    sh("ip", "address", "flush", "dev", "lo", "to", "100.64.7.0/24")


def test_who_sent_nothing_is_not_banned_and_nobody_hides_by_filling_the_witness():
    hidden = "192.0.2.66"
    start_network(hidden)
    with Battle([STRANGER, CARRIER], start=False, firewall="witness_for = 4s\nwitness_size = 16\n") as b:
        wrong_filter(b)
        b.start()
        started = time.monotonic()
        # The office is seen, and so the log is known to be of this host.
        start_network(OFFICE)
        b.write(failure(OFFICE, "x", ago=1))
        while time.monotonic() < started + 4.5 + 16 * 0.22:
            send(OFFICE)
            b.write(success(OFFICE, "100", f"l{time.monotonic()}"))
            time.sleep(0.2)
        send(ATTACKER)
        for _ in range(3):
            b.write(door(STRANGER) + "".join(guess(CARRIER, str(i), f"w{i}-{time.monotonic()}", "TCP") for i in range(5)))
        wait("told", lambda: {a["address"] for a in b.agent.json("alerts") if a["kind"] == "forgery"} == {STRANGER, CARRIER})
        assert not b.agent.banned(), b.agent.banned()
        # He who sent is stopped by the same kind of line.
        b.write("".join(guess(ATTACKER, str(i), f"a{i}", "TCP") for i in range(5)))
        b.stopped(ATTACKER)
        # The set is filled with sources that never were, and the next one is not in it: that is no alibi.
        forger = Forger()
        for n in range(64):
            forger.send(f"10.1.{n}.1", b"x")
        send(hidden)
        b.write("".join(guess(hidden, str(i), f"h{i}", "TCP") for i in range(5)))
        b.stopped(hidden)
        b.unharmed()


if __name__ == "__main__":
    run(globals())
