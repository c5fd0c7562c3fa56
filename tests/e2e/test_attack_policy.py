#!/usr/bin/python3
"""What attackers do with true lines and forged packets: offices, carriers, neighbours, floods, old logs."""
import contextlib
import os
import socket
import subprocess
import time

from battlefield import (ATTACKER, CARRIER, ECHO, GATEWAY, OFFICE, SILENCE, STRANGER, Battle, answered, failure, guess, lasts,
                         security, send, stamp, start_network, success, udp)
from sipwarden_env import BUILD, run, sh, wait

# What no packet can come from, or what is this gateway itself.
NOBODY = ["127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "255.255.255.255", "224.0.0.1", "239.255.255.250",
          "169.254.1.1", "::", "::1", "ff02::1", "fe80::1", "fe80::1%eth0", "::ffff:127.0.0.1", "::ffff:0.0.0.0",
          "::ffff:224.0.0.1", "0.0.0.0/0", "::/0", "192.0.2.0/24", "0", "127.1", "2130706433", "0x7f000001",
          "0177.0.0.1", "192.0.2.256", "1.2.3", "[::1]"]


def forge_flood(b, n, per=4, net=10):
    """Lines of n sources that never were."""
    b.write("".join(failure(f"{net}.{i >> 8}.{i & 255}.1", str(k)) for i in range(n) for k in range(per)))


def test_a_line_may_name_nobody_or_ourselves():
    with Battle([CARRIER]) as b:
        for address in NOBODY:
            b.write("".join(failure(address, str(i)) + guess(address, str(i), f"s{i}", "TCP") for i in range(60)))
        assert b.kernel_told() == set() and not b.agent.banned(), (b.kernel_told(), b.agent.banned())
        b.write("".join(failure("::ffff:" + ATTACKER, str(i)) for i in range(5)))
        b.stopped(ATTACKER)
        b.unharmed()


def test_the_office_is_served_and_a_guesser_in_it_is_stopped():
    with Battle([CARRIER, OFFICE], start=False) as b:
        b.configure("", f"[input asterisk]\npath = {b.log}\nfrom = start\n")
        # The night before: forty phones, and one that has tried with an old password every 30 seconds.
        hours = 6
        lines = [(ago, guess(OFFICE, "117", f"stale-{ago}", "TCP", ago=ago)) for ago in range(hours * 3600, 60, -30)]
        for phone in range(40):
            lines += [(ago, success(OFFICE, str(100 + phone), f"p{phone}-{ago}", ago))
                      for ago in range(hours * 3600 - phone * 7, 60, -1800)]
        text = "".join(line for _, line in sorted(lines, key=lambda x: -x[0]))
        with open(b.log, "w") as f:
            f.write(text)
        b.start()
        b.written = text.count("\n")
        b.settle(b.written)
        assert not b.agent.banned() and not b.kernel_told(), b.agent.banned()
        alerts = b.agent.json("alerts")
        assert any(a["kind"] == "stale-account" and a["account"] == "117" for a in alerts), alerts
        b.unharmed()
        # A hundred and fifty accounts in a row are no phone.
        b.write("".join(guess(OFFICE, f"9{i:03}", f"g{i}", "TCP") for i in range(150)))
        b.stopped(OFFICE)


def test_a_forger_cannot_cut_off_a_friend():
    with Battle([OFFICE]) as b:
        b.write(success(OFFICE))
        # Every class of line that an unproven packet can cause, and with a nonce that went to the forger.
        b.write("".join(failure(OFFICE, str(i)) for i in range(300)))
        b.write(answered(ATTACKER, "1", 77))
        b.write("".join(guess(OFFICE, str(i), f"x{i}", nonce=f"{1764000000 + 77}/{77:032x}") for i in range(300)))
        b.write("".join(security("InvalidAccountID", OFFICE, f"u{i}", f"y{i}") for i in range(300)))
        b.write("".join(security("InvalidAccountID", OFFICE, "admin", f"z{i}") for i in range(300)))
        b.write("".join(security("FailedACL", OFFICE, "1", f"f{i}", tail=',ACLName="x"') for i in range(300)))
        assert not b.agent.banned(), b.agent.banned()
        # Nor is it passed over.
        assert any(a["kind"] == "friend-attacks" for a in b.agent.json("alerts")), b.agent.json("alerts")
        b.unharmed()


def test_a_guesser_over_udp_behind_the_nat_of_phones_loses_his_port():
    with Battle([OFFICE, CARRIER]) as b:
        b.write("".join(success(OFFICE, str(100 + i), f"p{i}") for i in range(40)))
        guesser = udp(OFFICE, SILENCE)
        port = guesser.getsockname()[1]
        b.write("".join(guess(OFFICE, f"9{i:03}", f"g{i}", port=port) for i in range(100)))
        ban = b.stopped(f"{OFFICE}:{port}")
        assert not ban["proven"] and lasts(ban) <= 600, ban
        assert list(b.agent.banned()) == [f"{OFFICE}:{port}"], b.agent.banned()
        guesser.sendto(b"REGISTER", (GATEWAY, ECHO))
        try:
            raise AssertionError(f"he still hears {guesser.recv(100)}")
        except TimeoutError:
            pass
        assert b.agent.json("list")[0]["packets"] > 0
        why = b.agent.json("explain", OFFICE)
        assert not why["banned"] and why["ports_banned"] == 1, why
        # He goes on from everywhere: that is told, and does not become a way to shut the office out.
        b.write("".join(guess(OFFICE, f"9{i:03}", f"h{p}-{i}", port=p) for p in range(20000, 20100) for i in range(60)))
        assert len(b.agent.banned()) <= 32, len(b.agent.banned())
        assert f"{OFFICE}, which logged in lately, fails so often" in b.agent.logged()
        b.agent.ctl("unban", OFFICE)
        assert not b.agent.banned()
        wait("the port is open", lambda: guesser.sendto(b"REGISTER", (GATEWAY, ECHO)) and answers(guesser))
        b.unharmed()


def answers(s):
    try:
        return s.recv(100)
    except TimeoutError:
        return None


def test_packets_in_the_name_of_a_carrier_that_this_host_calls():
    # It authenticates by its address, never logs in, and nobody has exempted it.
    with Battle([CARRIER]) as b:
        gateway = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with contextlib.closing(gateway):
            gateway.bind((GATEWAY, 5060))
            gateway.sendto(f"OPTIONS sip:{CARRIER} SIP/2.0\r\n".encode(), (CARRIER, 5060))
        send(CARRIER)
        b.write("".join(failure(CARRIER, str(i)) for i in range(300)))
        b.write("".join(security("InvalidAccountID", CARRIER, "admin", f"z{i}") for i in range(300)))
        b.write("".join(security("FailedACL", CARRIER, "1", f"f{i}", tail=',ACLName="x"') for i in range(300)))
        b.settle(0)
        assert not b.agent.banned(), b.agent.banned()
        assert any(a["kind"] == "friend-attacks" and a["address"] == CARRIER for a in b.agent.json("alerts"))
        # Who never heard of this host is no carrier of it.
        start_network(STRANGER)
        send(STRANGER)
        b.write("".join(failure(STRANGER, str(i)) for i in range(5)))
        b.stopped(STRANGER)
        b.unharmed()


def test_calls_of_a_friend_count_as_everybodys_but_not_for_long_unless_proven():
    with Battle() as b:
        b.write(success(OFFICE))
        b.write("".join(f"[{stamp()}] WARNING[1][C-00000001] Ext. s: sipwarden call-attempt src={OFFICE}:5060 id=x{i} user=100 "
                        f"number=0044{i} ua=''\n" for i in range(60)))
        ban = b.stopped(OFFICE)
        assert not ban["proven"] and lasts(ban) <= 600, ban


def test_a_forger_cannot_cut_off_the_exempt_or_their_network():
    with Battle([CARRIER], f"[exempt]\naddress = {CARRIER}\n[rule net]\nclass = auth-failure\nkey = prefix\nthreshold = 5\nwindow = 10m\nban = 1h\n") as b:
        b.write("".join(guess(CARRIER, str(i), f"x{i}", "TCP") for i in range(300)))
        # All its neighbours are attackers, proven ones.
        b.write("".join(guess(f"198.51.100.{n}", str(i), f"y{n}-{i}", "TCP") for n in range(100, 120) for i in range(6)))
        b.stopped("198.51.100.100")
        assert b.agent.ctl("ban", "198.51.100.0/24", check=False)[0] == 5
        assert b.agent.ctl("ban", "0.0.0.0/0", check=False)[0] != 0
        assert all("/" not in a for a in b.agent.banned()), b.agent.banned()
        b.unharmed()


def test_a_network_with_a_friend_in_it_is_not_banned():
    with Battle([OFFICE]) as b:
        b.write(success(OFFICE))
        b.write("".join(guess(f"203.0.113.{n}", str(i), f"y{n}-{i}", "TCP") for n in range(100, 120) for i in range(6)))
        b.stopped("203.0.113.119")
        assert "203.0.113.0/24" not in b.agent.banned()
        b.unharmed()


def test_forged_neighbours_do_not_ban_a_network():
    with Battle([STRANGER]) as b:
        b.write("".join(failure(f"203.0.113.{n}", str(i)) for n in range(100, 120) for i in range(5)))
        b.stopped("203.0.113.119")
        b.unharmed()


def test_a_flood_of_forged_sources_fills_nothing_and_hides_nobody():
    with Battle([CARRIER, OFFICE], "[brakes]\nbans_per_minute = 500\n", firewall="max_bans = 2000\n") as b:
        b.write(success(OFFICE))
        forge_flood(b, 3000, 5)
        in_force = b.agent.banned()
        assert len(in_force) <= 200, len(in_force)
        # Who comes over TCP is no forgery, and is stopped all the same.
        b.write("".join(guess(ATTACKER, str(i), f"t{i}", "TCP") for i in range(5)))
        b.stopped(ATTACKER)
        b.unharmed()


def test_a_forger_cannot_use_up_the_brakes():
    with Battle([CARRIER], "[brakes]\nbans_per_minute = 100\n") as b:
        forge_flood(b, 1000, 5)
        b.write("".join(guess(ATTACKER, str(i), f"t{i}", "TCP") for i in range(5)))
        b.stopped(ATTACKER, 3)
        b.unharmed()


def test_one_account_from_many_addresses():
    attackers = [f"100.64.{n}.1" for n in range(100, 112)]
    with Battle([OFFICE]) as b:
        b.write(success(OFFICE, "100"))
        b.write(guess(OFFICE, "100", "own", "TCP") * 1)
        b.write("".join(guess(a, "100", f"g{a}", "TCP") for a in attackers))
        for a in attackers:
            b.stopped(a)
        b.unharmed()


def test_proof_of_one_is_no_proof_against_others():
    victims = [f"203.0.113.{n}" for n in range(100, 115)]
    with Battle([STRANGER, CARRIER]) as b:
        # One forged packet in the name of each, and one guess of the attacker's own, with the same account.
        b.write("".join(failure(v, "100") for v in victims + [STRANGER]))
        b.write(guess(ATTACKER, "100", "own", "TCP"))
        time.sleep(0.5)
        for victim in victims + [STRANGER]:
            ban = b.agent.banned().get(victim)
            assert not ban or not ban["proven"] and lasts(ban) <= 600, ban
        assert "203.0.113.0/24" not in b.agent.banned()
    with Battle([STRANGER, CARRIER], "[proof]\nunproven_ban = 0\n") as b:
        b.write("".join(failure(v, "100") for v in victims + [STRANGER]))
        # The owner, somewhere new, mistypes his password; so does nobody else.
        b.write(guess(CARRIER, "100", "typo", "TCP"))
        b.unharmed()
        b.write("".join(guess(ATTACKER, "100", f"own{i}", "TCP") for i in range(5)))
        b.stopped(ATTACKER)


def test_ipv6_sources_change_within_their_network():
    innocent = "2001:db8:0:7::40"
    with Battle([innocent]) as b:
        b.write("".join(guess(f"2001:db8:0:6:{i:x}::{i:x}", str(i), f"r{i}") for i in range(6)))
        wait("its network is banned", lambda: "2001:db8:0:6::/64" in b.agent.banned())
        b.unharmed()


def test_old_lines_written_again_ban_nobody():
    week, hours = 7 * 86400, 5 * 3600
    with Battle([CARRIER, OFFICE, STRANGER]) as b:
        b.write("".join(guess(CARRIER, str(i), f"w{i}", "TCP", ago=week - i) for i in range(60)))
        b.write("".join(guess(STRANGER, str(i), f"h{i}", "TCP", ago=hours - 37 * i) for i in range(60)))
        # The rotated log is copied to where new lines are read.
        with open(b.agent.path("old"), "w") as f:
            f.write("".join(failure(OFFICE, str(i), ago=week + 86400 - 60 * i) for i in range(600)))
        os.rename(b.log, b.log + ".1")
        sh("cp", b.agent.path("old"), b.log)
        b.settle(b.written + 600)
        b.unharmed()
        b.written += 600
        b.write("".join(guess(ATTACKER, str(i), f"n{i}", "TCP") for i in range(5)))
        b.stopped(ATTACKER)


def test_strangers_at_the_sockets_command_nothing():
    with Battle([CARRIER]) as b:
        b.write("".join(failure(ATTACKER, str(i)) for i in range(5)))
        b.stopped(ATTACKER)
        os.chmod(b.agent.dir, 0o755)
        for command in (["ban", CARRIER], ["unban", "--all"], ["flush"], ["exempt", "add", ATTACKER], ["reload"], ["list"], ["status"]):
            done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", f"{BUILD}/sipwarden", "--socket",
                                   b.agent.path("control.sock"), *command], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            assert done.returncode == 5, (command, done)
        assert b.agent.in_kernel(ATTACKER)
        b.unharmed()


def test_it_says_what_it_saw_without_the_sender_s_escapes():
    with Battle([CARRIER]) as b:
        b.write("".join(guess(ATTACKER, f"{i}\x1b[2J\x07", f"e{i}", "TCP") for i in range(5)))
        b.stopped(ATTACKER)
        for command in (["show", ATTACKER], ["list"]):
            text = b.agent.ctl(*command)[1]
            assert "\x1b" not in text and "\x07" not in text, text
        b.unharmed()


if __name__ == "__main__":
    run(globals())
