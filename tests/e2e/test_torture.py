#!/usr/bin/python3
"""Killed at any moment, each line is counted once: see torture.py, and "make torture" for the long form.

test_torture.py --rounds N [--seed S]
"""
import argparse
import random
import sys

import torture
from sipwarden_env import run


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=16)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    return parser.parse_known_args()[0]


def test_what_is_killed_goes_on_as_if_it_had_not_been():
    chosen = arguments()
    torture.torture(chosen.rounds, chosen.seed)


if len(sys.argv) > 1:
    # The seed must be the same when it is started again in its namespaces.
    given = arguments()
    sys.argv[1:] = ["", "--rounds", str(given.rounds), "--seed", str(given.seed)]
run(globals())
