#!/usr/bin/python3
"""Both ends of a wire, for test_package.py; each runs in a network namespace of its own.

wire.py gateway LOG ARRIVED               a SIP gateway, as far as an attacker sees it: whatever
                                          arrives is a wrong password, and is logged so
wire.py attacker ADDRESS SOURCE SENT      sends from SOURCE to ADDRESS without end
ARRIVED gets a line with the source of each packet, SENT a byte.
"""
import socket
import sys
import time

from machine import wrong_password

PORT = 5060


def gateway(log, arrived):
    wire = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    wire.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    wire.bind(("::", PORT))
    with open(arrived, "a", 1) as sources, open(log, "a", 1) as lines:
        while True:
            account, (source, *_) = wire.recvfrom(100)
            source = source.removeprefix("::ffff:")
            sources.write(source + "\n")
            lines.write(wrong_password(source, account.decode()))


def attacker(address, source, sent):
    wire = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    wire.bind((source, 0))
    account = 1000
    with open(sent, "ab", 0) as count:
        while True:
            wire.sendto(str(account).encode(), (address, PORT))
            count.write(b".")
            account += 1
            time.sleep(0.001)


{"gateway": gateway, "attacker": attacker}[sys.argv[1]](*sys.argv[2:])
