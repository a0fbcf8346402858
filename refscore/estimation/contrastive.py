"""Contrastive divergence: a few Langevin steps from the data stand for draws of the model."""

from __future__ import annotations

import numpy as np

from refscore._arguments import (
    as_array,
    as_count,
    as_offering,
    as_points,
    as_rng,
    beyond_float,
    require_one,
)
from refscore.distributions import ExponentialFamily
from refscore.langevin import ula

_ROWS = 2048  # points whose gradients are held at a time


def contrastive_divergence_gradient(
    energy, x, step_size, n_steps, noise=None, *, rng=None
) -> np.ndarray:
    """The gradient of contrastive divergence with k unadjusted Langevin steps from the data.

        g = mean_i ∂E/∂θ(x_i) − mean_i ∂E/∂θ(x_i^k),
        x^0 = x,  x^{j+1} = x^j − (η/2) ∇E(x^j) + √η z^j

    x^k is held fixed: nothing is differentiated through the chain. Descend along g. With the step
    spelled h = η/2, g/h tends to the gradient of the implicit loss as h → 0 for one step, and on
    N(0, v) the precision lands at (1 − √(1 − 2h/v))/h, above 1/v.

    energy: a `PolynomialEnergy`, an `ExponentialFamily` (E = −θ·F), or any object with
    `gradient(x)` → (n, d) and `parameter_gradient(x)` → (n, p); x (n, d), at least one point;
    step_size η > 0; n_steps k ≥ 1; noise z (k, n, d), or drawn from `rng`, anything
    numpy.random.default_rng takes. Returns (p,). Raises TypeError or ValueError naming the
    argument, and for a chain that leaves the finite numbers, naming the step and step_size.
    Cost: k gradients of the energy and two parameter gradients a point, in blocks of 2048 points.
    Source: Hinton, Training products of experts by minimizing contrastive divergence (2002).
    Checked by: contrastive_divergence_given_noise, contrastive_divergence_fixed_point,
    contrastive_divergence_is_implicit
    """
    gradient, statistics = _parts(energy)
    x = as_points(x, "x", getattr(energy, "dim", None))
    if x.ndim != 2 or len(x) == 0:
        raise ValueError(f"x must hold at least one point (n, d), got shape {x.shape}")
    shape = (as_count(n_steps, "n_steps"), *x.shape)
    require_one("noise", noise, rng)
    rng, z = as_rng(rng, "chain"), None if noise is None else as_array(noise, "noise", shape)
    step = ula(lambda points: -gradient(points), step_size)
    model = x.copy()
    for k in range(shape[0]):
        _advance(step, model, rng.standard_normal(x.shape) if z is None else z[k], k + 1)
    data, chain = (_mean(statistics, at, name) for at, name in ((x, "x"), (model, "the chain")))
    if np.isfinite(data).all() and not np.isfinite(chain).all():
        raise _divergence(step, shape[0], model)
    return data - chain


def _blocks(x):
    return [slice(i, i + _ROWS) for i in range(0, len(x), _ROWS)]


def _advance(step, model, z, k):
    """One step of every point, in place; k is its number, from 1."""
    for rows in _blocks(model):
        with beyond_float():
            model[rows] = step(model[rows].copy(), z[rows])
    if not np.isfinite(model).all():
        raise _divergence(step, k, model)


def _mean(statistics, x, where):
    """The mean of ∂E/∂θ over the points, (p,)."""
    with beyond_float():
        return sum(statistics(x[rows], where).sum(axis=0) for rows in _blocks(x)) / len(x)


def _divergence(step, k, model) -> ValueError:
    row = int(np.argmax(np.abs(np.nan_to_num(model, nan=np.inf)).max(axis=1)))
    return ValueError(
        f"the chain left the finite numbers at step {k}, from row {row} of x: step_size is"
        f" {step.step_size:.6g}, try a smaller one"
    )


def _parts(energy):
    """∇E of points, and ∂E/∂θ (n, p) of them, checked."""
    if isinstance(energy, ExponentialFamily):
        return (lambda x: -energy.score(x)), (lambda x, _: -np.asarray(energy.features(x.copy())))
    as_offering(energy, "energy", "gradient", "parameter_gradient")

    def statistics(x, where):
        value = np.asarray(energy.parameter_gradient(x.copy()), dtype=float)
        if value.ndim != 2 or len(value) != len(x):
            wanted = f"energy.parameter_gradient must return ({len(x)}, p)"
            raise ValueError(f"{wanted} at {where}, got shape {value.shape}")
        return value

    return energy.gradient, statistics
