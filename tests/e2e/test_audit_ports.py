#!/usr/bin/python3
"""sipwarden audit ports: what it says of real rulesets, against packets that a second namespace really sends."""
import contextlib
import ipaddress
import json
import os
import re
import select
import shutil
import socket
import subprocess
import sys

from sipwarden_env import BUILD, TOP, run, sh, wait

sys.path.insert(0, os.path.join(TOP, "tests/demo"))
import gateway  # noqa: E402

HERE4, HERE6 = "192.0.2.1", "2001:db8::1"
SOURCES = ("192.0.2.77", "198.51.100.7", "203.0.113.9", "2001:db8::77", "2001:db8:5::7")
LISTENERS = ((socket.SOCK_STREAM, "0.0.0.0", 22), (socket.SOCK_STREAM, "0.0.0.0", 5038), (socket.SOCK_DGRAM, "::", 5060),
             (socket.SOCK_STREAM, "::", 8088), (socket.SOCK_DGRAM, "0.0.0.0", 5062), (socket.SOCK_STREAM, "127.0.0.1", 3306),
             (socket.SOCK_DGRAM, "192.0.2.1", 5099))
# Sends what it is told, and says of TCP whether there was a connection.
FAR = """
import socket, sys
for line in sys.stdin:
    kind, source, to, port = line.split()
    s = socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET, int(kind))
    s.bind((source, 0))
    s.settimeout(0.4)
    try:
        if int(kind) == socket.SOCK_STREAM:
            s.connect((to, int(port)))
        else:
            s.sendto(source.encode(), (to, int(port)))
        print(1, flush=True)
    except OSError:
        print(0, flush=True)
    s.close()
"""


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


class Net:
    """A gateway with listeners, here, and a namespace that sends to it."""

    def __init__(self):
        sh("ip", "netns", "add", "far")
        sh("ip", "link", "add", "eth7", "type", "veth", "peer", "name", "far0")
        sh("ip", "link", "set", "far0", "netns", "far")
        for address in (HERE4 + "/24", HERE6 + "/64"):
            sh("ip", "addr", "add", address, "dev", "eth7", "nodad")
        sh("ip", "link", "set", "eth7", "up")
        for source in SOURCES:
            length = {"192.0.2.77": "/24", "2001:db8::77": "/64"}.get(source, "/128" if ":" in source else "/32")
            sh("ip", "-n", "far", "addr", "add", source + length, "dev", "far0", "nodad")
        sh("ip", "-n", "far", "link", "set", "far0", "up")
        sh("ip", "route", "add", "default", "via", "192.0.2.77")
        sh("ip", "route", "add", "default", "via", "2001:db8::77")
        self.sockets = {}
        for kind, address, port in LISTENERS:
            s = socket.socket(family(address), kind)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((address, port))
            if kind == socket.SOCK_STREAM:
                s.listen(100)
            self.sockets[kind, address, port] = s
        self.far = subprocess.Popen(["ip", "netns", "exec", "far", sys.executable, "-c", FAR], stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE, text=True)
        # Neighbours know each other before any rule is there.
        wait("IPv6 is there", lambda: self.arrives(socket.SOCK_STREAM, SOURCES[3], HERE6, 8088))

    def close(self):
        self.far.stdin.close()
        self.far.wait(20)
        for s in self.sockets.values():
            s.close()
        sh("ip", "link", "del", "eth7")
        sh("ip", "netns", "del", "far")

    def send(self, kind, source, to, port):
        self.far.stdin.write(f"{int(kind)} {source} {to} {port}\n")
        self.far.stdin.flush()
        return self.far.stdout.readline().strip() == "1"

    def arrives(self, kind, source, to, port, at=None):
        """Whether a packet to this port gets to the listener at that one, or at the same."""
        self.send(kind, source, to, port)
        got = False
        for (k, _, p), s in self.sockets.items():
            while k == kind and select.select([s], [], [], 0.05)[0]:
                if kind == socket.SOCK_STREAM:
                    connection, (peer, *_) = s.accept()
                    connection.close()
                else:
                    peer = s.recv(100).decode()
                got |= p == (at or port) and peer.replace("::ffff:", "") == source
        return got


def audit(status=None, options=()):
    done = subprocess.run([f"{BUILD}/sipwarden", "audit", "ports", "--json", "--asterisk", "/nonexistent", "--freeswitch",
                           "/nonexistent", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300)
    assert done.returncode in ((0, 1) if status is None else (status,)), (done.returncode, done.stderr)
    return {f["file"]: f for f in json.loads(done.stdout)["findings"]} if done.stdout else {}


def words_of(finding, wanted):
    """What is said of one family."""
    found = re.search(rf"{'IPv6' if wanted == socket.AF_INET6 else 'IPv4'}: (.*?)(?=\. IPv6: |$)", finding["what"])
    return found.group(1) if found else "only this machine"


def networks(text):
    """Those of "limited to 192.0.2.0/24, 198.51.100.1-198.51.100.9 (rule …)"."""
    for one in text.split(", "):
        first, _, last = one.partition("-")
        if last:
            yield from ipaddress.summarize_address_range(ipaddress.ip_address(first), ipaddress.ip_address(last))
        else:
            yield ipaddress.ip_network(one)


def expected(words, source):
    """Whether a packet from source must get through, by the words; None if they do not say."""
    address = ipaddress.ip_address(source)
    words = re.sub(r"^passed on to \S+, there ", "", words)
    if words.startswith(("blocked by ", "only this machine")):
        return False
    if words.startswith("not decidable, because "):
        return None
    # None of our sources is among those that are not written out.
    named = re.match(r"(limited to|open to all but) (.*?)(?: and \d+ more)?(?:, at a limited rate)? \(", words)
    if named:
        inside = any(address in n for n in networks(named.group(2)))
        return inside == (named.group(1) == "limited to")
    assert words.startswith("open to all"), words
    return True


def agree(net, name, undecided=(), passed=()):
    """Every word of the audit agrees with what packets do. Returns the words by listener and family."""
    found, told, sent = audit(), {}, 0
    for kind, address, port in LISTENERS:
        text = f"[{address}]" if ":" in address else address
        finding = found[f"{'udp' if kind == socket.SOCK_DGRAM else 'tcp'}/{text}:{port}"]
        for source in SOURCES:
            if family(source) == socket.AF_INET6 and family(address) == socket.AF_INET:
                continue
            words = words_of(finding, family(source))
            told[port, family(source)] = words
            want = expected(words, source)
            if want is None:
                assert (port, family(source)) in undecided, (name, port, source, words)
                continue
            assert ((port, family(source)) in passed) == words.startswith("passed on to "), (name, port, words)
            to = HERE6 if family(source) == socket.AF_INET6 else HERE4
            at = int(re.match(r"passed on to \S*:(\d+),", words).group(1)) if words.startswith("passed on") else None
            assert net.arrives(kind, source, to, port, at) == want, (name, port, source, words, sh("nft", "list", "ruleset"))
            sent += 1
    for key in undecided:
        assert told[key].startswith("not decidable, because "), (name, key, told[key])
    assert sent > 10, name
    return told


@contextlib.contextmanager
def network():
    net = Net()
    try:
        yield net
    finally:
        net.close()
        sh("nft", "flush", "ruleset")


V4, V6 = socket.AF_INET, socket.AF_INET6
RULESETS = {
    "none": "",
    "policy": """table inet f {
        set ok { type ipv4_addr; flags interval; elements = { 198.51.100.0/24, 203.0.113.7 }; }
        chain i { type filter hook input priority 0; policy drop;
            ct state established,related accept
            icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
            tcp dport 22 ip saddr @ok accept
            udp dport 5060 accept
            tcp dport 8000-8100 ip6 saddr 2001:db8:5::/48 accept
            ip saddr != 192.0.2.0/24 udp dport 5062 accept
        }
    }""",
    "maps": """table inet f {
        map by { type inet_proto . inet_service : verdict; flags interval;
            elements = { tcp . 20-25 : jump ssh, udp . 5060 : accept, tcp . 5038 : goto manage }; }
        map who { type ipv4_addr : verdict; elements = { 198.51.100.7 : accept, 203.0.113.9 : drop }; }
        chain ssh { ip saddr vmap @who; }
        chain manage { ip saddr vmap { 203.0.113.0/24 : return, 198.51.100.0-198.51.100.255 : accept }; }
        chain i { type filter hook input priority 0; policy drop;
            meta l4proto . th dport vmap @by
            ct state vmap { established : accept, invalid : drop }
            ct state new tcp dport 5038 reject with tcp reset
            icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
            ip saddr . tcp dport { 203.0.113.9 . 8088, 192.0.2.77 . 22 } accept
        }
    }""",
    # An accept ends one base chain only; the last word has the one of the highest priority.
    "priorities": """table ip late { chain i { type filter hook input priority 10; tcp dport 5038 drop; }
    }
    table inet early { chain i { type filter hook input priority -10; accept; }
    }
    table ip raw { set bad { type ipv4_addr; flags interval; elements = { 203.0.113.0/25 }; }
        chain p { type filter hook prerouting priority raw; ip saddr @bad drop; ct state new tcp dport 22 drop; }
    }
    table ip6 six { chain i { type filter hook input priority 0; ip6 saddr 2001:db8:5::/48 tcp dport 8088 drop; }
    }
    table inet forward { chain f { type filter hook forward priority 0; policy drop; }
    }
    """,
    "fields": """table inet f {
        chain p { type filter hook prerouting priority mangle;
            fib saddr . iif oif missing drop
            meta mark set 5
            iifname "eth*" ip saddr 203.0.113.0/24 udp dport 5062 drop
            iifname { "lo", "wg0" } accept
        }
        chain i { type filter hook input priority filter; policy drop;
            icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
            meta mark & 0xff == 4 tcp dport 22 accept
            meta mark 5 tcp dport 5038 tcp flags & (syn | ack) == syn accept
            meta nfproto ipv6 meta l4proto udp accept
            fib daddr type local meta l4proto udp limit rate over 100000/second drop
            udp dport { 5060, 5062 } ip daddr 192.0.2.1 limit rate 1000/second accept
            ct state established,related accept
            tcp dport 8088 jump deep
        }
        chain deep { tcp dport != 8088 accept; ip saddr 198.51.100.1-198.51.100.20 return; meta pkttype host accept; }
    }""",
    "untracked": """table inet f {
        chain p { type filter hook prerouting priority raw; udp dport 5060 notrack; tcp flags syn / fin,syn,rst,ack tcp dport 22 drop; }
        chain i { type filter hook input priority 0; policy drop;
            icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
            ct state established accept
            ct state new tcp dport != 5038 accept
        }
    }""",
    "translated": """table inet nat {
        chain p { type nat hook prerouting priority dstnat;
            udp dport 5062 redirect to :5060
            ip saddr 198.51.100.0/24 ip daddr 192.0.2.1 tcp dport 5038 dnat ip to 192.0.2.1:22
        }
        chain i { type filter hook input priority 0; udp dport 5062 drop; tcp dport 5038 ct status dnat drop; }
    }""",
}


def test_words_agree_with_packets():
    with network() as net:
        for name, text in RULESETS.items():
            sh("nft", "-f", "-", input=text)
            passed = {(5062, V4)} if name == "translated" else ()
            told = agree(net, name, passed=passed)
            sh("nft", "flush", "ruleset")
            if name == "policy":
                assert told[22, V4].startswith("limited to 198.51.100.0/24, 203.0.113.7 (rule (table inet f, chain i, "), told
                assert told[5038, V4] == "blocked by the policy of table inet f, chain i", told
                assert told[8088, V6].startswith("limited to 2001:db8:5::/48 ("), told
            if name == "translated":
                assert told[5038, V4].endswith("; 198.51.100.0/24 are passed on to 192.0.2.1:22"), told
            if name == "none":
                assert told[5038, V4] == "open to all (no rule says otherwise)", told


def test_what_cannot_be_told_is_said_with_the_rule():
    with network() as net:
        sh("nft", "-f", "-", input="""table inet f { chain i { type filter hook input priority 0; policy drop;
            tcp sport 53 tcp dport 22 accept
            meta cpu 0 udp dport 5060 accept
            udp dport 5062 meta length > 1200 accept
            udp dport 5062 accept
            ct state established accept;
 }
}""")
        told = agree(net, "undecided", undecided={(22, V4), (5060, V4), (5060, V6)})
        assert re.match(r"not decidable, because rule \(table inet f, chain i, handle \d+\) depends on the port it is sent from$",
                        told[22, V4]), told
        # Whatever its length is, the next rule accepts it.
        assert told[5062, V4].startswith("open to all"), told
        assert audit()["tcp/0.0.0.0:22"]["check"] == "port-unknown"


def test_the_sip_firewall_of_our_own_is_no_doubt():
    rules = "table inet %s { chain sip_udp { @th,64,8 65 drop\n }\n chain p { type filter hook prerouting priority raw; udp dport 5060 jump sip_udp\n }\n}"
    with network():
        for table, wanted in (("sipwarden", "open to all ("), ("another", "not decidable, because rule (table inet another, chain sip_udp, ")):
            sh("nft", "-f", "-", input=rules % table)
            assert words_of(audit()["udp/[::]:5060"], V4).startswith(wanted), table
            sh("nft", "flush", "ruleset")


def iptables(rules, command="iptables-nft"):
    for rule in rules:
        sh(command, *rule.split())


def test_iptables_in_nftables_clothes():
    four = ("-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment known -j ACCEPT",
            "-A INPUT -m recent --name seen --set", "-A INPUT -p tcp --dport 22 -m recent --name seen --update --hitcount 9 -j DROP",
            "-A INPUT -p tcp -m multiport --dports 22,8000:8100 -m iprange --src-range 198.51.100.1-198.51.100.9 -j ACCEPT",
            "-A INPUT -p udp -m state --state NEW -m limit --limit 500/second --limit-burst 500 -m addrtype --dst-type LOCAL "
            "-m multiport ! --dports 5062,5099 -j ACCEPT",
            "-A INPUT -p tcp --dport 5038 -j LOG --log-prefix x", "-A INPUT -p tcp --dport 5038 -j REJECT",
            "-A INPUT -p udp --dport 5062 -m string --string bla --algo bm -j ACCEPT", "-P INPUT DROP")
    six = ("-A INPUT -m rt --rt-type 0 -j DROP", "-A INPUT -p ipv6-icmp -j ACCEPT", "-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT",
           "-A INPUT -p tcp -m multiport --dports 8088 -s 2001:db8:5::/48 -j ACCEPT", "-P INPUT DROP")
    with network() as net:
        iptables(four)
        iptables(six, "ip6tables-nft")
        told = agree(net, "iptables", undecided={(5062, V4)})
        assert told[5062, V4].endswith("depends on string"), told
        assert told[22, V4].startswith("limited to 198.51.100.1-198.51.100.9 ("), told
        sh("nft", "flush", "ruleset")
        iptables(("-t nat -A PREROUTING -p udp -m multiport --dports 5062,5070 -j REDIRECT --to-ports 5060",
                  "-t raw -A PREROUTING -p udp --dport 5060 -j CT --notrack",
                  "-A INPUT -m conntrack --ctstate UNTRACKED -j DROP"))
        agree(net, "nat", passed={(5062, V4)})


def test_rules_of_the_old_iptables_are_not_passed_over():
    def words():
        return words_of(audit()["tcp/0.0.0.0:5038"], V4)

    with network() as net:
        for command in ("iptables-legacy", "ip6tables-legacy"):
            for set_up, undo in (("-A INPUT -p tcp --dport 5038 -j DROP", "-F"), ("-P INPUT DROP", "-P INPUT ACCEPT"), ("-N mine", "-X mine")):
                sh(command, *set_up.split())
                assert words().startswith("not decidable, because there are rules of iptables-legacy"), (command, set_up, words())
                if command == "iptables-legacy" and set_up != "-N mine":
                    assert not net.arrives(socket.SOCK_STREAM, SOURCES[1], HERE4, 5038)
                # Its tables stay, and are empty.
                sh(command, *undo.split())
                assert words() == "open to all (no rule says otherwise)", (command, undo, words())
                assert net.arrives(socket.SOCK_STREAM, SOURCES[1], HERE4, 5038)


def test_what_docker_publishes():
    with network() as net:
        sh("ip", "netns", "add", "inside")
        sh("ip", "link", "add", "docker0", "type", "veth", "peer", "name", "in0", "netns", "inside")
        sh("ip", "addr", "add", "172.17.0.1/16", "dev", "docker0")
        sh("ip", "link", "set", "docker0", "up")
        # As Docker 20 and later write them.
        iptables(("-t nat -N DOCKER", "-t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
                  "-t nat -A DOCKER -i docker0 -j RETURN",
                  "-t nat -A DOCKER ! -i docker0 -p tcp -m tcp --dport 6379 -j DNAT --to-destination 172.17.0.2:6379",
                  "-t nat -A DOCKER ! -i docker0 -p tcp -m tcp --dport 9999 -j DNAT --to-destination 172.17.0.3:80",
                  "-N DOCKER", "-N DOCKER-USER", "-A FORWARD -j DOCKER-USER", "-A FORWARD -o docker0 -j DOCKER",
                  "-A DOCKER-USER -j RETURN", "-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp --dport 6379 -j ACCEPT",
                  "-P FORWARD DROP", "-P INPUT DROP"))
        try:
            found = audit()
            # No listener is here, and the input chain drops all: published all the same.
            redis = found["tcp/[::]:6379"]
            assert redis["severity"] == "critical", redis
            assert "through eth7: passed on to 172.17.0.2:6379, there open to all (rule (table ip filter, chain DOCKER" in redis["what"], redis
            assert "through eth7: blocked by the policy of table ip filter, chain FORWARD" in found["tcp/[::]:9999"]["what"], found
            # And so it is: the packet leaves by docker0.
            sh("ip", "netns", "exec", "inside", "sh", "-c", "ip addr add 172.17.0.2/16 dev in0; ip addr add 172.17.0.3/16 dev in0; "
               "ip link set in0 up; ip route add default via 172.17.0.1")
            with open("/proc/sys/net/ipv4/ip_forward", "w", encoding="ascii") as f:
                f.write("1")
            sh("iptables-nft", "-I", "FORWARD", "-i", "docker0", "-j", "ACCEPT")
            server = subprocess.Popen(["ip", "netns", "exec", "inside", sys.executable, "-c", "import socket, time\n"
                                       "for p in (6379, 80):\n s = socket.create_server(('', p)); globals()[str(p)] = s\n"
                                       "print(flush=True); time.sleep(600)"], stdout=subprocess.PIPE)
            server.stdout.readline()
            assert net.send(socket.SOCK_STREAM, SOURCES[1], HERE4, 6379)
            assert not net.send(socket.SOCK_STREAM, SOURCES[1], HERE4, 9999)
            server.kill()
            server.wait()
        finally:
            sh("ip", "link", "del", "docker0")
            sh("ip", "netns", "del", "inside")


def private_copy(directory):
    """What happens to the directory from now on is seen in our mount namespace only."""
    copy = "/run/copy-of" + directory.replace("/", "-")
    shutil.copytree(directory, copy, symlinks=True)
    sh("mount", "--bind", copy, directory)


def test_ufw():
    for directory in ("/etc/ufw", "/etc/default"):
        private_copy(directory)
    with network() as net:
        for rule in ("allow 5060/udp", "allow from 198.51.100.0/24 to any port 5038 proto tcp", "limit 22/tcp", "deny 8088/tcp"):
            sh("ufw", *rule.split())
        sh("ufw", "--force", "enable")
        told = agree(net, "ufw")
        assert told[5060, V4].startswith("open to all (") and told[5060, V6].startswith("open to all ("), told
        assert told[5038, V4].startswith("limited to 198.51.100.0/24 ("), told
        assert told[8088, V4].startswith("blocked by ") and told[8088, V6].startswith("blocked by "), told
        sh("ufw", "--force", "disable")


@contextlib.contextmanager
def firewalld():
    private_copy("/etc/firewalld")
    os.makedirs("/run/dbus", exist_ok=True)
    processes = [subprocess.Popen(["dbus-daemon", "--system", "--nofork", "--nopidfile"])]
    try:
        wait("the bus", lambda: os.path.exists("/run/dbus/system_bus_socket"))
        processes.append(subprocess.Popen(["firewalld", "--nofork", "--nopid"]))
        wait("firewalld runs", lambda: sh("firewall-cmd", "--state", check=False).strip() == "running", 60)
        yield
    finally:
        for p in reversed(processes):
            p.terminate()
            p.wait(30)


def test_firewalld():
    with network() as net, firewalld():
        for rule in (["--add-port=5060/udp"], ["--zone=trusted", "--add-source=198.51.100.0/24"],
                     ["--add-rich-rule=rule family=ipv4 source address=203.0.113.0/24 port port=5038 protocol=tcp accept"]):
            sh("firewall-cmd", *rule)
        told = agree(net, "firewalld")
        assert told[5060, V4].startswith("open to all (") and told[5060, V6].startswith("open to all ("), told
        assert told[5062, V4].startswith("limited to 198.51.100.0/24 ("), told
        assert told[5038, V4].startswith("limited to 198.51.100.0/24, 203.0.113.0/24 ("), told


def test_large_rulesets_are_followed():
    many = [f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}" for i in range(100000)]
    with network() as net:
        sh("nft", "-f", "-", input="table inet f {\n set a { type ipv4_addr; elements = {" + ",".join(many) + "}; }\n"
           " set b { type ipv4_addr; flags interval; elements = {" + ",".join(many[::2]) + ", 198.51.100.0/24 }; }\n"
           " chain i { type filter hook input priority 0; policy drop; ct state established accept\n ip saddr @a drop\n"
           " icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept\n"
           + "".join(f" ip saddr 203.0.{i >> 7}.{(i & 127) * 2} drop\n" for i in range(3000)) +
           " tcp dport 22 ip saddr @b accept\n udp dport 5060 accept\n }\n}")
        agree(net, "large")


# nft gives no set such a name, but netlink does: what nft sends is changed on the way.
RENAME = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include <sys/socket.h>
ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	ssize_t (*next)(int, const struct msghdr *, int) = (ssize_t (*)(int, const struct msghdr *, int))dlsym(RTLD_NEXT, "sendmsg");
	char *at;
	size_t i;

	for (i = 0; i < m->msg_iovlen; i++)
		while ((at = memmem(m->msg_iov[i].iov_base, m->msg_iov[i].iov_len, "a_long_set_name_", 16)))
			memcpy(at, "x;delete table t", 16);
	return next(fd, m, flags);
}
"""


def test_the_name_of_a_set_is_no_command():
    with network():
        with open("/run/rename.c", "w") as f:
            f.write(RENAME)
        sh(os.environ.get("CC", "cc"), "-shared", "-fPIC", "-o", "/run/rename.so", "/run/rename.c", "-ldl")
        sh("env", "LD_PRELOAD=/run/rename.so", "nft", "-f", "-", input="table ip t {\n}\ntable inet f {\n set x { type inet_service; }\n"
           " set a_long_set_name_ { type inet_service; elements = { 5060 }; }\n"
           " chain i { type filter hook input priority 0; udp dport @a_long_set_name_ drop; }\n}")
        assert "x;delete table t" in sh("nft", "list", "ruleset")
        told = [f["what"] for at, f in audit().items() if at.startswith("udp/") and at.endswith(":5060")]
        assert "table ip t" in sh("nft", "list", "tables"), told
        assert told and "not decidable" in told[0], told


def test_what_does_not_read_the_ruleset_says_so():
    with network():
        done = subprocess.run(["setpriv", "--reuid", "65534", "--clear-groups", f"{BUILD}/sipwarden", "audit", "ports"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
        assert done.returncode == 5 and "run it as root" in done.stderr and not done.stdout, done
        done = subprocess.run([f"{BUILD}/sipwarden", "audit", "--root", "/", "ports"], stderr=subprocess.PIPE, timeout=60)
        assert done.returncode == 2


def audits(message):
    out = sh("journalctl", "-D", "/run/log/journal", "-o", "json", "MESSAGE_ID=" + message, check=False)
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


def audit_all(status):
    """As its unit does, with the journal as standard error (systemd.exec(5))."""
    done = subprocess.run(["systemd-cat", "sh", "-c", 'JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec "$@"', "sh",
                           f"{BUILD}/sipwarden", "audit", "all", "--state", "/run/audit", "--baseline", "/run/accepted", "--asterisk",
                           "/run/asterisk"], timeout=300, check=False)
    assert done.returncode == status, done


def test_what_is_new_since_the_last_time_is_told_once():
    told, new = "802a7831744d4ef9bdcaa52ee4c333eb", "9348c6f1590f4b8e961d173fa98eb2ff"
    journald = gateway.start_journald()
    os.makedirs("/run/audit")
    os.makedirs("/run/asterisk", exist_ok=True)
    try:
        with network():
            sh("nft", "-f", "-", input="table inet f { chain i { type filter hook input priority 0; policy drop; udp dport 5060 accept;\n }\n}")
            audit_all(0)
            wait("the first", lambda: len(audits(told)) == 1)
            assert audits(told)[0]["MESSAGE"].startswith("Audit: 0 critical, 0 warning; 0 of them new"), audits(told)
            sh("nft", "add", "rule", "inet", "f", "i", "tcp", "dport", "5038", "accept")
            audit_all(1)
            wait("the second", lambda: len(audits(told)) == 2)
            found = audits(new)
            assert [f["SIPWARDEN_FINDING"] for f in found] == ["port-manage-open:tcp/0.0.0.0%3a5038"], found
            assert found[0]["SIPWARDEN_SEVERITY"] == "critical" and found[0]["PRIORITY"] == "3", found
            # Again: known, and not told again.
            audit_all(1)
            wait("the third", lambda: len(audits(told)) == 3)
            assert len(audits(new)) == 1
            with open("/run/audit/report.txt", encoding="utf-8") as f:
                assert "port-manage-open:tcp/0.0.0.0%3a5038" in f.read()
            assert {os.stat("/run/audit/" + name).st_mode & 0o777 for name in os.listdir("/run/audit")} == {0o600}
            with open("/run/accepted", "w", encoding="ascii") as f:
                f.write("port-manage-open:tcp/0.0.0.0%3a5038 # only today\n")
            audit_all(0)
            wait("the fourth", lambda: len(audits(told)) == 4)
            assert "1 gone" in audits(told)[-1]["MESSAGE"], audits(told)
    finally:
        journald.kill()
        journald.wait()


def test_media_ports_and_a_baseline():
    with network():
        os.makedirs("/run/asterisk", exist_ok=True)
        with open("/run/asterisk/rtp.conf", "w", encoding="ascii") as f:
            f.write("[general]\nrtpstart=10000\nrtpend=20000\n")
        sh("nft", "-f", "-", input="table inet f { chain i { type filter hook input priority 0; policy drop; "
           "udp dport 10000-15000 accept; tcp dport 22 accept;\n }\n}")
        found = audit(options=("--asterisk", "/run/asterisk"))
        rtp = found["udp/[::]:10000-20000"]
        assert rtp["severity"] == "info" and "at 10000" in rtp["what"] and "at 15001" in rtp["what"], rtp
        assert "blocked by the policy" in rtp["what"] and "open to all" in rtp["what"], rtp
        assert found["tcp/0.0.0.0:22"]["check"] == "port-login-open"
        audit(0, ("--baseline", "/run/baseline", "--accept"))
        assert audit(0, ("--baseline", "/run/baseline"))["tcp/0.0.0.0:22"]["accepted"]


run(globals())
