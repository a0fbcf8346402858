"""Sums of points by the code they are given, a block of points at a time."""

from __future__ import annotations

import numpy as np

_BLOCK = 1 << 18


def counts_and_sums(z: np.ndarray, codes: np.ndarray, n_codes: int):
    """How many rows of z (n, d) have each code, (K,), and their sums (K, d), in float64."""
    from scipy.sparse import csc_matrix

    n, d = z.shape
    counts = np.bincount(codes, minlength=n_codes).astype(np.float64)
    sums = np.zeros((n_codes, d))
    step = max(1, _BLOCK // d)
    for i in range(0, n, step):
        part = np.asarray(z[i : i + step], dtype=np.float64)
        ends = np.arange(len(part) + 1)
        shape = (n_codes, len(part))
        sums += csc_matrix((np.ones(len(part)), codes[i : i + step], ends), shape=shape) @ part
    return counts, sums
