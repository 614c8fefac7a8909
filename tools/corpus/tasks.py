#!/usr/bin/env python3
"""Writes instruction tasks for pretraining a small base model: JSON lines of {"messages": [...]}.

Every row invents its own domain, keys, labels, names and numbers, and asks for something that the prompt
defines: copy spans into a JSON shape, choose a given label, use a given term, follow examples. The same seed
gives the same bytes.

    python3 tools/corpus/tasks.py --megabytes 60 --seed 1 --out tasks.jsonl
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parent))

import drills
import extraction
import labels
import passages
from instructions import compact

FAMILIES = {
    "extract": (extraction.extract, 34),
    "shots_as_turns": (extraction.shots_as_turns, 11),
    "shots_in_one": (extraction.shots_in_one, 4),
    "one_by_one": (extraction.one_by_one, 4),
    "several_records": (extraction.several_records, 2),
    "small_talk": (extraction.greeting_only, 0.5),
    "classify": (labels.classify, 10),
    "several_labels": (labels.several_labels, 5),
    "mention_rules": (labels.mention_rules, 4),
    "glossary": (labels.glossary, 7),
    "drill": (drills.drill, 22),
    "passage": (passages.passage, 13),
}
LONGEST_ROW = 4200  # characters of message text: about 1,500 tokens


def rows(seed: int, family: str | None = None):
    """Endless distinct rows."""
    rng = Random(seed)
    makers = [maker for maker, _ in FAMILIES.values()]
    weights = [weight for _, weight in FAMILIES.values()]
    seen: set[int] = set()
    while True:
        maker = FAMILIES[family][0] if family else rng.choices(makers, weights)[0]
        messages = maker(rng)
        if sum(len(message["content"]) for message in messages) > LONGEST_ROW:
            continue
        line = compact({"messages": messages})
        if hash(line) not in seen:
            seen.add(hash(line))
            yield line


def write(out: Path, seed: int, size: int, family: str | None) -> tuple[int, int]:
    """Writes rows until the file has the wanted size; returns rows and bytes."""
    count = written = 0
    with out.open("w", encoding="utf-8", newline="\n") as file:
        for line in rows(seed, family):
            file.write(line + "\n")
            count += 1
            written += len(line.encode()) + 1
            if written >= size:
                break
    return count, written


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--megabytes", type=float, default=60)
    parser.add_argument("--family", choices=sorted(FAMILIES), help="only this kind of task")
    options = parser.parse_args()
    count, written = write(options.out, options.seed, int(options.megabytes * 1e6), options.family)
    print(f"{count} rows, {written / 1e6:.1f} MB in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
