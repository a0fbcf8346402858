"""Wasserstein distances in closed form: of Gaussians, and of two samples on the line."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_covariance, as_offering, as_real, beyond_float
from refscore.discrepancies.samples import as_values, cumulative, finite

_SAME = 8 * np.finfo(float).eps  # cumulated weights nearer than this are one


def wasserstein_gaussian(p, q) -> float:
    """The Wasserstein-2 distance of two Gaussians; of any two laws, a lower bound (Gelbrich).

        W² = |m_p - m_q|² + tr(S_p + S_q - 2 (S_p^{1/2} S_q S_p^{1/2})^{1/2})
           = |m_p - m_q|² + min over rotations U of |L_p - L_q U|²_F,  S = L Lᵀ

    The second form is computed: it loses no digits when the laws are close. Eigenvalues of a
    correlation matrix that may be rounding of S alone, below 4 d ε of the largest, are 0.
    Arguments: p, q with .mean (d,) and .covariance (d, d), which may be singular.
    Returns: W >= 0. Raises: ValueError for different dimensions. Cost: O(d³).
    Source: Dowson and Landau 1982; Bhatia, Jain and Lim 2019, section 2.
    Checked by: wasserstein_of_gaussians
    """
    mean_p, root_p = _mean_and_root(p, "p")
    mean_q, root_q = _mean_and_root(q, "q")
    if mean_p.shape != mean_q.shape:
        raise ValueError(f"p and q must share one dimension, got {len(mean_p)} and {len(mean_q)}")
    V, _, Wt = np.linalg.svd((root_q / _size(root_q)).T @ (root_p / _size(root_p)))
    with beyond_float():
        return float(np.hypot(_norm(mean_p - mean_q), _norm(root_p - root_q @ V @ Wt)))


def _size(array: np.ndarray) -> float:
    return float(np.abs(array).max()) or 1.0


def _norm(array: np.ndarray) -> float:
    """The root of the sum of squares, which may leave the range of floats on the way."""
    size = _size(array)
    return size * float(np.linalg.norm(array / size)) if np.isfinite(size) else size


def _mean_and_root(law, name: str) -> tuple[np.ndarray, np.ndarray]:
    law = as_offering(law, name, "mean", "covariance")
    mean = as_array(law.mean, f"{name}.mean", (None,))
    covariance = as_covariance(law.covariance, f"{name}.covariance", len(mean), singular=True)
    sds = np.sqrt(np.maximum(np.diagonal(covariance), 0))
    units = np.where(sds > 0, sds, np.inf)
    variances, E = np.linalg.eigh(covariance / units / units[:, None])
    known = variances > 4 * len(mean) * np.finfo(float).eps * variances[-1]
    return mean, sds[:, None] * E * np.sqrt(np.where(known, variances, 0))


def wasserstein_1d(x, y, p=1, *, x_weights=None, y_weights=None) -> float:
    """The Wasserstein-p distance of two samples on the line, exact.

        W_p = (∫_0^1 |F⁻¹(u) − G⁻¹(u)|^p du)^{1/p},   p = ∞: max over u

    For equal counts without weights that pairs the sorted numbers: (mean |x_(i) − y_(i)|^p)^{1/p}.
    Arguments: x and y, numbers of any shape; p ≥ 1, inf included; weights of their shapes, at
    least 0, divided by their sums (a point of weight 0 is no point). Cumulated weights of x and
    y that lie within 2e-15 of each other, or of 0 or 1, are taken to be equal: .1 + .1 + .1 is
    .3 to rounding only. So less mass than that may be lost, which the root of a large p shows.
    Returns: a number, the root taken. Raises: ValueError or TypeError naming argument and row.
    Cost: O((n + m) log(n + m)), memory O(n + m).
    Source: Vallender 1974; Villani, Topics in optimal transportation (2003), theorem 2.18.
    Checked by: wasserstein_by_pairing, wasserstein_by_programming
    """
    p = as_power(p)
    (a, v), (b, w) = (
        as_values(x, "x", x_weights, "x_weights"),
        as_values(y, "y", y_weights, "y_weights"),
    )
    if v is None and w is None and len(a) == len(b):
        lengths, a_index, b_index = None, slice(None), slice(None)
    else:
        lengths, a_index, b_index = _common_steps(v, len(a), w, len(b))
    with np.errstate(all="ignore"):
        return finite(_mean_power(a[a_index] - b[b_index], lengths, p), "x", "y")


def as_power(value) -> float:
    """p >= 1, infinity included."""
    array = as_real(value, "p")
    if array.ndim or not array >= 1:
        raise ValueError(f"p must be one number, at least 1 (inf included), got {value!r}")
    return float(array)


def _mean_power(gaps, lengths, p) -> float:
    """(Σ length |gap|^p)^{1/p}, by the largest gap."""
    gaps = np.abs(gaps) if lengths is None else np.abs(gaps[lengths > 0])
    top = gaps.max()
    if not 0 < top < np.inf or np.isinf(p):
        return top
    powers = (gaps / top) ** p
    mean = powers.mean() if lengths is None else powers @ lengths[lengths > 0]
    return top * mean ** (1 / p)


def _common_steps(v, n, w, m):
    """Lengths between all jumps of both inverses on [0, 1], and either's index on each."""
    if v is None and w is None:  # multiples of 1/nm: no rounding
        ends_a, ends_b, whole = np.arange(1, n + 1) * m, np.arange(1, m + 1) * n, n * m
    else:
        ends_a = _ends(v, n)
        ends_b, whole = _snapped(_ends(w, m), ends_a), 1
    ends = np.sort(np.concatenate([ends_a, ends_b]))
    a_index = np.searchsorted(ends_a, ends, side="left")
    b_index = np.searchsorted(ends_b, ends, side="left")
    return np.diff(ends, prepend=0) / whole, a_index, b_index


def _ends(w, n):
    """Where every point's mass ends, 0 and 1 where only rounding is between."""
    if w is None:
        return np.arange(1, n + 1) / n
    ends = cumulative(w)
    return np.where(ends < _SAME, 0.0, np.where(ends > 1 - _SAME, 1.0, ends))


def _snapped(b, a):
    """b, moved to the nearest number of a where that is the same to rounding."""
    i = np.searchsorted(a, b)
    left, right = a[np.maximum(i - 1, 0)], a[np.minimum(i, len(a) - 1)]
    nearest = np.where(b - left < right - b, left, right)
    return np.where(np.abs(nearest - b) < _SAME, nearest, b)
