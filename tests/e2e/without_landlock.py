#!/usr/bin/python3
"""Runs a program on a kernel that seems to know no Landlock: seccomp answers ENOSYS to landlock_create_ruleset(2).

without_landlock.py PROGRAM ARGUMENT…
"""
import ctypes
import errno
import os
import struct
import sys

CREATE_RULESET = 444  # the same everywhere
LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06  # classic BPF
ALLOW, ERRNO = 0x7fff0000, 0x00050000
PR_SET_SECCOMP, SECCOMP_MODE_FILTER, PR_SET_NO_NEW_PRIVS = 22, 2, 38

program = b"".join(struct.pack("HBBI", *i) for i in ((LOAD, 0, 0, 0), (JUMP_EQUAL, 0, 1, CREATE_RULESET),
                                                     (RETURN, 0, 0, ERRNO | errno.ENOSYS), (RETURN, 0, 0, ALLOW)))
buffer = ctypes.create_string_buffer(program)
header = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(buffer)))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0):
    sys.exit(f"seccomp: {os.strerror(ctypes.get_errno())}")
os.execv(sys.argv[1], sys.argv[1:])
