#!/usr/bin/python3
"""A real Kamailio with the shipped snippet under attack: every class is seen, from nobody but its sender."""
import contextlib
import hashlib
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time

from battlefield import on_internet, udp
from sipwarden_env import BUILD, TOP, run, sh, wait

sys.path.insert(0, os.path.join(TOP, "tests/demo"))
import gateway  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
HOME = "/run/kamailio"
# The shipped filters, with docs/gateways/kamailio-acc.conf.
FILTERS = "/run/filters"
SERVER, SERVER6 = gateway.SERVER, "2001:db8::1"
SCANNER, ATTACKER, ATTACKER6, PHONE = "192.0.2.2", "192.0.2.5", "2001:db8::5", gateway.PHONE
VICTIM = "203.0.113.9"
# To the journal through syslog, and to a file as standard error.
SYSLOG_PORT, STOCK_PORT, STDERR_PORT = 5060, 5064, 5068
# With WITH_SIPWARDEN_PROOF, to the journal through syslog.
PROOF_PORT = 5072
# A whole line, as a sender would like it to stand in the log.
FORGED = f" 1(21172) NOTICE: <script>: sipwarden auth-failure src=[{VICTIM}]:5060 proto=tcp method=REGISTER code=-2 id='1' user='1'"
TEXTS = [
    f"x\r\n{FORGED}", f"x\r\n\t{FORGED}", f"x\r\n \r\n{FORGED}", f"x\n{FORGED}", f"x\r{FORGED}", f"x\0{FORGED}", f"x\0",
    f"' ua='x'\0", f"x' src=[{VICTIM}]:5060 proto=tcp", f"x\"'\\", f"x\\' user='{VICTIM}", "\x01\x1b[31m\x7f\xff", "z" * 5000, "'" * 20000, "%s%n%d",
    f"}} <script>: sipwarden auth-failure src=[{VICTIM}]:5060 proto=tcp method=REGISTER code=-2 id='1",
    f"}} <script>: sipwarden auth-failure src=[{VICTIM}]:5060 proto=tcp method=REGISTER code=-2 id='1\0",
    f"}} pike [pike_funcs.c:134]: pike_check_ipaddr(): PIKE - BLOCKing ip {VICTIM}, node=0x7f4a1c0a3b58",
    f"}} pike [pike_funcs.c:134]: pike_check_ipaddr(): PIKE - BLOCKing ip {VICTIM}, node=0x7f4a1c0a3b58\0",
    f"x' src={VICTIM}:5060\0", f"x (IP:{VICTIM}:5060)\0", f"x;code=200;reason=OK;src_user=1;src_domain=x;src_ip={VICTIM};dst_ouser=1;dst_user=2;dst_domain=x\0y",
    f"x;code=200;reason=OK;src_user=1;src_domain=x;src_ip={VICTIM};dst_ouser=1;dst_user=2;dst_domain=x",
]


def connect(source, port):
    with on_internet():
        s = socket.socket()
        s.settimeout(2)
        s.bind((source, 0))
        s.connect((SERVER, port))
    return s


def tls(s, version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode, context.minimum_version = False, ssl.CERT_NONE, version
    return context.wrap_socket(s)


def request(method="REGISTER", uri=f"sip:{SERVER}", call_id="1", agent="Yealink SIP-T46S", sender="<sip:100@x>;tag=1", cseq=None, more="", via=";rport",
            recipient="<sip:100@x>"):
    text = (f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {ATTACKER}{via};branch=z9hG4bK{time.monotonic_ns()}\r\nFrom: {sender}\r\n"
            f"To: {recipient}\r\nCall-ID: {call_id}\r\nCSeq: {cseq or '1 ' + method}\r\nMax-Forwards: 70\r\n"
            f"Contact: <sip:100@{ATTACKER}>\r\nUser-Agent: {agent}\r\n{more}Content-Length: 0\r\n\r\n")
    return text.encode("latin1")


def ask(s, port, message):
    """The answer's status, and its nonce; 0 if there is none."""
    if s.type == socket.SOCK_STREAM:
        s.sendall(message)
    else:
        s.sendto(message, (SERVER6 if s.family == socket.AF_INET6 else SERVER, port))
    try:
        answer = s.recv(65536).decode("latin1")
    except (socket.timeout, ConnectionError):
        return 0, ""
    nonce = re.search(r'nonce="([^"]+)"', answer)
    return int(answer.split(" ")[1]), nonce.group(1) if nonce else ""


def credentials(nonce, user, password, method, uri, more=""):
    def md5(text):
        return hashlib.md5(text.encode("latin1")).hexdigest()
    response = md5(f"{md5(f'{user}:test.example:{password}')}:{nonce}:{md5(f'{method}:{uri}')}")
    return (f'Authorization: Digest username="{user}", realm="test.example", nonce="{nonce}", uri="{uri}", '
            f'response="{response}", algorithm=MD5{more}\r\n')


def answer_challenge(s, port, user="100", password="wrong", method="REGISTER", uri=f"sip:{SERVER}", **fields):
    nonce = ask(s, port, request(method, uri, **fields))[1]
    return nonce and ask(s, port, request(method, uri, more=credentials(nonce, user, password, method, uri), cseq="2 " + method, **fields))[0]


class Kamailio:
    """One on ports of its own; its lines, without those before it was ready."""

    def __init__(self, name, port, log_prefix, *options, defines=""):
        self.home, self.port, self.tls_port = f"{HOME}/{name}", port, port + 1
        self.log = f"{self.home}/log"
        os.makedirs(self.home + "/db")
        sh("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-subj", "/CN=test.example", "-keyout",
           self.home + "/key.pem", "-out", self.home + "/cert.pem")
        self.write("db/version", "id(int,auto) table_name(string) table_version(int) \n1:secfilter:1\n")
        self.write("db/secfilter", "id(int,auto) action(int) type(int) data(string) \n0:0:0:friendly-scanner\n1:0:0:sipcli\n")
        self.write("address", "(1,198.51.100.1,32,0,carrier)\n")
        with open(HERE + "/kamailio.cfg") as f:
            text = f.read()
        for mark, value in {"LOG_PREFIX": log_prefix, "LOG_NAME": "kamailio-" + name, "TLS_PORT": str(self.tls_port), "PORT": str(port), "HOME": self.home,
                            "SNIPPET": TOP + "/docs/gateways/kamailio-sipwarden.cfg"}.items():
            text = text.replace(mark, value)
        self.write("kamailio.cfg", defines + text)
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(["ip", "netns", "exec", "gateway", "kamailio", "-f", self.home + "/kamailio.cfg",
                                             "-DD", "-w", self.home, "-Y", self.home, "-P", self.home + "/pid", "-m", "32",
                                             *options],
                                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
        with open(self.log) as f:
            wait("Kamailio answers", lambda: ask(udp(PHONE), port, request("OPTIONS"))[0] == 200 or
                 self.process.poll() is not None, 20)
            assert self.process.poll() is None, f.read()

    def write(self, name, text):
        with open(f"{self.home}/{name}", "w") as f:
            f.write(text)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def journal(identifier):
    """What the agent makes of the journal: one entry, one line."""
    sh("journalctl", "--sync", check=False)
    out = sh("journalctl", "--all", "-o", "json", "--output-fields=MESSAGE", "_TRANSPORT=syslog", "SYSLOG_IDENTIFIER=" + identifier)
    messages = [json.loads(line)["MESSAGE"] for line in out.splitlines()]
    messages = [bytes(m) if isinstance(m, list) else m.encode() for m in messages]
    return [re.sub(rb"[\r\n\0]", b" ", m) for m in messages]


def match(lines):
    """What the filter makes of the lines: those that matched."""
    done = subprocess.run([f"{BUILD}/sipwarden", "filter", "match", "kamailio", "--filter-dir", FILTERS, "--json"],
                          input=b"\n".join(lines) + b"\n", stdout=subprocess.PIPE, check=True)
    found = [json.loads(line) for line in done.stdout.splitlines()][:len(lines)]
    assert len(found) == len(lines), (len(found), lines[:5])
    return [dict(f, text=lines[f["line"] - 1]) for f in found if f["class"]]


def forge(kamailio, broken):
    """Each text in each field that the snippet logs; broken: also where Kamailio itself logs the field as it is."""
    s, deaf, port = udp(ATTACKER), udp(ATTACKER), kamailio.port
    for text in TEXTS:
        scan = {"agent": "friendly-scanner"}
        answer_challenge(s, port, agent=text)
        # On sockets of their own: a 200 comes again and again, and some get no answer.
        answer_challenge(udp(ATTACKER, 0.1), port, user=text.replace('"', '\\"'))
        answer_challenge(udp(ATTACKER, 0.1), port, password="secret-of-the-test", method="INVITE", uri=f"sip:200@{SERVER}", call_id=text)
        messages = [request("OPTIONS", agent="friendly-scanner " + text), request(call_id=text, **scan)]
        if broken:
            messages += [request("INVITE", f"sip:{text}@{SERVER}", **scan), request("OPTI" + text.split(" ")[0], **scan),
                         request(sender=f"<sip:{text}@x>;tag=1", **scan), request(cseq=text, **scan),
                         request(sender=f'"{text}" <sip:1@x>;tag={text}', **scan),
                         f"REGISTER sip:x SIP/2.0\r\nVia: x\r\n{text}\r\n{text.strip()}\r\n\r\n".encode("latin1")]
        for message in messages:
            deaf.sendto(message, (SERVER, port))


def attack(kamailio):
    """What the snippet has a class for; twice, from IPv4 and IPv6."""
    port = kamailio.port
    for source in (ATTACKER, ATTACKER6):
        s = udp(source)
        assert answer_challenge(s, port) == 401
        assert answer_challenge(s, port, user="admin") == 403
        assert answer_challenge(s, port, password="secret-of-the-test", method="INVITE", uri=f"sip:0044123@{SERVER}") == 403
        assert ask(s, port, request("INVITE", f"sip:trunk@{SERVER}"))[0] == 403
        for message in (request("OPTIONS", f"sip:flood@{SERVER}"), request(agent="friendly-scanner"),
                        request("INVITE", call_id="a\0b"), b"R\tX sip:x SIP/2.0\r\nVia: x\r\n\r\n" + b"x" * 50):
            udp(source).sendto(message, (SERVER6 if ":" in source else SERVER, port))
        assert answer_challenge(s, port, password="secret-of-the-test", method="INVITE", uri=f"sip:200@{SERVER}") == 200


# The class of each line that attack() causes, and from which pattern.
SEEN = {("auth-failure", "script-auth-failure"), ("unknown-user", "script-unknown-user"), ("call-denied", "script-call-denied"),
        ("acl-denied", "script-acl-denied"), ("flood", "script-flood"), ("scanner", "script-scanner"),
        ("malformed", "script-malformed"), ("malformed", "core-malformed"), ("call-attempt", "script-call-attempt"),
        ("call-attempt", "acc-call"),
        ("auth-success", "script-auth-success")}
RUNNING = {}


def start():
    if RUNNING:
        return
    gateway.start_journald()
    gateway.make_network([SCANNER, PHONE, ATTACKER])
    for namespace, device, address in (("gateway", "wire0", SERVER6), ("internet", "wire1", ATTACKER6)):
        sh("ip", "-n", namespace, "addr", "add", address + "/64", "dev", device, "nodad")
    gateway.mount_dev()
    shutil.copytree(TOP + "/filters", FILTERS)
    os.makedirs(FILTERS + "/kamailio.conf.d", exist_ok=True)
    shutil.copy(TOP + "/docs/gateways/kamailio-acc.conf", FILTERS + "/kamailio.conf.d/acc.conf")
    RUNNING["syslog"] = Kamailio("syslog", SYSLOG_PORT, "")
    RUNNING["stock"] = Kamailio("stock", STOCK_PORT, "{$mt $hdr(CSeq) $ci} ")
    RUNNING["stderr"] = Kamailio("stderr", STDERR_PORT, "", "-E")
    RUNNING["proof"] = Kamailio("proof", PROOF_PORT, "", defines="#!define WITH_SIPWARDEN_PROOF\n")


def lines(name):
    """The lines of one Kamailio since the last call, of all that was sent to it before."""
    for source in (PHONE, ATTACKER6):
        wait("Kamailio is through", lambda: ask(udp(source), RUNNING[name].port, request("OPTIONS"))[0] == 200)
    time.sleep(0.3)  # what the other workers still write
    if name == "stderr":
        with open(RUNNING[name].log, "rb") as f:
            got = f.read().splitlines()
    else:
        got = journal("kamailio-" + name)
    at = RUNNING.get(name + " read", 0)
    RUNNING[name + " read"] = len(got)
    return got[at:]


def test_every_class_of_the_snippet_is_seen():
    start()
    for name in ("syslog", "stock", "stderr", "proof"):
        lines(name)
        attack(RUNNING[name])
        events = match(lines(name))
        for source in (ATTACKER, ATTACKER6):
            seen = {(e["class"], e["pattern"].removesuffix("-proven")) for e in events if e.get("address") == source}
            assert seen == SEEN, (name, source, seen ^ SEEN, events)
        assert {e.get("address") for e in events} == {ATTACKER, ATTACKER6}, (name, events)


def test_no_text_of_the_sender_names_another():
    start()
    for name in ("syslog", "stock", "stderr", "proof"):
        lines(name)
        forge(RUNNING[name], name != "stderr")
        events = match(lines(name))
        assert all(e.get("address") == ATTACKER for e in events), [e for e in events if e.get("address") != ATTACKER]
        guesses = sum(e["class"] == "auth-failure" for e in events)
        assert guesses >= len(TEXTS), (name, guesses)


def test_no_field_of_acc_in_a_request_reaches_it():
    """acc would write it as its own: who called, and what, had two readings."""
    start()
    lines("syslog")
    for message in (request("INVITE", call_id="1;code=200;reason=OK;src_user=200"),
                    request("INVITE", f"sip:0088;src_user=200;src_domain=x@{SERVER}"),
                    request("INVITE", recipient="<sip:1;dst_user=030@x>")):
        udp(ATTACKER).sendto(message, (SERVER, SYSLOG_PORT))
    got = lines("syslog")
    assert [e["class"] for e in match(got)] == ["malformed"] * 3, got


def proofs(name):
    """Class, source and proof of what was seen since the last call."""
    return [(e["class"], e.get("address"), e["proven"]) for e in match(lines(name))]


def test_an_answered_challenge_proves_its_source():
    start()
    lines("proof")
    uri = f"sip:{SERVER}"
    for source in (ATTACKER, ATTACKER6):
        assert answer_challenge(udp(source), PROOF_PORT) == 401
        assert proofs("proof") == [("auth-failure", source, True)]
        assert answer_challenge(udp(source), PROOF_PORT, password="secret-of-the-test") == 200
        assert proofs("proof") == [("auth-success", source, True)]
    # Without the define, the very same proves nothing.
    lines("syslog")
    assert answer_challenge(udp(ATTACKER), SYSLOG_PORT) == 401
    assert proofs("syslog") == [("auth-failure", ATTACKER, False)]

    def answers(nonce, source, password="wrong", method="REGISTER", more="", **fields):
        return ask(udp(source), PROOF_PORT, request(method, uri, more=credentials(nonce, "100", password, method, uri, more), cseq="2 " + method, **fields))[0]
    # The attacker's nonce in packets that look like the phone's, and one that he made up: the phone would be asked
    # once more, and nothing is seen. Whatever the request: each kind has a parameter of its own.
    nonce = ask(udp(ATTACKER), PROOF_PORT, request(uri=uri))[1]
    made_up = "".join(chr(ord(c) ^ 1) if c.isalpha() else c for c in nonce)
    for bad in (nonce, nonce[:32], made_up, "x" * len(nonce), nonce[:-8] + "AAAAAAA="):
        for method, to in (("REGISTER", {}), ("INVITE", {}), ("INVITE", {"recipient": "<sip:100@x>;tag=2"})):
            for more in ("", ', qop=auth, nc=00000001, cnonce="1"'):
                for password in ("wrong", "secret-of-the-test"):
                    assert answers(bad, PHONE, password, method, more, **to) == (401 if method == "REGISTER" else 407)
    assert proofs("proof") == []
    # From where it was sent to, it counts.
    assert answers(nonce, ATTACKER) == 401
    assert proofs("proof") == [("auth-failure", ATTACKER, True)]


def test_a_challenge_goes_to_its_source_whatever_via_says():
    start()
    victim, attacker = udp(PHONE, 0.5), udp(ATTACKER, 0.5)
    for name in ("syslog", "proof"):
        for method in ("REGISTER", "INVITE"):
            message = request(method, via=f":{attacker.getsockname()[1]};rport;maddr={ATTACKER};received={ATTACKER}")
            assert ask(victim, RUNNING[name].port, message)[1]
            assert ask(attacker, RUNNING[name].port, b"\r\n\r\n") == (0, "")


def test_who_shows_no_password_is_no_friend():
    start()
    for name in ("syslog", "proof"):
        lines(name)
        for method in ("PRACK", "ACK", "CANCEL", "BYE"):
            udp(ATTACKER).sendto(request(method, f"sip:200@{SERVER}"), (SERVER, RUNNING[name].port))
        assert not [p for p in proofs(name) if p[0] == "auth-success"]


def test_a_phone_is_served_and_only_that_is_seen():
    start()
    for name in ("syslog", "stock", "stderr"):
        lines(name)
        s, port = udp(PHONE), RUNNING[name].port
        for _ in range(3):
            assert answer_challenge(s, port, password="secret-of-the-test") == 200
            assert answer_challenge(s, port, password="secret-of-the-test", method="INVITE", uri=f"sip:200@{SERVER}") == 200
            assert ask(s, port, request("OPTIONS"))[0] == 200
        s = connect(PHONE, port)
        assert answer_challenge(s, port, password="secret-of-the-test") == 200
        events = match(lines(name))
        assert {(e["class"], e.get("address")) for e in events} == {("auth-success", PHONE), ("call-attempt", PHONE)}, events
        assert sum(e["class"] == "auth-success" for e in events) == 7 and len(events) == 13, events


def test_a_failed_tls_handshake_names_its_peer():
    start()
    for name in ("syslog", "stderr"):
        lines(name)
        port = RUNNING[name].tls_port
        connect(ATTACKER, port).sendall(b"OPTIONS sip:x SIP/2.0\r\n\r\n")
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            tls(connect(ATTACKER, port), ssl.TLSVersion.TLSv1_3)  # which the server does not offer
        events = []
        wait("two failures", lambda: events.extend(match(lines(name))) or len(events) >= 2)
        assert [(e["class"], e.get("address")) for e in events] == [("tls-failure", ATTACKER)] * 2, events
        s = tls(connect(PHONE, port), ssl.TLSVersion.TLSv1_2)
        assert answer_challenge(s, port, password="secret-of-the-test") == 200
        events = match(lines(name))
        assert [(e["class"], e.get("address")) for e in events] == [("auth-success", PHONE)], events


def test_tools_as_they_come():
    start()
    lines("syslog")
    gateway.scan(SCANNER)
    gateway.guess_passwords(ATTACKER)
    events = match(lines("syslog"))
    assert {(e["class"], e.get("address")) for e in events} == {("scanner", SCANNER), ("auth-failure", ATTACKER)}, events
    s = udp(SCANNER)
    events = []

    def flood():
        for _ in range(200):  # in lots: what the socket of a slow Kamailio does not hold is lost
            s.sendto(request("OPTIONS"), (SERVER, SYSLOG_PORT))
        time.sleep(0.05)
        return match(journal("kamailio-syslog")[RUNNING["syslog read"]:])
    wait("pike blocks", lambda: events.extend(flood()) or events)
    assert {(e["class"], e["pattern"], e.get("address")) for e in events} == {("flood", "pike", SCANNER)}, events


if __name__ == "__main__":
    run(globals())
