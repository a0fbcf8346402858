"""Efficiency curves on the line: powers, separated modes, weights on the half line."""

from __future__ import annotations

import numpy as np

from refscore import estimation
from validation.published import Row, product, say, variance

POINTS, REPEATS, DRAWS = 2000, 8000, 2_000_000
POWERS = {
    1.6: 0.623892, 1.75: 0.914466, 2: 1.0, 3: 0.821356, 4: 0.685420, 6: 0.553483, 8: 0.492182,
}  # fmt: skip
MODES = {0.5: 1.082, 1: 1.663, 2: 9.423, 3: 139.5, 4: 5543.0}
WEIGHTS = {
    "x²": (np.square, lambda x: 2 * x, 7.0),
    "x": (lambda x: x, np.ones_like, 3.141593),
    "min(x, 1)": (lambda x: np.minimum(x, 1), lambda x: 1.0 * (x < 1), 3.008293),
    "min(x, 2)": (lambda x: np.minimum(x, 2), lambda x: 1.0 * (x < 2), 3.074790),
    "log(1 + x)": (np.log1p, lambda x: 1 / (1 + x), 2.795459),
}


def _batches(repeats, rng, draw):
    """Samples (k, POINTS) until there are `repeats`."""
    for start in range(0, repeats, 500):
        yield draw(rng, (min(500, repeats - start), POINTS))


def _rates(a, repeats, rng):
    """n·Var of θ̂ = (a − 1) Σ|x|^(a−2) / Σ|x|^(2a−2) over repeated samples, and its error."""

    def estimates(x):
        return (a - 1) * (x ** (a - 2)).sum(1) / (x ** (2 * a - 2)).sum(1)

    def draw(rng, shape):
        return (a * rng.gamma(1 / a, size=shape)) ** (1 / a)

    found = np.concatenate([estimates(x) for x in _batches(repeats, rng, draw)])
    return POINTS * np.array(variance(found))


def _sandwich_of_rate(a, draws, rng):
    """E ψ² / (E|x|^(2a−2))², ψ = |x|^(2a−2) − (a − 1)|x|^(a−2), with more draws near 0.

    For a ≤ 7/4 the squares of estimates have no variance. Half the draws have the density
    0.15 x^−0.85 on (0, 1), under which ψ⁴ is integrable; weights make up for it.
    """
    near = rng.random(draws) < 0.5
    x = (a * rng.gamma(1 / a, size=draws)) ** (1 / a)
    x = np.where(near, rng.random(draws) ** (1 / 0.15), x)
    c = a ** (1 - 1 / a) / _gamma(1 / a)
    own = c * np.exp(-(x**a) / a)
    weight = own / (0.5 * own + 0.5 * np.where(x < 1, 0.15 * x**-0.85, 0.0))
    psi = x ** (2 * a - 2) - (a - 1) * x ** (a - 2)
    return product((weight * psi**2, 1), (weight * x ** (2 * a - 2), -2))


def _gamma(z):
    from scipy.special import gamma

    return gamma(z)


def power_table(repeats=REPEATS, draws=DRAWS, *, rng=None) -> list[Row]:
    """Efficiency of score matching for the rate of exp(−θ|x|^a/a)."""
    rng, rows = np.random.default_rng(rng), []
    for a, published in POWERS.items():
        say(f"the rate of exp(-|x|^{a}/{a})")
        found, error = _rates(a, repeats, rng) if a > 1.75 else _sandwich_of_rate(a, draws, rng)
        exact = estimation.generalised_normal_efficiency(a)
        rows.append(Row(f"a = {a}", published, exact, a / found, a * error / found**2))
    return rows


def _draws_in_the_gap(a, draws, rng):
    """Draws of N(a, 1), for every term is even in x, half of them moved to 0, and their weights."""
    x = rng.standard_normal(draws)
    x = np.where(rng.random(draws) < 0.5, x / a, a + x)
    own = np.exp(-0.5 * (x - a) ** 2)
    return x, own / (0.5 * own + 0.5 * a * np.exp(-0.5 * (a * x) ** 2))


def mode_table(draws=DRAWS, *, rng=None) -> list[Row]:
    """n·Var of the weight of ½N(±a, 1): score matching's over maximum likelihood's."""
    rng, rows = np.random.default_rng(rng), []
    for a, published in MODES.items():
        say(f"the weight of modes at -{a} and {a}")
        x, weight = _draws_in_the_gap(a, draws, rng)
        r = 1 / (1 + np.exp(-2 * a * x))  # the chance that x is of the mode at a
        slope = 8 * a * r * (1 - r)  # of the score in the weight
        psi = slope * (a * (2 * r - 1) - x) + 2 * a * slope * (1 - 2 * r)
        information = (4 * r - 2) ** 2
        found = product((weight * psi**2, 1), (weight * slope**2, -2), (weight * information, 1))
        exact = np.divide(*estimation.mixture_weight_variances(a))
        rows.append(Row(f"a = {a}", published, float(exact), *found))
    return rows


def half_line_table(repeats=REPEATS, *, rng=None) -> list[Row]:
    """n·Var of the mean of N(μ, 1) on x ≥ 0 at μ = 0, μ̂ = Σ(h x − h′) / Σh."""
    say("the mean of a half-normal")
    rng = np.random.default_rng(rng)
    found: dict[str, list] = {name: [] for name in WEIGHTS}
    for x in _batches(repeats, rng, lambda rng, shape: np.abs(rng.standard_normal(shape))):
        for name, (h, slope, _) in WEIGHTS.items():
            found[name].append((h(x) * x - slope(x)).sum(1) / h(x).sum(1))
    return [
        Row(
            f"h = {name}", published, estimation.half_line_variance(h, slope),
            *(POINTS * np.array(variance(np.concatenate(found[name])))),
        )
        for name, (h, slope, published) in WEIGHTS.items()
    ]  # fmt: skip
