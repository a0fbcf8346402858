"""The kernel Stein discrepancy, a tile of pairs at a time."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_like, as_switch
from refscore._progress import Progress
from refscore.discrepancies.kernels import (
    TILE,
    Block,
    as_bandwidth,
    as_kernel,
    blocks,
    corner,
    is_near,
    tile,
)
from refscore.discrepancies.samples import as_sample, as_statistic, finite
from refscore.fields.base import handed_to


def kernel_stein(
    score, x, *, kernel: str = "imq", bandwidth: float = 1.0, exponent: float = 0.5,
    statistic: str = "V", weights=None, progress: bool = False,
) -> float:  # fmt: skip
    """The squared kernel Stein discrepancy of a sample from the law with a score s.

        KSD² = Σ_ij w_i w_j h(x_i, x_j),   U: i ≠ j, over 1 − Σ w_i²
        h(x, y) = k s(x)·s(y) + s(x)·∇_y k + s(y)·∇_x k + tr ∇_x ∇_yᵀ k

    with k = (c² + ‖x − y‖²)^-β, c the bandwidth and β the exponent, or "rbf" exp(−‖x − y‖²/2h²).
    V is never negative (what rounding leaves below 0 is 0); U has no bias (its value may be
    negative). Nothing of the law enters but its score: no normaliser, no draws. IMQ with β < 1
    sees what the RBF does not in d ≥ 3.
    Arguments: score, a function (n, d) -> (n, d) or its values, of x's shape; x (..., n, d),
    chains along the leading axes; weights of shape (..., n), at least 0, divided by their sum;
    statistic "V" or "U"; progress=True shows
    how many pairs are done.
    Returns: a number. Raises: ValueError or TypeError naming the argument and its row.
    Cost: O(n² d) over pairs i < j; 7 MB beside the scores, at any n.
    Source: Liu, Lee and Jordan 2016; Chwialkowski, Strathmann and Gretton 2016; Gorham and
    Mackey 2017 (IMQ).
    Checked by: kernel_stein_of_samples, kernel_stein_of_gaussians
    """
    sample, h = as_sample(x, "x", weights), as_bandwidth(bandwidth)
    phi = as_kernel(kernel, h, exponent)
    statistic = as_statistic(statistic, ("x", "weights", sample))
    progress = as_switch(progress, "progress")
    s = _scores(score, x, sample.points)
    n, d = sample.points.shape
    with np.errstate(all="ignore"):
        own = _itself(phi, s, d, h, sample)
        pairs = _pairs(phi, s, h, sample, progress) / n**2
        total = max(pairs + own, 0.0) if statistic == "V" else pairs / sample.apart()
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
            rows = _Rows(phi, a, h * s[a.rows])
            above = 0.0
            for b in blocks(sample, h, a.origin, a.rows.stop):
                above += rows.sum(b, h * s[b.rows], room)
            total += rows.sum(a, rows.t, room) + 2 * above
            left = max(0, n - a.rows.stop)
            shown.update((n * (n - 1) - left * (left - 1)) // 2)
    return total


class _Rows:
    """A block of rows u_i with scores t_i, summed against blocks of columns v_j with r_j.

    Σ w_i w_j [φ t_i·r_j − 2φ′ ((t_i − r_j)·(u_i − v_j) + d − shift + factor g)]
    """

    def __init__(self, phi, a: Block, t: np.ndarray):
        self.phi, self.a, self.t, self.left = phi, a, t, a.left(phi)
        self.wide = t.shape[1] - phi.shift
        last = np.ones(len(a)), np.einsum("ni,in->n", t, a.u) + self.wide
        self.along = _weighted(np.column_stack([-t, -a.u.T, *last]), a.w)
        self.weighted = _weighted(t, a.w)

    def sum(self, b: Block, r, room) -> float:
        """The sum over a tile, its diagonal left out where it has one."""
        a, phi = self.a, self.phi
        z = tile(phi, self.left, a, b, room[0])
        k, p, g = phi.derivatives(z, corner(room[1], a, b), corner(room[2], a, b))
        if a is b:
            np.fill_diagonal(k, 0.0)
            np.fill_diagonal(p, 0.0)
        total = self._near(k, p, b, r) if is_near(a, b) else self._far(k, p, b, r, room[3])
        if isinstance(a.w, float):
            return total + phi.factor * float(np.vdot(p, g))
        return total + phi.factor * float(a.w @ np.multiply(p, g, out=g) @ b.w)

    def _near(self, k, p, b, r) -> float:
        """All but g as products of matrices, (t_i − r_j)·(u_i − v_j) multiplied out."""
        d = r.shape[1]
        right = np.empty((2 * d + 2, len(b)))
        right[:d], right[d : 2 * d], right[-1] = b.u, r.T, 1.0
        np.einsum("ni,in->n", r, b.u, out=right[-2])
        if not isinstance(b.w, float):
            right *= b.w
        sums = p @ right.T
        scores = sums[:, d : 2 * d] if p is k else k @ right[d : 2 * d].T
        return float(np.vdot(self.along, sums) + np.einsum("ni,ni->", self.weighted, scores))

    def _far(self, k, p, b, r, room) -> float:
        """The same by differences, a coordinate at a time."""
        gaps = corner(room, self.a, b)
        gaps[...] = self.wide
        for i in range(r.shape[1]):
            gaps += (self.t[:, i, None] - r[:, i]) * self.a.gaps(b, i)
        gaps *= p
        ones = np.ones(len(self.a)) * self.a.w, np.ones(len(b)) * b.w
        return float(np.vdot(self.weighted, k @ _weighted(r, b.w)) + ones[0] @ gaps @ ones[1])


def _weighted(matrix, w):
    return matrix if isinstance(w, float) else matrix * w[:, None]
