#!/usr/bin/python3
"""The made company of tests/company: its logs are what the filters and readers of each gateway know."""
import csv
import filecmp
import json
import os
import subprocess
import sys
import tempfile

from sipwarden_env import BUILD, TOP, run, sh

GENERATE = f"{TOP}/tests/company/generate.py"
FILTERS = {"asterisk/sipwarden": "asterisk", "freeswitch/sipwarden.csv": "freeswitch-cdr", "kamailio/kamailio.log": "kamailio",
           "opensips/opensips.log": "opensips", "freeswitch/freeswitch.log": "freeswitch"}


def generate(directory, *options):
    sh(sys.executable, "-B", GENERATE, directory, *options)
    return directory


def truth_of(directory):
    with open(directory + "/truth.json", encoding="utf-8") as f:
        return json.load(f)


def files_of(directory):
    return sorted(os.path.relpath(os.path.join(at, name), directory) for at, _, names in os.walk(directory) for name in names)


def matched(directory, name):
    """Classes of the events in a log, and how many."""
    text = sh(f"{BUILD}/sipwarden", "filter", "match", "--json", "--filter-dir", f"{TOP}/filters", FILTERS[name],
              os.path.join(directory, name))
    classes = {}
    for line in text.splitlines():
        event = json.loads(line)
        if event.get("class"):
            classes[event["class"]] = classes.get(event["class"], 0) + 1
    return classes


def test_the_same_arguments_give_the_same_files():
    with tempfile.TemporaryDirectory() as at:
        options = ("--days", "2", "--begin", "2025-03-03", "--malformed", "0.01", "--register-every", "7200")
        one, two = generate(at + "/1", *options), generate(at + "/2", *options)
        names = files_of(one)
        assert len(names) == 10 and names == files_of(two), names
        assert filecmp.cmpfiles(one, two, names, shallow=False) == (names, [], [])
        assert sum(truth_of(one)["malformed"].values()) > 20


def test_filters_know_the_lines():
    with tempfile.TemporaryDirectory() as at:
        generate(at + "/x", "--days", "1", "--begin", "2025-03-03", "--fraud", "none")
        lines = truth_of(at + "/x")["lines"]
        with open(at + "/x/asterisk/Master.csv", encoding="utf-8") as f:
            records = list(csv.reader(f))
        out = sum(r[3] == "outbound" for r in records)
        calling = out + sum(r[3] == "from-internal" for r in records)
        assert len(records) == lines["asterisk/Master.csv"] > 2000 and {len(r) for r in records} == {18}
        found = matched(at + "/x", "asterisk/sipwarden")
        assert found["call-attempt"] == out and found["auth-success"] > 4000, found
        assert sum(found.values()) == lines["asterisk/sipwarden"], (found, lines)
        found = matched(at + "/x", "freeswitch/sipwarden.csv")
        assert found["call-attempt"] == lines["freeswitch/sipwarden.csv"] == len(records), found
        assert matched(at + "/x", "freeswitch/freeswitch.log").keys() <= {"auth-failure", "unknown-user"}
        for name in ("kamailio/kamailio.log", "opensips/opensips.log"):
            found = matched(at + "/x", name)
            assert found["call-attempt"] == calling and found["auth-success"] > 4000, (name, found)


def test_thefts_are_in_the_logs_and_only_where_asked():
    with tempfile.TemporaryDirectory() as at:
        options = ("--days", "14", "--begin", "2025-03-03", "--gateway", "asterisk", "--register-every", "86400")
        frauds = truth_of(generate(at + "/all", *options))["frauds"]
        assert [f["kind"] for f in frauds] == ["burst", "drip", "forward", "sequence", "newcomer"]
        with open(at + "/all/asterisk/Master.csv", encoding="utf-8") as f:
            stolen = f.read().splitlines()
        with open(generate(at + "/none", *options, "--fraud", "none") + "/asterisk/Master.csv", encoding="utf-8") as f:
            clean = f.read().splitlines()
        assert truth_of(at + "/none")["frauds"] == []
        numbers = {line.split(",")[2] for line in clean}
        for fraud in frauds:
            assert all(any(f'"{n}"' in line and fraud["account"] in line for line in stolen) for n in fraud["numbers"]), fraud
            assert not numbers & {f'"{n}"' for n in fraud["numbers"]}, fraud
            assert fraud["calls"] >= 10 and fraud["first_call"] >= "2025-03-08", fraud


def test_site_of_the_company_reads_its_numbers():
    with tempfile.TemporaryDirectory() as at:
        generate(at + "/x", "--days", "7", "--begin", "2025-03-03", "--gateway", "asterisk", "--register-every", "86400")
        with open(at + "/x/asterisk/Master.csv", encoding="utf-8") as f:
            dialled = {r[2] for r in csv.reader(f)}
        done = subprocess.run([f"{BUILD}/sipwarden", "--config", at + "/x/site.conf", "number", "--json", "-"],
                              input="\n".join(sorted(dialled)) + "\n", text=True, stdout=subprocess.PIPE, check=True)
        kinds = {}
        for line in done.stdout.splitlines():
            answer = json.loads(line)
            kinds.setdefault(answer["kind"], set()).add(answer["dialled"])
            assert not answer["odd"], answer
        assert {"internal", "ordinary", "freephone", "shared-cost", "premium", "satellite"} <= kinds.keys(), kinds.keys()
        assert "unknown" not in kinds, kinds["unknown"]
        # Only the drip's numbers, and directory enquiries.
        assert all(n.startswith(("0900", "118")) for n in kinds["premium"]), kinds["premium"]
        assert all(n.startswith("0088") for n in kinds["satellite"]), kinds["satellite"]


def test_many_records_have_the_same_columns():
    with tempfile.TemporaryDirectory() as at:
        sh(sys.executable, "-B", GENERATE, "--records", "50000", at + "/Master.csv")
        with open(at + "/Master.csv", encoding="ascii") as f:
            rows = list(csv.reader(f))
        assert len(rows) == 50000 and {len(r) for r in rows} == {18}
        assert rows[0][9][:10] == "2025-01-01" and rows[-1][9][:10] in ("2025-12-31", "2026-01-01"), rows[-1]


run(globals())
