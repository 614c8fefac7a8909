#!/usr/bin/env python3
"""Writes tests/stats/golden/intervals.json: tests, intervals and agreement as the reference libraries
compute them.

  build/venv/bin/python tools/make_intervals_golden.py

Needs scipy, statsmodels, scikit-learn and krippendorff; their versions are in the file. Where no
library has a method (Tango, Hodges-Lehmann's interval), it is written here another way than in the
program: by numerical maximisation, and by enumeration.
"""
import importlib.metadata
import json
import math
import pathlib

import krippendorff
import numpy as np
import scipy
import sklearn
import statsmodels
import statsmodels.api as sm
from scipy import optimize, special, stats
from sklearn.isotonic import isotonic_regression
from sklearn.metrics import cohen_kappa_score
from statsmodels.formula.api import ols
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import samplesize_proportions_2indep_onetail
from statsmodels.stats.weightstats import DescrStatsW, ttost_paired

HERE = pathlib.Path(__file__).resolve().parent.parent
random = np.random.default_rng(20)


def floats(values):
    return [float(v) for v in np.asarray(values, dtype=float).ravel()]


def one_case_a_line(golden):
    def lines(value):
        if isinstance(value, dict):
            return "{" + ",\n".join(f"{json.dumps(k)}: {lines(v)}" for k, v in value.items()) + "}"
        if isinstance(value, list) and value and isinstance(value[0], (dict, list)):
            return "[\n" + ",\n".join(json.dumps(v) for v in value) + "]"
        return json.dumps(value)
    return lines(golden)


# Distributions.

def distributions():
    t = [(-3.2, 4), (0.0, 1), (1.7, 2.5), (2.1, 30), (-8.0, 11), (40.0, 3), (0.3, 4000)]
    quantiles = [(0.975, 1), (0.975, 2), (0.95, 4.7), (0.025, 29), (0.9, 300), (0.0001, 7), (0.5, 5)]
    beta = [(0.5, 0.5, 0.1), (2, 3, 0.4), (30, 0.5, 0.99), (500, 700, 0.42), (1, 1, 0.3), (8, 2, 1.0)]
    gamma = [0.01, 0.5, 1, 2.5, 9.99, 10, 123.4, 1e6]
    binomial = [(0, 10, 0.1), (3, 10, 0.5), (9, 10, 0.99), (480, 500, 0.95), (10, 10, 0.2), (-1, 5, 0.5)]
    mixed = [(3, 10, 0.4, 0.1), (0, 300, 0.02, 0.01), (300, 300, 0.97, 0.3), (12, 300, 0.05, 1e-4), (7, 20, 0.3, 0.0)]
    def log_mass(k, n, p, rho):
        if rho == 0:
            return stats.binom.logpmf(k, n, p)
        total = (1 - rho) / rho
        return stats.betabinom.logpmf(k, n, p * total, (1 - p) * total)
    return {
        "student_t_cdf": [[x, d, float(stats.t.cdf(x, d))] for x, d in t],
        "student_t_quantile": [[p, d, float(stats.t.ppf(p, d))] for p, d in quantiles],
        "incomplete_beta": [[a, b, x, float(special.betainc(a, b, x))] for a, b, x in beta],
        "digamma": [[x, float(special.digamma(x))] for x in gamma],
        "binomial_cdf": [[k, n, p, float(stats.binom.cdf(k, n, p))] for k, n, p in binomial],
        "beta_binomial_log": [[k, n, p, rho, float(log_mass(k, n, p, rho))] for k, n, p, rho in mixed],
    }


# Families of tests.

def benjamini_hochberg():
    families = [[0.01, 0.04, 0.03, 0.005], [0.2], [0.5, 0.5, 0.5], floats(random.uniform(size=25) ** 3)]
    return [{"p": p, "adjusted": floats(multipletests(p, method="fdr_bh")[1])} for p in families]


# Equivalence.

def tango_z(b, c, n, difference):
    """Score test: the likelihood is maximised numerically under the constraint."""
    def negative(q):
        terms = ((b, q + difference), (c, q), (n - b - c, 1 - 2 * q - difference))
        return -sum(special.xlogy(k, p) for k, p in terms)
    low, high = max(0.0, -difference), (1 - difference) / 2
    found = optimize.minimize_scalar(negative, bounds=(low, high), method="bounded", options={"xatol": 1e-14})
    q = min([found.x, low, high], key=negative)
    variance = (2 * q + difference - difference**2) / n
    return ((b - c) / n - difference) / math.sqrt(variance)


def tango_interval(b, c, n, confidence):
    z = stats.norm.ppf(0.5 + confidence / 2)
    value = (b - c) / n
    low = optimize.brentq(lambda d: tango_z(b, c, n, d) - z, -1 + 1e-9, value - 1e-9, xtol=1e-12)
    high = optimize.brentq(lambda d: tango_z(b, c, n, d) + z, value + 1e-9, 1 - 1e-9, xtol=1e-12)
    return value, low, high


def equivalence_of_rates():
    cases = []
    for both, b, c, neither, margin in ((270, 6, 5, 19, 0.02), (1150, 20, 22, 8, 0.02), (250, 30, 10, 10, 0.05),
                                        (90, 0, 3, 7, 0.10), (40, 30, 2, 28, 0.05), (500, 11, 9, 480, 0.02)):
        n = both + b + c + neither
        above = stats.norm.sf(tango_z(b, c, n, -margin))
        below = stats.norm.cdf(tango_z(b, c, n, margin))
        cases.append({"counts": [both, b, c, neither], "margin": margin, "p": float(max(above, below)),
                      "interval90": floats(tango_interval(b, c, n, 0.90)),
                      "interval95": floats(tango_interval(b, c, n, 0.95))})
    return cases


def equivalence_of_means():
    cases = []
    for n, shift, margin in ((12, 0.0, 0.05), (200, 0.005, 0.02), (50, 0.2, 0.05), (3, 0.0, 0.5)):
        second = random.uniform(size=n)
        first = second + shift + 0.08 * random.normal(size=n)
        first, second = np.round(first, 6), np.round(second, 6)
        p = ttost_paired(first, second, -margin, margin)[0]
        low, high = DescrStatsW(first - second).tconfint_mean(0.10)
        cases.append({"first": floats(first), "second": floats(second), "margin": margin, "p": float(p),
                      "interval90": floats([np.mean(first - second), low, high])})
    return cases


# Paired tests.

def permutation():
    cases = []
    for n, shift, digits in ((5, 0.3, 6), (8, 0.1, 1), (12, 0.0, 2), (15, 0.4, 0)):
        second = random.normal(size=n)
        first, second = np.round(second + shift + 0.5 * random.normal(size=n), digits), np.round(second, digits)
        found = stats.permutation_test((first, second), lambda x, y, axis: np.mean(x - y, axis=axis),
                                       permutation_type="samples", n_resamples=np.inf, vectorized=True)
        cases.append({"first": floats(first), "second": floats(second), "p": float(found.pvalue)})
    return cases


def drawn_permutation():
    """Whole differences have an exact distribution by convolution, for any number of items."""
    differences = random.integers(-3, 5, size=80)
    mass = {0: 1.0}
    for d in differences:
        after = {}
        for total, p in mass.items():
            for signed in (d, -d):
                after[total + signed] = after.get(total + signed, 0) + p / 2
        mass = after
    p = sum(m for total, m in mass.items() if abs(total) >= abs(differences.sum()))
    return {"differences": floats(differences), "p": float(p)}


def hodges_lehmann():
    cases = []
    for n in (5, 6, 10, 25, 60):
        second = 20 + random.normal(size=n)
        first = np.round(second + 0.4 + random.standard_t(2, size=n), 4)
        second = np.round(second, 4)
        d = first - second
        walsh = sorted((d[i] + d[k]) / 2 for i in range(n) for k in range(i, n))
        counts = [1]  # sign patterns by signed rank sum, whole numbers
        for rank in range(1, n + 1):
            grown = counts + [0] * rank
            for i, count in enumerate(counts):
                grown[i + rank] += count
            counts = grown
        rank, tail = 0, 0
        while 2 * (tail + counts[rank]) <= 0.05 * 2**n:
            tail += counts[rank]
            rank += 1
        interval = [walsh[rank - 1], walsh[len(walsh) - rank]] if rank else None
        cases.append({"first": floats(first), "second": floats(second), "estimate": float(np.median(walsh)),
                      "interval": floats(interval) if rank else None, "confidence": 1 - 2 * tail / 2**n})
    return cases


# Clusters and levels.

def clusters():
    cases = []
    for count, binary in ((12, False), (40, True)):
        ids, values = [], []
        for cluster in range(count):
            size = int(random.integers(1, 9))
            level = random.uniform(0.2, 1)
            drawn = random.uniform(size=size) < level if binary else np.clip(level + 0.1 * random.normal(size=size), 0, 1)
            ids += [cluster * 7] * size
            values += floats(np.round(np.asarray(drawn, dtype=float), 4))
        fit = sm.OLS(values, np.ones(len(values))).fit(cov_type="cluster", cov_kwds={"groups": np.array(ids)}, use_t=True)
        low, high = fit.conf_int(0.05)[0]
        sums = np.array([sum(v for v, i in zip(values, ids) if i == c) for c in sorted(set(ids))])
        sizes = np.array([ids.count(c) for c in sorted(set(ids))])
        ratio = lambda x, y, axis=-1: np.sum(x, axis=axis) / np.sum(y, axis=axis)
        runs = [stats.bootstrap((sums, sizes), ratio, paired=True, n_resamples=10_000, method="BCa", vectorized=True,
                                random_state=np.random.default_rng(seed)).confidence_interval for seed in range(20)]
        cases.append({"clusters": ids, "values": values, "mean": float(fit.params[0]), "standard_error": float(fit.bse[0]),
                      "interval": [float(low), float(high)],
                      "bootstrap": [float(np.mean([r.low for r in runs])), float(np.mean([r.high for r in runs]))]})
    return cases


def two_levels():
    cases = []
    for seeds, items, seed_sd in ((3, 40, 0.04), (5, 25, 0.0), (8, 60, 0.02)):
        scores = (0.7 + seed_sd * random.normal(size=(seeds, 1)) + 0.2 * random.normal(size=(1, items))
                  + 0.1 * random.normal(size=(seeds, items)))
        scores = np.round(scores, 5)
        table = {"score": scores.ravel(), "seed": np.repeat(np.arange(seeds), items), "item": np.tile(np.arange(items), seeds)}
        anova = sm.stats.anova_lm(ols("score ~ C(seed) + C(item)", table).fit())
        squares = anova["mean_sq"]
        a, b, c = (float(squares[k]) for k in ("C(seed)", "C(item)", "Residual"))
        kept = min(c, a)
        total = a + b - kept
        degrees = total**2 / (a**2 / (seeds - 1) + b**2 / (items - 1) + kept**2 / ((seeds - 1) * (items - 1)))
        reach = stats.t.ppf(0.975, degrees) * math.sqrt(total / (seeds * items))
        cases.append({"scores": scores.tolist(), "interval": floats([scores.mean(), scores.mean() - reach, scores.mean() + reach]),
                      "noise": floats(np.sqrt([max(0, (a - c) / items), max(0, (b - c) / seeds), c]))})
    return cases


# Agreement.

def agreement():
    alpha = []
    table = [[1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None], [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
             [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None], [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None]]
    noisy = np.round(np.clip(random.normal(3, 1, size=(1, 30)) + 0.5 * random.normal(size=(3, 30)), 1, 5)).tolist()
    for ratings in (table, noisy, [[0, 0, 1, 1], [1, 0, 1, 0]]):
        data = np.array([[np.nan if v is None else v for v in row] for row in ratings], dtype=float)
        alpha.append({"ratings": ratings,
                      "nominal": float(krippendorff.alpha(reliability_data=data, level_of_measurement="nominal")),
                      "interval": float(krippendorff.alpha(reliability_data=data, level_of_measurement="interval"))})
    kappa = []
    for n, labels, slip in ((50, 2, 0.2), (120, 4, 0.3), (30, 3, 0.9)):
        first = random.integers(0, labels, size=n)
        second = np.where(random.uniform(size=n) < slip, random.integers(0, labels, size=n), first)
        matrix = np.zeros((labels, labels))
        for x, y in zip(first, second):
            matrix[x, y] += 1
        found = cohens_kappa(matrix)
        assert abs(found.kappa - cohen_kappa_score(first, second)) < 1e-12
        kappa.append({"first": first.tolist(), "second": second.tolist(),
                      "interval": floats([found.kappa, found.kappa_low, found.kappa_upp])})
    return {"krippendorff": alpha, "cohen": kappa}


# Planning.

def planning():
    zero = [[n, c, float(stats.beta.ppf(c, 1, n))] for n, c in ((1, 0.95), (10, 0.95), (300, 0.95), (3000, 0.99))]
    arms = [[p1, p2, math.ceil(samplesize_proportions_2indep_onetail(p1 - p2, p2, 0.8, ratio=1, alpha=0.025, alternative="larger"))]
            for p1, p2 in ((0.95, 0.93), (0.96, 0.78), (0.5, 0.4))]
    return {"zero_failures": zero, "per_arm": arms}


def isotonic():
    cases = []
    for n in (1, 6, 30):
        values = np.round(np.linspace(0.5, 0.9, n) + 0.1 * random.normal(size=n), 4)
        weights = random.integers(1, 300, size=n).astype(float)
        cases.append({"values": floats(values), "weights": floats(weights),
                      "fitted": floats(isotonic_regression(values, sample_weight=weights))})
    return cases


golden = {
    "made_with": {m.__name__: m.__version__ for m in (np, scipy, statsmodels, sklearn)} | {"krippendorff": importlib.metadata.version("krippendorff")},
    "distributions": distributions(),
    "benjamini_hochberg": benjamini_hochberg(),
    "equivalence_of_rates": equivalence_of_rates(),
    "equivalence_of_means": equivalence_of_means(),
    "permutation": permutation(),
    "drawn_permutation": drawn_permutation(),
    "hodges_lehmann": hodges_lehmann(),
    "clusters": clusters(),
    "two_levels": two_levels(),
    "agreement": agreement(),
    "planning": planning(),
    "isotonic": isotonic(),
}
path = HERE / "tests/stats/golden/intervals.json"
path.write_text(one_case_a_line(golden) + "\n")
print("wrote", path, path.stat().st_size, "bytes")
