#!/usr/bin/env python3
"""Writes the golden numbers of tests/stats/statistics_test.cc.

Needs scipy (any venv). Run it and paste what it prints into the tables of the test:
  python3 tools/make_statistics_golden.py
"""
import math

import numpy as np
from scipy import stats


def wilson(successes, n):
    interval = stats.binomtest(successes, n).proportion_ci(0.95, method="wilson")
    return interval.low, interval.high


def newcombe(e, f, g, h):
    """Newcombe (1998), method 10, written from the paper with scipy's Wilson limits."""
    n = e + f + g + h
    p1, p2 = (e + f) / n, (e + g) / n
    l1, u1 = wilson(e + f, n)
    l2, u2 = wilson(e + g, n)
    product = (e + f) * (g + h) * (e + g) * (f + h)
    phi = (e * h - f * g) / math.sqrt(product) if product else 0.0
    low = math.sqrt((p1 - l1) ** 2 - 2 * phi * (p1 - l1) * (u2 - p2) + (u2 - p2) ** 2)
    high = math.sqrt((p2 - l2) ** 2 - 2 * phi * (p2 - l2) * (u1 - p1) + (u1 - p1) ** 2)
    return p1 - p2, p1 - p2 - low, p1 - p2 + high


print("normal_quantile: {p, z}")
for p in (1e-12, 0.001, 0.025, 0.2, 0.5, 0.7, 0.975, 0.99999):
    print(f"  {{{p!r}, {float(stats.norm.ppf(p))!r}}},")

print("wilson: {successes, n, low, high}")
for s, n in ((0, 10), (1, 10), (78, 100), (96, 100), (288, 300), (300, 300), (480, 500), (1, 1)):
    low, high = wilson(s, n)
    print(f"  {{{s}, {n}, {float(low)!r}, {float(high)!r}}},")

print("mcnemar_exact: {first_only, second_only, p}")
for b, c in ((0, 0), (1, 0), (5, 5), (10, 2), (3, 17), (60, 6), (200, 150), (300, 0)):
    p = stats.binomtest(min(b, c), b + c, 0.5).pvalue if b + c else 1.0
    print(f"  {{{b}, {c}, {float(p)!r}}},")

print("paired_rate_difference: {both, first_only, second_only, neither, difference, low, high}")
for counts in ((70, 20, 4, 6), (0, 300, 0, 0), (250, 30, 10, 10), (100, 0, 0, 0), (1, 1, 1, 1)):
    print("  {" + ", ".join(repr(float(x)) if i > 3 else str(x) for i, x in enumerate(counts + newcombe(*counts))) + "},")

print("quantile of {3, 1, 4, 1, 5, 9, 2, 6}: {q, value}")
for q in (0.0, 0.25, 0.5, 0.95, 1.0):
    print(f"  {{{q}, {float(np.quantile([3, 1, 4, 1, 5, 9, 2, 6], q))!r}}},")

print("bootstrap_mean, BCa, mean of 20 runs of 10,000: {low, high} of values i*i/400 for i in 0..39 (mod 1)")
values = np.array([(i * i / 400) % 1 for i in range(40)])
runs = [
    stats.bootstrap((values,), np.mean, n_resamples=10000, method="BCa", random_state=seed).confidence_interval
    for seed in range(20)
]
print("  ", float(np.mean([r.low for r in runs])), float(np.mean([r.high for r in runs])), "mean", float(values.mean()))

print("skewed: values 0 except every tenth = 1, for i in 0..59")
skewed = np.array([1.0 if i % 10 == 0 else 0.0 for i in range(60)])
runs = [
    stats.bootstrap((skewed,), np.mean, n_resamples=10000, method="BCa", random_state=seed).confidence_interval
    for seed in range(20)
]
print("  ", float(np.mean([r.low for r in runs])), float(np.mean([r.high for r in runs])))

print("holm of {0.01, 0.04, 0.03, 0.005}, by hand from Holm (1979):")
p = np.array([0.01, 0.04, 0.03, 0.005])
order = np.argsort(p)
adjusted = np.maximum.accumulate(np.minimum(1, p[order] * (len(p) - np.arange(len(p)))))
out = np.empty_like(p)
out[order] = adjusted
print("  ", [float(x) for x in out])
