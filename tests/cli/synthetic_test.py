"""`attune data generate` and `attune data from-openai` as a user runs them, against a provider in memory."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from fake_provider import Provider, Server

ATTUNE = os.environ.get("ATTUNE_BINARY", "attune")
SCHEMA = {"type": "object", "properties": {"animal": {"enum": ["cat", "dog"]}}, "required": ["animal"],
          "additionalProperties": False}
SEEDS = [("It purrs on the windowsill all day.", "cat"), ("It barks at the postman.", "dog"),
         ("It chases its own tail in the yard.", "dog"), ("It climbs the curtains at night.", "cat"),
         ("It fetches the stick again and again.", "dog")]
PLACES = ["garden", "kitchen", "attic", "harbour", "library", "station", "meadow", "bakery"]
DEEDS = ["sleeps under the", "runs around the", "hides behind the", "sings beside the", "waits before the"]


class Writer(Provider):
    """Writes a new example each time, each third one useless, and each in the time of `seconds`."""

    def __init__(self) -> None:
        super().__init__()
        self.prompts: list[str] = []
        self.seconds = 0.0
        self.only: str | None = None

    def answer_chat(self, body: dict) -> dict:
        number = len(self.prompts)
        self.prompts.append(body["messages"][-1]["content"])
        time.sleep(self.seconds)
        place, deed = PLACES[number % 8], DEEDS[number // 8 % 5]
        answer = {"animal": ["whale", "cat", "dog"][number % 3]}
        text = self.only or (f"<question>\nNumber {number * 7919} {deed} {place}.\n</question>\n<answer>\n"
                             f"{json.dumps(answer)}\n</answer>")
        return {"object": "chat.completion", "choices": [{"index": 0, "finish_reason": "stop",
                "message": {"role": "assistant", "content": text}}],
                "usage": {"prompt_tokens": 200, "completion_tokens": 20}}


class SyntheticTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.at = Path(folder.name)
        self.writer = Writer()
        self.server = Server(self.writer)
        self.addCleanup(self.server.stop)
        hidden = ("OPENAI_", "ATTUNE_", "AZURE_", "TOGETHER_", "FIREWORKS_", "NEBIUS_")
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(hidden)}
        self.environment["ARCHIVE_KEY"] = "sk-test-secret"
        (self.at / "schema.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
        rows = [json.dumps({"question": q, "answer": json.dumps({"animal": a}, separators=(",", ":"))}) for q, a in SEEDS]
        (self.at / "seeds.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")

    def command(self, *arguments: object) -> list[str]:
        return [ATTUNE, "data", *map(str, arguments)]

    def generate(self, count: int, *more: object) -> list[str]:
        return self.command("generate", self.at / "seeds.jsonl", "--endpoint", self.server.url, "--model", "big",
                            "--contract", self.at / "schema.json", "--count", count, "--out", self.at / "more", *more)

    def run_attune(self, command: list[str], code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=self.environment)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def test_new_rows_are_sifted_written_and_known_as_synthetic(self) -> None:
        told = self.run_attune(self.generate(6, "--seed", 3)).stdout
        self.assertIn("6 of 6 rows kept", told)
        self.assertRegex(told, r"left out: \d+ contract\n")
        self.assertRegex(told, r"tokens: \d+ of prompts, \d+ of replies")
        self.assertIn("6 of 11 rows (54.5 %)", told)
        self.assertIn('"animal": one of "cat", "dog"', self.writer.prompts[0])
        log = [json.loads(line) for line in (self.at / "more" / "replies.jsonl").read_text().splitlines()[1:]]
        self.assertEqual(len(log), len(self.writer.prompts))
        self.assertTrue(all("whale" in entry["reply"] for entry in log if entry["verdict"] == "contract"))
        checked = self.run_attune(self.command("check", self.at / "more" / "with_seeds.jsonl"))
        self.assertIn("6 of 11 rows (54.5 %) were written by a model", checked.stdout)
        self.run_attune(self.command("prepare", self.at / "more" / "with_seeds.jsonl", "--out", self.at / "prepared"))
        report = json.loads((self.at / "prepared" / "data_report.json").read_text())
        self.assertEqual(report["synthetic"], 6)
        self.run_attune(self.command("split", self.at / "prepared" / "data.jsonl", "--out", self.at / "split"))
        train = json.loads(self.run_attune(self.command("check", self.at / "split" / "data.jsonl", "--json")).stdout)
        self.assertEqual(train["synthetic"], 6)
        other = self.at / "elsewhere.jsonl"
        other.write_bytes((self.at / "more" / "generated.jsonl").read_bytes())
        marks = self.at / "more" / "synthetic.json"
        # Too few rows to train on, and the marks lie elsewhere.
        told = self.run_attune(self.command("check", other, "--synthetic", marks, "--json"), code=1).stdout
        self.assertEqual(json.loads(told)["synthetic"], 6)

    def test_a_killed_run_is_gone_on_with_and_asks_nothing_twice(self) -> None:
        self.writer.seconds = 0.05
        command = self.generate(12, "--parallel", 1)
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.environment)
        log = self.at / "more" / "replies.jsonl"
        end = time.monotonic() + 60
        while time.monotonic() < end and not (log.exists() and log.read_bytes().count(b"\n") >= 6):
            time.sleep(0.01)
        process.kill()
        process.wait()
        known = log.read_bytes().count(b"\n") - 1
        self.assertGreaterEqual(known, 5)
        with log.open("ab") as half:
            half.write(b'{"request":99,"verdict":"ke')
        self.writer.seconds = 0
        told = self.run_attune(command).stdout
        self.assertIn(f"going on behind {known} requests", told)
        entries = [json.loads(line) for line in log.read_text().splitlines()[1:]]
        self.assertEqual([entry["request"] for entry in entries], list(range(len(entries))))
        rows = (self.at / "more" / "generated.jsonl").read_text().splitlines()
        self.assertEqual(len(set(rows)), 12)
        before = len(self.writer.prompts)
        self.run_attune(command)
        self.assertEqual(len(self.writer.prompts), before)

    def test_useless_replies_end_it_with_what_to_change(self) -> None:
        self.writer.only = "I am sorry, but I cannot do that."
        done = self.run_attune(self.generate(50), code=4)
        self.assertIn("0 of the last", done.stderr)
        self.assertIn("unreadable", done.stderr)
        self.assertLess(len(self.writer.prompts), 20)

    def test_requests_are_bounded(self) -> None:
        done = self.run_attune(self.generate(50, "--max-requests", 6), code=1)
        self.assertEqual(len(self.writer.prompts), 6)
        self.assertIn("of 50 rows kept from 6 requests", done.stdout)

    def test_what_cannot_be_begun_is_said(self) -> None:
        seeds = self.at / "seeds.jsonl"
        more = ("--count", 1, "--out", self.at / "more")
        for options, words in (((), "no model to write the examples"),
                               (("--model", "big", "--base", self.at), "both a model of an endpoint"),
                               (("--base", self.at / "nowhere"), "nowhere")):
            self.assertIn(words, self.run_attune(self.command("generate", seeds, *options, *more), code=2).stderr)
        self.server.stop()
        done = self.run_attune(self.generate(1), code=4)
        self.assertIn("nothing answers", done.stderr)
        self.server.start()

    def test_an_account_is_fetched_and_prepared(self) -> None:
        rows = "".join(json.dumps({"messages": [{"role": "user", "content": f"question {i}"},
                                                {"role": "assistant", "content": "yes"}]}) + "\n" for i in range(12))
        self.writer.files["file-1"] = ("train.jsonl", rows.encode())
        for file in ("file-1", "file-deleted"):
            self.writer.create_job({"model": "tiny", "training_file": file})
        for job in self.writer.jobs:
            for _ in range(8):
                self.writer.advance(job)
        copy = self.command("from-openai", "--endpoint", self.server.url, "--api-key-env", "ARCHIVE_KEY", "--out",
                            self.at / "archive")
        told = self.run_attune(copy).stdout
        self.assertIn("file file-deleted: HTTP 404", told)
        self.assertEqual(self.writer.keys, {"Bearer sk-test-secret"})
        self.assertEqual((self.at / "archive/files/file-1.jsonl").read_text(), rows)
        self.assertEqual((self.at / "archive/results/file-result.csv").read_text(), "step,train_loss\n1,3.0\n2,1.5\n")
        events = (self.at / "archive/jobs/ftjob-1.events.jsonl").read_text().splitlines()
        self.assertEqual([json.loads(event) for event in events], self.writer.events["ftjob-1"])
        index = json.loads((self.at / "archive/index.json").read_text())
        states = {(item["kind"], item["id"]): item["state"] for item in index["items"]}
        self.assertEqual(states["file", "file-1"], "stored")
        self.assertEqual(states["file", "file-deleted"], "not_available")
        before = len(self.writer.requests)
        again = json.loads(self.run_attune([*copy, "--json"]).stdout)
        self.assertEqual((again["fetched"], len(self.writer.requests) - before), (0, 3))  # two lists, the deleted file
        told = self.run_attune(self.command("prepare", self.at / "archive/files/file-1.jsonl", "--out", self.at / "p"))
        self.assertIn("12 rows read", told.stdout)
        missing = self.run_attune([*copy[:-3], "NO_SUCH_KEY", *copy[-2:]], code=2)
        self.assertIn("no variable NO_SUCH_KEY", missing.stderr)


if __name__ == "__main__":
    unittest.main()
