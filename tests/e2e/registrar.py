"""A gateway that asks for passwords as FreeSWITCH does, for tests/e2e/test_wire*.py. registrar.py LOG UID

UDP at ports 5060 and 5091, TCP at 5061, of all addresses. As mod_sofia/sofia_reg.c: a nonce is a random UUID that is
remembered, whoever it was sent to; the realm is the host of To; an answer goes to the source if Via
says rport, else to the port in it, and wherever maddr says; of a parameter that comes twice the first counts;
the line about a failure is written when the answer is sent. The right password makes the response "good". A call
to 900 is forbidden by the dialplan, which gives a reason (sofia_on_hangup()); all others are not answered.
"""
import os
import re
import select
import socket
import sys
import time
import uuid

log = open(sys.argv[1], "a", buffering=1)
# Its sockets are that user's; whether he may read this file, or the log, is another matter.
os.setuid(int(sys.argv[2]))
nonces = set()


def header(text, *names):
    found = re.search(rf"^(?:{'|'.join(names)})\s*:[ \t]*(.*?)\r?\n(?![ \t])", text, re.M | re.S | re.I)
    return found.group(1) if found else ""


def log_failure(method, user, host, address):
    stamp = time.strftime("%Y-%m-%d %H:%M:%S") + f".{time.time_ns() // 1000 % 1000000:06}"
    log.write(f"{stamp} 96.00% [WARNING] sofia_reg.c:1788 SIP auth failure ({method}) on sofia profile 'internal' for "
              f"[{user}@{host}] from ip {address}\n")


def answer_to(via, peer):
    maddr, port = re.search(r";maddr=([\w.:]+)", via), re.search(r"UDP [\w.]+:(\d+)", via)
    host = "::ffff:" + maddr.group(1) if maddr else peer[0]
    return (host, peer[1] if ";rport" in via else int(port.group(1)) if port else 5060)


def accepted(calls, user):
    if not calls:
        return "200 OK", ""
    return ("403 Forbidden", 'Reason: Q.850;cause=52;text="OUTGOING_CALL_BARRED"\r\n') if user == "900" else ("480 Temporarily Unavailable", "")


def verdict(text, calls, user, host):
    """Status, a header for it, and whether it is a failed login."""
    digest = header(text, "Proxy-Authorization" if calls else "Authorization")
    nonce = re.search(r'nonce="([^"]*)"', digest)
    if nonce and nonce.group(1) in nonces:
        return (*accepted(calls, user), False) if 'response="good"' in digest else ("403 Forbidden", "", True)
    nonces.add(new := str(uuid.uuid4()))
    asked = f'{"Proxy" if calls else "WWW"}-Authenticate: Digest realm="{host}", nonce="{new}",%s algorithm=MD5, qop="auth"\r\n'
    return ("407 Proxy Authentication Required" if calls else "401 Unauthorized"), asked % (" stale=true," if digest else ""), False


def answer(text, address):
    """The answer, and the Via that tells where it goes. None: there is none."""
    to, via = header(text, "To", "t"), header(text, "Via", "v")
    # sofia-sip undoes what need not be escaped.
    uri = re.sub(r'^\s*"(?:\\.|[^"\\])*"', "", to)
    user, host = (re.search(r"<sips?:([^@>]*)@([^>]*)>", uri) or re.search("()()", "")).groups()
    user = re.sub(r"%3(\d)", r"\1", user)
    method = header(text, "CSeq").split()[-1:]
    if method not in (["REGISTER"], ["INVITE"]):
        return None
    status, more, failed = verdict(text, method == ["INVITE"], user, host)
    if failed:
        log_failure(method[0], user, host, address.removeprefix("::ffff:"))
    return (f"SIP/2.0 {status}\r\nVia: {via}\r\nFrom: {header(text, 'From', 'f')}\r\nTo: {to};tag=1\r\n"
            f"Call-ID: {header(text, 'Call-ID', 'i')}\r\nCSeq: {header(text, 'CSeq')}\r\n{more}Content-Length: 0\r\n\r\n").encode("latin-1"), via


def serve_datagram(s):
    data, peer = s.recvfrom(65536)
    found = answer(data.decode("latin-1"), peer[0])
    if found:
        s.sendto(found[0], answer_to(found[1], peer))


def serve_stream(s):
    """Requests have no body. False: it is over."""
    try:
        data = s.recv(65536)
        for text in data.decode("latin-1").split("\r\n\r\n")[:-1]:
            s.sendall(answer(text + "\r\n\r\n", s.getpeername()[0])[0])
    except OSError:
        return False
    return len(data) > 0


datagrams = [socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) for _ in range(2)]
for datagram, port in zip(datagrams, (5060, 5091)):
    datagram.bind(("::", port))
listener = socket.create_server(("::", 5061), family=socket.AF_INET6, dualstack_ipv6=True)
streams = set()
print("on", flush=True)
while True:
    for ready in select.select([*datagrams, listener, *streams], [], [])[0]:
        if ready in datagrams:
            serve_datagram(ready)
        elif ready is listener:
            streams.add(listener.accept()[0])
        elif not serve_stream(ready):
            streams.remove(ready)
            ready.close()
