"""`attune eval run` with a judge, checkpoints as arms, a budget, and general items, as a user runs it."""

from __future__ import annotations

import json
import re
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tiny_base import TinyBaseCase, run


class Judge:
    """An endpoint whose model passes answers with the right animal, prefers the longer, and counts what it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.mood = "fair"
        judge = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_POST(self) -> None:  # noqa: N802
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                judge.asked += 1
                text = judge.reply(body["messages"][-1]["content"])
                data = json.dumps({"object": "chat.completion", "choices": [{"index": 0, "finish_reason": "stop", "message": {
                    "role": "assistant", "content": text}}], "usage": {"prompt_tokens": 50, "completion_tokens": 5}}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reply(self, asked: str) -> str:
        if self.mood == "vague":
            return "It is hard to say."
        if "# Answer A" in asked:
            first, second = asked.split("# Answer A\n")[1].split("# Answer B\n")
            if self.mood == "first":
                return "BETTER: A"
            return "BETTER: " + ("TIE" if first.strip() == second.strip() else "A" if len(first.strip()) > len(second.strip()) else "B")
        answer = asked.split("# Answer\n")[1]
        animal = re.search(r"a (?:loud|quiet) (\w+)", asked)
        return "Looked at it.\nVERDICT: " + ("PASS" if animal and animal.group(1) in answer else "FAIL")


class JudgeTest(TinyBaseCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.tune("--shots", 0, "--checkpoint-every", 2, "--checkpoints-kept", 3)
        cls.judge = Judge()
        cls.addClassCleanup(cls.judge.server.server_close)
        cls.addClassCleanup(cls.judge.server.shutdown)

    def setUp(self) -> None:
        self.judge.mood = "fair"

    def suite(self, name: str, more: str, tuned: str = "") -> Path:
        path = self.at / name
        path.write_text(f"""
data: tuned/test.jsonl
contract: schema.json
max_tokens: 24
timed_items: 0
arms:
  - {{name: zero_shot, model: base}}
  - {{name: tuned, model: tuned/adapter, instructed: false{tuned}}}
{more}
""", encoding="utf-8")
        return path

    def judge_key(self, more: str = "") -> str:
        return f'judge: {{model: jury, endpoint: "{self.judge.url}", rubric: the animal is right{more}}}'

    def labels(self, name: str, count: int) -> Path:
        rows = []
        for i in range(count):
            animal, said = ("cat", "dog")[i % 2], ("cat", "dog")[(i // 2) % 2]
            rows.append({"id": f"label {i}", "input": f"number {i} is a quiet {animal}", "output": f"it says {said}",
                         "label": "pass" if (animal == said) != (i % 9 == 0) else "fail"})
        path = self.at / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    def report(self, out: str) -> dict:
        return json.loads((self.at / out / "report.json").read_text(encoding="utf-8"))

    def test_a_judge_without_labels_is_uncalibrated_cached_and_verified(self) -> None:
        suite = self.suite("plain.yaml", self.judge_key())
        done = run("eval", "run", suite, "--out", self.at / "plain")
        self.assertIn(done.returncode, (0, 3), done.stderr)
        self.assertIn("Uncalibrated, so these figures decide nothing: no labels by people", done.stdout)
        judge = self.report("plain")["judge"]
        self.assertFalse(judge["calibrated"])
        self.assertEqual([arm["arm"] for arm in judge["arms"]], ["zero_shot", "tuned"])
        self.assertIn("Judged by jury", (self.at / "plain" / "report.md").read_text(encoding="utf-8"))
        self.assertIn("Judged by jury", (self.at / "plain" / "report.html").read_text(encoding="utf-8"))
        asked = self.judge.asked
        again = run("eval", "run", suite, "--out", self.at / "plain")
        self.assertIn(again.returncode, (0, 3), again.stderr)
        self.assertEqual(self.judge.asked, asked)
        verified = run("eval", "verify", self.at / "plain")
        self.assertEqual(verified.returncode, 0, verified.stdout)
        results = self.at / "plain" / "results.jsonl"
        text = results.read_text(encoding="utf-8")
        self.assertIn("VERDICT: FAIL", text)
        results.write_text(text.replace("VERDICT: FAIL", "VERDICT: PASS"), encoding="utf-8")
        self.assertEqual(run("eval", "verify", self.at / "plain").returncode, 1)

    def test_labels_correct_the_figure_and_let_it_decide_a_bar(self) -> None:
        labels = self.labels("labels.jsonl", 60)
        suite = self.suite("labelled.yaml", self.judge_key(f", labels: {labels.name}") + "\nrequire: {judge: 0.999}")
        done = run("eval", "run", suite, "--out", self.at / "labelled")
        self.assertIn(done.returncode, (1, 3), done.stdout + done.stderr)
        report = self.report("labelled")
        calibration = report["judge"]["calibration"]
        self.assertEqual(calibration["labels"], 60)
        self.assertTrue(0.5 < calibration["kappa"]["value"] < 1)
        self.assertIsNotNone(report["judge"]["arms"][1]["corrected"])
        self.assertEqual(report["verdict"]["gates"][-1]["name"], "judged")
        self.assertEqual(run("eval", "verify", self.at / "labelled").returncode, 0)

    def test_a_bar_for_a_judge_without_labels_is_refused(self) -> None:
        done = run("eval", "run", self.suite("bar.yaml", self.judge_key() + "\nrequire: {judge: 0.8}"), "--out", self.at / "bar")
        self.assertEqual(done.returncode, 2)
        self.assertIn("without labels by people a judge decides nothing", done.stderr)

    def test_a_judge_that_prefers_a_place_wins_nothing(self) -> None:
        self.judge.mood = "first"
        done = run("eval", "run", self.suite("pairs.yaml", self.judge_key(", mode: pairwise")), "--out", self.at / "pairs")
        self.assertIn(done.returncode, (0, 3), done.stderr)
        arm = self.report("pairs")["judge"]["arms"][0]
        self.assertEqual((arm["wins"], arm["losses"], arm["ties"]), (0, 0, arm["n"]))
        self.assertEqual(arm["replies"]["order_flips"], arm["n"])

    def test_replies_without_a_verdict_are_counted_and_never_guessed(self) -> None:
        self.judge.mood = "vague"
        done = run("eval", "run", self.suite("vague.yaml", self.judge_key(", repeats: 2")), "--out", self.at / "vague")
        self.assertIn(done.returncode, (0, 3), done.stderr)
        for arm in self.report("vague")["judge"]["arms"]:
            self.assertEqual(arm["n"], 0)
            self.assertEqual(arm["replies"]["unreadable"], arm["replies"]["asked"])

    def test_rubrics_of_tests_are_judged_and_decide_nothing_without_labels(self) -> None:
        path = self.at / "rubric.yaml"
        path.write_text(f"""
judge: {{model: jury, endpoint: "{self.judge.url}"}}
max_tokens: 24
timed_items: 0
tests:
  - vars: {{text: number 1 is a quiet cat}}
    assert: [{{type: llm-rubric, value: the animal is right}}]
arms: [{{name: a, model: base, prompt: "{{{{text}}}}"}}]
""", encoding="utf-8")
        done = run("eval", "run", path, "--out", self.at / "rubric")
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.assertIn("a judge that is not calibrated", done.stdout)
        self.assertEqual(run("eval", "verify", self.at / "rubric").returncode, 0)

    def test_each_checkpoint_is_an_arm_with_its_step(self) -> None:
        steps = sorted(int(folder.name.split("-")[1]) for folder in (self.at / "tuned" / "training" / "checkpoints").iterdir())
        self.assertEqual(len(steps), 3)
        done = run("eval", "run", self.suite("steps.yaml", "", ", checkpoints: all"), "--out", self.at / "steps")
        self.assertIn(done.returncode, (0, 1, 3), done.stderr)
        report = self.report("steps")
        self.assertEqual([one["step"] for one in report["steps"]], steps)
        self.assertEqual(report["steps"][0]["arm"], f"tuned step {steps[0]}")
        self.assertIn("Score by step", (self.at / "steps" / "report.html").read_text(encoding="utf-8"))
        answers = self.at / "steps" / "answers.jsonl"
        count = len(answers.read_text(encoding="utf-8").splitlines())
        run("eval", "run", self.suite("steps.yaml", "", ", checkpoints: all"), "--out", self.at / "steps")
        self.assertEqual(len(answers.read_text(encoding="utf-8").splitlines()), count)
        alone = run("eval", "run", "--checkpoints", self.at / "tuned", "--data", self.at / "tuned" / "test.jsonl", "--out",
                    self.at / "alone", "--max-answer-tokens", 24, "--timed-items", 0)
        self.assertIn(alone.returncode, (0, 1, 3), alone.stderr)
        self.assertEqual(len(self.report("alone")["arms"]), 3)
        missing = run("eval", "run", self.suite("nine.yaml", "", ", checkpoints: [9999]"), "--out", self.at / "nine")
        self.assertEqual(missing.returncode, 2)
        self.assertIn("no checkpoint of step 9999", missing.stderr)

    def test_the_last_checkpoint_answers_as_the_adapter_that_was_saved_from_it(self) -> None:
        done = run("eval", "run", self.suite("same.yaml", "", ", checkpoints: all"), "--out", self.at / "same")
        self.assertIn(done.returncode, (0, 1, 3), done.stderr)
        rows = [json.loads(line)["answers"] for line in (self.at / "same" / "results.jsonl").read_text(encoding="utf-8").splitlines()]
        steps = [name for name in rows[0] if name.startswith("tuned step")]
        self.assertTrue(any(all(row[name]["text"] == row["tuned"]["text"] for row in rows) for name in steps))

    def test_a_spent_budget_stops_keeps_and_goes_on(self) -> None:
        suite = self.suite("budget.yaml", "budget: {tokens: 700}")
        codes = []
        for _ in range(40):
            done = run("eval", "run", suite, "--out", self.at / "budget")
            codes.append(done.returncode)
            if done.returncode != 5:
                break
            self.assertIn("Stopped by the budget", done.stdout)
            self.assertIn(f"the same command, with --out {self.at / 'budget'}", done.stdout)
        self.assertEqual(codes[0], 5)
        self.assertIn(codes[-1], (0, 1, 3))
        self.assertTrue((self.at / "budget" / "report.json").exists())
        free = run("eval", "run", self.suite("money.yaml", "budget: {dollars: 1}"), "--out", self.at / "money")
        self.assertEqual(free.returncode, 2)
        self.assertIn("no price in arm zero_shot", free.stderr)

    def test_general_items_say_what_was_forgotten(self) -> None:
        general = self.at / "general.jsonl"
        general.write_text("".join(json.dumps({"messages": [{"role": "user", "content": f"say {i}"}, {
            "role": "assistant", "content": f"number {i}"}]}) + "\n" for i in range(12)), encoding="utf-8")
        done = run("eval", "run", self.suite("forget.yaml", "general: general.jsonl"), "--out", self.at / "forget")
        self.assertIn(done.returncode, (0, 1, 3), done.stderr)
        forgetting = self.report("forget")["forgetting"]
        self.assertEqual(forgetting["items"], 12)
        self.assertIn("low", forgetting["domain_accuracy"]["forgetting"])
        self.assertIn("Forgetting", done.stdout)
        self.assertEqual(run("eval", "verify", self.at / "forget").returncode, 0)


if __name__ == "__main__":
    unittest.main()
