#!/usr/bin/python3
"""Both ends of a wire, for test_package.py; each runs in a network namespace of its own.

wire.py gateway ADDRESS LOG ARRIVED   a SIP gateway, as far as an attacker sees it: whatever
                                      arrives is a wrong password, and is logged so
wire.py attacker ADDRESS SENT         sends there without end
ARRIVED and SENT get a byte for each packet.
"""
import socket
import sys
import time

from machine import wrong_password

PORT = 5060


def gateway(address, log, arrived):
    wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    wire.bind((address, PORT))
    with open(arrived, "ab", 0) as count, open(log, "a", 1) as lines:
        while True:
            account, (source, _) = wire.recvfrom(100)
            count.write(b".")
            lines.write(wrong_password(source, account.decode()))


def attacker(address, sent):
    wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    account = 1000
    with open(sent, "ab", 0) as count:
        while True:
            wire.sendto(str(account).encode(), (address, PORT))
            count.write(b".")
            account += 1
            time.sleep(0.001)


{"gateway": gateway, "attacker": attacker}[sys.argv[1]](*sys.argv[2:])
