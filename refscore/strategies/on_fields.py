"""Families of cases that are a field on points, with what its loss takes besides."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from refscore.identities.cases import Description, FieldDescription
from refscore.strategies.draws import (
    affine_fields,
    covariances,
    dims,
    fields,
    gaussians,
    mlps,
    normals,
    points,
    scales,
)


def parametric_fields(dim: int | None = None) -> st.SearchStrategy[FieldDescription]:
    """Fields with parameters: affine ones and networks."""
    return st.one_of(affine_fields(dim), mlps(dim))


def _probes(draw, x):
    return {"probes": draw(normals(len(x), draw(st.integers(1, 4)), x.shape[1]))}


def _noise(draw, x):
    return {"noise": draw(normals(*x.shape)), "sigma": draw(scales(0.05, 3.0))}


def _probes_and_step(draw, x):
    return {**_probes(draw, x), "step": draw(scales(0.05, 2.0))}


def _data(draw, x):
    return {"data": draw(points(x.shape[1])), "bandwidth": draw(scales(0.3, 3.0))}


def kernels(draw, x):
    """A scale a and a covariance C of the kernel N(ax, C), with noise for the points."""
    covariance = draw(covariances(x.shape[1]))
    return {
        "scale": draw(scales(0.2, 1.5)),
        "covariance": covariance,
        "noise": draw(normals(*x.shape)),
    }


def strengths(draw, x=None):
    """A regulariser's strength."""
    return {"strength": draw(scales(0.01, 3.0))}


def _factor(draw, x):
    n, d = x.shape
    k, m = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    return {"factor": draw(normals(n, k, d)), "probes": draw(normals(n, m, k))}


def _case(strategy, *extras):
    def make(draw):
        dim = draw(dims())
        inputs = {"field": draw(strategy(dim)), "x": draw(points(dim))}
        for extra in extras:
            inputs.update(extra(draw, inputs["x"]))
        return inputs

    return make


def _own_factor(draw):
    """A Gaussian's score with its precision's factor at every point: -J = C^T C."""
    law, n = draw(gaussians(condition=draw(scales(1.0, 50.0)))), draw(st.integers(1, 4))
    d = len(law.mean)
    root = np.linalg.inv(np.linalg.cholesky(law.covariance))
    precision = root.T @ root
    field = FieldDescription("affine", matrix=-precision, offset=precision @ law.mean)
    return {"field": field, "x": draw(points(d, n)), "factor": np.tile(root, (n, 1, 1))}


_HALF_LINE: dict[str, Callable] = {
    "power": lambda draw: Description("power", exponent=draw(scales(0.5, 3.0))),
    "capped": lambda draw: Description("capped", cap=draw(scales(0.2, 3.0))),
    "log": lambda draw: Description("log"),
}


def _weighted(strategy):
    def make(draw):
        dim = draw(dims(high=3))
        field, kind = draw(strategy(dim)), draw(st.sampled_from([*_HALF_LINE, "box", "distance"]))
        if kind in _HALF_LINE:
            x = np.abs(draw(points(dim))) + 0.05
            return {"field": field, "x": x, "weight": _HALF_LINE[kind](draw)}
        low, u = draw(normals(dim)), draw(points(dim))
        high = low + draw(scales(0.3, 3.0))
        weight = Description(kind, low=low, high=high)
        return {"field": field, "x": low + (high - low) / (1 + np.exp(-u)), "weight": weight}

    return make


def _on_simplex(strategy):
    def make(draw):
        dim = draw(dims(high=3))
        e = np.exp(draw(normals(draw(st.integers(1, 5)), dim + 1)))
        return {"field": draw(strategy(dim)), "x": (e / e.sum(-1, keepdims=True))[:, 1:]}

    return make


ON_FIELDS: dict[str, Callable] = {
    "field": _case(fields),
    "field with probes": _case(fields, _probes),
    "field with probes and a step": _case(fields, _probes_and_step),
    "field with noise": _case(fields, _noise),
    "field with data": _case(fields, _data),
    "field with a kernel": _case(fields, kernels),
    "field with a strength": _case(fields, strengths),
    "field with a factor": _case(fields, _factor),
    "field with a weight": _weighted(fields),
    "field on a simplex": _on_simplex(fields),
    "parametric field": _case(parametric_fields),
    "parametric field with probes": _case(parametric_fields, _probes),
    "parametric field with probes and a step": _case(parametric_fields, _probes_and_step),
    "parametric field with noise": _case(parametric_fields, _noise),
    "parametric field with data": _case(parametric_fields, _data),
    "parametric field with a kernel": _case(parametric_fields, kernels),
    "parametric field with a strength": _case(parametric_fields, strengths),
    "parametric field with a weight": _weighted(parametric_fields),
    "parametric field on a simplex": _on_simplex(parametric_fields),
    "affine field with probes and a step": _case(affine_fields, _probes_and_step),
    "Gaussian score with its factor": _own_factor,
}
