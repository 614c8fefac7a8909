"""How many planted mistakes `attune data suspects` finds: flips a share of one label of the tickets at a time.

    python3 bench/suspects.py build/release/attune [--share 0.1] [--seeds 3]
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIELDS = [("category",), ("component",), ("priority",), ("action",), ("customer", "tier")]
MAP = "user={body},assistant=answer,split=split,id=id"


def read_rows() -> list[dict[str, str]]:
    with (ROOT / "examples/tickets/tickets.csv").open(encoding="utf-8-sig", newline="") as file:
        return [row for row in csv.DictReader(file) if row["split"] == "train"]


def change(answer: str, path: tuple[str, ...], values: list[str], draw: random.Random) -> str | None:
    value = json.loads(answer)
    holder = value
    for step in path[:-1]:
        holder = holder[step]
    if path[-1] not in holder:
        return None
    holder[path[-1]] = draw.choice([v for v in values if v != holder[path[-1]]])
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def values_of(path: tuple[str, ...]) -> list[str]:
    schema = json.loads((ROOT / "examples/tickets/ticket.schema.json").read_text(encoding="utf-8"))
    for step in path:
        schema = schema["properties"][step]
    return schema["enum"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("attune")
    parser.add_argument("--share", type=float, default=0.1)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    all_listed = all_right = all_planted = 0
    for path in FIELDS:
        listed = right = planted = 0
        for seed in range(given.seeds):
            draw = random.Random(seed)
            rows = read_rows()
            flipped = set()
            for row in draw.sample(rows, int(given.share * len(rows))):
                try:
                    changed = change(row["answer"], path, values_of(path), draw)
                except ValueError:
                    continue
                if changed:
                    row["answer"] = changed
                    flipped.add(row["id"])
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "rows.csv"
                with file.open("w", encoding="utf-8", newline="") as out:
                    writer = csv.DictWriter(out, rows[0].keys())
                    writer.writeheader()
                    writer.writerows(rows)
                done = subprocess.run([given.attune, "data", "suspects", file, "--map", MAP, "--contract",
                                       ROOT / "examples/tickets/ticket.schema.json", "--json"],
                                      capture_output=True, check=True)
            pointer = "/" + "/".join(path)
            found = [s["row"] for s in json.loads(done.stdout)["suspects"] if s["path"] == pointer]
            listed += len(found)
            right += len(flipped.intersection(found))
            planted += len(flipped)
        print(f"{'/'.join(path):<16} planted {planted:>4}  listed {listed:>4}  of them planted {right:>4}")
        all_listed, all_right, all_planted = all_listed + listed, all_right + right, all_planted + planted
    if all_planted:
        print(f"precision {all_right / max(1, all_listed):.3f}, recall {all_right / all_planted:.3f}")
    else:
        print(f"{all_listed} sound labels suspected")


if __name__ == "__main__":
    main()
