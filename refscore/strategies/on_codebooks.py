"""Families of cases of quantisation: points and codes in eighths, so that distances are exact."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from refscore.strategies.draws import normals, scales


def _eighths(values):
    return np.round(8 * values) / 8


def _coded(draw):
    """Points (n, d) and codes (K, d) of different lengths, off the origin."""
    n, k, d = draw(st.integers(3, 7)), draw(st.integers(2, 6)), draw(st.integers(2, 4))
    lengths = np.geomspace(0.3, 2.5, k)[:, None]
    codebook = _eighths(lengths * draw(normals(k, d)) + 0.5)
    return {"x": _eighths(1.5 * draw(normals(n, d))), "codebook": codebook}


def _weighted(draw):
    return {**_coded(draw), "beta": draw(scales(0.1, 3.0))}


def _averaged(draw):
    inputs = _coded(draw)
    counts = np.exp(draw(normals(len(inputs["codebook"]))))
    sums = counts[:, None] * (inputs["codebook"] + 0.3 * draw(normals(*inputs["codebook"].shape)))
    decay = draw(st.sampled_from((0.3, 0.6, 0.8, 0.99)))
    return {**inputs, "counts": counts, "sums": sums, "decay": decay,
            "epsilon": draw(scales(1e-3, 0.5))}  # fmt: skip


ON_CODEBOOKS: dict[str, Callable] = {
    "points and codes": _coded,
    "points and codes with a weight": _weighted,
    "points and codes with averages": _averaged,
}
