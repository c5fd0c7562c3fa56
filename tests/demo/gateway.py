"""A small internet: a gateway with a real Kamailio and journald, a phone, attackers.

To be used in network, mount and process namespaces of one's own, with an empty
/run (see tests/e2e/sipwarden_env.py): nothing of the host is touched, and all of
it ends with them.
"""
import os
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SNIPPET = os.path.join(os.path.dirname(os.path.dirname(HERE)), "docs/gateways/kamailio-sipwarden.cfg")
SERVER = "192.0.2.1"
PHONE = "192.0.2.3"
PASSWORD = "secret-of-the-demo"


def quiet(*command, **kw):
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, **kw)


def need(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{command}: {done.stdout}")
    return done.stdout


def make_network(hosts):
    """Network namespaces "gateway" and "internet", joined by a wire; hosts are addresses on the internet's side."""
    for name in ("gateway", "internet"):
        need("ip", "netns", "add", name)
        need("ip", "-n", name, "link", "set", "lo", "up")
    need("ip", "link", "add", "wire0", "type", "veth", "peer", "name", "wire1")
    need("ip", "link", "set", "wire0", "netns", "gateway")
    need("ip", "link", "set", "wire1", "netns", "internet")
    need("ip", "-n", "gateway", "addr", "add", SERVER + "/24", "dev", "wire0")
    for host in hosts:
        need("ip", "-n", "internet", "addr", "add", host + "/24", "dev", "wire1")
    need("ip", "-n", "gateway", "link", "set", "wire0", "up")
    need("ip", "-n", "internet", "link", "set", "wire1", "up")


def start_journald():
    os.makedirs("/run/systemd/journal", exist_ok=True)
    os.makedirs("/run/log/journal", exist_ok=True)
    process = subprocess.Popen(["/lib/systemd/systemd-journald"], stderr=subprocess.DEVNULL)
    end = time.monotonic() + 10
    while not os.path.exists("/run/systemd/journal/stdout"):
        if time.monotonic() > end:
            raise RuntimeError("journald does not start")
        time.sleep(0.05)
    return process


def mount_dev():
    """A /dev of our own, whose log is our journald's."""
    os.mkdir("/run/dev")
    for name in ("null", "zero", "random", "urandom"):
        open("/run/dev/" + name, "w").close()
        need("mount", "--bind", "/dev/" + name, "/run/dev/" + name)
    os.mkdir("/run/dev/shm")
    os.symlink("/run/systemd/journal/dev-log", "/run/dev/log")
    need("mount", "--rbind", "/run/dev", "/dev")


def start_kamailio():
    """Kamailio that logs as docs/gateways/kamailio.md recommends: with its snippet, through syslog, to the journal."""
    mount_dev()
    home = "/run/kamailio"
    os.makedirs(home, exist_ok=True)
    with open(os.path.join(HERE, "kamailio.cfg")) as f:
        text = f.read().replace("LISTEN_ADDRESS", SERVER).replace("SNIPPET", SNIPPET)
    with open(home + "/kamailio.cfg", "w") as f:
        f.write(text)
    process = subprocess.Popen(["ip", "netns", "exec", "gateway", "kamailio", "-f", home + "/kamailio.cfg", "-DD", "-w", home,
                                "-Y", home, "-P", home + "/pid"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 20
    while not register(PHONE):
        if time.monotonic() > end:
            raise RuntimeError("Kamailio does not answer")
        time.sleep(0.2)
    return process


def internet(*command, **kw):
    return quiet("ip", "netns", "exec", "internet", *command, **kw)


def first_address():
    return need("ip", "-n", "internet", "-4", "-o", "addr", "show", "dev", "wire1").split("inet ")[1].split("/")[0]


def sipp(scenario, source, *options, seconds=4):
    return internet("timeout", str(seconds), "sipp", SERVER, "-sf", os.path.join(HERE, scenario), "-i", source, "-nostdin", *options,
                    cwd="/run").returncode == 0


def register(source, password=PASSWORD, count=1, seconds=3):
    """A phone registers; true if the gateway served it."""
    return sipp("register.xml", source, "-s", "100", "-au", "100", "-ap", password, "-m", str(count), "-r", "20", "-timeout",
                str(seconds), "-timeout_error", seconds=seconds + 1)


def guess_passwords(source, count=10):
    sipp("register.xml", source, "-s", "100", "-au", "100", "-ap", "wrong", "-m", str(count), "-r", "50", "-timeout", "2", seconds=3)


def scan(source):
    """sipvicious, as it comes: looks for gateways, then for extensions. It sends from the first address there is."""
    assert first_address() == source
    internet("timeout", "4", "svmap", SERVER)
    internet("timeout", "4", "svwar", "-e", "100-130", "-m", "REGISTER", SERVER)


def dial(source, count=40):
    """A burst of calls abroad."""
    sipp("invite.xml", source, "-s", "100", "-m", str(count), "-r", str(count), "-timeout", "4")
