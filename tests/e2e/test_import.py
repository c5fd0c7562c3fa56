#!/usr/bin/python3
"""sipwarden filter import: fail2ban's own filters, beside fail2ban itself, and files that are wrong.

corpora/import/NAME.log: lines for the filter NAME, each behind the address that is to come out
('-': none) and a tab; all from fail2ban's test data (fail2ban/tests/files/logs).
"""
import glob
import json
import os
import re
import subprocess
import tempfile
import time

from sipwarden_env import BUILD, TOP, run

FILTERS = "/etc/fail2ban/filter.d"
CORPORA = os.path.join(TOP, "tests/corpora/import")
CONF = "[Definition]\nfailregex = {}\n"


def sipwarden(*arguments, stdin=None):
    done = subprocess.run([f"{BUILD}/sipwarden", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, input=stdin,
                          timeout=60)
    assert done.returncode in (0, 1, 2, 3), (arguments, done.returncode, done.stderr[-2000:])
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


class Place:
    """A directory with what a test writes, and where filters are imported to."""

    def __init__(self):
        self.root = tempfile.TemporaryDirectory(prefix="sipwarden-import-")
        self.dir = self.root.name
        self.filters = os.path.join(self.dir, "filters")
        os.mkdir(self.filters)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.root.cleanup()

    def write(self, name, content):
        path = os.path.join(self.dir, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return path

    def imported(self, path, name, *options):
        """Imports; returns status and standard error."""
        status, _, said = sipwarden("filter", "import", path, "--name", name, "--output",
                                    os.path.join(self.filters, name + ".conf"), *options)
        return status, said

    def match(self, name, text):
        """The (class, address) of each line; address None: no match, or crafted."""
        _, out, _ = sipwarden("filter", "--filter-dir", self.filters, "--json", "match", name, stdin=text)
        return [(e["class"], e.get("address")) for e in map(json.loads, out.splitlines())]


def one(text, *options):
    """Imports a filter with this text; returns status, filter, standard error."""
    with Place() as p:
        return sipwarden("filter", "import", p.write("one.conf", text), *options)


def regex_of(text):
    status, out, said = one(text)
    assert status == 0, said
    return re.search(r"^regex = (.*?)\n(?!\t)", out, re.M | re.S).group(1).replace("\n\t", "")


# fail2ban's own filters

def test_every_filter_of_fail2ban_is_imported_or_it_is_said_why_not():
    good = bad = 0
    with Place() as p:
        for path in sorted(glob.glob(FILTERS + "/*.conf")):
            name = os.path.basename(path)[:-5]
            status, said = p.imported(path, name)
            reasons = re.findall(r"^/.*?:\d+: failregex \d+: not imported: .+", said, re.M)
            count = re.search(rf"^{re.escape(name)}: (\d+) of (\d+) regexes imported$", said, re.M)
            if not count:
                # Files for others to include have no filter in them.
                assert status == 1 and "error: " in said and name.endswith("common"), (name, said)
                continue
            done, total = int(count.group(1)), int(count.group(2))
            assert len(reasons) == total - done, (name, said)
            assert status == (0 if done == total and "ignoreregex not imported" not in said else 1), (name, status, said)
            good, bad = good + done, bad + total - done
            for reason in reasons:
                print(f"    {reason[len(FILTERS) + 1:]}")
            if done:
                tested, _, errors = sipwarden("filter", "--filter-dir", p.filters, "test", name)
                assert tested == 0, (name, errors)
    print(f"    {good} regexes of fail2ban's filters imported, {bad} not")
    assert good >= 170 and bad <= good / 10, (good, bad)


def fail2ban_finds(path, name):
    done = subprocess.run(["/usr/bin/fail2ban-regex", "--usedns", "no", "--out", "ip", path, f"{FILTERS}/{name}.conf"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    return done.stdout.split()


def test_it_finds_what_fail2ban_finds():
    compared = lines = 0
    with Place() as p:
        for path in sorted(glob.glob(CORPORA + "/*.log")):
            name = os.path.basename(path)[:-4]
            with open(path, "rb") as f:
                rows = [row.split(b"\t", 1) for row in f.read().splitlines()]
            expected = [address.decode() for address, _ in rows]
            text = b"".join(line + b"\n" for _, line in rows)
            p.imported(f"{FILTERS}/{name}.conf", name)
            ours = [address or "-" for _, address in p.match(name, text)]
            assert ours == expected, (name, [x for x in zip(expected, ours, rows) if x[0] != x[1]])
            theirs = fail2ban_finds(p.write(name + ".log", text), name)
            assert theirs == [address for address in expected if address != "-"], (name, theirs, expected)
            compared, lines = compared + 1, lines + len(rows)
    print(f"    {lines} lines of {compared} filters: the same addresses as fail2ban")
    assert compared >= 30


def test_a_forged_line_that_deceives_fail2ban_names_nobody():
    with Place() as p, open(os.path.join(TOP, "tests/corpora/asterisk22-forged.log"), "rb") as f:
        text = f.read()
        p.imported(f"{FILTERS}/asterisk.conf", "asterisk")
        assert {address for _, address in p.match("asterisk", text)} == {None, "192.0.2.5"}
        assert any(a.startswith("203.0.113.") for a in fail2ban_finds(p.write("forged.log", text), "asterisk"))


def test_a_long_header_does_not_hide_its_line():
    long = b"a" * 60000
    with Place() as p:
        p.imported(f"{FILTERS}/asterisk.conf", "asterisk")
        found = p.match("asterisk", b"[2016-05-23 10:18:16] NOTICE[1] res_pjsip/pjsip_distributor.c: Request 'REGISTER' from '\""
                        + long + b"\" <sip:1@192.0.2.1>' failed for '192.0.2.4:5060' (callid: 2) - Failed to authenticate\n"
                        b"[2012-02-13 17:21:54] NOTICE[1] chan_sip.c: Registration from '" + long +
                        b"' failed for '192.0.2.4' - Wrong password\n")
        assert found == [("auth-failure", "192.0.2.4")] * 2, found


# What is made of what

def test_the_parts_of_a_filter_are_put_together():
    with Place() as p:
        p.write("base.conf", "[DEFAULT]\n_daemon = none\n[Definition]\nword = wrong\n[Init]\nwho = user\n")
        p.write("base.local", "[Definition]\nword = <known/word>|bad\n")
        path = p.write("one.conf", "[INCLUDES]\nbefore = base.conf\n[Definition]\n_daemon = exampled\nmode = strict\n"
                       "prefregex = ^\\s*%(_daemon)s: <F-CONTENT>.+</F-CONTENT>$\n"
                       "# a comment\nfailregex = ^(?:%(word)s) <who> <F-USER>[^']*</F-USER> from <HOST>\n"
                       "            # another\n            <re-<mode>>\n"
                       "re-strict = ^no user <F-USER>\\S+|.*?</F-USER> at <HOST>$ ; and one more\n")
        p.write("one.local", "[Definition]\nre-lax = ^lax <HOST>$\n")
        status, said = p.imported(path, "one")
        assert status == 0, said
        assert f"{path}:8: failregex 1: imported" in said and f"{path}:11: failregex 2: imported" in said, said
        found = p.match("one", b"exampled: bad user x from 192.0.2.1 etc\nNov  4 18:30:40 exampled: wrong user x from 192.0.2.2\n"
                        b"exampled: no user y z at 192.0.2.3\nexampled: no user y at 192.0.2.3 z\nother: bad user x from 192.0.2.1\n")
        assert [a for _, a in found] == ["192.0.2.1", "192.0.2.2", "192.0.2.3", None, None], found
        status, said = p.imported(path, "lax", "--set", "mode=lax")
        assert status == 0 and [a for _, a in p.match("lax", b"exampled: lax 192.0.2.9\n")] == ["192.0.2.9"], said


def test_text_of_the_sender_is_captured_and_the_end_is_open():
    assert regex_of(CONF.format(r"^login of \S+ by (?:[^']*|.*?) from <HOST>$")) == \
        r"login of (?<text>\S+) by (?<text>.*?) from (?<addr>(?&ip))"
    assert regex_of(CONF.format(r"denied: <HOST>")) == r"(?<text>.*)denied: (?<addr>(?&ip))(?>(?<text>.*)$)"
    assert regex_of(CONF.format(r"^user (?P<n>\w+) is not (?P=n), <F-USER>[^,]+</F-USER>, <HOST>$")) == \
        r"user (?<f1>\w+) is not \k<f1>, (?<user>[^,]+), (?<addr>(?&ip))"
    # The sender could close the quotes himself.
    assert regex_of(CONF.format(r"^user '[^']*' from <HOST> failed$")) == \
        r"user '(?<text>.*)' from (?<addr>(?&ip))(?> failed$)"


def test_no_failure_and_success_are_told_apart():
    status, out, said = one("[Definition]\nfailregex = ^<F-NOFAIL>seen</F-NOFAIL> from <HOST>$\n"
                            "  ^Failed (?:<F-NOFAIL>key</F-NOFAIL>|\\w+) from <HOST>$\n"
                            "  ^<F-MLFGAINED>Accepted</F-MLFGAINED> from <HOST>$\n  ^locked out$\n")
    assert status == 1 and "1: not imported: it marks no failure" in said and "4: not imported: it has no <HOST>" in said, said
    assert r"Failed (?!key\b)\w+ from" in out and "class = auth-success" in out and "2 of 4" in said, out


def test_ignoreregex_is_what_must_not_match():
    with Place() as p:
        path = p.write("one.conf", CONF.format("^login failed from <HOST>") + "ignoreregex = backup host$\n")
        assert p.imported(path, "one")[0] == 0
        assert [a for _, a in p.match("one", b"login failed from 192.0.2.1, backup host\nlogin failed from 192.0.2.2\n")] == \
            [None, "192.0.2.2"]


def test_lines_of_a_log_become_examples():
    with Place() as p:
        log = p.write("x.log", "Nov  4 18:30:40 login of a b failed from 192.0.2.1\nelse\n")
        path = p.write("one.conf", CONF.format("^ login of <F-USER>.*</F-USER> failed from <HOST>$"))
        status, said = p.imported(path, "one", "--log", log)
        assert status == 0, said
        status, out, said = sipwarden("filter", "--filter-dir", p.filters, "test", "one")
        assert status == 0 and "1 examples" in out, (out, said)
        with open(os.path.join(p.filters, "one.conf"), encoding="utf-8") as f:
            assert "expect = address=192.0.2.1 user=a\\x20b\n" in f.read()


# What is wrong

def refused(text, what, *options):
    status, out, said = one(text, *options)
    assert status == 1 and not out.strip(), (status, out, said)
    assert re.search(what, said), (what, said)


def test_mistakes_are_told_with_their_place():
    refused(CONF.format("^%(a <HOST>"), r"one\.conf:2: error: '%\(' without '\)s'")
    refused(CONF.format("^%(nothere)s <HOST>"), r"one\.conf:2: error: %\(nothere\)s is not defined")
    refused(CONF.format("^100% <HOST>"), r"one\.conf:2: error: '%'")
    refused("[Definition]\na = %(b)s\nb = %(a)s\nfailregex = ^%(a)s <HOST>$\n", r"nested too deep")
    refused("[Definition]\na = <b>x\nb = <a>x\nfailregex = ^<a> <HOST>$\n", r"names to replace|256 KiB")
    refused(CONF.format("^(a <HOST>$"), r"one\.conf:2: failregex 1: not imported: .*nothing closes")
    refused(CONF.format("^[a <HOST>$"), r"'\[' without '\]'")
    refused(CONF.format("^a{3}** <HOST>$"), r"repetition of a repetition")
    refused(CONF.format("^<SUBNET>$"), r"ban whole networks")
    refused(CONF.format("^a<SKIPLINES>b <HOST>$"), r"several lines")
    refused(CONF.format("^a <F-ID>\\w+</F-ID> <HOST>$"), r"<F-ID>")
    refused(CONF.format("^(?P=x) <HOST>$"), r"refers to a group that is not there")
    refused("failregex = x\n", r"one\.conf:1: error: outside of a section")
    refused("[Definition]\nnonsense\n", r"one\.conf:2: error: neither section, nor key")
    refused("[Definition]\nx = 1\n", r"no failregex")
    refused(b"[Definition]\nfailregex = ^a\0b <HOST>$\n", r"one\.conf:2: error: control character 0x00")


def test_includes_that_are_wrong():
    with Place() as p:
        a = p.write("a.conf", "[INCLUDES]\nbefore = b.conf\n" + CONF.format("^x <HOST>$"))
        p.write("b.conf", "[INCLUDES]\nafter = a.conf\n")
        status, said = p.imported(a, "a")
        assert status == 1 and "a.conf' includes itself" in said and "b.conf:2: error" in said, said
        c = p.write("c.conf", "[INCLUDES]\nbefore = missing.conf\n" + CONF.format("^x <HOST>$"))
        status, said = p.imported(c, "c")
        assert status == 0 and f"{c}:2: warning" in said and "is not there" in said, said
        for i in range(30):
            p.write(f"d{i}.conf", f"[INCLUDES]\nbefore = d{i + 1}.conf\n" + CONF.format("^x <HOST>$"))
        status, said = p.imported(os.path.join(p.dir, "d0.conf"), "d")
        assert status == 1 and "nested more than" in said, said
        status, said = p.imported(os.path.join(p.dir, "none.conf"), "none")
        assert status == 1 and "cannot be read" in said, said
        status, said = p.imported(p.dir, "dir")
        assert status == 1 and "cannot be read" in said, said


def test_too_much_is_refused_in_time():
    start = time.monotonic()
    refused(CONF.format("^" + "a" * 1000000 + " <HOST>$"), r"too long|larger than")
    refused(CONF.format("^" + "a" * 100000 + " <HOST>$"), r"longer than 60 KiB")
    refused(CONF.format("^" + "(?:" * 20000 + " <HOST>$"), r"nested too deep")
    refused(CONF.format("^" + "(?i)" * 10000 + " <HOST>$"), r"nested too deep")
    refused(CONF.format("^a{99999} <HOST>$"), r"too large")
    names = "".join(f"a{i} = {('%(a' + str(i + 1) + ')s') * 20}\n" for i in range(9))
    refused("[Definition]\n" + names + "a9 =\nfailregex = ^%(a0)s <HOST>$\n", r"names to replace")
    refused("[Definition]\nx = <x><x>\nfailregex = ^<x> <HOST>$\n", r"names to replace|256 KiB")
    assert time.monotonic() - start < 30


def test_the_command_line():
    with Place() as p:
        path = p.write("one.conf", CONF.format("^x <HOST>$"))
        assert sipwarden("filter", "import")[0] == 2
        assert sipwarden("filter", "import", path, path)[0] == 2
        assert sipwarden("filter", "import", path, "--nonsense")[0] == 2
        assert sipwarden("filter", "import", path, "--name", "../x")[0] == 2
        assert sipwarden("filter", "import", path, "--set", "x")[0] == 2
        target = p.write("there.conf", "mine")
        status, _, said = sipwarden("filter", "import", path, "--output", target)
        assert status == 1 and "move it away first" in said, said
        with open(target, encoding="utf-8") as f:
            assert f.read() == "mine"
        status, out, _ = sipwarden("--json", "filter", "import", path)
        told = json.loads(out)
        assert status == 0 and told["imported"] == 1 and told["filter"].startswith("# From fail2ban's one.conf"), told


run(globals())
