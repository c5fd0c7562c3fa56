#!/usr/bin/python3
"""What a filter of fail2ban finds: its own library, run as fail2ban-regex runs it.

peer_match.py FILTER… < LINES            for each line a JSON list, for each filter a list of addresses
peer_match.py --count FILTER… < LINES    how many lines each filter matches

FILTER is as for fail2ban-regex: "asterisk", or "sshd[mode=aggressive]". As there,
a line without a date matches all the same, and names are not resolved.
"""
import json
import sys

from fail2ban.client.fail2banregex import Fail2banRegex, get_opt_parser


def load(name):
    options, _ = get_opt_parser().parse_args(["--usedns=no", "--out=ip", "-", name])
    regex = Fail2banRegex(options)
    if not regex.readRegex(name, "fail"):
        sys.exit(f"fail2ban has no filter {name}")
    return regex


def addresses(regex, line):
    found = regex.testRegex(line)[1] or []
    return sorted({str(f[3].get("ip", f[1])) for f in found})


def main():
    counting = sys.argv[1] == "--count"
    filters = [load(name) for name in sys.argv[1 + counting:]]
    matched = [0] * len(filters)
    for line in sys.stdin.buffer:
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        found = [addresses(f, text) for f in filters]
        matched = [n + bool(f) for n, f in zip(matched, found)]
        if not counting:
            print(json.dumps(found))
    if counting:
        print(*matched)


main()
