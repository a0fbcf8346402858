"""The energy distance of two samples."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_switch
from refscore.discrepancies.embeddings import mmd
from refscore.discrepancies.samples import (
    Sample,
    as_pair,
    as_statistic,
    before,
    finite,
)


def energy_distance(
    x, y, *, statistic: str = "V", x_weights=None, y_weights=None, progress: bool = False
) -> float:
    """The (squared) energy distance of two samples.

        2 E‖X − Y‖ − E‖X − X′‖ − E‖Y − Y′‖;   on the line 2 ∫ (F − G)²

    It is `mmd` with kernel "energy", and on the line it is exact in one pass over the sorted
    points. `scipy.stats.energy_distance` is the square root of V.
    Arguments: x (..., n, d), y (..., m, d); statistic "V" (all pairs, never negative) or "U"
    (pairs i ≠ j within a sample, no bias); weights and progress as in `mmd`.
    Returns: a number. Raises: ValueError or TypeError naming the argument and row.
    Cost: O((n + m) log(n + m)) for d = 1, else O((n + m)² d) in 2 MB.
    Source: Székely and Rizzo, Energy statistics (2013).
    Checked by: energy_of_samples
    """
    first, second = as_pair(x, y, x_weights, y_weights)
    named = ("x", "x_weights", first), ("y", "y_weights", second)
    statistic = as_statistic(statistic, *named)
    if first.points.shape[1] > 1:
        return mmd(x, y, kernel="energy", statistic=statistic, x_weights=x_weights,
                   y_weights=y_weights, progress=progress)  # fmt: skip
    as_switch(progress, "progress")  # one pass: nothing to show
    with np.errstate(all="ignore"):
        return finite(_on_a_line(first, second, statistic), "x", "y")


def _on_a_line(x: Sample, y: Sample, statistic: str) -> float:
    """2 ∫ (F − G)², and 2 ∫ F (1 − F) = E‖X − X′‖ with every pair."""
    z = np.concatenate([x.points[:, 0], y.points[:, 0]])
    order = np.argsort(z, kind="stable")
    gaps = np.diff(z[order])
    jumps = [w[order] for w in _jumps(x, y)]
    F, G = (before(w)[1:] for w in jumps)
    total = 2 * float(gaps @ (F - G) ** 2)
    if statistic == "U":
        for sample, w, H in zip((x, y), jumps, (F, G)):
            above = before(w[::-1])[:0:-1]  # 1 − H, which may be rounded away
            total -= sample.own() / sample.apart() * 2 * float(gaps @ (H * above))
    return total


def _jumps(x: Sample, y: Sample):
    """The weights of both samples on the pooled points."""
    v, w = (np.full(len(s.points), 1 / len(s.points)) if s.weights is None else s.weights
            for s in (x, y))  # fmt: skip
    return np.concatenate([v, 0 * w]), np.concatenate([0 * v, w])
