#!/usr/bin/env python3
"""Counts the test cases of a `meson test` run: `N passed, N failed, N skipped`. Exits with 1 when any failed.

A doctest program counts with the cases of its own summary line (those that its filter leaves out are skipped), any
other test as one case. A doctest program that fails although no case of it did (a sanitizer, say) is one failure more.
"""
import json
import re
import sys

DOCTEST_SUMMARY = re.compile(
    r"test cases:\s*\d+\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed\s*\|\s*(\d+) skipped")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def count(test):
    """(passed, failed, skipped) of one line of testlog.json."""
    went_well = test["result"] in ("OK", "EXPECTEDFAIL", "SKIP")
    summary = DOCTEST_SUMMARY.search(COLOUR.sub("", test.get("stdout") or ""))
    if summary:
        passed, failed, skipped = map(int, summary.groups())
        return passed, failed + (not went_well and failed == 0), skipped
    if test["result"] == "SKIP":
        return 0, 0, 1
    return (1, 0, 0) if went_well else (0, 1, 0)


def main():
    with open(sys.argv[1], encoding="utf-8") as log:
        counts = [count(json.loads(line)) for line in log if line.strip()]
    passed, failed, skipped = (sum(column) for column in zip(*counts)) if counts else (0, 0, 0)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed or not passed else 0)


main()
