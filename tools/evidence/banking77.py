"""Banking77 (Casanueva et al. 2020, CC BY 4.0) as a suite: a customer's question gets one of 77 labels."""

from __future__ import annotations

import csv
import io
import json

from suite_files import folders, order_of, row, text_of, write_suite

SYSTEM = "Which request is it? Answer with its label alone."
SUITE = """
# 77 intents of bank customers: does an answer name the right one, and nothing else?
name: banking77
data: test.jsonl
examples: train.jsonl
validation: validation.jsonl
contract: contract.json
metrics: [label]
max_tokens: 24
arms:
  - {name: zero_shot, model: models/attune-base}
  - {name: few_shot, model: models/attune-base, shots: 5, pick: similar}
  - {name: tuned, model: out/evidence/banking77/adapter, instructed: false}
"""


def main() -> None:
    datasets, out = folders()
    at = datasets / "banking77"
    labels = json.loads(text_of(at / "categories.json"))

    def rows_of(part: str) -> list[dict]:
        rows = csv.DictReader(io.StringIO(text_of(at / f"{part}.csv")))
        return [row(f"{part}-{number}", SYSTEM, " ".join(one["text"].split()), one["category"])
                for number, one in enumerate(rows, 1)]

    train = sorted(rows_of("train"), key=lambda one: order_of(one["id"]))
    escaped = [label.replace("?", "\\?") for label in sorted(labels)]
    contract = {"$comment": "one of the 77 labels", "x-pattern": "^(" + "|".join(escaped) + ")$"}
    write_suite(out, "banking77", SUITE, {"train": train[500:], "validation": train[:500], "test": rows_of("test")}, contract)


main()
