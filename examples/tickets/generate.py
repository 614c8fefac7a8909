#!/usr/bin/env python3
"""Writes tickets.csv: untidy support tickets of an invented maker of home-energy devices, with wanted answers.

Each field of an answer is decided by words in the ticket (source/cues.txt). The held-out rows (split "test")
use the same deciding words inside sentences (source/frames_test.txt), person names and product names
(source/names.txt) that no other row contains. The same seed gives the same bytes.

    python3 examples/tickets/generate.py                    # writes tickets.csv beside this file
    python3 examples/tickets/generate.py --seed 7 --out /tmp/other.csv
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from source_lists import COMPONENTS, CUES, NAMES, SOURCE, read_sections  # noqa: E402
from untidiness import Style, capital, fill, received, untidy, with_quoted_mail, written_order  # noqa: E402

SPLITS = {"train": 500, "validation": 300, "test": 400}
COLUMNS = ("id", "received", "channel", "subject", "body", "agent_notes", "answer", "split")

ACTIONS = {  # what people ask for, by category; repeated names are likelier
    "billing": ("refund", "refund", "call_back", "information"),
    "delivery": ("refund", "replace", "call_back", "information"),
    "defect": (
        "refund",
        "replace",
        "replace",
        "repair_visit",
        "repair_visit",
        "repair_visit",
        "call_back",
        "information",
    ),
    "setup": ("repair_visit", "repair_visit", "call_back", "information", "replace"),
    "account": ("call_back", "information"),
    "return": ("refund", "refund", "replace", "call_back"),
}
PRIORITIES = ("urgent",) * 22 + ("high",) * 26 + ("normal",) * 30 + ("low",) * 22
TIERS = ("basic",) * 40 + ("plus",) * 30 + ("business",) * 30
CHANNELS = ("email",) * 5 + ("web form",) * 3 + ("chat",) * 2 + ("phone transcript",)
NOTES = (
    "",
    "",
    "",
    "fwd by night shift",
    "see also older mail",
    "tel. ok",
    "dup?",
    "LANG: en",
    "attachment removed (2,1 MB)",
    "waiting since Monday",
    "sent to wrong queue first",
    "caller was friendly",
    "moved from old system",
)
BROKEN = (
    '{"category":"defect","component":"display panel","priority":',
    "",
    "see notes",
    '{"category":"other"}',
    "n/a",
    '{"prio":"hi","product":"?"}',
)


@dataclass
class Decks:
    """Draws from lists like from shuffled decks, so that every entry comes equally often."""

    rng: Random
    decks: dict[str, list[Any]] = field(default_factory=dict)

    def draw(self, name: str, entries: Iterable[Any]) -> Any:
        deck = self.decks.setdefault(name, [])
        if not deck:
            deck.extend(entries)
            self.rng.shuffle(deck)
        return deck.pop()


@dataclass(frozen=True)
class Ticket:
    channel: str
    subject: str
    body: str
    answer: dict[str, Any]


class Writer:
    """Writes the tickets of one side: training sentences and names, or held-out ones."""

    def __init__(self, rng: Random, side: str):
        self.rng, self.side = rng, side
        self.decks = Decks(rng)
        self.frames = read_sections(SOURCE / f"frames_{side}.txt")

    def cue(self, name: str, category: str) -> str:
        """A deciding phrase; "" where the label is the one that needs no words."""
        while True:
            scope, _, words = self.decks.draw(name, CUES[name]).rpartition(" | ")
            if not scope or category in scope.split(","):
                return "" if words == "-" else words

    def frame(self, name: str) -> str:
        return self.decks.draw(name, self.frames[name])

    def person(self) -> str:
        return f"{self.decks.draw('first', NAMES[f'first.{self.side}'])} {self.decks.draw('last', NAMES[f'last.{self.side}'])}"

    def product(self) -> str:
        start, end = (
            self.decks.draw(part, NAMES[f"product_{part}.{self.side}"]) for part in ("start", "end")
        )
        return f"{start}{end} {self.decks.draw('tail', NAMES['product_tail'])}"

    def answer(self) -> dict[str, Any]:
        rng = self.rng
        category = self.decks.draw("category", ACTIONS)
        order = f"BW-{rng.randint(10000, 99999)}" if rng.random() < 0.7 else None
        return {
            "category": category,
            "component": self.decks.draw("component", COMPONENTS),
            "priority": rng.choice(PRIORITIES),
            "product": self.product(),
            "order_id": order,
            "customer": {"name": self.person(), "tier": rng.choice(TIERS)},
            "action": rng.choice(ACTIONS[category]),
        }

    def core(self, answer: dict[str, Any]) -> list[str]:
        """One sentence, or two, that name product, part and category."""
        category = answer["category"]
        if self.rng.random() < 0.7:
            main = self.frame("core_verb").replace("{verb}", self.cue(f"category_verb.{category}", category))
            again = self.rng.random() < 0.25
        else:
            main, again = (
                self.frame("core_noun").replace("{noun}", self.cue(f"category_noun.{category}", category)),
                False,
            )
        parts = [main]
        if again:
            parts.append(
                self.frame("again").replace("{noun}", self.cue(f"category_noun.{category}", category))
            )
        if self.rng.random() < 0.6:
            parts.append(self.frame(f"detail.{category}"))
        return parts

    def sentences(self, answer: dict[str, Any], named: bool) -> list[str]:
        """All sentences between greeting and signature, still with places for the values to copy."""
        rng, category = self.rng, answer["category"]
        optional: list[str] = []
        priority = self.cue(f"priority.{answer['priority']}", category)
        tier = self.cue(f"tier.{answer['customer']['tier']}", category)
        if priority:
            optional.append(self.frame("priority").replace("{cue}", priority))
        if tier:
            optional.append(self.frame("tier").replace("{cue}", tier))
        if answer["order_id"]:
            optional.append(self.frame("order"))
        optional.append(
            self.frame("action").replace("{verb}", self.cue(f"action.{answer['action']}", category))
        )
        core = self.core(answer)
        length = rng.randint(38, 80)
        talk: list[str] = []
        while not talk and rng.random() < 0.6 or words_in(core + optional + talk) < length:
            talk.append(self.frame("talk"))
        rng.shuffle(optional)
        body = core + optional if rng.random() < 0.75 else optional[:1] + core + optional[1:]
        for sentence in talk:
            body.insert(rng.choice((0, rng.randint(1, len(body)), rng.randint(1, len(body)))), sentence)
        if named:
            body.insert(rng.choice((0, 0, len(body))), self.frame("name"))
        return body

    def ticket(self) -> Ticket:
        rng = self.rng
        answer = self.answer()
        channel = rng.choice(CHANNELS)
        signed = channel in ("email", "web form") and rng.random() < 0.75
        style = Style.choose(rng)
        component = self.cue(f"component.{answer['component']}", answer["category"])
        values = {
            "product": answer["product"],
            "name": answer["customer"]["name"],
            "component": component,
            "order": written_order(rng, answer["order_id"]),
        }
        body = style.joined(
            rng,
            [style.changed(rng, sentence, values) for sentence in self.sentences(answer, not signed)],
            channel,
        )
        if channel != "phone transcript" and rng.random() < 0.85:
            greeting = self.frame("greeting")
            body = f"{greeting.lower() if style.lower else greeting}{rng.choice((chr(10), chr(10) * 2, ' '))}{body}"
        if signed:
            body += f"\n\n{self.frame('signature')}\n{values['name']}" + rng.choice(
                ("", "", "", f"\nTel. 0{rng.randint(100, 999)} {rng.randint(10000, 99999)}")
            )
        if channel == "email" and rng.random() < 0.15:
            body = with_quoted_mail(rng, body)
        return Ticket(channel, capital(fill(self.frame("subject"), values)), untidy(rng, body), answer)


def words_in(sentences: list[str]) -> int:
    return sum(sentence.count(" ") + 1 for sentence in sentences)


def as_row(rng: Random, ticket: Ticket, split: str) -> dict[str, str]:
    return {
        "received": received(rng),
        "channel": ticket.channel,
        "subject": ticket.subject,
        "body": ticket.body,
        "agent_notes": rng.choice(NOTES),
        "answer": json.dumps(ticket.answer, ensure_ascii=False, separators=(",", ":")),
        "split": split,
    }


def make_rows(seed: int) -> list[dict[str, str]]:
    """Rows of all splits in a shuffled sequence, with a few repeated and a few broken rows outside the test split."""
    rng = Random(seed)
    writers = {side: Writer(rng, side) for side in ("train", "test")}
    rows: list[dict[str, str]] = []
    for split, count in SPLITS.items():
        rows += [
            as_row(rng, writers["test" if split == "test" else "train"].ticket(), split) for _ in range(count)
        ]
    training = [row for row in rows if row["split"] == "train"]
    rows += [dict(row) for row in rng.sample(training, 8)]
    rows += [{**as_row(rng, writers["train"].ticket(), "train"), "answer": broken} for broken in BROKEN]
    rng.shuffle(rows)
    return [{"id": f"T-{20000 + number}", **row} for number, row in enumerate(rows)]


def as_csv(rows: list[dict[str, str]]) -> bytes:
    """CSV the way a spreadsheet saves it: byte order mark, CRLF at row ends, quotes where needed."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def schema() -> dict[str, Any]:
    """The contract that answers must keep."""

    def labels(name: str) -> list[str]:
        return list(dict.fromkeys(key.split(".", 1)[1] for key in CUES if key.startswith(name + ".")))

    everyday = {
        word: term
        for term in COMPONENTS
        for word in CUES[f"component.{term}"]
        if not any(re.search(rf"\b{re.escape(word)}\b", other) for other in COMPONENTS)
    }
    text = {"type": "string", "minLength": 1}
    properties: dict[str, Any] = {
        "category": {"enum": labels("category_verb")},
        "component": {"enum": COMPONENTS},
        "priority": {"enum": labels("priority")},
        "product": text,
        "order_id": {"type": ["string", "null"], "pattern": "^BW-[0-9]{5}$"},
        "customer": {
            "type": "object",
            "properties": {"name": text, "tier": {"enum": labels("tier")}},
            "required": ["name", "tier"],
            "additionalProperties": False,
        },
        "action": {"enum": labels("action")},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Support ticket",
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        "x-glossary": {"preferred": COMPONENTS, "forbidden": everyday},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "tickets.csv")
    parser.add_argument("--schema", type=Path, default=Path(__file__).parent / "ticket.schema.json")
    options = parser.parse_args()
    rows = make_rows(options.seed)
    options.out.write_bytes(as_csv(rows))
    options.schema.write_text(json.dumps(schema(), indent=2) + "\n", encoding="utf-8")
    print(f"{len(rows)} rows in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
