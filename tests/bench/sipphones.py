"""A gateway with a real Kamailio, thousands of phones played by sipp, and a flood of forged sources.

For sipfirewall: the namespace of the caller is the gateway's, "internet" is beside it behind one wire.
"""
import csv
import os
import resource
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "e2e"), os.path.join(os.path.dirname(HERE), "demo")]

import gateway  # noqa: E402
from sipwarden_env import sh, wait  # noqa: E402

SERVER, ROUTER = "192.0.2.1", "192.0.2.254"
CALLEE, CARRIER = "10.2.0.1", "10.3.0.1"
SNIPPET = os.path.join(os.path.dirname(os.path.dirname(HERE)), "docs/gateways/kamailio-sipwarden.cfg")
HOME = "/run/bench"
INSIDE = ["ip", "netns", "exec", "internet"]


def connect():
    """The wire. All of 10.0.0.0/8 are phones; the gateway reaches everybody by its router, as most do."""
    sh("ip", "netns", "add", "internet")
    sh("ip", "link", "add", "wire0", "type", "veth", "peer", "name", "wire1", "netns", "internet")
    for command, device, address in ((["ip"], "wire0", SERVER), (["ip", "-n", "internet"], "wire1", ROUTER)):
        sh(*command, "address", "add", address + "/24", "dev", device)
        sh(*command, "link", "set", device, "up")
    sh("ip", "-n", "internet", "link", "set", "lo", "up")
    sh("ip", "-n", "internet", "route", "add", "local", "10.0.0.0/8", "dev", "lo")
    sh("ip", "route", "add", "default", "via", ROUTER)
    # Forged sources come from everywhere, as they do over the internet.
    for where in ("all", "default", "wire0"):
        sh("sysctl", "-qw", f"net.ipv4.conf.{where}.rp_filter=0")
    os.makedirs(HOME, exist_ok=True)
    # A socket for each phone.
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))


def cpu_of(pid):
    """CPU seconds of a process and all below it."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
    except FileNotFoundError:
        return 0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") + \
        sum(cpu_of(int(child)) for child in sh("pgrep", "-P", str(pid), check=False).split())


class Kamailio:
    def __init__(self):
        with open(f"{HERE}/sip/kamailio.cfg") as f, open(HOME + "/kamailio.cfg", "w") as g:
            g.write(f.read().replace("SNIPPET", SNIPPET))
        self.process = subprocess.Popen(["kamailio", "-f", HOME + "/kamailio.cfg", "-DD", "-w", HOME, "-Y", HOME, "-P", HOME + "/pid", "-m", "256"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait("Kamailio listens", lambda: f"{SERVER}:5060" in sh("ss", "-lnu"), 20)

    def cpu(self):
        return cpu_of(self.process.pid)

    def close(self):
        self.process.terminate()
        self.process.wait(20)


def credentials(user):
    """What sipp makes an answer to a challenge of."""
    return f"[authentication username={user} password=secret-of-the-bench]"


class Phones:
    """Addresses with an account each, from the first one on."""

    def __init__(self, name, first, count):
        self.count, self.file, self.name = count, f"{HOME}/{name}.csv", name
        with open(self.file, "w") as f:
            f.write("SEQUENTIAL\n" + "".join(f"10.{1 + (first + i) // 62500}.{(first + i) // 250 % 250}.{(first + i) % 250 + 1};{first + i + 1000};{credentials(first + i + 1000)}\n"
                                             for i in range(count)))


class Carrier:
    """One address, with as many calls at once as there are."""
    name, count, file = "carrier", 0, HOME + "/carrier.csv"

    def __init__(self):
        with open(self.file, "w") as f:
            f.write(f"SEQUENTIAL\n{CARRIER};carrier\n")


class Sipp:
    """Phones that all do the same, so many a second, one after another; each from a socket of its own."""
    runs = 0

    def __init__(self, phones, scenario, per_second, count=None, seconds=60):
        Sipp.runs += 1
        self.count = count or phones.count
        self.results = f"{HOME}/{phones.name}-{scenario}-{Sipp.runs}.csv"
        self.process = subprocess.Popen(
            [*INSIDE, "sipp", SERVER, "-sf", f"{HERE}/sip/{scenario}.xml", "-t", "ui", "-ip_field", "0", "-inf", phones.file, "-i", "10.9.9.9",
             "-p", str(20000 + Sipp.runs), "-m", str(self.count), "-r", str(per_second), "-l", str(self.count), "-max_socket", str(resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 1000),
             "-max_retrans", "60", "-max_non_invite_retrans", "60", "-max_invite_retrans", "60", "-timeout", str(seconds), "-nostdin", "-trace_stat", "-fd", "1",
             "-stf", self.results], cwd=HOME, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def rows(self):
        try:
            with open(self.results) as f:
                return [r for r in csv.DictReader(f, delimiter=";") if r.get("SuccessfulCall(C)")]
        except FileNotFoundError:
            return []

    def done(self):
        """How many have succeeded, as of the last second."""
        rows = self.rows()
        return int(rows[-1]["SuccessfulCall(C)"]) if rows else 0

    def times(self):
        """(seconds, how many had succeeded by then), once a second."""
        return [(seconds(r["ElapsedTime(C)"]), int(r["SuccessfulCall(C)"])) for r in self.rows()]

    def mean_time(self):
        """From the first request to the last answer, of those that got it."""
        rows = self.rows()
        return f"{seconds(rows[-1]['ResponseTime1(C)']):.2f} s" if rows and self.done() else "-"

    def wait(self):
        self.process.wait()
        return self.done()


def seconds(text):
    """00:01:02, perhaps with :345000"""
    parts = [int(p) for p in text.split(":")]
    return parts[0] * 3600 + parts[1] * 60 + parts[2] + (parts[3] / 1e6 if len(parts) > 3 else 0)


class Callee:
    """A phone that answers all calls."""

    def __init__(self):
        self.process = subprocess.Popen([*INSIDE, "sipp", SERVER, "-sf", f"{HERE}/sip/answer.xml", "-i", CALLEE, "-p", "5070", "-nostdin"],
                                        cwd=HOME, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(HOME + "/callee.csv", "w") as f:
            f.write(f"SEQUENTIAL\n{CALLEE};callee;{credentials('callee')}\n")

    def register(self):
        with open(f"{HERE}/sip/register.xml") as f, open(HOME + "/callee.xml", "w") as g:
            g.write(f.read().replace("@[field0]:[local_port]>", "@[field0]:5070>"))
        sh(*INSIDE, "sipp", SERVER, "-sf", HOME + "/callee.xml", "-inf", HOME + "/callee.csv", "-i", CALLEE, "-p", "5071", "-m", "1", "-nostdin",
           "-timeout", "10", "-timeout_error", cwd=HOME, stdin=subprocess.DEVNULL)

    def close(self):
        self.process.kill()
        self.process.wait()


class Flood:
    """Forged sources, each once, until the time is over."""

    def __init__(self, build, seconds, rate=0):
        mac = sh("ip", "-o", "link", "show", "wire0").split("link/ether ")[1].split()[0]
        self.process = subprocess.Popen([*INSIDE, f"{build}/bench/bench_sender", "wire1", mac, SERVER, "5060", str(seconds), str(rate)],
                                        stdout=subprocess.PIPE, text=True)

    def rate(self):
        """Packets a second, when it is over."""
        packets, took = self.process.communicate()[0].split()
        return float(packets) / float(took)

    def close(self):
        self.process.kill()
        self.process.wait()
