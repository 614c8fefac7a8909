#!/usr/bin/env python3
"""Writes chat JSONL to measure with: rows of about a kilobyte whose words are drawn from a fixed list.

    bench/chat_rows.py 60 > rows.jsonl      60 MB, the same bytes on every machine
"""
import json
import random
import sys

WORDS = """the of and to in a is that for it as was with be by on not he his but at are this have from or had an they
which one you were her all she there would their we him been has when who will more no if out so said what up its about
into than them can only other new some could time these two may then do first any my now such like our over man me even
most made after also did many before must through back years where much your way well down should because each just those
people too little state good very make world still own see men work long get here between both life being under never day
same another know while last might us great old year off come since against go came right used take three order invoice
delivery customer account refund shipping address password reset printer router battery screen keyboard subscription
payment receipt warranty replacement technician appointment schedule cancel upgrade install configure network driver
firmware backup restore license seat export import report dashboard filter column formula spreadsheet attachment""".split()


def sentence(draw: random.Random) -> str:
    words = [draw.choice(WORDS) for _ in range(draw.randint(6, 18))]
    if draw.random() < 0.15:
        words.insert(draw.randrange(len(words)), str(draw.randint(1, 99999)))
    end = draw.choice(".......?!")
    return " ".join(words).capitalize() + end


def text(draw: random.Random, sentences: int) -> str:
    parts = [sentence(draw) for _ in range(sentences)]
    joined = " ".join(parts)
    if draw.random() < 0.3:
        joined = joined.replace(". ", ".\n\n", 1)
    if draw.random() < 0.1:
        joined += ' He wrote: "' + sentence(draw) + '"'
    if draw.random() < 0.05:
        joined += " caf\u00e9 \u2013 na\u00efve \u20ac"
    return joined


def main() -> None:
    draw = random.Random(11)
    left = int(float(sys.argv[1]) * 1e6)
    while left > 0:
        row = {"messages": [{"role": "system", "content": "You are a support assistant. Answer in plain words."},
                            {"role": "user", "content": text(draw, draw.randint(2, 6))},
                            {"role": "assistant", "content": text(draw, draw.randint(3, 9))}]}
        line = json.dumps(row, ensure_ascii=draw.random() < 0.5) + "\n"
        sys.stdout.write(line)
        left -= len(line.encode())


if __name__ == "__main__":
    main()
