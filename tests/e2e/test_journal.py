#!/usr/bin/python3
"""The journal of a real journald as input, and a real Kamailio under attack."""
import fcntl
import glob
import os
import socket
import struct
import subprocess
import sys
import termios
import time

from sipwarden_env import DEGRADED, TOP, Agent, run, sh, wait

sys.path.insert(0, os.path.join(TOP, "tests/demo"))
import gateway  # noqa: E402

STARTED = []


def journald():
    if not STARTED:
        STARTED.append(gateway.start_journald())


def log(text, identifier="asterisk"):
    """As a service's standard output.

    journald asks for the sender just after it has taken a stream, and what was written in between has none: no _UID, and
    a long line is broken there. So its head must have been read before anything else is written.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stream:
        stream.connect("/run/systemd/journal/stdout")
        stream.sendall(f"{identifier}\n\n6\n0\n0\n0\n0\n".encode())
        wait("journald has taken the stream", lambda: struct.unpack("i", fcntl.ioctl(stream, termios.TIOCOUTQ, b"\0" * 4)) == (0,))
        stream.sendall(text.encode())


def failures(address, n=5):
    return "".join(f"NOTICE[566]: chan_sip.c:28926 handle_request_register: Registration from '\"{i}\" <sip:{i}@x>' failed for "
                   f"'{address}:7998' - Wrong password\n" for i in range(n))


def with_agent(inputs, function, **kw):
    a = Agent(inputs, **kw)
    try:
        a.start()
        function(a)
    finally:
        a.close()


def test_lines_of_the_unit_or_identifier_are_followed():
    journald()

    def body(a):
        log(failures("192.0.2.5"))
        log(failures("192.0.2.6"), "something-else")
        a.wait_banned("192.0.2.5")
        log(failures("192.0.2.7"))
        a.wait_banned("192.0.2.7")
        assert "192.0.2.6" not in a.banned()
    with_agent("[input asterisk]\ntype = journal\n", body)


def test_any_field_can_be_matched():
    journald()

    def body(a):
        log(failures("192.0.2.8"), "pbx-one")
        log(failures("192.0.2.9"), "pbx-two")
        log(failures("192.0.2.10"), "pbx-three")
        a.wait_banned("192.0.2.8")
        a.wait_banned("192.0.2.9")
        assert "192.0.2.10" not in a.banned()
    with_agent("[input asterisk]\ntype = journal\nmatch = SYSLOG_IDENTIFIER=pbx-one SYSLOG_IDENTIFIER=pbx-two _UID=0\n", body)


def test_entries_written_while_stopped_are_read():
    journald()

    def body(a):
        log(failures("192.0.2.11", 1))
        wait("read", lambda: a.json("status")["events"] == 1)
        a.stop()
        log(failures("192.0.2.12"))
        a.start()
        a.wait_banned("192.0.2.12")
        assert a.json("status")["events"] == 6
    with_agent("[input asterisk]\ntype = journal\n", body)


def test_rotation_and_vacuum_lose_nothing_that_is_left():
    journald()

    def body(a):
        log(failures("192.0.2.13"))
        a.wait_banned("192.0.2.13")
        STARTED[0].send_signal(12)  # SIGUSR2: rotate (systemd-journald(8))
        time.sleep(0.5)
        log(failures("192.0.2.14"))
        a.wait_banned("192.0.2.14")
        a.stop()
        log(failures("192.0.2.15"))
        STARTED[0].send_signal(12)
        time.sleep(0.5)
        sh("journalctl", "--vacuum-files=1")
        log(failures("192.0.2.16"))
        a.start()
        a.wait_banned("192.0.2.16")
    with_agent("[input asterisk]\ntype = journal\n", body)


def test_moving_the_journal_to_disk_gives_no_line_twice():
    journald()
    sh("mount", "-t", "tmpfs", "tmpfs", "/var/log")

    def body(a):
        log(failures("192.0.2.20", 3))
        wait("read", lambda: a.json("status")["events"] == 3)
        with open("/etc/machine-id") as f:
            os.makedirs("/var/log/journal/" + f.read().strip())
        # Copies all entries, and ends the files they were in (systemd-journald(8)).
        STARTED[0].send_signal(10)
        wait("moved", lambda: not glob.glob("/run/log/journal/*/*.journal"))
        log(failures("192.0.2.21"))
        a.wait_banned("192.0.2.21")
        status = a.json("status")
        assert status["events"] == 8, status
    with_agent("[input asterisk]\ntype = journal\n", body)


def test_binary_messages_are_one_line():
    journald()

    def body(a):
        # A message with a line end in it must not become a line of its own.
        forged = failures("203.0.113.9", 1).rstrip("\n")
        program = ("import socket,struct,sys\n"
                   "m=sys.stdin.buffer.read()\n"
                   "s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\n"
                   "s.connect('/run/systemd/journal/socket')\n"
                   "for i in range(6): s.send(b'SYSLOG_IDENTIFIER=asterisk\\nMESSAGE\\n'+struct.pack('<Q',len(m))+m+b'\\n')\n")
        subprocess.run([sys.executable, "-c", program], input=b"x\x00\xff\n" + forged.encode(), check=True)
        log(failures("192.0.2.17"))
        a.wait_banned("192.0.2.17")
        assert "203.0.113.9" not in a.banned()
        assert a.json("status")["inputs"][0]["lines"] == 11
    with_agent("[input asterisk]\ntype = journal\n", body)


def test_a_line_that_journald_splits_is_not_two():
    journald()

    def body(a):
        # LineMax= of journald.conf(5) is 48K: one rest, two of a longer line, and one behind a NUL. What the sender puts behind it starts an entry of its own.
        forged = failures("203.0.113.9", 1).rstrip("\n")
        for i in range(6):
            log("y" * (48 * 1024) + forged + "\n" + failures("192.0.2.18", 1))
            log("y" * (48 * 1024 * 2) + forged + "\n")
            log("y" * 100 + "\0" + forged + "\n")
        a.wait_banned("192.0.2.18")
        assert "203.0.113.9" not in a.banned()
        status = wait("the cut lines", lambda: a.json("status")["inputs"][0]["cut"] == 24 and a.json("status"))
        assert status["events"] == 6, status
    with_agent("[input asterisk]\ntype = journal\n", body)


def test_what_kamailio_prints_is_not_followed():
    journald()
    line = "NOTICE: <script>: sipwarden scanner src=[{}]:5060 proto=udp id='1' user='1' ua='friendly-scanner'"

    def body(a):
        log(line.format("203.0.113.9") + "\n", "kamailio")
        sh("logger", "-u", "/run/systemd/journal/dev-log", "-t", "kamailio", line.format("192.0.2.19"))
        a.wait_banned("192.0.2.19")
        status = a.json("status")
        assert status["inputs"][0]["lines"] == 1 and "203.0.113.9" not in a.banned(), status
    with_agent("[input kamailio]\ntype = journal\n", body)


def test_kamailio_under_attack_and_its_phone_served():
    journald()
    gateway.make_network(["192.0.2.77", "192.0.2.66", "192.0.2.88", gateway.PHONE])
    gateway.start_kamailio()
    a = Agent("[input kamailio]\ntype = journal\n")
    namespace = ("ip", "netns", "exec", "gateway")
    try:
        a.process = subprocess.Popen([*namespace, f"{os.environ.get('SIPWARDEN_BUILD', TOP + '/build/release')}/sipwardend",
                                      "--config", a.config], stderr=open(a.log, "a"))
        wait("ready", lambda: a.ctl("status", check=False)[0] in (0, DEGRADED))
        gateway.guess_passwords("192.0.2.66")
        gateway.scan("192.0.2.77")
        gateway.dial("192.0.2.88")
        bans = wait("three bans", lambda: len(a.banned()) == 3 and a.banned())
        assert {b: bans[b]["rule"] for b in bans} == {"192.0.2.66": "password-guessing", "192.0.2.77": "scanner",
                                                      "192.0.2.88": "destination-burst"}, bans
        for attacker in bans:
            assert not gateway.register(attacker, seconds=1), attacker
        assert gateway.register(gateway.PHONE)
        assert all(b["packets"] > 0 for b in a.banned().values()), a.banned()
    finally:
        a.close()


if __name__ == "__main__":
    run(globals())
