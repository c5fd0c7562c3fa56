"""Very many records of Asterisk, quickly: the same columns as writers.py, numbers of all kinds, calls by the second."""
import random
import time

from people import PLACES, dialled

PIECE = 20000
RESULTS = ("ANSWERED",) * 8 + ("NO ANSWER", "BUSY")
OTHERS = ("11833", "01805123456", "09001123456", "08003301234", "00881631234567", "0037129123456", "110", "0035315801234")


def write_records(path, count, seed, begin=1735722000):
    """count records into path, spread over a year from begin (seconds since the epoch), in order."""
    rng = random.Random(seed)
    numbers = [dialled(code + start + f"{rng.randrange(10 ** digits):0{digits}d}")
               for code, starts, digits in PLACES.values() for start in starts for _ in range(40)] + list(OTHERS)
    accounts = [str(101 + n) for n in range(200)]
    step = 365 * 86400 / count
    with open(path, "w", encoding="ascii") as f:
        for first in range(0, count, PIECE):
            lines = []
            for n in range(first, min(first + PIECE, count)):
                second = int(begin + n * step)
                bits = rng.getrandbits(48)
                talk = (bits & 1023) if bits & 7 else (bits & 8191)
                result = RESULTS[(bits >> 13) % 10]
                if result != "ANSWERED":
                    talk = 0
                account, number = accounts[(bits >> 17) % 200], numbers[(bits >> 25) % len(numbers)]
                start, end = moment(second), moment(second + 5 + talk)
                answer = f'"{moment(second + 5)}"' if talk else ""
                lines.append(f'"","{account}","{number}","outbound","""{account}"" <{account}>","PJSIP/{account}-{n:08x}",'
                             f'"PJSIP/trunk-{n:08x}","Dial","PJSIP/{number}@trunk,30","{start}",{answer},"{end}",{talk + 5},{talk},'
                             f'"{result}","DOCUMENTATION","{second}.{n}",""\n')
            f.write("".join(lines))


DAYS, CLOCK = {}, [f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(86400)]


def moment(second):
    """"2025-01-01 10:00:00" in UTC."""
    day, rest = divmod(second, 86400)
    if day not in DAYS:
        DAYS[day] = time.strftime("%Y-%m-%d ", time.gmtime(day * 86400))
    return DAYS[day] + CLOCK[rest]
