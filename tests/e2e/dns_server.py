"""A DNS server for tests: it answers what it is told to, changes its mind, fails, or lies."""
import contextlib
import ipaddress
import socket
import struct
import threading

A, CNAME, AAAA, SRV = 1, 5, 28, 33
SERVFAIL, NXDOMAIN = 2, 3


def encode(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split(".") if label) + b"\0"


def data(kind, value):
    if kind in (A, AAAA):
        return ipaddress.ip_address(value).packed
    if kind == CNAME:
        return encode(value)
    return struct.pack("!HHH", 10, 10, 5060) + encode(value)


class Server:
    """On 127.0.0.53, by TCP what is too long for UDP. records: {(name, kind): [(ttl, value), …]}; a question about none of them: NXDOMAIN."""

    def __init__(self, address="127.0.0.53"):
        self.records = {}
        self.asked = []
        self.silent = False  # no answer at all
        self.code = 0        # answer with this error
        self.raw = None      # bytes behind the question, in place of records; with how many records it claims
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 53))
        self.socket.settimeout(0.05)
        self.closed = False
        self.listener = socket.create_server((address, 53))
        self.listener.settimeout(0.05)
        self.threads = [threading.Thread(target=t, daemon=True) for t in (self.serve, self.serve_tcp)]
        for thread in self.threads:
            thread.start()

    def set(self, name, kind, *values, ttl=30):
        self.records[(name, kind)] = [(ttl, v) for v in values]

    def clear(self):
        self.records = {}

    def serve(self):
        while not self.closed:
            try:
                question, peer = self.socket.recvfrom(4096)
            except OSError:
                continue
            answer = self.answer(question)
            if self.silent:
                continue
            if len(answer) > 512:  # RFC 1035 4.2.1: cut, and marked so
                answer = answer[:2] + b"\x82" + answer[3:6] + b"\0\0" + answer[8:12] + question[12:]
            self.socket.sendto(answer, peer)

    def serve_tcp(self):
        while not self.closed:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                continue
            with connection:
                connection.settimeout(2)
                with contextlib.suppress(OSError), connection.makefile("rwb") as stream:
                    while head := stream.read(2):
                        answer = self.answer(stream.read(struct.unpack("!H", head)[0]))
                        stream.write(struct.pack("!H", len(answer)) + answer)
                        stream.flush()

    def answer(self, question):
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        kind = struct.unpack("!H", question[at + 1:at + 3])[0]
        name, asked = ".".join(labels).lower(), question[12:at + 5]
        self.asked.append((name, kind))
        found = [(name, kind, r) for r in self.records.get((name, kind), [])]
        alias = self.records.get((name, CNAME))
        if alias:
            target = alias[0][1]
            found = [(name, CNAME, alias[0])] + [(target, kind, r) for r in self.records.get((target, kind), [])]
        known = found or any(n == name for n, _ in self.records)
        code = self.code or (0 if known else NXDOMAIN)
        if self.raw:
            return question[:2] + struct.pack("!HHHHH", 0x8180, 1, self.raw[1], 0, 0) + asked + self.raw[0]
        if self.code:
            found = []
        body = b""
        for owner, rr, (ttl, value) in found:
            text = data(rr, value)
            body += encode(owner) + struct.pack("!HHIH", rr, 1, ttl, len(text)) + text
        return question[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(found), 0, 0) + asked + body

    def close(self):
        self.closed = True
        for thread in self.threads:
            thread.join()
        self.socket.close()
        self.listener.close()
