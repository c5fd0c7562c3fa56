"""What varies in the lines of tests/bench/benign: pools of values, the same for the same seed."""
import time

OWN = ["192.0.2.1", "198.51.100.10"]
NAMES = ["Alice", "Bob Smith", "O'Brien", "Jürgen Müller", "Reception", "Door Phone", "Conf Room 3 (2nd floor)", "Zoë",
         "D'Angelo, Maria", "Front 'Desk'", "Sales [DE]", "Support: Failed Orders", "Wrong Password Ltd", "Scanner Shop",
         "ACME <HQ>", "Anonymous", "Unknown Caller", "+49 30 1234567", "Attack Records", "Login & Sons", "Banned Bookshop"]
USERS = ["alice", "bob", "m.mueller", "o'brien", "front-desk", "door1", "trunk-berlin", "carrier_a", "admin", "root", "test",
         "sip", "guest", "operator", "invalid", "failed", "unknown", "user1", "asterisk", "freeswitch", "kiosk", "zoe",
         "git", "backup", "monitor", "deploy", "nagios", "www-data", "jsmith", "x"]
AGENTS = ["Yealink SIP-T46S 66.86.0.15", "snomD785/10.1.54.13", "Grandstream GXP2170 1.0.11.16", "Linphone/4.4.1 (belle-sip/5.0.0)",
          "Zoiper rv2.10.11.3", "MicroSIP/3.21.3", "Cisco-CP8851/12.8.1", "PolycomVVX-VVX_411-UA/5.9.6.2327", "FRITZ!OS",
          "Asterisk PBX 18.10.0", "FPBX-16.0.40(18.16.0)", "FreeSWITCH-mod_sofia/1.10.11", "Gigaset N510 IP PRO/42.258",
          "Panasonic-KX-TGP600/02.100", "3CXPhoneSystem 18.0.9", "Bria 6.5.1 release", "Acrobits SIPIS", "Telekom SBC 1.0",
          "Mitel-5330", "sipgate-app 2.3"]
METHODS = ["REGISTER", "INVITE", "OPTIONS", "SUBSCRIBE", "NOTIFY", "BYE", "CANCEL", "ACK", "PUBLISH", "MESSAGE", "REFER", "INFO"]
CODECS = ["ulaw", "alaw", "g722", "g729", "opus", "slin16", "gsm", "ilbc", "h264", "vp8"]
CONTEXTS = ["default", "from-internal", "from-trunk", "internal", "public", "from-pstn", "macro-dial-one", "ext-queues", "ivr-3"]
SOUNDS = ["vm-intro", "demo-congrats", "hold-music/jazz", "ss-noservice", "custom/hello", "digits/1", "auth-incorrect",
          "access-denied", "invalid", "pbx-invalid", "you-are-being-scanned", "cannot-complete-as-dialed"]
HOSTS = ["pbx", "pbx.example.com", "sip1", "gw-02", "sbc.example.net", "voip-a.example.org", "localhost", "vm123456"]
# What people and their devices write where they may; it looks like more than it is.
TEXTS = ["call me back at 192.0.2.77", "server 203.0.113.9 is down", "failed", "Wrong password", "ticket #4711: login failed for bob",
         "see http://203.0.113.80/wiki?x=1", "10.0.0.1", "2001:db8::77 is the new printer", "lunch?", "authentication failure in the lift",
         "from 198.51.100.3 port 22", "user unknown", "Meeting 10:30", "attack of the clones", "hacking night",
         "scan of page 3", "forbidden fruit", "invalid card", "blocked drain", "rejected by mother-in-law"]
PATHS = ["/", "/index.php", "/admin/config.php", "/admin/ajax.php?module=core&command=getJSON", "/ucp/index.php", "/app/extensions/extensions.php",
         "/provision/001565aabbcc.cfg", "/static/app.3f2a.js", "/favicon.ico", "/login", "/core/user_settings/user_dashboard.php",
         "/phonebook.xml", "/ws", "/api/v1/calls?limit=20", "/ari/events?app=hello", "/robots.txt"]


def stamps(rng, count, form, fraction=0):
    """Times within a year, as strftime(3) writes them, with a fraction where the form has %f."""
    start = 1790000000
    out = []
    for _ in range(count):
        at = time.gmtime(start + rng.randrange(31000000))
        out.append(time.strftime(form, at).replace("%f", f"{rng.randrange(10 ** fraction):0{fraction}d}" if fraction else ""))
    return out


def ipv4(rng):
    return rng.choice([f"10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(1, 255)}",
                       f"192.168.{rng.randrange(256)}.{rng.randrange(1, 255)}", f"198.51.100.{rng.randrange(1, 255)}",
                       f"172.{rng.randrange(16, 32)}.{rng.randrange(256)}.{rng.randrange(1, 255)}", f"203.0.113.{rng.randrange(1, 255)}"])


def ipv6(rng):
    return rng.choice([f"2001:db8::{rng.randrange(1, 65536):x}", "fe80::" + ":".join(f"{rng.randrange(1, 65536):x}" for _ in range(4)),
                       "2001:db8:" + ":".join(f"{rng.randrange(1, 65536):x}" for _ in range(6)), f"fd00:{rng.randrange(1, 65536):x}::1"])


def number(rng):
    return rng.choice(["", "+", "00", "0"]) + "".join(rng.choices("0123456789", k=rng.randrange(5, 13)))


def call_id(rng):
    word = f"{rng.getrandbits(96):x}"
    return rng.choice([word, f"{word}@{ipv4(rng)}", f"{word[:8]}-{word[8:12]}-{word[12:]}", f"{word[:16]}@{rng.choice(HOSTS)}",
                       f"{rng.randrange(10 ** 9)}_{rng.randrange(10 ** 9)}@{ipv4(rng)}"])


def uuid(rng):
    h = f"{rng.getrandbits(128):032x}"
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def time_pools(rng):
    forms = {"iso": ("%Y-%m-%d %H:%M:%S", 0), "isoms": ("%Y-%m-%d %H:%M:%S.%f", 3), "isous": ("%Y-%m-%d %H:%M:%S.%f", 6),
             "t": ("%Y-%m-%dT%H:%M:%S.%f+00:00", 6), "tz": ("%Y-%m-%dT%H:%M:%S.%f+0000", 3), "bsd": ("%b %e %H:%M:%S", 0),
             "bsdms": ("%b %e %H:%M:%S.%f", 3), "md": ("%m-%d %H:%M:%S.%f", 6), "slash": ("%Y/%m/%d %H:%M:%S", 0),
             "apache": ("%a %b %d %H:%M:%S.%f %Y", 6), "clf": ("%d/%b/%Y:%H:%M:%S +0000", 0), "hms": ("%H:%M:%S", 0),
             "hmsms": ("%H:%M:%S.%f", 3), "epoch": ("%s", 0), "epochus": ("%s.%f", 6), "cdate": ("%H:%M:%S UTC %a %b %d %Y", 0),
             "date": ("%Y%m%d", 0)}
    return {name: stamps(rng, 997, form, digits) for name, (form, digits) in forms.items()}


def make(rng):
    """Pools by name; sizes differ, so that no two turn in step."""
    def some(count, one):
        return [one(rng) for _ in range(count)]

    fixed = {"own": OWN, "name": NAMES, "user": USERS, "agent": AGENTS, "method": METHODS, "codec": CODECS, "ctx": CONTEXTS,
             "sound": SOUNDS, "host": HOSTS, "text": TEXTS, "path": PATHS}
    pools = {name: some(41 * len(values) + 7, lambda r, v=values: r.choice(v)) for name, values in fixed.items()}
    pools.update(time_pools(rng))
    pools.update({
        "ip4": some(1009, ipv4), "ip6": some(503, ipv6),
        "ip": some(1511, lambda r: ipv6(r) if r.random() < 0.2 else ipv4(r)),
        # as SIP writes it
        "bip": some(1499, lambda r: f"[{ipv6(r)}]" if r.random() < 0.2 else ipv4(r)),
        "port": some(2003, lambda r: r.choice(["5060", "5061", str(r.randrange(1024, 65536))])),
        "pid": some(1013, lambda r: str(r.randrange(2, 99999))), "n": some(401, lambda r: str(r.randrange(0, 200))),
        "big": some(1999, lambda r: str(r.randrange(10 ** 6, 10 ** 9))), "line": some(907, lambda r: str(r.randrange(50, 30000))),
        "hex4": some(601, lambda r: f"{r.getrandbits(16):04x}"), "hex8": some(3001, lambda r: f"{r.getrandbits(32):08x}"),
        "hex12": some(2801, lambda r: f"{r.getrandbits(48):012x}"), "hex32": some(2399, lambda r: f"{r.getrandbits(128):032x}"),
        "uuid": some(2011, uuid), "callid": some(4001, call_id), "number": some(1201, number),
        "ext": some(809, lambda r: str(r.randrange(100, 9999))), "dec": some(311, lambda r: f"{r.uniform(0, 100):.2f}"),
        "sha": some(701, lambda r: "".join(r.choices("ABCDEFGHIJKLMabcdefghijklm0123456789+/", k=43))),
    })
    return pools
