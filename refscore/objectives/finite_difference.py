"""Sliced score matching without derivatives in x: central differences along the probes."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_positive, beyond_float
from refscore.objectives.integrands import field_and_points
from refscore.objectives.stacked import loss_and_gradient, losses
from refscore.traces.divergences import point_probes


def finite_difference_loss(
    field, x, step, probes=None, *, rng=None, n_probes=1, probe="rademacher"
) -> np.ndarray:
    """The sliced loss with vᵀ J v from a central difference of step ε, at every point.

        mean over v of  v·(s(x + ε v) − s(x − ε v))/(2ε) + ½(v·s(x))²

    Its error is O(ε²), and 0 on affine fields; rounding adds about 1e-16 ‖s‖/ε. The square takes
    s at x itself. Pang et al. draw probes of length ε and take the mean of s(x + v) and s(x − v)
    in the square, one value fewer a point: another loss, by O(ε²). field a Field; x points
    (..., d); step ε > 0, multiplied into the probes as they are; probes v (..., m, d), m for
    every point, or n_probes of the kind `probe` (gaussian, rademacher, sphere or coordinate)
    drawn from `rng`, anything numpy.random.default_rng takes. Returns (...,). Raises TypeError
    or ValueError naming the argument. Cost: 2m + 1 values of the field a point.
    Source: Pang, Xu, Li, Song, Ermon and Zhu, Efficient learning of generative models via
    finite-difference score matching (2020).
    Checked by: finite_difference_given_probes, finite_difference_affine, finite_difference_order
    """
    field, points, integrand = _arguments(field, x, step, probes, rng, n_probes, probe)
    return losses(field, points, integrand).reshape(np.shape(x)[:-1])


def finite_difference_loss_gradient(
    field, x, step, probes=None, *, rng=None, n_probes=1, probe="rademacher"
) -> np.ndarray:
    """The gradient (p,) of the mean finite-difference loss, exact for the given step.

        ∂/∂θ mean[ v·(s(x + ε v) − s(x − ε v))/(2ε) + ½(v·s(x))² ]

    field a Field; x points (..., d), at least one; step ε > 0; probes v (..., m, d), or n_probes
    of the kind `probe` (gaussian, rademacher, sphere or coordinate) drawn from `rng`, anything
    numpy.random.default_rng takes.
    Checked by: finite_difference_gradient
    """
    return loss_and_gradient(*_arguments(field, x, step, probes, rng, n_probes, probe))[1]


def finite_difference_loss_and_gradient(
    field, x, step, probes=None, *, rng=None, n_probes=1, probe="rademacher"
):
    """The mean finite-difference loss, a number, and its gradient (p,), from one forward pass.

    field a Field; x points (..., d), at least one; step ε > 0; probes v (..., m, d), or n_probes
    of the kind `probe` (gaussian, rademacher, sphere or coordinate) drawn from `rng`, anything
    numpy.random.default_rng takes.
    Tested in: tests/objectives/test_finite_difference.py
    """
    return loss_and_gradient(*_arguments(field, x, step, probes, rng, n_probes, probe))


def _arguments(field, x, step, probes, rng, n_probes, probe):
    """The field, the points x + ε v, x − ε v and x stacked, and the integrand of their values."""
    field, x = field_and_points(field, x)
    step = as_positive(step, "step")
    probes = point_probes(x, probes, rng=rng, n_probes=n_probes, probe=probe)
    probes = probes.reshape((-1, *probes.shape[-2:])).swapaxes(0, 1)
    x, m = x.reshape(-1, field.dim), len(probes)
    with beyond_float():
        points = np.concatenate([x + step * probes, x - step * probes, x[None]])

    def integrand(local, rows):
        v = probes[:, rows]
        s = local.value.reshape(2 * m + 1, -1, field.dim)
        slope = np.einsum("mni,mni->n", v, s[:m] - s[m:-1]) / (2 * step)
        along = np.einsum("mni,ni->mn", v, s[-1])
        side = v / (2 * step * m)
        back = np.einsum("mn,mni->ni", along, v)[None] / m
        a = np.concatenate([side, -side, back]).reshape(-1, field.dim)
        return slope / m + 0.5 * (along**2).mean(axis=0), (a, None, None, None)

    return field, points, integrand
