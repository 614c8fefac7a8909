"""Kinds of field values: what a text says, and what the JSON answer holds.

A kind is a function of a random source that returns a Value. The surface is what people write; the exact
form is what an answer copies word for word; the normal form is what an answer that tidies up holds. For many
kinds all three are the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any, Callable

import lexicon

MONTHS = ("January February March April May June July August September October November December").split()
CURRENCIES = (("EUR", "€"), ("USD", "$"), ("GBP", "£"), ("CHF", "CHF "), ("SEK", "SEK "))


@dataclass(frozen=True)
class Value:
    surface: str  # as the text writes it
    exact: Any  # the answer when it copies
    normal: Any  # the answer when it normalises
    schema: str  # JSON Schema type of the normal form
    rule: str = ""  # how to say the normalisation in an instruction; empty when there is none


def text(words: str) -> Value:
    return Value(words, words, words, "string")


def code(rng: Random) -> Value:
    letters = "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(rng.randint(1, 3)))
    digits = "".join(rng.choice("0123456789") for _ in range(rng.randint(2, 6)))
    tail = rng.choice("ABCDEFGHKLMNPRTVXZ")
    word = lexicon.invented(rng, 1, 2)
    return text(
        rng.choice(
            (
                f"{letters}-{digits}",
                f"{letters}{digits}",
                f"{letters}/{digits}",
                f"{digits}-{tail}",
                f"{digits}",
                f"{letters}-{digits}-{tail}",
                f"{word}-{digits[:3]}",
                f"#{digits}",
                f"{word[:3].upper()}.{digits}",
                f"20{rng.randint(10, 30)}-{digits[:4]}",
            )
        )
    )


def room_code(rng: Random) -> Value:
    return text(
        rng.choice(
            (
                f"{rng.randint(1, 12)}{rng.choice('abcdef')}",
                f"{rng.choice('ABCDEFGH')}{rng.randint(1, 40)}",
                str(rng.randint(1, 400)),
                f"{rng.choice('ABCD')}.{rng.randint(100, 499)}",
            )
        )
    )


def plate(rng: Random) -> Value:
    letters = "".join(rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(4))
    return text(
        rng.choice(
            (
                f"{letters[:2]} {rng.randint(10, 999)} {letters[2:]}",
                f"{letters[:3]}-{rng.randint(100, 9999)}",
                f"{letters[0]} {rng.randint(1000, 9999)}",
            )
        )
    )


def date(rng: Random) -> Value:
    year, month, day = rng.randint(1985, 2031), rng.randint(1, 12), rng.randint(1, 28)
    name = MONTHS[month - 1]
    suffix = "th" if 10 <= day <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    surface = rng.choice(
        (
            f"{day} {name} {year}",
            f"{name} {day}, {year}",
            f"{year}-{month:02}-{day:02}",
            f"{day:02}.{month:02}.{year}",
            f"{day} {name[:3]} {year}",
            f"{name} {day}{suffix}, {year}",
            f"the {day}{suffix} of {name} {year}",
            f"{year}/{month:02}/{day:02}",
        )
    )
    return Value(
        surface, surface.removeprefix("the "), f"{year}-{month:02}-{day:02}", "string", "as YYYY-MM-DD"
    )


def time(rng: Random) -> Value:
    hour, minute = rng.randint(0, 23), rng.choice((0, 0, 5, 10, 15, 20, 30, 30, 40, 45, 50))
    normal = f"{hour:02}:{minute:02}"
    half = f"{(hour - 1) % 12 + 1}:{minute:02} {'am' if hour < 12 else 'pm'}"
    surface = rng.choice((normal, normal, half, f"{hour:02}h{minute:02}"))
    return Value(surface, surface, normal, "string", "as HH:MM in 24 hours")


def email(rng: Random) -> Value:
    first, second = lexicon.invented(rng, 1, 2), lexicon.invented(rng, 1, 2)
    user = rng.choice(
        (
            f"{first}.{second}",
            f"{first}{rng.randint(1, 99)}",
            f"{first[0]}{second}",
            first,
            f"{first}_{second}",
        )
    )
    host = lexicon.invented(rng, 1, 2) + rng.choice(
        (".com", ".org", ".net", ".example", ".de", ".co.uk", ".io")
    )
    return text(f"{user}@{host}")


def phone(rng: Random) -> Value:
    def digits(count: int) -> str:
        return "".join(rng.choice("0123456789") for _ in range(count))

    return text(
        rng.choice(
            (
                f"0{digits(3)} {digits(6)}",
                f"+{rng.randint(1, 99)} {digits(3)} {digits(4)}",
                f"{digits(3)}-{digits(4)}",
                f"0{digits(2)}/{digits(5)}",
            )
        )
    )


def url(rng: Random) -> Value:
    host = lexicon.invented(rng, 1, 2) + rng.choice((".com", ".org", ".net", ".example"))
    return text(
        rng.choice(
            (f"www.{host}", f"https://{host}/{lexicon.invented(rng, 1, 1)}", f"{host}/{rng.randint(1, 999)}")
        )
    )


def integer(low: int, high: int) -> Callable[[Random], Value]:
    def make(rng: Random) -> Value:
        number = rng.randint(low, high)
        return Value(str(number), number, number, "integer")

    return make


def big_integer(rng: Random) -> Value:
    number = rng.randint(100, 90000)
    surface = f"{number:,}" if number > 999 and rng.random() < 0.4 else str(number)
    return Value(surface, number, number, "integer")


def decimal(rng: Random) -> Value:
    number = round(rng.uniform(1, 14), 1)
    return Value(f"{number}", number, number, "number")


def money(rng: Random) -> Value:
    name, sign = rng.choice(CURRENCIES)
    amount = rng.choice((rng.randint(1, 900), rng.randint(1, 60) * 50, round(rng.uniform(1, 300), 2)))
    shown = f"{amount:.2f}" if isinstance(amount, float) else str(amount)
    surface = rng.choice((f"{sign}{shown}", f"{shown} {name}"))
    number = float(shown) if isinstance(amount, float) else amount
    return Value(surface, surface, number, "number", "as a number without the currency")


def measured(
    units: tuple[str, ...], low: float, high: float, fractions: bool = True
) -> Callable[[Random], Value]:
    def make(rng: Random) -> Value:
        number: Any = rng.randint(int(low), int(high))
        if fractions and rng.random() < 0.3:
            number = round(rng.uniform(low, high), 1)
        surface = f"{number} {rng.choice(units)}"
        return Value(surface, surface, number, "number", "as a number without the unit")

    return make


def percent(rng: Random) -> Value:
    number = rng.randint(1, 99)
    surface = rng.choice((f"{number}%", f"{number} %", f"{number} percent"))
    return Value(surface, surface, number, "integer", "as a number without the percent sign")


def joined(rng: Random, parts: list[str]) -> str:
    if len(parts) == 1:
        return parts[0]
    last = rng.choice((" and ", " and ", ", ", " plus "))
    return ", ".join(parts[:-1]) + last + parts[-1]


def several(make: Callable[[Random], str], low: int, high: int) -> Callable[[Random], Value]:
    def build(rng: Random) -> Value:
        parts = list(dict.fromkeys(make(rng) for _ in range(rng.randint(low, high))))
        return Value(joined(rng, parts), parts, parts, "array")

    return build


def listed(name: str) -> Callable[[Random], Value]:
    return lambda rng: text(lexicon.pick(rng, name))


def address(rng: Random) -> Value:
    street = (
        lexicon.pick(rng, "streets")
        if rng.random() < 0.5
        else f"{lexicon.invented(rng, 1, 2).capitalize()} {rng.choice(('Street', 'Road', 'Lane', 'Way'))}"
    )
    return text(f"{rng.randint(1, 240)} {street}")


def noun_or_invented(rng: Random) -> str:
    return lexicon.pick(rng, "nouns") if rng.random() < 0.7 else lexicon.invented(rng, 1, 2)


def team(rng: Random) -> Value:
    return text(
        f"{lexicon.place(rng)} {rng.choice(('Rovers', 'City', 'United', 'Lions', 'Eagles', 'Bears', 'Athletic', 'Stars'))}"
    )


KINDS: dict[str, Callable[[Random], Value]] = {
    "person": lambda rng: text(lexicon.person(rng)),
    "firstname": lambda rng: text(lexicon.first_name(rng)),
    "place": lambda rng: text(lexicon.place(rng)),
    "title": lambda rng: text(lexicon.title(rng)),
    "brand": lambda rng: text(lexicon.brand(rng)),
    "model": lambda rng: text(lexicon.model(rng)),
    "team": team,
    "address": address,
    "code": code,
    "roomcode": room_code,
    "plate": plate,
    "date": date,
    "time": time,
    "email": email,
    "phone": phone,
    "url": url,
    "int": integer(2, 300),
    "small": integer(0, 20),
    "age": integer(1, 99),
    "five": integer(1, 5),
    "year": integer(900, 2020),
    "bigint": big_integer,
    "decimal": decimal,
    "money": money,
    "weight": measured(("kg", "kg", "g", "tons"), 1, 90),
    "length": measured(("cm", "cm", "m", "mm"), 2, 240),
    "minutes": measured(("minutes", "minutes", "hours", "days"), 2, 90, False),
    "distance": measured(("km", "miles", "m"), 1, 400),
    "degrees": measured(("degrees", "°C", "degrees"), -20, 90),
    "speed": measured(("km/h", "knots"), 1, 120, False),
    "area": measured(("square metres", "sqm"), 18, 400, False),
    "percent": percent,
    "color": listed("colors"),
    "material": listed("materials"),
    "language": listed("languages"),
    "weekday": listed("weekdays"),
    "job": listed("jobs"),
    "subject": listed("subjects"),
    "goods": listed("goods"),
    "part": listed("parts"),
    "phrase": listed("phrases"),
    "foods": several(lambda rng: lexicon.pick(rng, "foods"), 2, 4),
    "skills": several(lambda rng: lexicon.pick(rng, "skills"), 1, 3),
    "items": several(noun_or_invented, 1, 4),
    "people": several(lexicon.person, 2, 3),
}
