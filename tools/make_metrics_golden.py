#!/usr/bin/env python3
"""Writes tests/metrics/golden: labels.json (scikit-learn), assignment.json (scipy), xml.json (expat), answers.json (SQuAD's rules).

Needs (any venv) scikit-learn and scipy; versions are written into the files.
  python3 tools/make_metrics_golden.py
"""
import collections
import pathlib
import pyexpat
import random
import re
import warnings

import numpy as np
import scipy
import sklearn
from scipy.optimize import linear_sum_assignment
from sklearn import metrics

from golden_lines import write_lines

FOLDER = pathlib.Path(__file__).parent.parent / "tests/metrics/golden"
warnings.simplefilter("ignore")


def write(name, value):
    write_lines(FOLDER / name, value)


def labels_case(rng, labels, n, right):
    wanted = [rng.choice(labels) for _ in range(n)]
    given = [w if rng.random() < right else rng.choice(labels + ["(other)"]) for w in wanted]
    precision, recall, f1, support = metrics.precision_recall_fscore_support(wanted, given, zero_division=0)
    names = sorted(set(wanted) | set(given))
    return {
        "wanted": wanted,
        "given": given,
        "accuracy": metrics.accuracy_score(wanted, given),
        "macro_f1": metrics.f1_score(wanted, given, average="macro", zero_division=0),
        "weighted_f1": metrics.f1_score(wanted, given, average="weighted", zero_division=0),
        "micro_f1": metrics.f1_score(wanted, given, average="micro", zero_division=0),
        "mcc": metrics.matthews_corrcoef(wanted, given),
        "kappa": metrics.cohen_kappa_score(wanted, given) if len(names) > 1 else None,
        "labels": names,
        "precision": list(precision), "recall": list(recall), "f1": list(f1), "support": [int(s) for s in support],
        "confusion": metrics.confusion_matrix(wanted, given, labels=names).tolist(),
    }


rng = random.Random(7)
cases = [labels_case(rng, [f"l{i}" for i in range(k)], n, right)
         for k, n, right in ((1, 5, 1.0), (2, 30, 0.9), (2, 12, 0.0), (3, 40, 0.5), (7, 200, 0.8), (20, 120, 0.3), (77, 500, 0.7))]
write("labels.json", {"made_by": {"scikit-learn": sklearn.__version__}, "cases": cases})

assignments = []
for rows, columns in ((0, 0), (1, 1), (1, 4), (4, 1), (3, 3), (5, 7), (8, 8), (12, 5), (20, 20), (33, 40)):
    gain = np.array([[rng.choice([0, 0, 0.25, 0.5, 1, round(rng.random(), 3)]) for _ in range(columns)] for _ in range(rows)])
    gain = gain.reshape(rows, columns)
    picked = linear_sum_assignment(gain, maximize=True)
    assignments.append({"rows": rows, "columns": columns, "gain": gain.flatten().tolist(), "best": float(gain[picked].sum())})
write("assignment.json", {"made_by": {"scipy": scipy.__version__}, "cases": assignments})

XML = [
    "<a/>", "<a></a>", "<a>text</a>", "<a b='1'/>", '<a b="1" c="2"/>', '<a b="1" b="2"/>', "<a", "<a>", "</a>", "<a></b>", "<a><b></a></b>",
    "<a/><b/>", "text<a/>", "<a/>text", "", " ", "<a>&amp;</a>", "<a>&</a>", "<a>&nope;</a>", "<a>&#65;</a>", "<a>&#x41;</a>", "<a>&#xZZ;</a>",
    "<a>&#;</a>", "<a>a & b</a>", "<a b='<'/>", "<a b='&lt;'/>", "<a b=1/>", "<a b/>", "<a b=''c=''/>", "<a><!-- x --></a>", "<a><!-- x -- y --></a>",
    "<a><!-- x ---></a>", "<!-- x --><a/>", "<a/><!-- x -->", "<?xml version='1.0'?><a/>", " <?xml version='1.0'?><a/>", "<a><?pi x?></a>",
    "<a><?xml x?></a>", "<a><![CDATA[<b>&]]></a>", "<a><![CDATA[x]]</a>", "<a>]]></a>", "<a>]]</a>", "<![CDATA[x]]><a/>", "<1a/>", "<a1/>", "<_a/>",
    "<a-b/>", "<-a/>", "<a.b/>", "<ä/>", "<日本/>", "<a:b xmlns:a='u'/>", "< a/>", "<a />", "<a\n/>", "<a></a >", "<a></ a>", "<a/ >", "<a b = '1'/>",
    "<a b='it\"s'/>", "<a>\u0001</a>", "<a>😀</a>", "<a>x<b>y</b>z</a>", "<a><b/><b/></a>", "<a><b><c><d/></c></b></a>", "<A></a>",
    "<a>1 < 2</a>", "<a>1 &lt; 2</a>", "<a>1 > 2</a>", "<a b='>'/>", "<a><b></a>", "<>x</>", "<a><></></a>",
]


def well_formed(text):
    try:
        pyexpat.ParserCreate("utf-8").Parse(text.encode(), True)
        return True
    except pyexpat.ExpatError:
        return False


write("xml.json", {"made_by": {"expat": pyexpat.EXPAT_VERSION}, "cases": [{"text": t, "well_formed": well_formed(t)} for t in XML]})
print(len(cases), "label cases,", len(assignments), "assignments,", len(XML), "XML texts")


# Short answers by SQuAD's rules, written from the paper's appendix.
def plain(text):
    text = "".join(c for c in text.lower() if c not in "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def f1(answer, reference):
    given, wanted = plain(answer).split(), plain(reference).split()
    if not given or not wanted:
        return float(given == wanted)
    same = sum((collections.Counter(given) & collections.Counter(wanted)).values())
    return 2 * same / (len(given) + len(wanted))


ANSWERS = ["", "a", "the", "The cat.", "the Cat", "An  apple a day", "theatre", "a-b", "another", "café a", "3.14", "1,000", "$5.00", "the the cat",
           "A.", "it's the end", "...", "ein Mann", "Übung", "the cat sat on the mat", "mat the on sat cat", "a\u00a0b", "anästhesie an"]
pairs = [(a, b) for i, a in enumerate(ANSWERS) for b in (a, ANSWERS[i * 7 % len(ANSWERS)], ANSWERS[(i * 3 + 4) % len(ANSWERS)])]
write("answers.json", {"cases": [{"answer": a, "reference": b, "plain": plain(a), "exact": plain(a) == plain(b), "f1": f1(a, b)} for a, b in pairs]})
