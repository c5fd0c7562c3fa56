"""Ways in which records are broken, by a share of all lines."""
import collections


class Damage:
    """Breaks some lines; .counts says how many in which way."""
    WAYS = ("cut", "quote", "line-end", "nul", "not-utf-8", "more-columns", "fewer-columns", "very-long", "cr-lf", "formula", "markup",
            "escape", "huge-number", "negative", "no-date", "empty", "garbage", "bom")

    def __init__(self, rng, share):
        self.rng, self.share = rng, share
        self.counts = collections.Counter()

    def line(self, text):
        if self.rng.random() >= self.share:
            return text.encode()
        way = self.rng.choice(self.WAYS)
        self.counts[way] += 1
        return getattr(self, way.replace("-", "_"))(text.rstrip("\n"))

    def somewhere(self, text, what):
        at = self.rng.randrange(len(text) + 1)
        return text[:at].encode() + what + text[at:].encode() + b"\n"

    def cut(self, text):
        return text[:self.rng.randrange(len(text))].encode() + b"\n"

    def quote(self, text):
        return self.somewhere(text, b'"')

    def line_end(self, text):
        return self.somewhere(text, b"\n")

    def nul(self, text):
        return self.somewhere(text, b"\0")

    def not_utf_8(self, text):
        return self.somewhere(text, b"\xff\xfe\xc3")

    def more_columns(self, text):
        return text.encode() + b',"x"' * 40 + b"\n"

    def fewer_columns(self, text):
        return ",".join(text.split(",")[:self.rng.randrange(1, 6)]).encode() + b"\n"

    def very_long(self, text):
        return self.somewhere(text, b"A" * 100000)

    def cr_lf(self, text):
        return text.encode() + b"\r\n"

    def formula(self, text):
        return self.in_number(text, "=cmd|'/C calc'!A0")

    def markup(self, text):
        return self.in_number(text, "<script>alert(1)</script>")

    def escape(self, text):
        return self.somewhere(text, b"\x1b[2J\x1b]0;x\x07")

    def huge_number(self, text):
        return self.in_number(text, "9" * 400)

    def negative(self, text):
        return text.replace(',"ANSWERED"', '-,"ANSWERED"').replace("timestamp=", "timestamp=-").replace("billsec=", "billsec=-").encode() + b"\n"

    def no_date(self, text):
        return text.replace("-", "x", 4).encode() + b"\n"

    def empty(self, text):
        return b"\n" * (1 + len(text) % 3)

    def garbage(self, text):
        return bytes(self.rng.randrange(256) for _ in range(len(text))) + b"\n"

    def bom(self, text):
        return b"\xef\xbb\xbf" + text.encode() + b"\n"

    def in_number(self, text, what):
        """In place of the longest run of digits, which is what was dialled, or nearly."""
        best = max("".join(c if c.isdigit() else " " for c in text).split() or [""], key=len)
        return (text.replace(best, what, 1) if best else what).encode() + b"\n"
