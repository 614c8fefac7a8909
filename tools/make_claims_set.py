#!/usr/bin/env python3
"""Writes claims whose truth is known, made from PubMedQA: JSON lines {id, context, question, claim, true, kind} for bench/claims_threshold.

True claims are sentences of the abstract ("verbatim") and of its authors' conclusion, which is no part of the context ("conclusion").
False ones are the former with one number, name, word or negation changed, and conclusions of other abstracts ("swapped"). What replaces a
number, name or word does not occur in the context. The same seed gives the same file.
  python3 tools/make_claims_set.py ../shared/datasets/pubmedqa/ori_pqal.json.zst > build/claims.jsonl
"""
import json
import random
import re
import subprocess
import sys

NAME = r"(?<=[a-z,] )[A-Z][A-Za-z-]+[A-Za-z](?![\w-])"
VERB = r"\b(is|are|was|were|can|could|may|might|did|does|do|has|have|had)\b"


def sentences(text):
    return [s.strip() for s in re.split(r"(?<=[.!?])\s+(?=[A-Z])", text) if 40 <= len(s.strip()) <= 400]


def other_number(rng, sentence, context):
    spots = list(re.finditer(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\d)", sentence))
    rng.shuffle(spots)
    for spot in spots:
        for _ in range(20):
            digits = "".join(rng.choice("123456789") if c.isdigit() else c for c in spot.group())
            if digits not in context:
                return sentence[:spot.start()] + digits + sentence[spot.end():]
    return None


def other_name(rng, sentence, context, names):
    spots = [m for m in re.finditer(NAME, sentence)]
    rng.shuffle(spots)
    for spot in spots:
        for _ in range(20):
            name = rng.choice(names)
            if name.lower() not in context.lower():
                return sentence[:spot.start()] + name + sentence[spot.end():]
    return None


def other_word(rng, sentence, context, words):
    spots = list(re.finditer(r"\b[a-z]{7,}\b", sentence))
    rng.shuffle(spots)
    for spot in spots:
        for _ in range(20):
            word = rng.choice(words)
            if word not in context.lower():
                return sentence[:spot.start()] + word + sentence[spot.end():]
    return None


def negated(sentence):
    if re.search(r"\bnot ", sentence):
        return re.sub(r"\bnot ", "", sentence, count=1)
    found = re.search(VERB, sentence)
    return sentence[:found.end()] + " not" + sentence[found.end():] if found else None


def main(path):
    rows = json.loads(subprocess.run(["zstd", "-dc", path], capture_output=True, check=True).stdout)
    rng = random.Random(17)
    contexts = {key: " ".join(row["CONTEXTS"]) for key, row in rows.items()}
    everything = " ".join(contexts.values())
    names = sorted(set(re.findall(NAME, everything)))
    words = sorted(set(re.findall(r"\b[a-z]{7,}\b", everything)))
    keys = sorted(rows)
    for key in keys:
        row, context = rows[key], contexts[key]
        own = sentences(context)
        conclusion = sentences(row["LONG_ANSWER"])
        other = rng.choice([k for k in keys if k != key])
        claims = [(s, True, "conclusion") for s in conclusion[:2]]
        claims += [(s, False, "swapped") for s in sentences(rows[other]["LONG_ANSWER"])[:1]]
        rng.shuffle(own)
        claims += [(s, True, "verbatim") for s in own[:2]]
        for kind, change in (("number", lambda s: other_number(rng, s, context)), ("name", lambda s: other_name(rng, s, context, names)),
                             ("word", lambda s: other_word(rng, s, context, words)), ("negation", negated)):
            changed = next((c for c in map(change, own) if c), None)
            claims += [(changed, False, kind)] if changed else []
        for claim, true, kind in claims:
            print(json.dumps({"id": key, "context": context, "question": row["QUESTION"], "claim": claim, "true": true, "kind": kind}))


if __name__ == "__main__":
    main(sys.argv[1])
