#!/usr/bin/python3
"""sipwarden audit: whole configurations, hardened ones and bad ones, and files that are no such thing.

Each configuration is a tree below a directory that --root names. What is right and wrong is from the
gateways' documentation and source, which the findings cite.
"""
import html.parser
import json
import os
import subprocess
import tempfile

from sipwarden_env import BUILD, run

STOCK = "/etc/kamailio/kamailio.cfg"
LONG = "hG7-wq2Lx_09zTrUvB"  # a good password

GOOD_ASTERISK = {
    "modules.conf": "[modules]\nautoload = yes\nnoload => chan_sip.so\n",
    "sip.conf": "[general]\nallowguest=yes\n",  # not loaded
    "pjsip.conf": f"""; all phones
[global]
type = global
endpoint_identifier_order = ip,username,anonymous
[tls]
type = transport
protocol = tls
method = tlsv1_2
[phone](!)
type = endpoint
context = phones
auth = nobody
;-- [anonymous]
type = endpoint
--;
#include pjsip.d/*.conf
[carrier]
type = endpoint
context = incoming
identify_by = ip
outbound_auth = carrier
[carrier]
type = identify
endpoint = carrier
match = 192.0.2.9
[carrier]
type = auth
username = carrier
password = 1234
""",
    "pjsip.d/100.conf": f"[100](phone)\nauth = 100\n[100]\ntype = auth\nusername = 100\npassword = {LONG}\n",
    "manager.conf": f"""[general]
enabled = yes
bindaddr = 127.0.0.1
[panel]
secret = {LONG}x
deny = 0.0.0.0/0.0.0.0
permit = 127.0.0.1/255.255.255.255
""",
    "http.conf": "[general]\nenabled = yes\nbindaddr = 127.0.0.1\n",
    "ari.conf": f"[general]\nenabled = yes\n[app]\ntype = user\npassword = {LONG}y\n",
    "iax.conf": f"[general]\nauthdebug = yes\n[branch]\ntype = friend\nhost = dynamic\nsecret = {LONG}z\n",
    "logger.conf": "[logfiles]\nconsole => notice\nsipwarden => [json]notice,warning,error,security\n",
    "extensions.conf": "[phones]\nexten => _X.,1,Dial(PJSIP/${EXTEN}@carrier)\n[incoming]\nexten => s,1,Dial(PJSIP/100)\n",
}
BAD_ASTERISK = {
    "pjsip.conf": """[tls]
type = transport
protocol = tls
[dialing]
type = endpoint
context = default
allow_unauthenticated_options = yes
[trunk]
type = endpoint
[trunk]
type = identify
endpoint = trunk
[anonymous]
type = endpoint
context = guests
[100]
type = auth
password = 100
[101]
type = auth
username = alice
password = trustno1
[102]
type = auth
password = kX9!w
""",
    "sip.conf": "[general]\nalwaysauthreject = no\ntlsenable = yes\n[200]\ntype = friend\nhost = dynamic\n"
                "[201]\ntype = friend\nhost = dynamic\nsecret = letmein\n",
    "iax.conf": "[general]\n[guest]\ntype = user\ncontext = public\n[300]\ntype = friend\nhost = dynamic\n"
                "secret = qwerty123\nrequirecalltoken = no\n",
    "manager.conf": "[general]\nenabled = yes\n[admin]\nsecret = amp111\npermit = 127.0.0.1/255.255.255.0\n"
                    f"[four]\nsecret = {LONG}\ndeny = 0.0.0.0/0\npermit = 127.0.0.1\n",
    "http.conf": "[general]\nenabled = yes\nbindaddr = 0.0.0.0\n",
    "ari.conf": f"[general]\nallowed_origins = *\n[web]\ntype = user\npassword = {LONG}\n",
    "logger.conf": "[logfiles]\nconsole => security\nmessages => notice,warning,error\n",
    "extensions.conf": "[guests]\ninclude => more\n[more]\ninclude => guests\nexten => _00X.,1,Dial(PJSIP/${EXTEN}@carrier)\n"
                       "[default]\nexten => s,1,Hangup()\n",
}
BAD_ASTERISK_FOUND = """asterisk-guest-dialing:pjsip.conf/anonymous asterisk-guest-calls:sip.conf
asterisk-guest-calls:iax.conf/guest asterisk-no-password:pjsip.conf/dialing asterisk-trunk-by-name:pjsip.conf/trunk
asterisk-old-tls:pjsip.conf/tls asterisk-tells-accounts:pjsip.conf/dialing weak-password:pjsip.conf/100
weak-password:pjsip.conf/101 short-password:pjsip.conf/102 asterisk-tells-accounts:sip.conf asterisk-old-tls:sip.conf
asterisk-no-password:sip.conf/200 weak-password:sip.conf/201 asterisk-iax-unlogged:iax.conf weak-password:iax.conf/300
asterisk-iax-calltoken:iax.conf/300 asterisk-manage-open:manager.conf asterisk-manage-open:http.conf
weak-password:manager.conf/admin asterisk-manage-no-acl:manager.conf/admin asterisk-manage-acl-ipv4-only:manager.conf/four
asterisk-manage-no-acl:ari.conf/web asterisk-ari-origins:ari.conf asterisk-security-unlogged:logger.conf"""


def freeswitch(**change):
    """A FreeSWITCH as it is shipped in structure, hardened; change has other values."""
    values = dict(default_password=LONG, event_ip="127.0.0.1", event_password=LONG + "e", auth="true", blind="false",
                  log="true", tls="tlsv1.2,tlsv1.3", vm="804915", maps="warning,err", password="$${default_password}", acl="deny", extra="")
    values.update(change)
    files = {
        "freeswitch.xml": """<?xml version="1.0"?>
<document type="freeswitch/xml">
  <!-- a comment -- with what XML does not allow, and <X-PRE-PROCESS> in it -->
  <X-PRE-PROCESS cmd="include" data="vars.xml"/>
  <section name="configuration"><X-PRE-PROCESS cmd="include" data="autoload_configs/*.xml"/></section>
  <section name="directory">
    <X-PRE-PROCESS cmd="include" data="directory/*.xml"/>
  </section>
</document>
""".replace('<section name="configuration"><X', '<section name="configuration">\n<X').replace("/></section>", "/>\n</section>"),
        "vars.xml": """<include>
  <X-PRE-PROCESS cmd="set" data="default_password={default_password}"/>
  <X-PRE-PROCESS cmd="set" data="tls_versions={tls}"/>
</include>
""",
        "autoload_configs/modules.conf.xml": '<configuration name="modules.conf"><modules><load module="mod_event_socket"/>'
                                             '<load module="mod_logfile"/>'
                                             "</modules></configuration>\n",
        "autoload_configs/event_socket.conf.xml": """<configuration name="event_socket.conf"><settings>
<param name="listen-ip" value="{event_ip}"/>
<param name="password" value="{event_password}"/>{extra}
</settings></configuration>
""",
        "autoload_configs/logfile.conf.xml": """<configuration name="logfile.conf"><profiles><profile name="sipwarden"><mappings>
<map name="sofia_reg.c" value="{maps}"/>
</mappings></profile></profiles></configuration>
""",
        "autoload_configs/acl.conf.xml": """<configuration name="acl.conf"><network-lists>
<list name="domains" default="{acl}"><node type="allow" cidr="192.0.2.0/24"/></list>
</network-lists></configuration>
""",
        "autoload_configs/sofia.conf.xml": """<configuration name="sofia.conf"><profiles>
<X-PRE-PROCESS cmd="include" data="../sip_profiles/*.xml"/>
</profiles></configuration>
""",
        "sip_profiles/internal.xml": """<profile name="internal">
<gateways><gateway name="carrier"><param name="password" value="1111"/></gateway></gateways>
<settings>
<param name="auth-calls" value="{auth}"/>
<param name="accept-blind-reg" value="{blind}"/>
<param name="log-auth-failures" value="{log}"/>
<param name="tls" value="true"/>
<param name="tls-version" value="$${{tls_versions}}"/>
</settings></profile>
<profile name="external"><settings>
<param name="auth-calls" value="false"/>
<param name="apply-inbound-acl" value="domains"/>
<param name="log-auth-failures" value="true"/>
</settings></profile>
""",
        "directory/default.xml": """<include><domain name="x"><groups><group><users>
<user id="1000"><params><param name="password" value="{password}"/><param name="vm-password" value="{vm}"/></params></user>
<user id="1000" type="pointer"/>
</users></group></groups></domain></include>
""",
    }
    return {name: text.format(**values) if name != "freeswitch.xml" else text for name, text in files.items()}


GOOD_KAMAILIO = """#!KAMAILIO
#!define WITH_AUTH
#!define WITH_SIPWARDEN_PROOF
#!trydef DBURL "mysql://kamailio:hG7wq2Lx09@localhost/kamailio"
debug=2
log_stderror=no
log_prefix="{$mt $cs} "
listen=udp:192.0.2.1:5060
loadmodule "tm.so"
loadmodule "pike.so"
#!ifdef WITH_AUTH
loadmodule "auth.so"
#!endif
loadmodule "ctl.so"
loadmodule "tls.so"
modparam("ctl", "binrpc", "unix:/run/kamailio/kamailio_ctl")
modparam("ctl", "binrpc", "tcp:localhost:2046")
modparam("auth", "secret", "0123456789abcdef0123456789abcdef")
modparam("auth_db", "db_url", DBURL)
modparam("tls", "config", "tls.cfg")
request_route {
	if (!auth_check("$fd", "subscriber", "1")) {
		route(SIPWARDEN_AUTH_FAILED);
		auth_challenge("$fd", "0");
		exit;
	}
	save("location");
}
event_route[xhttp:request] {
	if(src_ip!=127.0.0.1) { exit; }
	jsonrpc_dispatch();
}
"""
GOOD_TLS = "[server:default]\nmethod = TLSv1.2+\n[client:default]\nmethod = TLSv1\n"
BAD_KAMAILIO = """#!KAMAILIO
#!define DBURL "mysql://kamailio:kamailiorw@localhost/kamailio"
#!define WITH_SIPWARDEN_PROOF
#!ifndef NOTHING
debug=0
#!else
debug=2
#!endif
log_stderror=yes
log_prefix="{$ci} "
loadmodule "tm.so"
loadmodule "ctl.so"
loadmodule "jsonrpcs.so"
loadmodule "tls.so"
modparam("ctl|other", "binrpc", "tcp:3012")
modparam("jsonrpcs", "dgram_socket", "udp:0.0.0.0:8090")
modparam("jsonrpcs", "fifo_mode", 0666)
modparam("usrloc", "db_url", DBURL)
modparam("auth", "secret", "shortsecret")
modparam("tls", "config", "/etc/kamailio/tls.cfg")
/* request_route { auth_check("a", "b", "c"); } */
# auth_check("a")
request_route { if (is_method("REGISTER")) { save("location"); } }
event_route[xhttp:request] { jsonrpc_dispatch(); }
"""
BAD_TLS = "[server:default]\nmethod = TLSv1\n"


class Tree:
    """A machine's tree."""

    def __init__(self, files=None, dir=""):
        self.root = tempfile.TemporaryDirectory(prefix="sipwarden-audit-")
        self.dir = self.root.name
        for name, text in (files or {}).items():
            self.write(os.path.join(dir, name), text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.root.cleanup()

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())

    def audit(self, *options, wrapper=()):
        done = subprocess.run([*wrapper, f"{BUILD}/sipwarden", "audit", "--root", self.dir, *options],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
        assert 0 <= done.returncode <= 7, (done.returncode, done.stderr[-2000:])
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def found(self, *options):
        """Exit status, and the findings by id."""
        status, out, _ = self.audit("--json", *options)
        return status, {f["id"]: f for f in json.loads(out)["findings"]}


def serious(found):
    return {i for i, f in found.items() if f["severity"] != "info"}


def asterisk(files):
    return Tree(files, "etc/asterisk")


def kamailio(script, tls=GOOD_TLS):
    return Tree({"kamailio.cfg": script, "tls.cfg": tls}, "etc/kamailio")


# Asterisk

def test_a_hardened_asterisk_has_no_finding():
    with asterisk(GOOD_ASTERISK) as t:
        status, found = t.found()
        assert (status, found) == (0, {}), found


def test_each_hole_of_asterisk_is_found_where_it_is():
    with asterisk(BAD_ASTERISK) as t:
        status, found = t.found()
        assert status == 1
        wanted = set(BAD_ASTERISK_FOUND.split())
        assert serious(found) == wanted, serious(found) ^ wanted
        lines = {i: f["line"] for i, f in found.items()}
        assert lines["weak-password:pjsip.conf/101"] == 22
        assert lines["asterisk-tells-accounts:pjsip.conf/dialing"] == 7
        assert lines["asterisk-manage-no-acl:manager.conf/admin"] == 5
        assert found["weak-password:pjsip.conf/100"]["file"] == t.path("etc/asterisk/pjsip.conf")
        assert found["asterisk-guest-dialing:pjsip.conf/anonymous"]["severity"] == "critical"


def test_templates_additions_and_comments_are_read_as_asterisk_does():
    text = """[base](!)
type = auth
password = hunter2hunter2hunter2 ; comment
[a](base)
username = a
[a](+)
password => trustno1
[b](base,more)
[c](base)
password = one\\;two;three
;-- ;-- nested --; [d](base)
password = letmein
--; [e](base)
password = letmein
"""
    with asterisk({"pjsip.conf": text}) as t:
        _, found = t.found()
        weak = {i for i in found if i.startswith("weak") or i.startswith("short")}
        # c has "one;two", seven characters: the comment begins at the second semicolon.
        assert weak == {"weak-password:pjsip.conf/a", "short-password:pjsip.conf/c", "weak-password:pjsip.conf/e"}, weak
        assert found["weak-password:pjsip.conf/a"]["line"] == 7
        assert found["weak-password:pjsip.conf/e"]["line"] == 14
        # b inherits from what is not there.
        assert found["not-understood:pjsip.conf"]["line"] == 8


def test_a_guest_is_followed_to_where_the_number_he_chose_is_dialled():
    plans = {
        "exten => _X.,1,Goto(out,${EXTEN},1)": True,
        "exten => _X.,1,Goto(away,${EXTEN},1)": True,
        "exten => _X.,1,Goto(${CONTEXT},${EXTEN},1)": False,
        "exten => _X.,1,Goto(out,s,1)": False,
        "exten => _X.,1,Goto(5)": False,
        "exten => _X.,1,Gosub(sub,s,1(${EXTEN}))": True,
        "exten => _X.,1,Macro(trunk,${EXTEN})": True,
        'exten => _X.,1,GotoIf($["${CALLERID(num)}" = "1?2:3"]?none,s,1:out,${EXTEN},1)': True,
        "exten => _X.,1,GotoIf($[1 = 1]?out,${EXTEN},1:none,s,1)": True,
        "exten => _X.,1,GotoIf($[1 = 1]?none,${EXTEN},1:none,s,1)": False,
        "exten => _X.,1,GotoIf($[1 = 1]?4:5)": False,
        "exten => _X.,1,Goto(guests,${EXTEN},1)": False,
        "exten => _X.,1,Goto(out,${EXTEN": False,
    }
    rest = ("\n[out]\nexten => _00X.,1,Dial(PJSIP/${EXTEN}@carrier)\n[away]\ninclude => out\n[none]\nexten => s,1,Hangup()\n"
            "[sub]\nexten => s,1,Dial(PJSIP/${ARG1}@carrier)\n[macro-trunk]\nexten => s,1,Dial(PJSIP/${MACRO_EXTEN}@carrier)\n")
    for line, dials in plans.items():
        files = {"pjsip.conf": "[anonymous]\ntype = endpoint\ncontext = guests\n", "extensions.conf": f"[guests]\n{line}{rest}",
                 "logger.conf": GOOD_ASTERISK["logger.conf"]}
        with asterisk(files) as t:
            _, found = t.found()
            wanted = "asterisk-guest-dialing" if dials else "asterisk-guest-calls"
            assert set(found) == {wanted + ":pjsip.conf/anonymous"}, (line, set(found))


def test_accounts_of_users_conf_are_looked_at():
    users = ("[general]\nhassip = yes\nhasmanager = no\nsecret = 1234\n[100]\nsecret = 100\n[101]\nfullname = nobody\n"
             f"[102]\nsecret = {LONG}\n[103]\nhassip = no\n[104](!)\nsecret = 104\n[105]\nhassip = no\nhasmanager = yes\nsecret = 105\n")
    with asterisk({"users.conf": users, "sip.conf": "[general]\nallowguest = no\n", "logger.conf": GOOD_ASTERISK["logger.conf"]}) as t:
        _, found = t.found()
        assert set(found) == {"weak-password:users.conf/100", "asterisk-no-password:users.conf/101", "weak-password:users.conf/105"}, found
        assert found["asterisk-no-password:users.conf/101"]["line"] == 7
        # A module that is not loaded takes nobody.
        t.write("etc/asterisk/modules.conf", "[modules]\nnoload => chan_sip.so\n")
        assert set(t.found()[1]) == {"weak-password:users.conf/105"}


def test_the_last_rule_of_an_access_list_decides():
    head = "[general]\nenabled = yes\nbindaddr = 192.0.2.1\n[u]\nsecret = " + LONG + "\n"
    for rules, open_ in (("deny=0.0.0.0/0\npermit=127.0.0.1\n", False), ("permit=127.0.0.1\ndeny=0.0.0.0/0.0.0.0\n", False),
                         ("deny=0.0.0.0/0\npermit=0.0.0.0/0\n", True), ("permit=127.0.0.1/32\n", True), ("", True),
                         ("deny=0.0.0.0/0\npermit=198.51.100.0/255.255.255.0\n", True), ("acl=office\n", False)):
        with asterisk({"manager.conf": head + rules}) as t:
            _, found = t.found()
            assert ("asterisk-manage-no-acl:manager.conf/u" in found) == open_, (rules, found)


# FreeSWITCH

def test_a_hardened_freeswitch_has_no_finding():
    with Tree(freeswitch(), "etc/freeswitch") as t:
        status, found = t.found()
        assert (status, found) == (0, {}), found


def test_each_hole_of_freeswitch_is_found_where_it_is():
    holes = {
        ("default_password", "1234"): ("freeswitch-default-password:default_password", "vars.xml", 2),
        ("event_password", "ClueCon"): ("freeswitch-event-socket-password:event_socket.conf", "event_socket.conf.xml", 3),
        ("event_ip", "::"): ("freeswitch-event-socket-listens:event_socket.conf", "event_socket.conf.xml", 2),
        ("auth", "false"): ("freeswitch-guest-calls:internal/auth-calls", "internal.xml", 4),
        ("blind", "true"): ("freeswitch-blind:internal/accept-blind-reg", "internal.xml", 5),
        ("log", "false"): ("freeswitch-failures-unlogged:internal/log-auth-failures", "internal.xml", 6),
        ("tls", "tlsv1,tlsv1.2"): ("freeswitch-old-tls:internal/tls-version", "vars.xml", 3),
        ("maps", "err,crit"): ("freeswitch-log-level:logfile.conf", "logfile.conf.xml", 2),
        ("vm", "1000"): ("weak-pin:freeswitch/vm/1000", "default.xml", 2),
        ("password", ""): ("freeswitch-no-password:user/1000", "default.xml", 2),
        ("password", "1000"): ("weak-password:freeswitch/user/1000", "default.xml", 2),
        ("acl", "allow"): ("freeswitch-acl-open:acl/domains", "acl.conf.xml", 2),
    }
    for (key, value), (wanted, file, line) in holes.items():
        with Tree(freeswitch(**{key: value}), "etc/freeswitch") as t:
            status, found = t.found()
            assert status == 1 and set(found) == {wanted}, (key, value, found)
            assert os.path.basename(found[wanted]["file"]) == file and found[wanted]["line"] == line, found


def test_a_log_with_debug_is_told_of():
    with Tree(freeswitch(maps="debug,info,notice,warning,err"), "etc/freeswitch") as t:
        status, found = t.found()
        assert status == 0 and set(found) == {"freeswitch-log-debug:logfile.conf"}, found


def test_an_event_socket_behind_an_open_list_is_open():
    acl = '\n<param name="apply-inbound-acl" value="domains"/>'
    for default, wanted in (("deny", set()), ("allow", {"freeswitch-event-socket-open:event_socket.conf",
                                                        "freeswitch-acl-open:acl/domains"})):
        with Tree(freeswitch(event_ip="0.0.0.0", extra=acl, acl=default), "etc/freeswitch") as t:
            _, found = t.found()
            assert set(found) == wanted, (default, found)


def test_a_preprocessor_line_in_a_comment_counts_as_in_freeswitch():
    files = freeswitch()
    files["vars.xml"] += '<!-- <X-PRE-PROCESS cmd="set" data="default_password=1234"/> -->\n'
    with Tree(files, "etc/freeswitch") as t:
        _, found = t.found()
        assert set(found) == {"freeswitch-default-password:default_password"}, found


def test_entities_and_document_types_are_refused():
    files = freeswitch()
    files["directory/default.xml"] = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>\n<user id="&e;"/>\n'
    files["directory/bomb.xml"] = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>\n'
    with Tree(files, "etc/freeswitch") as t:
        status, found = t.found()
        assert status == 0 and set(found) == {"not-understood:default.xml", "not-understood:bomb.xml"}, found
        assert "root:" not in t.audit()[1]


# Kamailio and OpenSIPS

def test_a_hardened_kamailio_has_no_finding():
    with kamailio(GOOD_KAMAILIO) as t:
        status, found = t.found()
        assert (status, found) == (0, {}), found


def test_each_hole_of_kamailio_is_found_where_it_is():
    with kamailio(BAD_KAMAILIO, BAD_TLS) as t:
        status, found = t.found()
        lines = {i.split(":")[0] + ":" + i.split("/")[1]: f["line"] for i, f in found.items()}
        assert status == 1
        assert lines == {
            "script-register-unprotected:save": 23, "script-commands-open:ctl": 15, "script-commands-open:jsonrpcs": 16,
            "script-commands-world-writable:jsonrpcs": 17, "script-commands-http:xhttp": 24,
            "script-default-db-password:database": 2, "script-nonce-secret:secret": 19, "script-notices-unlogged:level": 5,
            "script-log-stderr:stderr": 9, "script-log-prefix:log_prefix": 10, "script-old-tls:tls": 2,
            "script-no-flood-limit:pike": 11, "script-listens-everywhere:listen": None}, lines


def test_a_password_that_is_asked_for_must_be_logged():
    with kamailio(GOOD_KAMAILIO.replace("route(SIPWARDEN_AUTH_FAILED);", "")) as t:
        _, found = t.found()
        assert set(found) == {"script-failures-unlogged:kamailio/auth"}, found


def test_of_debians_stock_kamailio_is_said_what_is_true():
    with open(STOCK, encoding="utf-8") as f:
        stock = f.read()
    with kamailio(stock) as t:
        _, found = t.found()
        assert serious(found) == {"script-register-unprotected:kamailio/save", "script-log-prefix:kamailio/log_prefix"}, found
        assert "not-understood:kamailio.cfg" not in found, found
    # Its own switches: another file, as its first lines say.
    with kamailio(stock) as t:
        t.write("etc/kamailio/kamailio-local.cfg", "#!define WITH_MYSQL\n#!define WITH_AUTH\n#!define WITH_TLS\n"
                                                   "#!define WITH_ANTIFLOOD\n#!define WITH_JSONRPC\n")
        _, found = t.found()
        assert serious(found) == {"script-failures-unlogged:kamailio/auth", "script-log-prefix:kamailio/log_prefix",
                                  "script-default-db-password:kamailio/database"}, found


def test_opensips_is_known_by_its_own_words():
    script = """# comment
log_level={level}
stderror_enabled={err}
loadmodule "tm.so"
loadmodule "ratelimit.so"
loadmodule "mi_fifo.so"
modparam("mi_fifo", "fifo_mode", {mode})
loadmodule "httpd.so"
loadmodule "mi_http.so"
modparam("httpd", "ip", "{ip}")
loadmodule "tls_mgm.so"
modparam("tls_mgm", "tls_method", "[dom]{method}")
route {{
	if (is_method("REGISTER")) {{
		{auth}
		save("location");
	}}
}}
"""
    auth = 'if (!www_authorize("", "subscriber")) { route(SIPWARDEN_AUTH_FAILED); exit; }'
    good = dict(level=3, err="no", mode="0660", ip="127.0.0.1", method="TLSv1_2-", auth=auth)
    bad = dict(level=1, err="yes", mode="0666", ip="*", method="TLSv1-TLSv1_3", auth="")
    with Tree({"opensips.cfg": script.format(**good)}, "etc/opensips") as t:
        assert t.found() == (0, {}), t.found()
    with Tree({"opensips.cfg": script.format(**bad)}, "etc/opensips") as t:
        status, found = t.found()
        assert status == 1 and {i.split(":")[0] for i in found} == {
            "script-notices-unlogged", "script-log-stderr", "script-commands-world-writable", "script-commands-open",
            "script-old-tls", "script-register-unprotected"}, found


# What is printed

def everything(t, *options):
    return "".join("".join(t.audit(*how, *options)[1:]) for how in ((), ("--json",), ("--html",)))


def test_no_secret_is_ever_printed():
    secrets = ["trustno1", "letmein", "qwerty123", "amp111", "kX9!w", LONG]
    with asterisk(BAD_ASTERISK) as t:
        baseline = t.path("accepted")
        said = everything(t, "--baseline", baseline, "--accept")
        with open(baseline, encoding="utf-8") as f:
            said += f.read()
        assert "weak-password:pjsip.conf/101" in said
        assert not [s for s in secrets if s in said]
    with Tree(freeswitch(default_password="1234", event_password="trustno1", vm="111111"), "etc/freeswitch") as t:
        said = everything(t)
        assert "vars.xml" in said and not [s for s in ("1234", "trustno1", "111111") if s in said]
    with kamailio(BAD_KAMAILIO) as t:
        said = everything(t)
        assert "database" in said and not [s for s in ("kamailiorw@", "shortsecret") if s in said]
    # A password at a place where none belongs.
    with asterisk({"manager.conf": "secretline trustno1\n[general\nhunter2\n[x]\n#exec hunter2\nhunter2\n"}) as t:
        status, out, _ = t.audit()
        said = everything(t)
        assert status == 1 and "not understood" in out and not [s for s in ("hunter2", "trustno1") if s in said], said


def test_names_of_strangers_are_only_text():
    name = "<script>alert(1)</script>\x1b[31m\u202e'\"&"
    with asterisk({"pjsip.conf": f"[{name}]\ntype = endpoint\n[a]\ntype = auth\nusername = {name}\npassword = letmein\n"}) as t:
        status, out, _ = t.audit()
        assert status == 1 and "\x1b" not in out and "\u202e" not in out, out
        page = t.audit("--html")[1]
        assert "\x1b" not in page and "<script" not in page and "&lt;script&gt;" in page
        _, found = t.found()
        assert all(set(i) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/+@%:") for i in found), found


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.attributes = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag


def test_the_page_is_whole_and_loads_nothing():
    with asterisk(BAD_ASTERISK) as t:
        text = t.audit("--html")[1]
        page = Page(text)
        assert page.open == [] and page.tags.count("article") == len(t.found()[1])
        assert not {"script", "img", "link", "iframe", "object"} & set(page.tags)
        assert not {"src", "href", "onclick", "style"} & set(page.attributes)
        assert "url(" not in text and "@import" not in text and "default-src 'none'" in text
        assert "prefers-color-scheme: dark" in text


def test_worst_comes_first_and_fits_on_a_screen():
    with asterisk(BAD_ASTERISK) as t:
        blocks = t.audit()[1].split("\n\n")
        order = [b.split()[0] for b in blocks[:-1]]
        assert order == sorted(order, key=["CRITICAL", "WARNING", "INFO"].index) and set(order) >= {"CRITICAL", "WARNING"}
        assert all(len(b.splitlines()) <= 20 for b in blocks)


# Status and baseline

def test_what_is_accepted_stays_accepted_and_nothing_else():
    with asterisk(BAD_ASTERISK) as t:
        baseline = t.path("accepted")
        status, _, said = t.audit("--baseline", baseline)
        assert status == 7 and "accepted" in said
        assert t.audit("--baseline", baseline, "--accept", "--reason", "known,\nsee\x1b ticket")[0] == 0
        assert t.audit("--baseline", baseline)[0] == 0
        with open(baseline, encoding="utf-8") as f:
            lines = f.read().splitlines()
        assert len(lines) == 1 + len(BAD_ASTERISK_FOUND.split()) and "\x1b" not in "".join(lines)
        # Lines move, and one more finding comes.
        t.write("etc/asterisk/pjsip.conf", "\n\n" + BAD_ASTERISK["pjsip.conf"] + "[104]\ntype = auth\npassword = 104\n")
        status, found = t.found("--baseline", baseline)
        assert status == 1
        assert {i for i, f in found.items() if not f["accepted"]} == {"weak-password:pjsip.conf/104"}, found
        # What is mended is told of, and comments stay.
        with open(baseline, "a", encoding="utf-8") as f:
            f.write("# mine\nweak-password:pjsip.conf/none # gone\n")
        assert "weak-password:pjsip.conf/none" in t.audit("--baseline", baseline, "--accept")[2]
        with open(baseline, encoding="utf-8") as f:
            text = f.read()
        assert "# mine\n" in text and "weak-password:pjsip.conf/104 # " in text


def test_exit_statuses_tell_findings_from_failures():
    with Tree() as t:
        assert t.audit()[0] == 3
        assert t.audit("--asterisk", "/none")[0] == 3
        assert t.audit("gateway", "more")[0] == 2
        assert t.audit("windows")[0] == 2
        assert t.audit("--accept")[0] == 2
        assert t.audit("--root", t.path("none"))[0] == 3
    with asterisk(GOOD_ASTERISK) as t:
        # On this machine a path may be relative.
        done = subprocess.run([f"{BUILD}/sipwarden", "audit", "gateway", "--asterisk", "asterisk"], cwd=t.path("etc"),
                              stdout=subprocess.PIPE, timeout=60)
        assert done.returncode == 0, done.stdout
        # /dev/full takes nothing.
        with open("/dev/full", "w") as full:
            done = subprocess.run([f"{BUILD}/sipwarden", "audit", "--root", t.dir], stdout=full, stderr=subprocess.PIPE, timeout=60)
        assert done.returncode == 7, done.stderr


def test_a_file_that_may_not_be_read_is_not_passed_over():
    with asterisk(GOOD_ASTERISK) as t:
        os.chmod(t.dir, 0o755)
        os.chmod(t.path("etc/asterisk/manager.conf"), 0)
        nobody = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
        status, out, said = t.audit(wrapper=nobody)
        assert status == 5 and "1 files could not be read" in said, (status, out, said)


# Files that are wrong

def test_links_lead_nowhere_out_of_a_copy():
    with asterisk(GOOD_ASTERISK) as t, tempfile.TemporaryDirectory(prefix="sipwarden-audit-") as other:
        with open(other + "/sip.conf", "w", encoding="utf-8") as f:
            f.write("[general]\n[900]\ntype = friend\nhost = dynamic\n")
        with open(other + "/pjsip.conf", "w", encoding="utf-8") as f:
            f.write("[900]\ntype = endpoint\n")
        os.unlink(t.path("etc/asterisk/modules.conf"))
        os.unlink(t.path("etc/asterisk/sip.conf"))
        os.symlink(other + "/sip.conf", t.path("etc/asterisk/sip.conf"))
        t.write("etc/asterisk/pjsip.conf", "#include ../../../../../../../.." + other + "/pjsip.conf\n")
        _, found = t.found()
        assert not [i for i in found if "900" in i], found


def test_broken_files_are_told_of_and_never_fatal():
    junk = [b"", b"\0" * 1000, bytes(range(256)) * 40, b"[" * 100000, b"[a](a)\n" * 1000, b"#include x.conf\n" * 50,
            b"[a]\n" + b"x" * 100000 + b"=1\n", b"{" * 50000, b'"' * 9999, b"/*", b"<a>" * 1000, b"\xff\xfe<\0a\0",
            b"#!ifdef A\n" * 1000, b"$(" * 5000, b"[a](!)\nb=c\n" + b"[a](a,a,a,a)\n" * 5000,
            b'<X-PRE-PROCESS cmd="set" data="a=$${a}$${a}x"/>\n' * 2000, b";--" * 1000]
    for one in junk:
        files = {f"etc/asterisk/{n}": one for n in ("pjsip.conf", "sip.conf", "manager.conf", "x.conf", "extensions.conf",
                                                    "logger.conf", "iax.conf", "http.conf", "ari.conf", "modules.conf")}
        files.update({"etc/freeswitch/freeswitch.xml": one, "etc/kamailio/kamailio.cfg": one, "etc/opensips/opensips.cfg": one})
        with Tree(files) as t:
            status, out, said = t.audit("--json")
            assert status in (0, 1, 7), (one[:40], status, said)
            json.loads(out)


def test_what_includes_itself_ends():
    with asterisk({"pjsip.conf": "#include pjsip.conf\n#include *.conf\n[1]\ntype=auth\npassword=letmein\n"}) as t:
        assert t.audit("--asterisk", "/etc/asterisk")[0] == 1
    with kamailio('include_file "kamailio.cfg"\ninclude_file "kamailio.cfg"\nrequest_route { save("x"); }\n') as t:
        assert t.audit()[0] == 1


    again = '<X-PRE-PROCESS cmd="include" data="freeswitch.xm*"/>\n'
    with Tree({"etc/freeswitch/freeswitch.xml": again * 3 + '<user id="1"><param name="password" value="1"/></user>\n'}) as t:
        status, found = t.found()
        assert status == 1 and set(found) == {"not-understood:freeswitch.xml", "weak-password:freeswitch/user/1"}, found


def test_too_many_profiles_are_left_out():
    text = '<configuration name="sofia.conf">\n' + '<profile name="a"/>\n' * 100000 + "</configuration>\n"
    with Tree({"etc/freeswitch/freeswitch.xml": text}) as t:
        status, found = t.found()
        assert status == 1 and "too many profiles" in found["not-understood:freeswitch.xml"]["what"], found


def test_a_fifo_and_a_huge_file_stop_nothing():
    with asterisk(GOOD_ASTERISK) as t:
        os.unlink(t.path("etc/asterisk/sip.conf"))
        os.mkfifo(t.path("etc/asterisk/sip.conf"))
        with open(t.path("etc/asterisk/iax.conf"), "wb") as f:
            f.truncate(1 << 40)
        status, found = t.found()
        assert status == 0 and set(found) == {"not-understood:sip.conf", "not-understood:iax.conf"}, found


run(globals())
