#!/usr/bin/python3
"""sipwarden audit tls, beside sslscan: the same versions and suites of servers of every kind."""
import re
import xml.etree.ElementTree

from sipwarden_env import run, sh
from tls_servers import GOOD, Place, selfserv

# What OpenSSL has no name for any more: IANA's registry of cipher suites.
OLD = {"RC4-MD5": 0x0004, "RC4-SHA": 0x0005, "DES-CBC-SHA": 0x0009, "DES-CBC3-SHA": 0x000a, "DHE-RSA-DES-CBC-SHA": 0x0015,
       "DHE-RSA-DES-CBC3-SHA": 0x0016, "ADH-RC4-MD5": 0x0018, "ADH-DES-CBC3-SHA": 0x001b, "ECDHE-RSA-RC4-SHA": 0xc011,
       "ECDHE-RSA-DES-CBC3-SHA": 0xc012, "AECDH-RC4-SHA": 0xc016, "AECDH-DES-CBC3-SHA": 0xc017}

# OpenSSL lists only three of its five by itself.
TLS13 = ("TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256", "TLS_AES_128_CCM_SHA256",
         "TLS_AES_128_CCM_8_SHA256")


def numbers():
    """Of suites, by OpenSSL's names."""
    known = dict(OLD)
    for line in sh("openssl", "ciphers", "-V", "-ciphersuites", ":".join(TLS13), "ALL:COMPLEMENTOFALL:@SECLEVEL=0").splitlines():
        number, name = re.match(r" *0x(..,0x..) - (\S+)", line).groups()
        known[name] = int(number.replace(",0x", ""), 16)
    return known


def told_by_sslscan(port):
    """The versions, and (version, suite) of those of which it tells suites: not SSL 3.0."""
    scan = xml.etree.ElementTree.fromstring(sh("sslscan", "--no-colour", "--xml=-", f"localhost:{port}", timeout=200))
    versions = {p.get("type").upper() + " " + (p.get("version") if p.get("type") == "tls" else p.get("version") + ".0")
                for p in scan.iter("protocol") if p.get("enabled") == "1"}
    return versions, {(c.get("sslversion").replace("v", " "), int(c.get("id"), 16)) for c in scan.iter("cipher")}


def told_by_us(found):
    known, versions, suites = numbers(), set(), set()
    for finding in found.values():
        if finding["check"] == "tls-suites":
            version, names = re.match(r"(\S+ \S+) accepts: (.*)", finding["what"]).groups()
            versions.add(version)
            suites |= {(version, known[name]) for name in names.split() if version != "SSL 3.0"}
    return versions, suites


def test_it_agrees_with_sslscan_on_servers_of_every_kind():
    gnutls = "NORMAL:+VERS-TLS-ALL:+ARCFOUR-128:+3DES-CBC:+RSA:+DHE-RSA:+MD5:+ANON-DH:+ANON-ECDH"
    with Place() as p:
        certificate = p.certificate()
        p.serve(5061, *certificate, *GOOD)
        p.serve(5062, *certificate, "-cipher", "ALL:@SECLEVEL=0")
        p.serve(5063, *certificate, "-cipher", "AES128-SHA:DHE-RSA-AES128-SHA:@SECLEVEL=0", "-max_protocol", "TLSv1.1")
        p.serve(5064, *certificate, "-tls1_3")
        p.serve(5065, *certificate, "-cipher", "ECDHE-RSA-NULL-SHA:ECDHE-RSA-AES128-SHA:@SECLEVEL=0", "-tls1_2")
        p.start(5066, "gnutls-serv", "-p", "5066", "-q", "--x509certfile", p.path("cert.pem"), "--x509keyfile", p.path("key.pem"),
                "--priority", gnutls)
        selfserv(p, 5067)
        for port in range(5061, 5068):
            ours, theirs = told_by_us(p.audit(f"localhost:{port}")[1]), told_by_sslscan(port)
            assert ours == theirs, (port, ours[0] ^ theirs[0], sorted((v, hex(n)) for v, n in ours[1] ^ theirs[1]))


run(globals())
