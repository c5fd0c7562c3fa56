#!/usr/bin/python3
"""The agent as an admin meets it: a log file in, bans in the kernel out."""
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import time

from sipwarden_env import BUILD, DEGRADED, TOP, Agent, run, sh, wait

INPUT = "[input asterisk]\npath = {dir}/full.log\n"


@contextlib.contextmanager
def agent(inputs=INPUT, extra="", start=True, **kw):
    a = Agent("", **kw)
    a.write_config(inputs.format(dir=a.dir) + extra.format(dir=a.dir))
    try:
        if start:
            a.start()
        yield a
    finally:
        a.close()


def failure(address, user="100", when=None, tag=0):
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(when))
    return (f"[{stamp}] NOTICE[1638] chan_sip.c: Registration from '\"{user}\" <sip:{user}@192.0.2.1>' failed for "
            f"'{address}:{5060 + tag}' - Wrong password\n")


def attack(a, address, n=5, log="full.log"):
    with open(a.path(log), "a") as f:
        for i in range(n):
            f.write(failure(address, user=str(100 + i)))


def test_five_failures_ban_and_four_do_not():
    with agent() as a:
        attack(a, "192.0.2.4", 4)
        attack(a, "192.0.2.5", 5)
        ban = a.wait_banned("192.0.2.5")
        assert ban["rule"] == "password-guessing" and ban["attempts"] == 5, ban
        assert sorted(ban["accounts"]) == ["100", "101", "102", "103", "104"], ban
        assert "192.0.2.4" not in a.banned()
        shown = a.json("show", "192.0.2.5")
        assert shown["evidence"].count("Wrong password") == 5, shown


def test_ipv6_and_security_events():
    with agent() as a:
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        with open(a.path("full.log"), "a") as f:
            for i in range(5):
                f.write(f'[{stamp}] SECURITY[1] res_security_log.c: SecurityEvent="ChallengeResponseFailed",EventTV="x",'
                        f'Severity="Error",Service="PJSIP",EventVersion="1",AccountID="{i}",SessionID="s{i}",'
                        f'LocalAddress="IPV6/UDP/2001:db8::1/5060",RemoteAddress="IPV6/UDP/2001:db8::bad/5060",'
                        f'Challenge="1",Response="2",ExpectedResponse=""\n')
        # A subscriber has a whole /64.
        wait("its prefix is banned", lambda: "2001:db8::/64" in a.banned() and "2001:db8::" in a.kernel())


def test_two_lines_of_one_attempt_count_once():
    with agent() as a:
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        with open(a.path("full.log"), "a") as f:
            for i in range(4):
                f.write(f"[{stamp}] NOTICE[1] res_pjsip/pjsip_distributor.c: Request 'REGISTER' from '\"1\" <sip:1@x>' failed "
                        f"for '192.0.2.5:5060' (callid: c{i}) - Failed to authenticate\n")
                f.write(f'[{stamp}] SECURITY[1] res_security_log.c: SecurityEvent="ChallengeResponseFailed",EventTV="x",'
                        f'Severity="Error",Service="PJSIP",EventVersion="1",AccountID="1",SessionID="c{i}",'
                        f'LocalAddress="IPV4/UDP/192.0.2.1/5060",RemoteAddress="IPV4/UDP/192.0.2.5/5060",'
                        f'Challenge="1",Response="2",ExpectedResponse=""\n')
        # Once a SECURITY line was seen, the NOTICE lines are left out: they tell of the same attempts.
        wait("all lines are read", lambda: a.json("status")["events"] == 5 and a.json("status")["inputs"][0]["lines"] == 8)
        assert a.json("status")["attempts"] == 4
        assert not a.banned()


def test_a_forged_line_bans_nobody_else():
    with agent() as a:
        with open(os.path.join(os.path.dirname(__file__), "../corpora/asterisk22-forged.log")) as f:
            text = f.read()
        for i in range(4):
            with open(a.path("full.log"), "a") as f:
                f.write(text.replace("20436", str(20436 + i)).replace("2026-11-23 23:19", time.strftime("%Y-%m-%d %H:%M")))
        a.wait_banned("192.0.2.5")
        assert list(a.banned()) == ["192.0.2.5"], a.banned()


def test_restart_keeps_bans_without_a_gap():
    with agent() as a:
        attack(a, "192.0.2.5")
        a.wait_banned("192.0.2.5")
        a.ctl("ban", "203.0.113.0/24", "--for", "2h")
        wait("prefix in kernel", lambda: a.in_kernel("203.0.113.0/24"))
        assert a.stop() == 0
        assert a.in_kernel("192.0.2.5") and a.in_kernel("203.0.113.0/24")
        a.start()
        assert set(a.banned()) == {"192.0.2.5", "203.0.113.0/24"}
        assert a.in_kernel("192.0.2.5") and a.in_kernel("203.0.113.0/24")
        assert a.json("show", "192.0.2.5")["evidence"].count("Wrong password") == 5


def test_a_killed_agent_loses_nothing():
    with agent() as a:
        attack(a, "192.0.2.5")
        a.wait_banned("192.0.2.5")
        time.sleep(0.5)
        a.stop(signal.SIGKILL)
        attack(a, "192.0.2.6")
        a.start()
        a.wait_banned("192.0.2.6")
        assert set(a.banned()) == {"192.0.2.5", "192.0.2.6"}


def test_lines_written_and_rotated_while_stopped_are_read():
    with agent() as a:
        attack(a, "192.0.2.5", 1)
        wait("read", lambda: a.json("status")["events"] == 1)
        a.stop()
        attack(a, "192.0.2.5", 3)
        os.rename(a.path("full.log"), a.path("full.log.2"))
        time.sleep(0.02)
        attack(a, "192.0.2.5", 1)
        os.rename(a.path("full.log"), a.path("full.log.1"))
        time.sleep(0.02)
        attack(a, "192.0.2.5", 1)
        a.start()
        assert a.wait_banned("192.0.2.5")["attempts"] == 5
        wait("each is read once", lambda: a.json("status")["events"] == 6)


def test_lost_database_takes_over_the_kernels_bans():
    with agent() as a:
        attack(a, "192.0.2.5")
        a.wait_banned("192.0.2.5")
        a.stop()
        shutil.rmtree(a.path("state"))
        a.start()
        wait("adopted", lambda: "192.0.2.5" in a.banned())
        assert a.in_kernel("192.0.2.5")


def test_damaged_database_is_set_aside():
    with agent() as a:
        attack(a, "192.0.2.5")
        a.wait_banned("192.0.2.5")
        a.stop()
        for name in os.listdir(a.path("state")):
            if os.path.isdir(os.path.join(a.path("state"), name)):
                continue
            with open(os.path.join(a.path("state"), name), "wb") as f:
                f.write(b"this is no database " * 500)
        a.start()
        wait("adopted", lambda: "192.0.2.5" in a.banned())
        assert any("broken" in n for n in os.listdir(a.path("state")))


def test_unban_exempt_and_by_hand():
    with agent(extra="[exempt]\naddress = 198.51.100.0/24\n") as a:
        attack(a, "198.51.100.7", 20)
        attack(a, "192.0.2.5")
        a.wait_banned("192.0.2.5")
        assert "198.51.100.7" not in a.banned()
        assert a.ctl("ban", "198.51.100.7", check=False)[0] == 5
        assert a.ctl("ban", "127.0.0.1", check=False)[0] == 5
        assert a.ctl("ban", "224.0.0.1", check=False)[0] == 2
        assert a.ctl("ban", "192.0.2.300", check=False)[0] == 2
        a.ctl("unban", "192.0.2.5")
        wait("lifted", lambda: not a.in_kernel("192.0.2.5"))
        assert a.ctl("unban", "192.0.2.5", check=False)[0] == 3
        a.ctl("ban", "192.0.2.9", "--for", "1h", "--reason", "evil \x1b[31m")
        assert "\x1b" not in a.ctl("list")[1]
        wait("in kernel", lambda: a.in_kernel("192.0.2.9"))
        assert "lifted: 1" in a.ctl("exempt", "add", "192.0.2.0/25", "--reason", "office")[1]
        wait("lifted by exemption", lambda: not a.in_kernel("192.0.2.9"))
        assert "192.0.2.0/25" in a.kernel()
        assert a.ctl("exempt", "remove", "198.51.100.0/24", check=False)[0] == 1
        a.ctl("exempt", "remove", "192.0.2.0/25")
        wait("gone from the kernel", lambda: "192.0.2.0/25" not in a.kernel())
        a.ctl("ban", "192.0.2.10")
        assert json.loads(a.ctl("unban", "--all", "--json")[1]) == {"lifted": 1}


def test_bans_end_by_themselves():
    with agent(extra="[rule password-guessing]\nban = 1s\n") as a:
        attack(a, "192.0.2.5")
        a.wait_banned("192.0.2.5")
        wait("over", lambda: not a.banned() and not a.in_kernel("192.0.2.5"), 5)
        assert len(a.json("show", "192.0.2.5", check=False)["history"]) == 1


def test_repeat_offenders_are_banned_longer():
    def attack_by_tcp(a, source):
        """The manager's port: nobody can be made to seem to be there."""
        with open(a.path("full.log"), "a") as f:
            for i in range(5):
                f.write(time.strftime("[%Y-%m-%d %H:%M:%S] ") + f"NOTICE[1] manager.c: {source} failed to authenticate as 'u{i}'\n")

    with agent(extra="[rule password-guessing]\nban = 1s 1h\n") as a:
        attack_by_tcp(a, "192.0.2.5")
        a.wait_banned("192.0.2.5")
        wait("over", lambda: not a.banned(), 5)
        attack_by_tcp(a, "192.0.2.5")
        assert a.wait_banned("192.0.2.5")["step"] == 1
        # What may be forged leads to no long ban, whoever was banned before.
        wait("over", lambda: a.ctl("unban", "192.0.2.5", check=False)[0] in (0, 3) and not a.banned(), 5)
        attack(a, "192.0.2.5")
        assert a.wait_banned("192.0.2.5")["step"] == 0


def test_reload_is_all_or_nothing():
    with agent() as a:
        attack(a, "192.0.2.5", 4)
        wait("read", lambda: a.json("status")["attempts"] == 4)
        a.write_config(INPUT.format(dir=a.dir) + "[rule password-guessing]\nthreshhold = 3\nwindow = 10 parsecs\n")
        status, _, error = a.ctl("reload", check=False)
        assert status == 1 and "threshhold" in error, error
        status, _, error = a.ctl("check", check=False)
        assert status == 1 and "did you mean 'threshold'" in error and "10 parsecs" in error, error
        assert a.process.poll() is None
        attack(a, "192.0.2.5", 1)
        a.wait_banned("192.0.2.5")
        a.write_config(INPUT.format(dir=a.dir) + "[rule password-guessing]\nthreshold = 2\n[exempt]\naddress = 192.0.2.5\n")
        a.ctl("reload")
        wait("exempt now", lambda: not a.banned() and not a.in_kernel("192.0.2.5"))
        attack(a, "192.0.2.6", 2)
        a.wait_banned("192.0.2.6")
        a.process.send_signal(signal.SIGHUP)
        wait("reloaded by signal", lambda: a.logged().count("Reloaded") == 2)


def test_a_bad_filter_changes_nothing():
    with agent() as a:
        os.mkdir(a.path("filters/asterisk.conf.d"))
        drop = a.path("filters/asterisk.conf.d/mine.conf")
        with open(drop, "w") as f:
            f.write("[pattern mine]\nclass = auth-failure\nregex = nonsense(\n")
        status, _, error = a.ctl("reload", check=False)
        assert status == 1 and f"{drop}:3" in error, error
        with open(drop, "w") as f:
            f.write("[pattern mine]\nclass = scanner\nregex = my own line from (?<addr>(?&ip))\n"
                    "example = my own line from 192.0.2.77\nexpect = address=192.0.2.77\n")
        a.ctl("reload")
        with open(a.path("full.log"), "a") as f:
            f.write("my own line from 192.0.2.77\n")
        assert a.wait_banned("192.0.2.77")["rule"] == "scanner"


def test_flush_is_the_switch_for_emergencies():
    with agent() as a:
        attack(a, "192.0.2.5")
        a.wait_banned("192.0.2.5")
        a.ctl("flush")
        wait("table gone", lambda: not a.kernel())
        assert not a.banned()
        a.ctl("reload")
        wait("table back", lambda: "chain prerouting" in a.kernel())
        attack(a, "192.0.2.6")
        a.wait_banned("192.0.2.6")


def test_a_flushed_ruleset_is_restored_with_all_bans():
    with agent() as a:
        attack(a, "192.0.2.5")
        a.wait_banned("192.0.2.5")
        a.ctl("ban", "203.0.113.0/24")
        wait("prefix", lambda: a.in_kernel("203.0.113.0/24"))
        sh("nft", "flush", "ruleset")
        wait("restored", lambda: a.in_kernel("192.0.2.5") and a.in_kernel("203.0.113.0/24"), 2)


def test_others_may_not_command_it():
    with agent() as a:
        os.chmod(a.dir, 0o755)
        done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", f"{BUILD}/sipwarden",
                               "--socket", a.path("control.sock"), "unban", "--all"], stderr=subprocess.PIPE, text=True,
                              stdout=subprocess.PIPE)
        assert done.returncode == 5, done
        assert "only root and members of group" in done.stderr, done


def test_a_member_of_the_group_may_command_it():
    with agent(sipwarden="group = adm") as a:
        os.chmod(a.dir, 0o755)
        sh("setpriv", "--reuid=65534", "--regid=65534", "--groups=" + sh("getent", "group", "adm").split(":")[2],
           f"{BUILD}/sipwarden", "--socket", a.path("control.sock"), "list")


def test_without_root_it_needs_the_one_capability_and_keeps_it_in_the_helper():
    with agent(start=False) as a:
        # Our own tree may be where only root can look.
        shutil.copytree(os.path.join(TOP, "filters"), a.path("filters"), dirs_exist_ok=True)
        sh("chown", "-R", "65534", a.dir)
        a.process = subprocess.Popen(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=+net_admin",
                                      "--ambient-caps=+net_admin", "--bounding-set=-all,+net_admin", f"{BUILD}/sipwardend",
                                      "--config", a.config], stderr=open(a.log, "a"))
        wait("ready", lambda: a.ctl("status", check=False)[0] in (0, DEGRADED))

        def capabilities(pid):
            with open(f"/proc/{pid}/status") as f:
                return {line.split()[0]: int(line.split()[1], 16) for line in f if line.startswith("Cap")}
        assert capabilities(a.process.pid)["CapEff:"] == 0 and capabilities(a.process.pid)["CapPrm:"] == 0
        keeper = sh("pgrep", "-P", str(a.process.pid)).split()[0]
        helper = sh("pgrep", "-P", keeper).split()[0]
        assert capabilities(helper)["CapEff:"] == 1 << 12  # CAP_NET_ADMIN
        attack(a, "192.0.2.5")
        a.wait_banned("192.0.2.5")


def test_as_root_agent_and_helper_give_up_everything_else():
    with agent(sipwarden="log_level = debug") as a:
        a.stop()
        with open(a.config) as f:
            text = f.read()
        with open(a.config, "w") as f:
            f.write(text.replace("user = root", "user = nobody"))
        os.chmod(a.dir, 0o755)
        sh("chown", "-R", "nobody", a.dir)
        a.start()
        with open(f"/proc/{a.process.pid}/status") as f:
            status = f.read()
        assert "CapEff:\t0000000000000000" in status and "CapBnd:\t0000000000000000" in status, status
        assert "Uid:\t65534\t65534" in status and "NoNewPrivs:\t1" in status, status
        keeper = sh("pgrep", "-P", str(a.process.pid)).split()[0]
        helper = sh("pgrep", "-P", keeper).split()[0]
        with open(f"/proc/{helper}/status") as f:
            status = f.read()
        assert "CapEff:\t0000000000001000" in status and "Uid:\t65534" in status, status
        attack(a, "192.0.2.5")
        a.wait_banned("192.0.2.5")


def test_the_helper_as_a_process_of_its_own_serves_only_the_agent():
    with agent(start=False) as a:
        with open(a.config) as f:
            text = f.read()
        socket_path = a.path("firewall.sock")
        with open(a.config, "w") as f:
            f.write(text.replace("[firewall]", f"firewall_socket = {socket_path}\n[firewall]"))
        os.chmod(a.dir, 0o755)

        def start_helper():
            process = subprocess.Popen([f"{BUILD}/sipwardend", "--firewall", "--config", a.config], stderr=open(a.log, "a"))
            wait("the helper's table", lambda: "chain prerouting" in a.kernel())
            return process
        a.process = subprocess.Popen([f"{BUILD}/sipwardend", "--config", a.config], stderr=open(a.log, "a"))
        wait("not ready without the helper", lambda: a.ctl("status", check=False)[0] == 1)
        attack(a, "192.0.2.5")
        wait("banned, but not in force", lambda: a.banned().get("192.0.2.5", {}).get("in_kernel") is False)
        helper = start_helper()
        try:
            wait("in force", lambda: a.in_kernel("192.0.2.5"))
            # Somebody else connects, and is sent away; so is one who sends what is no command.
            program = ("import socket,sys\ns=socket.socket(socket.AF_UNIX,socket.SOCK_SEQPACKET)\ns.settimeout(10)\n"
                       f"s.connect('{socket_path}')\nsys.exit(0 if s.recv(10)==b'' else 1)\n")
            a.stop()
            sh("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3", "-c", program)
            # HELLO, and the descriptor.
            sh("/usr/bin/python3", "-c", program.replace("sys.exit(", "s.recv(99); s.recv(99); s.send(b'nonsense'*9)\nsys.exit("))
            a.start()
            attack(a, "192.0.2.6")
            a.wait_banned("192.0.2.6")
            helper.kill()
            helper.wait()
            wait("the agent says so", lambda: a.ctl("status", check=False)[0] == 1)
            attack(a, "192.0.2.7")
            helper = start_helper()
            a.wait_banned("192.0.2.7")
        finally:
            helper.kill()
            helper.wait()


def test_monitor_tells_bans_as_they_happen():
    with agent() as a:
        with subprocess.Popen([f"{BUILD}/sipwarden", "--config", a.config, "monitor", "--json"], stdout=subprocess.PIPE,
                              text=True) as m:
            time.sleep(0.3)
            attack(a, "192.0.2.5")
            event = json.loads(m.stdout.readline())
            assert event["event"] == "banned" and event["ban"]["address"] == "192.0.2.5", event
            a.ctl("unban", "192.0.2.5")
            event = json.loads(m.stdout.readline())
            assert event["event"] == "lifted" and event["cause"] == "by hand", event
            m.terminate()


def test_instances_side_by_side():
    with agent(name="one") as one, agent(name="two") as two:
        attack(one, "192.0.2.5")
        one.wait_banned("192.0.2.5")
        assert not two.banned() and not two.in_kernel("192.0.2.5")


def test_a_second_agent_with_the_same_socket_is_refused():
    with agent() as a:
        a.ctl("exempt", "add", "192.0.2.0/25")
        done = subprocess.run([f"{BUILD}/sipwardend", "--config", a.config], stderr=subprocess.PIPE, text=True, timeout=10)
        assert done.returncode == 1 and "Another sipwardend answers" in done.stderr, done
        assert "192.0.2.0/25" in a.kernel()


def test_check_tells_which_input_asks_for_a_missing_filter():
    with agent(start=False) as a:
        a.write_config("[input pbx]\nfilter = asterik\npath = /x\n")
        for command in (["sipwarden", "check"], ["sipwardend", "--check"]):
            done = subprocess.run([f"{BUILD}/{command[0]}", command[1], "--config", a.config], stderr=subprocess.PIPE, text=True)
            assert done.returncode == 1 and "did you mean 'asterisk'" in done.stderr and "input 'pbx'" in done.stderr, done


def test_check_warns_of_a_log_that_is_not_there():
    with agent(start=False) as a:
        here, gone = a.path("here.log"), a.path("gone.log")
        open(here, "w").close()
        a.write_config(f"[input asterisk]\npath = {here}\n[input kamailio]\npath = {gone}\n")
        status, _, error = a.ctl("check")
        assert status == 0 and gone in error and "not there" in error and here not in error, error


def test_each_setting_of_the_shipped_config_holds_when_its_mark_is_taken_away():
    with open(f"{TOP}/docs/sipwarden.conf") as f:
        text = re.sub(r"^# (\[[a-z-]+(?: [a-z-]+)?\]|[a-z_0-9]+ = .*)$", r"\1", f.read(), flags=re.M)
    assert "\ntable = " in text and "\n[fraud premium]\n" in text
    with agent(start=False) as a:
        with open(a.config, "w") as f:
            f.write(text.replace("[sipwarden]\n", f"[sipwarden]\nfilter_dirs = {TOP}/filters\n", 1))
        done = subprocess.run([f"{BUILD}/sipwarden", "check", "--config", a.config], stderr=subprocess.PIPE, text=True)
        assert " error: " not in done.stderr, done.stderr


def test_without_an_agent_the_command_says_so():
    with agent(start=False) as a:
        status, _, error = a.ctl("list", check=False)
        assert status == 4 and "does not answer" in error, error


def test_the_daemon_refuses_a_bad_config_with_all_mistakes():
    with agent(start=False) as a:
        a.write_config("[input x]\npath = relative\n[rule y]\nclass = auth-failur\n[nonsense]\n")
        for command in ([f"{BUILD}/sipwardend", "--check"], [f"{BUILD}/sipwardend"]):
            done = subprocess.run([*command, "--config", a.config], stderr=subprocess.PIPE, text=True)
            assert done.returncode == 1, done
            for text in (":10:", "not an absolute path", ":12:", "did you mean 'auth-failure'", ":13:", "unknown section"):
                assert text in done.stderr, (text, done.stderr)


def test_twenty_thousand_bans_survive_a_restart():
    with agent(extra="[rule password-guessing]\nthreshold = 1\n[prefixes]\nban = 0\n") as a:
        with open(a.path("full.log"), "a") as f:
            for i in range(20000):
                f.write(failure(f"10.{i >> 16}.{(i >> 8) & 255}.{i & 255}"))
        wait("all banned", lambda: a.json("status")["firewall_bans"] == 20000, 60)
        assert len(a.banned()) == 20000
        a.stop()
        a.start()
        assert len(a.banned()) == 20000


if __name__ == "__main__":
    run(globals())
