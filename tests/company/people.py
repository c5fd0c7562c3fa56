"""Who telephones in this company of 200 phones, from where, and with whom.

Addresses are those kept for documentation and benchmarks. networks.csv, which is written beside the logs, says in which
country each network is to be taken to be.
"""
import dataclasses

from calendar_of_work import ONE_DAY

NETWORKS = {
    "198.51.100.0/25": "DE",    # the office, behind one router
    "198.51.100.128/25": "DE",  # the carrier, and the PBX itself
    "203.0.113.0/25": "AT",     # the branch in Vienna
    "198.18.0.0/16": "DE",      # homes and mobile networks
    "198.19.10.0/24": "FR", "198.19.11.0/24": "GB", "198.19.12.0/24": "IT", "198.19.13.0/24": "US", "198.19.14.0/24": "CN",
    "192.0.2.0/26": "EG", "192.0.2.64/26": "LT", "192.0.2.128/26": "PK", "192.0.2.192/26": "RU",  # who steals
    "203.0.113.128/25": "NL",   # scanners
}
OFFICE, PBX, CARRIER, BRANCH = "198.51.100.10", "198.51.100.200", "198.51.100.130", "203.0.113.20"
TRAVEL = {"FR": "198.19.10.", "GB": "198.19.11.", "IT": "198.19.12.", "US": "198.19.13.", "CN": "198.19.14."}

# Country code, beginnings of numbers, and how many digits follow: ordinary numbers only.
PLACES = {
    "DE": ("49", ("3056", "3020", "89212", "40325", "69756", "221447", "711210", "341149", "351486", "1711", "1609", "1525"), 6),
    "AT": ("43", ("1512", "1890", "316254", "6641", "6761"), 5), "CH": ("41", ("44256", "22908", "61325", "79412"), 4),
    "NL": ("31", ("20562", "10414", "61234"), 4), "FR": ("33", ("14256", "47862", "61234"), 4),
    "GB": ("44", ("207946", "161496", "7700900"), 3), "US": ("1", ("212555", "415555", "312555"), 4),
    "PL": ("48", ("22612", "50112"), 4), "CZ": ("420", ("22412", "60312"), 4), "IT": ("39", ("0245", "0669", "34712"), 5),
    "ES": ("34", ("91412", "61234"), 4), "BE": ("32", ("2501", "47012"), 4), "DK": ("45", ("3312", "2012"), 4),
    "SE": ("46", ("8501", "70123"), 4), "CN": ("86", ("2162", "1391234"), 4), "TW": ("886", ("2271", "912345"), 4),
    "CA": ("1", ("416555", "604555"), 4), "JP": ("81", ("33580", "90123"), 4), "IN": ("91", ("22667", "98200"), 5),
    "BR": ("55", ("113456", "219876"), 4), "AU": ("61", ("29374", "41234"), 4), "NO": ("47", ("2212", "9012"), 4),
    "FI": ("358", ("912", "4012"), 5), "HU": ("36", ("1345", "20123"), 4), "RO": ("40", ("21312", "72312"), 4),
    "TR": ("90", ("212345", "532123"), 4), "IE": ("353", ("1679", "871234"), 3), "PT": ("351", ("21312", "91234"), 4),
}
# Where somebody calls once in a while.
RARE = ("JP", "IN", "BR", "AU", "NO", "FI", "HU", "RO", "TR", "IE", "PT")


@dataclasses.dataclass
class Department:
    name: str
    phones: int
    calls: float              # out of the house on a full working day, each phone
    incoming: float
    abroad: float             # share of its calls out
    countries: tuple
    minutes: float            # mean length of a call
    hours: str = "office"     # or "night"
    travels: bool = False
    home: float = 0.0         # share of phones that stand at home
    place: str = "DE"


DEPARTMENTS = (
    Department("management", 6, 7, 6, 0.2, ("AT", "CH", "US", "GB", "FR"), 5, travels=True),
    Department("sales", 42, 14, 9, 0.25, ("AT", "CH", "NL", "FR", "GB", "US", "PL", "CZ", "BE", "DK", "SE", "CA"), 4,
               travels=True, home=0.2),
    Department("call-centre", 20, 22, 60, 0.02, ("AT", "CH"), 3),
    Department("engineering", 44, 3, 3, 0.08, ("CH", "NL", "US"), 6, home=0.4),
    Department("accounting", 14, 5, 5, 0.05, ("AT", "CH"), 3),
    Department("purchasing", 16, 9, 6, 0.45, ("CN", "TW", "IT", "PL", "CZ", "AT", "ES"), 5),
    Department("warehouse", 32, 2, 2, 0.02, ("PL", "CZ"), 2, hours="night"),
    Department("branch", 24, 8, 6, 0.6, ("AT",), 4, place="AT"),
)
FAX, CONFERENCE = "390", "391"  # and these two make 200
FIRST_EXTENSION = 101
# No company gives these to a phone: they are emergency numbers.
INSTEAD = {110: 310, 112: 312}


class Phone:
    """An account and where it registers from."""

    def __init__(self, account, department, address, port):
        self.account, self.department, self.address, self.port = account, department, address, port
        self.trips = []  # (first day, last day, address)

    def source(self, date):
        for first, last, address in self.trips:
            if first <= date <= last:
                return address, self.port
        return self.address, self.port


def build(rng):
    """All phones: at the office behind one address, at home, in the branch."""
    phones, extension = [], FIRST_EXTENSION
    for department in DEPARTMENTS:
        for i in range(department.phones):
            address = BRANCH if department.place == "AT" else OFFICE
            if i < department.phones * department.home:
                address = f"198.18.{rng.randrange(256)}.{rng.randrange(1, 255)}"
            account = INSTEAD.get(extension, extension)
            phones.append(Phone(str(account), department, address, 20000 + account))
            extension += 1
    for account in (FAX, CONFERENCE):
        phones.append(Phone(account, None, OFFICE, 20000 + int(account)))
    return phones


def send_on_trips(rng, phones, first, days):
    """Who travels is away for a few days, some times a year, and telephones from there."""
    for phone in phones:
        if not phone.department or not phone.department.travels:
            continue
        for _ in range(max(1, round(days / 180))):
            if rng.random() < 0.5:
                begin = first + rng.randrange(max(1, days - 7)) * ONE_DAY
                country = rng.choice(sorted(TRAVEL))
                phone.trips.append((begin, begin + rng.randrange(2, 6) * ONE_DAY, TRAVEL[country] + str(rng.randrange(1, 255))))


class Partners:
    """Numbers that are called: each department has its own, and calls few of them often."""

    def __init__(self, rng):
        self.rng = rng
        self.known = {}

    def number(self, department, country):
        """E.164 without '+'. One in twenty is new."""
        known = self.known.setdefault((department, country), [])
        if len(known) < 8 or self.rng.random() < 0.05:
            code, beginnings, digits = PLACES[country]
            known.append(code + self.rng.choice(beginnings) + f"{self.rng.randrange(10 ** digits):0{digits}d}")
            return known[-1]
        return known[min(int(self.rng.expovariate(1.0) * len(known) / 4), len(known) - 1)]


def dialled(e164, outside=""):
    """As people of this company dial it: in Berlin, with 0 and 00."""
    return outside + ("0" + e164[2:] if e164.startswith("49") else "00" + e164)
