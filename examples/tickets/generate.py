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

SOURCE = Path(__file__).parent / "source"
SPLITS = {"train": 500, "validation": 300, "test": 400}
COLUMNS = ("id", "received", "channel", "subject", "body", "agent_notes", "answer", "split")

ACTIONS = {  # what people ask for, by category; repeated names are likelier
    "billing": ("refund", "refund", "call_back", "information"), "delivery": ("refund", "replace", "call_back", "information"),
    "defect": ("refund", "replace", "replace", "repair_visit", "repair_visit", "repair_visit", "call_back", "information"),
    "setup": ("repair_visit", "repair_visit", "call_back", "information", "replace"), "account": ("call_back", "information"),
    "return": ("refund", "refund", "replace", "call_back")}
PRIORITIES = ("urgent",) * 22 + ("high",) * 26 + ("normal",) * 30 + ("low",) * 22
TIERS = ("basic",) * 40 + ("plus",) * 30 + ("business",) * 30
CHANNELS = ("email",) * 5 + ("web form",) * 3 + ("chat",) * 2 + ("phone transcript",)
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
NOTES = ("", "", "", "fwd by night shift", "see also older mail", "tel. ok", "dup?", "LANG: en", "attachment removed (2,1 MB)", "waiting since Monday",
         "sent to wrong queue first", "caller was friendly", "moved from old system")
QUOTED = ("Thank you for your message. We look into it and come back to you.", "Your request was received. Please do not answer this mail.",
          "Dear customer, we have seen your mail and pass it on.", "This mailbox is read on weekdays from 8 to 18.")
BROKEN = ('{"category":"defect","component":"display panel","priority":', "", "see notes", '{"category":"other"}', "n/a", '{"prio":"hi","product":"?"}')


def read_sections(path: Path) -> dict[str, list[str]]:
    """"[name]" lines, then one entry a line; "#" lines and blank lines are skipped."""
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        line = line.strip()
        if line.startswith("["):
            current = sections.setdefault(line[1:-1], [])
        elif line and not line.startswith("#"):
            current.append(line)
    return sections


CUES = read_sections(SOURCE / "cues.txt")
NAMES = {name: [word.strip() for line in lines for word in line.split(",") if word.strip()]
         for name, lines in read_sections(SOURCE / "names.txt").items()}
COMPONENTS = [name.removeprefix("component.") for name in CUES if name.startswith("component.")]


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
        start, end = (self.decks.draw(part, NAMES[f"product_{part}.{self.side}"]) for part in ("start", "end"))
        return f"{start}{end} {self.decks.draw('tail', NAMES['product_tail'])}"

    def answer(self) -> dict[str, Any]:
        rng = self.rng
        category = self.decks.draw("category", ACTIONS)
        order = f"BW-{rng.randint(10000, 99999)}" if rng.random() < 0.7 else None
        return {"category": category, "component": self.decks.draw("component", COMPONENTS), "priority": rng.choice(PRIORITIES),
                "product": self.product(), "order_id": order, "customer": {"name": self.person(), "tier": rng.choice(TIERS)},
                "action": rng.choice(ACTIONS[category])}

    def core(self, answer: dict[str, Any]) -> list[str]:
        """One sentence, or two, that name product, part and category."""
        category = answer["category"]
        if self.rng.random() < 0.7:
            main = self.frame("core_verb").replace("{verb}", self.cue(f"category_verb.{category}", category))
            again = self.rng.random() < 0.25
        else:
            main, again = self.frame("core_noun").replace("{noun}", self.cue(f"category_noun.{category}", category)), False
        parts = [main]
        if again:
            parts.append(self.frame("again").replace("{noun}", self.cue(f"category_noun.{category}", category)))
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
        optional.append(self.frame("action").replace("{verb}", self.cue(f"action.{answer['action']}", category)))
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
        values = {"product": answer["product"], "name": answer["customer"]["name"], "component": component,
                  "order": written_order(rng, answer["order_id"])}
        body = style.joined(rng, [style.changed(rng, sentence, values) for sentence in self.sentences(answer, not signed)], channel)
        if channel != "phone transcript" and rng.random() < 0.85:
            greeting = self.frame("greeting")
            body = f"{greeting.lower() if style.lower else greeting}{rng.choice((chr(10), chr(10) * 2, ' '))}{body}"
        if signed:
            body += f"\n\n{self.frame('signature')}\n{values['name']}" + rng.choice(("", "", "", f"\nTel. 0{rng.randint(100, 999)} {rng.randint(10000, 99999)}"))
        if channel == "email" and rng.random() < 0.15:
            body += f"\n\n> On {rng.randint(1, 28)} {rng.choice(MONTHS)} Brightwell wrote:\n> {rng.choice(QUOTED)}"
        return Ticket(channel, capital(fill(self.frame("subject"), values)), untidy(rng, body), answer)


@dataclass(frozen=True)
class Style:
    """How carefully somebody writes."""

    lower: bool       # no capitals but in names
    typos: float      # share of longer words with a slip; deciding words are spared
    dots: bool        # sentences end with full stops
    html: bool        # the form left entities and tags behind

    @staticmethod
    def choose(rng: Random) -> Style:
        return Style(rng.random() < 0.1, rng.choice((0, 0, 0, 0.04, 0.08)), rng.random() > 0.08, rng.random() < 0.07)

    def changed(self, rng: Random, sentence: str, values: dict[str, str]) -> str:
        words = sentence.split(" ")
        text = " ".join(slip(rng, word) if rng.random() < self.typos else word for word in words)
        text = text.lower() if self.lower else capital(text)
        return fill(text if self.dots else text.rstrip("."), values)

    def joined(self, rng: Random, sentences: list[str], channel: str) -> str:
        if channel == "phone transcript":
            return "\n".join(f"{rng.choice(('Caller', 'caller', 'C'))}: {sentence}" for sentence in sentences)
        if channel == "chat":
            return "\n".join(sentences)
        space = "<br>" if self.html and rng.random() < 0.5 else "&nbsp; " if self.html else " "
        glue = [space if rng.random() < 0.8 else rng.choice(("\n", "\n\n", "  ")) for _ in sentences[1:]] + [""]
        text = "".join(sentence + gap for sentence, gap in zip(sentences, glue))
        return text.replace(" and ", " &amp; ", 1) if self.html else text


DECIDING = {word for lines in CUES.values() for line in lines for word in line.rpartition(" | ")[2].split()}


def words_in(sentences: list[str]) -> int:
    return sum(sentence.count(" ") + 1 for sentence in sentences)


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def fill(pattern: str, values: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], pattern)


def slip(rng: Random, word: str) -> str:
    """A typing error in a longer word that decides nothing."""
    if len(word) < 5 or not word.isalpha() or not word.islower() or word in DECIDING:
        return word
    at = rng.randint(1, len(word) - 2)
    return rng.choice((word[:at] + word[at + 1] + word[at] + word[at + 2:], word[:at] + word[at + 1:], word[:at] + word[at] + word[at:]))


def written_order(rng: Random, order: str | None) -> str:
    """An order number as people write it; answers always hold BW-12345."""
    digits = (order or "").removeprefix("BW-")
    return rng.choice((f"BW-{digits}", f"BW-{digits}", f"bw-{digits}", f"BW{digits}", f"BW {digits}", f"#{digits}", digits))


def untidy(rng: Random, body: str) -> str:
    """Stray blank lines, and the line ends of another system."""
    if rng.random() < 0.06:
        body = "\n" + body + "\n\n"
    return body.replace("\n", "\r\n") if rng.random() < 0.3 else body


def received(rng: Random) -> str:
    year, month, day, hour, minute = 2025, rng.randint(1, 12), rng.randint(1, 28), rng.randint(6, 22), rng.randint(0, 59)
    return rng.choice((f"{year}-{month:02}-{day:02} {hour:02}:{minute:02}", f"{day:02}/{month:02}/{year} {hour:02}:{minute:02}",
                       f"{day} {MONTHS[month - 1]} {year}, {hour:02}:{minute:02}", f"{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:00Z"))


def as_row(rng: Random, ticket: Ticket, split: str) -> dict[str, str]:
    return {"received": received(rng), "channel": ticket.channel, "subject": ticket.subject, "body": ticket.body, "agent_notes": rng.choice(NOTES),
            "answer": json.dumps(ticket.answer, ensure_ascii=False, separators=(",", ":")), "split": split}


def make_rows(seed: int) -> list[dict[str, str]]:
    """Rows of all splits in a shuffled sequence, with a few repeated and a few broken rows outside the test split."""
    rng = Random(seed)
    writers = {side: Writer(rng, side) for side in ("train", "test")}
    rows: list[dict[str, str]] = []
    for split, count in SPLITS.items():
        rows += [as_row(rng, writers["test" if split == "test" else "train"].ticket(), split) for _ in range(count)]
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
    everyday = {word: term for term in COMPONENTS for word in CUES[f"component.{term}"]
                if not any(re.search(rf"\b{re.escape(word)}\b", other) for other in COMPONENTS)}
    text = {"type": "string", "minLength": 1}
    properties: dict[str, Any] = {
        "category": {"enum": labels("category_verb")}, "component": {"enum": COMPONENTS}, "priority": {"enum": labels("priority")},
        "product": text, "order_id": {"type": ["string", "null"], "pattern": "^BW-[0-9]{5}$"},
        "customer": {"type": "object", "properties": {"name": text, "tier": {"enum": labels("tier")}}, "required": ["name", "tier"], "additionalProperties": False},
        "action": {"enum": labels("action")}}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Support ticket", "type": "object", "properties": properties,
            "required": list(properties), "additionalProperties": False, "x-glossary": {"preferred": COMPONENTS, "forbidden": everyday}}


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
