#!/usr/bin/python3
"""Runs a program where some system calls seem not to be: a filter answers them with an error.

without.py ERROR CALL[,CALL…] PROGRAM ARGUMENT…    e.g. without.py ENOSYS landlock_create_ruleset sipwardend
"""
import ctypes
import errno
import os
import struct
import sys

NUMBERS = {"landlock_create_ruleset": 444, "seccomp": 317}  # x86_64
LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06  # classic BPF
ALLOW, ERRNO = 0x7fff0000, 0x00050000
PR_SET_SECCOMP, SECCOMP_MODE_FILTER, PR_SET_NO_NEW_PRIVS = 22, 2, 38

error, calls, command = getattr(errno, sys.argv[1]), sys.argv[2].split(","), sys.argv[3:]
steps = [(LOAD, 0, 0, 0)]
for call in calls:
    steps += [(JUMP_EQUAL, 0, 1, NUMBERS[call]), (RETURN, 0, 0, ERRNO | error)]
steps.append((RETURN, 0, 0, ALLOW))
program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *s) for s in steps))
header = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(program)))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0):
    sys.exit(f"seccomp: {os.strerror(ctypes.get_errno())}")
os.execv(command[0], command)
