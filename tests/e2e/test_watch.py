#!/usr/bin/python3
"""Whether one is protected is told at once; the watchdog is fed by those who are well."""
import contextlib
import fcntl
import os
import queue
import signal
import socket
import subprocess
import threading
import time

from sipwarden_env import BUILD, DEGRADED, Agent, run, sh, wait

PERIOD = 1.5  # seconds of the watchdog


class Notified:
    """The socket that systemd would give, and somebody who always reads it: a full one makes the writer wait."""

    def __init__(self, path):
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        os.chmod(path, 0o666)
        self.lines = queue.SimpleQueue()
        threading.Thread(target=self.receive, daemon=True).start()

    def receive(self):
        while True:
            for line in self.socket.recv(65536).decode().splitlines():
                self.lines.put(line)

    def start(self, command, stderr):
        """Starts a program that is watched: the process itself, not those it starts."""
        environment = dict(os.environ, NOTIFY_SOCKET=self.path, WATCHDOG_USEC=str(int(PERIOD * 1e6)))
        return subprocess.Popen(["sh", "-c", 'WATCHDOG_PID=$$ exec "$@"', "sh", *command], stderr=stderr, env=environment)

    def read(self):
        """All that came since the last time, a line each."""
        lines = []
        with contextlib.suppress(queue.Empty):
            while True:
                lines.append(self.lines.get_nowait())
        return lines

    def fed(self):
        return "WATCHDOG=1" in self.read()

    def wait_fed(self):
        self.read()
        wait("the watchdog is fed", self.fed)

    def starve(self):
        """Nothing more comes for two periods."""
        self.read()
        time.sleep(2 * PERIOD)
        assert not self.fed()


@contextlib.contextmanager
def watched(inputs="[input asterisk]\npath = {dir}/full.log\n", log=True, stderr=None, sipwarden=""):
    a = Agent("", sipwarden=sipwarden)
    a.write_config(inputs.format(dir=a.dir))
    if log:
        open(a.path("full.log"), "w").close()
    a.systemd = Notified(a.path("notify"))
    a.process = a.systemd.start([f"{BUILD}/sipwardend", "--config", a.config], stderr or open(a.log, "a"))
    try:
        wait("the agent is ready", lambda: a.ctl("status", check=False)[0] in (0, DEGRADED))
        yield a
    finally:
        a.close()


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(c) for c in f.read().split()]


def helper(a):
    """The agent starts a keeper, and that the helper."""
    return wait("the helper", lambda: [h for k in children(a.process.pid) for h in children(k)])[0]


@contextlib.contextmanager
def stopped(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def status(a):
    code, out, _ = a.ctl("status", check=False)
    return code, out


def becomes(a, code, text, seconds=20):
    def condition():
        got, out = status(a)
        return got == code and text in out and out
    return wait(f"status {code} and '{text}', not {status(a)}", condition, seconds)


def test_who_is_well_says_so_first_and_feeds():
    with watched() as a:
        out = becomes(a, 0, "PROTECTED: all is well.")
        assert out.startswith("PROTECTED: all is well.\n"), out
        a.systemd.wait_fed()
        a.systemd.wait_fed()
        told = a.json("status")
        assert told["health"] == "ok" and told["problems"] == [], told
        assert told["config"] == a.config and told["config_loaded"] and told["version"], told
        assert told["agent_resident"] > 1000000 and told["database_bytes"] > 0, told
        wait("the helper's answer", lambda: a.json("status")["firewall_resident"] > 100000)
        a.ctl("ban", "192.0.2.7")
        a.ctl("ban", "2001:db8:5::/64")
        wait("the bans are counted", lambda: {s["set"]: (s["elements"], s["limit"]) for s in a.json("status")["sets"]}
             .items() >= {"ban4": (1, 1000000), "ban64": (1, 1000000), "exempt4": (1, 131072), "seen6": (0, 65536)}.items(), 30)


def test_an_agent_whose_helper_hangs_ends_all_the_same():
    with watched() as a:
        hanging = helper(a)
        with stopped(hanging):
            assert a.stop() == 0
            assert "has not ended within 5 s and is left behind" in a.logged()
        wait("the helper ends, too", lambda: not os.path.exists(f"/proc/{hanging}"))


def test_a_stopped_helper_is_told_and_costs_the_agent_only_when_nothing_else_helps():
    with watched() as a:
        becomes(a, 0, "PROTECTED")
        with stopped(helper(a)):
            out = becomes(a, 1, "NOT PROTECTED")
            assert "The firewall helper has not answered for" in out and "What to do: restart sipwardend" in out, out
            assert a.json("status", check=False)["firewall_silent_seconds"] >= 5
            wait("the log tells it", lambda: "error: The firewall helper has not answered" in a.logged())
            # It is given time.
            a.systemd.wait_fed()
            wait("the watchdog is withheld", lambda: "The watchdog is not fed any more" in a.logged(), 100)
            a.systemd.starve()
        a.systemd.wait_fed()
        becomes(a, 0, "PROTECTED")
        assert "This is over: The firewall helper has not answered" in a.logged()


def test_a_killed_helper_is_told_and_replaced_while_the_agent_is_fed():
    with watched() as a:
        becomes(a, 0, "PROTECTED")
        before = helper(a)
        a.systemd.read()
        os.kill(before, signal.SIGKILL)
        wait("another helper", lambda: a.json("status", check=False)["firewall_restarts"] == 1)
        becomes(a, 0, "1 restarts")
        assert "The firewall helper is gone" in a.logged() and helper(a) != before
        a.systemd.wait_fed()


def test_a_helper_that_nobody_starts_again_ends_in_a_restart():
    with watched() as a:
        becomes(a, 0, "PROTECTED")
        os.kill(children(a.process.pid)[0], signal.SIGKILL)  # what starts it; it ends with it
        out = becomes(a, 1, "NOT PROTECTED")
        assert "and what starts it again, too" in out and "What to do: restart sipwardend" in out, out
        wait("the watchdog is withheld", lambda: "nobody starts the firewall helper again" in a.logged())
        a.systemd.starve()


def test_a_helper_of_its_own_unit_has_its_own_watchdog():
    a = Agent("")
    path = a.path("firewall.sock")
    with open(a.config, "w") as f:
        f.write(a.base.replace("[firewall]", f"firewall_socket = {path}\n[firewall]") +
                f"[input asterisk]\npath = {a.dir}/full.log\n")
    open(a.path("full.log"), "w").close()
    agents, helpers = Notified(a.path("notify-agent")), Notified(a.path("notify-helper"))
    unit = helpers.start([f"{BUILD}/sipwardend", "--firewall", "--config", a.config], open(a.log, "a"))
    try:
        # Also while there is no agent.
        helpers.wait_fed()
        wait("the socket", lambda: os.path.exists(path))
        a.process = agents.start([f"{BUILD}/sipwardend", "--config", a.config], open(a.log, "a"))
        wait("ready", lambda: a.ctl("status", check=False)[0] == 0)
        helpers.wait_fed()
        with stopped(unit.pid):
            out = becomes(a, 1, "NOT PROTECTED")
            assert "systemctl restart sipwarden-firewall" in out, out
            helpers.starve()
            agents.wait_fed()
        helpers.wait_fed()
        becomes(a, 0, "PROTECTED")
    finally:
        unit.kill()
        unit.wait()
        a.close()


def test_a_loop_that_hangs_does_not_feed():
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    with watched("[input asterisk]\npath = {dir}/full.log\n[rule password-guessing]\nthreshold = 1\n", stderr=writing) as a:
        os.close(writing)
        a.systemd.wait_fed()
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        with open(a.path("full.log"), "a") as f:
            for i in range(100):
                f.write(f"[{stamp}] NOTICE[1] chan_sip.c: Registration from '<sip:1@x>' failed for '192.0.2.{i}:5060' - Wrong password\n")
        # It says whom it bans to somebody who does not listen.
        def hangs():
            with open(f"/proc/{a.process.pid}/syscall") as f:
                return f.read().startswith(("1 0x2 ", "64 0x2 "))  # write(2) of x86-64, of arm64
        wait("the loop hangs", lambda: hangs() and (time.sleep(0.3) or hangs()))
        a.systemd.starve()
        os.set_blocking(reading, False)

        def drain():
            with contextlib.suppress(BlockingIOError):
                while os.read(reading, 65536):
                    pass
            return a.systemd.fed()
        wait("fed again", drain)
        wait("it answers", lambda: drain() or a.banned())
    os.close(reading)


def test_an_input_that_does_not_move_is_noticed():
    # Four kilobytes by its size; no byte of it can be read.
    with watched("[input asterisk]\npath = {dir}/full.log\n[input odd]\nfilter = kamailio\n"
                 "path = /sys/class/net/lo/speed\nfrom = start\n") as a:
        out = becomes(a, DEGRADED, "have not been read for", 30)
        assert out.startswith("PROTECTED IN PART"), out
        assert "Input odd: 4096 bytes are there" in out and "Invalid argument" in out and "What to do: look at" in out, out
        odd = next(i for i in a.json("status")["inputs"] if i["name"] == "odd")
        assert odd["state"] == "stuck" and odd["lag_bytes"] == 4096 and odd["errors"] == 1, odd
        wait("it is in the log", lambda: "warning: Input odd: 4096 bytes are there" in a.logged())
        told = a.json("status")
        assert "Input odd" in told["last_problem"] and told["last_problem_level"] == "warning", told
        # The next agent could not read it either.
        a.systemd.wait_fed()
        a.write_config(f"[input asterisk]\npath = {a.dir}/full.log\n")
        a.ctl("reload")
        becomes(a, 0, "PROTECTED")


def test_lines_events_and_rates_are_told():
    with watched() as a:
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        with open(a.path("full.log"), "a") as f:
            for _ in range(3000):
                f.write(f"[{stamp}] VERBOSE[1] app.c: nothing\n")
            # A line without a time.
            f.write("NOTICE[1] chan_sip.c: Registration from '<sip:1@x>' failed for '192.0.2.9:5060' - Wrong password\n")
        wait("all is read", lambda: a.json("status")["inputs"][0]["lines"] == 3001)
        told = a.json("status")["inputs"][0]
        assert told["state"] == "reading" and told["kind"] == "file" and told["lag_bytes"] == 0, told
        assert told["events"] == 1 and told["undated"] == 1, told
        assert 1 < told["lines_per_second"] < 1000, told


def test_what_is_wrong_and_what_to_do_comes_first():
    with watched(log=False) as a:
        out = becomes(a, DEGRADED, "there is no log to read")
        assert out.startswith("PROTECTED IN PART"), out
        open(a.path("full.log"), "w").close()
        becomes(a, 0, "PROTECTED")
        good = f"[input asterisk]\npath = {a.dir}/full.log\n"
        a.write_config(good + "[nonsense]\n")
        assert a.ctl("reload", check=False)[0] == 1
        becomes(a, DEGRADED, "was refused")
        a.write_config(good)
        a.ctl("reload")
        becomes(a, 0, "PROTECTED")
        a.ctl("flush")
        out = becomes(a, 1, "What to do: sipwarden reload")
        assert out.startswith("NOT PROTECTED"), out
        a.ctl("reload")
        becomes(a, 0, "PROTECTED")


def test_systemctl_status_tells_the_worst():
    with watched(log=False) as a:
        wait("the missing log", lambda: any(s.startswith("STATUS=Input asterisk: there is no log") for s in a.systemd.read()))
        open(a.path("full.log"), "w").close()
        wait("all is well", lambda: "STATUS=Watching" in a.systemd.read())


def test_a_database_that_cannot_be_written_is_told():
    a = Agent("")
    os.mkdir(a.path("state"))
    sh("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", a.path("state"))
    a.write_config(f"[input asterisk]\npath = {a.dir}/full.log\n")
    open(a.path("full.log"), "w").close()
    try:
        a.start()
        a.ctl("ban", "192.0.2.1")
        wait("it is written", lambda: a.json("status")["database_committed"])
        with contextlib.suppress(OSError), open(a.path("state/filler"), "wb", buffering=0) as f:
            while True:
                f.write(b"x" * 4096)
        for i in range(2, 60):
            a.ctl("ban", f"192.0.2.{i}", "--reason", "x" * 190)
        out = becomes(a, DEGRADED, "The database cannot be written since")
        assert "full" in out and "FAILING for" in out, out
        assert "192.0.2.59" in a.banned()
        os.unlink(a.path("state/filler"))
        a.ctl("ban", "192.0.2.60")
        becomes(a, 0, "PROTECTED")
    finally:
        a.stop()
        sh("umount", a.path("state"), check=False)
        a.close()


if __name__ == "__main__":
    run(globals())
