"""How far two laws are apart."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_covariance, as_offering, beyond_float


def wasserstein_gaussian(p, q) -> float:
    """The Wasserstein-2 distance of two Gaussians; of any two laws, a lower bound (Gelbrich).

        W² = |m_p - m_q|² + tr(S_p + S_q - 2 (S_p^{1/2} S_q S_p^{1/2})^{1/2})
           = |m_p - m_q|² + min over rotations U of |L_p - L_q U|²_F,  S = L Lᵀ

    The second form is computed: it loses no digits when the laws are close.
    Arguments: p, q with .mean (d,) and .covariance (d, d), which may be singular.
    Returns: W >= 0. Raises: ValueError for different dimensions. Cost: O(d³).
    Source: Dowson and Landau 1982; Bhatia, Jain and Lim 2019, section 2.
    Tested in: tests/test_laws.py
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
    variances, E = np.linalg.eigh(covariance)
    return mean, E * np.sqrt(np.maximum(variances, 0))
