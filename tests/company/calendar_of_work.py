"""When a German company works: days, hours, holidays, seasons; and wall time to moments."""
import datetime
import zoneinfo

ONE_DAY = datetime.timedelta(days=1)


def easter(year):
    """Easter Sunday by the Gregorian rule (as in Meeus, Astronomical Algorithms, 8)."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    n = h + k - 7 * ((a + 11 * h + 22 * k) // 451) + 114
    return datetime.date(year, n // 31, n % 31 + 1)


def holidays(year):
    """Those of all of Germany, and the two days on which nobody works."""
    sunday = easter(year)
    fixed = [(1, 1), (5, 1), (10, 3), (12, 24), (12, 25), (12, 26), (12, 31)]
    return {datetime.date(year, m, d) for m, d in fixed} | {sunday + n * ONE_DAY for n in (-2, 1, 39, 50)}


HOLIDAYS_OF_CONFIG = "01-01 05-01 10-03 12-24..12-26 12-31 easter-2 easter+1 easter+39 easter+50"
OFFICE_HOURS_OF_CONFIG = "Mo-Fr 07:00-19:00"

# How much is telephoned in each month: summer holidays, and the weeks before Christmas.
SEASON = (0.9, 1.0, 1.1, 1.0, 0.95, 1.0, 0.8, 0.7, 1.05, 1.1, 1.15, 0.85)
# Monday to Friday.
WEEKDAY = (1.15, 1.05, 1.0, 1.0, 0.8)
# Of each hour of the day, for an office: two humps, and lunch between them.
OFFICE = (0,) * 7 + (3, 9, 13, 14, 12, 6, 9, 12, 11, 8, 4, 1.5) + (0,) * 5
# A night shift in the warehouse, for the nights of working days.
NIGHT = (5, 5, 6, 5, 4, 3) + (0,) * 16 + (4, 5)


class Day:
    """One day: how much of it is work, and the moment of each of its hours."""

    def __init__(self, date, zone):
        self.date = date
        self.holiday = date in holidays(date.year)
        self.weekend = date.weekday() >= 5
        self.working = not self.holiday and not self.weekend
        self.weight = SEASON[date.month - 1] * (WEEKDAY[date.weekday()] if self.working else 0)
        midnight = datetime.datetime(date.year, date.month, date.day, tzinfo=zone)
        self.hours = [(midnight + datetime.timedelta(hours=h)).timestamp() for h in range(25)]
        self.offsets = [int((midnight + datetime.timedelta(hours=h)).utcoffset().total_seconds()) for h in range(24)]

    def moment(self, hour, second=0.0):
        """Of a time on the wall."""
        return self.hours[hour] + second


class Wall:
    """Moments to what clocks on the wall show; each hour is asked for once."""

    def __init__(self, zone_name):
        self.zone = zoneinfo.ZoneInfo(zone_name)
        self.hour, self.offset = None, 0
        self.second, self.text = None, ""

    def offset_at(self, moment):
        hour = int(moment // 900)
        if hour != self.hour:
            self.hour = hour
            self.offset = int(datetime.datetime.fromtimestamp(moment, self.zone).utcoffset().total_seconds())
        return self.offset

    def format(self, moment):
        """"2026-11-24 10:00:00"."""
        second = int(moment)
        if second != self.second:
            self.second = second
            wall = datetime.datetime.fromtimestamp(second + self.offset_at(moment), datetime.timezone.utc)
            self.text = wall.strftime("%Y-%m-%d %H:%M:%S")
        return self.text

    def zone_text(self, moment):
        """"+0100"."""
        minutes = self.offset_at(moment) // 60
        return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"
