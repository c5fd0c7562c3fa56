"""An attack, written to logs that are rotated in every way, under an agent that is killed again and again.

Two agents read the same lines: one is killed with SIGKILL at random moments, or its firewall helper is, and its
logs are rotated; the other is left alone. At the end both must have read each line once, have counted the same
of every source, and have banned the same with the same evidence.

What is by nature lost to anybody is not done here: nothing is written between copying a log and truncating it,
and the journal is only vacuumed of entries that were read.
"""
import glob
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

from sipwarden_env import BUILD, TOP, Agent, sh, wait

sys.path.insert(0, os.path.join(TOP, "tests/demo"))
import gateway  # noqa: E402

CONFIG = """[input renamed]
path = {dir}/renamed.log
filter = asterisk
[input truncated]
path = {dir}/truncated.log
filter = asterisk
[input journal]
type = journal
match = SYSLOG_IDENTIFIER=torture
filter = asterisk
[brakes]
bans_per_minute = 100000
[rule password-guessing]
ban = 2s 4s 1h
[prefixes]
offenders = 6
ban = 3s
[accounts]
addresses = 12
"""
INPUTS = ("renamed", "truncated", "journal")
SOURCES = 24
KEEP_ROTATED = 30


def source(name, i):
    """Of each input its own, so that their order does not matter."""
    net = INPUTS.index(name)
    return f"2001:db8:{net}:{i}::5" if i % 6 == 5 else f"198.51.{100 + net * 10 + i % 3}.{i + 1}"


def security(event, address, user, call, transport, more):
    version = "IPV6" if ":" in address else "IPV4"
    return (f'SECURITY[1] res_security_log.c: SecurityEvent="{event}",EventTV="x",Severity="Error",Service="PJSIP",'
            f'EventVersion="1",AccountID="{user}",SessionID="{call}",LocalAddress="{version}/{transport}/192.0.2.1/5060",'
            f'RemoteAddress="{version}/{transport}/{address}/5060",{more}')


class Attack(threading.Thread):
    """Writes lines to the logs of both agents, until it is told to end."""

    def __init__(self, seed, killed, calm, rate):
        super().__init__(daemon=True)
        self.random = random.Random(seed)
        self.killed, self.calm, self.rate = killed, calm, rate
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.written = dict.fromkeys(INPUTS, 0)
        self.serial = 0
        self.files = {}
        for agent in (killed, calm):
            for name in ("renamed", "truncated"):
                self.files[agent.name, name] = open(agent.path(name + ".log"), "ab", buffering=0)
        self.journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.journal.connect("/run/systemd/journal/socket")

    def write(self, name, text):
        if name == "journal":
            self.journal.send(f"SYSLOG_IDENTIFIER=torture\nMESSAGE={text}\n".encode())
        else:
            now = time.time()
            stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now)) + f".{int(now * 1000) % 1000:03}"
            line = f"[{stamp}] {text}\n".encode()
            for agent in (self.killed, self.calm):
                self.files[agent.name, name].write(line)
        self.written[name] += 1

    def attempt(self):
        """One attempt: one line or several, with others in between."""
        r, name = self.random, self.random.choice(INPUTS)
        i = min(r.randrange(SOURCES), r.randrange(SOURCES))
        address = source(name, i)
        user = f"{name}{r.randrange(40)}"
        transport = "TCP" if i % 2 else "UDP"
        self.serial += 1
        call = f"{self.serial}@x"
        kind = r.random()
        if kind < 0.1:
            self.write(name, security("SuccessfulAuth", source(name, 3), user, call, "UDP", 'UsingPassword="1"'))
        elif kind < 0.2:
            self.write(name, "VERBOSE[1] pbx.c: Executing [s@default:1] NoOp")
        else:
            self.write(name, security("ChallengeResponseFailed", address, user, call, transport,
                                      'Challenge="1",Response="2",ExpectedResponse=""'))
            if kind < 0.6:
                time.sleep(r.random() * 0.005)
                self.write(name, security("InvalidPassword", address, user, call, transport,
                                          'Challenge="1",ReceivedChallenge="1",ReceivedHash="2"'))

    def run(self):
        while not self.over.is_set():
            with self.lock:
                self.attempt()
            time.sleep(self.random.random() * 2 / self.rate)

    def end(self):
        self.over.set()
        self.join()
        for f in self.files.values():
            f.close()

    # Rotations, of the logs of the agent that is killed

    def make_room(self, path):
        for i in range(KEEP_ROTATED, 0, -1):
            if os.path.exists(f"{path}.{i}"):
                os.rename(f"{path}.{i}", f"{path}.{i + 1}")
        if os.path.exists(f"{path}.{KEEP_ROTATED + 1}"):
            os.unlink(f"{path}.{KEEP_ROTATED + 1}")

    def rename(self):
        """The gateway goes on writing into the renamed file until it opens the new one."""
        path, key = self.killed.path("renamed.log"), (self.killed.name, "renamed")
        with self.lock:
            self.make_room(path)
            os.rename(path, path + ".1")
        time.sleep(self.random.random() * 0.1)
        with self.lock:
            self.files[key].close()
            self.files[key] = open(path, "ab", buffering=0)

    def copy_and_truncate(self):
        path = self.killed.path("truncated.log")
        with self.lock:
            self.make_room(path)
            shutil.copyfile(path, path + ".1")
            os.truncate(path, 0)


def descendants(pid):
    found = []
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            children = [int(word) for word in f.read().split()]
    except OSError:
        return found
    for child in children:
        found += [child, *descendants(child)]
    return found


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


class Torture:
    def __init__(self, seed, rate=250):
        self.random = random.Random(seed)
        self.journald = gateway.start_journald()
        self.killed, self.calm = Agent("", name="killed"), Agent("", name="calm")
        for agent in (self.killed, self.calm):
            agent.write_config(CONFIG.format(dir=agent.dir))
        self.attack = Attack(seed + 1, self.killed, self.calm, rate)
        self.counts = {"agent killed": 0, "helper killed": 0, "renamed": 0, "copied and truncated": 0, "journal rotated": 0}

    def start_killed(self):
        """Not waited for: it may be killed while it starts."""
        self.killed.process = subprocess.Popen([f"{BUILD}/sipwardend", "--config", self.killed.config],
                                               stderr=open(self.killed.log, "a"))

    def kill_agent(self):
        # Its helper ends by itself, when the other end of its socket is gone.
        kill(self.killed.process.pid)
        self.killed.process.wait()
        self.counts["agent killed"] += 1
        time.sleep(self.random.random() * 0.2)
        self.start_killed()

    def kill_helper(self):
        """The agent's child is its keeper; the helper is the keeper's."""
        found = descendants(self.killed.process.pid)
        if len(found) > 1:
            kill(found[1])
            self.counts["helper killed"] += 1

    def rotate_journal(self):
        """Vacuumed only when all has been read that would go."""
        if not self.has_caught_up(self.killed):
            return
        with self.attack.lock:
            wait("both have read the journal", lambda: self.has_caught_up(self.killed) and self.has_caught_up(self.calm))
            # It goes on from where it had stored last, if it is killed now.
            time.sleep(0.5)
            before = set(os.listdir(journal_directory()))
            self.journald.send_signal(signal.SIGUSR2)
            wait("the journal is rotated", lambda: set(os.listdir(journal_directory())) != before)
            vacuum()
        self.counts["journal rotated"] += 1

    @staticmethod
    def read(agent):
        """Lines read from each input; {} if it does not answer."""
        status, out, _ = agent.ctl("status", "--json", check=False)
        return {i["name"]: i["lines"] for i in json.loads(out)["inputs"]} if status in (0, 1) and out else {}

    def has_caught_up(self, agent):
        return self.read(agent) == self.attack.written

    def round(self):
        time.sleep(self.random.random() * 0.4)
        if self.random.random() < 0.3:
            self.attack.rename()
            self.counts["renamed"] += 1
        if self.random.random() < 0.3:
            self.attack.copy_and_truncate()
            self.counts["copied and truncated"] += 1
        if self.random.random() < 0.15:
            self.rotate_journal()
        time.sleep(self.random.random() * 0.1)
        if self.random.random() < 0.7:
            self.kill_agent()
        else:
            self.kill_helper()

    def standing(self, agent):
        """All that was counted and decided."""
        status = agent.json("status", check=False)
        # Not the number of alerts: of two that share a place in the memory of alerts the first is told again, and which
        # ones do is up to a secret key of each agent. test_keep.c compares them.
        found = {key: status[key] for key in ("events", "attempts", "crafted", "exempted", "bans_total", "spared")}
        found["lines"] = {i["name"]: i["lines"] for i in status["inputs"]}
        for name in INPUTS:
            for i in range(SOURCES):
                found[source(name, i)] = self.explained(agent, source(name, i))
        return found

    @staticmethod
    def explained(agent, address):
        told = agent.json("explain", address, check=False)
        ban = told["ban"] and {k: told["ban"][k] for k in ("address", "start", "end", "attempts", "step", "rule", "reason",
                                                          "accounts", "proven")}
        friend = told["friend"] and {k: told["friend"][k] for k in ("successes", "accounts", "first", "last")}
        rules = [(r["rule"], r["attempts"], r["proven"], r["threshold"], r["ban_seconds"]) for r in told["rules"]]
        history = [(h["address"], h["start"], h["end"], h["attempts"], h["rule"]) for h in told["history"]]
        return {"ban": ban, "friend": friend, "rules": rules, "history": history, "evidence": told["evidence"],
                "accounts": told["accounts"], "waiting": told["waiting"]}

    def run(self, rounds):
        for agent in (self.calm, self.killed):
            agent.start()
        self.attack.start()
        for n in range(rounds):
            self.round()
            if n % 20 == 19:
                with self.attack.lock:
                    self.compare()
                print(f"{n + 1} rounds: {self.counts}", flush=True)
        self.attack.end()
        self.compare()
        print(f"{rounds} rounds, {sum(self.attack.written.values())} lines: {self.counts}", flush=True)

    def compare(self):
        for agent in (self.killed, self.calm):
            try:
                wait("all is read", lambda a=agent: self.has_caught_up(a), 30)
            except AssertionError:
                raise AssertionError(f"{agent.name} has read {self.read(agent)} of {self.attack.written}\n"
                                     f"{agent.logged()[-6000:]}") from None
        # What is decided last may still be on its way, and a moment passes between looking at the one and the other.
        for attempt in range(5):
            time.sleep(1)
            killed, calm = self.standing(self.killed), self.standing(self.calm)
            wrong = differences(killed, calm)
            if not wrong:
                break
        assert not wrong, "killed, calm:\n" + "\n".join(wrong)
        assert killed["bans_total"] > 0 and any(k["friend"] for k in killed.values() if isinstance(k, dict) and "friend" in k)
        self.compare_kernel()

    def compare_kernel(self):
        """What stands is in the kernel."""
        soon = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 10))
        standing = [address for address, b in self.killed.banned().items() if not b["end"] or b["end"] > soon]
        wait("the bans are in the kernel", lambda: all(a.split("/")[0] in self.killed.kernel() for a in standing))

    def close(self):
        self.attack.over.set()
        self.killed.close()
        self.calm.close()
        self.journald.terminate()
        self.journald.wait()


def differences(killed, calm):
    found = []
    for key, value in calm.items():
        if isinstance(value, dict):
            found += [f"{key} {what}:\n  {killed[key].get(what)}\n  {value[what]}" for what in value if killed[key].get(what) != value[what]]
        elif killed[key] != value:
            found.append(f"{key}: {killed[key]}, {value}")
    return found


def journal_directory():
    return glob.glob("/run/log/journal/*/")[0]


def vacuum():
    sh("journalctl", "--vacuum-files=1")


def torture(rounds, seed):
    print(f"seed {seed}", flush=True)
    t = Torture(seed)
    try:
        t.run(rounds)
    except BaseException:
        print(f"after {t.counts}, seed {seed}", flush=True)
        raise
    finally:
        t.close()
