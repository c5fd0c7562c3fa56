#!/usr/bin/python3
"""No filter takes what gateways log on good days for an attack: a sample of make bench-filters."""
import os
import sys

from sipwarden_env import BUILD, TOP, run

sys.path.insert(0, os.path.join(TOP, "tests/bench"))
import benign  # noqa: E402

LINES = 5000


def test_no_benign_line_is_evidence_of_an_attack():
    results = benign.measure_all(BUILD, count=LINES)
    assert results, "no filters"
    for r in results:
        assert r.lines == LINES, f"{r.gateway}: {r.lines} lines were read"
        assert r.attacks == 0, f"{r.gateway}: {r.attacks} lines: " + "\n".join(r.shown)
        assert r.limited == 0, f"{r.gateway}: the match limit was hit"


def test_benign_lines_vary_and_are_the_same_each_time():
    for gateway in benign.filters_present(TOP):
        lines = "".join(benign.generate(gateway, LINES)).splitlines()
        assert len(lines) == LINES, gateway
        assert len(set(lines)) > LINES * 0.6, f"{gateway}: {len(set(lines))} lines differ"
        assert lines == "".join(benign.generate(gateway, LINES)).splitlines(), f"{gateway}: not the same twice"


if __name__ == "__main__":
    run(globals())
