#!/usr/bin/python3
"""The built-in rules on calls, on the made logs of a company: thefts of five kinds are found, and little else is told.

docs/performance.md has the figures of a whole year.
"""
import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile

from sipwarden_env import BUILD, TOP, run, sh

sys.path.insert(0, TOP + "/tests/company")
from frauds import ACCOUNTS  # noqa: E402

# A theft is found when the first line that tells of it is read, or soon after.
FOUND_WITHIN = 300
# Most lines are logins of phones; fewer show as well from where an account is used.
FEW_LOGINS = ("--register-every", "21600")
PLACE = "[fraud place]\nmeasure = source-country\n"
# people.py sends its travellers there.
TRAVEL = ("(France)", "(United Kingdom)", "(Italy)", "(United States)", "(China)")
INPUTS = {
    "asterisk": {"asterisk-cdr": "asterisk/Master.csv", "asterisk": "asterisk/sipwarden"},
    "asterisk-records": {"asterisk-cdr": "asterisk/Master.csv"},
    "freeswitch": {"freeswitch-cdr": "freeswitch/sipwarden.csv"},
    "freeswitch-records": {"freeswitch-cdr": "freeswitch/Master.csv"},
    "kamailio": {"kamailio": "kamailio/kamailio.log"},
    "opensips": {"opensips": "opensips/opensips.log"},
}


class Company:
    def __init__(self, *arguments):
        self.dir = tempfile.mkdtemp(prefix="sipwarden-company-")
        sh(sys.executable, f"{TOP}/tests/company/generate.py", self.dir, *arguments)
        shutil.copytree(f"{TOP}/filters", self.path("filters"))
        for gateway in ("kamailio", "opensips"):
            os.mkdir(self.path(f"filters/{gateway}.conf.d"))
            shutil.copy(f"{TOP}/docs/gateways/{gateway}-acc.conf", self.path(f"filters/{gateway}.conf.d/acc.conf"))
        with open(self.path("truth.json")) as f:
            self.frauds = json.load(f)["frauds"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir)

    def path(self, name):
        return os.path.join(self.dir, name)

    def alerts(self, gateway, extra=""):
        """What is told of the gateway's logs: (moment, account, text)."""
        with open(self.path("site.conf")) as f:
            text = f"[sipwarden]\nfilter_dirs = {self.dir}/filters\n{f.read()}{extra}\n"
        logs = []
        for name, path in INPUTS[gateway].items():
            text += f"[input {name}]\npath = {self.path(path)}\ntimezone = Europe/Berlin\n"
            logs += ["--input", f"{name}={self.path(path)}"]
        with open(self.path("sipwarden.conf"), "w") as f:
            f.write(text)
        shown = subprocess.run([f"{BUILD}/sipwarden", "--config", self.path("sipwarden.conf"), "--json", "simulate", *logs],
                               stdout=subprocess.PIPE, text=True, check=True).stdout
        for line in shown.splitlines():
            a = json.loads(line)
            if a.get("action") == "alert" and a["kind"].startswith("fraud"):
                yield datetime.datetime.fromisoformat(a["time"].replace("Z", "+00:00")).timestamp(), a.get("account"), a["text"]


def split(company, alerts, recorded):
    """When each theft was found, from its first line on; and what was told besides."""
    found, others = {}, []
    for when, account, text in alerts:
        for f in company.frauds:
            # Calls that are forwarded have no account in some logs, and one of their own in others.
            if (account or ACCOUNTS["forward"]).removeprefix("Local/") == f["account"] and f["first_call_epoch"] - 2 <= when <= f["last_end_epoch"] + 3600:
                found.setdefault(f["kind"], when - f["first_record_epoch" if recorded else "first_call_epoch"])
                break
        else:
            others.append(text)
    return found, others


def check_found(company, alerts, recorded):
    found, others = split(company, alerts, recorded)
    assert set(found) == {f["kind"] for f in company.frauds}, found
    # Of a call that the PBX forwards, Asterisk logs no attempt: its record is the first line.
    assert all(t <= FOUND_WITHIN for kind, t in found.items() if kind != "forward"), found
    return others


def test_thefts_are_found_when_they_begin():
    with Company(*FEW_LOGINS, "--days", "66", "--gateway", "asterisk", "--fraud", "all") as c:
        others = check_found(c, c.alerts("asterisk"), False)
        assert len(others) <= 2, others
        others = check_found(c, c.alerts("asterisk-records"), True)
        assert len(others) <= 2, others


def test_an_honest_company_is_left_alone():
    """At most one alarm a month."""
    with Company(*FEW_LOGINS, "--days", "62", "--gateway", "asterisk", "--fraud", "none", "--seed", "2") as c:
        told = list(c.alerts("asterisk"))
        assert len(told) <= 2, told


def countries(company):
    """A database of the company's networks, in the config."""
    sh(sys.executable, f"{TOP}/tests/company/mmdb.py", company.path("networks.csv"), company.path("countries.mmdb"))
    return f"[calls]\ndatabase = {company.path('countries.mmdb')}\n"


def test_a_database_of_countries_tells_from_where_accounts_are_used():
    with Company(*FEW_LOGINS, "--days", "66", "--gateway", "asterisk", "--fraud", "all") as c:
        others = check_found(c, c.alerts("asterisk", countries(c)), False)
        assert len(others) <= 2, others
        places = [(account, text) for _, account, text in c.alerts("asterisk", countries(c) + PLACE) if "(rule place)" in text]
        thieves = {f["account"] for f in c.frauds if f["sources"] != ["198.51.100.200"]}
        # Besides, who travels is told, and nobody else.
        assert any(account == ACCOUNTS["newcomer"] and "(Pakistan)" in text for account, text in places), places
        others = [text for account, text in places if account not in thieves and not any(name in text for name in TRAVEL)]
        assert not others, others


def test_a_database_of_countries_makes_no_alarms_of_an_honest_company():
    with Company(*FEW_LOGINS, "--days", "62", "--gateway", "asterisk", "--fraud", "none", "--seed", "2") as c:
        told = [text for _, _, text in c.alerts("asterisk", countries(c) + PLACE) if not any(name in text for name in TRAVEL)]
        assert len(told) <= 2, told


def test_the_logs_of_each_gateway_tell_it():
    with Company(*FEW_LOGINS, "--days", "28", "--fraud", "all", "--seed", "3") as c:
        for gateway in ("freeswitch", "freeswitch-records", "kamailio", "opensips"):
            check_found(c, c.alerts(gateway, "[calls]\nlearning = 10d\n"), gateway.startswith("freeswitch"))


run(globals())
