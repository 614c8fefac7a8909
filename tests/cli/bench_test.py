"""`attune bench` as a user runs it, on a tiny shape: what it reports and what it refuses, never how fast."""

from __future__ import annotations

import json
import math
import os
import subprocess
import unittest

from folder_case import FolderCase
from tiny_base import ATTUNE, CONFIG, run


class BenchTest(FolderCase):
    def setUp(self):
        super().setUp()
        self.config = self.write("config.json", json.dumps(CONFIG))

    def report(self, *arguments, isa=None):
        environment = dict(os.environ, **({"ATTUNE_ISA": isa} if isa else {}))
        done = subprocess.run([ATTUNE, "bench", *map(str, arguments), "--config", self.config, "--json"],
                              capture_output=True, text=True, timeout=120, check=False, env=environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_training_reports_speed_peak_and_memory(self):
        report = self.report("train", "--tokens", 64, "--documents", 2, "--rank", 4, "--steps", 3, "--threads", 1)
        self.assertEqual(len(report["step_seconds"]), 3)
        self.assertEqual(report["threads"], 1)
        self.assertAlmostEqual(report["tokens_per_s"], 64 / sorted(report["step_seconds"])[1], places=3)
        self.assertAlmostEqual(report["model_tflops"],
                               report["model_tflop_per_step"] / sorted(report["step_seconds"])[1], places=6)
        self.assertAlmostEqual(report["fraction_of_peak"], report["model_tflops"] / report["peak_tflops"], places=6)
        self.assertGreater(report["peak_bytes"], sum(report["bytes"].values()))
        self.assertEqual(set(report["bytes"]), {"weights", "gradients", "optimizer", "workspace"})
        self.assertIn(report["isa"], ("scalar", "avx2", "avx512", "avx512_bf16", "amx"))

    def test_training_starts_at_the_loss_of_a_guess_and_learns(self):
        report = self.report("train", "--tokens", 64, "--steps", 4, "--dtype", "f32")
        self.assertAlmostEqual(report["first_loss"], math.log(CONFIG["vocab_size"]), delta=0.3)
        self.assertLess(report["last_loss"], report["first_loss"])

    def test_the_work_of_a_step_follows_from_the_shape(self):
        one = self.report("train", "--tokens", 64, "--documents", 4, "--rank", 1, "--steps", 1)
        two = self.report("train", "--tokens", 128, "--documents", 8, "--rank", 1, "--steps", 1)
        self.assertAlmostEqual(two["model_tflop_per_step"] / one["model_tflop_per_step"], 2, places=6)
        full = self.report("train", "--tokens", 64, "--documents", 4, "--steps", 1, "--full")
        self.assertGreater(full["model_tflop_per_step"], 1.2 * one["model_tflop_per_step"])
        self.assertEqual(full["trains"], "all weights")

    def test_recomputing_more_takes_less_memory_and_learns_the_same(self):
        reports = {policy: self.report("train", "--tokens", 128, "--steps", 2, "--recompute", policy)
                   for policy in ("nothing", "elementwise", "mlp", "block")}
        held = [report["bytes"]["workspace"] for report in reports.values()]
        self.assertEqual(held, sorted(held, reverse=True))
        self.assertEqual(len(set(held)), 4)
        self.assertEqual(len({report["last_loss"] for report in reports.values()}), 1)
        self.assertEqual(reports["elementwise"]["recompute_share"], 0)
        self.assertLess(reports["mlp"]["recompute_share"], reports["block"]["recompute_share"])

    def test_the_instruction_set_is_the_one_asked_for(self):
        self.assertEqual(self.report("train", "--tokens", 16, "--steps", 1, isa="scalar")["isa"], "scalar")

    def test_generation_reports_prompt_tokens_and_bandwidth(self):
        report = self.report("generate", "--prompt", 32, "--tokens", 4, "--repeats", 1)
        for field in ("prefill_tokens_per_s", "decode_tokens_per_s", "prefill_fraction_of_peak",
                      "decode_fraction_of_bandwidth", "decode_bytes_per_token", "peak_bytes", "read_gb_per_s"):
            self.assertGreater(report[field], 0, field)

    def test_every_kernel_is_reported_with_its_part_of_a_ceiling(self):
        report = self.report("--tokens", 64, "--seconds", 0)
        groups = {kernel["group"] for kernel in report["kernels"]}
        self.assertEqual(groups, {"forward", "backward", "weight gradient", "lora", "attention", "rows"})
        names = {kernel["name"] for kernel in report["kernels"]}
        self.assertLessEqual({"gate/up", "down", "head", "norm forward", "norm backward", "rope", "swiglu forward",
                              "swiglu backward", "cross-entropy", "adamw"}, names)
        for kernel in report["kernels"]:
            part = kernel["fraction_of_peak"] if "tflops" in kernel else kernel["fraction_of_bandwidth"]
            self.assertGreater(part, 0, kernel)

    def test_a_base_of_few_bits_is_held_in_fewer_bytes_and_not_trained_itself(self):
        command = ("train", "--tokens", 16, "--documents", 2, "--steps", 1)
        weights = [self.report(*command, "--dtype", dtype)["bytes"]["weights"] for dtype in ("bf16", "int8", "nf4")]
        self.assertGreater(weights[0], weights[1])
        self.assertGreater(weights[1], weights[2])
        refused = run("bench", *command, "--dtype", "nf4", "--full")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("all weights trained", refused.stderr)

    def test_a_rank_above_the_number_of_tokens_is_measured(self):
        report = self.report("--tokens", 4, "--documents", 2, "--rank", 16, "--seconds", 0)
        self.assertTrue(any(kernel["group"] == "lora" for kernel in report["kernels"]))

    def test_a_known_shape_has_the_config_of_its_model(self):
        config = json.loads(run("bench", "shapes", "llama-3.2-1b").stdout)
        self.assertEqual((config["hidden_size"], config["num_hidden_layers"], config["vocab_size"]), (2048, 16, 128256))
        self.assertEqual(config["num_key_value_heads"], 8)
        self.assertTrue(config["tie_word_embeddings"])

    def test_what_does_not_fit_into_memory_is_refused_before_it_is_taken(self):
        done = run("bench", "train", "--shape", "llama-7b", "--tokens", 10_000_000, "--json")
        self.assertEqual(done.returncode, 4)
        self.assertIn("GiB", done.stderr)
        self.assertIn("--tokens", done.stderr)

    def test_an_unknown_shape_is_refused_with_the_known_ones(self):
        done = run("bench", "train", "--shape", "gpt-5")
        self.assertEqual(done.returncode, 2)
        self.assertIn("qwen2.5-0.5b", done.stderr)

    def test_more_documents_than_tokens_are_refused(self):
        done = run("bench", "train", "--config", self.config, "--tokens", 8, "--documents", 9)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--documents", done.stderr)


if __name__ == "__main__":
    unittest.main()
