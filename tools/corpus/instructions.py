"""The many ways of asking for an answer in JSON: key lists, templates, bullet lists, JSON Schema."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import values
from records import Spec, Wanted, plain_words

TYPE_WORDS = {
    "string": ("text", "string"),
    "integer": ("integer", "whole number"),
    "number": ("number",),
    "boolean": ("true or false", "boolean"),
    "array": ("list of strings", "list", "array"),
}


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def schema_type(want: Wanted) -> str:
    if want.field.kind == "bool":
        return "boolean"
    if want.field.kind == "enum":
        return "string"
    value = values.KINDS[want.field.kind](Random(1))
    sample = value.normal if want.normal else value.exact
    return value.schema if not isinstance(sample, str) else "string"


def any_of(rng: Random, labels: list[str]) -> str:
    style = rng.random()
    if style < 0.4:
        return "one of " + ", ".join(labels)
    if style < 0.7:
        return " or ".join([", ".join(labels[:-1]), labels[-1]]) if len(labels) > 1 else labels[0]
    return "|".join(labels)


def explained(rng: Random, want: Wanted) -> str:
    """Labels with the words that decide for them: 'overdue (the reader is late)'."""
    rows: list[str] = []
    for label, shown in want.labels.items():
        words = want.field.words.get(label) or want.field.labels[label]
        some = words if want.field.words or rng.random() < 0.5 else words[: rng.randint(1, 2)]
        rows.append(f"{shown} ({', '.join(some)})")
    return "; ".join(rows)


def note(rng: Random, want: Wanted) -> str:
    """What a reader must know about a key, or nothing."""
    if want.labels:
        return (
            explained(rng, want)
            if rng.random() < (0.85 if want.field.words else 0.2)
            else any_of(rng, list(want.labels.values()))
        )
    if want.rule():
        return want.rule()
    return rng.choice(TYPE_WORDS[schema_type(want)]) if rng.random() < 0.35 else ""


def key_list(rng: Random, spec: Spec) -> str:
    """Keys in a sentence."""
    quote = rng.choice(("", "", '"', "`"))
    parts: list[str] = []
    parent = ""
    for want in spec.wanted:
        more = note(rng, want)
        name = f"{quote}{want.key}{quote}" + (f" ({more})" if more else "")
        if want.parent and want.parent != parent:
            name = f"{quote}{want.parent}{quote}, an object with {name}"
        elif want.parent != parent:
            name = f"and next to it {name}"
        parent = want.parent
        parts.append(name)
    return rng.choice((", ", ", ", "; ")).join(parts)


def bullets(rng: Random, spec: Spec) -> str:
    mark = rng.choice(("- ", "* ", "", "-- "))
    rows: list[str] = []
    parent = ""
    for want in spec.wanted:
        if want.parent and want.parent != parent:
            rows.append(f"{mark}{want.parent}: object with")
        parent = want.parent
        more = note(rng, want) or plain_words(want.key)
        if want.nullable and rng.random() < 0.5:
            more += ", or null"
        rows.append(f"{'  ' if want.parent else ''}{mark}{want.key}: {more}")
    return "\n".join(rows)


def template(rng: Random, spec: Spec) -> str:
    """A JSON object whose values say what belongs there."""
    blank = rng.choice(("", "...", "?"))
    shape: dict[str, Any] = {}
    for want in spec.wanted:
        kind = schema_type(want)
        shown: Any = {"integer": 0, "number": 0.0, "boolean": False, "array": [blank or "..."]}.get(
            kind, blank
        )
        if want.labels:
            shown = "|".join(want.labels.values())
        elif want.rule() and kind == "string":
            shown = want.rule().removeprefix("as ")
        elif kind == "string" and blank == "?":
            shown = plain_words(want.key)
        (shape.setdefault(want.parent, {}) if want.parent else shape)[want.key] = shown
    return compact(shape)


def property_schema(want: Wanted, with_words: bool) -> dict[str, Any]:
    kind = schema_type(want)
    node: dict[str, Any] = {"type": [kind, "null"] if want.nullable else kind}
    if want.labels:
        node = {"enum": list(want.labels.values()) + ([None] if want.nullable else [])}
        if want.field.words and with_words:
            node["x-glossary"] = {want.labels[term]: list(want.field.words[term]) for term in want.labels}
    if kind == "array":
        node["items"] = {"type": "string"}
    if want.rule() == "as YYYY-MM-DD":
        node["format"] = "date"
    elif want.rule():
        node["description"] = want.rule()
    return node


def schema(rng: Random, spec: Spec) -> str:
    """The answer's JSON Schema."""
    closed = {"additionalProperties": False} if rng.random() < 0.4 else {}
    words_at_top = rng.random() < 0.6
    top: dict[str, Any] = {}
    for want in spec.wanted:
        holder = top
        if want.parent:
            holder = top.setdefault(want.parent, {"type": "object", **closed, "properties": {}})["properties"]
        holder[want.key] = property_schema(want, not words_at_top)
    for node in top.values():
        if "properties" in node and closed:
            node["required"] = list(node["properties"])
    head = {"title": rng.choice(spec.domain.names).capitalize()} if rng.random() < 0.25 else {}
    whole = {**head, "type": "object", "properties": top, "required": list(top), **closed}
    if words_at_top and (groups := [want for want in spec.wanted if want.field.words]):
        instead = {
            word: term for want in groups for term, words in want.field.words.items() for word in words
        }
        whole["x-glossary"] = {
            "preferred": [term for want in groups for term in want.field.words],
            "forbidden": instead,
        }
    return compact(whole)


def contract_kind(want: Wanted) -> str:
    if want.labels:
        return "one of " + ", ".join(want.labels.values())
    kind = {"string": "text", "integer": "whole number", "boolean": "true or false", "array": "list of text"}
    words = kind.get(schema_type(want), schema_type(want))
    if want.rule() == "as YYYY-MM-DD":
        return "date as YYYY-MM-DD"
    return words + (f", {want.rule()}" if want.rule() else "")


def contract(spec: Spec) -> str:
    """The words in which `attune` asks for an answer under a contract (src/grammar/instruction.cc)."""
    rows: list[str] = []
    terms: dict[str, str] = {}
    parent = ""
    for want in spec.wanted:
        if want.parent and want.parent != parent:
            rows.append(f"- {want.parent}: object with")
        parent = want.parent
        null = ", or null" if want.nullable else ""
        rows.append(f"{'  ' if parent else ''}- {want.key}: {contract_kind(want)}{null}")
        terms |= {term: ", ".join(want.field.words[term]) for term in want.labels if term in want.field.words}
    text = "Read the message and answer as one JSON object with these keys:\n" + "\n".join(rows) + "\n"
    if terms:
        text += "Preferred terms: " + "; ".join(f"{t} ({w})" for t, w in sorted(terms.items())) + "\n"
    if any(want.nullable for want in spec.wanted):
        text += "Use null for what is missing. "
    return text + "Only JSON."


VERBS = (
    "Extract",
    "Find",
    "Read out",
    "Pull out",
    "Collect",
    "Give me",
    "Return",
    "Write down",
    "Fill in",
    "Get",
)
SOURCES = (
    "the {d}",
    "this {d}",
    "the text",
    "the {d} below",
    "the message",
    "this note",
    "the following text",
    "what is written",
)
JSON_WORDS = (
    "as JSON",
    "in JSON",
    "as a JSON object",
    "as one JSON object",
    "as compact JSON",
    "as JSON only",
    "in JSON and nothing else",
)
NULL_WORDS = (
    "Use null for what is missing.",
    "Missing values are null.",
    "If something is not mentioned, use null.",
    "Write null when the text does not say.",
    "null when unknown.",
)
ONLY_WORDS = (
    "Answer with JSON only.",
    "No other words.",
    "Only JSON.",
    "Do not explain.",
    "Return nothing else.",
)


def lead(rng: Random, spec: Spec) -> str:
    source = rng.choice(SOURCES).format(d=rng.choice(spec.domain.names))
    return rng.choice(
        (
            f"{rng.choice(VERBS)} the facts of {source} {rng.choice(JSON_WORDS)}",
            f"Turn {source} into JSON",
            f"Read {source} and answer {rng.choice(JSON_WORDS)}",
            f"{source[0].upper()}{source[1:]} {rng.choice(JSON_WORDS)}",
            f"{rng.choice(VERBS)} these fields from {source}",
            f"Convert {source} to JSON",
            f"You read a {rng.choice(spec.domain.names)} and reply in JSON",
            f"Summarise {source} {rng.choice(JSON_WORDS)}",
        )
    )


def output_rules(rng: Random, spec: Spec) -> str:
    """The instruction for a Spec, in one of many styles."""
    if rng.random() < 0.2:
        return contract(spec)
    style = rng.random()
    if style < 0.4:
        body = f"{lead(rng, spec)} {rng.choice(('with the keys', 'with keys', 'with', 'using the keys', 'that has'))} {key_list(rng, spec)}."
    elif style < 0.6:
        body = f"{lead(rng, spec)}{rng.choice((':', '. Keys:', ' with these keys:', '. Fields:'))}\n{bullets(rng, spec)}"
    elif style < 0.78:
        body = f"{lead(rng, spec)}{rng.choice((' like', ' in this shape:', '. Format:', ' of the form'))} {template(rng, spec)}"
    else:
        body = f"{lead(rng, spec)}{rng.choice((' that follows this schema:', '. Schema:', '. The answer must be valid under this JSON Schema:'))} {schema(rng, spec)}"
    if any(want.nullable for want in spec.wanted):
        body += rng.choice((" ", "\n")) + rng.choice(NULL_WORDS)
    if rng.random() < 0.25:
        body += rng.choice((" ", "\n")) + rng.choice(ONLY_WORDS)
    return body
