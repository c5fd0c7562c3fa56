#!/usr/bin/python3
"""sipwarden report: call records of each gateway, what is drawn from them, and what hostile records can do."""
import csv
import gzip
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

from sipwarden_env import BUILD, TOP, Agent, run

CONFIG = """[site]
country = DE
area = 30
extensions = 3
office_hours = Mo-Fr 07:00-19:00
timezone = UTC
[report]
name = Example
currency = EUR
no_business = CU
"""
RATES = "prefix;price;setup\n# a comment\n49;0,01\n+43;0.03;0.10\n252;0.95\n49900;1.99\n53;1\n"
# 2026-06-01T00:00:00Z, a Monday
MONDAY = 1780272000
PERIOD = ["--since", "2026-06-01", "--until", "2026-07-01"]
DAY = 86400


def stamp(when):
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(when))


def asterisk(when, account, number, talk=60, result="ANSWERED", source="192.0.2.10:5060"):
    """A line of Master.csv as Asterisk's cdr_csv writes it."""
    cells = ["", account, number, "outbound", f'"{account}" <{account}>', f"PJSIP/{account}-0000001b", "PJSIP/carrier-1", "Dial",
             f"PJSIP/{number}@carrier", stamp(when), stamp(when + 5) if result == "ANSWERED" else "", stamp(when + 5 + talk),
             talk + 5, talk, result, "DOCUMENTATION", f"{when}.1", f"sipwarden src={source}"]
    return ",".join(str(c) if isinstance(c, int) else '"' + c.replace('"', '""') + '"' for c in cells) + "\n"


class Place:
    """A directory with a config, rates and records."""

    def __init__(self, config=CONFIG):
        self.dir = tempfile.mkdtemp(prefix="sipwarden-report-")
        self.write("config", f"[sipwarden]\nstate_dir = {self.dir}/state\n" + config)
        self.write("rates.csv", RATES)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, content):
        with open(self.path(name), "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return self.path(name)

    def report(self, *arguments, status=0, **kw):
        done = subprocess.run([f"{BUILD}/sipwarden", "--config", self.path("config"), "report", *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=dict(os.environ, TZ="UTC"), **kw)
        assert done.returncode == status, (arguments, done.returncode, done.stdout[-3000:], done.stderr)
        return (done.stdout if status == 0 else done.stdout + done.stderr).decode()

    def json(self, records, *arguments):
        return json.loads(self.report("--format", "json", "--input", self.write("records", records), *PERIOD, "--rates",
                                      self.path("rates.csv"), *arguments))


def kinds(report):
    return [f["kind"] for f in report["findings"]]


def of(report, what, name):
    return next(o for o in report[what] if o[what[:-1]] == name)


def test_what_has_no_price_is_said_so_and_stands_first():
    """Shown as 0.00 once, and a country's price was taken for its premium numbers."""
    with Place() as p:
        p.write("rates.csv", "49,0.01\n43,0.03\n")
        lines = "".join([asterisk(MONDAY + 36000, "100", "0900123456", 600), asterisk(MONDAY + 36100, "100", "00881612345678", 600),
                         asterisk(MONDAY + 36200, "100", "03012345678", 600), asterisk(MONDAY + 36300, "100", "0043151515", 600)])
        r = p.json(lines)
        costs = {d["kind"] + (d["country"] or ""): (d["now"]["cost"], d["now"]["unpriced"]) for d in r["destinations"]}
        assert costs == {"premiumDE": (0, 1), "satellite": (0, 1), "ordinaryDE": (0.1, 0), "ordinaryAT": (0.3, 0)}, costs
        assert {d["kind"] for d in r["destinations"][:2]} == {"premium", "satellite"}, r["destinations"]
        text = p.report("--input", p.path("records"), *PERIOD, "--rates", p.path("rates.csv"))
        assert "no price" in text and "≥ 0.30 EUR" in text and "0.00 EUR" not in text, text


def test_numbers_called_in_a_row_are_counted_exactly():
    with Place() as p:
        r = p.json("".join(asterisk(MONDAY + 10 * i, "100", f"00232761{n:05}", 3) for i, n in enumerate(range(500, 900))))
        assert [s["numbers"] for s in r["sequences"]] == [400], r


def test_counts_cost_and_time_of_each_destination():
    with Place() as p:
        r = p.json("".join([
            asterisk(MONDAY + 36000, "100", "0043151515", 120), asterisk(MONDAY + 36000 + DAY, "100", "0043151515", 60),
            asterisk(MONDAY - 3 * DAY, "100", "+43151515", 600), asterisk(MONDAY + 36000, "101", "03012345678", 60),
            asterisk(MONDAY + 36000, "101", "100", 60), asterisk(MONDAY + 36000, "101", "0043151515", 0, "BUSY"),
            asterisk(MONDAY + 40 * DAY, "101", "0043151515", 60)]))
        austria = next(d for d in r["destinations"] if d["country"] == "AT")
        assert austria["now"] == {"calls": 3, "answered": 2, "failed": 0, "seconds": 180, "cost": 0.29, "unpriced": 0}, austria
        assert austria["before"]["cost"] == 0.4 and austria["months"] == [{"month": "2026-06", "calls": 3, "seconds": 180, "cost": 0.29, "unpriced": 0}]
        assert r["now"]["calls"] == 4 and r["inside"] == 1 and r["dear"]["calls"] == 3, r
        assert of(r, "accounts", "100")["dear"]["seconds"] == 180
        assert of(r, "sources", "192.0.2.10")["now"]["calls"] == 4


def test_a_period_of_which_half_the_records_are_there_is_no_measure():
    """The first report of a company said that its calls had grown by 750 per cent."""
    def calls(first, last, a_day):
        return "".join(asterisk(MONDAY + day * DAY + 36000 + i * 600, "100", "0043123456") for day in range(first, last) for i in range(a_day))
    with Place() as p:
        for before, said in ((-29, True), (-10, False)):
            records = p.write("records", calls(before, 0, 1) + calls(0, 29, 2))
            report = p.json(open(records).read())
            assert report["records"]["comparable"] == said and ("records-before" in kinds(report)) != said, report["findings"]
            assert ("growth" in kinds(report)) == said and ("days before it was" in report["summary"]) == said, report["summary"]
            text = " ".join(p.report("--input", records, *PERIOD, "--rates", p.path("rates.csv")).split())
            assert ("%" in text) == said, text
            assert ("too little to compare with" in text) != said, text


def test_tells_of_countries_without_business_and_first_times():
    with Place() as p:
        r = p.json(asterisk(MONDAY - DAY, "100", "0043151515") + asterisk(MONDAY + 36000, "100", "005371234567")
                   + asterisk(MONDAY + 36000, "100", "0041445566778"))
        assert kinds(r)[0] == "no-business" and "Cuba" in r["findings"][0]["what"] and "100" in r["findings"][0]["detail"], r["findings"]
        first = next(f for f in r["findings"] if f["kind"] == "first-time-country")
        assert "Switzerland" in first["detail"] and "Austria" not in first["detail"], first
        # Who has other lists than the config
        assert "no-business" not in kinds(p.json(asterisk(MONDAY + 36000, "100", "005371234567"), "--no-business", "KP,SO"))
        assert "countries" in p.report("--no-business", "XX", "--input", "x", status=2)


def test_finds_an_account_that_was_broken_into():
    night = MONDAY + 8 * DAY + 3 * 3600
    lines = [asterisk(MONDAY - 20 * DAY + n * DAY, "100", "0043151515") for n in range(18)]
    lines += [asterisk(night + n, "100", f"0025261544{n:04}", 0, "FAILED", "203.0.113.9:5060") for n in range(6)]
    lines += [asterisk(night + 60 + n * 10, "100", f"0025261544{n:04}", 300, source="203.0.113.9:5060") for n in range(30)]
    lines += [asterisk(MONDAY + n * DAY + 36000, "101", "0043151515", 300) for n in range(20)]
    with Place() as p:
        r = p.json("".join(lines))
        told = [f for f in r["findings"] if f["kind"] == "stolen-account"]
        assert len(told) == 1 and "100" in told[0]["what"], told
        for words in ("quarter of an hour", "in a row failed", "203.0.113.9", "Somalia", "out of office hours"):
            assert words in told[0]["detail"], (words, told)
        account = of(r, "accounts", "100")
        assert account["burst"]["calls"] == 36 and account["broke_in"]["country"] == "SO", account
        assert account["stranger"]["source"] == "203.0.113.9"
        assert of(r, "accounts", "101")["suspicion"] == 0


FREESWITCH = ('"Anna","100","0043151515","default","{a}","{b}","{c}","125","120","NORMAL_CLEARING",'
              '"0f8fad5b-d9cb-469f-a165-70867728950e","", "100","PCMA","PCMA"\n')
OPENCDRRATE = '"0f8fad5b","","inbound","100","0043151515","{b}","{c}","120","100","","192.0.2.10","A","carrier"\n'
OWN_FREESWITCH = ("{a} sipwarden call direction=inbound src=192.0.2.10 port=5060 uuid=0f8fad5b-d9cb-469f-a165-70867728950e "
                  "cause=NORMAL_CLEARING billsec=120 user='100' number='0043151515' ua='x' id='y'\n")
ACC = ("Jun  1 10:00:00 pbx kamailio[2117]: NOTICE: acc [acc.c:287]: acc_log_request(): ACC: transaction answered: timestamp={t};"
       "method={m};from_tag=1;to_tag=2;call_id=bb@x;code=200;reason=OK;src_user={u};src_domain=x;src_ip=192.0.2.10;"
       "dst_ouser=0043151515;dst_user=0043151515;dst_domain=x\n")
KAMAILIO_TABLE = ("id,method,from_tag,to_tag,callid,sip_code,sip_reason,time,src_user,src_domain,src_ip,dst_ouser,dst_user,dst_domain\n"
                  "1,INVITE,a,b,c@x,200,OK,{b},100,x,192.0.2.10,0043151515,0043151515,x\n"
                  "2,ACK,a,b,c@x,200,OK,{b},100,x,192.0.2.10,0043151515,0043151515,x\n"
                  "3,BYE,a,b,c@x,200,OK,{c},100,x,192.0.2.10,100,100,x\n")
OPENSIPS_TABLE = ("id;method;from_tag;to_tag;callid;sip_code;sip_reason;time;duration;setuptime;created;caller_id;callee_id\n"
                  "1;INVITE;a;b;c@x;200;OK;{b};120;5;{a};sip:100@x;sip:0043151515@x\n")
ASTERISK_TABLE = ("calldate\tclid\tsrc\tdst\tdcontext\tchannel\tdstchannel\tlastapp\tlastdata\tduration\tbillsec\tdisposition\tuniqueid\n"
                  "{a}\tx\t100\t0043151515\tout\tPJSIP/100-00000001\tx\tDial\tx\t125\t120\tANSWERED\t1\n")


def test_reads_every_format_and_finds_which_it_is():
    start = MONDAY + 36000
    times = {"a": stamp(start), "b": stamp(start + 5), "c": stamp(start + 125)}
    acc = ACC.format(t=start + 5, m="INVITE", u="100") + ACC.format(t=start + 125, m="BYE", u="0043151515")
    with Place() as p:
        for name, text in {
                "asterisk": asterisk(start, "100", "0043151515", 120), "freeswitch": FREESWITCH.format(**times),
                "opencdrrate": OPENCDRRATE.format(**times), "own": OWN_FREESWITCH.format(**times), "acc": "another line\n" * 400 + acc,
                "kamailio table": KAMAILIO_TABLE.format(**times), "opensips table": OPENSIPS_TABLE.format(**times),
                "asterisk table": ASTERISK_TABLE.format(**times)}.items():
            for form in (text, "\ufeff" + text.replace("\n", "\r\n")):
                r = p.json(form)
                account = of(r, "accounts", "100")
                assert account["now"]["calls"] == 1 and account["now"]["seconds"] == 120, (name, form, account)
                assert r["records"]["malformed"] == 0 and r["records"]["open"] == 0, (name, r["records"])
                assert next(d for d in r["destinations"] if d["country"] == "AT")["now"]["cost"] == 0.16, (name, r["destinations"])
        r = p.json('"sipwarden call-attempt","%s","192.0.2.10:5060","PJSIP/100-1a","1.2","0043151515","ANSWERED"\n' % times["a"])
        assert of(r, "accounts", "100")["now"]["calls"] == 1 and r["records"]["formats"].endswith("form for sipwarden")
        assert "no format" in p.report("--input", p.write("other", "a\nb\n"), status=1)
        assert "knows no record format" in p.report("--record-format", "x", status=2)


def test_reads_compressed_files_patterns_and_standard_input():
    one = asterisk(MONDAY + 36000, "100", "0043151515")
    with Place() as p:
        p.write("Master.csv", one)
        p.write("Master.csv.1.gz", gzip.compress(one.encode()))
        r = json.loads(p.report("--format", "json", "--input", p.path("Master.csv*"), "--input", "-", *PERIOD, input=one.encode()))
        assert r["records"]["files"] == 3 and r["now"]["calls"] == 3, r["records"]
        p.report("--input", p.path("Master.csv"), "--input", p.path("missing"), *PERIOD)
        assert "No such file" in p.report("--input", p.path("missing"), *PERIOD, status=1)


def test_survives_malformed_records_and_says_where_they_are():
    good = asterisk(MONDAY + 36000, "100", "0043151515")
    bad = [b'"","100","0043', b'"unclosed\n', b"\x00\x01\xff\n", b",,,\n", good.replace("2026-06", "2026-99").encode(),
           good.replace("ANSWERED", "\x1b[31m").encode(), good.replace(',60,"ANS', ',-60,"ANS').encode(), b'"' + b"x" * 200000 + b"\n",
           b"," * 500 + b"\n", good.replace("2026-06-01", "2026-06-31").encode()]
    multi = asterisk(MONDAY + 36000, "101", "0043151515").replace('""101"" <101>', '"",""\n""x')
    with Place() as p:
        content = b"".join(good.encode() + (b if b.endswith(b"\n") else b + b"\n") for b in bad) + multi.encode() + good.encode()
        r = p.json(content)
        assert of(r, "accounts", "100")["now"]["calls"] == len(bad) + 1, (of(r, "accounts", "100"), r["records"])
        assert of(r, "accounts", "101")["now"]["calls"] == 1
        faults = r["records"]["faults"]
        assert r["records"]["malformed"] >= len(bad) and len(faults) == 5, r["records"]
        assert [f["line"] for f in faults][:4] == [2, 4, 6, 8] and faults[0]["file"] == p.path("records"), faults
        text = p.report("--input", p.path("records"), *PERIOD)
        assert p.path("records") + ":2: " in text and "\x1b" not in text, text


def test_a_call_id_that_looks_like_other_fields_is_no_call_of_another_account():
    start = MONDAY + 36000
    good = ACC.format(t=start, m="INVITE", u="100") + ACC.format(t=start + 60, m="BYE", u="0043151515")
    crafted = (ACC.replace("code=200", "code=403").replace("answered", "call missed").replace("call_id=bb@x", "call_id={i}")
               .format(t=start, m="INVITE", u="anybody", i="z;code=200;src_user=boss;dst_user=008821612345678"))
    crafted = crafted.replace("transaction call missed", "call missed")
    with Place() as p:
        r = p.json(good + crafted)
        assert [a["account"] for a in r["accounts"]] == ["100"], r["accounts"]
        assert r["records"]["malformed"] == 1 and r["records"]["open"] == 0, r["records"]
        assert "twice" in r["records"]["faults"][0]["why"], r["records"]


HOSTILE = ["<script>alert(1)</script>", "=cmd|' /C calc'!A0", "@SUM(1)", "+1", "-1", "\x1b[2J", "a\tb", "\u202egnp", "'\"><img src=x onerror=x>",
           "&lt;", "x" * 3000]


def test_hostile_names_are_only_text():
    lines = [asterisk(MONDAY + 36000, "100", "0043151515").replace('"100"', '"' + n.replace('"', '""') + '"')
             .replace("PJSIP/100-", "PJSIP/" + n.replace('"', '""') + "-").replace("192.0.2.10:5060", n.replace('"', '""')) for n in HOSTILE]
    with Place() as p:
        records = p.write("records", "".join(lines))
        outputs = {f: p.report("--format", f, "--input", records, *PERIOD) for f in ("text", "html", "json", "csv")}
        for name, text in outputs.items():
            assert not [c for c in text if (c < " " and c not in "\r\n") or c in "\x7f\u202e"], name
        page = outputs["html"].lower()
        assert "<script" not in page and "<img" not in page and "http:" not in page and "https:" not in page and "url(" not in page
        rows = list(csv.reader(io.StringIO(outputs["csv"], newline="")))
        assert len(rows) > len(HOSTILE) and len({len(r) for r in rows}) == 1, rows
        assert not [c for row in rows for c in row if c and c[0] in "=+-@\t\r"], rows
        accounts = {a["account"] for a in json.loads(outputs["json"])["accounts"]}
        assert "<script>alert(1)<" in {a[:17] for a in accounts}, accounts


def test_memory_has_a_bound_and_what_is_forgotten_is_said():
    lines = [asterisk(MONDAY + 36000 + n, "100", "0043151515", 600) for n in range(500)]
    many = [asterisk(MONDAY + 36000 + n, f"a{n}", f"00431{n:07}", 1, source=f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}:5060") for n in range(150000)]
    with Place() as p:
        p.write("records", "".join(lines[:250] + many + lines[250:]))
        process = subprocess.Popen([f"{BUILD}/sipwarden", "--config", p.path("config"), "--json", "report", "--input", p.path("records"),
                                    *PERIOD], stdout=open(p.path("out"), "w", encoding="utf-8"))
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0 and ("asan" in BUILD or usage.ru_maxrss < 200 * 1024), (status, usage.ru_maxrss)
        r = json.load(open(p.path("out"), encoding="utf-8"))
        assert r["accounts"][0]["account"] == "100" and r["accounts"][0]["now"]["calls"] == 500, r["accounts"][0]
        assert "inexact" in kinds(r) and 0 < r["records"]["inexact_by"] <= 4, r["records"]
        assert r["now"]["calls"] == 150500  # the whole is exact


def test_days_are_those_of_the_site():
    with Place(CONFIG.replace("UTC", "Asia/Tokyo")) as p:
        # The first is of the evening before, in Tokyo; lines of acc are brought to its clock.
        acc = ACC.format(t=MONDAY - 10 * 3600, m="INVITE", u="100") + ACC.format(t=MONDAY - 8 * 3600, m="INVITE", u="100").replace("bb@", "c@")
        r = p.json(acc)
        assert (r["from"], r["until"]) == ("2026-06-01T00:00:00", "2026-07-01T00:00:00") and r["now"]["calls"] == 1, r
        assert r["records"]["first"] == "2026-05-31T23:00:00" and r["before"]["calls"] == 1, r["records"]


def test_check_warns_of_what_keeps_a_report_from_being_made():
    with Place() as p:
        bad, gone, records = p.write("bad.csv", "49,0.01\n49,abc\n"), p.path("gone.csv"), p.write("Master.csv", "")

        def check(text):
            p.write("config", f"[sipwarden]\nstate_dir = {p.dir}/state\nfilter_dirs = {TOP}/filters\n[report]\n" + text)
            done = subprocess.run([f"{BUILD}/sipwarden", "--config", p.path("config"), "check"], stderr=subprocess.PIPE, text=True)
            assert done.returncode == 0, done
            return done.stderr
        assert ":5: warning: no report can be made: " + bad + ":2: the second field is no price" in check(f"rates = {bad}\n")
        text = check(f"records = {records}*\nrates = {gone}\nrecord_format = excel\n")
        assert f":6: warning: no report can be made: {gone}: the rates cannot be read: No such file" in text, text
        assert ":7: warning: no report can be made: there is no record format 'excel'" in text and "a report would" not in text, text
        assert f":5: warning: a report would read {gone}, which is not there" in check(f"records = {gone}\n")


def test_bad_rates_and_moments_are_refused():
    with Place() as p:
        records = p.write("records", asterisk(MONDAY + 36000, "100", "0043151515"))
        for text, words in (("49;x\n", "rates.csv:1: "), ("49,1\nabc,1\n", "rates.csv:2: "), ("# nothing\n", "holds no rates")):
            p.write("rates.csv", text)
            assert words in p.report("--input", records, "--rates", p.path("rates.csv"), status=1)
        assert "knows no such moment" in p.report("--input", records, "--since", "whenever", status=2)
        assert "not before" in p.report("--input", records, "--since", "2026-07-01", "--until", "2026-06-01", status=2)
        assert "needs call records" in p.report(status=2)


def test_writes_a_quarter_into_a_directory():
    with Place(CONFIG + "records = {dir}/Master*\n") as p:
        p.write("config", open(p.path("config"), encoding="utf-8").read().replace("{dir}", p.dir))
        p.write("Master.csv", asterisk(int(time.time()) - 150 * DAY, "100", "0043151515"))
        done = subprocess.run([f"{BUILD}/sipwarden", "--config", p.path("config"), "report", "--quarter", "--format", "html",
                               "--output", p.dir], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        written = [n for n in os.listdir(p.dir) if n.startswith("report-")]
        month = time.localtime().tm_mon - 1
        quarter = (time.localtime().tm_year - (month < 3), (month // 3 + 3) % 4 + 1)
        assert done.returncode == 0 and written == ["report-%d-Q%d.html" % quarter], (done, written)
        assert p.path(written[0]) in done.stderr and done.stdout == ""
        assert os.stat(p.path(written[0])).st_mode & 0o777 == 0o640


def test_tells_of_bans_and_of_the_last_audit():
    a = Agent("")
    a.write_config(f"[site]\ncountry = DE\n[report]\naudit = {a.dir}/audit.json\n"
                   "[rule test]\nclass = auth-failure\nkey = address\nthreshold = 1\nwindow = 1m\nban = 1m\n")
    try:
        a.start()
        a.ctl("ban", "203.0.113.9", "--for", "1h")
        a.stop()
        with open(a.path("audit.json"), "w", encoding="utf-8") as f:
            json.dump({"critical": 1, "warning": 2, "accepted": 0, "findings": [
                {"severity": "critical", "what": "no <password>\x1b", "accepted": False}]}, f)
        now = int(time.time())
        with open(a.path("records"), "w", encoding="utf-8") as f:
            f.write(asterisk(now - 3600, "100", "0043151515", source="203.0.113.9:5060"))
        status, out, err = a.ctl("--json", "report", "--since", "2d", "--input", a.path("records"))
        r = json.loads(out)
        assert r["attacks"]["bans"] == 1, (r["attacks"], err)
        assert "audit" in kinds(r) and "\x1b" not in out and r["audit"]["critical"] == 1, r["findings"]
        told = next(f for f in r["findings"] if f["kind"] == "stolen-account")
        assert "203.0.113.9" in told["detail"] and "banned" in told["detail"], told
    finally:
        a.close()


def test_the_planted_thefts_of_a_company_are_found_and_nobody_else():
    with Place() as p:
        subprocess.run([sys.executable, f"{TOP}/tests/company/generate.py", p.dir, "--begin", "2026-03-01", "--days", "75", "--gateway",
                        "asterisk", "--register-every", "864000"], check=True, stdout=subprocess.DEVNULL)
        site = open(p.path("site.conf"), encoding="utf-8").read()
        p.write("config", f"[sipwarden]\nstate_dir = {p.dir}/state\n" + site)
        truth = json.load(open(p.path("truth.json"), encoding="utf-8"))["frauds"]
        r = json.loads(p.report("--format", "json", "--since", "2026-03-16", "--until", "2026-05-15", "--input", p.path("asterisk/Master.csv")))
        told = {f["what"].split()[1] for f in r["findings"] if f["kind"] == "stolen-account"}
        stolen = {f["account"] for f in truth if f["first_call"] > "2026-03-16"}
        # Stock records have no addresses, and without them a newcomer is only a country that is called for the first time.
        newcomer = {f["account"] for f in truth if f["kind"] == "newcomer"}
        assert told and told <= stolen and stolen - told <= newcomer, (told, truth)


if __name__ == "__main__":
    run(globals())
