"""`attune files|jobs|models` and `attune tune --endpoint` as a user runs them, against a provider in memory."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from fake_provider import Provider, Server

ATTUNE = os.environ.get("ATTUNE_BINARY", "attune")
SCHEMA = {
    "type": "object", "properties": {"animal": {"enum": ["cat", "dog"]}, "loud": {"type": "boolean"}},
    "required": ["animal", "loud"], "additionalProperties": False,
}


class RemoteTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.at = Path(folder.name)
        self.provider = Provider()
        self.server = Server(self.provider)
        self.addCleanup(lambda: self.server.stop())
        hidden = ("OPENAI_", "ATTUNE_", "AZURE_", "TOGETHER_", "FIREWORKS_", "NEBIUS_")
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(hidden)}
        self.environment |= {"OPENAI_BASE_URL": self.server.url, "OPENAI_API_KEY": "sk-test-secret",
                             "ATTUNE_HOME": str(self.at / "home")}

    def run_attune(self, *arguments: object, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        return subprocess.run([ATTUNE, *map(str, arguments)], capture_output=True, text=True, timeout=timeout,
                              check=False, env=self.environment)

    def good(self, *arguments: object) -> str:
        done = self.run_attune(*arguments)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def training_file(self) -> Path:
        rows = [{"messages": [{"role": "user", "content": f"question {i}"}, {"role": "assistant", "content": "yes"}]}
                for i in range(12)]
        path = self.at / "train.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    def test_files_from_upload_to_delete(self) -> None:
        path = self.training_file()
        file = json.loads(self.good("files", "upload", path, "--json"))
        self.assertEqual(file["filename"], "train.jsonl")
        self.assertIn("train.jsonl", self.good("files", "list"))
        self.assertIn(file["id"], self.good("files", "show", file["id"]))
        self.assertEqual(self.good("files", "content", file["id"]), path.read_text(encoding="utf-8"))
        self.good("files", "content", file["id"], "--out", self.at / "copy.jsonl")
        self.assertEqual((self.at / "copy.jsonl").read_bytes(), path.read_bytes())
        self.good("files", "delete", file["id"])
        gone = self.run_attune("files", "show", file["id"])
        self.assertEqual(gone.returncode, 2)
        self.assertIn("No such File object", gone.stderr)
        self.assertIn("req_test", gone.stderr)

    def test_a_job_is_created_watched_and_read(self) -> None:
        text = self.good("jobs", "create", "--model", "tiny", "--training-file", self.training_file(), "--epochs", 3,
                         "--metadata", "team=support", "--watch", "--poll", 0.1)
        for part in ("uploaded", "created ftjob-1", "Created fine-tuning job: ftjob-1", "Step 4/4: training loss=0.75",
                     "The job has successfully completed", "status: succeeded", "model: ft:tiny:org::abcd1234"):
            self.assertIn(part, text)
        self.assertEqual(text.count("Step 2/4"), 1)
        job = self.provider.jobs["ftjob-1"]
        self.assertEqual(job["method"], {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3}}})
        self.assertEqual(job["metadata"], {"team": "support"})
        self.assertIn("succeeded", self.good("jobs", "list"))
        self.assertIn("ft:tiny:org::abcd1234", self.good("jobs", "show", "ftjob-1"))
        self.assertEqual(self.good("jobs", "result", "ftjob-1"), "step,train_loss\n1,3.0\n2,1.5\n")
        rows = json.loads(self.good("jobs", "result", "ftjob-1", "--json"))["rows"]
        self.assertEqual(rows[1], {"step": 2, "train_loss": 1.5})
        events = self.good("jobs", "events", "ftjob-1", "--limit", 3).splitlines()
        self.assertIn("successfully completed", events[2])
        self.assertIn("older: --after", events[3])
        self.assertIn("ckpt-step-2", self.good("jobs", "checkpoints", "ftjob-1"))
        self.assertIn("tiny", self.good("models", "list"))
        self.assertEqual(self.provider.keys, {"Bearer sk-test-secret"})

    def test_cancel_pause_and_resume(self) -> None:
        self.provider.create_job({"model": "tiny", "training_file": "file-1"})
        for action, status in (("pause", "paused"), ("resume", "queued"), ("cancel", "cancelled")):
            self.assertIn(f"ftjob-1 is {status}", self.good("jobs", action, "ftjob-1"))

    def test_a_failed_job_ends_the_watch_with_its_reason(self) -> None:
        self.provider.fail_job = {"code": "invalid_n_examples", "param": "training_file",
                                  "message": "Training file has 7 example(s), but must have at least 10 examples"}
        self.provider.create_job({"model": "tiny", "training_file": "file-1"})
        done = self.run_attune("jobs", "watch", "ftjob-1", "--poll", 0.1)
        self.assertEqual(done.returncode, 4)
        self.assertIn("failed: Training file has 7 example(s)", done.stderr)
        self.assertIn("invalid_n_examples", done.stderr)

    def test_watching_outlives_a_restart_of_the_server(self) -> None:
        self.provider.paused_forever = True
        self.provider.create_job({"model": "tiny", "training_file": "file-1"})
        watcher = subprocess.Popen([ATTUNE, "jobs", "watch", "ftjob-1", "--poll", "0.1"], stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, env=self.environment)
        self.addCleanup(watcher.kill)
        lines: list[str] = []
        reader = threading.Thread(target=lambda: lines.extend(watcher.stdout))
        reader.start()

        def wait_for(part: str) -> None:
            end = time.monotonic() + 40
            while not any(part in line for line in lines):
                self.assertLess(time.monotonic(), end, lines)
                time.sleep(0.05)

        wait_for("Created fine-tuning job")
        self.server.stop()
        wait_for("trying again")
        self.provider.paused_forever = False
        self.server.start()
        self.assertEqual(watcher.wait(timeout=40), 0)
        reader.join()
        watcher.stdout.close()
        self.assertEqual(sum("Created fine-tuning job" in line for line in lines), 1)
        self.assertIn("model: ft:tiny:org::abcd1234\n", lines)

    def test_a_terminal_gets_a_picture(self) -> None:
        self.provider.steps = 12
        self.provider.create_job({"model": "tiny", "training_file": "file-1"})
        leader, follower = pty.openpty()
        watcher = subprocess.Popen([ATTUNE, "jobs", "watch", "ftjob-1", "--poll", "0.05"], stdout=follower,
                                   env=self.environment)
        os.close(follower)
        picture = b""
        while True:
            try:
                picture += os.read(leader, 65536)
            except OSError:
                break
        os.close(leader)
        self.assertEqual(watcher.wait(timeout=40), 0)
        text = picture.decode("utf-8", "replace")
        for part in ("\033[J", "ftjob-1  running  tiny", "step ", "training loss 3.0000", "1500 tokens/s", "█"):
            self.assertIn(part, text)

    def test_refusals_are_explained_without_the_key(self) -> None:
        self.provider.refuse_jobs = {
            "message": "OpenAI is winding down the fine-tuning platform and your organization is no longer able to create "
                       "new fine-tuning training jobs. (key sk-test-secret)",
            "type": "invalid_request_error", "param": None, "code": "training_not_available"}
        done = self.run_attune("jobs", "create", "--model", "gpt-4.1-nano", "--training-file", "file-1")
        self.assertEqual(done.returncode, 4)
        self.assertIn("attune serve", done.stderr)
        self.assertNotIn("sk-test-secret", done.stderr)

    def test_bad_input_has_exit_code_2(self) -> None:
        for arguments in (["jobs", "show", "ftjob-9"], ["jobs", "list", "--endpoint", "ftp://x"],
                          ["jobs", "list", "--provider", "acme"], ["jobs", "create", "--model", "x"],
                          ["jobs", "list", "--metadata", "novalue"], ["files", "upload", self.at / "nothing.jsonl"],
                          ["jobs", "create", "--model", "x", "--training-file", "f", "--provider", "openai",
                           "--learning-rate", "0.1"],
                          ["jobs", "create", "--model", "x", "--training-file", "f", "--provider", "together",
                           "--learning-rate-multiplier", "1"]):
            done = self.run_attune(*arguments)
            self.assertEqual(done.returncode, 2, (arguments, done.stderr))

    def test_a_server_that_is_down_has_exit_code_4(self) -> None:
        self.server.stop()
        done = self.run_attune("jobs", "list")
        self.server.start()
        self.assertEqual(done.returncode, 4)
        self.assertIn("nothing answers there (3 attempts)", done.stderr)

    def test_the_default_endpoint_is_the_default_address_of_serve(self) -> None:
        serve = re.search(r"--port .*=(\d+)", self.good("serve", "--help"))
        if serve is None:
            self.skipTest("this build has no server")
        client = re.search(r"127\.0\.0\.1:(\d+)/v1", self.good("jobs", "list", "--help"))
        self.assertEqual(serve.group(1), client.group(1))

    def write_animals(self) -> tuple[Path, Path]:
        lines = ["text,answer"]
        for i in range(80):
            animal, loud = ("cat", "dog")[i % 2], i % 3 == 0
            answer = json.dumps({"animal": animal, "loud": loud}, separators=(",", ":")).replace('"', '""')
            lines.append(f'number {i} is a {"loud" if loud else "quiet"} {animal},"{answer}"')
        (self.at / "animals.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (self.at / "schema.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
        return self.at / "animals.csv", self.at / "schema.json"

    def test_tune_runs_the_loop_with_the_training_remote(self) -> None:
        data, schema = self.write_animals()
        text = self.good("tune", data, "--endpoint", self.server.url, "--model", "tiny", "--contract", schema, "--map",
                         "user=text,assistant=answer", "--out", self.at / "out", "--epochs", 2)
        self.assertIn("fine-tune", text)
        report = json.loads((self.at / "out" / "report.json").read_text(encoding="utf-8"))
        arms = {arm["arm"]: arm for arm in report["arms"]}
        self.assertEqual(arms["tuned"]["format_compliance"]["value"], 1.0)
        self.assertEqual(arms["zero_shot"]["format_compliance"]["value"], 0.0)
        self.assertEqual(report["model"]["tuned"], "ft:tiny:org::abcd1234")
        self.assertEqual(report["training"]["steps"], 4)
        job = self.provider.jobs["ftjob-1"]
        self.assertEqual(job["method"]["supervised"]["hyperparameters"], {"n_epochs": 2})
        sent = self.provider.files[job["training_file"]][1].decode()
        self.assertEqual(sent, (self.at / "out" / "train.jsonl").read_text(encoding="utf-8"))

    def test_tune_goes_on_with_the_job_that_it_had_started(self) -> None:
        data, _ = self.write_animals()
        arguments = ["tune", data, "--endpoint", self.server.url, "--model", "tiny", "--map",
                     "user=text,assistant=answer", "--out", self.at / "out"]
        self.provider.fail_job = {"code": "server_error", "message": "out of memory", "param": None}
        failed = self.run_attune(*arguments)
        self.assertEqual(failed.returncode, 4)
        self.assertIn("out of memory", failed.stderr)
        self.provider.fail_job = None
        self.provider.jobs["ftjob-1"].update(status="running", error=None)
        self.good(*arguments, "--resume")
        self.assertEqual(len(self.provider.jobs), 1)


if __name__ == "__main__":
    unittest.main()
