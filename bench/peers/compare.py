#!/usr/bin/env python3
"""Runs Attune and its peers on the same shape in turn, in one run on one machine, and prints the ratios.

    python3 bench/peers/compare.py train    --attune build/release/attune --shape smollm2-135m
    python3 bench/peers/compare.py generate --attune build/release/attune --shape smollm2-135m --packages build/peers

train: PyTorch + Transformers + PEFT (the Python of `--python`; tools/requirements.txt), each layout of pytorch_lora.py.
generate: llama.cpp out of node-llama-cpp (npm install node-llama-cpp in `--packages`; Python packages gguf, numpy).
Each program runs `--rounds` times, in turn, with its own warm-up; the medians count.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Documents of a chat set are uneven: eight of them, 2,048 tokens in all, the longest 768. Padded they fill a third.
CHAT_LENGTHS = (768, 402, 281, 203, 150, 112, 80, 52)


def run(command: list) -> dict:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stderr.strip()}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def medians(commands: dict[str, list], rounds: int) -> dict[str, dict]:
    """Runs every command once a round; of each the report with the median of every number."""
    reports: dict[str, list[dict]] = {name: [] for name in commands}
    for number in range(rounds):
        for name, command in commands.items():
            print(f"round {number + 1}: {name}", file=sys.stderr)
            reports[name].append(run(command))
    result = {}
    for name, all_of in reports.items():
        result[name] = dict(all_of[0])
        for field, value in all_of[0].items():
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                result[name][field] = statistics.median(report[field] for report in all_of)
    return result


def config_of(given: argparse.Namespace, folder: Path) -> Path:
    path = folder / "config.json"
    shape = subprocess.run([given.attune, "bench", "shapes", given.shape], capture_output=True, text=True, check=True)
    path.write_text(shape.stdout, encoding="utf-8")
    return path


def train_commands(given: argparse.Namespace, config: Path) -> dict[str, list]:
    common = ["--rank", given.rank, "--steps", given.steps, "--threads", given.threads]
    ours = [given.attune, "bench", "train", "--shape", given.shape, "--json", *common]
    torch = [given.python, HERE / "pytorch_lora.py", "--config", config, *common]
    equal = ["--tokens", given.tokens, "--documents", given.documents]
    lengths = ",".join(str(length) for length in CHAT_LENGTHS)
    commands = {"attune": [*ours, *equal]}
    for dtype in given.torch_dtypes.split(","):
        for layout in given.layouts.split(","):
            size = ["--lengths", lengths] if layout == "padded" else equal
            commands[f"torch {dtype} {layout}"] = [*torch, "--dtype", dtype, "--layout", layout, *size]
    return commands


def compare_training(given: argparse.Namespace, folder: Path) -> dict:
    reports = medians(train_commands(given, config_of(given, folder)), given.rounds)
    ours = reports["attune"]
    print(f"{given.shape}, LoRA of rank {given.rank}, {given.tokens} tokens in {given.documents} documents, "
          f"{ours['isa']}, {ours['threads']} threads, {ours['cpu']}")
    print(f"{'program':<20} {'tokens/s':>9} {'ours is':>8} {'memory GiB':>11}")
    for name, report in reports.items():
        report["ratio"] = ours["tokens_per_s"] / report["tokens_per_s"]
        print(f"{name:<20} {report['tokens_per_s']:9.1f} {report['ratio']:7.2f}x {report['peak_bytes'] / 2**30:11.2f}")
    print(f"attune: {100 * ours['fraction_of_peak']:.1f} % of the peak of {ours['peak_tflops']:.3f} TFLOP/s")
    return reports


def compare_generation(given: argparse.Namespace, folder: Path) -> dict:
    config = config_of(given, folder)
    commands = {"attune": [given.attune, "bench", "generate", "--shape", given.shape, "--prompt", given.prompt, "--tokens",
                           given.new_tokens, "--repeats", given.steps, "--threads", given.threads, "--json"]}
    for kind in given.types.split(","):
        model = folder / f"{kind}.gguf"
        subprocess.run([given.python, HERE / "make_gguf.py", "--config", config, "--type", kind, "--out", model], check=True)
        commands[f"llama.cpp {kind}"] = ["node", HERE / "llama_cpp.mjs", given.packages, model, given.prompt,
                                         given.new_tokens, given.steps, given.threads or cpus()]
    reports = medians(commands, given.rounds)
    ours = reports["attune"]
    print(f"{given.shape}, a prompt of {given.prompt} tokens and {given.new_tokens} after it, {ours['isa']}, "
          f"{ours['threads']} threads, {ours['cpu']}")
    print(f"{'program':<16} {'prompt/s':>9} {'ours is':>8} {'tokens/s':>9} {'ours is':>8}")
    for name, report in reports.items():
        report["prefill_ratio"] = ours["prefill_tokens_per_s"] / report["prefill_tokens_per_s"]
        report["decode_ratio"] = ours["decode_tokens_per_s"] / report["decode_tokens_per_s"]
        print(f"{name:<16} {report['prefill_tokens_per_s']:9.1f} {report['prefill_ratio']:7.2f}x "
              f"{report['decode_tokens_per_s']:9.1f} {report['decode_ratio']:7.2f}x")
    return reports


def cpus() -> int:
    import os
    return len(os.sched_getaffinity(0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("train", "generate"))
    parser.add_argument("--attune", default="build/release/attune", help="the program")
    parser.add_argument("--python", default=sys.executable, help="a Python with the peers' packages")
    parser.add_argument("--packages", default="build/peers", help="the folder with node_modules")
    parser.add_argument("--shape", default="smollm2-135m")
    parser.add_argument("--tokens", type=int, default=2048)
    parser.add_argument("--documents", type=int, default=4)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--layouts", default="rows,packed,padded")
    parser.add_argument("--torch-dtypes", default="bf16,f32", help="both: without AMX f32 may be the faster")
    parser.add_argument("--types", default="bf16,q8_0", help="weights of llama.cpp: f32, bf16, q8_0, q4_0")
    parser.add_argument("--prompt", type=int, default=512)
    parser.add_argument("--new-tokens", type=int, default=32)
    parser.add_argument("--steps", type=int, default=3, help="timed steps or repeats of each run")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0, help="0 takes every CPU")
    parser.add_argument("--json", help="writes all reports to this file")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        compare = compare_training if given.what == "train" else compare_generation
        reports = compare(given, Path(folder))
    if given.json:
        Path(given.json).write_text(json.dumps(reports, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
