"""Variations of the forged logs in tests/corpora: what the gateway would log if its
sender put the text of other events into whatever he can fill."""
import re

SENDER = "192.0.2.5"
OTHERS = [f"203.0.113.{n}" for n in range(1, 255)]
ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b2001:db8:[0-9a-f:]+")


def hostile_texts(lines, rng):
    """Other lines with addresses of the uninvolved: whole, and their beginnings and ends around the address."""
    texts = []
    for line in lines:
        line = ADDRESS.sub(lambda m: rng.choice(OTHERS), line)
        # without the time, which the gateway would write anew
        body = re.sub(r"^(?:\[[^\]]*\] |\s*\d+\(\d+\) )", "", line)
        at = [m.start() for m in ADDRESS.finditer(body)]
        texts.append(body)
        if at:
            cut = max(0, at[-1] - rng.randrange(1, 40))
            texts += [body[cut:], "x" + body[cut:], body[at[-1]:], body[:at[-1]] + rng.choice(OTHERS)]
    return texts


def asterisk(texts, rng):
    """As in asterisk22-forged.log: the two sources of lines, and what each does with quotes."""
    call_id = rng.choice(texts)
    if rng.random() < 0.5:
        display = rng.choice(texts).replace("\\", "").replace('"', "'")
        user = re.sub(r"[^\w.,=/-]", lambda m: f"%{ord(m[0]):02x}", rng.choice(texts))[:100]
        reason = rng.choice(["Failed to authenticate", "No matching endpoint found"])
        return (f"[2026-11-23 23:19:40.449] NOTICE[20323] res_pjsip/pjsip_distributor.c: Request 'REGISTER' from '\"{display}\" "
                f"<sip:{user}@192.0.2.1>' failed for '{SENDER}:5070' (callid: {call_id}) - {reason}")
    account = rng.choice(["100", "<unknown>", rng.choice(texts)])
    event, tail = rng.choice([("InvalidAccountID", ""),
                              ("ChallengeResponseFailed", ',Challenge="1/2",Response="bfa2053391873ea991da020387c33308",ExpectedResponse=""')])
    return (f'[2026-11-23 23:19:40.120] SECURITY[20365] res_security_log.c: SecurityEvent="{event}",EventTV="2026-11-23T23:19:40.119+0000",'
            f'Severity="Error",Service="PJSIP",EventVersion="1",AccountID="{account}",SessionID="{call_id}",'
            f'LocalAddress="IPV4/UDP/192.0.2.1/5060",RemoteAddress="IPV4/UDP/{SENDER}/5070"{tail}')


def kamailio(texts, rng):
    """As in kamailio-live.log: a script that quotes what it does not escape."""
    pid = rng.randrange(1, 4)
    user = rng.choice(["100", "nosuch", rng.choice(texts)])
    return (f" {pid}({21171 + pid}) NOTICE: <script>: Auth failed for user '{user}' from {SENDER}:5070 rc=-5 "
            f"ua='{rng.choice(texts)}'")


def variations(gateway, lines, n, rng):
    texts = hostile_texts(lines, rng)
    render = {"asterisk": asterisk, "kamailio": kamailio}[gateway]
    return [render(texts, rng) for _ in range(n)]
