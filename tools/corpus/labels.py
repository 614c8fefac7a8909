"""Tasks that choose labels or preferred words which the prompt defines."""

from __future__ import annotations

from random import Random

import lexicon
from extraction import Messages, ask, assistant, system, user
from instructions import any_of, compact, explained
from prose import capital, paragraph
from records import DOMAINS, Domain, Fact, Field, Wanted, shuffled, spelled, state, styled, term_groups

FRAMES = (
    "we saw a {w} near {p}",
    "{n} spoke about the {w}",
    "the {w} was all they had",
    "in {p} there is a {w}",
    "{n} asked for the {w} twice",
    "nobody expected the {w}",
    "first came the {w}, then the rest",
    "it began with the {w} of {n}",
    "they wrote down: {w}",
    "{n} has known about the {w} for years",
    "the story of the {w} is old in {p}",
    "after the {w} everything changed",
)


def labelled(rng: Random, domain: Domain, chosen: Field, labels: list[str]) -> tuple[str, str]:
    """A text on a domain and the label that it has."""
    value, fact = state(rng, chosen, chosen.keys[0], labels)
    others = [f for f in domain.fields if f is not chosen and f.kind != "enum"]
    extra = [state(rng, f, f.keys[0])[1] for f in rng.sample(others, min(len(others), rng.randint(0, 2)))]
    return paragraph(rng, domain, tuple(shuffled(rng, [fact, *extra]))), value.normal


def label_rules(rng: Random, want: Wanted, names: list[str]) -> str:
    options = explained(rng, want) if rng.random() < 0.4 else any_of(rng, names)
    words = want.key.replace("_", " ")
    return rng.choice(
        (
            f"What is the {words}? Choose from: {options}.",
            f"Label the text with its {words}: {options}.",
            f"Classify: {options}.",
            f"Which {words} fits? Options: {options}.",
            f"Answer with one word, the {words}. Allowed: {options}.",
            f"Sort the text into one of these classes: {options}.",
            f"Choose the right {words}.\n{options}",
        )
    )


def classify(rng: Random) -> Messages:
    """A label for a text; bare or in JSON, with zero to four examples before it."""
    domain = rng.choice(DOMAINS)
    chosen = rng.choice([f for f in domain.fields if f.kind == "enum"])
    names = shuffled(rng, chosen.labels)
    shown = spelled(rng, names)
    want = Wanted(chosen, rng.choice(chosen.keys), False, shown, False)
    rules = label_rules(rng, want, list(shown.values()))
    key = (
        styled(want.key, "snake")
        if rng.random() < 0.5
        else rng.choice(("label", "class", "answer", "result"))
    )
    as_json = rng.random() < 0.4
    if as_json:
        rules += rng.choice(
            (f' Answer as {{"{key}":"..."}}.', f" Reply in JSON with the key {key}.", f" JSON, key {key}.")
        )
    form = (lambda label: compact({key: label})) if as_json else str
    count = rng.choices((1, 2, 3, 4, 5), (60, 10, 12, 10, 8))[0]
    pairs = [labelled(rng, domain, chosen, names) for _ in range(count)]
    if count == 1:
        return ask(rng, rules, pairs[0][0]) + [assistant(form(shown[pairs[0][1]]))]
    messages: Messages = [system(rules)]
    for text, label in pairs:
        messages += [user(text), assistant(form(shown[label]))]
    return messages


def mention_rules(rng: Random) -> Messages:
    """Invented labels that are decided by a word: 'zorb if the text mentions a river'."""
    count = rng.randint(2, 4)
    words = rng.sample(lexicon.WORDS["nouns"], count)
    labels = [
        lexicon.invented(rng, 1, 2) if rng.random() < 0.6 else lexicon.pick(rng, "key_words") for _ in words
    ]
    style = rng.choice(
        (
            "{l} if the text mentions {w}",
            "{w} -> {l}",
            "when there is a {w} in it: {l}",
            "{l} = something with {w}",
            "{w} means {l}",
        )
    )
    rules = (
        rng.choice(("Answer with one word. ", "Choose the label: ", "Rules: ", ""))
        + "; ".join(style.format(l=label, w=word) for label, word in zip(labels, words))
        + "."
    )
    at = rng.randrange(count)
    other = rng.random() < 0.2
    if other:
        rules += " Otherwise: none."
    fill = {"n": lexicon.person(rng), "p": lexicon.place(rng)}
    word = (
        rng.choice([w for w in lexicon.WORDS["nouns"] if w not in words])
        if other and rng.random() < 0.6
        else words[at]
    )
    talk = capital(lexicon.pick(rng, "small_talk")) + ". " if rng.random() < 0.4 else ""
    text = talk + capital(rng.choice(FRAMES).format(w=word, **fill)) + "."
    return ask(rng, rules, text) + [assistant("none" if word not in words else labels[at])]


def glossary_text(rng: Random, groups: dict[str, tuple[str, ...]]) -> str:
    arrow = rng.choice((" -> ", ": ", " = ", " => "))
    if rng.random() < 0.5:
        rows = [f"{', '.join(words)}{arrow}{term}" for term, words in groups.items()]
    else:
        rows = [f"{term} (people say: {', '.join(words)})" for term, words in groups.items()]
    return rng.choice(("\n", "\n", "; ")).join(rows)


def glossary(rng: Random) -> Messages:
    """Everyday words in a text become the preferred terms of a glossary."""
    groups = term_groups(rng, rng.randint(2, 5))
    term = rng.choice(list(groups))
    word = rng.choice(groups[term])
    name, place = lexicon.person(rng), lexicon.place(rng)
    pattern = rng.choice(FRAMES)
    text = capital(pattern.format(w=word, n=name, p=place)) + "."
    rules = (
        rng.choice(
            ("Use our words.", "Glossary:", "Preferred terms:", "Say it with the right term.", "Terms:")
        )
        + "\n"
        + glossary_text(rng, groups)
    )
    style = rng.random()
    if style < 0.35:
        return ask(rng, rules + "\nRewrite the sentence with the preferred term.", text) + [
            assistant(capital(pattern.format(w=term, n=name, p=place)) + ".")
        ]
    if style < 0.6:
        return ask(rng, rules + "\nWhich term does the text speak of?", text) + [assistant(term)]
    key = rng.choice(("term", "subject", "thing", "about", "topic"))
    answer: dict[str, str] = {key: term}
    if rng.random() < 0.6 and "{n}" in pattern:
        answer["name"] = name
    if rng.random() < 0.6 and "{p}" in pattern:
        answer["place"] = place
    keys = shuffled(rng, answer)
    return ask(rng, f"{rules}\nAnswer in JSON with {', '.join(keys)}.", text) + [
        assistant(compact({k: answer[k] for k in keys}))
    ]


def several_labels(rng: Random) -> Messages:
    """All enum fields of a domain at once, bare 'key: label' lines or JSON."""
    domain = rng.choice([d for d in DOMAINS if sum(f.kind == "enum" for f in d.fields) > 1])
    chosen = shuffled(rng, [f for f in domain.fields if f.kind == "enum"])
    facts: list[Fact] = []
    answer: dict[str, str] = {}
    rows: list[str] = []
    for f in chosen:
        key = rng.choice(f.keys)
        names = shuffled(rng, f.labels)
        value, fact = state(rng, f, key.replace("_", " "), names)
        facts.append(fact)
        answer[key] = value.normal
        rows.append(f"{key}: {any_of(rng, names)}")
    text = paragraph(rng, domain, tuple(shuffled(rng, facts)))
    lines = rng.random() < 0.25
    rules = (
        "Choose a value for each key"
        + rng.choice((".", " from the lists.", ":"))
        + "\n"
        + "\n".join(rows)
        + (
            "\nOne line a key."
            if lines
            else rng.choice(("\nAnswer in JSON.", "\nJSON only.", "\nReply as a JSON object."))
        )
    )
    shown = "\n".join(f"{key}: {label}" for key, label in answer.items()) if lines else compact(answer)
    return ask(rng, rules, text) + [assistant(shown)]
