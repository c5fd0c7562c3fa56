"""The same calls and logins as each gateway writes them."""
import datetime
import heapq
import os

from people import CARRIER, PBX

REASONS = {"ANSWERED": ("200", "OK", "NORMAL_CLEARING"), "NO ANSWER": ("487", "Request Terminated", "ORIGINATOR_CANCEL"),
           "BUSY": ("486", "Busy Here", "USER_BUSY"), "FAILED": ("503", "Service Unavailable", "NORMAL_TEMPORARY_FAILURE")}


class Log:
    """A file whose lines come in the order of their moments."""

    def __init__(self, path, damage):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.file = open(path, "wb")  # pylint: disable=consider-using-with
        self.damage = damage
        self.waiting, self.n = [], 0
        self.lines = 0

    def add(self, when, line):
        self.n += 1
        self.waiting.append((when, self.n, line))

    def flush(self, until=None):
        """Writes all that was before until: nothing before it may be added from then on."""
        heapq.heapify(self.waiting)
        ready = []
        while self.waiting and (until is None or self.waiting[0][0] < until):
            ready.append(heapq.heappop(self.waiting)[2])
        self.lines += len(ready)
        if self.damage:
            self.file.write(b"".join(self.damage.line(line + "\n") for line in ready))
        elif ready:
            self.file.write(("\n".join(ready) + "\n").encode())

    def close(self):
        self.flush()
        self.file.close()


class Gateway:
    """Base: logs by name, and the number of the call at hand."""
    files = ()

    def __init__(self, directory, wall, damage):
        self.wall, self.count = wall, 0
        # Only records are damaged: of other lines, what is no line of the gateway is nobody's.
        self.logs = {name: Log(os.path.join(directory, name), damage if name in self.records else None) for name in self.files}

    def flush(self, until=None):
        for log in self.logs.values():
            log.flush(until)

    def close(self):
        for log in self.logs.values():
            log.close()


class Asterisk(Gateway):
    """Master.csv with 18 columns (loguniqueid, loguserfield), and the log with the lines of docs/gateways/asterisk.md."""
    records = ("asterisk/Master.csv",)
    files = records + ("asterisk/sipwarden",)

    def channel(self, call):
        if call.direction == "forward":
            return f"Local/{call.account}@from-internal-{self.count:08x};2"
        return f"PJSIP/{call.account}-{self.count:08x}"

    def call(self, call):
        self.count += 1
        fmt, answered = self.wall.format, call.result == "ANSWERED"
        other = f"PJSIP/{call.number}-{self.count:08x}" if call.direction in ("in", "internal") else f"PJSIP/trunk-{self.count:08x}"
        start, end, answer = fmt(call.start), fmt(call.end), ""
        if answered:
            answer = f'"{fmt(call.start + call.ring)}"'
        target = f"PJSIP/{call.number}" + ("" if call.direction in ("in", "internal") else "@trunk")
        context = {"in": "from-trunk", "internal": "from-internal", "forward": "from-internal"}.get(call.direction, "outbound")
        self.logs["asterisk/Master.csv"].add(
            call.end, f'"","{call.caller}","{call.number}","{context}","""{call.caller}"" <{call.caller}>","{self.channel(call)}",'
            f'"{other}","Dial","{target},30","{start}",{answer},"{end}",{int(call.end) - int(call.start)},{int(call.talk)},'
            f'"{call.result}","DOCUMENTATION","{int(call.start)}.{self.count}",""')
        if call.direction in ("out", "forward"):
            # A forwarded call has no SIP channel of its own: the snippet finds no address.
            source, ident, user = (f"{call.address}:{call.port}", f"{self.count:x}@{call.address}", call.account)
            if call.direction == "forward":
                source, ident, user = "", "", ""
            self.log(call.start, f"NOTICE[2100][C-{self.count:08x}] Ext. s: sipwarden call-attempt src={source} id={ident} user={user} "
                     f"number={call.number} ua='{call.agent if source else ''}'")

    def log(self, when, text):
        self.logs["asterisk/sipwarden"].add(
            when, f"[{self.wall.format(when)}.{int(when % 1 * 1000):03d} {self.wall.zone_text(when)}] {text}")

    def login(self, login):
        self.count += 1
        event, severity, tail = "SuccessfulAuth", "Informational", ',UsingPassword="1"'
        if not login.good:
            event, severity = ("ChallengeResponseFailed" if login.known else "InvalidAccountID"), "Error"
            tail = ',Challenge="1/2",Response="bfa2053391873ea991da020387c33308",ExpectedResponse=""' if login.known else ""
        utc = datetime.datetime.fromtimestamp(login.when, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
        self.log(login.when, f'SECURITY[2100] res_security_log.c: SecurityEvent="{event}",EventTV="{utc}.000+0000",'
                 f'Severity="{severity}",Service="PJSIP",EventVersion="1",AccountID="{login.account}",'
                 f'SessionID="{self.count:x}@{login.address}",LocalAddress="IPV4/UDP/{PBX}/5060",'
                 f'RemoteAddress="IPV4/UDP/{login.address}/{login.port}"{tail}')


class FreeSwitch(Gateway):
    """mod_cdr_csv: the template "example", and that of docs/gateways/freeswitch.md."""
    records = ("freeswitch/Master.csv", "freeswitch/sipwarden.csv")
    files = records + ("freeswitch/freeswitch.log",)

    def call(self, call):
        self.count += 1
        fmt, answered = self.wall.format, call.result == "ANSWERED"
        uuid = f"{self.count:08x}-d9cb-469f-a165-70867728950e"
        cause = REASONS[call.result][2]
        user = call.account if call.direction in ("out", "internal") else ""
        start = fmt(call.start)
        answer = fmt(call.start + call.ring) if answered else ""
        self.logs["freeswitch/Master.csv"].add(
            call.end, f'"{call.caller}","{call.caller}","{call.number}","default","{start}","{answer}","{fmt(call.end)}",'
            f'"{int(call.end) - int(call.start)}","{int(call.talk)}","{cause}","{uuid}","","{call.account}","PCMA","PCMA"')
        # A forwarded call has come from the carrier.
        address, port = (CARRIER, 5060) if call.direction == "forward" else (call.address, call.port)
        self.logs["freeswitch/sipwarden.csv"].add(
            call.end, f"{start} sipwarden call direction=inbound src={address} port={port} uuid={uuid} cause={cause} "
            f"billsec={int(call.talk)} user='{user}' number='{call.number}' ua='{call.agent}' id='{self.count:x}@{address}'")

    def login(self, login):
        if login.good:
            return  # FreeSWITCH logs none at its usual level
        text = f"SIP auth failure (REGISTER) on sofia profile 'internal' for [{login.account}@{PBX}] from ip {login.address}"
        if not login.known:
            text = f"Can't find user [{login.account}@{PBX}] from {login.address}"
        self.logs["freeswitch/freeswitch.log"].add(
            login.when, f"{self.wall.format(login.when)}.{int(login.when % 1 * 1e6):06d} 96.83% [WARNING] sofia_reg.c:1788 {text}")


class Proxy(Gateway):
    """acc's lines for INVITE and BYE, and those of the snippet; through syslog with its RFC 3339 time."""

    def call(self, call):
        self.count += 1
        code, reason, _ = REASONS[call.result]
        answered = call.result == "ANSWERED"
        ident = f"{self.count:x}-{int(call.start)}@{call.address}"
        tags = f"from_tag={self.count:x};to_tag={self.count:x}a;call_id={ident};code=%s;reason=%s"
        if call.direction in ("out", "internal", "forward"):
            self.script(call.start, "call-attempt", call.address, call.port, "INVITE", ident, call.account, call.number, call.agent)
        self.acc(call.start + call.ring, "transaction answered" if answered else "call missed", "INVITE",
                 tags % (code, reason), call, call.account, call.number)
        if answered:
            self.acc(call.end, "transaction answered", "BYE", tags % ("200", "OK"), call, call.account, call.number)

    def login(self, login):
        self.count += 1
        what = "auth-success" if login.good else "auth-failure" if login.known else "unknown-user"
        self.script(login.when, what, login.address, login.port, "REGISTER", f"{self.count:x}@{login.address}", login.account, "",
                    "Yealink SIP-T46S 66.86.0.15")

    def line(self, when, text):
        zone = self.wall.zone_text(when)
        date = self.wall.format(when).replace(" ", "T")
        self.logs[self.files[0]].add(
            when, f"{date}.{int(when % 1 * 1e6):06d}{zone[:3]}:{zone[3:]} proxy {self.program}[18574]: {text}")

    def script(self, when, what, address, port, method, ident, user, number, agent):
        code = 0 if method == "INVITE" else 200 if what == "auth-success" else 401
        self.line(when, f"{self.head}sipwarden {what} src=[{address}]:{port} proto=udp method={method} code={code} id='{ident}' "
                  f"user='{user}' number='{number}' ua='{agent}'")


class Kamailio(Proxy):
    """With the log_extra of the stock kamailio.cfg."""
    records = files = ("kamailio/kamailio.log",)
    program, head = "/usr/sbin/kamailio", "NOTICE: <script>: "

    def acc(self, when, what, method, tags, call, user, number):
        extra = f";src_user={user};src_domain=pbx.example;src_ip={call.address};dst_ouser={number};dst_user={number};dst_domain={CARRIER}"
        self.line(when, f"NOTICE: acc [acc.c:287]: acc_log_request(): ACC: {what}: timestamp={int(when)};method={method};{tags}{extra}")


class OpenSips(Proxy):
    """With the extra fields src_ip, of docs/gateways/opensips.md, and caller and callee."""
    records = files = ("opensips/opensips.log",)
    program, head = "/usr/sbin/opensips", "NOTICE:"

    def acc(self, when, what, method, tags, call, user, number):
        self.line(when, f"NOTICE:ACC: {what}: timestamp={int(when)};method={method};{tags};src_ip={call.address};"
                  f"src_user={user};dst_user={number}")


GATEWAYS = {"asterisk": Asterisk, "freeswitch": FreeSwitch, "kamailio": Kamailio, "opensips": OpenSips}
