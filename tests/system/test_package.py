#!/usr/bin/python3
"""The Debian package on a Debian that is booted in a container: install, attack, upgrade, remove, purge."""
import glob
import json
import os
import re
import subprocess
import sys

from machine import SCRATCH, TOP, attack, banned, helper_serves, run, sh, units_are_hardened, wait

GATEWAY, GATEWAY6 = "192.0.2.1", "2001:db8::1"
# He is banned for what he does; and these two before they begin, by their networks, which are in sets of other kinds.
ATTACKER, NEIGHBOUR, ATTACKER6 = "192.0.2.66", "192.0.2.130", "2001:db8:0:66::1"
NETWORK, NETWORK6 = "192.0.2.128/25", "2001:db8:0:66::/64"
NEXT = "99.0"  # the version of the next package
CONFIG = "/etc/sipwarden/sipwarden.conf"
FIREWALL = CONFIG + ".d/sip-firewall.conf"
FIREWALL_CHAIN = "chain sip_udp"
UNITS = ("sipwardend.service", "sipwarden-firewall.service")
DAEMONS = []  # run until the test's namespaces end
wire = {}


def build_both(deb):
    """The package, and one of a higher version whose sipwarden.conf is another. Returns their paths."""
    sh("make", "-C", TOP, "deb", "DEB=" + deb)
    tree = deb + "/sipwarden"
    with open(tree + "/docs/sipwarden.conf", "a") as f:
        f.write("\n# What the next version has.\n")
    with open(tree + "/debian/changelog") as f:
        changes = f.read()
    with open(tree + "/debian/changelog", "w") as f:
        f.write(re.sub(r"\(.*?\)", f"({NEXT})", changes, count=1))
    first = glob.glob(deb + "/sipwarden_*.deb")[0]
    sh("dpkg-buildpackage", "--build=binary", "--no-sign", cwd=tree, env=dict(os.environ, DEB_BUILD_OPTIONS="nocheck"))
    return first, glob.glob(f"{deb}/sipwarden_{NEXT}_*.deb")[0]


def prepare(m):
    first, following = build_both(SCRATCH + "/deb")
    os.rename(first, m.root + "/root/first.deb")
    os.rename(following, m.root + "/root/next.deb")


def apt(m, *arguments):
    return m.run("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-o", "Dpkg::Options::=--force-confdef", *arguments)


def daemon(*command):
    DAEMONS.append(subprocess.Popen(command, stdin=subprocess.DEVNULL))
    return DAEMONS[-1].pid


def counted(what):
    return os.path.getsize(wire[what]) if os.path.exists(wire[what]) else 0


def sent_another(n):
    """Waits until the attackers have sent so many more."""
    goal = counted("sent") + n
    wait(f"{n} packets are sent", lambda: counted("sent") >= goal)


def arrivals(since):
    """The sources of what has arrived since counted("arrived") was that."""
    with open(wire["arrived"]) as f:
        f.seek(since)
        return set(f.read().split())


def lay_wire(m):
    """Between the machine and a namespace for attackers. Returns how to run something at the one and the other end."""
    attacker = str(daemon("unshare", "--net", "sleep", "infinity"))
    own = os.readlink("/proc/self/ns/net")
    wait("the attackers' namespace", lambda: os.readlink(f"/proc/{attacker}/ns/net") != own)
    gateway, attackers = ("nsenter", "-t", m.leader, "-n"), ("nsenter", "-t", attacker, "-n")
    sh(*gateway, "ip", "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", attacker)
    for side, addresses in ((gateway, (GATEWAY + "/24", GATEWAY6 + "/32")),
                            (attackers, (ATTACKER + "/24", NEIGHBOUR + "/24", ATTACKER6 + "/32"))):
        for address in addresses:
            sh(*side, "ip", "address", "add", address, "dev", "wire", *(("nodad",) if ":" in address else ()))
        sh(*side, "ip", "link", "set", "wire", "up")
    # Whoever is banned is not answered when he asks for it.
    link = json.loads(sh(*gateway, "ip", "-json", "link", "show", "wire"))[0]["address"]
    sh(*attackers, "ip", "neighbour", "add", GATEWAY6, "lladdr", link, "nud", "permanent", "dev", "wire")
    return gateway, attackers


def version(m):
    return m.json("status", check=False)["version"]


def pids(m):
    return {unit: m.pid(unit) for unit in UNITS}


def edit_config(m, text):
    with open(m.root + CONFIG, "a") as f:
        f.write(text)


def test_install_enables_and_starts_and_is_harmless(m):
    output = apt(m, "install", "/root/first.deb")
    assert output.index("would limit packets to these ports") < output.index("the SIP firewall is switched on"), output
    assert m.active("sipwardend.service") and m.active("sipwarden-firewall.socket")
    for unit in ("sipwardend.service", "sipwarden-firewall.socket"):
        assert m.run("systemctl", "is-enabled", unit).strip() == "enabled"
    helper_serves(m)
    assert m.json("list") == []
    assert m.run("systemctl", "show", "-P", "NRestarts", "sipwardend.service").strip() == "0"
    errors = m.run("journalctl", "--quiet", "-p", "err", "-u", "sipwardend", "-u", "sipwarden-firewall")
    assert errors == "", errors
    m.run("sipwarden", "check")


def test_a_first_install_has_the_sip_firewall_on_and_the_admin_has_the_last_word(m):
    wait("it is in the kernel", lambda: FIREWALL_CHAIN in m.kernel())
    shown = m.json("firewall", "show")
    assert shown["on"] and shown["enabled"] and shown["switched"] is None, shown
    os.unlink(m.root + FIREWALL)
    m.run("systemctl", "reload", "sipwardend.service")
    wait("it is not in the kernel", lambda: FIREWALL_CHAIN not in m.kernel())


def test_what_is_installed_is_whole(m):
    assert m.run("dpkg", "--verify", "sipwarden") == ""
    assert CONFIG in m.run("dpkg-query", "-W", "-f", "${Conffiles}", "sipwarden")
    assert m.run("id", "-un", "sipwarden").strip() == "sipwarden"
    docs = "/usr/share/doc/sipwarden/"
    with open(m.root + docs + "README.md") as f:
        links = re.findall(r"\]\(([^)#]+)\)", f.read())
    assert links
    for link in links:
        m.run("test", "-e", docs + link)  # there: links lead outside of the machine here
    files = m.run("dpkg", "-L", "sipwarden").split()
    for part in ("man8/sipwardend.8.gz", "man5/sipwarden-filter.5.gz", "completions/sipwarden", "/_sipwarden",
                 "filters/asterisk.conf", "gateways/kamailio-sipwarden.cfg", "/copyright", "/changelog.gz"):
        assert any(f.endswith(part) for f in files), part


def test_systemd_finds_the_units_hardened(m):
    units_are_hardened(m)


def test_an_attack_over_the_wire_is_banned(m):
    m.configure()
    edit_config(m, "\n# By hand.\n")
    m.run("systemctl", "reload", "sipwardend.service")
    for network in (NETWORK, NETWORK6):
        m.run("sipwarden", "ban", network)
    gateway, attackers = lay_wire(m)
    wire.update(arrived=SCRATCH + "/arrived", sent=SCRATCH + "/sent")
    script = (sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "wire.py"))
    daemon(*gateway, *script, "gateway", m.root + "/var/log/asterisk/full", wire["arrived"])
    for address, source in ((GATEWAY, ATTACKER), (GATEWAY, NEIGHBOUR), (GATEWAY6, ATTACKER6)):
        daemon(*attackers, *script, "attacker", address, source, wire["sent"])
    wait("packets arrive", lambda: counted("arrived") > 0)
    banned(m, ATTACKER)
    sent_another(30)  # what was on its way has arrived
    before = counted("arrived")
    sent_another(900)
    assert counted("arrived") == before
    assert arrivals(0) == {ATTACKER}
    for one in (ATTACKER, NETWORK, NETWORK6.split("/", maxsplit=1)[0]):
        assert int(re.search(rf"\b{one} counter packets (\d+)", m.kernel()).group(1)) >= 100, m.kernel()


def test_an_upgrade_leaves_no_gap_and_restarts_both_halves(m):
    arrived, running, first = counted("arrived"), pids(m), version(m)
    before = counted("sent")
    upgrade = subprocess.Popen(["nsenter", "-t", m.leader, "-a", "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-o",
                                "Dpkg::Options::=--force-confdef", "install", "/root/next.deb"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    attack(m, "203.0.113.9")  # what is logged meanwhile is not lost
    output = upgrade.communicate()[0]
    assert upgrade.returncode == 0, output
    assert "there is a SIP firewall now" in output, output
    sent_another(100)
    banned(m, "203.0.113.9")
    assert first != NEXT and version(m) == NEXT
    after = pids(m)
    assert all(after[unit] != running[unit] for unit in UNITS), (running, after)
    assert counted("sent") > before + 300
    assert counted("arrived") == arrived


def test_a_changed_config_is_kept_at_an_upgrade(m):
    with open(m.root + CONFIG) as f:
        assert f.read().endswith("# By hand.\n")
    with open(m.root + CONFIG + ".dpkg-dist") as f:
        assert f.read().endswith("# What the next version has.\n")
    assert os.path.exists(m.root + CONFIG + ".d/site.conf")


def test_an_upgrade_switches_no_sip_firewall_on(m):
    assert not os.path.exists(m.root + FIREWALL)
    assert not m.json("firewall", "show")["on"] and FIREWALL_CHAIN not in m.kernel()


def test_a_mistake_in_the_config_fails_no_upgrade_and_costs_no_protection(m):
    running, arrived = pids(m), counted("arrived")
    edit_config(m, "[rule x]\nnonsense = 1\n")
    output = apt(m, "install", "--reinstall", "/root/next.deb")
    assert "nonsense" in output and "not restarted" in output, output
    assert pids(m) == running
    assert m.run("dpkg-query", "-W", "-f", "${db:Status-Abbrev}", "sipwarden").strip() == "ii"
    attack(m, "203.0.113.10")
    banned(m, "203.0.113.10")
    sent_another(100)
    assert counted("arrived") == arrived


def test_remove_stops_it_and_takes_its_table_away_in_spite_of_a_mistake(m):
    arrived = counted("arrived")
    apt(m, "remove", "sipwarden")
    for unit in (*UNITS, "sipwarden-firewall.socket"):
        assert not m.active(unit), unit
    assert "sipwarden" not in m.run("nft", "list", "tables")
    wait("packets of all arrive", lambda: arrivals(arrived) == {ATTACKER, NEIGHBOUR, ATTACKER6})
    assert m.run("sh", "-c", "ps -C sipwardend -o pid= || true").strip() == ""
    for path in (CONFIG, CONFIG + ".d/site.conf", "/var/lib/sipwarden/sipwarden.db"):
        assert os.path.exists(m.root + path), path


def test_installed_again_it_goes_on_with_config_and_bans(m):
    with open(m.root + CONFIG) as f:
        text = f.read()
    with open(m.root + CONFIG, "w") as f:
        f.write(text.replace("[rule x]\nnonsense = 1\n", ""))
    apt(m, "install", "/root/next.deb")
    assert m.active("sipwardend.service")
    banned(m, "203.0.113.9")
    with open(m.root + CONFIG) as f:
        assert f.read().endswith("# By hand.\n")
    assert not os.path.exists(m.root + FIREWALL)


def test_what_the_admin_has_disabled_stays_so_at_an_upgrade(m):
    m.run("systemctl", "disable", "--now", "sipwardend.service")
    apt(m, "install", "--reinstall", "/root/next.deb")
    assert not m.active("sipwardend.service")
    assert m.run("systemctl", "is-enabled", "sipwardend.service", check=False).strip() == "disabled"


def test_the_timer_of_reports_is_the_admins_to_switch_on(m):
    assert m.run("systemctl", "is-enabled", "sipwarden-report.timer", check=False).strip() == "disabled"
    m.run("systemctl", "enable", "--now", "sipwarden-report.timer")
    assert m.active("sipwarden-report.timer")


def test_purge_leaves_only_the_user(m):
    apt(m, "purge", "sipwarden")
    assert "sipwarden" not in m.run("nft", "list", "tables")
    for path in ("/etc/sipwarden", "/var/lib/sipwarden"):
        assert not os.path.exists(m.root + path), path
    m.run("test", "!", "-e", "/run/sipwarden")
    left = m.run("find", "/", "-xdev", "(", "-path", "/var/log", "-o", "-path", "/proc", ")", "-prune", "-o", "-name",
                 "*sipwarden*", "-print")
    assert left == "", left
    m.run("id", "sipwarden")
    assert m.run("systemctl", "--failed", "--plain", "--no-legend", "list-units", "sipwarden*") == ""


run(globals(), prepare)
