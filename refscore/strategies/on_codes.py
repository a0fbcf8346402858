"""Families of cases of discrete latents: logits with Gumbel numbers, and relaxed rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from refscore.strategies.draws import normals, scales


def _perturbed(draw):
    """Logits up to a few thousands (n, K), and Gumbel numbers."""
    n, k = draw(st.integers(2, 5)), draw(st.integers(2, 6))
    size = draw(st.sampled_from((0.5, 1.0, 1.0, 1.0, 1e3)))
    uniforms = (1 + np.tanh(draw(normals(n, k)))) / 2
    return {"logits": size * draw(normals(n, k)), "gumbels": -np.log(-np.log(uniforms))}


def _relaxed(draw):
    inputs = _perturbed(draw)
    cotangent = draw(normals(*inputs["logits"].shape))
    return {**inputs, "temperature": draw(scales(0.1, 10.0)), "cotangent": cotangent}


def _rows(draw):
    n, k = draw(st.integers(2, 5)), draw(st.integers(2, 6))
    weights = np.exp(1.5 * draw(normals(n, k)))
    y = weights / weights.sum(1, keepdims=True)
    return {"y": y, "logits": 2 * draw(normals(n, k)), "temperature": draw(scales(0.1, 5.0))}


ON_CODES: dict[str, Callable] = {
    "logits with gumbels": _perturbed,
    "relaxed rows with gumbels": _relaxed,
    "relaxed rows": _rows,
}
