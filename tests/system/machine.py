"""A Debian that is booted in a container, for the tests of this folder.

A test file ends with run(globals(), prepare). It is then started again in new mount
and process namespaces: whatever it starts ends with it. prepare(machine) puts into
the machine's files what is to be tested; then it is booted.
"""
import atexit
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MARK = "SIPWARDEN_IN_NAMESPACE"
SCRATCH = os.environ.get(MARK, "")  # goes when the test ends
PACKAGES = ("systemd,systemd-sysv,dbus,nftables,iproute2,procps,libpcre2-8-0,libvectorscan5,libinih1,libmnl0,libnftnl11,"
            "libsqlite3-0,libcap-ng0,libseccomp2,libjansson4,libc-ares2,libmaxminddb0")
CACHE = os.path.join(TOP, "build", "system")
CACHE_SECONDS = 24 * 3600
GROUP = f"/sys/fs/cgroup/sipwarden-test-{os.path.basename(SCRATCH)}"
CONFIG = """
[exempt]
address = 198.51.100.0/24

[input asterisk]
path = /var/log/asterisk/full

[input kamailio]
type = journal
"""


def sh(*command, check=True, **kw):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, **kw)
    if check and done.returncode != 0:
        raise AssertionError(f"{command}: status {done.returncode}\n{done.stdout}")
    return done.stdout


def wait(what, condition, seconds=15):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds} s in vain: {what}")


def debian():
    """A tar of a fresh Debian. The first test that wants it makes it for all."""
    os.makedirs(CACHE, exist_ok=True)
    tar = os.path.join(CACHE, "debian.tar")
    packages = os.path.join(CACHE, "packages")
    with open(os.path.join(CACHE, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(tar) and time.time() - os.path.getmtime(tar) < CACHE_SECONDS and open(packages).read() == PACKAGES:
            return tar
        root = os.path.join(SCRATCH, "debian")
        sh("debootstrap", "--variant=minbase", "--include=" + PACKAGES, "bookworm", root)
        sh("tar", "-C", root, "--numeric-owner", "-cf", tar + ".new", ".")
        shutil.rmtree(root)
        with open(packages, "w") as f:
            f.write(PACKAGES)
        os.rename(tar + ".new", tar)
    return tar


class Machine:
    def __init__(self, root):
        self.root = root
        self.process = None
        self.leader = None

    def make(self):
        os.mkdir(self.root)
        sh("tar", "-C", self.root, "--numeric-owner", "-xf", debian())
        os.makedirs(self.root + "/var/log/asterisk")

    def configure(self):
        os.makedirs(self.root + "/etc/sipwarden/sipwarden.conf.d", exist_ok=True)
        with open(self.root + "/etc/sipwarden/sipwarden.conf.d/site.conf", "w") as f:
            f.write(CONFIG)

    def boot(self):
        # A control group of its own: the container's systemd ends every process in the one it gets.
        os.makedirs(GROUP, exist_ok=True)
        self.process = subprocess.Popen(["sh", "-c", f'echo $$ > {GROUP}/cgroup.procs && exec "$@"', "sh", "systemd-nspawn", "-D", self.root, "--boot", "--register=no", "--keep-unit",
                                         "--private-network", "--console=pipe"], stdin=subprocess.DEVNULL,
                                        # A machine has no filter of system calls; that of nspawn refuses Landlock.
                                        env=dict(os.environ, SYSTEMD_SECCOMP="0"),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.leader = wait("the container's init", lambda: sh("pgrep", "-P", str(self.process.pid), check=False).split())[0]
        wait("the machine is up", lambda: self.run("systemctl", "is-system-running", check=False).strip() in
             ("running", "degraded"), 60)

    def run(self, *command, check=True):
        return sh("nsenter", "-t", self.leader, "-a", *command, check=check)

    def json(self, *command, check=True):
        return json.loads(self.run("sipwarden", *command, "--json", check=check))

    def log(self, text):
        with open(self.root + "/var/log/asterisk/full", "a") as f:
            f.write(text)

    def kernel(self):
        return self.run("nft", "list", "table", "inet", "sipwarden", check=False)

    def active(self, unit):
        return self.run("systemctl", "is-active", unit, check=False).strip() == "active"

    def pid(self, unit):
        return int(wait(f"{unit} runs", lambda: self.run("systemctl", "show", "-P", "MainPID", unit).strip().lstrip("0")))

    def poweroff(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for path, _, _ in os.walk(GROUP, topdown=False):
            sh("rmdir", path, check=False)


def wrong_password(address, account):
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    return f"[{stamp}] NOTICE[1] chan_sip.c: Registration from '<sip:{account}@x>' failed for '{address}:5060' - Wrong password\n"


def attack(m, address, n=5):
    m.log("".join(wrong_password(address, i) for i in range(n)))


def banned(m, address):
    return wait(f"{address} is banned", lambda: f" {address} counter" in m.kernel())


def helper_serves(m):
    """Waits for agent and helper, also when the agent does not answer yet."""
    def ready():
        answer = m.run("sipwarden", "status", "--json", check=False)
        return answer.startswith("{") and json.loads(answer)["firewall_ready"]
    wait("the helper serves", ready)


def units_are_hardened(m):
    # Exposure in tenths, of 100. The audit is root's.
    for unit, most in (("sipwardend.service", 15), ("sipwarden-firewall.service", 15), ("sipwarden-audit.service", 25)):
        m.run("systemd-analyze", "security", f"--threshold={most}", unit)
    out = m.run("systemd-analyze", "verify", "--man=no", "sipwardend.service", "sipwarden-firewall.socket",
                "sipwarden-audit.timer", check=False)
    assert "sipwarden" not in out, out


def in_namespaces():
    if SCRATCH:
        return
    # The container's files go when all of its processes are gone.
    scratch = tempfile.mkdtemp(prefix="sipwarden-system-")
    atexit.register(shutil.rmtree, scratch, True)
    sys.exit(subprocess.run(["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable,
                             *sys.argv], env=dict(os.environ, **{MARK: scratch})).returncode)


def run(scope, prepare):
    in_namespaces()
    m = Machine(SCRATCH + "/root")
    m.make()
    prepare(m)
    sh("umount", "-l", "/sys/fs/cgroup", check=False)
    sh("mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup")
    sh("mount", "-t", "tmpfs", "tmpfs", "/run")
    os.makedirs("/run/systemd")
    m.boot()
    failed = 0
    for name, function in [(n, f) for n, f in scope.items() if n.startswith("test_")]:
        try:
            function(m)
            print(f"ok {name}", flush=True)
        except Exception:  # noqa: every kind of failure is one
            failed += 1
            traceback.print_exc(file=sys.stdout)
            print(m.run("journalctl", "-n", "40", "--no-pager", "-u", "sipwardend", "-u", "sipwarden-firewall", check=False))
            print(f"FAIL {name}", flush=True)
    m.poweroff()
    sys.exit(1 if failed else 0)
