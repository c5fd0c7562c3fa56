#!/usr/bin/python3
"""sipwarden audit tls: listeners of openssl s_server, of several kinds, on the loopback of a namespace."""
import json
import os
import socket
import subprocess
import threading

from sipwarden_env import BUILD, run, sh
from tls_servers import GOOD, Place, selfserv


def serious(found):
    return {i for i, f in found.items() if f["severity"] != "info"}


def test_a_modern_listener_has_no_finding():
    with Place() as p:
        p.serve(5061, *p.certificate(), *GOOD)
        status, found, said = p.audit("localhost:5061")
        assert status == 0 and serious(found) == set() and said == "", (found, said)
        assert set(found) == {"tls-suites/TLS%201.2", "tls-suites/TLS%201.3"}, found
        names = found["tls-suites/TLS%201.2"]["what"].split(": ")[1].split()
        assert set(names) == {"ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-CHACHA20-POLY1305"}
        assert found["tls-suites/TLS%201.3"]["what"].count("TLS_") == 3, found
        assert found["tls-suites/TLS%201.2"]["file"] == "localhost:5061"


def test_each_version_and_suite_that_is_accepted_is_found():
    with Place() as p:
        certificate = p.certificate()
        p.serve(5061, *certificate, "-cipher", "ALL:@SECLEVEL=0")
        p.serve(5062, *certificate, "-cipher", "AES128-SHA:DHE-RSA-AES128-SHA:@SECLEVEL=0", "-max_protocol", "TLSv1.1")
        p.serve(5063, *certificate, "-cipher", "ECDHE-RSA-NULL-SHA:@SECLEVEL=0", "-tls1_2")
        status, found, _ = p.audit("localhost:5061")
        wanted = {f"{check}/TLS%201.{n}" for check in ("tls-broken-suite", "tls-no-forward-secrecy") for n in (0, 1, 2)}
        assert status == 1
        assert serious(found) == wanted | {"tls-old-version/TLS%201.0", "tls-old-version/TLS%201.1"}, serious(found)
        assert "ADH-AES256-SHA" in found["tls-broken-suite/TLS%201.0"]["what"]
        _, found, _ = p.audit("localhost:5062")
        assert set(found) == {f"{check}/TLS%201.{n}" for n in (0, 1) for check in
                              ("tls-old-version", "tls-no-forward-secrecy", "tls-finite-field-dh", "tls-suites")} | {
            "tls-no-1.2/TLS%201.2", "tls-no-1.3/TLS%201.3"}, set(found)
        assert found["tls-no-forward-secrecy/TLS%201.0"]["what"].endswith(": AES128-SHA")
        _, found, _ = p.audit("localhost:5063")
        assert serious(found) == {"tls-broken-suite/TLS%201.2"}, found
        assert found["tls-broken-suite/TLS%201.2"]["severity"] == "critical"


def test_the_certificate_is_looked_at():
    cases = (
        (dict(name="sip.example.net"), {"tls-certificate-name/name"}),
        (dict(days=(-30, -2)), {"tls-certificate-time/time"}),
        (dict(days=(-30, 3)), {"tls-certificate-time/time"}),
        (dict(days=(2, 30)), {"tls-certificate-time/time"}),
        (dict(key="rsa:1024"), {"tls-certificate-key/key"}),
        (dict(md="sha1"), {"tls-certificate-key/signature"}),
    )
    with Place() as p:
        for n, (how, wanted) in enumerate(cases):
            p.serve(5070 + n, *p.certificate(**how), "-min_protocol", "TLSv1.2", "-cipher", "ECDHE+AESGCM:@SECLEVEL=0")
            status, found, _ = p.audit(f"localhost:{5070 + n}")
            assert status == 1 and {i for i in serious(found) if i != "tls-certificate-untrusted/chain"} == wanted, (how, found)
        # An address stands for no name.
        p.serve(5080, *p.certificate(name="sip.example.net"), *GOOD)
        assert serious(p.audit("127.0.0.1:5080")[1]) == set()
        sh("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
           p.path("self.key"), "-out", p.path("self.pem"), "-days", "30", "-subj", "/CN=localhost")
        p.serve(5081, "-cert", p.path("self.pem"), "-key", p.path("self.key"), *GOOD)
        assert serious(p.audit("localhost:5081")[1]) == {"tls-certificate-untrusted/chain"}


def test_a_listener_that_wants_a_certificate_is_judged_all_the_same():
    with Place() as p:
        certificate = p.certificate()
        p.serve(5061, *certificate, *GOOD, "-Verify", "2")
        p.serve(5062, *certificate, *GOOD, "-Verify", "2", "-tls1_2")
        for port in (5061, 5062):
            status, found, _ = p.audit(f"localhost:{port}")
            assert status == 0 and "tls-client-certificate/client" in found, found
            assert "ECDHE-RSA-AES256-GCM-SHA384" in found["tls-suites/TLS%201.2"]["what"]


def test_listeners_are_found_in_the_configuration():
    files = {
        "asterisk/pjsip.conf": "[udp]\ntype=transport\nbind=0.0.0.0:5099\n[tls]\ntype=transport\nprotocol=tls\nbind=0.0.0.0:5061\n",
        "asterisk/http.conf": "[general]\ntlsenable=yes\nbindaddr=127.0.0.1\nbindport=8088\n",
        "freeswitch/freeswitch.xml": '<configuration name="sofia.conf"><profile name="a"><param name="tls" value="true"/>'
                                     '<param name="sip-ip" value="127.0.0.1"/><param name="tls-sip-port" value="5062"/></profile>'
                                     '<profile name="b"><param name="tls" value="false"/></profile></configuration>\n',
        "kamailio.cfg": "listen=udp:127.0.0.1:5060\nlisten=tls:127.0.0.1:5063\nlisten=tls:127.0.0.1:5063\n",
        "opensips.cfg": "socket=tls:127.0.0.1:5064\n",
    }
    with Place() as p:
        certificate = p.certificate()
        for port in (8089, 5061, 5062, 5063, 5064):
            p.serve(port, *certificate, *GOOD)
        for name, text in files.items():
            os.makedirs(os.path.dirname(p.path(name)), exist_ok=True)
            with open(p.path(name), "w", encoding="utf-8") as f:
                f.write(text)
        where = [o for name in ("asterisk", "freeswitch") for o in ("--" + name, p.path(name))]
        where += [o for name in ("kamailio", "opensips") for o in ("--" + name, p.path(name + ".cfg"))]
        done = subprocess.run([f"{BUILD}/sipwarden", "audit", "--json", "tls", *where], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=200)
        told = json.loads(done.stdout)
        assert told["listeners"] == 5 and not done.stderr, (told, done.stderr)
        assert {f["file"] for f in told["findings"]} == {f"127.0.0.1:{n}" for n in (8089, 5061, 5062, 5063, 5064)}


def test_what_openssl_cannot_speak_any_more_is_found():
    with Place() as p:
        p.certificate()
        selfserv(p, 5061)
        status, found, _ = p.audit("localhost:5061")
        assert status == 1
        assert found["tls-suites/SSL%203.0"]["what"] == "SSL 3.0 accepts: AES128-SHA AES256-SHA DES-CBC3-SHA RC4-SHA RC4-MD5", found
        assert found["tls-old-version/SSL%203.0"]["severity"] == "warning"
        for version in ("SSL%203.0", "TLS%201.0", "TLS%201.1", "TLS%201.2"):
            assert "RC4-SHA" in found["tls-broken-suite/" + version]["what"], found
            assert "DES-CBC3-SHA" in found["tls-weak-bits/" + version]["what"], found


def test_a_listener_that_hangs_at_the_oldest_version_is_judged_all_the_same():
    held = []

    def relay(listener):
        while True:
            try:
                one, _ = listener.accept()
            except OSError:
                return
            first = one.recv(3)
            if first[1:] == b"\3\0":  # a record of SSL 3.0
                held.append(one)
                continue
            other = socket.create_connection(("127.0.0.1", 5061))
            other.sendall(first)
            for a, b in ((one, other), (other, one)):
                threading.Thread(target=copy, args=(a, b), daemon=True).start()

    def copy(a, b):
        try:
            while data := a.recv(4096):
                b.sendall(data)
        except OSError:
            pass
        a.close()
        b.close()

    with Place() as p, socket.create_server(("127.0.0.1", 5062)) as listener:
        p.serve(5061, *p.certificate(), *GOOD)
        thread = threading.Thread(target=relay, args=(listener,))
        thread.start()
        status, found, _ = p.audit("127.0.0.1:5062")
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        assert status == 0 and "tls-suites/TLS%201.2" in found and len(held) == 1, (status, found, held)


def test_what_is_no_tls_is_a_failure_and_no_finding():
    with Place() as p, socket.socket() as silent:
        silent.bind(("127.0.0.1", 5065))
        silent.listen(100)
        # Nobody listens; nobody answers; it is no name and port.
        for target in ("127.0.0.1:5064", "127.0.0.1:5065", "127.0.0.1", "[::1:5061", "host:port", "\x1b[31m:1", ""):
            status, found, said = p.audit(target)
            assert status == 3 and not found and "cannot be audited" in said and "\x1b" not in said, (target, status, said)
        # One of two can be judged.
        p.serve(5061, *p.certificate(), *GOOD)
        status, found, said = p.audit("localhost:5061", "127.0.0.1:5064")
        assert status == 7 and "tls-suites/TLS%201.3" in found and "127.0.0.1:5064" in said, (status, said)
        # Who keeps only the answer must see that it is not the whole one.
        for form, words in ((["--json"], '"whole":false'), (["--html"], "This is not all"), ([], "This is not all")):
            for targets, whole in ((["127.0.0.1:5064"], False), ([], True)):
                answer = subprocess.run([f"{BUILD}/sipwarden", "audit", "tls", *form, "localhost:5061", *targets], stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True, timeout=60).stdout
                assert (words in answer) != whole and len(answer) > 100, (form, targets, answer)
        done = subprocess.run([f"{BUILD}/sipwarden", "audit", "--root", "/", "tls"], stderr=subprocess.PIPE, timeout=60)
        assert done.returncode == 2


def test_a_listener_that_talks_nonsense_ends_nothing():
    def talk(listener):
        while True:
            try:
                one, _ = listener.accept()
            except OSError:
                return
            with one:
                one.recv(10)
                one.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 1000)

    with Place() as p, socket.socket() as listener:
        listener.bind(("127.0.0.1", 5066))
        listener.listen(100)
        thread = threading.Thread(target=talk, args=(listener,))
        thread.start()
        status, found, said = p.audit("127.0.0.1:5066")
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        assert status == 3 and not found and "cannot be audited" in said, (status, said)


run(globals())
