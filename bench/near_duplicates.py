#!/usr/bin/env python3
"""Near-duplicates side by side: bench/near_duplicates and the Python library datasketch, on the same rows in one run.

    pip install datasketch
    python bench/near_duplicates.py build/release/bench/near_duplicates --rows 5000

Both cut a row into its character 5-grams, group by MinHash in 25 bands of 5, and compare the pairs found exactly,
at a similarity of 0.8.
"""

import argparse
import pathlib
import subprocess
import tempfile
import time

from datasketch import MinHash, MinHashLSH

THRESHOLD = 0.8


def shingles(text: str) -> set[str]:
    return {text[i : i + 5] for i in range(max(1, len(text) - 4))}


def python_pairs(texts: list[str]) -> set[tuple[int, int]]:
    lsh = MinHashLSH(num_perm=125, params=(25, 5))
    sets, pairs = [], set()
    for row, text in enumerate(texts):
        sets.append(shingles(text))
        signature = MinHash(num_perm=125)
        signature.update_batch([shingle.encode() for shingle in sets[row]])
        for other in lsh.query(signature):
            both = len(sets[row] & sets[other])
            if both >= THRESHOLD * (len(sets[row]) + len(sets[other]) - both):
                pairs.add((other, row))
        lsh.insert(row, signature)
    return pairs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path, help="bench/near_duplicates of a build")
    parser.add_argument("--rows", type=int, default=5000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "texts.txt"
        command = [arguments.program, "--rows", str(arguments.rows), "--threads", "1", "--write", file]
        print("attune:    ", subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())
        texts = file.read_text().splitlines()
        start = time.perf_counter()
        pairs = python_pairs(texts)
        seconds = time.perf_counter() - start
        rate = len(texts) / seconds
        print(f"datasketch: rows {len(texts)}, one thread: {seconds:.2f} s, {rate:.0f} rows/s, {len(pairs)} pairs")


if __name__ == "__main__":
    main()
