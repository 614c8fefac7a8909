"""Word lists and invented words.

Invented words (syllables put together) fill most names, codes and titles, so that a model learns to copy
what stands in front of it and not to recall what it has seen before.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

DATA = Path(__file__).parent / "data"

ONSETS = (
    "b c d f g h j k l m n p r s t v w y z bl br cr dr fl fr gl gr kl kr pl pr sk sl sn sp st str sw th tr "
    "tw vr zh qu"
).split()
VOWELS = "a e i o u a e i o ai au ea ee ei ia ie io oa oo ou ue".split()
CODAS = (
    "",
    "",
    "",
    "",
    "b",
    "ck",
    "d",
    "ft",
    "g",
    "k",
    "l",
    "ld",
    "lm",
    "m",
    "n",
    "nd",
    "ng",
    "nt",
    "p",
    "r",
    "rd",
    "rk",
    "rn",
    "rt",
    "s",
    "sk",
    "st",
    "t",
    "th",
    "v",
    "x",
    "z",
)


def read_lists(path: Path = DATA / "words.txt") -> dict[str, list[str]]:
    """The named lists of a word file: "[name]" lines, then words parted by commas or line ends."""
    lists: dict[str, list[str]] = {}
    current: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            current = lists.setdefault(line.strip("[]"), [])
        else:
            current.extend(word.strip() for word in line.split(",") if word.strip())
    return lists


WORDS = read_lists()


def pick(rng: Random, name: str) -> str:
    return rng.choice(WORDS[name])


def invented(rng: Random, low: int = 1, high: int = 3) -> str:
    """A pronounceable word that no list holds, in lower case."""
    syllables = rng.randint(low, high)
    parts = [
        rng.choice(ONSETS)
        + rng.choice(VOWELS)
        + (rng.choice(CODAS) if i == syllables - 1 or rng.random() < 0.2 else "")
        for i in range(syllables)
    ]
    return "".join(parts)


def first_name(rng: Random) -> str:
    return pick(rng, "first_names") if rng.random() < 0.4 else invented(rng, 1, 2).capitalize()


def person(rng: Random) -> str:
    last = pick(rng, "last_names") if rng.random() < 0.35 else invented(rng, 1, 3).capitalize()
    roll = rng.random()
    if roll < 0.06:
        return f"{rng.choice('ABCDEFGHJKLMNPRSTVW')}. {last}"
    if roll < 0.12:
        return f"{rng.choice(('Dr.', 'Mrs', 'Mr', 'Ms', 'Prof.'))} {last}"
    if roll < 0.17:
        return f"{first_name(rng)} {last}-{invented(rng, 1, 2).capitalize()}"
    if roll < 0.21:
        return f"{first_name(rng)} {rng.choice(('van', 'de', 'von', 'al', 'da'))} {last}"
    return f"{first_name(rng)} {last}"


def place(rng: Random) -> str:
    roll = rng.random()
    if roll < 0.3:
        return pick(rng, "cities")
    if roll < 0.55:
        return invented(rng, 1, 2).capitalize() + rng.choice(
            ("ton", "burg", "ville", "ford", "ham", "dorf", "by", "mouth", "field")
        )
    if roll < 0.7:
        return f"{rng.choice(('Port', 'New', 'Upper', 'Saint', 'Lake', 'Fort', 'East', 'Old'))} {invented(rng, 1, 2).capitalize()}"
    return invented(rng, 2, 3).capitalize()


def title(rng: Random) -> str:
    """A name for a work, dish, ship, plant ...: listed words, invented words, or both."""
    roll = rng.random()
    if roll < 0.2:
        return f"The {pick(rng, 'adjectives').capitalize()} {pick(rng, 'nouns').capitalize()}"
    if roll < 0.35:
        return f"{pick(rng, 'adjectives').capitalize()} {pick(rng, 'nouns').capitalize()}"
    if roll < 0.45:
        return f"{pick(rng, 'nouns').capitalize()} of {invented(rng, 1, 3).capitalize()}"
    if roll < 0.6:
        return f"{invented(rng, 1, 3).capitalize()} {pick(rng, 'nouns').capitalize()}"
    if roll < 0.7:
        return f"{pick(rng, 'nouns')} and {pick(rng, 'nouns')}"
    if roll < 0.85:
        return f"{invented(rng, 1, 3).capitalize()} {invented(rng, 1, 2).capitalize()}"
    return invented(rng, 2, 3).capitalize()


def brand(rng: Random) -> str:
    core = invented(rng, 1, 3).capitalize()
    roll = rng.random()
    if roll < 0.25:
        return (
            f"{core} {rng.choice(('Works', 'Group', 'Sons', 'Brothers', 'House', 'Union', 'Mills', 'Labs'))}"
        )
    if roll < 0.35:
        return f"{core} & {invented(rng, 1, 2).capitalize()}"
    if roll < 0.45:
        return core.upper() if len(core) < 6 else core
    return core


def model(rng: Random) -> str:
    core = invented(rng, 1, 3).capitalize()
    roll = rng.random()
    if roll < 0.3:
        return f"{core} {rng.randint(1, 9)}{rng.choice(('', '0', '00', '50', '000'))}"
    if roll < 0.5:
        return f"{core} {rng.choice('ABCDEFGHKLMNPRSTVXZ')}{rng.randint(1, 99)}"
    if roll < 0.7:
        return f"{core} {rng.choice(('Pro', 'Mini', 'Max', 'Plus', 'One', 'Air', 'Duo', 'Classic', 'XL', 'Light'))}"
    if roll < 0.85:
        return f"{core} {invented(rng, 1, 2).capitalize()}"
    return core
