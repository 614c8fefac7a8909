"""The tasks that the base model learns from are varied and reproducible, and know nothing of the demo."""

from __future__ import annotations

import itertools
import json
import re
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "tools" / "corpus"
sys.path.insert(0, str(CORPUS))

import corpus  # noqa: E402
import tasks  # noqa: E402

SAMPLE = list(itertools.islice(tasks.rows(5), 4000))
# Words of customer support and of the demo's labels and glossary. Invented words may hold them inside, so whole words only.
DEMO_WORDS = (
    "tickets?",
    "complaints?",
    "complain(ed|ing)?",
    "customers?",
    "refund(s|ed)?",
    "reimburse(d|ment)?",
    "replacement",
    "helpdesk",
    "help desk",
    "support",
    "order",
    "orders",
    "ordered",
    "order_id",
    "products?",
    "deliver(y|ed)",
    "courier",
    "invoices?",
    "billing",
    "warranty",
    "defect",
    "firmware",
    "thermostat",
    "brightwell",
    "control unit",
    "display panel",
    "power supply",
    "temperature probe",
    "radio module",
    "storage cell",
    "mounting bracket",
    "circulation pump",
    "touchscreen",
    "charger",
    "adapter",
    "wifi",
    "battery",
    "accumulator",
    "repair_visit",
    "call_back",
    "priority",
    "tier",
)
DEMO = re.compile(r"(?i)(?<![a-z])(" + "|".join(DEMO_WORDS) + r")(?![a-z])")


def json_answers(rows: list[str]) -> list[object]:
    answers = []
    for row in rows:
        for message in json.loads(row)["messages"]:
            if message["role"] == "assistant" and message["content"][:2] in ('{"', "[{", '["'):
                answers.append(message["content"])
    return answers


class BaseCorpusTest(unittest.TestCase):
    def test_the_domain_of_the_demo_does_not_occur(self) -> None:
        for row in SAMPLE:
            self.assertIsNone(DEMO.search(row), row[:400])

    def test_the_word_lists_do_not_name_the_domain_of_the_demo(self) -> None:
        for path in sorted((CORPUS / "data").glob("*.txt")):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                self.assertIsNone(DEMO.search(line), f"{path.name}:{number}: {line}")

    def test_no_key_set_equals_that_of_the_demo(self) -> None:
        contract = json.loads(
            (ROOT / "examples" / "tickets" / "ticket.schema.json").read_text(encoding="utf-8")
        )
        wanted = set(contract["properties"])
        for answer in json_answers(SAMPLE):
            value = json.loads(answer)
            if isinstance(value, dict):
                self.assertLess(len(wanted & set(value)), 4, answer)

    def test_the_same_seed_gives_the_same_rows(self) -> None:
        self.assertEqual(SAMPLE[:300], list(itertools.islice(tasks.rows(5), 300)))

    def test_another_seed_gives_other_rows(self) -> None:
        self.assertEqual(set(), set(SAMPLE) & set(itertools.islice(tasks.rows(6), 300)))

    def test_every_row_is_a_conversation_that_ends_with_the_assistant(self) -> None:
        for row in SAMPLE:
            messages = json.loads(row)["messages"]
            roles = [message["role"] for message in messages]
            start = roles[0] == "system"
            self.assertEqual(roles[start:], ["user", "assistant"] * ((len(roles) - start) // 2), row)
            self.assertTrue(all(message["content"] for message in messages), row)

    def test_json_answers_are_compact_and_valid(self) -> None:
        answers = json_answers(SAMPLE)
        self.assertGreater(len(answers), 2000)
        for answer in answers:
            self.assertEqual(
                answer, json.dumps(json.loads(answer), ensure_ascii=False, separators=(",", ":"))
            )

    def test_no_row_is_longer_than_the_limit(self) -> None:
        for row in SAMPLE:
            self.assertLessEqual(
                sum(len(message["content"]) for message in json.loads(row)["messages"]), tasks.LONGEST_ROW
            )

    def test_prose_chunks_are_clean_and_of_middling_length(self) -> None:
        sentence = (
            "The old miller walked down to the river and looked at the wheel that turned in the cold water. "
        )
        book = (
            "# Title: Mills\n\n### CHAPTER I\n\n"
            + "\n\n".join(sentence * 4 for _ in range(12))
            + "\n\nProject Gutenberg licence text follows here and must go away now."
        )
        chunks = list(corpus.chunks(book))
        self.assertTrue(chunks)
        for chunk in chunks:
            self.assertNotRegex(chunk, r"#|Gutenberg|CHAPTER")
            self.assertTrue(corpus.FEWEST_WORDS <= len(chunk.split()) <= corpus.MOST_WORDS + 10)


if __name__ == "__main__":
    unittest.main()
