"""TLS servers of several libraries on the loopback, with an authority of their own, and what an audit says of them."""
import json
import os
import socket
import subprocess
import tempfile

from sipwarden_env import BUILD, sh, wait

GOOD = ("-min_protocol", "TLSv1.2", "-cipher", "ECDHE+AESGCM:ECDHE+CHACHA20")
CA = """[ca]
default_ca = this
[this]
dir = {dir}
database = {dir}/index
serial = {dir}/serial
new_certs_dir = {dir}
default_md = {md}
policy = any
email_in_dn = no
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
"""


class Place:
    """An authority, and servers."""

    def __init__(self):
        self.root = tempfile.TemporaryDirectory(prefix="sipwarden-audit-tls-")
        self.dir = self.root.name
        self.servers = []
        sh("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.path("ca.key"), "-out",
           self.path("ca.pem"), "-days", "30", "-subj", "/CN=authority")
        for name, text in (("index", ""), ("serial", "01\n")):
            with open(self.path(name), "w", encoding="utf-8") as f:
                f.write(text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in self.servers:
            server.kill()
            server.wait()
        self.root.cleanup()

    def path(self, name):
        return os.path.join(self.dir, name)

    def certificate(self, name="localhost", key="rsa:2048", days=(-1, 30), md="sha256"):
        """Of the authority; valid from and until these days from now. Returns the options of s_server."""
        with open(self.path("ca.cnf"), "w", encoding="utf-8") as f:
            f.write(CA.format(dir=self.dir, md=md))
        when = [sh("date", "-u", "-d", f"{day} days", "+%y%m%d%H%M%SZ").strip() for day in days]
        sh("openssl", "req", "-newkey", key, "-nodes", "-keyout", self.path("key.pem"), "-out", self.path("csr.pem"), "-subj",
           f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}")
        sh("openssl", "ca", "-batch", "-config", self.path("ca.cnf"), "-cert", self.path("ca.pem"), "-keyfile",
           self.path("ca.key"), "-in", self.path("csr.pem"), "-out", self.path("cert.pem"), "-startdate", when[0], "-enddate",
           when[1], "-notext", "-rand_serial")
        return ("-cert", self.path("cert.pem"), "-key", self.path("key.pem"))

    def serve(self, port, *options):
        self.start(port, "openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-quiet", *options)

    def start(self, port, *command):
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.servers.append(server)
        wait(f"{command[0]} at {port}", lambda: answers(port))

    def audit(self, *targets, options=()):
        env = dict(os.environ, SSL_CERT_FILE=self.path("ca.pem"), SSL_CERT_DIR="/nonexistent")
        done = subprocess.run([f"{BUILD}/sipwarden", "audit", "--json", *options, "tls", *targets], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=env, timeout=200)
        assert 0 <= done.returncode <= 7, (done.returncode, done.stderr[-2000:])
        found = json.loads(done.stdout)["findings"] if done.stdout else []
        return done.returncode, {f["check"] + "/" + f["id"].rsplit("/", 1)[1]: f for f in found}, done.stderr.decode()


def answers(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def selfserv(p, port):
    """NSS, which still speaks SSL 3.0."""
    sh("openssl", "pkcs12", "-export", "-in", p.path("cert.pem"), "-inkey", p.path("key.pem"), "-out", p.path("p12"), "-name", "server",
       "-passout", "pass:")
    os.mkdir(p.path("nss"))
    sh("certutil", "-N", "-d", "sql:" + p.path("nss"), "--empty-password")
    sh("pk12util", "-i", p.path("p12"), "-d", "sql:" + p.path("nss"), "-W", "")
    p.start(port, "selfserv", "-V", "ssl3:tls1.2", "-d", "sql:" + p.path("nss"), "-n", "server", "-p", str(port), "-c",
            ":0004:0005:000A:002F:0035:C011:C012:C013:C02F")
