"""The whole way: `attune serve` trains and answers, `attune tune --endpoint` and `attune jobs` drive it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from tiny_base import ATTUNE, SCHEMA, make_base, write_rows


HAS_SERVER = b"--port" in subprocess.run([ATTUNE, "serve", "--help"], capture_output=True, check=False).stdout


@unittest.skipUnless(HAS_SERVER, "this build has no server")
class ServeRemoteTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.at = Path(folder.name)
        hidden = ("OPENAI_", "ATTUNE_HOME")
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(hidden)}
        self.environment["ATTUNE_HOME"] = str(self.at / "home")
        (self.at / "schema.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
        write_rows(self.at / "rows.csv", 90)
        make_base(self.at, (self.at / "rows.csv").read_text(encoding="utf-8"))
        self.server = subprocess.Popen([ATTUNE, "serve", "--port", "0", "--model", f"tiny={self.at / 'base'}", "--log",
                                        "none"], stdout=subprocess.PIPE, text=True, env=self.environment)
        self.addCleanup(self.stop_server)
        for line in self.server.stdout:
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                self.environment["OPENAI_BASE_URL"] = found.group() + "/v1"
                return
        self.fail("attune serve ended without an address")

    def stop_server(self) -> None:
        self.server.terminate()
        self.server.wait(timeout=60)
        self.server.stdout.close()

    def run_attune(self, *arguments: object, codes: tuple[int, ...] = (0,)) -> str:
        done = subprocess.run([ATTUNE, *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False,
                              env=self.environment)
        self.assertIn(done.returncode, codes, done.stdout + done.stderr)
        return done.stdout

    def test_tune_with_the_training_at_our_own_server(self) -> None:
        text = self.run_attune("tune", self.at / "rows.csv", "--endpoint", self.environment["OPENAI_BASE_URL"], "--model",
                               "tiny", "--contract", self.at / "schema.json", "--map", "user=text,assistant=answer",
                               "--out", self.at / "out", "--epochs", 2, "--rank", 4, "--max-answer-tokens", 24, "--shots", 2,
                               "--suffix", "demo", codes=(0, 3))
        for part in ("Fine-tuning job started", "status: succeeded", "Verdict"):
            self.assertIn(part, text)
        report = json.loads((self.at / "out" / "report.json").read_text(encoding="utf-8"))
        self.assertEqual([arm["arm"] for arm in report["arms"]], ["zero_shot", "few_shot", "tuned"])
        self.assertGreater(len(report["training"]["curve"]["loss"]), 1)
        tuned, job = report["model"]["tuned"], report["model"]["job"]
        self.assertRegex(tuned, r"^ft:tiny:[^:]*:demo:\w{8}$")
        self.assertIn(tuned, self.run_attune("models", "list"))
        self.assertIn(job, self.run_attune("jobs", "list"))
        told = self.run_attune("jobs", "watch", job)
        for event in ("Created fine-tuning job", "Fine-tuning job started", "The job has successfully completed"):
            self.assertEqual(told.count(event), 1, event)
        self.assertTrue(self.run_attune("jobs", "result", job).startswith("step,"))
        checkpoints = json.loads(self.run_attune("jobs", "checkpoints", job, "--json"))
        self.assertEqual(len(checkpoints["data"]), 2)
        self.assertIn("The job has successfully completed", self.run_attune("jobs", "events", job, "--limit", 3))
        self.fetch_the_account(job)
        self.ask_for_examples()

    def fetch_the_account(self, job: str) -> None:
        archive = self.at / "archive"
        copy = ("data", "from-openai", "--out", archive, "--json")
        told = json.loads(self.run_attune(*copy))
        self.assertEqual((told["not_available"], told["failed"]), ([], []))
        stored = json.loads((archive / "jobs" / f"{job}.json").read_text(encoding="utf-8"))
        self.assertEqual(stored["status"], "succeeded")
        events = (archive / "jobs" / f"{job}.events.jsonl").read_text(encoding="utf-8").splitlines()
        self.assertIn("Created fine-tuning job", events[0])
        self.assertIn("successfully completed", events[-1])
        checkpoints = json.loads((archive / "jobs" / f"{job}.checkpoints.json").read_text(encoding="utf-8"))
        self.assertEqual(len(checkpoints["data"]), 2)
        for result in stored["result_files"]:
            self.assertTrue((archive / "results" / f"{result}.csv").read_text(encoding="utf-8").startswith("step,"))
        training = archive / "files" / f"{stored['training_file']}.jsonl"
        self.assertEqual(training.read_bytes(), (self.at / "out" / "train.jsonl").read_bytes())
        self.run_attune("data", "prepare", training, "--out", self.at / "again")
        self.assertEqual(json.loads(self.run_attune(*copy))["fetched"], 0)

    def ask_for_examples(self) -> None:
        """A model this small writes nothing that can be used: both ways say so, and keep what it said."""
        seeds = ("data", "generate", self.at / "again" / "data.jsonl", "--count", 2, "--max-tokens", 16)
        for name, who in (("remote", ("--model", "tiny")), ("local", ("--base", self.at / "base"))):
            self.run_attune(*seeds, *who, "--shots", 1, "--out", self.at / name, codes=(4,))
            log = (self.at / name / "replies.jsonl").read_text(encoding="utf-8").splitlines()
            self.assertGreaterEqual(len(log), 11)
            self.assertGreater(json.loads(log[1])["prompt_tokens"], 0)


if __name__ == "__main__":
    unittest.main()
