#!/usr/bin/env python3
"""Writes a plain-text sample of tasks and prose for training the tokenizer.

python3 tools/corpus/sample.py --tasks tasks.jsonl --books books.jsonl --megabytes 12 --out sample.txt
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

TASK_SHARE = 0.55


def texts(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            yield (
                row["text"] if "text" in row else "\n".join(message["content"] for message in row["messages"])
            )


def take(path: Path, size: float) -> Iterator[str]:
    for text in texts(path):
        if size <= 0:
            return
        size -= len(text.encode()) + 1
        yield text + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("--tasks", "--books", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--megabytes", type=float, default=12)
    options = parser.parse_args()
    size = options.megabytes * 1e6
    with options.out.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(take(options.tasks, size * TASK_SHARE))
        file.writelines(take(options.books, size * (1 - TASK_SHARE)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
