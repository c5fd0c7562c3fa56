#!/usr/bin/python3
"""Writes an Asterisk log: a busy PBX, with attacks mixed in. The same arguments give the same log.

generate.py LINES [--attacks SHARE] [--sources N] [--seed N] > full.log
"""
import argparse
import random
import sys
import time

BEGIN = 1795428000  # 2026-11-23 10:00:00 UTC
LINES_PER_SECOND = 2000
SECURITY = ('SECURITY[{thread}] res_security_log.c: SecurityEvent="{event}",EventTV="2026-11-23T10:00:00.000+0000",'
            'Severity="{severity}",Service="PJSIP",EventVersion="1",AccountID="{user}",SessionID="{call:x}@{host}",'
            'LocalAddress="IPV4/UDP/192.0.2.1/5060",RemoteAddress="IPV{version}/UDP/{host}/{port}"')

# One line in eleven each, as in the figures of docs/performance.md.
BENIGN = (
    'VERBOSE[{thread}][C-{call:08x}] pbx.c: Executing [{number}@from-internal:1] Set("PJSIP/{user}-{call:08x}", "X=1") in new stack',
    "VERBOSE[{thread}][C-{call:08x}] app_dial.c: Called PJSIP/{number}@trunk",
    "VERBOSE[{thread}][C-{call:08x}] app_dial.c: PJSIP/trunk-{call:08x} answered PJSIP/{user}-{call:08x}",
    "VERBOSE[{thread}][C-{call:08x}] bridge_channel.c: Channel PJSIP/{user}-{call:08x} joined 'simple_bridge' basic-bridge <{call:032x}>",
    "VERBOSE[{thread}] res_pjsip/pjsip_options.c: Contact {user}/sip:{user}@{host}:{port} is now Reachable.  RTT: 12.345 msec",
    "VERBOSE[{thread}] res_pjsip_registrar.c: Added contact 'sip:{user}@{host}:{port}' to AOR '{user}' with expiration of 3600 seconds",
    SECURITY.replace("{event}", "SuccessfulAuth").replace("{severity}", "Informational") + ',UsingPassword="1"',
    SECURITY.replace("{event}", "ChallengeSent").replace("{severity}", "Informational") + ',Challenge="1795428000/{call:032x}"',
    "NOTICE[{thread}][C-{call:08x}] res_rtp_asterisk.c: 0x7f{call:08x} -- Strict RTP learning after remote address set to: {host}:{port}",
    "DTMF[{thread}][C-{call:08x}] channel.c: DTMF end '5' received on PJSIP/{user}-{call:08x}, duration 120 ms",
    "WARNING[{thread}][C-{call:08x}] chan_sip.c: Retransmission timeout reached on transmission {call:x}@192.0.2.1 for seqno 102",
)
ATTACKS = (
    "NOTICE[{thread}] chan_sip.c: Registration from '\"{user}\" <sip:{user}@192.0.2.1>' failed for '{bracketed}:{port}' - Wrong password",
    "NOTICE[{thread}] res_pjsip/pjsip_distributor.c: Request 'REGISTER' from '\"{user}\" <sip:{user}@192.0.2.1>' failed for "
    "'{host}:{port}' (callid: {call}) - No matching endpoint found",
    SECURITY.replace("{event}", "ChallengeResponseFailed").replace("{severity}", "Error")
    + ',Challenge="1795428000/{call:032x}",Response="{call:032x}",ExpectedResponse=""',
    "NOTICE[{thread}][C-{call:08x}] chan_sip.c: Call from '' ({bracketed}:{port}) to extension '00{call}' rejected because extension "
    "not found in context 'default'.",
)


def attacker(r):
    if r.random() < 0.1:
        return f"2001:db8:{r.getrandbits(16):x}:{r.getrandbits(16):x}::{r.randint(1, 65535):x}"
    while True:
        first = r.randint(1, 223)
        if first not in (127, 169):
            return f"{first}.{r.randint(0, 255)}.{r.randint(0, 255)}.{r.randint(1, 254)}"


def main():
    p = argparse.ArgumentParser()
    p.add_argument("lines", type=int)
    p.add_argument("--attacks", type=float, default=0.05)
    p.add_argument("--sources", type=int, default=5000)
    p.add_argument("--seed", type=int, default=1)
    o = p.parse_args()
    r = random.Random(o.seed)
    sources = [attacker(r) for _ in range(o.sources)]
    write = sys.stdout.write
    for i in range(o.lines):
        attack = r.random() < o.attacks
        host = r.choice(sources) if attack else f"198.51.100.{r.randint(1, 250)}"
        six = ":" in host
        line = r.choice(ATTACKS if attack else BENIGN).format(
            thread=r.randint(1000, 30000), call=r.getrandbits(32), user=r.randint(100, 9999), number=r.randint(1000, 99999),
            host=host, bracketed=f"[{host}]" if six else host, port=r.randint(1024, 65535), version=6 if six else 4)
        write(time.strftime("[%Y-%m-%d %H:%M:%S] ", time.gmtime(BEGIN + i // LINES_PER_SECOND)) + line + "\n")


main()
