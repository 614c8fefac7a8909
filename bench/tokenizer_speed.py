#!/usr/bin/env python3
"""Tokenisation side by side: bench/tokenizer_speed and the library tokenizers of Hugging Face, on the same rows in one run.

    pip install tokenizers
    python bench/tokenizer_speed.py build/release/bench/tokenizer_speed --model DIR --file text.txt

A row is a line. One thread each; the best of three rounds; both give the same ids.
"""

import argparse
import os
import pathlib
import subprocess
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

import tokenizers
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def load(folder: pathlib.Path) -> Tokenizer:
    if (folder / "tokenizer.json").exists():
        return Tokenizer.from_file(str(folder / "tokenizer.json"))
    made = Tokenizer(models.BPE.from_file(str(folder / "vocab.json"), str(folder / "merges.txt")))
    made.normalizer = normalizers.NFC()
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN2), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    made.decoder = decoders.ByteLevel()
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path, help="bench/tokenizer_speed of a build")
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--file", type=pathlib.Path, required=True)
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "ids.txt"
        command = [arguments.program, "--model", arguments.model, "--file", arguments.file]
        run = subprocess.run([*command, "--ids", file], check=True, capture_output=True, text=True)
        print("attune:    ", run.stdout.strip())
        ours = [[int(number) for number in line.split()] for line in file.read_text().splitlines()]

    lines = arguments.file.read_text(encoding="utf-8").split("\n")
    lines = lines[:-1] if lines[-1] == "" else lines
    tokenizer = load(arguments.model)
    size = sum(len(line.encode()) for line in lines)
    best, encoded = 1e9, []
    for _ in range(3):
        start = time.perf_counter()
        encoded = [tokenizer.encode(line, add_special_tokens=False).ids for line in lines]
        best = min(best, time.perf_counter() - start)
    tokens = sum(len(ids) for ids in encoded)
    print(f"tokenizers: {size / best / 1e6:.1f} MB/s, {tokens / best / 1e6:.2f} million tokens/s, {tokens} tokens")
    different = sum(a != b for a, b in zip(ours, encoded, strict=True))
    print(f"tokenizers {tokenizers.__version__}; rows with other ids: {different} of {len(lines)}")


if __name__ == "__main__":
    main()
