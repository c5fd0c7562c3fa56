#!/usr/bin/python3
"""Guesses through a gateway whose log tells no port: packets prove who makes them, and nobody can borrow the proof."""
import contextlib
import os
import signal
import socket
import time
import uuid

from battlefield import ATTACKER, GATEWAY, GATEWAY6, OFFICE, Forger, lasts
from sipwarden_env import run, sh, wait
from wired_office import INPUTS, NEIGHBOUR6, OFFICE6, Site, invite, nonce_of, register


def test_a_guesser_in_an_office_of_phones_loses_his_port_and_nobody_else_a_packet():
    with Site() as s:
        s.office()
        guesser = s.phone(OFFICE, "101")
        # He has a password of his own.
        assert guesser.log_in() == "200"
        guesser.response = "bad"
        assert s.is_cut_off(guesser)
        ban = s.stopped(f"{OFFICE}:{guesser.port}")
        assert ban["proven"] and lasts(ban) <= 600, ban
        assert f"packets prove that they came from port {guesser.port}" in ban["reason"], ban
        assert list(s.agent.banned()) == [ban["address"]], s.agent.banned()
        assert s.agent.in_kernel(f"{OFFICE}:{guesser.port}")
        # And again from the next.
        other = s.phone(OFFICE, "101", False)
        assert s.is_cut_off(other)
        s.stopped(f"{OFFICE}:{other.port}")
        s.settle()
        assert len(s.agent.banned()) == 2, s.agent.banned()
        assert "packets prove" in s.agent.ctl("show", f"{OFFICE}:{other.port}")[1]
        s.unharmed()


def test_a_guesser_by_calls_too_and_whose_calls_the_dialplan_refuses_is_none():
    with Site() as s:
        caller, forger, own = s.phone(OFFICE, "101"), Forger(), s.phone(ATTACKER, "102", False)
        stale = s.phone(OFFICE, "102", False)
        wait("it is watched", lambda: stale.log_in() and s.proven() > 0)
        s.settle()
        before = s.proven()
        # Somebody who may not call there, and a forger who knows it, to the port.
        for i in range(130):
            assert caller.call_up("900") == "403"
            nonce = nonce_of(own.ask(invite("101", "900", f"f{i}", 1)))
            forger.send(OFFICE, invite("101", "900", f"f{i}", 2, nonce), source_port=caller.port)
            time.sleep(0.005)
        s.settle()
        assert s.status()["attempts"] > 100 and s.proven() == before and not s.agent.banned(), (s.status(), s.agent.banned())
        guesser = s.phone(OFFICE, "101", False)
        assert None in (guesser.call_up(f"00{i}", f"9{i:03}") or time.sleep(0.005) for i in range(1000))
        ban = s.stopped(f"{OFFICE}:{guesser.port}")
        assert ban["proven"], ban
        # By a call to one number, as by calls to many, at one account.
        other = s.phone(OFFICE, "101", False)
        for i in range(1000):
            if other.call_up(f"00{i % 50}", "101") is None:
                break
            time.sleep(0.005)
        ban = s.stopped(f"{OFFICE}:{other.port}")
        assert "100 attempts" in ban["reason"], ban
        assert caller.call_up("900") == "403"
        s.unharmed()


def spread(request):
    """As gateways read it, and others might not."""
    return request.replace(b"To: <sip:9", b"t : \"<sip:x@y>\"\r\n <sip:%39").replace(b"Authorization: ", b"AUTHORIZATION:\r\n\t").replace(
        b"Call-ID:", b"i:").replace(b"Digest ", b'Digest algorithm=MD5,\r\n opaque="%s",' % str(uuid.uuid4()).encode())


def test_however_the_request_is_written():
    with Site() as s:
        guesser = s.phone(OFFICE, "101", False)
        assert s.is_cut_off(guesser, change=spread)
        s.stopped(f"{OFFICE}:{guesser.port}")
        s.unharmed()


def test_a_forger_proves_nothing_and_the_stale_phone_is_only_reported():
    with Site() as s:
        stale = s.office()
        own, forger = s.phone(ATTACKER, "150", False), Forger()
        wait("it is watched", lambda: s.proven() > 0)
        evil = str(uuid.uuid4())
        for i in range(150):
            user, call = "150" if i % 2 else f"9{i:03}", f"f{i}"
            nonce = nonce_of(own.ask(register(user, call, 1)))
            if i % 3 == 0:
                # A challenge to the office's port that holds a nonce that he knows, before the real one.
                forger.send(OFFICE, register(user, call, 5, host=f'pbx", nonce="{evil}", x="'), source_port=stale.port)
                request = register(user, call, 7, nonce, more=f', nonce="{evil}"')
            elif i % 3 == 1:
                # One that is sent to him.
                forger.send(OFFICE, register(user, call, 5, via=f"{OFFICE}:{stale.port};maddr={ATTACKER}"), source_port=stale.port)
                request = register(user, call, 7, nonce)
            else:
                # His own, again and again.
                request = register(user, call, 7, nonce)
                forger.send(OFFICE, request, source_port=stale.port)
            forger.send(OFFICE, request, source_port=stale.port)
            time.sleep(0.01)
        stale.going = False
        stale.thread.join()
        s.settle()
        # More than a rule would allow, and none of it is believed but what the phone did itself.
        status = s.status()
        assert status["attempts"] > 100, status
        assert 0 < s.proven() <= stale.tries, (s.proven(), stale.tries)
        assert not s.agent.banned(), s.agent.banned()
        assert {"friend-attacks", "stale-account"} <= s.kinds(), s.kinds()
        s.unharmed()


def test_a_nonce_that_went_to_another_port_or_address_is_no_proof():
    with Site(friends=(OFFICE, OFFICE6)) as s:
        guesser, other = s.phone(OFFICE, "101", False), s.phone(OFFICE, "102", False)
        s.guess(guesser, 3)
        s.settle()
        before = s.proven()
        for i in range(60):
            nonce = nonce_of(other.ask(register(f"8{i:03}", f"o{i}", 1)))
            assert b" 403 " in guesser.ask(register(f"8{i:03}", f"o{i}", 3, nonce))
        s.settle()
        assert s.proven() == before and not s.agent.banned(), (before, s.proven(), s.agent.banned())
        s.unharmed()


def test_whom_the_gateway_calls_is_proven_guilty_too():
    with Site(friends=()) as s:
        # It sends to its phones, as gateways do; that is all that tells that the office is no stranger.
        phone = s.phone(OFFICE, "101", False)
        with contextlib.closing(udp_gateway()) as gateway:
            for _ in range(3):
                gateway.sendto(b"OPTIONS sip:101@x SIP/2.0\r\n\r\n", (OFFICE, phone.port))
        s.office(2)
        assert s.is_cut_off(phone)
        s.stopped(f"{OFFICE}:{phone.port}")
        assert OFFICE not in s.agent.banned()
        s.unharmed()


def udp_gateway():
    g = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    g.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    g.bind((GATEWAY, 5080))
    return g


def test_of_an_ipv6_network_the_address_is_banned():
    with Site(friends=(OFFICE6,)) as s:
        s.phone(NEIGHBOUR6, "101", gateway=GATEWAY6).keep_on(0.1)
        guesser = s.phone(OFFICE6, "102", False, gateway=GATEWAY6)
        assert s.is_cut_off(guesser)
        ban = s.stopped(OFFICE6)
        assert ban["proven"], ban
        assert list(s.agent.banned()) == [OFFICE6], s.agent.banned()
        s.unharmed()


def test_from_too_many_ports_it_is_the_address():
    with Site() as s:
        for i in range(400):
            p = s.phone(OFFICE, "101", False)
            if None in [p.log_in(f"7{i:03}{k}") for k in range(5)]:
                break
        s.stopped(OFFICE)


def test_it_goes_on_after_a_reload_and_with_another_helper():
    with Site() as s:
        first = s.phone(OFFICE, "101", False)
        assert s.is_cut_off(first)
        s.stopped(f"{OFFICE}:{first.port}")
        s.agent.ctl("reload")
        second = s.phone(OFFICE, "101", False)
        assert s.is_cut_off(second)
        s.stopped(f"{OFFICE}:{second.port}")
        restarts = s.status()["firewall_restarts"]
        os.kill(helper_of(s.agent.process.pid), signal.SIGKILL)
        wait("another helper", lambda: s.status()["firewall_restarts"] > restarts)
        third = s.phone(OFFICE, "101", False)
        assert s.is_cut_off(third)
        s.stopped(f"{OFFICE}:{third.port}")
        # Somebody else flushes everything.
        sh("nft", "flush", "ruleset")
        wait("the table is back", lambda: s.agent.in_kernel(f"{OFFICE}:{third.port}"))
        fourth = s.phone(OFFICE, "101", False)
        assert s.is_cut_off(fourth)
        s.stopped(f"{OFFICE}:{fourth.port}")


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(p) for p in f.read().split()]


def helper_of(agent):
    """The keeper's child."""
    return next(h for keeper in children(agent) for h in children(keeper))


def test_whoever_names_many_friends_keeps_the_helper_from_nothing():
    """Each watch is a transaction of the helper's."""
    friends = [f"100.64.{n >> 8}.{n & 255}" for n in range(1, 2001)]
    with Site(friends=friends) as s:
        stamp = time.strftime("%Y-%m-%d %H:%M:%S") + ".000000"
        s.battle.write("".join(f"{stamp} 96.00% [WARNING] sofia_reg.c:1788 SIP auth failure (REGISTER) on sofia profile 'internal' for [100@pbx] "
                               f"from ip {f}\n" for f in friends))
        watched = sh("nft", "list", "set", "inet", s.agent.table, "watch4").count("expires")
        # A hundred a second, and reading the lines takes no ten.
        assert 0 < watched < len(friends) / 2, watched


def test_nobody_is_watched_without_doubt_nor_where_the_config_says_no():
    with Site() as s:
        s.phone(OFFICE, "101").keep_on(0.05)
        s.settle()
        assert "wire_in" not in s.agent.kernel()
        s.phone(OFFICE, "102", False).log_in()
        wait("it is watched", lambda: "wire_in" in s.agent.kernel())
        assert OFFICE in sh("nft", "list", "set", "inet", s.agent.table, "watch4")
        s.battle.configure("[proof]\nwire = no\n", INPUTS)
        s.agent.ctl("reload")
        wait("it is no more", lambda: "wire_in" not in s.agent.kernel())
        guesser = s.phone(OFFICE, "103", False)
        assert s.guess(guesser, 80) == 80
        s.settle()
        assert not s.agent.banned() and "wire_in" not in s.agent.kernel(), s.agent.banned()
        assert "friend-attacks" in s.kinds()


if __name__ == "__main__":
    run(globals())
