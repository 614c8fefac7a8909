"""Short exercises in exact copying, looking up and reshaping: the reflexes that longer tasks are made of."""

from __future__ import annotations

from random import Random
from typing import Any

import lexicon
import values
from extraction import Messages, ask, assistant, user
from instructions import compact
from records import key_words, plain_words, sample_record, sample_spec, shuffled, styled

SPANS = (
    "person",
    "place",
    "title",
    "brand",
    "model",
    "code",
    "email",
    "phone",
    "date",
    "address",
    "plate",
    "url",
    "team",
)


def span(rng: Random) -> str:
    return values.KINDS[rng.choice(SPANS)](rng).surface


def random_key(rng: Random) -> str:
    first = lexicon.pick(rng, "key_words") if rng.random() < 0.5 else lexicon.invented(rng, 1, 2)
    return first if rng.random() < 0.4 else f"{first}_{lexicon.pick(rng, 'key_suffixes')}"


def pairs(rng: Random, low: int, high: int) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for _ in range(rng.randint(low, high)):
        result[random_key(rng)] = (
            span(rng)
            if rng.random() < 0.8
            else rng.choice((rng.randint(0, 999), rng.random() < 0.5, round(rng.uniform(0, 50), 1)))
        )
    return result


def shown(value: Any) -> str:
    return value if isinstance(value, str) else compact(value)


def repeat(rng: Random) -> Messages:
    text = rng.choice(
        (
            span(rng),
            f"{span(rng)}, {span(rng)}",
            " ".join(lexicon.invented(rng) for _ in range(rng.randint(2, 6))),
            f"{lexicon.pick(rng, 'small_talk')} {lexicon.invented(rng)} {lexicon.pick(rng, 'phrases')}",
        )
    )
    style = rng.choice(
        (
            "Repeat: {t}",
            "Say exactly this: {t}",
            "Copy this text.\n{t}",
            "{t}\n\nCopy the line above.",
            'Echo "{t}"',
            "Write {t} as it is.",
        )
    )
    answer = text
    if rng.random() < 0.3:
        key = random_key(rng)
        return [
            user(style.format(t=text) + f" Put it in JSON under {key}."),
            assistant(compact({key: answer})),
        ]
    return [user(style.format(t=text)), assistant(answer)]


def look_up(rng: Random) -> Messages:
    """Which value belongs to which key."""
    table = pairs(rng, 3, 8)
    sign = rng.choice((": ", " = ", " -> ", " is "))
    rows = rng.choice(("\n", "\n", "; ")).join(f"{key}{sign}{shown(value)}" for key, value in table.items())
    messages: Messages = []
    for i in range(rng.randint(1, 3)):
        key = rng.choice(list(table))
        question = rng.choice(
            ("{k}?", "What is {k}?", "Give the value of {k}.", "Look up {k}.", "Which value has {k}?")
        ).format(k=key)
        messages += [user(f"{rows}\n\n{question}" if i == 0 else question), assistant(shown(table[key]))]
    return messages


def reverse_look_up(rng: Random) -> Messages:
    table = {key: value for key, value in pairs(rng, 3, 6).items() if isinstance(value, str)}
    if not table:
        return look_up(rng)
    key = rng.choice(list(table))
    rows = "\n".join(f"{k}: {v}" for k, v in table.items())
    return [
        user(
            f"{rows}\n\n"
            + rng.choice(("Which key holds {v}?", "Where does {v} stand?", "Key of {v}?")).format(
                v=table[key]
            )
        ),
        assistant(key),
    ]


def lines_to_json(rng: Random) -> Messages:
    table = pairs(rng, 2, 6)
    sign = rng.choice((": ", " = ", "\t", " - "))
    words = rng.random() < 0.5
    rows = "\n".join(f"{key_words(k).capitalize() if words else k}{sign}{shown(v)}" for k, v in table.items())
    rules = rng.choice(("Write as JSON.", "To JSON.", "Make a JSON object.", "Convert to JSON.")) + (
        " Keys in snake_case." if words else ""
    )
    return ask(rng, rules, rows) + [assistant(compact(table))]


def json_to_lines(rng: Random) -> Messages:
    table = pairs(rng, 2, 6)
    sign = rng.choice((": ", " = ", " -> "))
    rules = rng.choice(
        (
            "One line a key, like 'key{s}value'.",
            "List it as key{s}value.",
            "As lines of the form key{s}value.",
        )
    ).format(s=sign)
    return ask(rng, rules, compact(table)) + [
        assistant("\n".join(f"{k}{sign}{shown(v)}" for k, v in table.items()))
    ]


def row_to_json(rng: Random) -> Messages:
    """A header and one row of a table."""
    table = pairs(rng, 2, 6)
    mark = rng.choice((";", "|", "\t", " | "))
    text = mark.join(table) + "\n" + mark.join(shown(v) for v in table.values())
    return ask(
        rng,
        rng.choice(("Table row to JSON.", "Make a JSON object from header and row.", "JSON please.")),
        text,
    ) + [assistant(compact(table))]


def edit_json(rng: Random) -> Messages:
    """Keep, drop, rename or change keys of an object."""
    table = pairs(rng, 3, 6)
    keys = list(table)
    style = rng.randrange(5)
    key = rng.choice(keys)
    if style == 0:
        kept = rng.sample(keys, rng.randint(1, len(keys) - 1))
        rules, answer = f"Keep only {', '.join(kept)}.", {k: table[k] for k in kept}
    elif style == 1:
        rules, answer = f"Drop {key}.", {k: v for k, v in table.items() if k != key}
    elif style == 2:
        new = random_key(rng)
        rules, answer = f"Rename {key} to {new}.", {(new if k == key else k): v for k, v in table.items()}
    elif style == 3:
        new_value = span(rng)
        rules, answer = f"Set {key} to {new_value}.", {**table, key: new_value}
    else:
        extra, parent = rng.sample(keys, 2), random_key(rng)
        rules = f"Move {extra[0]} and {extra[1]} into an object called {parent}, at the end."
        answer = {**{k: v for k, v in table.items() if k not in extra}, parent: {k: table[k] for k in extra}}
    return ask(rng, rules, compact(table)) + [assistant(compact(answer))]


def lists(rng: Random) -> Messages:
    """First, last, nth, count, sorted, reversed, joined."""
    make = rng.choice(
        (
            lambda: lexicon.pick(rng, "nouns"),
            lambda: lexicon.invented(rng),
            lambda: lexicon.first_name(rng),
            lambda: span(rng),
        )
    )
    items = list(dict.fromkeys(make() for _ in range(rng.randint(3, 6))))
    at = rng.randrange(len(items))
    name = ("first", "second", "third", "fourth", "fifth", "sixth")[at]
    rules, answer = rng.choice(
        (
            (f"Which is the {name}?", items[at]),
            ("Which is the last?", items[-1]),
            ("How many are there?", str(len(items))),
            ("As a JSON array.", compact(items)),
            ("Make a JSON array of it.", compact(items)),
            ("Sorted from A to Z, with commas.", ", ".join(sorted(items, key=str.lower))),
            ("In reverse, with commas.", ", ".join(reversed(items))),
            ("One a line.", "\n".join(items)),
            ("With dashes, one a line.", "\n".join(f"- {i}" for i in items)),
            (f"Without {items[at]}.", ", ".join(i for i in items if i != items[at])),
            (f"What comes after {items[at - 1] if at else items[0]}?", items[at] if at else items[1]),
            (f'{{"count":..,"{name}":..}}', compact({"count": len(items), name: items[at]})),
        )
    )
    text = rng.choice(
        (", ".join(items), "\n".join(items), "; ".join(items), "\n".join(f"- {i}" for i in items))
    )
    return ask(rng, rules, text) + [assistant(answer)]


def tidy_key_names(rng: Random) -> Messages:
    """Keys change style, values stay."""
    spec = sample_spec(rng, 2, 4, nest_rate=0.0)
    record = sample_record(rng, spec)
    style, name = rng.choice(
        (("camel", "camelCase"), ("snake", "snake_case"), ("upper", "UPPER_CASE"), ("title", "Title Case"))
    )
    answer = {styled(plain_words(k).replace(" ", "_"), style): v for k, v in record.answer.items()}
    return ask(rng, f"Write the keys in {name}.", compact(record.answer)) + [assistant(compact(answer))]


def pattern_by_example(rng: Random) -> Messages:
    """A reshaping that only the examples show."""
    makers = (
        lambda p, c: f"{c} | {p}",
        lambda p, c: f"{p} ({c})",
        lambda p, c: compact({"who": p, "ref": c}),
        lambda p, c: f"<{p}> {c}",
        lambda p, c: compact([c, p]),
        lambda p, c: f"{p.split()[-1]}, {c}",
        lambda p, c: p.upper(),
        lambda p, c: f"ref={c}",
        lambda p, c: p,
    )
    make = rng.choice(makers)
    frame = rng.choice(
        ("{p} has {c}", "{c} is for {p}", "{p}, number {c}", "give {c} to {p}", "{p} lost {c} again")
    )

    def pair() -> tuple[str, str]:
        p, c = lexicon.person(rng), values.code(rng).surface
        return frame.format(p=p, c=c), make(p, c)

    shots = [pair() for _ in range(rng.randint(3, 6))]
    if rng.random() < 0.5:
        return [message for text, answer in shots for message in (user(text), assistant(answer))]
    before, after = rng.choice((("", " => "), ("Input: ", "\nOutput: "), ("", "\n= ")))
    done = "\n".join(f"{before}{text}{after}{answer}" for text, answer in shots[:-1])
    return [user(f"{done}\n{before}{shots[-1][0]}{after.rstrip()}"), assistant(shots[-1][1])]


DRILLS = (
    (repeat, 3),
    (look_up, 4),
    (reverse_look_up, 1),
    (lines_to_json, 3),
    (json_to_lines, 1),
    (row_to_json, 2),
    (edit_json, 2),
    (lists, 3),
    (tidy_key_names, 1),
    (pattern_by_example, 3),
)


def drill(rng: Random) -> Messages:
    return rng.choices([make for make, _ in DRILLS], [weight for _, weight in DRILLS])[0](rng)
