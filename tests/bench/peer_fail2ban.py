"""fail2ban, for comparison: Debian's package with its own asterisk filter, in the namespaces of a bench."""
import os
import subprocess
import time

from sipwarden_env import sh, wait


class Fail2ban:
    """A server of its own with Debian's asterisk filter and its nftables action."""

    def __init__(self, threshold, ignore="", protocols=()):
        self.log = "/run/f2b/full.log"
        os.makedirs("/run/f2b/fail2ban", exist_ok=True)
        open(self.log, "w").close()
        sh("cp", "-rT", "/etc/fail2ban", "/run/f2b/etc")
        sh("rm", "-rf", "/run/f2b/etc/jail.d", "/run/f2b/etc/jail.local")
        # As in Debian's jail.conf, one for each protocol; one alone is enough to measure speed.
        actions = "\n\t".join(f"nftables-allports[name=asterisk-{p}, protocol={p}]" for p in protocols) or "nftables-allports[name=asterisk]"
        with open("/run/f2b/etc/jail.local", "w") as f:
            f.write(f"[DEFAULT]\nbackend = pyinotify\nallowipv6 = auto\n[sshd]\nenabled = false\n[asterisk]\nenabled = true\n"
                    f"filter = asterisk\nlogpath = {self.log}\nmaxretry = {threshold}\nfindtime = 600\nbantime = 600\nignoreip = {ignore}\n"
                    f"banaction = nftables-allports\nbanaction_allports = nftables-allports\n"
                    f"action = {actions}\n")
        # Nothing of an earlier run, and nothing left on this machine.
        with open("/run/f2b/etc/fail2ban.local", "w") as f:
            f.write("[Definition]\ndbfile = None\n")
        self.options = ["-c", "/run/f2b/etc", "-s", "/run/f2b/sock", "-p", "/run/f2b/pid"]
        self.process = subprocess.Popen(["fail2ban-server", *self.options, "--logtarget", "/run/f2b/log", "-f", "start"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait("fail2ban is ready", lambda: "asterisk" in sh("fail2ban-client", *self.options, "status", check=False), 30)
        time.sleep(2)

    def banned(self):
        return sh("nft", "list", "table", "inet", "f2b-table", check=False)

    def count(self):
        return sh("nft", "list", "set", "inet", "f2b-table", "addr-set-asterisk", check=False).count(".")  // 3

    def close(self):
        # Not asked to stop: it would lift each ban by itself first.
        self.process.kill()
        self.process.wait()
        sh("rm", "-f", "/run/f2b/sock", "/run/f2b/pid")
        sh("nft", "delete", "table", "inet", "f2b-table", check=False)
