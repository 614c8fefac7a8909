"""`attune eval` as a user runs it: suites over a tiny base and its adapter, runs that are stopped, compared and verified."""

from __future__ import annotations

import json
import signal
import subprocess
import time
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path

from tiny_base import ATTUNE, TinyBaseCase, run


class EvalTest(TinyBaseCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.tune("--shots", 1)

    def options(self, out: str, *more: object) -> list[object]:
        tuned = self.at / "tuned"
        return ["eval", "run", "--data", tuned / "test.jsonl", "--contract", self.at / "schema.json", "--models",
                f"{self.at / 'base'},{tuned / 'adapter'}", "--max-answer-tokens", 24, "--out", self.at / out, *more]

    def suite(self, name: str, text: str) -> Path:
        path = self.at / name
        path.write_text(text, encoding="utf-8")
        return path

    def report(self, out: str) -> dict:
        return json.loads((self.at / out / "report.json").read_text(encoding="utf-8"))

    def test_a_run_leaves_evidence_that_verifies(self) -> None:
        done = run(*self.options("run", "--examples", self.at / "tuned" / "train.jsonl", "--shots", 1, "--timed-items", 6))
        self.assertIn(done.returncode, (0, 3), done.stderr)
        self.assertIn("items can show a difference of", done.stdout)
        report = self.report("run")
        self.assertEqual([arm["arm"] for arm in report["arms"]], ["zero_shot", "few_shot", "few_shot_random", "tuned"])
        tuned = report["arms"][3]
        self.assertEqual(tuned["latency_ms"]["n"], 6)
        self.assertEqual(tuned["first_token_ms"]["n"], 6)
        self.assertEqual(tuned["adapter_overhead"]["n"], 6)
        self.assertIsNone(report["arms"][0]["adapter_overhead"])
        lines = (self.at / "run" / "results.jsonl").read_text(encoding="utf-8").splitlines()
        self.assertEqual(len(lines), report["items"])
        cases = xml.parse(self.at / "run" / "junit.xml").getroot().findall(".//testcase")
        self.assertEqual(len(cases), report["items"])
        self.assertIn("| arm |", (self.at / "run" / "report.md").read_text(encoding="utf-8"))
        verified = run("eval", "verify", self.at / "run")
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)

    def test_verify_finds_an_answer_that_was_changed(self) -> None:
        run(*self.options("changed"))
        results = self.at / "changed" / "results.jsonl"
        lines = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
        wanted = lines[0]["reference"]
        lines[0]["answers"]["tuned"]["text"] = "no" if lines[0]["answers"]["tuned"]["text"] == wanted else wanted
        results.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        verified = run("eval", "verify", self.at / "changed")
        self.assertEqual(verified.returncode, 1, verified.stdout)
        self.assertIn("NOT what the answers give", verified.stdout)

    def test_a_killed_run_asks_only_what_is_missing(self) -> None:
        arguments = [ATTUNE, *map(str, self.options("killed", "--timed-items", 0, "--consistency", 9))]
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
        answers = self.at / "killed" / "answers.jsonl"
        until = time.monotonic() + 60
        while time.monotonic() < until and not (answers.exists() and answers.stat().st_size > 0) and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        before = answers.read_text(encoding="utf-8").count("\n")
        self.assertGreater(before, 0)
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False)
        self.assertIn(done.returncode, (0, 3), done.stderr)
        keys = [json.loads(line)["key"] for line in answers.read_text(encoding="utf-8").splitlines()]
        self.assertEqual(len(keys), len(set(keys)))
        again = subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(len(answers.read_text(encoding="utf-8").splitlines()), len(keys), again.stderr)

    def test_consistency_has_its_parts_and_verifies(self) -> None:
        done = run(*self.options("consistent", "--consistency", 5, "--timed-items", 0))
        self.assertIn(done.returncode, (0, 3), done.stderr)
        for arm in self.report("consistent")["arms"]:
            self.assertEqual(arm["consistency"]["items"], 5)
            self.assertEqual(set(arm["consistency"]["parts"]), {"samples", "paraphrases", "reliability", "style", "drift"})
        self.assertEqual(run("eval", "verify", self.at / "consistent").returncode, 0)

    def test_a_run_held_against_itself_is_the_same(self) -> None:
        run(*self.options("one", "--timed-items", 0))
        done = run("eval", "compare", self.at / "one", self.at / "one", "--json")
        compared = json.loads(done.stdout)
        self.assertEqual(compared["changes"]["domain accuracy"]["difference"], 0)
        self.assertEqual(compared["changes"]["domain accuracy"]["change"], "too few items to tell")
        self.assertEqual(compared["exit_code"], done.returncode)
        worse = run("eval", "compare", self.at / "one", self.at / "one", "--arm", "nobody")
        self.assertEqual(worse.returncode, 2)
        self.assertIn("no arm named nobody; wanted one of zero_shot, tuned", worse.stderr)

    def test_a_suite_of_tests_with_assertions(self) -> None:
        path = self.suite("tests.yaml", f"""
defaultTest: {{assert: [{{type: not-contains, value: sorry}}]}}
tests:
  - vars: {{text: a loud cat}}
    assert: [{{type: word-count, value: {{min: 0}}, weight: 2}}]
  - vars: {{text: a quiet dog}}
    assert: [{{type: equals, value: "never this"}}]
arms: [{{name: a, model: {self.at / 'base'}, prompt: "Say {{{{text}}}}"}}]
require: {{exact_match: 0.9}}
max_tokens: 8
timed_items: 0
""")
        done = run("eval", "run", path, "--out", self.at / "tests")
        self.assertEqual(done.returncode, 1, done.stderr)  # the second test cannot pass: the bar is missed
        report = self.report("tests")
        self.assertEqual(report["metric"], "assertions")
        self.assertEqual(report["arms"][0]["domain_accuracy"]["value"], 0.75)
        self.assertEqual(run("eval", "verify", self.at / "tests").returncode, 0)

    def test_shots_are_chosen_on_validation_rows(self) -> None:
        tuned = self.at / "tuned"
        path = self.suite("shots.yaml", f"""
data: {tuned / 'test.jsonl'}
examples: {tuned / 'train.jsonl'}
validation: {tuned / 'validation.jsonl'}
contract: {self.at / 'schema.json'}
arms: [{{name: few, model: {self.at / 'base'}, shots: [0, 2], pick: random}}]
max_tokens: 24
timed_items: 0
""")
        done = run("eval", "run", path, "--out", self.at / "shots")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("few with 0 examples on", done.stdout)
        self.assertIn("few with 2 examples on", done.stdout)
        suite = json.loads((self.at / "shots" / "run.json").read_text(encoding="utf-8"))["suite"]
        self.assertEqual(len(suite["arms"][0]["shots"]), 1)

    def test_failures_are_explained_with_the_rows_to_write_next(self) -> None:
        run(*self.options("why", "--timed-items", 0))
        done = run("eval", "explain", self.at / "why", "--examples", self.at / "tuned" / "train.jsonl", "--rows", 7, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        why = json.loads(done.stdout)
        self.assertEqual(why["items"], self.report("why")["items"])
        if why["next_rows"]:
            self.assertEqual(sum(rows["count"] for rows in why["next_rows"]), 7)
            lines = (self.at / "why" / "next_rows.jsonl").read_text(encoding="utf-8").splitlines()
            self.assertEqual(len(lines), 7)
            self.assertIn("___", lines[0])

    def test_bad_suites_say_what_is_wanted(self) -> None:
        cases = {
            "arms: []": "no items; wanted data: FILE",
            "data: x.jsonl": "no arms",
            "tests: [{vars: {a: 1}, assert: [{type: llm-rubric, value: good}]}]\narms: [{name: a, model: m, prompt: x}]":
                "not evaluated here",
            "data: [1": "bad.yaml:",
            "dataa: x": 'the key "dataa"; wanted one of',
        }
        for text, wanted in cases.items():
            done = run("eval", "run", self.suite("bad.yaml", text), "--out", self.at / "bad")
            self.assertEqual(done.returncode, 2, text)
            self.assertIn(wanted, done.stderr)
        self.assertFalse((self.at / "bad" / "report.json").exists())

    def test_the_learning_curve_goes_on_where_it_was(self) -> None:
        command = ["eval", "curve", self.at / "rows.csv", "--model", self.at / "base", "--contract", self.at / "schema.json",
                   "--map", "user=text,assistant=answer", "--out", self.at / "curve", "--rank", 4, "--epochs", 1,
                   "--sizes", "0,4,8,16", "--max-answer-tokens", 24, "--equal", "both", "--max-items", 12]
        done = run(*command)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("7 of 7: 16 examples", done.stdout)
        curve = json.loads((self.at / "curve" / "curve.json").read_text(encoding="utf-8"))
        self.assertEqual([rule["rule"] for rule in curve["curves"]], ["epochs", "steps"])
        for rule in curve["curves"]:
            self.assertEqual([size["examples"] for size in rule["sizes"]], [0, 4, 8, 16])
        self.assertIn("<svg", (self.at / "curve" / "curve.html").read_text(encoding="utf-8"))
        runs = (self.at / "curve" / "curve.jsonl").read_text(encoding="utf-8")
        again = run(*command)
        self.assertNotIn("of 7:", again.stdout)
        self.assertEqual((self.at / "curve" / "curve.jsonl").read_text(encoding="utf-8"), runs)
        other = run(*command, "--epochs", 2)
        self.assertEqual(other.returncode, 2)


if __name__ == "__main__":
    unittest.main()
