#!/usr/bin/env python3
"""Counts a test run: prints 'N passed, N failed[, N skipped]' and exits 1 when something failed.

    count_tests.py RESULTS [PASSED FAILED]     PASSED and FAILED are added to the counts

RESULTS holds ctest.xml (ctest --output-junit) and, for each GoogleTest program, PROGRAM.xml with its test cases. A
program that ctest calls failed without a failed case (it crashed, ran out of time or a sanitizer stopped it) counts as
one failure; so does a run without any test.
"""

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def cases_of(path):
    """(passed, failed, skipped) of a GoogleTest result file; zeros when there is none or it was cut short."""
    try:
        cases = list(ElementTree.parse(path).getroot().iter("testcase"))
    except (OSError, ElementTree.ParseError):
        return 0, 0, 0
    failed = [c for c in cases if c.find("failure") is not None]
    skipped = [c for c in cases if c not in failed and
               (c.find("skipped") is not None or c.get("result") == "skipped" or c.get("status") == "notrun")]
    for case in failed:
        print(f"FAILED: {case.get('classname')}.{case.get('name')}")
    return len(cases) - len(failed) - len(skipped), len(failed), len(skipped)


def count(results):
    passed = failed = skipped = 0
    try:
        programs = list(ElementTree.parse(results / "ctest.xml").getroot().iter("testcase"))
    except (OSError, ElementTree.ParseError):
        programs = []
    if not programs:
        print("FAILED: no test ran")
        return 0, 1, 0
    for program in programs:
        name = program.get("name")
        good, bad, left_out = cases_of(results / f"{name}_tests.xml")
        if program.get("status") != "run" and bad == 0:
            print(f"FAILED: {name} ({program.get('status')})")
            bad = 1
        elif good + bad + left_out == 0:
            good = 1  # not a GoogleTest program
        passed, failed, skipped = passed + good, failed + bad, skipped + left_out
    return passed, failed, skipped


def main():
    passed, failed, skipped = count(Path(sys.argv[1]))
    if len(sys.argv) == 4:
        passed, failed = passed + int(sys.argv[2]), failed + int(sys.argv[3])
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
