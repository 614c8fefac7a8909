#!/usr/bin/env python3
"""Prepares plain English for pretraining: JSON lines of {"text"}, each 200 to 400 words of clean prose.

Sources (each optional): OpenStax textbooks and public-domain stories as .jsonl.xz, and a folder of Markdown
books. Chunks come from whole paragraphs, are filtered for readable prose, and are drawn in a seeded shuffle
that gives each source its share. The same inputs and seed give the same bytes.

    python3 tools/corpus/corpus.py --stories stories.jsonl.xz --openstax openstax.jsonl.xz --megabytes 24 --out books.jsonl
"""

from __future__ import annotations

import argparse
import json
import lzma
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

SHARES = {"stories": 0.62, "openstax": 0.23, "books": 0.15}
FEWEST_WORDS, MOST_WORDS = 200, 400
MARKUP = (
    (re.compile(r"\{[#.][^}]*\}"), ""),
    (re.compile(r"\(?\[link\]\)?|\[\[[^\]]*\]\]"), ""),
    (re.compile(r"!?\[([^\]]*)\]\([^)]*\)"), r"\1"),
    (re.compile(r"(?<!\w)[_*]{1,3}|[_*]{1,3}(?!\w)"), ""),
    (re.compile(r"\s*--+\s*"), " - "),
    (re.compile(r"<[^>]{1,80}>"), ""),
    (re.compile(r"[ \t\u00a0]+"), " "),
    (re.compile(r" ([,.;:?!])"), r"\1"),
)
PLAIN = str.maketrans(
    {
        "“": '"',
        "”": '"',
        "‘": "'",
        "’": "'",
        "—": " - ",
        "–": "-",
        "…": "...",
        "\u200b": "",
        "\ufeff": "",
        "æ": "ae",
        "œ": "oe",
    }
)
UNWANTED = re.compile(
    r"(?i)project gutenberg|openstax|copyright|isbn|creative commons|^translat|by the end of this section|figure \d|table \d|https?:|"
    r"^chapter |^book [ivx]+|review questions?|learning objectives|http|^\W*$|\.\.\.\.\.|\|"
)
WORD = re.compile(r"[A-Za-z']+")
SENTENCE_END = re.compile(r"[.!?][\"')]*(?:\s|$)")


def clean(paragraph: str) -> str:
    text = paragraph.translate(PLAIN).replace("\n", " ")
    for pattern, change in MARKUP:
        text = pattern.sub(change, text)
    return text.strip()


def readable(text: str) -> bool:
    """Prose with common letters, sentences of middling length, and words that are not too long."""
    words = WORD.findall(text)
    if len(words) < 12 or UNWANTED.search(text) or text.startswith(("#", "*", "-", "1.", "a.")):
        return False
    letters = sum(len(word) for word in words)
    sentences = len(SENTENCE_END.findall(text))
    common = sum(c.isascii() for c in text) / len(text) > 0.995
    return bool(
        common
        and sentences
        and len(words) / sentences < 38
        and letters / len(words) < 5.6
        and letters / len(text) > 0.74
    )


def paragraphs(text: str) -> Iterator[str]:
    """Paragraphs parted by blank lines; where a file has none, by line ends."""
    blocks = re.split(r"\n\s*\n", text) if text.count("\n\n") > text.count("\n") / 8 else text.split("\n")
    for block in blocks:
        yield clean(block)


def chunks(text: str) -> Iterator[str]:
    """Runs of readable neighbours with FEWEST_WORDS to MOST_WORDS words."""
    held: list[str] = []
    size = 0
    for paragraph in paragraphs(text):
        words = paragraph.count(" ") + 1
        # Short lines are talk inside a story: kept when prose stands before them.
        talk = size > 0 and 2 <= words < 14 and paragraph[-1:] in ".!?\"'" and not UNWANTED.search(paragraph)
        if not (talk or readable(paragraph)) or size + words > MOST_WORDS:
            if size >= FEWEST_WORDS:
                yield "\n".join(held)
            held, size = [], 0
        if readable(paragraph) and words <= MOST_WORDS or talk and held:
            held.append(paragraph)
            size += words
    if size >= FEWEST_WORDS:
        yield "\n".join(held)


def json_lines(path: Path) -> Iterator[str]:
    with lzma.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)["text"]


def markdown_books(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*.md")):
        if path.name != "README.md":
            yield path.read_text(encoding="utf-8", errors="replace")


def draw(texts: Iterator[str], rng: Random, size: int) -> list[str]:
    """Distinct chunks of a source, shuffled, up to a size in bytes."""
    pool = list(dict.fromkeys(chunk for text in texts for chunk in chunks(text)))
    rng.shuffle(pool)
    taken: list[str] = []
    for chunk in pool:
        if size <= 0:
            break
        taken.append(chunk)
        size -= len(chunk.encode())
    return taken


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--stories", type=Path, help="JSON lines (.xz) of public-domain stories")
    parser.add_argument("--openstax", type=Path, help="JSON lines (.xz) of OpenStax modules")
    parser.add_argument("--books", type=Path, help="folder with Markdown books")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--megabytes", type=float, default=24)
    options = parser.parse_args()
    sources = {
        "stories": options.stories and json_lines(options.stories),
        "openstax": options.openstax and json_lines(options.openstax),
        "books": options.books and markdown_books(options.books),
    }
    given = {name: texts for name, texts in sources.items() if texts}
    if not given:
        parser.error("name at least one source: --stories, --openstax or --books")
    rng = Random(options.seed)
    whole = sum(SHARES[name] for name in given)
    mixed = [
        chunk
        for name, texts in given.items()
        for chunk in draw(texts, rng, int(options.megabytes * 1e6 * SHARES[name] / whole))
    ]
    rng.shuffle(mixed)
    with options.out.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps({"text": chunk}, ensure_ascii=False) + "\n" for chunk in mixed)
    print(f"{len(mixed)} chunks, {sum(len(chunk.encode()) for chunk in mixed) / 1e6:.1f} MB in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
