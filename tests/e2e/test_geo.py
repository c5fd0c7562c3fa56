#!/usr/bin/python3
"""The database of countries: in the confined agent, as its user; damaged, replaced, and cut while it is used."""
import contextlib
import os
import shutil
import sys
import time

from sipwarden_env import TOP, Agent, run, sh, wait

sys.path.insert(0, TOP + "/tests/company")
from mmdb import database  # noqa: E402

NETWORKS = {"198.51.100.0/24": "DE", "203.0.113.0/24": "AT", "192.0.2.64/26": "LT", "2001:db8::/33": "FR"}
DAY = 86400
CONFIG = """[site]
country = DE
timezone = UTC
[input asterisk]
path = {dir}/full.log
from = start
timezone = UTC
[calls]
database = {dir}/countries.mmdb
[fraud place]
measure = source-country
"""


def replace(a, content):
    """As an admin should: another file of that name."""
    with open(a.path("new"), "wb") as f:
        f.write(content)
    os.chmod(a.path("new"), 0o644)
    os.rename(a.path("new"), a.path("countries.mmdb"))


@contextlib.contextmanager
def agent(content):
    """Not root: as it is installed."""
    a = Agent("")
    shutil.copytree(f"{TOP}/filters", a.path("filters"), dirs_exist_ok=True)
    a.base = a.base.replace("user = root", "user = nobody")
    a.write_config(CONFIG.format(dir=a.dir))
    open(a.path("full.log"), "w").close()
    if content is not None:
        replace(a, content)
    os.chmod(a.dir, 0o755)
    sh("chown", "-R", "nobody", a.dir)
    a.start()
    try:
        with open(f"/proc/{a.process.pid}/status") as f:
            status = f.read()
        assert "Seccomp:\t2" in status and "Uid:\t65534" in status, status
        yield a
    finally:
        a.close()


def login(a, account, address, ago):
    clock = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() - ago))
    family = "IPV6" if ":" in address else "IPV4"
    with open(a.path("full.log"), "a") as f:
        f.write(f'[{clock}] SECURITY[100] res_security_log.c: SecurityEvent="SuccessfulAuth",EventTV="{clock}",'
                f'Severity="Informational",Service="PJSIP",EventVersion="1",AccountID="{account}",SessionID="x{account}{ago}",'
                f'LocalAddress="{family}/TLS/192.0.2.1/5061",RemoteAddress="{family}/TLS/{address}/40000",UsingPassword="1"\n')


def is_used(a, account, address="198.51.100.7"):
    for day in range(9, 0, -1):
        login(a, account, address, day * DAY)


def told(a, account):
    return [x["text"] for x in a.json("alerts") if x["account"] == account and x["kind"] == "fraud-warning"]


def test_an_account_that_is_used_from_another_country_is_told():
    with agent(database(NETWORKS)) as a:
        is_used(a, "101")
        login(a, "101", "198.51.100.99", 7200)
        login(a, "101", "192.0.2.70", 3600)
        texts = wait("it is told", lambda: told(a, "101"))
        assert len(texts) == 1 and "used from another country than before, from 192.0.2.70 (Lithuania)" in texts[0], texts
        login(a, "101", "2001:db8::7", 1800)
        wait("of IPv6, too", lambda: any("2001:db8::7 (France)" in t for t in told(a, "101")))


def test_the_file_may_be_cut_and_replaced_while_it_is_used():
    with agent(database(NETWORKS)) as a:
        pid = a.process.pid
        is_used(a, "101")
        os.truncate(a.path("countries.mmdb"), 0)
        login(a, "101", "192.0.2.70", 3600)
        wait("what was read before tells", lambda: told(a, "101"))
        # Empty, it is not taken up, and what is there stays.
        a.ctl("reload")
        wait("what is wrong is told", lambda: f"{a.path('countries.mmdb')}: this database of countries is not used: it is empty" in a.logged())
        is_used(a, "102")
        login(a, "102", "192.0.2.70", 3600)
        wait("it still tells", lambda: told(a, "102"))
        replace(a, database(dict(NETWORKS, **{"192.0.2.64/26": "RO"})))
        a.ctl("reload")
        is_used(a, "103")
        login(a, "103", "192.0.2.70", 3600)
        wait("the new one tells", lambda: any("(Romania)" in t for t in told(a, "103")))
        assert a.process.poll() is None and a.process.pid == pid


def test_the_agent_does_without_what_is_no_database():
    good = database(NETWORKS)
    cases = {
        "it is empty": b"",
        "it is damaged, cut short, or no such database": good[:-20],
        "it tells no countries": database(NETWORKS, "Test-ASN"),
        "it is larger than 64 MB": None,
        "it is not a regular file": None,
        "No such file or directory": None,
    }
    with agent(None) as a:
        for why, content in cases.items():
            with contextlib.suppress(FileNotFoundError):
                os.unlink(a.path("countries.mmdb"))
            if content is not None:
                replace(a, content)
            elif "larger" in why:
                replace(a, b"")
                os.truncate(a.path("countries.mmdb"), 1 << 40)
            elif "regular" in why:
                os.mkfifo(a.path("countries.mmdb"))
            status, _, err = a.ctl("check")
            assert status == 0 and f"countries.mmdb cannot be used: {why}; " in err and "[calls] database" in err, err
            # Where it stands in the config.
            assert f"{a.config}:" in err.split("the database of countries")[0].splitlines()[-1], err
            a.ctl("reload")
            wait(why, lambda w=why: f"countries.mmdb: this database of countries is not used: {w}. Where" in a.logged())
        replace(a, good)
        assert "countries" not in a.ctl("check")[2]
        a.ctl("reload")
        is_used(a, "101")
        login(a, "101", "192.0.2.70", 3600)
        wait("it is told", lambda: told(a, "101"))


run(globals())
