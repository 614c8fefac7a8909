"""Snips NLU (Sonos, CC0 1.0) as a suite: an utterance becomes JSON with its intent and slots.

A slot is a text, or a list of texts where the utterance has several of it. The held-out rows are the data set's own validation part.
"""

from __future__ import annotations

from suite_files import compact, folders, json_lines, order_of, row, write_suite

SYSTEM = "Give the intent and the slots of the request as JSON."
SUITE = """
# 7 intents with 39 slots: is the JSON valid, and is what it says right, field by field?
name: snips-nlu
data: test.jsonl
examples: train.jsonl
validation: validation.jsonl
contract: contract.json
metrics: [field_accuracy, field_f1]
max_tokens: 160
arms:
  - {name: zero_shot, model: models/attune-base}
  - {name: few_shot, model: models/attune-base, shots: 5, pick: similar}
  - {name: tuned, model: out/evidence/snips-nlu/adapter, instructed: false}
"""


def answer_of(one: dict) -> dict:
    slots: dict[str, object] = {}
    for slot in one["slots"]:
        name, value = slot["slot"], " ".join(slot["value"].split())
        if name not in slots:
            slots[name] = value
        elif isinstance(slots[name], list):
            slots[name].append(value)
        else:
            slots[name] = [slots[name], value]
    return {"intent": one["intent"], "slots": slots}


def rows_of(source: list[dict]) -> list[dict]:
    return [row(one["id"], SYSTEM, " ".join(one["text"].split()), compact(answer_of(one))) for one in source]


def main() -> None:
    datasets, out = folders()
    at = datasets / "snips-nlu"
    source = sorted(json_lines(at / "train.jsonl.zst"), key=lambda one: order_of(one["id"]))
    test = json_lines(at / "validation.jsonl")
    intents = sorted({one["intent"] for one in source})
    slots = sorted({slot["slot"] for one in source for slot in one["slots"]})
    text_or_texts = {"type": ["string", "array"], "items": {"type": "string"}}
    contract = {
        "type": "object", "required": ["intent", "slots"], "additionalProperties": False,
        "properties": {"intent": {"enum": intents},
                       "slots": {"type": "object", "additionalProperties": False,
                                 "properties": {slot: text_or_texts for slot in slots}}},
    }
    write_suite(out, "snips-nlu", SUITE, {"train": rows_of(source[500:]), "validation": rows_of(source[:500]), "test": rows_of(test)},
                contract)


main()
