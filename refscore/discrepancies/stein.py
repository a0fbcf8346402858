"""The kernel Stein discrepancy, a tile of pairs at a time."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_like
from refscore._progress import Progress
from refscore.discrepancies.kernels import (
    TILE,
    Block,
    as_bandwidth,
    as_kernel,
    blocks,
    is_near,
    tile,
)
from refscore.discrepancies.samples import as_progress, as_sample, as_statistic, finite
from refscore.fields.base import handed_to


def kernel_stein(
    score, x, *, kernel: str = "imq", bandwidth: float = 1.0, exponent: float = 0.5,
    statistic: str = "V", weights=None, progress: bool = False,
) -> float:  # fmt: skip
    """The squared kernel Stein discrepancy of a sample from the law with a score s.

        KSD² = Σ_ij w_i w_j h(x_i, x_j),   U: i ≠ j, over 1 − Σ w_i²
        h(x, y) = k s(x)·s(y) + s(x)·∇_y k + s(y)·∇_x k + tr ∇_x ∇_yᵀ k

    with k = (c² + ‖x − y‖²)^-β, c the bandwidth and β the exponent, or "rbf" exp(−‖x − y‖²/2h²).
    V is never negative; U has no bias (its value may be negative). Nothing of the law enters
    but its score: no normaliser, no draws. IMQ with β < 1 sees what the RBF does not in d ≥ 3.
    Arguments: score, a function (n, d) -> (n, d) or its values, of x's shape; x (..., n, d),
    chains along the leading axes; weights of shape (..., n), at least 0, divided by their sum;
    statistic "V" or "U"; progress=True shows
    how many pairs are done.
    Returns: a number. Raises: ValueError or TypeError naming the argument and its row.
    Cost: O(n² d) over pairs i < j; 3 MB beside the scores, at any n.
    Source: Liu, Lee and Jordan 2016; Chwialkowski, Strathmann and Gretton 2016; Gorham and
    Mackey 2017 (IMQ).
    Checked by: kernel_stein_of_samples, kernel_stein_of_gaussians
    """
    sample, h = as_sample(x, "x", weights), as_bandwidth(bandwidth)
    phi = as_kernel(kernel, h, exponent)
    statistic, progress = as_statistic(statistic, ("x", sample)), as_progress(progress)
    s = _scores(score, x, sample.points)
    n, d = sample.points.shape
    with np.errstate(all="ignore"):
        own = _itself(phi, s, d, h, sample)
        pairs = _pairs(phi, s, h, sample, progress) / n**2
        total = (pairs + own) if statistic == "V" else pairs / (1 - sample.own())
        return finite(phi.size / h**2 * total, "x", "score", "bandwidth")


def _scores(score, x, points: np.ndarray) -> np.ndarray:
    if callable(score):
        return as_like(score(handed_to(score, points)), "score(x)", points, "x as rows")
    return as_like(score, "score", as_array(x, "x"), "x").reshape(points.shape)


def _itself(phi, s, d, h, sample) -> float:
    """Σ w_i² h(x_i, x_i) in units of h: φ(0) ‖h s‖² − 2 d φ′(0)."""
    k, p, _ = phi.derivatives(np.full(1, phi.offset), np.empty(1), np.empty(1))
    squares = np.einsum("ni,ni->n", s, s) * h**2
    w = 1 / len(s) if sample.weights is None else sample.weights
    return float(np.sum(w * w * (k[0] * squares + d * p[0])))


def _pairs(phi, s, h, sample, progress) -> float:
    """n² Σ_{i≠j} w_i w_j h(x_i, x_j) in units of h: twice the tiles above the diagonal."""
    total, n, room = 0.0, len(s), np.empty((4, TILE * TILE))
    with Progress(n * (n - 1) // 2, progress, "pairs") as shown:
        for a in blocks(sample, h):
            t = h * s[a.rows]
            own, above = _tile_sum(phi, a, a, t, t, room), 0.0
            for b in blocks(sample, h, a.origin, a.rows.stop):
                above += _tile_sum(phi, a, b, t, h * s[b.rows], room)
            total += own + 2 * above
            left = max(0, n - a.rows.stop)
            shown.update((n * (n - 1) - left * (left - 1)) // 2)
    return total


def _tile_sum(phi, a: Block, b: Block, t, r, room) -> float:
    """Σ w_i w_j [φ t_i·r_j − 2φ′ ((t_i − r_j)·(u_i − v_j) + d − shift + factor g)]."""
    k, p, g = phi.derivatives(tile(phi, a, b, room[0]), *(_like(o, a, b) for o in room[1:3]))
    if a is b:
        np.fill_diagonal(k, 0.0)
        np.fill_diagonal(p, 0.0)
    wide = len(a.u[0]) - phi.shift
    if is_near(a, b):
        total = _near(k, p, a, b, t, r, wide)
    else:
        total = _far(k, p, a, b, t, r, wide, _like(room[3], a, b))
    if isinstance(a.w, float):
        return total + phi.factor * float(np.vdot(p, g))
    return total + phi.factor * float(a.w @ np.multiply(p, g, out=g) @ b.w)


def _like(room, a, b):
    return room[: len(a.u) * len(b.u)].reshape(len(a.u), len(b.u))


def _near(k, p, a, b, t, r, wide) -> float:
    """The rest of the sum as products of matrices, (t_i − r_j)·(u_i − v_j) multiplied out."""
    along, across = np.einsum("ni,ni->n", t, a.u), np.einsum("ni,ni->n", r, b.u)
    left = np.column_stack([-t, -a.u, np.ones(len(t)), along + wide])
    right = np.column_stack([b.u, r, across, np.ones(len(r))])
    left, right, t, r = (_weighted(m, w) for m, w in zip((left, right, t, r), (a.w, b.w) * 2))
    if p is k:
        left[:, t.shape[1] : 2 * t.shape[1]] += t
        return float(np.vdot(left, p @ right))
    return float(np.vdot(left, p @ right) + np.vdot(t, k @ r))


def _far(k, p, a, b, t, r, wide, gaps) -> float:
    """The same by differences, a coordinate at a time."""
    gaps[...] = wide
    for i in range(t.shape[1]):
        gaps += (t[:, i, None] - r[:, i]) * a.gaps(b, i)
    gaps *= p
    t, r = _weighted(t, a.w), _weighted(r, b.w)
    ones = np.ones(len(t)) * a.w, np.ones(len(r)) * b.w
    return float(np.vdot(t, k @ r) + ones[0] @ gaps @ ones[1])


def _weighted(matrix, w):
    return matrix if isinstance(w, float) else matrix * w[:, None]
