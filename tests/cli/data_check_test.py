"""attune data check as a user runs it: other files, times, and the page that it writes."""

import os
import re
import subprocess
import unittest

from folder_case import FolderCase

BINARY = os.environ["ATTUNE_BINARY"]
HEADER = "question,answer,seen,split\n"


class DataCheck(FolderCase):
    def check(self, *arguments):
        return subprocess.run([BINARY, "data", "check", *arguments], capture_output=True, text=True, check=False)

    def test_fails_when_rows_ask_what_another_file_asks(self):
        train = self.write("train.csv", "question,answer\nWhere is my parcel?,On its way.\nWho are you?,A shop.\n")
        test = self.write("test.csv", "question,answer\nwhere is my  parcel?,Here.\n")
        run = self.check(train, "--against", test)
        self.assertIn("D036", run.stdout)
        self.assertIn("train.csv:2", run.stdout)
        self.assertIn("test.csv:2", run.stdout)
        self.assertEqual(run.returncode, 1)

    def test_refuses_another_file_that_cannot_be_read(self):
        train = self.write("train.csv", "question,answer\nWho?,Me.\n")
        run = self.check(train, "--against", str(self.folder / "none.csv"))
        self.assertEqual(run.returncode, 2)
        self.assertIn("none.csv", run.stderr)

    def test_names_training_rows_that_are_younger_than_the_test(self):
        rows = "a?,x,2024-06-14,train\nb?,y,2024-06-02,test\nc?,z,2024-06-01,train\n"
        run = self.check(self.write("t.csv", HEADER + rows), "--time-column", "seen")
        self.assertIn("1 of 2 training rows are younger than", run.stdout)

    def test_writes_a_page_that_needs_nothing_else_and_runs_nothing(self):
        rows = [f"question {i},answer {i} <script>alert({i})</script>,2024-01-01,train" for i in range(12)]
        rows += ["question 3,an<b>other</b>,2024-01-01,train", "quest\u200bion 99,x,2024-01-01,train"]
        table = self.write("t.csv", HEADER + "\n".join(rows) + "\n")
        schema = self.write("s.json", '{"type": "object"}')
        page = self.folder / "page.html"
        self.check(table, "--html", str(page), "--contract", schema, "--fix")
        html = page.read_text(encoding="utf-8")
        self.assertNotIn("<script", html)
        self.assertNotIn("<b>other", html)
        self.assertEqual(re.findall(r'(?:src|href)="[^"]*"|url\(|https?://', html), [])
        for part in ("<svg", "Answers that break the contract", "different answers", "What --fix changed"):
            self.assertIn(part, html)
        self.assertIn("<ins>", html)
        self.assertIn("[U+200B]", html)


if __name__ == "__main__":
    unittest.main()
