#!/usr/bin/env python3
"""Writes tests/stats/golden/learning_curve.json: the likeliest curve of each law as scipy finds it.

  build/venv/bin/python tools/make_learning_curve_golden.py

Needs scipy; its version is in the file. The laws are written with their named parameters, the likelihood
is scipy's beta-binomial, and the maximum comes from differential evolution, polished by L-BFGS-B and
Nelder-Mead: none of it as in the program.
"""
import json
import math
import pathlib

import numpy as np
import scipy
from scipy import optimize, stats

HERE = pathlib.Path(__file__).resolve().parent.parent

# Error at n, by natural parameters: the limit E, the error r above it at the smallest size, the size h at
# which half of the reducible error is gone, the exponent c.
LAWS = {
    "rectified": (4, lambda n, first, e, r, h, c: e + r * (1 + (first / h) ** c) / (1 + (n / h) ** c)),
    "pow3": (3, lambda n, first, e, r, c: e + r * (first / n) ** c),
    "pow4": (4, lambda n, first, e, r, h, c: e + r * ((1 + first * (2 ** (1 / c) - 1) / h) / (1 + n * (2 ** (1 / c) - 1) / h)) ** c),
    "exponential": (3, lambda n, first, e, r, h: e + r * np.exp2(-(n - first) / h)),
    "log_linear": (2, None),
}


def log_likelihood(points, errors, rho):
    n, failures, items = points
    if rho == 0:
        return float(np.sum(stats.binom.logpmf(failures, items, errors)))
    total = (1 - rho) / rho
    return float(np.sum(stats.betabinom.logpmf(failures, items, errors * total, (1 - errors) * total)))


def bounds_of(law, points):
    n = points[0]
    least, largest = math.log(n[n > 0].min() / 100), math.log(n.max() * 100)
    exponent = (math.log(0.05), math.log(10))
    inner = {"rectified": [(least, largest), exponent], "pow3": [exponent], "pow4": [(least, largest), exponent],
             "exponential": [(least, largest)], "log_linear": []}[law]
    return [(-16, 9.2), (-16, 9.2)] + inner


def errors_of(law, points, x):
    n = points[0]
    logistic = lambda v: 1 / (1 + np.exp(-v))
    if law == "log_linear":
        place = np.log(n / n.min()) / np.log(n.max() / n.min())
        return logistic(x[0]) * (1 - place) + logistic(x[1]) * place
    e = logistic(x[0])
    return LAWS[law][1](n, n.min(), e, (1 - e) * logistic(x[1]), *np.exp(x[2:]))


def fit(law, points, rho):
    def negative(x):
        with np.errstate(all="ignore"):
            value = -log_likelihood(points, np.clip(errors_of(law, points, x), 1e-12, 1 - 1e-12), rho)
        return value if np.isfinite(value) else 1e9
    bounds = bounds_of(law, points)
    best = optimize.differential_evolution(negative, bounds, seed=1, tol=1e-10, maxiter=600, popsize=20)
    for method, options in (("L-BFGS-B", {"ftol": 1e-15, "gtol": 1e-10, "maxiter": 5000}),
                            ("Nelder-Mead", {"xatol": 1e-10, "fatol": 1e-12, "maxiter": 20000, "maxfev": 20000})) * 2:
        found = optimize.minimize(negative, best.x, method=method, bounds=bounds, options=options)
        if found.fun < best.fun:
            best = found
    return best.x, -best.fun


def akaike_weights(points, fits, rho):
    worth = float(np.sum(points[2] / (1 + (points[2] - 1) * rho)))
    aicc = []
    for law, (x, value) in fits.items():
        k = len(x) + (1 if rho > 0 else 0)
        aicc.append(-2 * value + 2 * k + 2 * k * (k + 1) / (worth - k - 1))
    weights = np.exp(-(np.array(aicc) - min(aicc)) / 2)
    return aicc, weights / weights.sum()


def williams(law, points):
    """The overdispersion at which Pearson's statistic equals its degrees of freedom."""
    rho = 0.0
    n, failures, items = points
    for _ in range(4):
        fits = {law: fit(law, points, rho)}
        p = errors_of(law, points, fits[law][0])
        def pearson(r):
            return float(np.sum((failures - items * p) ** 2 / (items * p * (1 - p) * (1 + (items - 1) * r))))
        degrees = len(n) - len(fits[law][0])
        rho = 0.0 if pearson(0) <= degrees else optimize.brentq(lambda r: pearson(r) - degrees, 0, 1, xtol=1e-14)
    return rho


SETS = {
    # One run a size.
    "single": [[0, 50, 100, 200, 500, 1000], [66, 31, 20, 17, 13, 10], [300] * 6],
    # Three runs a size, no run without examples.
    "runs": [[25, 25, 25, 50, 50, 50, 100, 100, 100, 200, 200, 200, 400, 400, 400],
             [130, 118, 141, 96, 104, 88, 71, 65, 80, 52, 49, 58, 44, 39, 41], [400] * 15],
}

cases = []
for name, (sizes, failures, items) in SETS.items():
    points = tuple(np.array(v, dtype=float) for v in (sizes, failures, items))
    for rho in (0.0, 0.004):
        fits = {}
        for law in LAWS:
            if points[0].min() <= 0 and law in ("pow3", "log_linear"):
                continue
            fits[law] = fit(law, points, rho)
        aicc, weights = akaike_weights(points, fits, rho)
        for (law, (x, value)), a, w in zip(fits.items(), aicc, weights):
            at = np.array([points[0].min(), 75.0, 150.0, points[0].max()])
            curve = errors_of(law, (np.concatenate([points[0], at]), None, None), x)[-len(at):]
            cases.append({"set": name, "rho": rho, "law": law, "log_likelihood": value, "aicc": float(a), "weight": float(w),
                          "at": at.tolist(), "errors": [float(v) for v in curve]})

noisy = [[20, 20, 40, 40, 80, 80, 160, 160, 320, 320], [110, 75, 62, 81, 40, 60, 22, 38, 30, 17], [250] * 10]
points = tuple(np.array(v, dtype=float) for v in noisy)
golden = {
    "made_with": {"numpy": np.__version__, "scipy": scipy.__version__},
    "sets": SETS | {"noisy": noisy},
    "fits": cases,
    "overdispersion": {"set": "noisy", "law": "exponential", "rho": williams("exponential", points)},
}
path = HERE / "tests/stats/golden/learning_curve.json"
body = ",\n".join(f" {json.dumps(k)}: " + ("[\n" + ",\n".join("  " + json.dumps(c) for c in v) + "]" if k == "fits" else json.dumps(v))
                  for k, v in golden.items())
path.write_text("{\n" + body + "\n}\n")
print("wrote", path, path.stat().st_size, "bytes")
