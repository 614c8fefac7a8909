"""Turns facts into untidy running text: sentences, lists of lines, greetings, small talk, typing errors."""

from __future__ import annotations

from random import Random

import lexicon
from records import Domain, Fact, shuffled

LINKS = (", and ", "; ", ", ", ", also ", " and ", " - ")
BULLETS = ("- ", "* ", "", "", "• ")


def capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def sentences(rng: Random, clauses: list[str]) -> list[str]:
    """Joins clauses into sentences of one to three clauses."""
    result: list[str] = []
    index = 0
    while index < len(clauses):
        size = rng.choices((1, 2, 3), (60, 30, 10))[0]
        group = clauses[index : index + size]
        index += size
        text = group[0]
        for clause in group[1:]:
            text += rng.choice(LINKS) + clause
        result.append(text)
    return result


def slip(rng: Random, word: str) -> str:
    """One typing error in a longer lower-case word; other words stay as they are."""
    if len(word) < 5 or not word.isalpha() or not word.islower():
        return word
    at = rng.randint(1, len(word) - 2)
    return rng.choice(
        (
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
        )
    )


def with_typos(rng: Random, text: str, rate: float) -> str:
    return " ".join(slip(rng, word) if rng.random() < rate else word for word in text.split(" "))


def filled(pattern: str, facts: tuple[Fact, ...]) -> str:
    """Puts the values into joined clauses, in sequence. Values stay exact whatever happened to the words."""
    pieces = pattern.split("{v}")
    surfaces = [fact.surface for fact in facts if "{v}" in fact.pattern]
    return pieces[0] + "".join(surface + piece for surface, piece in zip(surfaces, pieces[1:]))


def paragraph(rng: Random, domain: Domain, facts: tuple[Fact, ...]) -> str:
    clauses = [fact.pattern for fact in facts]
    for _ in range(rng.choices((0, 1, 2, 4, 6), (45, 25, 15, 10, 5))[0]):
        clauses.insert(rng.randint(0, len(clauses)), lexicon.pick(rng, "small_talk"))
    if rng.random() < 0.45:
        clauses.insert(0, rng.choice(domain.openings))
    messy = rng.random()
    parts = sentences(rng, clauses)
    if messy < 0.1:
        text = ", ".join(parts)
    elif messy < 0.2:
        text = ". ".join(parts)
    else:
        end = "!" if messy > 0.96 else "."
        text = " ".join(
            capital(part) + (end if rng.random() < 0.9 else rng.choice(("!", "...", "."))) for part in parts
        )
    if rng.random() < 0.2:
        text = with_typos(rng, text, 0.1)
    return filled(text, facts)


def lines(rng: Random, facts: tuple[Fact, ...]) -> str:
    mark, sign = rng.choice(BULLETS), rng.choice((": ", ": ", " = ", " - ", ":\t"))
    style = rng.choice((str, capital, capital, str.upper, str.title))
    return "\n".join(f"{mark}{style(fact.words)}{sign}{fact.surface}" for fact in facts)


def letter(rng: Random, body: str) -> str:
    hello, bye = lexicon.pick(rng, "greetings"), lexicon.pick(rng, "farewells")
    gap = rng.choice(("\n", "\n\n", " "))
    if rng.random() < 0.6:
        hello = capital(hello)
    text = f"{hello}{rng.choice((',', '!', ''))}{gap}{body}" if rng.random() < 0.8 else body
    if rng.random() < 0.6:
        text += f"{gap}{capital(bye)}{rng.choice((',', ''))}{gap}{lexicon.first_name(rng)}"
    return text


def describe(rng: Random, domain: Domain, facts: tuple[Fact, ...]) -> str:
    """The facts as one text, in one of many layouts."""
    layout = rng.random()
    if not facts:
        return capital(rng.choice(domain.openings)) + ". " + capital(lexicon.pick(rng, "small_talk")) + "."
    if layout < 0.14:
        return lines(rng, facts)
    if layout < 0.24 and len(facts) > 2:
        cut = rng.randint(1, len(facts) - 1)
        halves = [paragraph(rng, domain, facts[:cut]), lines(rng, facts[cut:])]
        return "\n".join(shuffled(rng, halves))
    body = paragraph(rng, domain, facts)
    if rng.random() < 0.2:
        body = letter(rng, body)
    return body
