"""The maximum mean discrepancy of two samples, a tile of pairs at a time."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_switch
from refscore._progress import Progress
from refscore.discrepancies.kernels import (
    TILE,
    as_bandwidth,
    as_kernel,
    blocks,
    median_distance,
    tile,
)
from refscore.discrepancies.samples import Sample, as_pair, as_statistic, finite


def mmd(
    x, y, *, kernel: str = "rbf", bandwidth: float | None = None, exponent: float = 0.5,
    statistic: str = "V", x_weights=None, y_weights=None, progress: bool = False,
) -> float:  # fmt: skip
    """The squared maximum mean discrepancy of two samples.

        MMD² = Σ v_i v_j k(x_i, x_j) + Σ w_i w_j k(y_i, y_j) − 2 Σ v_i w_j k(x_i, y_j)

    k = exp(−‖x − y‖²/2h²) ("rbf"), (h² + ‖x − y‖²)^-β ("imq", β the exponent) or −‖x − y‖
    ("energy": the energy distance, which has no bandwidth). "V" takes all pairs and is never
    negative (what rounding, some 1e-16, leaves below 0 is 0); "U" leaves out pairs i = j of one
    sample, divides by 1 − Σ v_i² and 1 − Σ w_i² (for equal weights by n (n − 1) in place of
    n²), and has no bias.
    Arguments: x (..., n, d), y (..., m, d), chains along the leading axes; bandwidth h > 0, or
    None for `median_bandwidth(x, y)`; x_weights (..., n) and y_weights (..., m), at least 0,
    divided by their sums; progress=True shows how many pairs are done.
    Returns: a number, the square. Raises: ValueError or TypeError naming the argument and row.
    Cost: O((n + m)² d) over half of all pairs; 2 MB, and 12 MB for a median.
    Source: Gretton, Borgwardt, Rasch, Schölkopf and Smola, A kernel two-sample test (2012).
    Checked by: mmd_of_samples, mmd_of_gaussians, energy_of_gaussians
    """
    first, second = as_pair(x, y, x_weights, y_weights)
    named = ("x", "x_weights", first), ("y", "y_weights", second)
    statistic = as_statistic(statistic, *named)
    progress = as_switch(progress, "progress")
    if kernel == "energy":
        if bandwidth is not None:
            raise ValueError(f'bandwidth must be None for kernel "energy", got {bandwidth!r}')
        phi, h = Distance(), _span(first, second)
    else:
        if bandwidth is None:
            as_kernel(kernel, 1.0, exponent)
            h = median_distance(first.points, second.points)
        h = as_bandwidth(h if bandwidth is None else bandwidth)
        phi = as_kernel(kernel, h, exponent)
    with np.errstate(all="ignore"):
        with Progress(_pairs(first, second), progress, "pairs") as shown:
            total = _combine(phi, h, first, second, statistic, shown)
        scale = h if kernel == "energy" else phi.size
        total = max(total, 0.0) if statistic == "V" else total
        return finite(scale * total, "x", "y", "bandwidth")


class Distance:
    """φ(q) = −√q, from differences: where points are close, products lose half the digits."""

    offset, slope, size, by_products = 0.0, 1.0, 1.0, False

    def value(self, z: np.ndarray) -> np.ndarray:
        """φ, in the place of z."""
        return np.negative(np.sqrt(z, out=z), out=z)


def _span(x: Sample, y: Sample) -> float:
    """A length all distances are comparable with, to keep squares in the range of floats."""
    origin = x.points[0]
    with np.errstate(all="ignore"):
        span = max(float(np.abs(s.points - origin).max()) for s in (x, y)) or 1.0
    if not 1e-290 < span < 1e300:
        raise ValueError(f"x and y must span between 1e-290 and 1e300, got {span:g}")
    return span


def _combine(phi, h, x, y, statistic, shown) -> float:
    own = [_within(phi, h, s, shown) for s in (x, y)]
    zero = float(phi.value(np.full(1, phi.offset))[0])
    if statistic == "V":
        own = [pairs + zero * s.own() for pairs, s in zip(own, (x, y))]
    else:
        own = [pairs / s.apart() for pairs, s in zip(own, (x, y))]
    return own[0] + own[1] - 2 * _between(phi, h, x, y, shown)


def _within(phi, h, x: Sample, shown) -> float:
    """Σ_{i≠j} w_i w_j φ: twice the tiles above the diagonal."""
    total, room = 0.0, np.empty(TILE * TILE)
    for a in blocks(x, h):
        left = a.left(phi)
        own, above = _tile_sum(phi, left, a, a, room), 0.0
        for b in blocks(x, h, a.origin, a.rows.stop):
            above += _tile_sum(phi, left, a, b, room)
        total += own + 2 * above
        later = max(0, len(x.points) - a.rows.stop)
        shown.update(shown.done + len(a) * later + len(a) * (len(a) - 1) // 2)
    return total / len(x.points) ** 2


def _between(phi, h, x: Sample, y: Sample, shown) -> float:
    total, room = 0.0, np.empty(TILE * TILE)
    for a in blocks(x, h):
        left = a.left(phi)
        total += sum(_tile_sum(phi, left, a, b, room) for b in blocks(y, h, a.origin))
        shown.update(shown.done + len(a) * len(y.points))
    return total / (len(x.points) * len(y.points))


def _tile_sum(phi, left, a, b, room) -> float:
    k = phi.value(tile(phi, left, a, b, room))
    if a is b:
        np.fill_diagonal(k, 0.0)
    if isinstance(a.w, float) and isinstance(b.w, float):
        return float(k.sum())
    return float(np.broadcast_to(a.w, len(a)) @ k @ np.broadcast_to(b.w, len(b)))


def _pairs(x: Sample, y: Sample) -> int:
    n, m = len(x.points), len(y.points)
    return n * (n - 1) // 2 + m * (m - 1) // 2 + n * m
