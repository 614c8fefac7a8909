#!/usr/bin/env python3
"""Writes tests/eval/golden/judge.json: rates by a judge that errs, corrected, and how often the intervals hold.

  build/venv/bin/python tools/make_judge_golden.py

The reference is another way than the program's: the point estimate solves the two equations of a judge's counts
(numpy.linalg.solve), and the interval is that of a simulation: rate, sensitivity and specificity are drawn from Beta
posteriors (Jeffreys) and put into the estimator. The interval of Lang and Reiczigel (2014) is no simulation, so limits
agree within a few hundredths. `coverage` is how often the closed form, written here anew, has the truth in data drawn
from a known one. Needs numpy and scipy; their versions are in the file.
"""
import pathlib

import numpy as np
import scipy
from scipy import stats

import golden_lines

HERE = pathlib.Path(__file__).resolve().parent.parent
random = np.random.default_rng(41)
Z = stats.norm.ppf(0.975)


def solved(rate, sensitivity, specificity):
    """theta and 1 - theta of [[Se, 1 - Sp], [1 - Se, Sp]] x = [p, 1 - p]."""
    judge = np.array([[sensitivity, 1 - specificity], [1 - sensitivity, specificity]])
    return float(np.clip(np.linalg.solve(judge, np.array([rate, 1 - rate]))[0], 0, 1))


def closed_form(passes, n, tp, m1, tn, m0):
    wide, rate = n + Z**2, (passes + Z**2 / 2) / (n + Z**2)
    se, sp = (tp + 1) / (m1 + 2), (tn + 1) / (m0 + 2)
    power = se + sp - 1
    theta = (rate + sp - 1) / power
    v_se, v_sp = se * (1 - se) / (m1 + 2), sp * (1 - sp) / (m0 + 2)
    shift = 2 * Z**2 * (theta * v_se - (1 - theta) * v_sp)
    spread = np.sqrt(rate * (1 - rate) / wide + theta**2 * v_se + (1 - theta) ** 2 * v_sp) / np.abs(power)
    return np.clip(theta + shift - Z * spread, 0, 1), np.clip(theta + shift + Z * spread, 0, 1)


def rates():
    cases = []
    for passes, n, tp, m1, tn, m0 in [(80, 120, 45, 50, 40, 50), (200, 400, 90, 100, 95, 100), (30, 60, 25, 30, 28, 30),
                                      (310, 400, 190, 200, 80, 100), (150, 500, 56, 60, 120, 140), (118, 120, 60, 60, 55, 60)]:
        draws = 400_000
        p = random.beta(passes + 0.5, n - passes + 0.5, draws)
        se = random.beta(tp + 0.5, m1 - tp + 0.5, draws)
        sp = random.beta(tn + 0.5, m0 - tn + 0.5, draws)
        low, high = np.quantile(np.clip((p + sp - 1) / (se + sp - 1), 0, 1), [0.025, 0.975])
        cases.append({"passes": passes, "n": n, "true_positives": tp, "positives": m1, "true_negatives": tn, "negatives": m0,
                      "value": solved(passes / n, tp / m1, tn / m0), "low": float(low), "high": float(high),
                      "closed": [float(limit) for limit in closed_form(passes, n, tp, m1, tn, m0)]})
    return cases


def means():
    cases = []
    for n, labels in [(200, 50), (80, 60), (500, 12)]:
        judge, errors = random.uniform(0.2, 0.9, n), random.normal(-0.05, 0.15, labels)
        spread = float(np.std(judge, ddof=1) / np.sqrt(n))
        variance, of_bias = spread**2 + np.var(errors, ddof=1) / labels, np.var(errors, ddof=1) / labels
        reach = stats.t.ppf(0.975, (labels - 1) * (variance / of_bias) ** 2) * np.sqrt(variance)
        value = float(judge.mean() + errors.mean())
        cases.append({"mean": float(judge.mean()), "spread": spread, "errors": [float(e) for e in errors], "value": value,
                      "low": value - float(reach), "high": value + float(reach)})
    return cases


def rate_coverage():
    out = []
    for theta, sensitivity, specificity, n, m1, m0 in [(0.8, 0.9, 0.8, 120, 40, 30), (0.5, 0.85, 0.9, 300, 50, 50),
                                                       (0.95, 0.95, 0.7, 200, 60, 30), (0.2, 0.8, 0.9, 100, 25, 25)]:
        trials = 20_000
        passes = random.binomial(n, theta * sensitivity + (1 - theta) * (1 - specificity), trials)
        tp, tn = random.binomial(m1, sensitivity, trials), random.binomial(m0, specificity, trials)
        low, high = closed_form(passes, n, tp, m1, tn, m0)
        centre = (passes + Z**2 / 2) / (n + Z**2)
        reach = Z * np.sqrt(passes / n * (1 - passes / n) * n + Z**2 / 4) / (n + Z**2)
        out.append({"theta": theta, "sensitivity": sensitivity, "specificity": specificity, "n": n, "labels": [m1, m0],
                    "covered": float(np.mean((low <= theta) & (theta <= high))),
                    "uncorrected": float(np.mean((centre - reach <= theta) & (theta <= centre + reach)))})
    return out


def difference_coverage():
    out = []
    for first, second, sensitivity, specificity, n, m1, m0 in [(0.85, 0.7, 0.9, 0.8, 200, 40, 30), (0.6, 0.6, 0.85, 0.9, 300, 50, 50),
                                                               (0.9, 0.5, 0.9, 0.9, 100, 40, 40)]:
        trials, held = 4_000, 0
        for _ in range(trials):
            shared = random.uniform(size=n)  # hard items are hard for both
            good = [shared < first, np.where(random.uniform(size=n) < 0.5, shared, random.uniform(size=n)) < second]
            seen = [np.where(g, random.uniform(size=n) < sensitivity, random.uniform(size=n) > specificity) for g in good]
            d = seen[0].astype(float) - seen[1]
            tp, tn = random.binomial(m1, sensitivity), random.binomial(m0, specificity)
            power = tp / m1 + tn / m0 - 1
            se, sp = (tp + 1) / (m1 + 2), (tn + 1) / (m0 + 2)
            value = d.mean() / power
            v = se * (1 - se) / (m1 + 2) + sp * (1 - sp) / (m0 + 2)
            reach = Z * np.sqrt(d.var(ddof=1) / n + value**2 * v) / power
            held += abs(value - (first - second)) <= reach
        out.append({"first": first, "second": second, "n": n, "labels": [m1, m0], "covered": held / trials})
    return out


rate_trials, difference_trials = rate_coverage(), difference_coverage()
assert all(one["covered"] > 0.94 and one["uncorrected"] < 0.9 for one in rate_trials)
assert all(one["covered"] > 0.94 for one in difference_trials)
golden_lines.write_lines(HERE / "tests/eval/golden/judge.json", {
    "made_by": f"tools/make_judge_golden.py, numpy {np.__version__}, scipy {scipy.__version__}",
    "rates": rates(), "means": means(), "rate_coverage": rate_trials, "difference_coverage": difference_trials})
