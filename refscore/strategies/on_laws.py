"""Families of cases that are a law, alone, with a field on it, with points or with another law."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from refscore.identities.cases import Description, Law
from refscore.identities.contrasts import quadratic
from refscore.strategies.draws import (
    affine_fields,
    covariances,
    dims,
    gaussians,
    laws,
    matrices,
    mixtures,
    mlps,
    normals,
    points,
    scales,
)
from refscore.strategies.on_fields import strengths


def _law_and_points(strategy):
    def make(draw):
        dim = draw(dims())
        return {"law": draw(strategy(dim)), "x": draw(points(dim))}

    return make


def _affine(draw):
    dim = draw(dims(high=3))
    return {"law": draw(gaussians(dim)), "field": draw(affine_fields(dim))}


def _noised(draw):
    return {**_affine(draw), "sigma": draw(scales(0.05, 3.0))}


def _with_kernel(draw):
    inputs = _affine(draw)
    covariance = draw(covariances(len(inputs["law"].mean)))
    return {**inputs, "scale": draw(scales(0.2, 1.5)), "covariance": covariance}


def _with_strength(draw):
    return {"law": draw(gaussians(draw(dims(high=3)))), **strengths(draw)}


def _with_probes(draw):
    """Enough probes for a second moment that is positive definite."""
    inputs = _affine(draw)
    d = len(inputs["law"].mean)
    return {**inputs, "probes": draw(normals(d + draw(st.integers(1, 4)), d))}


def _gaussian_and_mixture(draw):
    dim = draw(dims(high=3))
    return {"law": draw(gaussians(dim)), "other": draw(mixtures(dim))}


def _kernel_error(draw):
    """A law smooth enough for a lattice, draws and a bandwidth."""
    law = draw(mixtures(draw(dims(high=2)), condition=draw(scales(1.0, 4.0))))
    return {"law": law, "n": draw(st.integers(1, 100)), "bandwidth": draw(scales(0.3, 1.2))}


def _matrix(draw):
    return {"matrix": draw(matrices())}


def _matrix_and_probes(draw):
    dim = draw(dims())
    probes = draw(normals(draw(st.integers(2, 5)), dim))
    return {"matrix": draw(matrices(dim)), "probes": probes}


def _step(draw):
    dim = draw(dims())
    law, x = draw(st.one_of(gaussians(dim), mixtures(dim))), draw(points(dim))
    step_size = draw(scales(1e-4, 2.0))
    return {"law": law, "x": x, "step_size": step_size, "noise": draw(normals(*x.shape))}


def _interval(draw):
    """A field on an interval where a density jumps, with panels narrow enough for both."""
    low = float(draw(normals(1))[0])
    high = low + draw(scales(0.3, 3.0))
    law = Law("uniform", low=[low], high=[high])
    if draw(st.booleans()):
        mean, sd = draw(normals(1)), [draw(scales(0.4, 2.0))]
        law = Law("truncated_normal", mean=mean, sd=sd, low=[low], high=[high])
    field = draw(st.one_of(affine_fields(1), mlps(1, layers=1)))
    return {"law": law, "field": field, "edges": [np.linspace(low, high, 13)], "order": 24}


def _ends(draw):
    """An affine field on a half-line's law, with a weight and panels out to where it vanishes."""
    size = draw(scales(0.3, 2.0))
    law, edges = Law("exponential", rate=[1 / size]), [0, 1, 4, 12, 40]
    if draw(st.booleans()):
        law, edges = Law("half_normal", sd=[size]), [0, 1, 2.5, 5, 9]
    weight = draw(st.sampled_from([Description("log"), Description("power", exponent=2.0)]))
    field = draw(affine_fields(1))
    return {"law": law, "field": field, "weight": weight, "edges": [size * np.array(edges)],
            "order": 24}  # fmt: skip


def _dirichlet(draw):
    """A composition's law whose density is a polynomial, and a field that is nearly one."""
    dim = draw(dims(high=2))
    concentration = [float(draw(st.integers(1, 5))) for _ in range(dim + 1)]
    field = draw(st.one_of(affine_fields(dim), mlps(dim, layers=1)))
    return {"law": Law("dirichlet", concentration=concentration), "field": field, "order": 30}


def _kink(draw):
    law = Law("laplace", location=draw(normals(1)), scale=[draw(scales(0.3, 3.0))])
    return {"law": law, "other": draw(scales(0.3, 3.0))}


def _weights_apart(draw):
    """Two modes with two weights each."""
    a, spread = draw(scales(0.3, 3.0)), draw(scales(0.5, 2.0))
    covariances = [[[spread**2]]] * 2
    both = [
        Law("mixture", weights=[p, 1 - p], means=[[-a * spread], [a * spread]],
            covariances=covariances)
        for p in (draw(st.floats(0.05, 0.95)) for _ in range(2))
    ]  # fmt: skip
    return {"law": both[0], "other": both[1]}


def _boltzmann(draw, dim):
    upper = np.triu(draw(normals(dim, dim)), 1)
    return Description("boltzmann", weights=upper + upper.T, biases=draw(normals(dim)))


def _states(dim):
    return np.array(np.meshgrid(*[[0.0, 1.0]] * dim, indexing="ij")).reshape(dim, -1).T.copy()


def _binary(draw):
    dim = draw(dims())
    return {"log_odds": _boltzmann(draw, dim), "x": _states(dim)}


def _two_binary(draw):
    inputs = _binary(draw)
    return {**inputs, "data": _boltzmann(draw, inputs["x"].shape[1])}


def _chain(draw):
    """A confining quadratic energy and a chain of a few steps."""
    law, n, k = draw(gaussians(condition=draw(scales(1.0, 30.0)))), 5, draw(st.integers(1, 4))
    d = len(law.mean)
    energy = quadratic(np.linalg.inv(law.covariance), law.mean)
    least = np.linalg.eigvalsh(law.covariance)[0]
    step_size = float(least * draw(scales(0.05, 2.0)))
    x, noise = draw(points(d, n)), draw(normals(k, n, d))
    return {"energy": energy, "x": x, "n_steps": k, "step_size": step_size, "noise": noise}


def _fixed_point(draw):
    dim = draw(dims(high=2))
    law = draw(gaussians(dim, condition=draw(scales(1.0, 10.0))))
    least = np.linalg.eigvalsh(law.covariance)[0]
    share, k = draw(scales(0.05, 0.8)), draw(st.integers(1, 3))
    return {"law": law, "step_size": float(least * share), "n_steps": k}


def _two_laws(draw):
    dim = draw(dims(high=3))
    model, noise = draw(laws(dim, _SMOOTH)), draw(laws(dim, _SMOOTH))
    return {"log_model": model, "log_noise": noise, "x": draw(points(dim)), "y": draw(points(dim))}


_SMOOTH = ("gaussian", "mixture", "student_t")


def _same_law(draw):
    inputs = _two_laws(draw)
    return {"law": inputs["log_model"], "x": inputs["x"], "y": inputs["y"]}


def _far(draw):
    c = draw(scales(1e3, 1e4)) * draw(st.sampled_from([-1, 1]))
    return {"c": c, "noise_law": draw(gaussians(1)), "x": draw(points(1)), "y": draw(points(1))}


ON_LAWS: dict[str, Callable] = {
    "gaussian": _law_and_points(gaussians),
    "mixture": _law_and_points(mixtures),
    "affine field": _affine,
    "affine on a Gaussian": _affine,
    "affine on a Gaussian with noise": _noised,
    "affine on a Gaussian with a kernel": _with_kernel,
    "affine on a Gaussian with probes": _with_probes,
    "Gaussian with a strength": _with_strength,
    "Gaussian and mixture": _gaussian_and_mixture,
    "kernel density of a mixture": _kernel_error,
    "matrix": _matrix,
    "matrix with probes": _matrix_and_probes,
    "step": _step,
    "field on an interval": _interval,
    "field on a law of the half-line": _ends,
    "field on a Dirichlet law": _dirichlet,
    "kink": _kink,
    "two modes": _weights_apart,
    "binary law": _binary,
    "two binary laws": _two_binary,
    "chain": _chain,
    "chain at its fixed point": _fixed_point,
    "two laws with points": _two_laws,
    "law with two sets of points": _same_law,
    "log-normaliser far off": _far,
}
