#!/usr/bin/python3
"""Makes another process, which knows nothing of it, make system calls: what an intruder in it could try.

inject.py PID CALL…   each CALL is a JSON list [NAME, ARGUMENT…]; prints one JSON value for each:
                      the result, {"error": "EPERM"}, or {"killed": "SIGSYS"}, after which there is no more

An argument is a number, a text (its address is passed), {"bytes": HEX} (the same), or {"result": N}: what call N
gave, so that connect can follow socket. The process is stopped by ptrace(2) as root, and goes on as if nothing had been.
"""
import ctypes
import errno
import json
import os
import platform
import signal
import struct
import sys

NUMBERS = {  # x86_64: arch/x86/entry/syscalls/syscall_64.tbl
    "read": 0, "write": 1, "open": 2, "close": 3, "mmap": 9, "mprotect": 10, "ioctl": 16, "shmat": 30, "getpid": 39,
    "socket": 41, "connect": 42, "sendto": 44, "bind": 49, "listen": 50, "setsockopt": 54, "clone": 56, "fork": 57, "execve": 59,
    "kill": 62, "truncate": 76, "rename": 82, "mkdir": 83, "link": 86, "unlink": 87, "symlink": 88, "chmod": 90, "chown": 92,
    "ptrace": 101, "setuid": 105, "mknod": 133, "personality": 135, "pivot_root": 155, "prctl": 157, "chroot": 161,
    "mount": 165, "reboot": 169, "sethostname": 170, "setxattr": 188, "add_key": 248, "keyctl": 250, "unshare": 272,
    "perf_event_open": 298, "process_vm_readv": 310, "bpf": 321, "execveat": 322, "memfd_create": 319, "userfaultfd": 323,
    "io_uring_setup": 425, "pidfd_open": 434, "clone3": 435, "seteuid": 117,
}
REGISTERS = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base "
             "ds es fs gs").split()  # struct user_regs_struct
ARGUMENTS = ("rdi", "rsi", "rdx", "r10", "r8", "r9")
PTRACE_PEEKTEXT, PTRACE_POKEDATA, PTRACE_CONT, PTRACE_GETREGS, PTRACE_SETREGS, PTRACE_DETACH, PTRACE_SYSCALL = 1, 5, 7, 12, 13, 17, 24
PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_O_TRACESYSGOOD = 0x4206, 0x4207, 1
SYSCALL_INSTRUCTION = b"\x0f\x05"
WALL = 0x40000000
RED_ZONE = 4096  # far below what the process has on its stack
RESTARTS = range(-516, -511)  # ERESTARTSYS …: never seen by a program

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def ptrace(request, pid, address=None, data=None):
    ctypes.set_errno(0)
    result = libc.ptrace(request, pid, address, data)
    if result == -1 and ctypes.get_errno():
        raise OSError(ctypes.get_errno(), f"ptrace {request}")
    return result


class Killed(Exception):
    pass


class Replaced(Exception):
    """It is another program now."""


class Injector:
    def __init__(self, pid):
        self.pid = pid
        ptrace(PTRACE_SEIZE, pid, None, PTRACE_O_TRACESYSGOOD)
        ptrace(PTRACE_INTERRUPT, pid)
        self.stop()
        self.saved = self.registers()
        self.memory = os.open(f"/proc/{pid}/mem", os.O_RDWR)
        # It sleeps in a system call, or has just left one.
        self.at = next(a for a in (self.saved["rip"] - 2, self.saved["rip"])
                       if os.pread(self.memory, 2, a) == SYSCALL_INSTRUCTION)
        self.results = []

    def stop(self):
        _, status = os.waitpid(self.pid, WALL)
        if not os.WIFSTOPPED(status):
            raise Killed(signal.Signals(os.WTERMSIG(status)).name)
        return os.WSTOPSIG(status)

    def registers(self):
        buffer = ctypes.create_string_buffer(8 * len(REGISTERS))
        ptrace(PTRACE_GETREGS, self.pid, None, ctypes.cast(buffer, ctypes.c_void_p))
        return dict(zip(REGISTERS, struct.unpack(f"{len(REGISTERS)}Q", buffer.raw)))

    def set(self, registers):
        buffer = ctypes.create_string_buffer(struct.pack(f"{len(REGISTERS)}Q", *(registers[r] for r in REGISTERS)))
        ptrace(PTRACE_SETREGS, self.pid, None, ctypes.cast(buffer, ctypes.c_void_p))

    def place(self, values):
        """Arguments as numbers; texts lie on the stack."""
        top, numbers = self.saved["rsp"] - RED_ZONE, []
        for value in values:
            if isinstance(value, dict) and "result" in value:
                value = self.results[value["result"]]
            if isinstance(value, int):
                numbers.append(value & (2 ** 64 - 1))
                continue
            data = value.encode() + b"\0" if isinstance(value, str) else bytes.fromhex(value["bytes"])
            top -= len(data) + 15 & ~15
            os.pwrite(self.memory, data, top)
            numbers.append(top)
        return numbers

    def call(self, name, *values):
        result = self.run(name, self.place(values))
        if name.startswith("execve") and result == 0:
            raise Replaced
        # A filter's verdict to end the process comes after the call has seemed to end.
        self.run("getpid", [])
        self.results.append(result)
        return {"error": errno.errorcode[-result]} if -4096 < result < 0 else result

    def run(self, name, numbers):
        r = dict(self.saved, rip=self.at, rax=NUMBERS[name], orig_rax=2 ** 64 - 1)
        r.update(zip(ARGUMENTS, numbers))
        self.set(r)
        for _ in ("entry", "exit"):
            ptrace(PTRACE_SYSCALL, self.pid)
            while (stopped_by := self.stop()) != signal.SIGTRAP | 0x80:
                ptrace(PTRACE_SYSCALL, self.pid, None, stopped_by if stopped_by != signal.SIGTRAP else 0)
        return struct.unpack("q", struct.pack("Q", self.registers()["rax"]))[0]

    def leave(self):
        r = dict(self.saved)
        if struct.unpack("q", struct.pack("Q", r["rax"]))[0] in RESTARTS:
            r["rax"] = 2 ** 64 - errno.EINTR
        self.set(r)
        ptrace(PTRACE_DETACH, self.pid)


def main():
    assert platform.machine() == "x86_64", "the numbers are those of x86_64"
    i = Injector(int(sys.argv[1]))
    try:
        for call in sys.argv[2:]:
            print(json.dumps(i.call(*json.loads(call))), flush=True)
        i.leave()
    except Replaced:
        print("0", flush=True)
    except Killed as e:
        print(json.dumps({"killed": str(e)}), flush=True)


if __name__ == "__main__":
    main()
