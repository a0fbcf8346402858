"""Families of cases that are a sample: kernel densities, kernel fits, estimators."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from refscore.strategies.draws import covariances, dims, fields, ladders, normals, points, scales


@st.composite
def samples(draw, dim: int | None = None):
    """Points (n, dim), n at least 4 dim + 4, of full covariance, around a centre off the origin."""
    dim = draw(dims(high=3)) if dim is None else dim
    n = 4 * dim + 4 + draw(st.integers(0, 12))
    root = np.linalg.cholesky(draw(covariances(dim, draw(scales(1.0, 30.0)))))
    return draw(normals(dim)) + draw(normals(n, dim)) @ root.T


def _density(draw):
    dim = draw(dims(high=2))
    data = draw(points(dim, draw(st.integers(2, 5))))
    return {"data": data, "bandwidth": draw(scales(0.4, 2.0)), "x": draw(points(dim))}


def _error(draw):
    n, h = draw(st.integers(1, 200)), draw(scales(0.2, 2.0))
    return {"dim": draw(dims(high=6)), "n": n, "bandwidth": h}


def _regular(draw, dim, n):
    """Points half a bandwidth or more from each other, none alone, and a regulariser."""
    h, spread = draw(scales(0.3, 3.0)), np.tanh(draw(normals(n, dim)))
    x = h * (np.arange(n)[:, None] + 0.25 * spread)
    return {"x": x, "bandwidth": h, "regularisation": draw(scales(0.01, 1.0))}


def _stein(draw):
    return _regular(draw, draw(dims(high=3)), draw(st.integers(2, 7)))


def _moved(draw):
    inputs = _stein(draw)
    d = inputs["x"].shape[1]
    turn = np.linalg.qr(draw(normals(d, d)))[0]
    return {**inputs, "turn": turn, "shift": 10 * draw(normals(d))}


def _fit(draw):
    dim = draw(dims(high=3))
    basis = _regular(draw, dim, draw(st.integers(2, 4)))
    x = basis["bandwidth"] * (1.5 + draw(points(dim, draw(st.integers(6, 12)))))
    return {**basis, "x": x, "basis": basis["x"]}


def _fit_on_base(draw):
    inputs = _fit(draw)
    return {**inputs, "field": draw(fields(inputs["x"].shape[1]))}


def _sample(draw):
    return {"x": draw(samples())}


def _with_probes(draw):
    x = draw(samples())
    return {"x": x, "probes": draw(normals(len(x), draw(st.integers(1, 3)), x.shape[1]))}


def _with_noise(draw):
    x = draw(samples())
    return {"x": x, "sigma": draw(scales(0.05, 3.0)), "noise": draw(normals(*x.shape))}


def _with_levels(draw):
    x, sigmas = draw(samples()), draw(ladders())
    return {"x": x, "sigmas": sigmas, "noise": draw(normals(len(sigmas), *x.shape))}


def _with_pattern(draw):
    x = draw(samples())
    d = x.shape[1]
    upper = np.triu(draw(normals(d, d)) > 0, 1)
    return {"x": x, "pattern": (upper | upper.T | np.eye(d, dtype=bool)).astype(float)}


def _with_confidence(draw):
    return {"x": draw(samples()), "level": draw(st.floats(0.05, 0.995))}


def _with_power(draw):
    return {"x": draw(samples(1)), "power": draw(st.floats(1.6, 5.0))}


def _half_line(draw):
    x, a = np.abs(draw(samples(1))), draw(st.floats(1.0, 3.0))
    return {"x": x, "h": x**a, "h_slope": a * x ** (a - 1)}


def _slicing_cost(draw):
    precision = np.array([draw(scales(0.2, 5.0)) for _ in range(draw(dims(2)))])
    probe = draw(st.sampled_from(["rademacher", "gaussian", "sphere"]))
    m, reduced = draw(st.integers(1, 8)), draw(st.booleans())
    return {"precision": precision, "probe": probe, "n_probes": m, "reduced": reduced}


ON_SAMPLES: dict[str, Callable] = {
    "kernel density": _density,
    "error of a kernel density": _error,
    "Stein estimate": _stein,
    "Stein estimate moved": _moved,
    "kernel fit": _fit,
    "kernel fit on a base": _fit_on_base,
    "sample": _sample,
    "sample with probes": _with_probes,
    "sample with noise": _with_noise,
    "sample with noise at levels": _with_levels,
    "sample with a pattern": _with_pattern,
    "sample with a confidence level": _with_confidence,
    "sample with a power": _with_power,
    "sample on the half-line": _half_line,
    "cost of slicing": _slicing_cost,
    "power": lambda draw: {"power": draw(st.floats(1.6, 8.0))},
    "separation": lambda draw: {"separation": draw(st.floats(0.3, 4.0))},
}
