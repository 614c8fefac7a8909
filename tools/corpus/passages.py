"""Questions about short passages, and rewriting of sentences, dates and names."""

from __future__ import annotations

from random import Random

import lexicon
import values
from extraction import Messages, ask, assistant, user
from instructions import compact
from prose import capital, describe, letter, sentences
from records import Fact, Spec, plain_words, sample_record, sample_spec

QUESTIONS = (
    "What is the {w}?",
    "Tell me the {w}.",
    "{w}?",
    "Which {w} is given?",
    "What does the text say about the {w}?",
    "I need the {w}.",
)
YES_NO = ("Is the {w} {a}?", "Is it true that the {w} is {a}?", "The {w} is {a}, right?")


def answer_words(value: object) -> str:
    if value is None:
        return "The text does not say."
    if isinstance(value, bool):
        return "Yes." if value else "No."
    if isinstance(value, list):
        return ", ".join(value)
    return str(value).replace("_", " ")


def question(rng: Random) -> Messages:
    """Short questions on a passage, answered with the span, yes or no, or that it is not said."""
    spec = sample_spec(rng, 3, 6, null_rate=0.12, nest_rate=0.0)
    record = sample_record(rng, spec)
    text = describe(rng, spec.domain, record.facts)
    messages: Messages = []
    for i, want in enumerate(rng.sample(spec.wanted, rng.randint(1, 3))):
        value = record.answer[want.key]
        words = plain_words(want.key)
        if (
            want.field.kind in ("person", "title", "code", "place", "enum", "color")
            and value is not None
            and rng.random() < 0.25
        ):
            truth = rng.random() < 0.5
            claimed = answer_words(value) if truth else other_value(rng, spec, want.key, answer_words(value))
            asked, reply = rng.choice(YES_NO).format(w=words, a=claimed), (
                "Yes." if truth else f"No, it is {answer_words(value)}."
            )
        else:
            asked, reply = capital(rng.choice(QUESTIONS).format(w=words)), answer_words(value)
            reply = reply.lower() if want.labels and value is not None else reply
        messages += (ask(rng, asked, text) if i == 0 else [user(asked)]) + [assistant(reply)]
    return messages


def other_value(rng: Random, spec: Spec, key: str, value: str) -> str:
    want = next(w for w in spec.wanted if w.key == key)
    if want.labels:
        names = [name.replace("_", " ") for name in want.labels.values() if name.replace("_", " ") != value]
        return rng.choice(names) if names else lexicon.invented(rng)
    return values.KINDS[want.field.kind](rng).surface


def say_it(rng: Random) -> Messages:
    """JSON to sentences."""
    spec = sample_spec(rng, 2, 4, null_rate=0.0, nest_rate=0.0)
    record = sample_record(rng, spec)
    table = {fact.words.replace(" ", "_"): fact.surface for fact in record.facts}
    text = " ".join(f"The {fact.words} is {fact.surface}." for fact in record.facts)
    return ask(
        rng,
        rng.choice(("Say it in sentences.", "Write one sentence a key.", "Turn the JSON into text.")),
        compact(table),
    ) + [assistant(text)]


def dates(rng: Random) -> Messages:
    """Dates and times in the asked form; one, several, or after examples."""
    kind, rule = rng.choice((("date", "YYYY-MM-DD"), ("date", "YYYY-MM-DD"), ("time", "HH:MM")))
    items = [values.KINDS[kind](rng) for _ in range(rng.choice((1, 1, 2, 3, 4)))]
    rules = rng.choice(
        ("Write as {r}.", "In the form {r}.", "Normalise to {r}.", "{r} please.", "Rewrite each as {r}.")
    ).format(r=rule)
    if len(items) > 2 and rng.random() < 0.5:
        return [message for item in items for message in (user(item.surface), assistant(item.normal))]
    return ask(rng, rules, "\n".join(item.surface for item in items)) + [
        assistant("\n".join(item.normal for item in items))
    ]


def names(rng: Random) -> Messages:
    """Names and words in another form."""
    first, last = lexicon.first_name(rng), lexicon.invented(rng, 1, 3).capitalize()
    full = f"{first} {last}"
    rules, text, answer = rng.choice(
        (
            ("Last name first, with a comma.", full, f"{last}, {first}"),
            ("Only the first name.", full, first),
            ("Only the last name.", full, last),
            ("In capitals.", full, full.upper()),
            ("In lower case.", full, full.lower()),
            ("Initials with dots.", full, f"{first[0]}.{last[0]}."),
            ("First name first, no comma.", f"{last}, {first}", full),
            ("Repair the capitals.", full.lower(), full),
            ("Repair the capitals.", full.upper(), full),
            ("As JSON with first and last.", full, compact({"first": first, "last": last})),
            ("As JSON with last and first.", full, compact({"last": last, "first": first})),
        )
    )
    return ask(rng, rules, text) + [assistant(answer)]


def codes(rng: Random) -> Messages:
    """Codes that people write in many ways, in the one way that the prompt or its examples show."""
    prefix = "".join(rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(rng.randint(1, 3)))
    mark = rng.choice(("-", "-", "", "/", "."))

    def pair() -> tuple[str, str]:
        digits = "".join(rng.choice("0123456789") for _ in range(length))
        written = rng.choice(
            (
                f"{prefix}{mark}{digits}",
                f"{prefix.lower()}{mark}{digits}",
                f"{prefix}{digits}",
                f"{prefix} {digits}",
                f"#{digits}",
                digits,
                f"number {digits}",
                f"{prefix.lower()} {digits}",
            )
        )
        frame = rng.choice(
            (
                "{c}",
                "{c}",
                "it is {c}",
                "{n} has {c}",
                "see {c} for more",
                "under {c}, says {n}",
                "code {c} please",
            )
        )
        return frame.format(c=written, n=lexicon.person(rng)), f"{prefix}{mark}{digits}"

    length = rng.randint(3, 6)
    pairs = [pair() for _ in range(rng.randint(1, 5))]
    rules = rng.choice(
        (
            "Write the code as {p}.",
            "Codes look like {p}. Give only the code.",
            "The code in the form {p}, please.",
        )
    ).format(p=f"{prefix}{mark}{'0' * length}")
    if len(pairs) > 2 and rng.random() < 0.5:
        return [message for text, answer in pairs for message in (user(text), assistant(answer))]
    if len(pairs) == 1 or rng.random() < 0.4:
        key = rng.choice(("code", "ref", "id", "file"))
        return ask(rng, f"{rules} Answer in JSON with {key}.", pairs[0][0]) + [
            assistant(compact({key: pairs[0][1]}))
        ]
    return ask(rng, rules, "\n".join(text for text, _ in pairs)) + [
        assistant("\n".join(answer for _, answer in pairs))
    ]


def strip_letter(rng: Random) -> Messages:
    """Greeting and farewell go, the message stays."""
    spec = sample_spec(rng, 1, 3)
    record = sample_record(rng, spec)
    body = " ".join(
        capital(part) + "."
        for part in sentences(
            rng, [fact_text(fact) for fact in record.facts] or [lexicon.pick(rng, "small_talk")]
        )
    )
    rules = rng.choice(
        (
            "Remove greeting and signature.",
            "Only the message itself, without greeting and name.",
            "Cut hello and goodbye.",
        )
    )
    return ask(rng, rules, letter(rng, body)) + [assistant(body)]


def fact_text(fact: Fact) -> str:
    return fact.pattern.replace("{v}", fact.surface)


TASKS = ((question, 6), (say_it, 1), (dates, 2), (names, 1.5), (codes, 2), (strip_letter, 1))


def passage(rng: Random) -> Messages:
    return rng.choices([make for make, _ in TASKS], [weight for _, weight in TASKS])[0](rng)
