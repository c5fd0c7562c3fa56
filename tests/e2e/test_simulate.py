#!/usr/bin/python3
"""sipwarden simulate: logs of the past through a configuration, offline and without rights."""
import contextlib
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import time

from sipwarden_env import BUILD, TOP, Agent, run, wait

sys.path.insert(0, os.path.join(TOP, "tests/demo"))
import gateway  # noqa: E402

os.environ["TZ"] = "UTC"
INPUT = "[input asterisk]\npath = {dir}/full.log\nfrom = start\n"
# 2026-03-02T10:00:00Z
START = 1772445600


@contextlib.contextmanager
def place(config=INPUT):
    """A directory with a config; the agent is not started."""
    a = Agent("")
    a.write_config(config.format(dir=a.dir))
    os.chmod(a.dir, 0o755)
    try:
        yield a
    finally:
        a.close()


def stamp(when, zone=0):
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(when + zone))


def failure(when, address, user="100", zone=0):
    return (f"[{stamp(when, zone)}] NOTICE[1638] chan_sip.c: Registration from '\"{user}\" <sip:{user}@192.0.2.1>' failed for "
            f"'{address}:5060' - Wrong password\n")


def security(when, event, address, user, session, rest, transport="UDP"):
    return (f'[{stamp(when)}] SECURITY[1] res_security_log.c: SecurityEvent="{event}",EventTV="x",'
            f'Severity="Error",Service="PJSIP",EventVersion="1",AccountID="{user}",SessionID="{session}",'
            f'LocalAddress="IPV4/{transport}/192.0.2.1/5060",RemoteAddress="IPV4/{transport}/{address}/5060"{rest}\n')


def wrong(when, address, user, session, challenge="1/2", transport="UDP"):
    return security(when, "ChallengeResponseFailed", address, user, session,
                    f',Challenge="{challenge}",Response="a",ExpectedResponse=""', transport)


def challenged(when, address, session, challenge):
    return security(when, "ChallengeSent", address, "100", session, f',Challenge="{challenge}"')


def write(a, name, lines, mode="w"):
    opener = gzip.open if name.endswith(".gz") else open
    with opener(a.path(name), mode + "t") as f:
        f.writelines(lines)


def simulate(a, *arguments, status=0, program=f"{BUILD}/sipwarden", **kw):
    """Standard output; with --json the objects."""
    done = subprocess.run([program, "--config", a.config, "simulate", *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, **kw)
    assert done.returncode == status, (arguments, done.returncode, done.stdout, done.stderr)
    if status:
        return done.stdout + done.stderr
    if "--json" in arguments:
        return [json.loads(line) for line in done.stdout.splitlines()]
    return done.stdout


def bans(objects):
    return [(o["address"], o["rule"], o["seconds"]) for o in objects if o["action"] == "ban"]


def five(when, address, **kw):
    return [failure(when + i, address, str(100 + i), **kw) for i in range(5)]


def test_bans_and_lifts_are_told_in_the_log_s_own_time():
    with place() as a:
        write(a, "full.log", [*five(START, "192.0.2.5"), *[failure(START + 300 * i, "192.0.2.4") for i in range(5)]])
        ban, lift = simulate(a, "--input", f"asterisk={a.dir}/full.log", "--json")
        assert ban.pop("reason").startswith("5 attempts within 10m, the last: auth-failure"), ban
        assert sorted(ban.pop("accounts")) == ["100", "101", "102", "103", "104"], ban
        assert ban == {"time": "2026-03-02T10:00:04.000Z", "action": "ban", "address": "192.0.2.5", "rule": "password-guessing",
                       "seconds": 600, "count": 5, "proven": False, "observed": False}, ban
        assert lift == {"time": "2026-03-02T10:10:04.000Z", "action": "lift", "address": "192.0.2.5",
                        "rule": "password-guessing", "seconds": 600, "count": 5, "proven": False, "observed": False}, lift
        text = simulate(a, "--input", f"asterisk={a.dir}/full.log")
        assert "2026-03-02 10:00:04  ban    192.0.2.5        for 10m by password-guessing (not proven): 5 attempts" in text, text
        assert "10 lines of 1 log, from 2026-03-02 10:00:00 to 2026-03-02 10:20:00" in text, text
        assert "       1 bans by rule password-guessing" in text and re.search(r"^192\.0\.2\.5 +1 +10m ", text, re.M), text
        *_, summary = simulate(a, "--input", f"asterisk={a.dir}/full.log", "--json", "--summary")
        assert summary["action"] == "summary" and summary["lines"] == summary["events"] == 10 and summary["bans"] == 1, summary
        assert summary["rules"] == {"password-guessing": 1}, summary
        assert summary["most"] == [{"address": "192.0.2.5", "bans": 1, "seconds": 600, "rule": "password-guessing"}], summary


def a_day(start):
    """Attackers of all kinds, a phone with a stale password, an office; over 20 hours."""
    lines = []
    for i in range(40):
        when = start + i * 1800
        # Two lines of each attempt, some of them over TCP: proven, so that they climb the ladder.
        transport = "TCP" if i % 3 else "UDP"
        lines += [(when + n, wrong(when + n, f"192.0.{i % 7}.9", str(n), f"s{i}-{n}", transport=transport))
                  for n in range(3 + i % 5)]
        # Challenges, and answers to them: proven, too.
        lines += [(when + 100 + n, challenged(when + 100 + n, "198.18.0.1", f"c{i}-{n}", f"{i}/{n}")) for n in range(6)]
        lines += [(when + 100.5 + n, wrong(when + 100 + n, "198.18.0.1", "100", f"c{i}-{n}", f"{i}/{n}")) for n in range(6)]
        # Answers that belong to no challenge of ours.
        lines += [(when + 200 + n, wrong(when + 200 + n, "198.18.0.2", "100", f"d{i}-{n}", f"{i}/{n}")) for n in range(6)]
        # An office that logs in, with one stale password.
        lines += [(when, security(when, "SuccessfulAuth", "198.18.3.3", str(n), f"e{i}-{n}", ',UsingPassword="1"')) for n in range(8)]
        lines += [(when + 30 * n, wrong(when + 30 * n, "198.18.3.3", "stale", f"f{i}-{n}")) for n in range(20)]
        # One account, many addresses.
        lines += [(when + 300 + n, wrong(when + 300 + n, f"198.19.{i}.{n}", "boss", f"g{i}-{n}")) for n in range(12 if i == 20 else 0)]
        # A prefix full of them.
        lines += [(when + 400 + n, wrong(when + 400 + n, f"198.19.100.{n}", str(k), f"h{i}-{n}-{k}", transport="TCP"))
                  for n in range(12 if i == 30 else 0) for k in range(5)]
        # One that nobody has to count.
        lines += [(when + 500 + n, wrong(when + 500 + n, "198.51.100.7", str(n), f"i{i}-{n}")) for n in range(9)]
    return [text for when, text in sorted(lines, key=lambda l: l[0])]


def span(seconds):
    units = [("w", 604800), ("d", 86400), ("h", 3600), ("m", 60), ("s", 1)]
    for i, (name, size) in enumerate(units):
        if seconds >= size:
            rest = seconds % size // units[i + 1][1] if i + 1 < len(units) else 0
            return f"{seconds // size}{name}" + (f"{rest}{units[i + 1][0]}" if rest else "")
    return "0s"


def agreement(config):
    """What the agent logs of an old log, and what simulate says of it."""
    with place(config) as a:
        write(a, "full.log", a_day(int(time.time()) - 20 * 3600))
        a.start()
        size = len(open(a.path("full.log")).readlines())
        wait("all is read", lambda: a.json("status")["inputs"][0]["lines"] == size)
        time.sleep(0.5)
        logged = re.findall(r"Banned (\S+) for (\S+) by rule (\S+): (.*)", a.logged())
        a.stop()
        told = [(o["address"], span(o["seconds"]), o["rule"], o["reason"])
                for o in simulate(a, "--input", f"asterisk={a.dir}/full.log", "--json") if o["action"] == "ban"]
        assert logged == told, "\n".join(str(t) for t in set(logged) ^ set(told))
        return told


def test_simulate_bans_as_the_agent_does():
    told = agreement(INPUT + "[exempt]\naddress = 198.51.100.0/24\n")
    assert {"password-guessing", "account-attack", "prefix"} <= {rule for _, _, rule, _ in told}, told
    # The ladder, for those who were proven.
    assert {"10m", "1h", "1d"} <= {length for _, length, _, _ in told}, told
    agreement(INPUT + "[rule password-guessing]\nthreshold = 3\nwindow = 1h\nban = 5m 20m 3h\n[trust]\nfriend_for = 0\n"
              "[prefixes]\noffenders = 3\n")


def test_two_configurations_are_compared():
    with place() as a, place(INPUT + "[rule password-guessing]\nthreshold = 6\nban = 5m\n") as b:
        write(a, "full.log", [*five(START, "192.0.2.5"),
                              *five(START, "192.0.2.6"), failure(START + 9, "192.0.2.6"),
                              *[failure(START + 300 * i, "192.0.2.4") for i in range(5)]])
        log = f"asterisk={a.dir}/full.log"
        objects = {o["address"]: o for o in simulate(a, "--input", log, "--against", b.config, "--json")}
        assert {k: o["change"] for k, o in objects.items()} == {"192.0.2.5": "added", "192.0.2.6": "longer"}, objects
        assert objects["192.0.2.5"]["against"] is None and objects["192.0.2.6"]["against"]["seconds"] == 300, objects
        assert objects["192.0.2.6"]["config"] == {"bans": 1, "seconds": 600, "first": "2026-03-02T10:00:04.000Z",
                                                  "rule": "password-guessing", "observed": 0}, objects
        objects = {o["address"]: o for o in simulate(b, "--input", log, "--against", a.config, "--json")}
        assert {k: o["change"] for k, o in objects.items()} == {"192.0.2.5": "removed", "192.0.2.6": "shorter"}, objects
        *_, summary = simulate(a, "--input", log, "--against", a.config, "--json", "--summary")
        assert summary["same"] == 2 and summary["added"] == 0, summary
        text = simulate(a, "--input", log, "--against", b.config)
        assert re.search(r"^added +192\.0\.2\.5 +1 ban, 10m, .* -$", text, re.M), text
        assert re.search(r"^ +1 banned for longer$", text, re.M), text
        # An input that only one of them has
        with place("[input other]\nfilter = asterisk\npath = /x\n") as c:
            assert "there is no input 'asterisk'" in simulate(a, "--input", log, "--against", c.config, status=3)


def test_rotated_and_other_logs_are_merged():
    config = INPUT + "[input second]\nfilter = asterisk\npath = /nowhere\ntimezone = +05:45\n"
    with place(config) as a:
        write(a, "full.log.2.gz", [failure(START, "192.0.2.5"), failure(START + 60, "192.0.2.6")])
        write(a, "full.log.1", [failure(START + 120, "192.0.2.5"), failure(START + 180, "192.0.2.6")])
        write(a, "full.log", [failure(START + 240 + i, "192.0.2.5") for i in range(3)])
        # Another gateway, in Nepal.
        write(a, "nepal.log", [failure(START + 10 + i, "192.0.2.6", zone=20700) for i in range(3)])
        said = simulate(a, "--input", f"second={a.dir}/nepal.log", "--input", f"asterisk={a.dir}/full.log*", "--json")
        assert [(o["time"], *bans([o])[0]) for o in said] == [
            ("2026-03-02T10:03:00.000Z", "192.0.2.6", "password-guessing", 600),
            ("2026-03-02T10:04:02.000Z", "192.0.2.5", "password-guessing", 600)], said
        # Each of them by itself is nothing.
        for log in ("full.log", "full.log.1", "full.log.2.gz"):
            assert not simulate(a, "--input", f"asterisk={a.dir}/{log}", "--json")


def test_zones_and_the_hour_that_comes_twice():
    # 2026-10-25T01:00:00Z: the clocks of Berlin are put back from 03:00 to 02:00.
    back = 1792890000
    with place(INPUT + "timezone = Europe/Berlin\n") as a:
        # Two minutes before, and two after: 02:58, 02:02 on the wall.
        write(a, "full.log", [failure(back - 120 + i, "192.0.2.5", zone=7200) for i in range(3)] +
              [failure(back + 130 + i, "192.0.2.5", zone=3600) for i in range(2)])
        said = simulate(a, "--input", f"asterisk={a.dir}/full.log", "--json")
        assert [o["time"] for o in said] == ["2026-10-25T01:02:11.000Z"], said


def test_since_and_until():
    with place() as a:
        now = int(time.time())
        old, new = now - 30 * 3600, now - 3600
        write(a, "full.log", [*five(old, "192.0.2.5"), *five(new, "192.0.2.6")])
        log = ("--json", "--input", f"asterisk={a.dir}/full.log")

        def addresses(*bounds, **kw):
            return [b[0] for b in bans(simulate(a, *log, *bounds, **kw))]
        assert addresses() == ["192.0.2.5", "192.0.2.6"]
        for since in ("2h ago", "1h1m ago", stamp(new), stamp(new).replace(" ", "T") + "Z", stamp(new, 7200) + "+02:00",
                      stamp(new, -7200)[:-3] + "-0200", stamp(new - 0.5) + ".500", stamp(new - 60)[:-3],
                      time.strftime("%Y-%m-%d", time.gmtime(now - 86400)) if new % 86400 > 0 else "2h ago"):
            said = addresses("--since", since)
            assert "192.0.2.6" in said and ("192.0.2.5" not in said or len(since) == 10), (since, said)
        for until in ("2h ago", stamp(old + 4), stamp(old + 4).replace(" ", "T") + "+00:00"):
            assert addresses("--until", until) == ["192.0.2.5"], until
        assert addresses("--since", "2h ago", "--until", "now") == ["192.0.2.6"]
        assert addresses("--since", stamp(old + 1), "--until", stamp(new - 1)) == []
        assert addresses("--since", stamp(new), env=dict(os.environ, TZ="Asia/Kathmandu")) == ["192.0.2.6"]
        for wrong_text in ("yesterday", "2026-02-30", "2026-1-1", "10:00", "2h", "ago", "2026-03-02 10:00:00 CET", "2026-03-02x",
                           "2026-03-02T", "2026-03-02 25:00", "2026-03-02T10:00:00.", "9" * 100):
            assert "2h ago" in simulate(a, *log, "--since", wrong_text, status=2), wrong_text
        assert "later than" in simulate(a, *log, "--since", "1h ago", "--until", "2h ago", status=2)


def test_who_sent_nothing_is_not_banned():
    with place() as a:
        write(a, "full.log", [*five(START, "192.0.2.5"), *five(START, "192.0.2.6")])
        write(a, "seen", ["# what tcpdump saw\n", "192.0.2.6\n", "\n", " 2001:db8::1 # a phone\n"])
        said = simulate(a, "--input", f"asterisk={a.dir}/full.log", "--seen", a.path("seen"), "--json")
        assert [b[0] for b in bans(said)] == ["192.0.2.6"], said
        (alert,) = [o for o in said if o["action"] == "alert"]
        assert alert["kind"] == "forgery" and alert["address"] == "192.0.2.5" and alert["time"].startswith("2026-03-02"), alert
        assert "forgery: Log lines name 192.0.2.5" in simulate(a, "--input", f"asterisk={a.dir}/full.log", "--seen", a.path("seen"))
        write(a, "seen", ["192.0.2.6\n", "x\x1b[31m\n"])
        said = simulate(a, "--input", f"asterisk={a.dir}/full.log", "--seen", a.path("seen"), status=1)
        assert "seen:2: 'x\\x1b[31m' is no address" in said, said


def test_it_needs_no_rights():
    with place() as a:
        write(a, "full.log", five(START, "192.0.2.5"))
        write(a, "secret.log", five(START, "192.0.2.5"))
        os.chmod(a.path("secret.log"), 0o600)
        # The source tree may be nobody's business.
        shutil.copy(f"{BUILD}/sipwarden", a.path("sipwarden"))
        shutil.copytree(f"{TOP}/filters", a.path("filters"), dirs_exist_ok=True)
        nobody = dict(user="nobody", group="nogroup", extra_groups=[], program=a.path("sipwarden"))
        assert len(simulate(a, "--input", f"asterisk={a.dir}/full.log", "--json", **nobody)) == 1
        said = simulate(a, "--input", f"asterisk={a.dir}/secret.log", status=1, **nobody)
        assert "secret.log" in said and "Permission denied" in said and "group" in said, said
        # A filter that is hidden is not one that is not there.
        a.base = a.base.replace(f" {TOP}/filters", "")
        a.write_config(INPUT.format(dir=a.dir))
        os.chmod(a.path("filters"), 0o700)
        said = simulate(a, "--input", f"asterisk={a.dir}/full.log", status=1, **nobody)
        assert f"{a.dir}/filters may not be read by this user" in said, said


def test_streams():
    with place() as a:
        text = "".join(five(START, "192.0.2.5"))
        assert len(simulate(a, "--input", "asterisk=-", "--json", input=text)) == 1
        write(a, "full.log", text)
        done = subprocess.run(["bash", "-c", f"{BUILD}/sipwarden -c {a.config} simulate --json --input asterisk=<(cat {a.dir}/full.log)"],
                              stdout=subprocess.PIPE, check=True)
        assert len(done.stdout.splitlines()) == 1, done
        said = simulate(a, "--input", "asterisk=-", "--against", a.config, status=2, input=text)
        assert "twice" in said, said


def test_mistakes_are_told():
    with place() as a:
        write(a, "full.log", five(START, "192.0.2.5"))
        log = f"asterisk={a.dir}/full.log"
        assert "needs at least one --input" in simulate(a, status=2)
        assert "NAME=FILE" in simulate(a, "--input", "full.log", status=2)
        assert "NAME=FILE" in simulate(a, "--input", "=x", status=2)
        assert "NAME=FILE" in simulate(a, "--input", log, "other", status=2)
        assert "did you mean 'asterisk'" in simulate(a, "--input", f"asterix={a.dir}/full.log", status=3)
        assert "No such file" in simulate(a, "--input", "asterisk=/no/where", status=3)
        assert "is a directory" in simulate(a, "--input", f"asterisk={a.dir}", status=1)
        assert "not read from the journal" in simulate(a, "--input", "asterisk=journal", status=1)
        assert "--seen /no/where: No such file" in simulate(a, "--input", log, "--seen", "/no/where", status=1)
        assert "given twice" in subprocess.run([f"{BUILD}/sipwarden", "-c", a.config, "simulate", "--input", log, "--input", log],
                                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True).stderr
        write(a, "bad.conf", ["[sipwarden]\nfoo = bar\n"])
        assert "bad.conf:2" in simulate(a, "--input", log, "--against", a.path("bad.conf"), status=1)
        with open(a.path("packed.xz"), "wb") as f:
            f.write(b"\xfd7zXZ\0\0")
        assert "xz -dc" in simulate(a, "--input", f"asterisk={a.dir}/packed.xz", status=1)
        # A time zone that is wrong
        write(a, "full.log", five(int(time.time()) + 7200, "192.0.2.5"))
        done = subprocess.run([f"{BUILD}/sipwarden", "-c", a.config, "simulate", "--input", log], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=True)
        assert "5 matching lines are dated in the future" in done.stderr, done


def test_observed_bans_are_marked():
    with place(INPUT + "[rule password-guessing]\nobserve = yes\n") as a:
        write(a, "full.log", five(START, "192.0.2.5"))
        (ban,) = simulate(a, "--input", f"asterisk={a.dir}/full.log", "--json")
        assert ban["observed"] is True, ban
        assert "(observed only)" in simulate(a, "--input", f"asterisk={a.dir}/full.log")


def log_to_journal(text, identifier="asterisk"):
    subprocess.run(["systemd-cat", "-t", identifier], input=text, text=True, check=True)


def test_the_journal():
    gateway.start_journald()
    # The journal has its own times, so the line need not tell any.
    def lines(address):
        return "".join(re.sub(r"^\[.*?\] ", "", f) for f in five(START, address))
    with place("[input asterisk]\ntype = journal\n[input file]\nfilter = asterisk\npath = /x\n") as a:
        log_to_journal(lines("192.0.2.5"))
        log_to_journal(lines("192.0.2.6"), "something-else")
        wait("journald has it", lambda: len(simulate(a, "--input", "asterisk=journal", "--json")) == 1)
        time.sleep(1.1)
        middle = time.time()
        time.sleep(1.1)
        log_to_journal(lines("192.0.2.7"))
        said = wait("journald has the rest", lambda: (lambda o: len(o) == 2 and o)(simulate(a, "--input", "asterisk=journal", "--json")))
        assert [b[0] for b in bans(said)] == ["192.0.2.5", "192.0.2.7"], said
        assert abs(time.time() - time.mktime(time.strptime(said[0]["time"][:19], "%Y-%m-%dT%H:%M:%S"))) < 60, said
        border = stamp(middle) + f".{int(middle % 1 * 1000):03}"
        for option, address in (("--until", "192.0.2.5"), ("--since", "192.0.2.7")):
            assert [b[0] for b in bans(simulate(a, "--input", "asterisk=journal", "--json", option, border))] == [address], option
        # Merged with a file: both count for the same source.
        write(a, "full.log", [failure(middle - 1 + i, "192.0.2.8") for i in range(3)])
        log_to_journal("".join(lines("192.0.2.8").splitlines(keepends=True)[:2]))
        wait("both count", lambda: "192.0.2.8" in [b[0] for b in bans(simulate(
            a, "--input", "asterisk=journal", "--input", f"file={a.dir}/full.log", "--json"))])
        # A line that journald has split is not two.
        forged = re.sub(r"^\[.*?\] ", "", failure(START, "203.0.113.9")).rstrip("\n")
        for i in range(6):
            log_to_journal("y" * (48 * 1024) + forged + "\n" + "end\n")
        wait("the cut lines", lambda: simulate(a, "--input", "asterisk=journal", "--json", "--summary")[-1]["cut"] == 6)
        assert "203.0.113.9" not in str(simulate(a, "--input", "asterisk=journal", "--json"))
        # Far more than one buffer
        log_to_journal("".join(lines(f"198.18.{i // 250}.{i % 250}") for i in range(500)))
        *_, summary = wait("all", lambda: (lambda o: o[-1]["events"] >= 2510 and o)(
            simulate(a, "--input", "asterisk=journal", "--json", "--summary")))
        assert summary["events"] == 2512, summary


if __name__ == "__main__":
    run(globals())
