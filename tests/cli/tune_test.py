"""`attune tune` as a user runs it: the whole loop on a tiny base, killed and continued, and given bad input."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import signal
import subprocess
import time
import unittest
from pathlib import Path

from tiny_base import ATTUNE, TinyBaseCase, run


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class TuneTest(TinyBaseCase):
    def command(self, out: str, *more: object) -> list[str]:
        return [ATTUNE, "tune", str(self.at / "rows.csv"), "--model", str(self.at / "base"), "--contract",
                str(self.at / "schema.json"), "--map", "user=text,assistant=answer", "--out", str(self.at / out),
                "--dropout", "0.1", "--rank", "4", "--max-answer-tokens", "24", "--shots", "2", *map(str, more)]

    def finish(self, out: str, *more: object) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(self.command(out, *more), capture_output=True, text=True, timeout=300, check=False)
        self.assertIn(done.returncode, (0, 3), done.stderr)
        return done

    def test_the_loop_leaves_adapter_report_and_ledger(self) -> None:
        done = self.finish("loop")
        self.assertIn("Verdict", done.stdout)
        report = json.loads((self.at / "loop" / "report.json").read_text(encoding="utf-8"))
        self.assertEqual([arm["arm"] for arm in report["arms"]], ["zero_shot", "few_shot", "tuned"])
        for arm in report["arms"]:
            self.assertEqual(arm["n"], report["arms"][0]["n"])
            self.assertLessEqual(arm["format_compliance"]["low"], arm["format_compliance"]["value"])
            self.assertGreater(arm["latency_ms"]["median"], 0)
            self.assertEqual(arm["latency_ms"]["n"], min(20, arm["n"]))
        self.assertIn("<svg", (self.at / "loop" / "report.html").read_text(encoding="utf-8"))
        for name in ("adapter/adapter_model.safetensors", "data.jsonl", "data_report.json", "test.jsonl"):
            self.assertTrue((self.at / "loop" / name).is_file(), name)
        ledger = run("ledger", self.at / "loop", "--json").stdout.splitlines()
        for line in ledger:
            row = json.loads(line)
            self.assertEqual(row["tokens"], row["trained"] + row["masked"] + row["cut"])
            self.assertGreater(row["trained"], 0)
        shown = run("ledger", self.at / "loop", "--row", json.loads(ledger[0])["row"], "--model", self.at / "base").stdout
        self.assertRegex(shown, r'\[\[\{"animal":.*\}<\|im_end\|>\]\]')

    def test_a_base_of_few_bits_trains_and_answers(self) -> None:
        losses = {}
        for dtype in ("bf16", "int8", "nf4"):
            out = self.at / f"loop-{dtype}"
            self.finish(out.name, "--dtype", dtype)
            lines = (out / "training" / "train_log.jsonl").read_text(encoding="utf-8").splitlines()
            losses[dtype] = [json.loads(line)["loss"] for line in lines if "loss" in json.loads(line)]
            answer = run("generate", "--model", self.at / "base", "--adapter", out / "adapter", "--prompt", "a loud cat",
                         "--max-tokens", 4, "--dtype", dtype)
            self.assertEqual(answer.returncode, 0, answer.stderr)
        for dtype in ("int8", "nf4"):
            self.assertNotEqual(losses[dtype], losses["bf16"])
            self.assertAlmostEqual(losses[dtype][-1], losses["bf16"][-1], delta=0.25)
        command = self.command("loop-int8", "--dtype", "bf16", "--resume")
        other = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(other.returncode, 2)
        self.assertIn("as in this run", other.stderr)

    def test_chat_and_generate_answer_with_the_adapter_on_and_off(self) -> None:
        self.finish("talk")
        base, adapter = self.at / "base", self.at / "talk" / "adapter"
        on = json.loads(run("generate", "--model", base, "--adapter", adapter, "--prompt", "a loud cat", "--json",
                            "--max-tokens", 8).stdout)
        off = json.loads(run("generate", "--model", base, "--adapter", adapter, "--prompt", "a loud cat", "--json",
                             "--max-tokens", 8, "--no-adapter").stdout)
        self.assertNotEqual(on["logprobs"], off["logprobs"])
        chat = subprocess.run([ATTUNE, "chat", "--adapter", str(adapter), "--max-tokens", "8"],  # it knows its base
                              input="a loud cat\n/adapter off\na loud cat\n/quit\n", capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual(chat.returncode, 0, chat.stderr)

    def test_killed_at_random_moments_and_continued_it_ends_in_the_same_bytes(self) -> None:
        longer = ("--epochs", 40, "--checkpoint-every", 3)
        began = time.monotonic()
        self.finish("whole", "--threads", 2, *longer)
        seconds = time.monotonic() - began
        wanted = digest(self.at / "whole" / "adapter" / "adapter_model.safetensors")
        moments = random.Random(7)
        kills = 0
        while kills < 10:
            process = subprocess.Popen([*self.command("killed", "--threads", 1 + kills % 2, *longer), "--resume"],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(timeout=moments.uniform(0.02, 0.6 * seconds))
                shutil.rmtree(self.at / "killed")  # it was done first: from the start again
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                kills += 1
        self.finish("killed", "--resume", *longer)
        self.assertEqual(digest(self.at / "killed" / "adapter" / "adapter_model.safetensors"), wanted)

    def test_bad_input_is_refused_with_its_place_and_leaves_nothing(self) -> None:
        (self.at / "broken.jsonl").write_text('{"prompt":"a","completion":"b"}\n{"prompt":\n', encoding="utf-8")
        (self.at / "empty.csv").write_text("", encoding="utf-8")
        (self.at / "latin.csv").write_bytes(b"prompt,completion\ncaf\xe9,x\n")
        (self.at / "silent.jsonl").write_text('{"messages":[{"role":"user","content":"hi"}]}\n', encoding="utf-8")
        truncated = self.at / "truncated"
        truncated.mkdir()
        for file in (self.at / "base").iterdir():
            content = file.read_bytes()
            (truncated / file.name).write_bytes(content[: len(content) // 2] if file.suffix == ".safetensors" else content)
        rows, base = self.at / "rows.csv", self.at / "base"
        cases = [
            (2, "there is no column \"question\"", [rows, "--model", base, "--map", "user=question,assistant=answer"]),
            (2, "broken.jsonl:2:", [self.at / "broken.jsonl", "--model", base]),
            (2, "the file is empty", [self.at / "empty.csv", "--model", base]),
            (2, "latin.csv:2:4: byte 0xE9", [self.at / "latin.csv", "--model", base]),
            (2, "no assistant message", [self.at / "silent.jsonl", "--model", base]),
            (2, "there is no such file", [self.at / "nothing.csv", "--model", base]),
            (2, "tensor", [rows, "--model", truncated]),
            (2, "no tokenizer", [rows, "--model", self.at / "nomodel"]),
            (2, "--epochs", [rows, "--model", base, "--epochs", "many"]),
        ]
        for code, words, arguments in cases:
            with self.subTest(words):
                done = run("tune", *arguments, "--out", self.at / "refused")
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(words, done.stderr + done.stdout)
                self.assertFalse((self.at / "refused").exists())
        done = run("tune", rows, "--model", base, "--map", "user=text,assistant=answer", "--out", "/proc/attune")
        self.assertEqual(done.returncode, 4, done.stderr)


if __name__ == "__main__":
    unittest.main()
