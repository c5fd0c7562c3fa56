#!/usr/bin/python3
"""Guesses by TCP through a gateway whose log tells no transport: what no packet brought, a connection did.

Conclusions from silence take a minute in which nothing was missed, and so do these tests.
"""
import time

from battlefield import ATTACKER, OFFICE, Forger
from sipwarden_env import run
from wired_office import Site, nonce_of, register


def test_a_guesser_by_tcp_in_an_office_of_phones_is_stopped():
    with Site() as s:
        for i in range(3):
            s.phone(OFFICE, f"10{i}").keep_on(5)
            s.stream_phone(OFFICE, f"11{i}").keep_on(5)
        guesser, end = s.stream_phone(OFFICE, "101", False), time.monotonic() + 120
        n = 0
        while guesser.log_in(f"9{n % 1000:03}") and time.monotonic() < end:
            n += 1
            time.sleep(0.1)
        ban = s.stopped(OFFICE)
        assert ban["proven"] and "a connection brought them" in ban["reason"], ban
        # Not before the agent could be sure.
        assert n > 300, n


def test_forged_packets_are_no_connection_and_a_stale_phone_by_tcp_is_only_reported():
    with Site() as s:
        for i in range(4):
            s.stream_phone(OFFICE, f"10{i}").keep_on(0.2)
        stale = s.stream_phone(OFFICE, "150", False).keep_on(1)
        own, forger, n, end = s.phone(ATTACKER, "102", False), Forger(), 0, time.monotonic() + 90
        while time.monotonic() < end:
            # To the port of SIP, and to one where nobody has said that the gateway listens.
            nonce = nonce_of(own.ask(register(f"8{n:04}", f"f{n}", 1)))
            for port in (5060, 5091):
                forger.send(OFFICE, register(f"8{n:04}", f"f{n}{port}", 3, nonce), port=port)
            n += 1
            time.sleep(0.05)
        s.settle()
        status = s.status()
        assert status["attempts"] > 1000, status
        assert 0 < s.proven() < stale.tries, (s.proven(), stale.tries)
        assert not s.agent.banned(), s.agent.banned()
        assert {"friend-attacks", "stale-account"} <= s.kinds(), s.kinds()
        s.unharmed()


if __name__ == "__main__":
    run(globals())
