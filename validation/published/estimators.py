"""Efficiencies of estimators: the closed form beside repeated samples, with their error."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refscore import estimation

DIM, POINTS, REPEATS = 10, 1000, 400


class Row(NamedTuple):
    """One estimator: the exact n·Var, the one found, and its Monte-Carlo error."""

    estimator: str
    exact: float
    found: float
    error: float

    @property
    def apart(self) -> float:
        """How many errors lie between the two."""
        return (self.found - self.exact) / self.error


def _probes(kind, rng):
    if kind == "rademacher":
        return rng.choice([-1.0, 1.0], (POINTS, DIM))
    v = rng.standard_normal((POINTS, DIM))
    if kind == "gaussian":
        return v
    return v / np.linalg.norm(v, axis=1, keepdims=True) * np.sqrt(DIM)


def _fits(x, rng):
    """Every estimate of the diagonal precision from one sample."""
    field = estimation.diagonal_precision(DIM)
    yield "implicit (= maximum likelihood)", estimation.fit_implicit(field, x)
    for kind in ("rademacher", "sphere", "gaussian"):
        v = _probes(kind, rng)[:, None]
        yield f"sliced, {kind}", estimation.fit_sliced(field, x, v)
        reduced = estimation.fit_sliced(field, x, v, variance_reduced=True)
        yield f"variance-reduced sliced, {kind}", reduced
    for sigma in (0.01, 0.1, 0.5):
        z = rng.standard_normal(x.shape)
        yield f"denoising, σ = {sigma}", estimation.fit_denoising(field, x, sigma, z)
        controlled = estimation.fit_denoising(field, x, sigma, z, control_variate=True)
        yield f"denoising with control variate, σ = {sigma}", controlled


def _exact():
    one = np.ones(DIM)
    yield 2.0
    for kind in ("rademacher", "sphere", "gaussian"):
        for reduced in (False, True):
            yield estimation.sliced_precision_variance(one, probe=kind, variance_reduced=reduced)[0]
    for sigma in (0.01, 0.1, 0.5):
        for controlled in (False, True):
            yield estimation.denoised_precision_variance(one, sigma, control_variate=controlled)[0]


def precision_table(repeats: int = REPEATS, *, rng=None) -> list[Row]:
    """n·Var of a diagonal Gaussian's precision (truth 1, d = 10), by every objective."""
    rng = np.random.default_rng(rng)
    found: dict[str, list] = {}
    for _ in range(repeats):
        for name, fit in _fits(rng.standard_normal((POINTS, DIM)), rng):
            found.setdefault(name, []).append(fit.parameters)
    return [
        Row(name, exact, *_variance(np.array(estimates)))
        for (name, estimates), exact in zip(found.items(), _exact(), strict=True)
    ]


def _variance(estimates):
    """n times the variance, averaged over coordinates, and its error over repeats."""
    squares = POINTS * ((estimates - estimates.mean(0)) ** 2).mean(1)
    repeats = len(estimates)
    scale = repeats / (repeats - 1)
    return scale * squares.mean(), squares.std(ddof=1) / np.sqrt(repeats)


def markdown(repeats: int = REPEATS, *, rng=None) -> str:
    """All tables."""
    rows = precision_table(repeats, rng=rng)
    lines = [
        f"Precision of a diagonal Gaussian, d = {DIM}, {POINTS} points, {repeats} repeats; n·Var of"
        " the estimate (truth 1); denoising estimates the noised law's precision, 1/(1 + σ²). The"
        " exact values are limits: full Gram matrices (sliced) add a few percent at this n.",
        "",
        "| estimator | exact | found | ± | efficiency |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.estimator} | {row.exact:.4g} | {row.found:.4g} | {row.error:.2g} |"
        f" {2 / row.exact:.3g} |"
        for row in rows
    ]
    lines += ["", "The rate of exp(−θ|x|^a/a): efficiency of score matching.", ""]
    powers = (1.6, 1.75, 2, 3, 4, 6, 8)
    lines += _across("a", powers, [estimation.generalised_normal_efficiency(a) for a in powers])
    lines += ["", "The weight of ½N(±a, 1): variance over maximum likelihood's.", ""]
    modes = (0.5, 1, 2, 3, 4)
    ratios = [np.divide(*estimation.mixture_weight_variances(a)) for a in modes]
    lines += _across("a", modes, ratios)
    lines += ["", "The mean of a half-normal, by the weight; the bound is 2.75194.", ""]
    return "\n".join(lines + _across("h", list(WEIGHTS), _half_line()))


WEIGHTS = {
    "x²": (np.square, lambda x: 2 * x),
    "x": (lambda x: x, np.ones_like),
    "min(x, 1)": (lambda x: np.minimum(x, 1), lambda x: 1.0 * (x < 1)),
    "min(x, 2)": (lambda x: np.minimum(x, 2), lambda x: 1.0 * (x < 2)),
    "log(1 + x)": (np.log1p, lambda x: 1 / (1 + x)),
}


def _half_line():
    return [estimation.half_line_variance(h, slope) for h, slope in WEIGHTS.values()]


def _across(name, heads, values):
    return [
        f"| {name} | " + " | ".join(map(str, heads)) + " |",
        "|---" * (len(heads) + 1) + "|",
        "| | " + " | ".join(f"{value:.6g}" for value in values) + " |",
    ]
