"""Families of cases of discrete latents: logits with Gumbel numbers, relaxed rows and bits."""

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


def _laws(draw):
    inputs = _perturbed(draw)
    other = 2 * draw(normals(*inputs["logits"].shape))
    temperatures = {name: draw(scales(0.1, 5.0)) for name in ("temperature", "other_temperature")}
    return {**inputs, "other_logits": other, **temperatures}


def _bits(draw):
    n = draw(st.integers(1, 6))
    size = draw(st.sampled_from((1.0, 1.0, 300.0)))
    uniforms = (1 + np.tanh(draw(normals(n)))) / 2
    logit, t = size * draw(normals(n)), draw(scales(0.01, 10.0))
    return {"logit": logit, "temperature": t, "uniforms": uniforms}


ON_CODES: dict[str, Callable] = {
    "logits with gumbels": _perturbed,
    "relaxed rows with gumbels": _relaxed,
    "relaxed rows": _rows,
    "relaxed laws": _laws,
    "relaxed bits": _bits,
}
