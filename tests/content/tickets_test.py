"""The ticket example keeps its promises: reproducible, held out for real, and decidable from the text."""

from __future__ import annotations

import csv
import html
import json
import re
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TICKETS = ROOT / "examples" / "tickets"
sys.path.insert(0, str(TICKETS))

import generate  # noqa: E402

ROWS = list(
    csv.DictReader((TICKETS / "tickets.csv").read_bytes().decode("utf-8-sig").splitlines(keepends=True))
)
SCHEMA = json.loads((TICKETS / "ticket.schema.json").read_text(encoding="utf-8"))
FRAME_SECTIONS = ("train", "test")


def violations(value: object, schema: dict, place: str = "") -> list[str]:
    """The few keywords of JSON Schema that the contract uses."""
    if "enum" in schema:
        return [] if value in schema["enum"] else [f"{place}: {value!r} is no label"]
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    names = {dict: "object", str: "string", type(None): "null"}
    if names.get(type(value)) not in kinds:
        return [f"{place}: {value!r} is not {kinds}"]
    if isinstance(value, str):
        fits = len(value) >= schema.get("minLength", 0) and re.search(schema.get("pattern", ""), value)
        return [] if fits else [f"{place}: {value!r}"]
    found: list[str] = []
    if isinstance(value, dict):
        found += [f"{place}: keys {sorted(value)}"] if set(value) != set(schema["required"]) else []
        for key in set(value) & set(schema["properties"]):
            found += violations(value[key], schema["properties"][key], f"{place}/{key}")
    return found


def answer_of(row: dict[str, str]) -> dict | None:
    """The parsed answer, or nothing when it is broken."""
    try:
        answer = json.loads(row["answer"])
    except json.JSONDecodeError:
        return None
    return answer if not violations(answer, SCHEMA) else None


USABLE = [(row, answer) for row in ROWS if (answer := answer_of(row)) is not None]


def of_split(*splits: str) -> list[tuple[dict[str, str], dict]]:
    return [(row, answer) for row, answer in USABLE if row["split"] in splits]


def plain(text: str) -> str:
    """A ticket without the traces of mail programs and forms."""
    words = html.unescape(text.replace("<br>", " ")).replace("\u00a0", " ").replace("&", "and")
    return " ".join(words.split()).lower()


def said(cue: str, text: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(cue.lower())}(?![\w-])", text) is not None


def decide(prefixes: tuple[str, ...], text: str) -> set[str]:
    """The labels whose cues a text holds."""
    return {
        name.split(".", 1)[1]
        for name, cues in generate.CUES.items()
        if name.split(".")[0] in prefixes
        for cue in cues
        if cue != "-"
        if said(cue.rpartition(" | ")[2], text)
    }


def frame_pattern(frame: str) -> re.Pattern[str] | None:
    """A sentence frame with anything short in its places; nothing for frames of few words, which chance could spell."""
    pieces = re.split(r"\{\w+\}", frame.lower().rstrip("."))
    if sum(len(piece.split()) for piece in pieces) < 4:
        return None
    return re.compile("[^.?!]{2,60}".join(re.escape(" ".join(piece.split())) for piece in pieces))


class TicketsTest(unittest.TestCase):
    def test_generating_again_gives_the_committed_bytes(self) -> None:
        self.assertEqual((TICKETS / "tickets.csv").read_bytes(), generate.as_csv(generate.make_rows(1)))

    def test_the_committed_contract_is_the_generated_one(self) -> None:
        self.assertEqual(SCHEMA, json.loads(json.dumps(generate.schema())))

    def test_there_are_enough_rows_in_every_split(self) -> None:
        self.assertGreaterEqual(len(ROWS), 1200)
        self.assertGreaterEqual(len(of_split("test")), 350)
        self.assertEqual(len({row["body"] for row, _ in of_split("train")}), 500)

    def test_every_held_out_answer_keeps_the_contract(self) -> None:
        for row in ROWS:
            if row["split"] == "test":
                self.assertEqual([], violations(json.loads(row["answer"]), SCHEMA), row["id"])

    def test_only_a_few_training_answers_are_broken(self) -> None:
        self.assertEqual(len(ROWS) - len(USABLE), len(generate.BROKEN))

    def test_answers_are_compact_json(self) -> None:
        for row, answer in USABLE:
            self.assertEqual(row["answer"], json.dumps(answer, ensure_ascii=False, separators=(",", ":")))

    def test_held_out_rows_share_no_person_and_no_product_with_other_rows(self) -> None:
        def words(splits: tuple[str, ...]) -> set[str]:
            return {
                word
                for _, answer in of_split(*splits)
                for word in answer["customer"]["name"].split() + answer["product"].split()[:1]
            }

        self.assertEqual(set(), words(("test",)) & words(("train", "validation")))

    def test_held_out_rows_share_no_sentence_frame_with_other_rows(self) -> None:
        frames = {
            side: generate.read_sections(TICKETS / "source" / f"frames_{side}.txt") for side in FRAME_SECTIONS
        }
        for section in frames["train"]:
            same = {f.lower() for f in frames["train"][section]} & {
                f.lower() for f in frames["test"][section]
            }
            self.assertEqual(set(), same - {"{product}"}, section)

    def test_no_sentence_of_a_training_frame_stands_in_a_held_out_row(self) -> None:
        frames = generate.read_sections(TICKETS / "source" / "frames_train.txt")
        telling = [
            pattern
            for section, lines in frames.items()
            if section != "subject"
            for line in lines
            if (pattern := frame_pattern(line))
        ]
        self.assertGreater(len(telling), 90)
        for row, _ in of_split("test"):
            text = plain(row["body"])
            for pattern in telling:
                self.assertNotRegex(text, pattern, row["id"])

    def test_every_cue_of_the_held_out_rows_is_seen_in_training(self) -> None:
        texts = [plain(row["body"]) for row, _ in of_split("train")]
        for name, cues in generate.CUES.items():
            for cue in cues:
                words = cue.rpartition(" | ")[2]
                self.assertTrue(words == "-" or any(said(words, text) for text in texts), f"{name}: {words}")

    def test_labels_are_decided_by_the_text_alone(self) -> None:
        for row, answer in USABLE:
            text = plain(row["body"])
            self.assertEqual(
                {answer["category"]}, decide(("category_verb", "category_noun"), text), row["id"]
            )
            self.assertEqual({answer["component"]}, decide(("component",), text), row["id"])
            self.assertEqual({answer["action"]}, decide(("action",), text), row["id"])
            self.assertEqual({answer["priority"]}, decide(("priority",), text) or {"normal"}, row["id"])
            self.assertEqual({answer["customer"]["tier"]}, decide(("tier",), text) or {"basic"}, row["id"])

    def test_values_to_copy_stand_in_the_text(self) -> None:
        for row, answer in USABLE:
            self.assertIn(answer["product"], row["body"], row["id"])
            self.assertIn(answer["customer"]["name"], row["body"], row["id"])
            if answer["order_id"]:
                self.assertIn(answer["order_id"].removeprefix("BW-"), row["body"], row["id"])
            else:
                self.assertNotRegex(
                    row["body"].lower(), r"order (number |no\. |id )?#?(bw)?[ -]?\d", row["id"]
                )


if __name__ == "__main__":
    unittest.main()
