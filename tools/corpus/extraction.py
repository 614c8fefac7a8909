"""Tasks that read a text and answer in a given JSON shape, with and without worked examples."""

from __future__ import annotations

from random import Random

import lexicon
from instructions import compact, output_rules
from prose import describe
from records import sample_record, sample_spec

Messages = list[dict[str, str]]

SYSTEMS = (
    "You are a helpful assistant.",
    "You answer in JSON.",
    "You are a careful clerk.",
    "You extract data.",
    "You reply briefly.",
    "You are a precise reader of short notes.",
    "Follow the instructions exactly.",
)
TEXT_HEADS = ("", "", "Text: ", "Text:\n", "Input: ", "Note:\n", "Message:\n", "---\n", '"""\n')


def system(content: str) -> dict[str, str]:
    return {"role": "system", "content": content}


def user(content: str) -> dict[str, str]:
    return {"role": "user", "content": content}


def assistant(content: str) -> dict[str, str]:
    return {"role": "assistant", "content": content}


def framed(rng: Random, text: str) -> str:
    head = rng.choice(TEXT_HEADS)
    tail = {"---\n": "\n---", '"""\n': '\n"""'}.get(head, "")
    return head + text + tail


def ask(rng: Random, rules: str, text: str) -> Messages:
    """An instruction and a text as one prompt: rules in the system message, before the text or after it."""
    layout = rng.random()
    gap = rng.choice(("\n\n", "\n", "\n\n"))
    if layout < 0.45:
        return [system(rules), user(text if rng.random() < 0.7 else framed(rng, text))]
    start = [system(rng.choice(SYSTEMS))] if rng.random() < 0.3 else []
    if layout < 0.8:
        return start + [user(rules + gap + framed(rng, text))]
    return start + [user(framed(rng, text) + gap + rules)]


def extract(rng: Random) -> Messages:
    spec = sample_spec(rng, 2, rng.choice((6, 7, 9)))
    record = sample_record(rng, spec)
    return ask(rng, output_rules(rng, spec), describe(rng, spec.domain, record.facts)) + [
        assistant(compact(record.answer))
    ]


def shots_as_turns(rng: Random) -> Messages:
    """A conversation of several texts and answers; each answer can lean on the ones before."""
    spec = sample_spec(rng, 2, 6)
    messages: Messages = [system(output_rules(rng, spec) if rng.random() < 0.75 else rng.choice(SYSTEMS))]
    for _ in range(rng.randint(2, 6)):
        record = sample_record(rng, spec)
        messages += [user(describe(rng, spec.domain, record.facts)), assistant(compact(record.answer))]
    return messages


def shots_in_one(rng: Random) -> Messages:
    """Worked examples and the new text in a single user message."""
    spec = sample_spec(rng, 2, 5)
    before, after = rng.choice(
        (
            ("Text: ", "JSON: "),
            ("Input: ", "Output: "),
            ("Example:\n", "Answer: "),
            ("Q: ", "A: "),
            ("In:\n", "Out:\n"),
        )
    )
    parts = (
        [output_rules(rng, spec)]
        if rng.random() < 0.5
        else [rng.choice(("Continue in the same way.", "Do the same for the last one.", "Examples:"))]
    )
    for _ in range(rng.randint(2, 4)):
        record = sample_record(rng, spec)
        parts.append(f"{before}{describe(rng, spec.domain, record.facts)}\n{after}{compact(record.answer)}")
    record = sample_record(rng, spec)
    parts.append(f"{before}{describe(rng, spec.domain, record.facts)}\n{after.rstrip()}")
    return [user("\n\n".join(parts)), assistant(compact(record.answer))]


def one_by_one(rng: Random) -> Messages:
    """One text, then several short requests about it."""
    spec = sample_spec(rng, 3, 6, null_rate=0.0, nest_rate=0.0)
    record = sample_record(rng, spec)
    messages: Messages = [
        user(
            describe(rng, spec.domain, record.facts)
            + "\n\n"
            + rng.choice(("Give", "Only", "What is"))
            + f" {spec.wanted[0].key}"
        ),
        assistant(compact({spec.wanted[0].key: record.answer[spec.wanted[0].key]})),
    ]
    for _ in range(rng.randint(1, 3)):
        keys = rng.sample([w.key for w in spec.wanted], rng.randint(1, min(3, len(spec.wanted))))
        messages += [
            user(
                rng.choice(("Now {k}", "And {k}?", "{k}", "Next: {k}", "Only {k}")).format(k=", ".join(keys))
            ),
            assistant(compact({key: record.answer[key] for key in keys})),
        ]
    return messages


def several_records(rng: Random) -> Messages:
    """Two or three short texts at once, answered with an array of objects."""
    spec = sample_spec(rng, 1, 3, null_rate=0.0, nest_rate=0.0)
    records = [sample_record(rng, spec) for _ in range(rng.randint(2, 3))]
    text = "\n".join(
        f"{i + 1}. {describe(rng, spec.domain, record.facts)}" for i, record in enumerate(records)
    )
    rules = output_rules(rng, spec) + rng.choice(
        (
            " One object for each, in an array.",
            " Answer with an array, one object a line of the list.",
            " Return an array of objects.",
        )
    )
    return ask(rng, rules, text) + [assistant(compact([record.answer for record in records]))]


def greeting_only(rng: Random) -> Messages:
    """Plain small talk, so that not every answer is JSON."""
    name = lexicon.first_name(rng)
    talk = lexicon.pick(rng, "small_talk")
    line = f"{lexicon.pick(rng, 'greetings').capitalize()}, this is {name}. {talk.capitalize()}."
    answers = (
        f"Hello {name}. How can I help you?",
        f"Good to hear from you, {name}.",
        f"Hello {name}! What can I do for you?",
    )
    return [user(line), assistant(rng.choice(answers))]
