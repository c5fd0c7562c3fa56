#!/usr/bin/python3
"""What bash and zsh offer behind "sipwarden", asked of the shells themselves."""
import os
import re
import subprocess

from sipwarden_env import BUILD, TOP, Agent, run, sh

# In the shell that is asked: what it would offer goes to a file.
ZSHRC = r"""
fpath=($HERE $fpath)
autoload -Uz compinit && compinit -u -D
compadd() {
	local -a offered
	(( ${argv[(I)-[OAD]]} )) || { builtin compadd -O offered "$@"; print -rl -- $offered >> $OFFERED }
	builtin compadd "$@"
}
cd $HERE
PROMPT=SET.
"""
# That shell, on a terminal of its own. Each step waits for its answer; no echo can look like one.
ZSH = r"""
zmodload zsh/zpty
zpty shell 'PROMPT=READY. zsh -f -i'
zpty -r shell said '*READY.'
zpty -w shell 'source $HERE/rc'
zpty -r shell said '*SET.'
for line in "$@"; do
	zpty -w -n shell "sipwarden $line"$'\t\x15print -r -- --- >> $OFFERED; print DO""NE\n'
	zpty -r shell said '*DONE*SET.'
done
zpty -d shell
"""


class Shells:
    def __init__(self, agent):
        self.dir = agent.path("completion")
        os.mkdir(self.dir)
        os.symlink(f"{TOP}/ctl/completion.zsh", self.dir + "/_sipwarden")
        with open(self.dir + "/sipwarden", "w") as f:
            f.write(f'#!/bin/sh\nexec {BUILD}/sipwarden --config {agent.config} "$@"\n')
        os.chmod(self.dir + "/sipwarden", 0o755)
        with open(self.dir + "/rc", "w") as f:
            f.write(ZSHRC)
        with open(self.dir + "/some.log", "w"):
            pass
        self.env = dict(os.environ, PATH=f"{self.dir}:{os.environ['PATH']}", HERE=self.dir,
                        OFFERED=self.dir + "/offered", TERM="dumb", HOME=self.dir)

    def zsh(self, *lines):
        """What is offered at the end of each line behind "sipwarden "."""
        with open(self.dir + "/offered", "w"):
            pass
        sh("zsh", "-f", "-c", ZSH, "zsh", *lines, env=self.env, stdin=subprocess.DEVNULL)
        with open(self.dir + "/offered") as f:
            answers = f.read().split("---\n")[:-1]
        assert len(answers) == len(lines), answers
        return [{word.rstrip("=").replace("\\", "") for word in answer.split("\n") if word} for answer in answers]

    def bash(self, line):
        words = ["sipwarden", *line.split(" ")]
        script = f'. {TOP}/ctl/completion.bash; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _sipwarden; printf "%s\\n" "${{COMPREPLY[@]}}"'
        return set(sh("bash", "-c", script, "bash", *words, env=self.env, cwd=self.dir).split())


def with_shells(check):
    agent = Agent("[input asterisk]\npath = /none\n").start()
    try:
        agent.ctl("ban", "192.0.2.5")
        agent.ctl("ban", "2001:db8:5::/64")
        check(Shells(agent))
    finally:
        agent.close()


def test_both_offer_every_command():
    def check(shells):
        commands = set(re.findall(r"^  ([a-z]+) ", sh(f"{BUILD}/sipwarden", "--help"), re.M))
        assert len(commands) > 10, commands
        every, some = shells.zsh("", "unb")
        for offered in (every, shells.bash("")):
            assert commands <= offered, commands - offered
        assert some == {"unban"} == shells.bash("unb")
    with_shells(check)


def test_both_offer_what_is_banned():
    def check(shells):
        commands = ("unban ", "show ", "explain ")
        for offered in shells.zsh(*commands) + [shells.bash(c) for c in commands]:
            assert {"192.0.2.5", "2001:db8:5::/64"} <= offered, offered
        assert shells.zsh("--json unban 19", "unban 192.0.2.5 2001") == [{"192.0.2.5"}, {"2001:db8:5::/64"}]
    with_shells(check)


def test_zsh_knows_the_options_of_each_command():
    lines = {"ban --": "--for --reason", "unban --": "--all", "list --": "--enforced --limited", "firewall ": "show plan on off", "pause --": "--reason",
             "exempt --": "--reason", "exempt ": "list add remove",
             "simulate --": "--input --since --until --against --seen --summary",
             "audit --": "--state --html --baseline --accept --reason --root --asterisk --freeswitch --kamailio --opensips",
             "audit ": "gateway tls ports all", "number --": "--country --outside --json",
             "filter ": "list test lint match new import", "filter match --": "--near --filter-dir",
             "filter new --": "--line --address --class --output", "filter import --": "--name --output --log --set",
             "status --": "--json --config --socket", "--": "--json --config --socket --help --version"}

    def check(shells):
        for (line, wanted), offered in zip(lines.items(), shells.zsh(*lines)):
            assert set(wanted.split()) <= offered, (line, offered)
    with_shells(check)


def test_zsh_offers_files_and_filters_where_they_belong():
    files = ("-c ", "--config ", "simulate --input asterisk=", "simulate --seen ", "audit --baseline ", "filter match asterisk ",
             "filter import ", "filter import --log ")
    filters = ("filter test ", "filter lint ", "filter match ", "filter match kamailio,")

    def check(shells):
        for line, offered in zip(files, shells.zsh(*files)):
            assert "some.log" in offered, (line, offered)
        for line, offered in zip(filters, shells.zsh(*filters)):
            assert "asterisk" in offered and "some.log" not in offered, (line, offered)
        assert "some.log" not in shells.zsh("unban ")[0]
    with_shells(check)


run(globals())
