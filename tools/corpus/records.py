"""Domains, fields and invented records.

A Domain is a kind of record (a recipe, a flight log). A Spec says which fields an answer must have, under
which keys and in which form; a Record is one invented instance: the sentences that state its facts and
the answer that the Spec wants for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import lexicon
import values
from values import Value

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Field:
    keys: tuple[str, ...]
    kind: str  # a key of values.KINDS, "bool" or "enum"
    clauses: tuple[str, ...] = ()
    labels: dict[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # enum: label to the clauses that decide for it
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    words: dict[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # glossary: term to the everyday words for it


@dataclass(frozen=True)
class Domain:
    names: tuple[str, ...]
    openings: tuple[str, ...]
    fields: tuple[Field, ...]


def split(words: str, mark: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in words.split(mark) if part.strip())


def parse_field(line: str) -> Field:
    keys, kind, *clauses = (part.strip() for part in line.split("::"))
    if kind.startswith("bool "):
        yes, no = kind.removeprefix("bool ").split("|")
        return Field(split(keys, ","), "bool", yes=split(yes, ","), no=split(no, ","))
    return Field(split(keys, ","), kind, split(clauses[0], ";") if clauses else ())


def content_lines(name: str) -> list[str]:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("# ")]


def read_domains() -> list[Domain]:
    domains: list[Domain] = []
    fields: list[Field] = []
    for line in content_lines("domains.txt"):
        if line.startswith("##"):
            names, openings = line[2:].split("|")
            fields = []
            domains.append(Domain(split(names, ","), split(openings, ";"), ()))
        elif line.startswith("="):
            label, clauses = line[1:].split("::")
            fields[-1].labels[label.strip()] = split(clauses, ";")
        else:
            fields.append(parse_field(line))
            last = domains[-1]
            domains[-1] = Domain(last.names, last.openings, last.fields + (fields[-1],))
    return domains


DOMAINS = read_domains()
COMMON_FIELDS = [parse_field(line) for line in content_lines("fields.txt")]
PLAIN_KINDS = (
    "person",
    "place",
    "title",
    "brand",
    "model",
    "code",
    "date",
    "int",
    "email",
    "time",
    "money",
    "weight",
)


@dataclass(frozen=True)
class Wanted:
    """One key of the answer."""

    field: Field
    key: str
    normal: bool  # tidy the value up (dates, numbers), or copy it as written
    labels: dict[str, str]  # enum: label to the spelling that the answer uses, in the listed sequence
    nullable: bool
    parent: str = ""  # the key of the nested object that holds it, or empty

    def answer(self, value: Value | None) -> Any:
        if value is None:
            return None
        return value.normal if self.normal else value.exact

    def rule(self) -> str:
        return (
            values.KINDS[self.field.kind](Random(0)).rule
            if self.normal and self.field.kind in values.KINDS
            else ""
        )


@dataclass(frozen=True)
class Spec:
    domain: Domain
    wanted: tuple[Wanted, ...]
    extra: tuple[Field, ...]  # fields that texts mention although nobody asks for them


@dataclass(frozen=True)
class Fact:
    words: str  # the key as words, for "words: value" lines
    surface: str  # the value as written
    pattern: str  # the fact as a clause; {v} stands for the surface


@dataclass(frozen=True)
class Record:
    facts: tuple[Fact, ...]
    answer: dict[str, Any]


def key_words(key: str) -> str:
    return key.replace("_", " ")


def styled(key: str, style: str) -> str:
    parts = key.split("_")
    if style == "camel":
        return parts[0] + "".join(part.capitalize() for part in parts[1:])
    if style == "upper":
        return key.upper()
    if style == "title":
        return " ".join(part.capitalize() for part in parts)
    if style == "dash":
        return "-".join(parts)
    return key


def invented_field(rng: Random) -> Field:
    """A field that no list holds: a two-word key and a plain kind."""
    first = lexicon.pick(rng, "key_words") if rng.random() < 0.6 else lexicon.invented(rng, 1, 2)
    key = first if rng.random() < 0.2 else f"{first}_{lexicon.pick(rng, 'key_suffixes')}"
    words = key_words(key)
    clauses = (
        f"the {words} is {{v}}",
        f"{words}: {{v}}",
        f"with {words} {{v}}",
        f"{{v}} is the {words}",
        f"for the {words} take {{v}}",
    )
    return Field((key,), rng.choice(PLAIN_KINDS), clauses)


SYNONYMS = [split(line, ",") for line in content_lines("synonyms.txt")]
GLOSSARY_KEYS = (
    "term",
    "subject_matter",
    "thing",
    "about_what",
    "concept",
    "our_term",
    "element",
    "item_class",
)
GLOSSARY_CLAUSES = (
    "it is about the {w}",
    "the {w} came up",
    "there was a {w} in it",
    "we looked at the {w}",
    "first the {w}, then the rest",
    "all because of the {w}",
    "the {w} matters most",
    "they asked about the {w}",
    "something with the {w}",
    "I mean the {w}",
)


def term_groups(rng: Random, count: int) -> dict[str, tuple[str, ...]]:
    """Preferred terms with the everyday words they stand for; some terms are invented."""
    groups = rng.sample(SYNONYMS, count)
    return {
        (
            lexicon.invented(rng, 2, 3)
            if rng.random() < 0.3
            else group[0].replace(" ", rng.choice((" ", " ", "_")))
        ): group[1:]
        for group in groups
    }


def glossary_field(rng: Random) -> Field:
    """A field whose value is a term that the prompt defines by everyday words."""
    words = term_groups(rng, rng.randint(2, 5))
    labels = {
        term: tuple(rng.choice(GLOSSARY_CLAUSES).format(w=word) for word in synonyms)
        for term, synonyms in words.items()
    }
    return Field(GLOSSARY_KEYS, "enum", labels=labels, words=words)


def spelled(rng: Random, labels: list[str]) -> dict[str, str]:
    style = rng.choices(("plain", "upper", "title", "dash", "words"), (60, 14, 10, 6, 10))[0]
    change = {
        "plain": str,
        "upper": str.upper,
        "title": str.capitalize,
        "dash": lambda s: s.replace("_", "-"),
        "words": lambda s: s.replace("_", " "),
    }[style]
    return {label: change(label) for label in labels}


def shuffled(rng: Random, items: Any) -> list[Any]:
    items = list(items)
    rng.shuffle(items)
    return items


def wanted(rng: Random, chosen: Field, style: str, taken: set[str], null_rate: float) -> Wanted | None:
    keys = [key for key in chosen.keys if styled(key, style) not in taken]
    if not keys:
        return None
    key = styled(rng.choice(keys), style)
    taken.add(key)
    labels: dict[str, str] = {}
    if chosen.kind == "enum":
        names = shuffled(rng, chosen.labels)
        shown = names[: rng.randint(2, len(names))] if rng.random() < 0.3 else names
        labels = {name: name for name in shown} if chosen.words else spelled(rng, shown)
    return Wanted(chosen, key, rng.random() < 0.65, labels, rng.random() < null_rate)


def nested(rng: Random, keys: list[Wanted], taken: set[str]) -> list[Wanted]:
    """Puts two to four neighbouring keys into an object of their own."""
    size = rng.randint(2, min(4, len(keys) - 1))
    start = rng.randint(0, len(keys) - size)
    names = [
        name
        for name in ("details", "info", "data", "who", "place", "meta", "about", "values", "entry", "part")
        if name not in taken
    ]
    parent = rng.choice(names)
    return [
        Wanted(w.field, w.key, w.normal, w.labels, w.nullable, parent) if start <= i < start + size else w
        for i, w in enumerate(keys)
    ]


def sample_spec(
    rng: Random, low: int = 2, high: int = 7, null_rate: float = 0.15, nest_rate: float = 0.25
) -> Spec:
    domain = rng.choice(DOMAINS)
    pool = (
        shuffled(rng, domain.fields)
        + rng.sample(COMMON_FIELDS, 4)
        + [invented_field(rng) for _ in range(2)]
        + [glossary_field(rng)]
    )
    weights = [3] * len(domain.fields) + [1.5] * 4 + [1] * 3
    ranked = sorted(zip(pool, weights), key=lambda pair: rng.random() ** (1 / pair[1]), reverse=True)
    style = rng.choices(("snake", "camel", "upper", "title", "dash"), (70, 14, 5, 7, 4))[0]
    count, taken, keys = rng.randint(low, high), set[str](), list[Wanted]()
    rest: list[Field] = []
    for candidate, _ in ranked:
        chosen = wanted(rng, candidate, style, taken, null_rate) if len(keys) < count else None
        (keys.append(chosen) if chosen else rest.append(candidate))
    if len(keys) >= 3 and rng.random() < nest_rate:
        keys = nested(rng, keys, taken)
    used = {w.field.kind for w in keys}
    quiet = [f for f in rest if f.kind not in used or rng.random() < 0.15]
    return Spec(domain, tuple(keys), tuple(quiet[: rng.choice((0, 0, 1, 2))]))


def state(rng: Random, stated: Field, words: str, labels: list[str] | None = None) -> tuple[Value, Fact]:
    """Draws a value for a field and puts it into a clause."""
    if stated.kind == "bool":
        truth = rng.random() < 0.5
        clause = rng.choice(stated.yes if truth else stated.no)
        return Value(clause, truth, truth, "boolean"), Fact(words, "yes" if truth else "no", clause)
    if stated.kind == "enum":
        label = rng.choice(labels or list(stated.labels))
        plain = key_words(label)
        clause = (
            rng.choice(stated.labels[label])
            if stated.words or rng.random() < 0.75
            else f"the {words} is {plain}"
        )
        return Value(clause, label, label, "string"), Fact(words, plain, clause)
    value = values.KINDS[stated.kind](rng)
    clauses = (
        stated.clauses if rng.random() < 0.85 else ("the {words} is {v}", "{words}: {v}", "{words} = {v}")
    )
    return value, Fact(words, value.surface, rng.choice(clauses).replace("{words}", words))


def plain_words(key: str) -> str:
    """A key in any style as lower-case words."""
    spaced = "".join(f" {c}" if c.isupper() and not key.isupper() else c for c in key)
    return " ".join(spaced.replace("_", " ").replace("-", " ").lower().split())


def sample_record(rng: Random, spec: Spec) -> Record:
    facts: list[Fact] = []
    answer: dict[str, Any] = {}
    for want in spec.wanted:
        value: Value | None = None
        if not (want.nullable and rng.random() < 0.5):
            value, fact = state(rng, want.field, plain_words(want.key), list(want.labels) or None)
            facts.append(fact)
        given = want.answer(value)
        given = want.labels[given] if want.labels and given is not None else given
        (answer.setdefault(want.parent, {}) if want.parent else answer)[want.key] = given
    facts += [state(rng, extra, key_words(rng.choice(extra.keys)))[1] for extra in spec.extra]
    return Record(tuple(shuffled(rng, facts)), answer)
