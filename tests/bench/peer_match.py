#!/usr/bin/python3
"""What a filter of fail2ban finds: its own library, run as fail2ban-regex runs it.

peer_match.py FILTER… < LINES    for each line a JSON list, for each filter a list of addresses

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
    filters = [load(name) for name in sys.argv[1:]]
    for line in sys.stdin.buffer:
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        print(json.dumps([addresses(f, text) for f in filters]))


main()
