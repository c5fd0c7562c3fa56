"""Five ways to steal calls, as they are seen in logs. Each gives calls, logins, and the truth about it.

Each happens in the second half of the time that is generated, so that what is usual can be learned before.
"""
import datetime
import itertools

from calendar_of_work import ONE_DAY, holidays
from people import PBX, PLACES
from traffic import ANSWERED, FAILED, NO_ANSWER, Call, Login

KINDS = ("burst", "drip", "forward", "sequence", "newcomer")
# Ends of international revenue share fraud: beginnings of numbers, and how many digits follow. 88x has no country.
ENDS = {"881": ("88163", 7), "SO": ("25261", 7), "LV": ("37129", 6), "CU": ("535", 7), "MV": ("96079", 5), "GN": ("22462", 7),
        "SL": ("23276", 6), "GM": ("22037", 5), "882": ("882169", 7), "KM": ("26932", 5), "TL": ("67077", 6)}
ACCOUNTS = {"burst": "118", "drip": "231", "forward": "205", "sequence": "160", "newcomer": "140"}


class Fraud:
    """What is planted: .kind, .calls, .logins; truth() is what a test may know of it."""

    def __init__(self, kind, what):
        self.kind, self.what, self.account = kind, what, ACCOUNTS[kind]
        self.calls, self.logins = [], []

    def cut(self, end):
        """Leaves out what would come after the end of the logs. Returns whether something is left."""
        self.calls = [c for c in self.calls if c.start < end]
        return bool(self.calls)

    def truth(self, wall):
        first = min(self.calls, key=lambda c: c.start)
        last = max(c.end for c in self.calls)
        return {
            "kind": self.kind, "account": self.account, "what": self.what, "first_call": wall.format(first.start),
            "first_call_epoch": round(first.start, 3), "first_record_epoch": round(min(c.end for c in self.calls), 3),
            "last_end_epoch": round(last, 3), "calls": len(self.calls), "seconds": round(sum(c.talk for c in self.calls)),
            "sources": sorted({c.address for c in self.calls}), "numbers": sorted({c.number for c in self.calls})[:5],
        }


class Planner:
    def __init__(self, rng, first, days, wall, outside):
        self.rng, self.first, self.days, self.wall, self.outside = rng, first, days, wall, outside

    def plan(self, kind):
        return getattr(self, kind)()

    def day_at(self, share, weekday):
        """The first such day of the week behind that share of the time, or the last before; no holiday, unless it is a weekend's."""
        begin = self.first + int(self.days * share) * ONE_DAY
        after = (begin + n * ONE_DAY for n in range(max(0, (self.first - begin).days + self.days)))
        before = (begin - n * ONE_DAY for n in range(1, 28))
        return next(day for day in itertools.chain(after, before)
                    if day.weekday() == weekday and (weekday > 4 or day not in holidays(day.year)))

    def at(self, day, hour, minute=0):
        wall = datetime.datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.wall.zone)
        return wall.timestamp()

    def number(self, end):
        begin, digits = ENDS[end]
        return self.outside + "00" + begin + f"{self.rng.randrange(10 ** digits):0{digits}d}"

    def attacker(self, network):
        return f"192.0.2.{network + self.rng.randrange(1, 60)}", self.rng.randrange(1024, 65000)

    def call(self, fraud, when, talk, number, address, port, direction="out", result=ANSWERED):
        fraud.calls.append(Call(when, 2 + self.rng.random() * 4, talk, result, fraud.account, number, direction, address, port,
                                fraud.account))

    def burst(self):
        """1: a stolen password. Eight lines at once, at night, from a foreign address, to dear numbers."""
        fraud = Fraud("burst", "stolen password: parallel calls at night from abroad to satellite and revenue share numbers")
        begin = self.at(self.day_at(0.55, 6), 2, 17)
        address, port = self.attacker(0)
        fraud.logins += [Login(begin - 600 + i * 900, fraud.account, address, port) for i in range(4)]
        for line in range(8):
            when = begin + line * 4
            while when < begin + 2700:
                talk = 60 + self.rng.random() * 500
                self.call(fraud, when, talk, self.number(self.rng.choice(("881", "SO", "LV", "CU", "MV"))), address, port)
                when += talk + 8
        return fraud

    def drip(self):
        """2: one call at a time, long, to premium numbers, at weekends: below every threshold of a burst."""
        fraud = Fraud("drip", "slow drip: single long calls to premium numbers at weekends")
        saturday = self.day_at(0.5, 5)
        for day in (saturday, saturday + ONE_DAY, saturday + 7 * ONE_DAY, saturday + 8 * ONE_DAY):
            when = self.at(day, 9, 40)
            while when < self.at(day, 20):
                number = self.outside + "0900" + f"{self.rng.choice('135')}{self.rng.randrange(10 ** 6):06d}"
                talk = 1500 + self.rng.random() * 1900
                self.call(fraud, when, talk, number, "198.51.100.10", 20000 + int(fraud.account))
                when += talk + 600 + self.rng.random() * 1800
        return fraud

    def forward(self):
        """3: an extension that somebody had forwarded (or a mailbox that calls back): the PBX itself is the source."""
        fraud = Fraud("forward", "call forwarding: calls from outside that the PBX forwards to satellite and revenue share numbers")
        begin = self.at(self.day_at(0.7, 2), 20, 5)
        number = self.number("882"), self.number("881"), self.number("GM")
        for line in range(3):
            when = begin + line * 40
            while when < begin + 3 * 3600:
                talk = 240 + self.rng.random() * 1500
                self.call(fraud, when, talk, number[line], PBX, 5060, "forward")
                when += talk + 15
        return fraud

    def sequence(self):
        """4: short calls to one range, number after number."""
        fraud = Fraud("sequence", "short calls in sequence to many numbers of one range")
        begin = self.at(self.day_at(0.8, 0), 4, 30)
        address, port = self.attacker(64)
        fraud.logins.append(Login(begin - 60, fraud.account, address, port))
        for i in range(400):
            answered = self.rng.random() < 0.6
            number = f"{self.outside}00{ENDS['SL'][0]}{340000 + i:06d}"
            self.call(fraud, begin + i * 11 + self.rng.random() * 2, 3 + self.rng.random() * 6 if answered else 0, number, address,
                      port, result=ANSWERED if answered else self.rng.choice((NO_ANSWER, FAILED)))
        return fraud

    def newcomer(self):
        """5: in office hours, at a modest rate, but from another country, and to one where nobody ever called."""
        fraud = Fraud("newcomer", "an account whose source's country changes, and that calls a country for the first time")
        begin = self.at(self.day_at(0.6, 1), 10, 42)
        address, port = self.attacker(128)
        fraud.logins += [Login(begin - 120 + i * 3000, fraud.account, address, port) for i in range(5)]
        when = begin
        while when < begin + 4 * 3600:
            talk = 180 + self.rng.random() * 540
            self.call(fraud, when, talk, self.number(self.rng.choice(("GN", "KM"))), address, port)
            when += talk + 60 + self.rng.random() * 200
        return fraud


assert not {"SO", "LV", "CU", "MV", "GN", "SL", "GM", "KM", "TL"} & set(PLACES), "honest calls go there, too"
