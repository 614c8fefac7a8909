#!/usr/bin/env python3
"""tools/count_tests.py must never call a broken run good."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

PASS = '<testcase classname="A" name="Works" status="run" result="completed"/>'
SKIP = '<testcase classname="A" name="Waits" status="run" result="skipped"><skipped message="no data"/></testcase>'
FAIL = '<testcase classname="A" name="Breaks" status="run" result="completed"><failure message="x"/></testcase>'


class CountTests(unittest.TestCase):
    def count(self, programs, *extra):
        """programs: {name: (status of ctest, cases or None)}; returns (exit code, last line)."""
        with tempfile.TemporaryDirectory() as folder:
            if programs is not None:
                rows = "".join(f'<testcase name="{n}" status="{s}"/>' for n, (s, _) in programs.items())
                Path(folder, "ctest.xml").write_text(f"<testsuite>{rows}</testsuite>")
                for name, (_, cases) in programs.items():
                    if cases is not None:
                        Path(folder, f"{name}_tests.xml").write_text(
                            f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
            run = subprocess.run([sys.executable, ROOT / "tools" / "count_tests.py", folder, *extra],
                                 capture_output=True, text=True, check=False)
            return run.returncode, run.stdout.strip().splitlines()[-1]

    def test_counts_the_cases_of_every_program(self):
        self.assertEqual(self.count({"io": ("run", PASS + PASS), "text": ("run", PASS + SKIP)}),
                         (0, "3 passed, 0 failed, 1 skipped"))

    def test_counts_a_program_without_cases_as_one_test(self):
        self.assertEqual(self.count({"layer_order": ("run", None)}), (0, "1 passed, 0 failed"))

    def test_counts_failed_cases(self):
        self.assertEqual(self.count({"io": ("fail", PASS + FAIL)}), (1, "1 passed, 1 failed"))

    def test_counts_a_crash_that_left_no_failed_case(self):
        self.assertEqual(self.count({"io": ("fail", PASS)}), (1, "1 passed, 1 failed"))
        self.assertEqual(self.count({"io": ("fail", None)}), (1, "0 passed, 1 failed"))

    def test_calls_a_run_without_tests_failed(self):
        self.assertEqual(self.count({}), (1, "0 passed, 1 failed"))
        self.assertEqual(self.count(None), (1, "0 passed, 1 failed"))

    def test_adds_the_checks_that_are_not_ctest_tests(self):
        self.assertEqual(self.count({"io": ("run", PASS)}, "2", "0"), (0, "3 passed, 0 failed"))
        self.assertEqual(self.count({"io": ("run", PASS)}, "0", "1"), (1, "1 passed, 1 failed"))


if __name__ == "__main__":
    unittest.main()
