#!/usr/bin/env python3
"""Writes tests/metrics/golden/text_similarity.json: what sacreBLEU, rouge-score, NLTK and rapidfuzz say of odd pairs of texts.

Needs (any venv) sacrebleu rouge-score nltk rapidfuzz; their versions are written into the file.
  python3 tools/make_text_similarity_golden.py
"""
import collections
import importlib.metadata
import math
import pathlib
import re

import rapidfuzz
import sacrebleu
from nltk.stem.porter import PorterStemmer
from nltk.translate.gleu_score import sentence_gleu
from nltk.translate.meteor_score import single_meteor_score
from rouge_score import rouge_scorer
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

from golden_lines import write_lines

PAIRS = [  # answer, reference, second reference
    ("", "", ""),
    ("", "the cat", "a dog"),
    ("the cat", "", "the cat"),
    (" ", "\t\n", "x"),
    ("the cat sat on the mat", "the cat sat on the mat", "there is a cat on the mat"),
    ("the the the the the the the", "the cat is on the mat", "there is a cat on the mat"),
    ("a", "a", "b"),
    ("a", "b", "a"),
    ("a b", "a b", "b a"),
    ("a b c", "a b c d", "a b"),
    ("It is a guide to action which ensures that the military always obeys the commands of the party",
     "It is a guide to action that ensures that the military will forever heed Party commands",
     "It is the practical guide for the army always to heed the directions of the party"),
    ("Hello, world!", "Hello world", "hello, World."),
    ("Hello,world!", "Hello, world !", "Hello"),
    ("The price is 1,234.56 EUR.", "The price is 1,234.56 EUR", "The price is 1234.56 EUR."),
    ("3.14 and 2,71 and 5.", "3,14 and 2.71 and 5", ".5 or 5."),
    ("in 1999-2001, up 5-10%", "in 1999 - 2001 up 5 - 10 %", "from 1999 to 2001"),
    ("well-known state-of-the-art", "well known state of the art", "well-known"),
    ("don't can't won't", "do not cannot will not", "dont cant wont"),
    ("&quot;quoted&quot; &amp; &lt;b&gt;", "\"quoted\" & <b>", "quoted and b"),
    ("&amp;quot;", "&quot;", "\""),
    ("<skipped> text", "text", "<skipped>"),
    ("a line-\nbreak here", "a linebreak here", "a line- break here"),
    ("first line\nsecond line", "first line second line", "second line\nfirst line"),
    ("first\r\nsecond", "first second", "first\nsecond"),
    ("Straße und Größe", "Strasse und Groesse", "straße und größe"),
    ("ÄÖÜ äöü", "äöü ÄÖÜ", "AOU aou"),
    ("naïve café", "naive cafe", "naïve cafés"),
    ("日本語のテキスト", "日本語テキスト", "日本のテキスト"),
    ("привет, мир", "Привет мир!", "мир привет"),
    ("مرحبا بالعالم", "مرحبا يا عالم", "العالم"),
    ("😀 😃 😄", "😄 😃 😀", "😀"),
    ("e\u0301te\u0301", "\u00e9t\u00e9", "ete"),
    ("no\u00a0break space", "no break space", "nobreak space"),
    ("zero\u200bwidth", "zerowidth", "zero width"),
    ("ideographic\u3000space", "ideographic space", "x"),
    ("unit\u001fseparator", "unit separator", "x"),
    ("...", ". . .", "\u2026"),
    ("!!!???", "?!?!?!", "!"),
    ("()[]{}", "( ) [ ] { }", "[]"),
    ("a.b.c", "a . b . c", "a.b.c."),
    ("a,,b", "a, ,b", "a,b"),
    ("1,,2", "1, ,2", "1,2"),
    ("U.S.A.", "USA", "U. S. A."),
    ("e.g. this, i.e. that", "for example this, that is that", "eg this ie that"),
    ("{\"name\": \"Ada\", \"n\": 3}", "{\"n\":3,\"name\":\"Ada\"}", "{}"),
    ("https://example.com/a?b=c&d=e", "https://example.com/a?d=e&b=c", "example.com"),
    ("user@example.com", "user at example dot com", "user@example.org"),
    ("The running dogs were happily jumping", "The dog runs and jumps happily", "dogs run happily"),
    ("relational databases relate relations", "relation database related relational", "databases"),
    ("skies dying lying tied flies", "sky die lie tie fly", "skies"),
    ("generously generalizations generating", "general generic generosity", "generate"),
    ("conflated troubled sized hopping falling", "conflate trouble size hop fall", "hop"),
    ("Hopefulness, goodness and electricity", "hopeful good electrical", "electric goodness"),
    ("x" * 70, "x" * 65 + "y" * 5, "y"),
    ("ab" * 100, "ba" * 100, "ab"),
    (" ".join(str(i) for i in range(150)), " ".join(str(i) for i in range(149, -1, -1)), "0 1 2"),
    (" ".join("abcdefgh"[i * i % 8] for i in range(200)), " ".join("abcdefgh"[i * 3 % 8] for i in range(130)), "a b"),
    ("The quick brown fox jumps over the lazy dog", "The lazy dog jumps over the quick brown fox", "A fox"),
    ("the Cat", "The cat", "THE CAT"),
    ("TOTAL 100", "total 100", "Total: 100"),
    ("one two three four five six", "one two three four five", "two three four"),
    ("one two three four five", "five four three two one", "one"),
    ("word", "word word word word", "word word"),
    ("word word word word", "word", "word word word"),
    ("under_score snake_case", "under score snake case", "under_score"),
    ("tab\tseparated\tvalues", "tab separated values", "tab, separated, values"),
    ("trailing space   ", "   leading space", "space"),
    ("'single' \"double\" `back`", "single double back", "'single'"),
    ("50% of 20$ = 10#", "50 % of 20 $ = 10 #", "10"),
    ("\u212a is Kelvin", "k is kelvin", "K is Kelvin"),
    ("\u0130stanbul", "istanbul", "Istanbul"),
    ("ﬁne ligature", "fine ligature", "fine"),
]

WORDS = """caresses ponies ties caress cats feed agreed plastered bled motoring sing conflated troubled sized hopping tanned
falling hissing fizzed failing filing happy sky enjoy spy fly try relational conditional rational valenci hesitanci digitizer
conformabli radicalli differentli vileli analogousli vietnamization predication operator feudalism decisiveness hopefulness
callousness formaliti sensitiviti sensibiliti triplicate formative formalize electriciti electrical hopeful goodness revival
allowance inference airliner gyroscopic adjustable defensible irritant replacement adjustment dependent adoption homologou
communism activate angulariti homologous effective bowdlerize probate rate cease controll roll skies dying lying tying news
innings outings cannings howe proceed exceed succeed died dies flies tried ties geology archaeology theology carefully
beautifully successfully essentially yellow syzygy yyyy a an is was abilities ability nation nations ion lion million onion
generalizations oscillators bed red ring king string thing being doing going seeing agreeing eed ied eing ing ed s ss us bus
buses gases universal university universe multiply multiplied multiplying able ible ement ment ent ll tell telling controlling
rolled ally usually really finally sally valley café cafés naïves größen""".split()

POSSIBLE = ["rouge1", "rouge2", "rouge3", "rouge4", "rouge5", "rougeL"]
cut = Tokenizer13a()
plain = rouge_scorer.RougeScorer(POSSIBLE, use_stemmer=False)
stemmed = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=True)


class NoSynonyms:
    def synsets(self, word):
        return []


def tokens(text):
    return cut(text.rstrip()).split()


def cosine(a, b):
    a, b = (collections.Counter(re.findall(r"\w+", text.lower())) for text in (a, b))
    square = sum(v * v for v in a.values()) * sum(v * v for v in b.values())
    if not a and not b:
        return 1.0
    return sum(a[w] * b[w] for w in a) / math.sqrt(square) if square else 0.0


def case(answer, reference, second):
    return {
        "answer": answer,
        "reference": reference,
        "second": second,
        "tokens_13a": tokens(answer),
        "fuzzy_match": rapidfuzz.fuzz.ratio(answer, reference) / 100,
        "bleu": sacrebleu.sentence_bleu(answer, [reference]).score / 100,
        "gleu": sentence_gleu([tokens(reference)], tokens(answer)),
        "meteor": single_meteor_score(tokens(reference), tokens(answer), wordnet=NoSynonyms()),
        # a combining mark is part of a word for Unicode, not for Python
        "cosine": None if "\u0301" in answer or "\u0130" in answer else cosine(answer, reference),
        "chrf": sacrebleu.sentence_chrf(answer, [reference]).score / 100,
        "chrf++": sacrebleu.sentence_chrf(answer, [reference], word_order=2).score / 100,
        "rouge": {name: list(score) for name, score in plain.score(reference, answer).items()},
        "rouge_stemmed": {name: list(score) for name, score in stemmed.score(reference, answer).items()},
    }


answers = [pair[0] for pair in PAIRS]
one = [[pair[1] for pair in PAIRS]]
two = one + [[pair[2] for pair in PAIRS]]
stemmer = PorterStemmer()
golden = {
    "made_by": {name: importlib.metadata.version(name) for name in ("sacrebleu", "rouge-score", "nltk", "rapidfuzz")},
    "pairs": [case(*pair) for pair in PAIRS],
    "corpus": {
        name: {
            "bleu": sacrebleu.corpus_bleu(answers, references).score / 100,
            "chrf": sacrebleu.corpus_chrf(answers, references).score / 100,
            "chrf++": sacrebleu.corpus_chrf(answers, references, word_order=2).score / 100,
        }
        for name, references in (("one", one), ("two", two))
    },
    "stems": {word: stemmer.stem(word) for word in WORDS},
}
path = pathlib.Path(__file__).parent.parent / "tests/metrics/golden/text_similarity.json"
write_lines(path, golden)
print(len(PAIRS), "pairs,", len(WORDS), "words ->", path)
