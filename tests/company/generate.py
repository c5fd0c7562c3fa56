#!/usr/bin/python3
"""Writes the logs of a company of 200 phones: a made year, or any number of days, with or without theft of calls.

    generate.py DIRECTORY [--begin 2025-01-01] [--days 365] [--gateway asterisk,…] [--fraud all|none|burst,…]
                [--malformed SHARE] [--outside DIGIT] [--register-every SECONDS] [--seed N]
    generate.py --records N FILE [--seed N]     only records of Asterisk, as many, quickly

The same arguments give the same files. In DIRECTORY there are then, of each gateway:

    asterisk/Master.csv        call detail records, 18 columns
    asterisk/sipwarden         call attempts by the dialplan's line, logins and failed ones (SECURITY)
    freeswitch/Master.csv      mod_cdr_csv, template "example"
    freeswitch/sipwarden.csv   the same calls by the template of docs/gateways/freeswitch.md
    freeswitch/freeswitch.log  failed logins
    kamailio/kamailio.log      acc (INVITE, BYE), call attempts and logins of the snippet
    opensips/opensips.log      likewise

and site.conf, the [site] of the company; networks.csv, the country of each network (for mmdb.py); and truth.json: each
theft with its first call, account, sources and numbers, and how many lines were broken in which way.

The company works in Berlin (people.py has its departments, calendar_of_work.py its days and hours): sales who call
abroad and travel, a call centre of 20 phones, purchasing with partners in China and Italy, a warehouse with a night
shift, a branch in Vienna, a fax server (390), and a conference bridge that calls its guests (391). About 3,500 calls on
a working day. A few times a year somebody calls a country for the first time; somebody works on a Saturday; a phone has
an old password; strangers scan. The five thefts are in frauds.py.
"""
import argparse
import datetime
import json
import os
import random
import sys

from calendar_of_work import HOLIDAYS_OF_CONFIG, OFFICE_HOURS_OF_CONFIG, ONE_DAY, Day, Wall
from damage import Damage
from frauds import KINDS, Planner
from people import NETWORKS, Partners, build, send_on_trips
from traffic import Traffic
from volume import write_records
from writers import GATEWAYS

ZONE = "Europe/Berlin"


def choices(text, allowed):
    chosen = list(allowed) if text == "all" else [] if text == "none" else text.split(",")
    unknown = set(chosen) - set(allowed)
    if unknown:
        sys.exit(f"generate.py: there is no {', '.join(sorted(unknown))}; there are {', '.join(allowed)}")
    return chosen


def write_site(directory, outside):
    with open(os.path.join(directory, "site.conf"), "w", encoding="utf-8") as f:
        f.write("[site]\ncountry = DE\narea = 30\nextensions = 3\n" + (f"outside = {outside}\n" if outside else "")
                + f"office_hours = {OFFICE_HOURS_OF_CONFIG}\ntimezone = {ZONE}\nholidays = {HOLIDAYS_OF_CONFIG}\n")
    with open(os.path.join(directory, "networks.csv"), "w", encoding="utf-8") as f:
        f.write("network,country\n" + "".join(f"{n},{c}\n" for n, c in NETWORKS.items()))


class Company:
    """Everything that is drawn by lot has a lot of its own, so that a theft more or less changes nothing else."""

    def __init__(self, options):
        self.options = options
        self.wall = Wall(ZONE)
        self.first = datetime.date.fromisoformat(options.begin)
        phones = build(self.rng("phones"))
        send_on_trips(self.rng("trips"), phones, self.first, options.days)
        self.traffic = Traffic(self.rng("traffic"), phones, Partners(self.rng("partners")), options.outside, options.register_every)
        planner = Planner(self.rng("frauds"), self.first, options.days, self.wall, options.outside)
        planned = {kind: planner.plan(kind) for kind in KINDS}
        end = Day(self.first + options.days * ONE_DAY, self.wall.zone).hours[0]
        self.frauds = [fraud for kind, fraud in planned.items() if kind in choices(options.fraud, KINDS) and fraud.cut(end)]
        self.damage = Damage(self.rng("damage"), options.malformed) if options.malformed else None
        self.gateways = [GATEWAYS[name](options.directory, Wall(ZONE), self.damage) for name in choices(options.gateway, GATEWAYS)]

    def rng(self, name):
        return random.Random(f"{self.options.seed} {name}")

    def stolen_on(self, day, what):
        return [x for f in self.frauds for x in getattr(f, what)
                if day.hours[0] <= (x.start if what == "calls" else x.when) < day.hours[24]]

    def run(self):
        for n in range(self.options.days):
            day = Day(self.first + n * ONE_DAY, self.wall.zone)
            calls = list(self.traffic.calls(day)) + self.stolen_on(day, "calls")
            logins = list(self.traffic.logins(day)) + self.stolen_on(day, "logins")
            calls.sort(key=lambda c: c.start)
            for gateway in self.gateways:
                for call in calls:
                    gateway.call(call)
                for login in logins:
                    gateway.login(login)
                gateway.flush(day.hours[24] - 1)
        for gateway in self.gateways:
            gateway.close()

    def truth(self):
        return {"begin": self.options.begin, "days": self.options.days, "zone": ZONE, "seed": self.options.seed,
                "frauds": [f.truth(self.wall) for f in self.frauds],
                "lines": {name: log.lines for g in self.gateways for name, log in g.logs.items()},
                "malformed": dict(self.damage.counts) if self.damage else {}}


def main():
    p = argparse.ArgumentParser(description="Writes the logs of a company of 200 phones.")
    p.add_argument("directory", metavar="DIRECTORY")
    p.add_argument("--records", type=int, metavar="N", help="only so many records of Asterisk, into the file DIRECTORY")
    p.add_argument("--begin", default="2025-01-01")
    p.add_argument("--days", type=int, default=365)
    p.add_argument("--gateway", default="all")
    p.add_argument("--fraud", default="all")
    p.add_argument("--malformed", type=float, default=0.0, metavar="SHARE")
    p.add_argument("--outside", default="")
    p.add_argument("--register-every", type=float, default=3600.0, metavar="SECONDS")
    p.add_argument("--seed", type=int, default=1)
    o = p.parse_args()
    if o.records:
        write_records(o.directory, o.records, o.seed)
        return
    os.makedirs(o.directory, exist_ok=True)
    company = Company(o)
    company.run()
    write_site(o.directory, o.outside)
    with open(os.path.join(o.directory, "truth.json"), "w", encoding="utf-8") as f:
        json.dump(company.truth(), f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main()
