"""The honest calls and logins of one day."""
import bisect
import itertools

from calendar_of_work import NIGHT, OFFICE
from people import CARRIER, CONFERENCE, FAX, RARE, dialled

ANSWERED, NO_ANSWER, BUSY, FAILED = "ANSWERED", "NO ANSWER", "BUSY", "FAILED"
CARRIER_PORT = 5060


class Call:
    """One call, as every gateway sees it. Moments are seconds since the epoch."""
    __slots__ = ("start", "ring", "talk", "result", "account", "number", "direction", "address", "port", "caller", "agent")

    def __init__(self, start, ring, talk, result, account, number, direction, address, port, caller):
        self.start, self.ring, self.talk, self.result = start, ring, talk, result
        self.account, self.number, self.direction = account, number, direction  # "out", "in", "internal", "forward"
        self.address, self.port, self.caller = address, port, caller
        self.agent = "Yealink SIP-T46S 66.86.0.15"

    @property
    def end(self):
        return self.start + self.ring + self.talk


class Login:
    """A registration: good, or not."""
    __slots__ = ("when", "account", "address", "port", "good", "known")

    def __init__(self, when, account, address, port, good=True, known=True):
        self.when, self.account, self.address, self.port, self.good, self.known = when, account, address, port, good, known


class Curve:
    """Moments of a day by a curve of its hours."""

    def __init__(self, weights):
        total = sum(weights)
        self.sums = list(itertools.accumulate(w / total for w in weights))

    def moment(self, rng, day):
        hour = min(bisect.bisect_left(self.sums, rng.random()), 23)
        return day.moment(hour, rng.random() * 3599)


CURVES = {"office": Curve(OFFICE), "night": Curve(NIGHT)}


def outcome(rng, mean_minutes):
    """(seconds until an answer, seconds of talk, result)."""
    dice = rng.random()
    if dice < 0.72:
        return 2 + rng.random() * 16, max(3, rng.lognormvariate(0, 1.0) * mean_minutes * 60 * 0.6), ANSWERED
    if dice < 0.88:
        return 15 + rng.random() * 30, 0, NO_ANSWER
    if dice < 0.96:
        return 1 + rng.random() * 3, 0, BUSY
    return rng.random() * 2, 0, FAILED


def poisson(rng, mean):
    """Small means exactly enough, large ones by the normal law."""
    if mean <= 0:
        return 0
    if mean > 30:
        return max(0, round(rng.gauss(mean, mean ** 0.5)))
    n, product, limit = 0, rng.random(), 2.718281828459045 ** -mean
    while product > limit:
        n += 1
        product *= rng.random()
    return n


class Traffic:
    def __init__(self, rng, phones, partners, outside, register_every):
        self.rng, self.phones, self.partners, self.outside = rng, phones, partners, outside
        self.register_every = register_every
        self.by_account = {p.account: p for p in phones}
        self.staff = [p for p in phones if p.department]

    def calls(self, day):
        for phone in self.staff:
            yield from self.calls_of(phone, day)
        yield from self.fax(day)
        yield from self.conferences(day)
        yield from self.services(day)

    def calls_of(self, phone, day):
        d = phone.department
        weight = day.weight
        if not weight:
            # Somebody is in the office on a Saturday, and a night shift ends; and people travel on Sundays.
            if self.rng.random() > 0.04:
                return
            weight = 0.15
        curve = CURVES[d.hours if self.rng.random() < 0.5 else "office"]
        for _ in range(poisson(self.rng, d.calls * weight)):
            yield self.call_out(phone, day, curve.moment(self.rng, day))
        for _ in range(poisson(self.rng, d.incoming * weight)):
            yield self.call_in(phone, curve.moment(self.rng, day))
        for _ in range(poisson(self.rng, 2.0 * weight)):
            yield self.call_internal(phone, day, curve.moment(self.rng, day))

    def call_out(self, phone, day, when):
        d = phone.department
        country = self.rng.choice(d.countries) if self.rng.random() < d.abroad else "DE"
        number = dialled(self.partners.number(d.name, country), self.outside)
        address, port = phone.source(day.date)
        return Call(when, *outcome(self.rng, d.minutes), phone.account, number, "out", address, port, phone.account)

    def call_in(self, phone, when):
        country = "DE" if self.rng.random() < 0.85 else self.rng.choice(phone.department.countries)
        caller = dialled(self.partners.number("callers", country))
        return Call(when, *outcome(self.rng, phone.department.minutes), "trunk", phone.account, "in", CARRIER, CARRIER_PORT, caller)

    def call_internal(self, phone, day, when):
        other = self.rng.choice(self.staff).account
        address, port = phone.source(day.date)
        return Call(when, *outcome(self.rng, 1.5), phone.account, other, "internal", address, port, phone.account)

    def fax(self, day):
        """The fax server sends by itself, also at night; short and quick."""
        phone = self.by_account[FAX]
        for _ in range(poisson(self.rng, 35 * (day.weight or 0.1))):
            country = "DE" if self.rng.random() < 0.9 else self.rng.choice(("AT", "CH", "NL"))
            number = dialled(self.partners.number("fax", country), self.outside)
            talk = 20 + self.rng.random() * 100
            good = self.rng.random() < 0.85
            hour = self.rng.randrange(24) if self.rng.random() < 0.2 else 8 + self.rng.randrange(10)
            yield Call(day.moment(hour, self.rng.random() * 3599), 4, talk if good else 0, ANSWERED if good else BUSY, FAX, number,
                       "out", phone.address, phone.port, FAX)

    def conferences(self, day):
        """A bridge that calls its guests: some at once, for an hour."""
        phone = self.by_account[CONFERENCE]
        for _ in range(poisson(self.rng, 4 * day.weight)):
            begin = day.moment(8 + self.rng.randrange(9), 0)
            length = self.rng.choice((1500, 1800, 2700, 3600, 5400))
            for _ in range(self.rng.randrange(3, 9)):
                country = "DE" if self.rng.random() < 0.7 else self.rng.choice(("AT", "CH", "GB", "US", "FR"))
                number = dialled(self.partners.number("conference", country), self.outside)
                yield Call(begin + self.rng.random() * 90, 5, length * (0.8 + 0.2 * self.rng.random()), ANSWERED, CONFERENCE, number,
                           "out", phone.address, phone.port, CONFERENCE)

    def services(self, day):
        """Freephone and service numbers, directory enquiries; seldom a country where nobody has called yet."""
        if not day.working:
            return
        chances = ((4, ("49800330", 4)), (1.5, ("49180555", 4)), (0.08, ("11833", 0)), (0.02, ("112", 0)))
        for mean, (begin, digits) in chances:
            for _ in range(poisson(self.rng, mean)):
                phone = self.rng.choice(self.staff)
                tail = f"{self.rng.randrange(10 ** digits):0{digits}d}" if digits else ""
                number = dialled(begin + tail, self.outside) if digits else self.outside + begin
                address, port = phone.source(day.date)
                yield Call(CURVES["office"].moment(self.rng, day), 3, 60 + self.rng.random() * 300, ANSWERED, phone.account, number,
                           "out", address, port, phone.account)
        if self.rng.random() < 1 / 21:
            yield from self.rare(day)

    def rare(self, day):
        """One or two calls to a country of no regular partner: some eight such days a year."""
        phone = self.rng.choice([p for p in self.staff if p.department.name in ("sales", "purchasing", "management")])
        number = dialled(self.partners.number("rare", self.rng.choice(RARE)), self.outside)
        address, port = phone.source(day.date)
        when = day.moment(9 + self.rng.randrange(7), self.rng.random() * 3000)
        for i in range(self.rng.randrange(1, 3)):
            yield Call(when + i * 700, *outcome(self.rng, 6), phone.account, number, "out", address, port, phone.account)

    def logins(self, day):
        """Each phone comes again and again; some with an old password, and strangers who try."""
        for phone in self.phones:
            address, port = phone.source(day.date)
            when = day.hours[0] + self.rng.random() * self.register_every
            while when < day.hours[24]:
                yield Login(when, phone.account, address, port)
                when += self.register_every * (0.95 + self.rng.random() * 0.05)
        if day.working and self.rng.random() < 0.2:
            phone = self.rng.choice(self.staff)
            for i in range(self.rng.randrange(1, 4)):
                yield Login(day.moment(9, i * 70), phone.account, *phone.source(day.date), good=False)
        for _ in range(poisson(self.rng, 6)):
            address = f"203.0.113.{128 + self.rng.randrange(120)}"
            when = day.hours[0] + self.rng.random() * 86000
            for i in range(self.rng.randrange(1, 40)):
                known = self.rng.random() < 0.1
                account = str(101 + self.rng.randrange(190)) if known else str(self.rng.randrange(1000, 9999))
                yield Login(when + i * 1.7, account, address, 5060 + self.rng.randrange(9), good=False, known=known)

