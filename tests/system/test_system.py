#!/usr/bin/python3
"""sipwarden installed by make install on a Debian that is booted in a container: its units, for real."""
import json
import os
import shutil
import subprocess
import sys
import time

from machine import TOP, attack, banned, helper_serves, run, sh, units_are_hardened, wait


def prepare(m):
    sh("make", "-C", TOP, "install", "DESTDIR=" + m.root)
    m.configure()


def test_the_units_start(m):
    m.run("systemd-sysusers")
    m.run("systemd-tmpfiles", "--create", "sipwarden.conf")
    m.run("systemctl", "daemon-reload")
    m.run("systemctl", "enable", "--now", "sipwarden-firewall.socket", "sipwardend.service")
    assert m.active("sipwardend.service")
    helper_serves(m)


def test_each_has_only_the_rights_it_needs(m):
    def status(unit, key):
        text = m.run("cat", f"/proc/{m.pid(unit)}/status")
        return next(line.split()[1] for line in text.splitlines() if line.startswith(key + ":"))
    assert int(status("sipwardend.service", "CapEff"), 16) == 0
    assert int(status("sipwardend.service", "CapBnd"), 16) == 0
    assert int(status("sipwarden-firewall.service", "CapEff"), 16) == 1 << 12  # CAP_NET_ADMIN
    assert int(status("sipwarden-firewall.service", "CapBnd"), 16) == 1 << 12
    assert status("sipwardend.service", "Uid") != "0" and status("sipwarden-firewall.service", "Uid") != "0"


def inject(m, unit, *calls):
    """What system calls lead to inside of the unit's process, seen from outside of the container."""
    inside = str(m.pid(unit))
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with open(f"/proc/{pid}/status") as f:
            status = f.read()
        if "Name:\tsipwardend" in status and next(x for x in status.splitlines() if x.startswith("NSpid:")).split()[-1] == inside:
            out = sh(sys.executable, TOP + "/tests/e2e/inject.py", pid, *map(json.dumps, calls))
            return json.loads(out.splitlines()[-1])
    raise AssertionError(f"{unit} has no process")


def test_they_are_confined_as_in_the_foreground(m):
    writable_and_executable, stream, read_only, write_only = ["mmap", 0, 4096, 7, 0x22, -1, 0], ["socket", 1, 1, 0], 0, 1
    for unit in ("sipwardend.service", "sipwarden-firewall.service"):
        assert "confined" not in m.run("journalctl", "-u", unit, "--no-pager"), "the kernel has all that is needed"
        for call in (writable_and_executable, stream, ["open", "/var/log/asterisk/full", write_only]):
            assert "error" in inject(m, unit, call), (unit, call)
    assert "error" in inject(m, "sipwarden-firewall.service", ["open", "/etc/passwd", read_only])
    assert "error" not in str(inject(m, "sipwarden-firewall.service", ["open", "/etc/sipwarden/sipwarden.conf", read_only]))
    for unit in ("sipwarden-firewall.service", "sipwardend.service"):
        pid = m.pid(unit)
        assert inject(m, unit, ["execve", "/bin/sh", 0, 0]) == {"killed": "SIGSYS"}
        wait("another process", lambda: m.pid(unit) != pid)
    helper_serves(m)


def test_systemd_finds_them_hardened(m):
    units_are_hardened(m)


def test_the_audit_runs_by_itself_and_tells_what_is_new(m):
    def audits(message):
        out = m.run("journalctl", "-o", "json", "MESSAGE_ID=" + message, check=False)
        return [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    audit, finding = "802a7831744d4ef9bdcaa52ee4c333eb", "9348c6f1590f4b8e961d173fa98eb2ff"
    m.run("systemctl", "start", "sipwarden-audit.timer")
    assert m.active("sipwarden-audit.timer")
    m.run("sh", "-c", "mkdir -p /etc/asterisk && chmod 700 /etc/asterisk && chown nobody /etc/asterisk && "
          "printf '[100]\\ntype=auth\\npassword=100\\n' > /etc/asterisk/pjsip.conf && chmod 640 /etc/asterisk/pjsip.conf")
    m.run("systemctl", "start", "sipwarden-audit.service")
    wait("it is told", lambda: len(audits(audit)) == 1)
    assert "(there was none before)" in audits(audit)[0]["MESSAGE"] and not audits(finding)
    m.run("sh", "-c", "printf '[101]\\ntype=auth\\npassword=101\\n' >> /etc/asterisk/pjsip.conf")
    m.run("systemctl", "start", "sipwarden-audit.service")
    wait("what is new is told", lambda: len(audits(audit)) == 2)
    assert [f["SIPWARDEN_FINDING"] for f in audits(finding)] == ["weak-password:pjsip.conf/101"]
    assert m.run("stat", "-c", "%a %U", "/var/lib/sipwarden-audit", "/var/lib/sipwarden-audit/report.txt").split() == [
        "700", "root", "600", "root"]
    report = m.run("cat", "/var/lib/sipwarden-audit/report.txt")
    assert "weak-password:pjsip.conf/100" in report and "cannot be read" not in report, report
    m.run("rm", "-r", "/etc/asterisk")


def test_attacks_in_file_and_journal_are_banned(m):
    attack(m, "192.0.2.5")
    banned(m, "192.0.2.5")
    attack(m, "198.51.100.7")
    line = "NOTICE: <script>: sipwarden scanner src={}:5060 proto=udp id='1' user='1' ua='friendly-scanner'"
    m.run("sh", "-c", f'echo "{line.format("192.0.2.11")}" | systemd-cat -t kamailio')  # as a sender can have it printed
    m.run("logger", "-t", "kamailio", line.format("192.0.2.6"))
    banned(m, "192.0.2.6")
    assert {b["address"] for b in m.json("list")} == {"192.0.2.5", "192.0.2.6"}


def test_reload_works_and_a_bad_one_changes_nothing(m):
    pid = m.pid("sipwardend.service")
    m.run("systemctl", "reload", "sipwardend.service")
    config = m.root + "/etc/sipwarden/sipwarden.conf"
    with open(config) as f:
        good = f.read()
    with open(config, "a") as f:
        f.write("[rule x]\nnonsense = 1\n")
    done = subprocess.run(["nsenter", "-t", m.leader, "-a", "systemctl", "reload", "sipwardend.service"], stderr=subprocess.DEVNULL)
    assert done.returncode != 0
    assert m.pid("sipwardend.service") == pid
    with open(config, "w") as f:
        f.write(good)
    m.run("systemctl", "reload", "sipwardend.service")
    assert m.pid("sipwardend.service") == pid
    attack(m, "192.0.2.7")
    banned(m, "192.0.2.7")


def test_a_dead_helper_or_agent_comes_back(m):
    m.run("kill", "-KILL", str(m.pid("sipwarden-firewall.service")))
    attack(m, "192.0.2.8")
    banned(m, "192.0.2.8")
    m.run("kill", "-KILL", str(m.pid("sipwardend.service")))
    attack(m, "192.0.2.9")
    banned(m, "192.0.2.9")
    assert "192.0.2.5" in {b["address"] for b in m.json("list")}


def test_restart_and_stop_keep_the_bans_in_force(m):
    m.run("systemctl", "restart", "sipwardend.service")
    assert " 192.0.2.5 counter" in m.kernel()
    m.run("systemctl", "stop", "sipwardend.service", "sipwarden-firewall.service")
    assert " 192.0.2.5 counter" in m.kernel()
    m.run("systemctl", "start", "sipwardend.service")
    assert "192.0.2.5" in {b["address"] for b in m.json("list")}


def test_a_hung_agent_is_restarted_by_the_watchdog(m):
    assert m.run("systemctl", "show", "-P", "WatchdogUSec", "sipwardend.service").strip() == "30s"
    drop = m.root + "/etc/systemd/system/sipwardend.service.d"
    os.makedirs(drop)
    with open(drop + "/watchdog.conf", "w") as f:
        f.write("[Service]\nWatchdogSec=2s\n")
    m.run("systemctl", "daemon-reload")
    m.run("systemctl", "restart", "sipwardend.service")
    pid = m.pid("sipwardend.service")
    time.sleep(5)
    assert m.pid("sipwardend.service") == pid  # it keeps the watchdog content
    m.run("kill", "-STOP", str(pid))
    wait("another process", lambda: m.pid("sipwardend.service") != pid, 40)
    assert "watchdog" in m.run("journalctl", "-u", "sipwardend.service", "--no-pager").lower()
    attack(m, "192.0.2.10")
    banned(m, "192.0.2.10")
    shutil.rmtree(drop)
    m.run("systemctl", "daemon-reload")


def test_a_hung_helper_is_replaced_and_the_agent_goes_on(m):
    unit = "sipwarden-firewall.service"
    assert m.run("systemctl", "show", "-P", "WatchdogUSec", unit).strip() == "1min"
    drop = m.root + f"/etc/systemd/system/{unit}.d"
    os.makedirs(drop)
    with open(drop + "/watchdog.conf", "w") as f:
        f.write("[Service]\nWatchdogSec=3s\n")
    m.run("systemctl", "daemon-reload")
    m.run("systemctl", "restart", unit)
    wait("the helper serves", lambda: m.json("status", check=False)["firewall_ready"])
    pid, agent = m.pid(unit), m.pid("sipwardend.service")
    time.sleep(7)
    assert m.pid(unit) == pid  # it feeds its watchdog, with nothing to do
    m.run("kill", "-STOP", str(pid))
    wait("another helper", lambda: m.pid(unit) != pid, 40)
    attack(m, "192.0.2.12")
    banned(m, "192.0.2.12")
    assert m.pid("sipwardend.service") == agent
    shutil.rmtree(drop)
    m.run("systemctl", "daemon-reload")


def test_metrics_need_no_change_of_the_unit(m):
    path = "/run/sipwarden/metrics/sipwarden.prom"
    with open(m.root + "/etc/sipwarden/sipwarden.conf.d/metrics.conf", "w") as f:
        f.write(f"[metrics]\nfile = {path}\n")
    m.run("systemctl", "reload", "sipwardend.service")
    # As any user, as node_exporter is.
    read = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "cat", path)
    wait("the metrics", lambda: "\nsipwarden_protecting 1\n" in m.run(*read, check=False), 30)


def test_the_unit_of_the_admin_is_started_for_a_fraud(m):
    with open(m.root + "/etc/sipwarden/sipwarden.conf.d/calls.conf", "w") as f:
        f.write("[site]\ncountry = DE\n[input asterisk-cdr]\npath = /var/log/asterisk/Master.csv\nfrom = start\n")
    drop = m.root + "/etc/systemd/system/sipwarden-fraud@.service.d"
    os.makedirs(drop)
    with open(drop + "/what.conf", "w") as f:
        f.write("[Service]\nExecStart=\nExecStart=/usr/bin/env\nStandardOutput=append:/root/frauds\n")
    m.run("systemctl", "daemon-reload")
    m.run("systemctl", "enable", "--now", "sipwarden-fraud.path")
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    with open(m.root + "/var/log/asterisk/Master.csv", "w") as f:
        for i in range(3):
            f.write(f'"","101","008821612345678","out","","PJSIP/101-{i:08x}","PJSIP/trunk-00000001","Dial","x","{stamp}","{stamp}",'
                    f'"{stamp}",0,0,"ANSWERED","DOCUMENTATION","1795428000.{i}",""\n')
    m.run("systemctl", "reload", "sipwardend.service")

    def told():
        return m.run("cat", "/root/frauds", check=False)
    wait("the unit was started", lambda: "SIPWARDEN_RULE=satellite\n" in told() and "SIPWARDEN_ALERT=fraud\n" in told())
    assert "SIPWARDEN_ACCOUNT=101\n" in told() and "SIPWARDEN_NUMBER=8821612345678\n" in told()

    def reported():
        return json.loads(m.run("sipwarden", "--json", "report", "--since", "1d", "--input", "/var/log/asterisk/Master.csv"))["attacks"]
    # At least the critical one of the satellite; at night there are others.
    wait("the journal's alerts are in the report", lambda: reported()["frauds"] >= 1)
    assert reported()["brakes"] == 0
    wait("nothing is left", lambda: m.run("ls", "/var/lib/sipwarden/frauds", "/run/sipwarden-frauds").split() ==
         ["/run/sipwarden-frauds:", "/var/lib/sipwarden/frauds:"])
    # More than systemd's limit of starts, one after the other, and what cannot be removed.
    frauds = m.root + "/var/lib/sipwarden/frauds/"
    os.makedirs(frauds + "stays/within")
    for i in range(8):
        with open(f"{frauds}again-{i}", "w") as f:
            f.write(f'SIPWARDEN_RULE="again-{i}"\n')
        wait("it was started", lambda: f"SIPWARDEN_RULE=again-{i}\n" in told())
    for i in range(300):
        with open(f"{frauds}burst-{i}", "w") as f:
            f.write(f'SIPWARDEN_RULE="burst-{i}"\n')
    wait("all were started", lambda: all(f"SIPWARDEN_RULE=burst-{i}\n" in told() for i in range(300)), 60)
    assert m.active("sipwarden-fraud.path")
    m.run("systemctl", "disable", "--now", "sipwarden-fraud.path")


def test_the_report_of_a_quarter_is_written(m):
    """By the unit, from records that only a group may read, with what was banned; and the journal says so."""
    with open(m.root + "/etc/sipwarden/sipwarden.conf.d/report.conf", "w") as f:
        f.write("[site]\ncountry = DE\n[report]\nrecords = /var/log/asterisk/Master.csv\n")
    month = time.gmtime().tm_mon - 1
    day = f"{time.gmtime().tm_year - (month < 3)}-{(month // 3 + 3) % 4 * 3 + 2:02}-10"
    with open(m.root + "/var/log/asterisk/Master.csv", "w") as f:
        f.write(f'"","100","0043151515","out","x","PJSIP/100-00000001","","Dial","","{day} 10:00:00","{day} 10:00:05","{day} 10:01:05",'
                '65,60,"ANSWERED","DOCUMENTATION","1.1",""\n')
    m.run("chown", "root:adm", "/var/log/asterisk/Master.csv")
    m.run("chmod", "640", "/var/log/asterisk/Master.csv")
    m.run("systemctl", "start", "sipwarden-report.service")
    page, = os.listdir(m.root + "/var/lib/sipwarden/reports")
    with open(f"{m.root}/var/lib/sipwarden/reports/{page}") as f:
        text = f.read()
    assert "Austria" in text and "Attackers" in text, text
    # What root's audit found is told, though the unit may not read its directory; and that there was none is no mistake.
    assert "The last audit of the gateway left" in text, text
    m.run("rm", "/var/lib/sipwarden-audit/report.json")
    m.run("systemctl", "start", "sipwarden-report.service")
    with open(f"{m.root}/var/lib/sipwarden/reports/{page}") as f:
        assert "The last audit of the gateway left" not in f.read()
    said = m.run("journalctl", "-n", "1", "-u", "sipwarden-report.service", "MESSAGE_ID=204c410fe2df46db90d6c208bf80cd2a", "-o", "json", "--no-pager")
    assert json.loads(said)["SIPWARDEN_FILE"] == f"/var/lib/sipwarden/reports/{page}", said
    m.run("systemctl", "enable", "--now", "sipwarden-report.timer")
    assert "sipwarden-report.timer" in m.run("systemctl", "list-timers", "--no-pager")
    m.run("systemctl", "disable", "--now", "sipwarden-report.timer")


def test_after_a_reboot_bans_are_in_force_again(m):
    m.poweroff()
    m.boot()
    wait("the agent is up", lambda: m.active("sipwardend.service"))
    banned(m, "192.0.2.5")


def test_uninstall_lifts_everything(m):
    # make runs outside of the container, so it is told what the container would do itself.
    m.run("systemctl", "disable", "--now", "sipwardend.service", "sipwarden-firewall.socket", "sipwarden-firewall.service")
    m.run("sipwardend", "--flush")
    assert "ban4" not in m.kernel()
    sh("make", "-C", TOP, "uninstall", "DESTDIR=" + m.root)
    left = sh("find", m.root + "/usr", "-name", "*sipwarden*")
    assert left == "", left
    assert os.path.exists(m.root + "/etc/sipwarden/sipwarden.conf")


run(globals(), prepare)
