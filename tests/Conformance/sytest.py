#!/usr/bin/env python3
"""Compares a run of SyTest (its TAP output) with the list of names that pass.

    tests/Conformance/sytest.py RUN.tap            what passed before and does not now (exit 1), and what is new
    tests/Conformance/sytest.py RUN.tap --update   rewrites the list

A name that occurs more than once passes if all of its tests do. Skipped tests do not count as passed.
"""
import pathlib
import re
import sys

LIST = pathlib.Path(__file__).with_name("sytest-passing.txt")


def passing(tap):
    """The names that pass in a run."""
    good, bad = set(), set()
    for line in tap.read_text(errors="replace").splitlines():
        match = re.match(r"^(ok|not ok) \d+ (?:- )?(.*?)(?: # (.*))?$", line)
        if not match:
            continue
        verdict, name, directive = match.groups()
        (good if verdict == "ok" and not (directive or "").lower().startswith("skip") else bad).add(re.sub(r"( \(\d+ subtests?\))?( \(expected fail\))?$", "", name))
    return good - bad


def main():
    now = passing(pathlib.Path(sys.argv[1]))
    if "--update" in sys.argv:
        LIST.write_text("".join(f"{name}\n" for name in sorted(now)))
        print(f"{len(now)} names")
        return 0
    before = set(LIST.read_text().splitlines())
    for name in sorted(before - now):
        print(f"no longer passes: {name}")
    for name in sorted(now - before):
        print(f"passes now: {name}")
    print(f"{len(now & before)} of {len(before)} pass, {len(now - before)} new")
    return 1 if before - now else 0


sys.exit(main())
