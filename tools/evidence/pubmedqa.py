"""PubMedQA, the 1,000 rows that experts labelled (Jin et al. 2019, MIT): yes, no or maybe by an abstract.

The test rows are the 500 of the data set's own test part. Paragraphs of an abstract that would make the prompt longer than
MOST_CHARACTERS are cut at the last sentence that fits.
"""

from __future__ import annotations

import json

from suite_files import folders, order_of, row, text_of, write_suite

MOST_CHARACTERS = 2000
SYSTEM = "Answer the question by the text: yes, no or maybe."
SUITE = """
# Questions to medical abstracts: yes, no or maybe? 55 % of the answers are yes, so macro-F1 and MCC say more than the rate.
name: pubmedqa
data: test.jsonl
examples: train.jsonl
validation: validation.jsonl
contract: contract.json
metrics: [label]
max_tokens: 8
arms:
  - {name: zero_shot, model: models/attune-base}
  - {name: few_shot, model: models/attune-base, shots: 1, pick: similar}
  - {name: tuned, model: out/evidence/pubmedqa/adapter, instructed: false}
"""


def cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    end = text.rfind(". ", 0, most)
    return text[:end + 1] if end > 0 else text[:most]


def main() -> None:
    datasets, out = folders()
    at = datasets / "pubmedqa"
    source = json.loads(text_of(at / "ori_pqal.json.zst"))
    held_out = json.loads(text_of(at / "test_ground_truth.json"))

    def rows_of(identities: list[str]) -> list[dict]:
        rows = []
        for identity in identities:
            one = source[identity]
            abstract = cut(" ".join(" ".join(one["CONTEXTS"]).split()), MOST_CHARACTERS)
            rows.append(row(identity, SYSTEM, f"{abstract}\n\n{one['QUESTION'].strip()}", one["final_decision"]))
        return rows

    rest = sorted((identity for identity in source if identity not in held_out), key=order_of)
    write_suite(out, "pubmedqa", SUITE, {"train": rows_of(rest[50:]), "validation": rows_of(rest[:50]),
                                         "test": rows_of(sorted(held_out, key=order_of))},
                {"$comment": "one of three words", "x-pattern": "^(yes|no|maybe)$"})


main()
