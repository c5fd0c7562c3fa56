"""An office of phones behind a NAT, and a gateway whose log tells no port, for the files test_wire*.py.

Real packets, real copies of the kernel's, the real agent and helper; registrar.py is the gateway.
"""
import os
import pwd
import re
import socket
import subprocess
import sys
import threading
import time
import uuid

from battlefield import GATEWAY, OFFICE, Battle, on_internet, start_network, success, udp
from sipwarden_env import sh, wait

REGISTRAR = os.path.join(os.path.dirname(os.path.abspath(__file__)), "registrar.py")
OFFICE6, NEIGHBOUR6 = "2001:db8:0:7::40", "2001:db8:0:7::50"
INPUTS = "[input freeswitch]\npath = DIR/full.log\n[input asterisk]\npath = DIR/asterisk.log\n"


def register(user, call, seq, nonce=None, response="bad", host="pbx", via="192.168.1.9:5060;rport", more=""):
    authorization = f'Authorization: Digest username="{user}", realm="{host}", nonce="{nonce}", uri="sip:pbx", response="{response}"{more}\r\n'
    return (f"REGISTER sip:pbx SIP/2.0\r\nVia: SIP/2.0/UDP {via};branch=z9hG4bK{call}{seq}\r\nFrom: <sip:{user}@pbx>;tag=1\r\n"
            f"To: <sip:{user}@{host}>\r\nCall-ID: {call}\r\nCSeq: {seq} REGISTER\r\nContact: <sip:{user}@192.168.1.9>\r\n"
            f"{authorization if nonce else ''}Content-Length: 0\r\n\r\n").encode()


def invite(user, number, call, seq, nonce=None, response="bad"):
    """As register()."""
    request = register(user, call, seq, nonce, response).replace(b"REGISTER", b"INVITE").replace(b"Authorization", b"Proxy-Authorization")
    return request.replace(b"To: <sip:%s@" % user.encode(), b"To: <sip:%s@" % number.encode())


def nonce_of(answer):
    return re.findall(r'nonce="([^"]*)"', answer.decode())[-1]


def gateway_user():
    """FreeSWITCH's, by which its sockets are known; made for this test, if it is not there."""
    try:
        return pwd.getpwnam("freeswitch").pw_uid
    except KeyError:
        with open("/etc/passwd") as f, open("/run/passwd", "w") as ours:
            ours.write(f.read() + "freeswitch:x:64990:64990::/nonexistent:/usr/sbin/nologin\n")
        sh("mount", "--bind", "/run/passwd", "/etc/passwd")
        return 64990


class Phone:
    """Logs in, again and again if asked to; counts what is not answered."""

    def __init__(self, source, user, right=True, gateway=GATEWAY):
        self.socket, self.user, self.gateway = udp(source), user, gateway
        self.response = "good" if right else "bad"
        self.port = self.socket.getsockname()[1]
        self.call, self.seq, self.lost, self.tries = str(uuid.uuid4()), 0, 0, 0
        self.thread, self.going = None, True

    def ask(self, request):
        """The answer to it; others that come are somebody else's doing."""
        self.socket.sendto(request, (self.gateway, 5060))
        call, seq = (re.search(rb"\r\n(?:%s): *(.*)\r\n" % name, request).group(1) for name in (b"Call-ID|i", b"CSeq"))
        while True:
            answer = self.socket.recv(65536)
            if b"\r\nCall-ID: %s\r\n" % call in answer and b"\r\nCSeq: %s\r\n" % seq in answer:
                return answer

    def log_in(self, user=None, change=lambda request: request):
        """The status that comes of it; None: no answer."""
        self.tries += 1
        self.seq += 2
        user = user or self.user
        try:
            nonce = nonce_of(self.ask(register(user, self.call, self.seq)))
            return self.ask(change(register(user, self.call, self.seq + 1, nonce, self.response))).split()[1].decode()
        except TimeoutError:
            self.lost += 1
            return None

    def call_up(self, number, user=None):
        """Likewise."""
        self.tries += 1
        self.seq += 2
        user = user or self.user
        try:
            nonce = nonce_of(self.ask(invite(user, number, self.call, self.seq)))
            return self.ask(invite(user, number, self.call, self.seq + 1, nonce, self.response)).split()[1].decode()
        except TimeoutError:
            self.lost += 1
            return None

    def keep_on(self, pause):
        def loop():
            while self.going:
                self.log_in()
                time.sleep(pause)
        self.thread = threading.Thread(target=loop)
        self.thread.start()
        return self

    def close(self):
        self.going = False
        if self.thread:
            self.thread.join()
        self.socket.close()


class StreamPhone(Phone):
    """The same over TCP; who looks at packets would see as little of TLS."""

    def __init__(self, source, user, right=True):
        super().__init__(source, user, right)
        self.socket.close()
        with on_internet():
            self.socket = socket.create_connection((GATEWAY, 5061), 2, (source, 0))
        self.left = b""

    def ask(self, request):
        self.socket.sendall(request.replace(b"SIP/2.0/UDP", b"SIP/2.0/TCP"))
        while b"\r\n\r\n" not in self.left:
            data = self.socket.recv(65536)
            if not data:
                raise TimeoutError
            self.left += data
        answer, self.left = self.left.split(b"\r\n\r\n", 1)
        return answer + b"\r\n\r\n"


class Site:
    """A gateway, and offices of phones behind a NAT, whom it knows."""

    def __init__(self, config="", friends=(OFFICE,)):
        start_network(OFFICE, OFFICE6, NEIGHBOUR6)
        user = gateway_user()
        self.battle, self.phones = Battle([OFFICE], config, INPUTS), []
        self.agent = self.battle.agent
        self.registrar = subprocess.Popen([sys.executable, REGISTRAR, self.battle.log, str(user)], stdout=subprocess.PIPE, text=True)
        assert self.registrar.stdout.readline() == "on\n"
        self.befriend(*friends)

    def befriend(self, *friends):
        if friends:
            self.battle.write("".join(success(f) for f in friends), "asterisk.log")
            wait("they are friends", lambda: self.status()["inputs"][1]["lines"] == len(friends))

    def phone(self, *arguments, **kw):
        self.phones.append(Phone(*arguments, **kw))
        return self.phones[-1]

    def stream_phone(self, *arguments, **kw):
        self.phones.append(StreamPhone(*arguments, **kw))
        return self.phones[-1]

    def office(self, n=6):
        """Phones that log in all the time, and one that fails."""
        for i in range(n):
            self.phone(OFFICE, str(100 + i)).keep_on(0.1)
        return self.phone(OFFICE, "150", False).keep_on(0.3)

    def settle(self):
        """All that was logged is judged, and what waits for packets has got them."""
        with open(self.battle.log) as f:
            self.battle.settle(sum(1 for _ in f))
        time.sleep(0.5)

    def status(self):
        return self.agent.json("status", check=False)

    def proven(self):
        return self.status()["attempts_wired"]

    def kinds(self):
        return {a["kind"] for a in self.agent.json("alerts")}

    def guess(self, guesser, n, pause=0.0, **kw):
        """He has the wrong password for many accounts. Returns how many guesses were answered."""
        for i in range(n):
            if guesser.log_in(f"9{i:03}", **kw) is None:
                return i
            time.sleep(pause)
        return n

    def is_cut_off(self, guesser, **kw):
        """He guesses until he hears no more; the first ones are made before anybody looks."""
        return self.guess(guesser, 1000, 0.005, **kw) < 1000

    def stopped(self, address):
        return wait(f"{address} is banned\n{self.agent.logged()}", lambda: self.agent.banned().get(address))

    def unharmed(self):
        for p in self.phones:
            p.going = False
        for p in self.phones:
            if p.thread:
                p.thread.join()
                assert p.tries > 5 and p.lost == 0, (p.user, p.tries, p.lost)
        self.battle.unharmed()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for p in self.phones:
            p.close()
        self.registrar.kill()
        self.registrar.wait()
        self.battle.__exit__()
