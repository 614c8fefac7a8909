"""What makes tickets untidy: careless writers, mail programs, forms and exports."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from source_lists import DECIDING

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
QUOTED = (
    "Thank you for your message. We look into it and come back to you.",
    "Your request was received. Please do not answer this mail.",
    "Dear customer, we have seen your mail and pass it on.",
    "This mailbox is read on weekdays from 8 to 18.",
)


@dataclass(frozen=True)
class Style:
    """How carefully somebody writes."""

    lower: bool  # no capitals but in names
    typos: float  # share of longer words with a slip; deciding words are spared
    dots: bool  # sentences end with full stops
    html: bool  # the form left entities and tags behind

    @staticmethod
    def choose(rng: Random) -> Style:
        return Style(
            rng.random() < 0.1, rng.choice((0, 0, 0, 0.04, 0.08)), rng.random() > 0.08, rng.random() < 0.07
        )

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
        glue = [space if rng.random() < 0.8 else rng.choice(("\n", "\n\n", "  ")) for _ in sentences[1:]] + [
            ""
        ]
        text = "".join(sentence + gap for sentence, gap in zip(sentences, glue))
        return text.replace(" and ", " &amp; ", 1) if self.html else text


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def fill(pattern: str, values: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], pattern)


def slip(rng: Random, word: str) -> str:
    """A typing error in a longer word that decides nothing."""
    if len(word) < 5 or not word.isalpha() or not word.islower() or word in DECIDING:
        return word
    at = rng.randint(1, len(word) - 2)
    return rng.choice(
        (
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
        )
    )


def written_order(rng: Random, order: str | None) -> str:
    """An order number as people write it; answers always hold BW-12345."""
    digits = (order or "").removeprefix("BW-")
    return rng.choice(
        (f"BW-{digits}", f"BW-{digits}", f"bw-{digits}", f"BW{digits}", f"BW {digits}", f"#{digits}", digits)
    )


def with_quoted_mail(rng: Random, body: str) -> str:
    """The company's earlier mail below the new one."""
    return (
        f"{body}\n\n> On {rng.randint(1, 28)} {rng.choice(MONTHS)} Brightwell wrote:\n> {rng.choice(QUOTED)}"
    )


def untidy(rng: Random, body: str) -> str:
    """Stray blank lines, and the line ends of another system."""
    if rng.random() < 0.06:
        body = "\n" + body + "\n\n"
    return body.replace("\n", "\r\n") if rng.random() < 0.3 else body


def received(rng: Random) -> str:
    year, month, day, hour, minute = (
        2025,
        rng.randint(1, 12),
        rng.randint(1, 28),
        rng.randint(6, 22),
        rng.randint(0, 59),
    )
    return rng.choice(
        (
            f"{year}-{month:02}-{day:02} {hour:02}:{minute:02}",
            f"{day:02}/{month:02}/{year} {hour:02}:{minute:02}",
            f"{day} {MONTHS[month - 1]} {year}, {hour:02}:{minute:02}",
            f"{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:00Z",
        )
    )
