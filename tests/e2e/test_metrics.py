#!/usr/bin/python3
"""What Prometheus is told: in its format, of bounded size, whole at every moment."""
import contextlib
import math
import os
import re
import stat
import subprocess
import time

from sipwarden_env import DEGRADED, TOP, Agent, run, sh, wait

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')


def parse(text):
    """By the exposition format, 0.0.4, and Prometheus's conventions: {(name, labels): value}."""
    assert text.endswith("\n")
    samples, types, helped, ended, current = {}, {}, set(), set(), None
    for line in text.splitlines():
        if line.startswith("# HELP ") or line.startswith("# TYPE "):
            _, kind, name, rest = line.split(" ", 3)
            assert NAME.fullmatch(name) and rest, line
            if kind == "HELP":
                assert name not in helped and name not in types, line
                helped.add(name)
            else:
                assert name not in types and rest in ("counter", "gauge"), line
                types[name] = rest
            continue
        assert not line.startswith("#"), line
        name, labels, value = re.fullmatch(r"([^{ ]+)(?:\{(.*)\})? ([^ ]+)", line).groups()
        # All samples of one name are together, after its HELP and TYPE.
        if name != current:
            assert name not in ended, line
            ended.add(current)
            current = name
        assert name in types and name in helped, line
        assert name.startswith("sipwarden_") and name.endswith("_total") == (types[name] == "counter"), line
        pairs, at = [], 0
        while labels and at < len(labels):
            m = LABEL.match(labels, at)
            assert m, line
            pairs.append(m.groups())
            at = m.end()
        key = (name, tuple(sorted(pairs)))
        assert key not in samples, line
        samples[key] = float(value)
        assert math.isfinite(samples[key]) and samples[key] >= 0, line
    return samples


def checked(text):
    done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True)
    assert done.returncode == 0, done
    return parse(text)


@contextlib.contextmanager
def agent(extra=""):
    a = Agent("")
    a.write_config(f"[input asterisk]\npath = {a.dir}/full.log\n" + extra.format(dir=a.dir))
    open(a.path("full.log"), "w").close()
    try:
        yield a.start()
    finally:
        a.close()


def attack(a, address, user, n=5):
    stamp = time.strftime("%Y-%m-%d %H:%M:%S")
    with open(a.path("full.log"), "a") as f:
        for i in range(n):
            f.write(f"[{stamp}] NOTICE[1] chan_sip.c: Registration from '\"{user}\" <sip:{user}{i}@x>' failed for "
                    f"'{address}:5060' - Wrong password\n")


def metrics(a):
    return a.ctl("metrics")[1]


def test_metrics_are_sound_and_tell_what_status_tells():
    with agent() as a:
        attack(a, "192.0.2.5", "1")
        a.wait_banned("192.0.2.5")
        wait("the sizes", lambda: 'set="seen4"' in metrics(a) and 'process="firewall"' in metrics(a), 30)
        m, told = checked(metrics(a)), a.json("status")

        def value(name, **labels):
            return m["sipwarden_" + name, tuple(sorted(labels.items()))]
        assert value("protecting") == value("healthy") == 1 and value("problems") == 0
        assert value("bans_active") == value("bans_enforced") == value("bans_total") == 1
        assert value("events_total", **{"class": "auth-failure"}) == 5 and value("events_total", **{"class": "flood"}) == 0
        assert value("attempts_total") == told["attempts"] == 5
        assert value("input_lines_total", input="asterisk") == 5 and value("input_matches_total", input="asterisk") == 5
        assert value("input_lag_bytes", input="asterisk") == 0 and value("input_moving", input="asterisk") == 1
        assert value("set_elements_limit", set="ban4") == 1000000
        assert value("resident_memory_bytes", process="agent") > 1000000
        assert abs(value("start_time_seconds") - time.time()) < 600
        assert value("build_info", version=told["version"]) == 1
        assert parse(a.json("metrics")["metrics"]).keys() == m.keys()
        a.ctl("pause")
        m = checked(metrics(a))
        assert value("protecting") == 0 and value("healthy") == 0 and value("paused") == 1


def test_nobody_who_attacks_can_make_them_many_or_write_into_them():
    with agent("[rule password-guessing]\nthreshold = 1\n") as a:
        before = len(parse(metrics(a)))
        for i in range(60):
            attack(a, f"192.0.2.{i}", f"evil{i}\"}}\\n# HELP", 2)
        wait("all are read", lambda: a.json("status")["inputs"][0]["lines"] == 120)
        wait("all are counted", lambda: a.json("status")["bans_total"] >= 50)
        text = metrics(a)
        assert "192.0.2" not in text and "evil" not in text, text
        # Only what the helper tells a moment after the start is new.
        assert len(checked(text)) <= before + 9 + 9 + 1, text


def test_the_file_is_whole_at_every_moment_and_readable():
    old = os.umask(0o077)
    try:
        with agent("[metrics]\nfile = {dir}/metrics/sipwarden.prom\ninterval = 1s\n") as a:
            os.umask(old)
            path = a.path("metrics/sipwarden.prom")
            wait("the file", lambda: os.path.exists(path))
            assert stat.S_IMODE(os.stat(path).st_mode) == 0o644
            assert stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) & 0o555 == 0o555
            written = set()

            def look():
                with open(path) as f:
                    text = f.read()
                    written.add(os.fstat(f.fileno()).st_ino)
                parse(text)
                return len(written) >= 3
            wait("three times another file", look)
            with open(path) as f:
                checked(f.read())
            attack(a, "192.0.2.5", "1")

            def banned():
                with open(path) as f:
                    return "\nsipwarden_bans_active 1\n" in f.read()
            wait("the ban is in it", banned)
            a.stop()
            # What is not written any more must not pass for news.
            assert os.listdir(os.path.dirname(path)) == []
    finally:
        os.umask(old)


def test_nothing_is_written_unless_it_is_asked_for_and_a_reload_changes_that():
    with agent() as a:
        one, two = a.path("one.prom"), a.path("two.prom")
        text = f"[input asterisk]\npath = {a.dir}/full.log\n"
        a.write_config(text + f"[metrics]\nfile = {one}\n")
        a.ctl("reload")
        wait("the first", lambda: os.path.exists(one))
        a.write_config(text + f"[metrics]\nfile = {two}\n")
        a.ctl("reload")
        wait("the second instead", lambda: os.path.exists(two) and not os.path.exists(one))
        a.write_config(text)
        a.ctl("reload")
        wait("none", lambda: not os.path.exists(two))


def test_a_file_that_cannot_be_written_is_told_once_and_stops_nothing():
    with agent("[metrics]\nfile = /proc/nothing/sipwarden.prom\ninterval = 1s\n") as a:
        said = "The metrics cannot be written to /proc/nothing/sipwarden.prom"
        wait("it is told", lambda: said in a.logged())
        status, out, _ = a.ctl("status", check=False)
        assert status == DEGRADED and said in out and "What to do" in out, out
        attack(a, "192.0.2.5", "1")
        a.wait_banned("192.0.2.5")
        # It was tried again meanwhile.
        writes = wait("uptime", lambda: time.time() - float(a.json("status")["started"]) / 1e6 > 4)
        assert writes and a.logged().count(said) == 1, a.logged()
        a.write_config(f"[input asterisk]\npath = {a.dir}/full.log\n[metrics]\nfile = {a.dir}/m.prom\ninterval = 1s\n")
        a.ctl("reload")
        wait("all is well", lambda: a.ctl("status", check=False)[0] == 0)


def test_what_others_have_put_there_is_not_followed():
    with agent() as a:
        victim, path = a.path("victim"), a.path("m.prom")
        with open(victim, "w") as f:
            f.write("precious")
        os.symlink(victim, path + ".tmp")
        os.symlink(victim, path)
        a.write_config(f"[input asterisk]\npath = {a.dir}/full.log\n[metrics]\nfile = {path}\n")
        a.ctl("reload")
        wait("the file", lambda: os.path.exists(path) and not os.path.islink(path))
        with open(victim) as f:
            assert f.read() == "precious"
        assert not os.path.lexists(path + ".tmp")


def test_mistakes_in_metrics_are_told():
    with agent() as a:
        a.write_config("[input asterisk]\npath = /x\n[metrics]\nfile = /run/sipwarden.txt\ninterval = 0s\nfil = x\n")
        error = a.ctl("check", check=False)[2]
        for text in ("does not end in .prom", "interval", "did you mean 'file'"):
            assert text in error, error


def test_the_example_alerts_fire_on_what_we_tell():
    rules = os.path.join(TOP, "docs/prometheus-alerts.yml")
    sh("promtool", "check", "rules", rules)
    with agent() as a:
        wait("the sizes", lambda: 'set="seen4"' in metrics(a) and 'process="firewall"' in metrics(a), 30)
        names = {name for name, _ in parse(metrics(a))}
    with open(rules) as f:
        used = set(re.findall(r"sipwarden_[a-z0-9_]+", f.read()))
    assert used and used <= names, used - names
    sh("promtool", "test", "rules", os.path.join(TOP, "tests/e2e/prometheus-alerts-test.yml"))


if __name__ == "__main__":
    run(globals())
