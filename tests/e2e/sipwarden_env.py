"""What end-to-end tests need: namespaces of their own, an agent, the command.

A test file ends with run(globals()). It is then started again by unshare(1) in
new network, mount and process namespaces, with an empty /run: whatever the test
starts ends with it, and nothing of the host is touched.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("SIPWARDEN_BUILD", os.path.join(TOP, "build/release"))
MARK = "SIPWARDEN_IN_NAMESPACE"
# Status of "sipwarden status": bans are enforced, but something is wrong, as a log that is not there yet.
DEGRADED = 6


def sh(*command, check=True, **kw):
    """Runs a command and returns its standard output."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **kw)
    if check and done.returncode != 0:
        raise AssertionError(f"{command}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def wait(what, condition, seconds=10):
    """Waits until condition() is true, and returns its value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds} s in vain: {what}")


class Agent:
    """A sipwardend with a config and a state of its own."""

    def __init__(self, inputs, extra="", name="agent", sipwarden=""):
        self.dir = tempfile.mkdtemp(prefix="sipwarden-e2e-")
        self.name = name
        self.config = os.path.join(self.dir, "sipwarden.conf")
        self.table = "warden" + name
        self.base = f"""[sipwarden]
user = root
state_dir = {self.dir}/state
socket = {self.dir}/control.sock
filter_dirs = {self.dir}/filters {TOP}/filters
{sipwarden}
[firewall]
table = {self.table}
"""
        os.mkdir(os.path.join(self.dir, "filters"))
        self.write_config(inputs + extra)
        self.process = None
        self.log = os.path.join(self.dir, "agent.log")

    def write_config(self, text):
        with open(self.config, "w") as f:
            f.write(self.base + text)

    def path(self, name):
        return os.path.join(self.dir, name)

    def start(self):
        self.process = subprocess.Popen([f"{BUILD}/sipwardend", "--config", self.config], stderr=open(self.log, "a"))
        wait("the agent is ready", lambda: self.ctl("status", check=False)[0] in (0, DEGRADED))
        return self

    def ctl(self, *arguments, check=True):
        """Runs sipwarden; returns (status, standard output, standard error)."""
        done = subprocess.run([f"{BUILD}/sipwarden", "--config", self.config, *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
        if check and done.returncode not in (0, DEGRADED):
            raise AssertionError(f"sipwarden {arguments}: status {done.returncode}\n{done.stdout}{done.stderr}{self.logged()}")
        return done.returncode, done.stdout, done.stderr

    def json(self, *arguments, check=True):
        return json.loads(self.ctl(*arguments, "--json", check=check)[1])

    def banned(self):
        return {b["address"]: b for b in self.json("list")}

    def wait_banned(self, address, seconds=10):
        return wait(f"{address} is banned\n{self.logged()}", lambda: self.in_kernel(address) and self.banned().get(address),
                    seconds)

    def kernel(self):
        return sh("nft", "list", "table", "inet", self.table, check=False)

    def in_kernel(self, address):
        if address.count(":") == 1:  # a port of an IPv4 address
            address = address.replace(":", " . ")
        return f" {address} counter" in self.kernel()

    def logged(self):
        with open(self.log) as f:
            return f.read()

    def stop(self, signal_number=signal.SIGTERM):
        if self.process:
            self.process.send_signal(signal_number)
            self.process.wait(20)
            status, self.process = self.process.returncode, None
            return status
        return None

    def close(self):
        self.stop()
        sh("nft", "delete", "table", "inet", self.table, check=False)
        shutil.rmtree(self.dir, ignore_errors=True)


def in_namespaces():
    """Starts the test file again in namespaces of its own, unless it is."""
    if os.environ.get(MARK):
        sh("mount", "-t", "tmpfs", "tmpfs", "/run")
        sh("ip", "link", "set", "lo", "up")
        return
    os.environ[MARK] = "1"
    os.execvp("unshare", ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                          sys.executable, *sys.argv])


def run(scope):
    """Runs all functions test_… of the file, in their order."""
    in_namespaces()
    failed = 0
    for name, function in list(scope.items()):
        if not name.startswith("test_") or not callable(function):
            continue
        if len(sys.argv) > 1 and sys.argv[1] not in name:
            continue
        try:
            function()
            print(f"ok {name}", flush=True)
        except Exception:  # noqa: every kind of failure is one
            failed += 1
            traceback.print_exc(file=sys.stdout)
            print(f"FAIL {name}", flush=True)
    sys.exit(1 if failed else 0)
