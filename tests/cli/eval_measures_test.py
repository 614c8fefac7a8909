"""`attune eval` with measures that take more than a reference: labels in groups, tool calls, claims, instructions, and OpenAI evals."""

from __future__ import annotations

import json
import unittest
from pathlib import Path

from tiny_base import TinyBaseCase, run

FUNCTIONS = [{"name": "play", "parameters": {"type": "dict", "required": ["artist"], "properties": {"artist": {"type": "string"}}}}]


class EvalMeasuresTest(TinyBaseCase):
    ROWS = 60

    def write(self, name: str, rows: list[dict]) -> Path:
        path = self.at / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    def suite(self, name: str, rows: list[dict], keys: str) -> Path:
        self.write(f"{name}.jsonl", rows)
        path = self.at / f"{name}.yaml"
        path.write_text(f"data: {name}.jsonl\n{keys}\nmax_tokens: 8\ntimed_items: 0\narms:\n"
                        f"  - {{name: one, model: base}}\n  - {{name: two, model: base, system: Be brief.}}\n", encoding="utf-8")
        return path

    def evaluate(self, name: str, path: Path, *more: object) -> dict:
        done = run("eval", "run", path, "--out", self.at / f"{name}-run", *more)
        self.assertIn(done.returncode, (0, 3), done.stdout + done.stderr)
        verified = run("eval", "verify", self.at / f"{name}-run")
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)
        self.shown = done.stdout
        return json.loads((self.at / f"{name}-run" / "report.json").read_text(encoding="utf-8"))

    @staticmethod
    def chat(question: str, answer: str, **columns: object) -> dict:
        return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}], **columns}

    def test_labels_have_macro_f1_and_groups_widen_the_intervals(self) -> None:
        rows = [self.chat(f"number {i} is a cat", "cat" if i % 2 else "dog", customer=f"c{i // 4}") for i in range(24)]
        report = self.evaluate("labels", self.suite("labels", rows, "metrics: [label, chrf]\ncluster: customer"))
        self.assertEqual(report["clusters"], {"field": "customer", "n": 6})
        self.assertIn("macro_f1", report["arms"][0]["measures"])
        self.assertIn("nrefs:1", report["arms"][0]["measures"]["chrf"]["signature"])
        self.assertIn("chrf", report["comparisons"][0]["measures"])
        self.assertIn("macro-F1", self.shown)
        self.assertIn("intervals draw the 6 groups of customer whole", self.shown)
        for page in ("report.md", "report.html"):
            self.assertIn("macro-F1", (self.at / "labels-run" / page).read_text(encoding="utf-8"))
        line = json.loads((self.at / "labels-run" / "results.jsonl").read_text(encoding="utf-8").splitlines()[0])
        self.assertEqual(line["cluster"], "c0")
        self.assertIn("chrf", line["answers"]["one"]["scores"]["measures"])

    def test_tool_calls_by_the_accepted_calls_of_the_row(self) -> None:
        rows = [self.chat("play it", '[{"name":"play","arguments":{"artist":"Adele"}}]',
                          metadata={"functions": FUNCTIONS, "truth": [{"play": {"artist": ["Adele"]}}]})] * 6
        report = self.evaluate("calls", self.suite("calls", rows, "metrics: [{tool_calls: {functions: functions, accepted: truth}}]"))
        self.assertEqual(report["metric"], "tool_calls")
        self.assertEqual(set(report["arms"][0]["fields"]), {"function", "arguments"})
        refused = run("eval", "run", self.suite("nocalls", rows, "metrics: [{tool_calls: {functions: functions, accepted: other}}]"),
                      "--out", self.at / "refused")
        self.assertEqual(refused.returncode, 2)
        self.assertIn('no field "other"', refused.stderr)

    def test_a_learning_curve_of_tool_calls_from_a_suite(self) -> None:
        rows = [self.chat(f"play {artist}", json.dumps([{"name": "play", "arguments": {"artist": artist}}]),
                          metadata={"functions": FUNCTIONS, "truth": [{"play": {"artist": [artist]}}]})
                for artist in (f"artist {i}" for i in range(30))]
        self.write("train.jsonl", rows[:20])
        path = self.suite("curve", rows[20:],
                          "examples: train.jsonl\nmetrics: [{tool_calls: {functions: functions, accepted: truth}}]")
        refused = run("eval", "curve", path, "--model", self.at / "base", "--format", "alpaca")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("--format beside a suite", refused.stderr)
        done = run("eval", "curve", path, "--model", self.at / "base", "--sizes", "0,5,10,20", "--epochs", 1, "--rank", 4, "--out",
                   self.at / "curve-out")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("20 rows to train on, 10 to answer", done.stdout)
        self.assertEqual((self.at / "curve-out" / "curve.jsonl").read_text(encoding="utf-8").count("\n"), 5)

    def test_instructions_need_no_reference_answer(self) -> None:
        rows = [{"prompt": f"Say {i}.", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]} for i in range(6)]
        report = self.evaluate("ifeval", self.suite("ifeval", rows, "map: user=prompt\nmetrics: [ifeval]"))
        self.assertIn("prompt_strict", report["arms"][0]["measures"])
        self.assertIn("punctuation:no_comma", report["arms"][0]["fields"])

    def test_the_answer_wanted_and_the_context_come_from_columns(self) -> None:
        rows = [{"question": f"how many {i}", "text": "The test took 45 minutes.", "best": "45 minutes"} for i in range(6)]
        keys = "map: user=question\nreference: best\nmetrics: [token_f1, {faithfulness: {context: text}}]"
        report = self.evaluate("columns", self.suite("columns", rows, keys))
        self.assertEqual(report["examples"][0]["reference"], "45 minutes")
        self.assertIn("abstained", report["arms"][0]["measures"])

    def test_verify_computes_the_verdict_again(self) -> None:
        rows = [self.chat(f"number {i} is a cat", "cat") for i in range(8)]
        self.evaluate("verdict", self.suite("verdict", rows, "metrics: [label]"))
        path = self.at / "verdict-run" / "report.json"
        report = json.loads(path.read_text(encoding="utf-8"))
        report["verdict"]["headline"] = "Fine-tune at once."
        path.write_text(json.dumps(report), encoding="utf-8")
        verified = run("eval", "verify", self.at / "verdict-run")
        self.assertEqual(verified.returncode, 1)
        self.assertIn("verdict/headline", verified.stdout)

    def openai_eval(self, **more: object) -> Path:
        path = self.at / "animals.json"
        path.write_text(json.dumps({
            "name": "animals", "data_source_config": {"type": "custom", "item_schema": {
                "type": "object", "required": ["animal"], "properties": {"animal": {"type": "string"}}}},
            "testing_criteria": [
                {"type": "string_check", "name": "right", "operation": "eq", "input": "{{sample.output_text}}",
                 "reference": "{{item.animal}}"},
                {"type": "text_similarity", "name": "close", "evaluation_metric": "fuzzy_match", "pass_threshold": 0.5,
                 "input": "{{sample.output_text}}", "reference": "{{item.animal}}"}], **more}), encoding="utf-8")
        return path

    def test_an_openai_eval_judges_answers_that_its_rows_bring(self) -> None:
        rows = self.write("given.jsonl", [{"item": {"animal": "cat"}, "sample": {"output_text": text}} for text in ("cat", "cats", "emu")])
        report = self.evaluate("given", self.openai_eval(), "--data", rows)
        arm = report["arms"][0]
        self.assertEqual(arm["arm"], "given")
        self.assertAlmostEqual(arm["measures"]["passed right"]["value"], 1 / 3)
        self.assertAlmostEqual(arm["measures"]["passed close"]["value"], 2 / 3)
        self.assertAlmostEqual(arm["domain_accuracy"]["value"], 0.5)

    def test_an_openai_eval_asks_the_models_it_is_given(self) -> None:
        source = {"type": "completions", "model": "elsewhere", "source": {"type": "file_content", "content": [{"item": {"animal": "cat"}}] * 6},
                  "sampling_params": {"temperature": 0, "max_completion_tokens": 6},
                  "input_messages": {"type": "template", "template": [{"role": "user", "content": "a loud {{item.animal}}"}]}}
        report = self.evaluate("asked", self.openai_eval(data_source=source), "--models", self.at / "base")
        self.assertEqual(report["metric"], "criteria")
        self.assertEqual(report["examples"][0]["input"], "a loud cat")
        bad = self.write("bad.jsonl", [{"item": {"bird": "emu"}}])
        refused = run("eval", "run", self.openai_eval(data_source=source), "--models", self.at / "base", "--data", bad, "--out", self.at / "bad")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("bad.jsonl:1", refused.stderr)


if __name__ == "__main__":
    unittest.main()
