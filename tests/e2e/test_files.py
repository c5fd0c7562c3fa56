#!/usr/bin/python3
"""Log files as they come, go, grow and are rotated, under a running agent."""
import os
import shutil
import time

from sipwarden_env import Agent, run, wait


def failures(address, n=5, end="\n"):
    stamp = time.strftime("%Y-%m-%d %H:%M:%S")
    return "".join(f"[{stamp}] NOTICE[1638] chan_sip.c: Registration from '<sip:{i}@192.0.2.1>' failed for '{address}:5060' - "
                   f"Wrong password{end}" for i in range(n))


class Logs:
    """An agent that follows one glob below its directory."""

    def __init__(self, glob="full.log", extra=""):
        self.agent = Agent("")
        self.agent.write_config(f"[input asterisk]\npath = {self.agent.dir}/{glob}\n{extra}")

    def __enter__(self):
        return self.agent.start()

    def __exit__(self, *exception):
        self.agent.close()


def append(a, name, text):
    with open(a.path(name), "ab") as f:
        f.write(text if isinstance(text, bytes) else text.encode())


def events(a, n):
    wait(f"{n} events, not {a.json('status')['events']}", lambda: a.json("status")["events"] == n)


def test_a_log_that_is_there_is_followed_from_its_end():
    logs = Logs()
    append(logs.agent, "full.log", failures("192.0.2.4"))
    with logs as a:
        wait("open", lambda: a.json("status")["inputs"][0]["open"] == 1)
        append(a, "full.log", failures("192.0.2.5"))
        a.wait_banned("192.0.2.5")
        assert "192.0.2.4" not in a.banned()


def test_from_start_reads_what_is_there():
    logs = Logs(extra="from = start\n")
    append(logs.agent, "full.log", failures("192.0.2.4"))
    with logs as a:
        a.wait_banned("192.0.2.4")


def test_a_log_and_its_directory_may_come_later():
    with Logs("log/asterisk/full") as a:
        os.makedirs(a.path("log/asterisk"))
        append(a, "log/asterisk/full", failures("192.0.2.5"))
        a.wait_banned("192.0.2.5")
        shutil.rmtree(a.path("log"))
        time.sleep(0.2)
        os.makedirs(a.path("log/asterisk"))
        append(a, "log/asterisk/full", failures("192.0.2.6"))
        a.wait_banned("192.0.2.6")


def test_rename_and_create():
    with Logs() as a:
        append(a, "full.log", failures("192.0.2.5", 2))
        events(a, 2)
        os.rename(a.path("full.log"), a.path("full.log.1"))
        append(a, "full.log.1", failures("192.0.2.5", 2))  # the gateway has it still open
        append(a, "full.log", failures("192.0.2.5", 1))
        a.wait_banned("192.0.2.5")
        assert a.json("status")["events"] == 5
        assert a.json("status")["inputs"][0]["rotations"] == 1


def test_nothing_is_read_twice_after_rotation_and_restart():
    with Logs() as a:
        append(a, "full.log", failures("192.0.2.5", 1))
        events(a, 1)
        os.rename(a.path("full.log"), a.path("full.log.1"))
        append(a, "full.log", failures("192.0.2.5", 1))
        events(a, 2)
        append(a, "full.log.1", failures("192.0.2.5", 1))  # a late line: its place is not that of the new file
        events(a, 3)
        time.sleep(0.4)
        a.stop()
        a.start()
        time.sleep(1.5)
        assert a.json("status")["events"] == 3
        append(a, "full.log", failures("192.0.2.6", 5))
        a.wait_banned("192.0.2.6")
        assert list(a.banned()) == ["192.0.2.6"]


def test_a_glob_that_holds_the_rotated_file_too_reads_nothing_twice():
    with Logs("full*") as a:
        append(a, "full", failures("192.0.2.5", 3))
        events(a, 3)
        os.rename(a.path("full"), a.path("full.1"))
        append(a, "full", failures("192.0.2.6", 1))
        events(a, 4)
        time.sleep(1.5)
        assert a.json("status")["events"] == 4
        a.stop()
        append(a, "full.1", failures("192.0.2.7", 1))
        append(a, "full", failures("192.0.2.7", 1))
        a.start()
        time.sleep(1.5)
        assert a.json("status")["events"] == 6


def test_copytruncate():
    with Logs() as a:
        append(a, "full.log", failures("192.0.2.5", 3))
        events(a, 3)
        shutil.copy(a.path("full.log"), a.path("full.log.1"))
        os.truncate(a.path("full.log"), 0)
        time.sleep(0.1)
        append(a, "full.log", failures("192.0.2.5", 2))
        a.wait_banned("192.0.2.5")
        assert a.json("status")["events"] == 5


def test_truncated_under_a_writer_that_keeps_its_place():
    with Logs() as a:
        with open(a.path("full.log"), "wb", buffering=0) as f:
            f.write(failures("192.0.2.5", 3).encode())
            events(a, 3)
            os.truncate(a.path("full.log"), 0)
            time.sleep(0.1)
            f.write(failures("192.0.2.5", 2).encode())  # leaves a hole of NUL bytes before it
            a.wait_banned("192.0.2.5")


def test_symlinks_are_followed_and_may_turn():
    with Logs("current") as a:
        append(a, "one.log", "")
        append(a, "two.log", "")
        os.symlink("one.log", a.path("current"))
        wait("open", lambda: a.json("status")["inputs"][0]["open"] == 1)
        append(a, "one.log", failures("192.0.2.5"))
        a.wait_banned("192.0.2.5")
        os.symlink("two.log", a.path("next"))
        os.rename(a.path("next"), a.path("current"))
        append(a, "two.log", failures("192.0.2.6"))
        a.wait_banned("192.0.2.6")


def test_a_line_in_pieces_is_one_line():
    with Logs() as a:
        text = failures("192.0.2.5")
        for i in range(0, len(text), 37):
            append(a, "full.log", text[i:i + 37])
            time.sleep(0.005)
        a.wait_banned("192.0.2.5")
        assert a.json("status")["inputs"][0]["lines"] == 5


def test_crlf_nul_and_bytes_that_are_no_text():
    with Logs() as a:
        append(a, "full.log", failures("192.0.2.5", 4, end="\r\n"))
        append(a, "full.log", b"\x00\x00\x00\xff\xfe\x80 nonsense \x00 in the middle\n")
        append(a, "full.log", failures("192.0.2.5", 1).replace("<sip:0", "<sip:\udcff").encode("utf-8", "surrogateescape"))
        a.wait_banned("192.0.2.5")


def test_a_long_line_is_cut_and_its_rest_is_no_line():
    with Logs() as a:
        forged = failures("203.0.113.9", 1)
        append(a, "full.log", "x" * 70000 + "\r" + forged)
        for piece in ("y" * 40000, "z" * 40000, forged * 3):
            append(a, "full.log", piece.replace("\n", " "))
            time.sleep(0.05)
        append(a, "full.log", "\n" + failures("192.0.2.5"))
        a.wait_banned("192.0.2.5")
        status = a.json("status")
        assert status["inputs"][0]["cut"] == 2, status
        assert status["inputs"][0]["lines"] == 7, status
        assert "203.0.113.9" not in a.banned()
        assert status["events"] == 5, status


def test_a_log_that_may_not_be_read_is_a_problem_until_it_may():
    with Logs() as a:
        a.write_config(f"[input asterisk]\npath = {a.dir}/full.log {a.dir}/dev\n")
        os.mknod(a.path("dev"), 0o600 | 0o020000, 0x0f0f)  # a device without a driver: open(2) fails
        append(a, "full.log", "")
        a.ctl("reload")
        wait("the problem", lambda: "dev" in a.json("status")["inputs"][0]["last_error"])
        append(a, "full.log", failures("192.0.2.5"))
        a.wait_banned("192.0.2.5")
        os.unlink(a.path("dev"))
        wait("no problem", lambda: not a.json("status")["inputs"][0]["last_error"])


def test_a_log_that_went_away_is_a_problem():
    with Logs() as a:
        assert "waiting for it" in a.json("status")["inputs"][0]["last_error"]
        append(a, "full.log", "x\n")
        wait("found", lambda: not a.json("status")["inputs"][0]["last_error"])
        os.rename(a.path("full.log"), a.path("elsewhere"))
        wait("told", lambda: "full.log" in a.json("status")["inputs"][0]["last_error"])
        assert "was renamed or deleted" in a.logged()


def test_many_files_at_once():
    with Logs("logs/*.log") as a:
        os.mkdir(a.path("logs"))
        for i in range(50):
            append(a, f"logs/{i}.log", failures(f"10.{i + 1}.0.1"))
        for i in range(50):
            a.wait_banned(f"10.{i + 1}.0.1")
        assert a.json("status")["inputs"][0]["open"] == 50


def test_two_inputs_two_filters():
    logs = Logs(extra="[input fs]\nfilter = freeswitch\npath = /tmp/none\n")
    logs.agent.write_config(f"[input asterisk]\npath = {logs.agent.dir}/a.log\n"
                            f"[input fs]\nfilter = freeswitch\npath = {logs.agent.dir}/f.log\n")
    with logs as a:
        append(a, "a.log", failures("192.0.2.5"))
        for i in range(5):
            append(a, "f.log", time.strftime("%Y-%m-%d %H:%M:%S") + f".894719 [WARNING] sofia_reg.c:2889 Can't find user [{i}@x] from 192.0.2.6\n")
        a.wait_banned("192.0.2.5")
        assert a.wait_banned("192.0.2.6")["rule"] == "extension-scan"


if __name__ == "__main__":
    run(globals())
