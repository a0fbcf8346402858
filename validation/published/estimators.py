"""Estimates of a diagonal Gaussian's precision by every objective: the variance of each."""

from __future__ import annotations

import numpy as np

from refscore import estimation
from validation.published import Row, say, variance

DIM, POINTS, REPEATS = 10, 4000, 400
TITLE = (
    f"Precision of a diagonal Gaussian, d = {DIM}, {POINTS} points: n·Var of the estimate"
    " (truth 1; maximum likelihood 2). Denoising estimates the noised law's precision,"
    " 1/(1 + σ²). The exact values are limits: full Gram matrices (sliced) add a few percent at"
    " 1000 points, where they were published, and one here."
)
# The values called exact where they were published; else the exact ones of the same formulas.
PUBLISHED = {
    "implicit (= maximum likelihood)": 2.0,
    "sliced, rademacher": 11.0,
    "variance-reduced sliced, rademacher": 2.0,
    "sliced, sphere": 12.5,
    "variance-reduced sliced, sphere": 3.5,
    "sliced, gaussian": 15.0,
    "variance-reduced sliced, gaussian": 4.0,
    "denoising, σ = 0.01": 9998.0,
    "denoising with control variate, σ = 0.01": 3.999,
    "denoising, σ = 0.1": 98.03,
    "denoising with control variate, σ = 0.1": 3.882,
    "denoising, σ = 0.5": 2.56,
    "denoising with control variate, σ = 0.5": 2.048,
}


def _probes(kind, n, rng):
    if kind == "rademacher":
        return rng.choice([-1.0, 1.0], (n, DIM))
    v = rng.standard_normal((n, DIM))
    if kind == "gaussian":
        return v
    return v / np.linalg.norm(v, axis=1, keepdims=True) * np.sqrt(DIM)


def _fits(x, rng):
    """Every estimate of the diagonal precision from one sample, in the order of PUBLISHED."""
    field = estimation.diagonal_precision(DIM)
    yield estimation.fit_implicit(field, x)
    for kind in ("rademacher", "sphere", "gaussian"):
        v = _probes(kind, len(x), rng)[:, None]
        yield estimation.fit_sliced(field, x, v)
        yield estimation.fit_sliced(field, x, v, variance_reduced=True)
    for sigma in (0.01, 0.1, 0.5):
        z = rng.standard_normal(x.shape)
        yield estimation.fit_denoising(field, x, sigma, z)
        yield estimation.fit_denoising(field, x, sigma, z, control_variate=True)


def _exact():
    one = np.ones(DIM)
    yield 2.0
    for kind in ("rademacher", "sphere", "gaussian"):
        for reduced in (False, True):
            yield estimation.sliced_precision_variance(one, probe=kind, variance_reduced=reduced)[0]
    for sigma in (0.01, 0.1, 0.5):
        for controlled in (False, True):
            yield estimation.denoised_precision_variance(one, sigma, control_variate=controlled)[0]


def precision_table(repeats: int = REPEATS, points: int = POINTS, *, rng=None) -> list[Row]:
    """n·Var of the precision by every objective, beside the formula and what was published."""
    rng = np.random.default_rng(rng)
    found = np.empty((repeats, len(PUBLISHED), DIM))
    for i in range(repeats):
        if i % 100 == 0:
            say(f"precision of a Gaussian: sample {i} of {repeats}")
        x = rng.standard_normal((points, DIM))
        found[i] = [fit.parameters for fit in _fits(x, rng)]
    names = zip(PUBLISHED.items(), _exact(), found.swapaxes(0, 1), strict=True)
    return [
        Row(name, published, exact, *(points * np.array(variance(estimates))))
        for (name, published), exact, estimates in names
    ]
