"""Sliced score matching: implicit score matching seen along random probes."""

from __future__ import annotations

import numpy as np

from refscore.objectives.integrands import (
    field_and_points,
    half_square,
    loss_and_gradient,
    losses,
)
from refscore.traces.divergences import point_probes


def sliced_loss(field, x, probes=None, *, rng=None, n_probes=1, probe="rademacher") -> np.ndarray:
    """The sliced score matching loss at every point.

        mean over v of  vᵀ J(x) v + ½(v·s(x))²

    field a Field; x points (..., d); probes v (..., m, d), m for every point, or n_probes of
    the kind `probe` (gaussian, rademacher, sphere or coordinate) drawn from `rng`, anything
    numpy.random.default_rng takes. Its mean over probes with E v vᵀ = I is the implicit
    loss. Returns (...,). Raises TypeError or ValueError naming the argument. Cost: one value
    and m products J v a point.
    Source: Song, Garg, Shi and Ermon, Sliced score matching (2019), equation 7.
    Checked by: sliced_is_implicit, sliced_given_probes, sliced_variance, sliced_mean,
    erratum_sliced_energy, erratum_sliced_square, erratum_one_probe,
    sliced_fisher_divergence
    """
    return losses(*_arguments(_sliced, field, x, probes, rng, n_probes, probe))


def sliced_loss_gradient(
    field, x, probes=None, *, rng=None, n_probes=1, probe="rademacher"
) -> np.ndarray:
    """The gradient (p,) of the mean sliced loss in `field.parameters`, for the same probes.

        ∂/∂θ mean[ vᵀ J v + ½(v·s)² ]

    field a Field; x points (..., d), at least one; probes v (..., m, d), or n_probes of the kind
    `probe` (gaussian, rademacher, sphere or coordinate) drawn from `rng`, anything
    numpy.random.default_rng takes. Returns (p,), (0,) without parameters.
    Checked by: sliced_gradient
    """
    return loss_and_gradient(*_arguments(_sliced, field, x, probes, rng, n_probes, probe))[1]


def sliced_loss_and_gradient(field, x, probes=None, *, rng=None, n_probes=1, probe="rademacher"):
    """The mean sliced loss, a number, and its gradient (p,), from one forward pass.

    field a Field; x points (..., d), at least one; probes v (..., m, d), or n_probes of the kind
    `probe` (gaussian, rademacher, sphere or coordinate) drawn from `rng`, anything
    numpy.random.default_rng takes. Cost with an MLP of two hidden layers: 3 + 3m products with
    the middle matrix a point.
    Tested in: tests/objectives/test_sliced.py
    """
    return loss_and_gradient(*_arguments(_sliced, field, x, probes, rng, n_probes, probe))


def variance_reduced_sliced_loss(
    field, x, probes=None, *, rng=None, n_probes=1, probe="rademacher"
) -> np.ndarray:
    """The sliced loss with the square's expectation taken exactly, at every point.

        mean over v of  vᵀ J(x) v,  plus  ½‖s(x)‖²

    field a Field; x points (..., d); probes v (..., m, d), or n_probes of the kind `probe`
    (gaussian, rademacher, sphere or coordinate) drawn from `rng`, anything
    numpy.random.default_rng takes. Returns (...,). Raises TypeError or ValueError naming the
    argument. Cost: as `sliced_loss`.
    Source: Song, Garg, Shi and Ermon, Sliced score matching (2019), equation 8.
    Checked by: variance_reduced_given_probes, variance_reduced_mean
    """
    return losses(*_arguments(_reduced, field, x, probes, rng, n_probes, probe))


def variance_reduced_sliced_loss_gradient(
    field, x, probes=None, *, rng=None, n_probes=1, probe="rademacher"
) -> np.ndarray:
    """The gradient (p,) of the mean variance-reduced sliced loss, for the same probes.

        ∂/∂θ mean[ vᵀ J v + ½‖s‖² ]

    field a Field; x points (..., d), at least one; probes v (..., m, d), or n_probes of the kind
    `probe` (gaussian, rademacher, sphere or coordinate) drawn from `rng`, anything
    numpy.random.default_rng takes. Returns (p,), (0,) without parameters.
    Checked by: variance_reduced_gradient
    """
    return loss_and_gradient(*_arguments(_reduced, field, x, probes, rng, n_probes, probe))[1]


def variance_reduced_sliced_loss_and_gradient(
    field, x, probes=None, *, rng=None, n_probes=1, probe="rademacher"
):
    """The mean variance-reduced sliced loss, a number, and its gradient (p,).

    field a Field; x points (..., d), at least one; probes v (..., m, d), or n_probes of the kind
    `probe` (gaussian, rademacher, sphere or coordinate) drawn from `rng`, anything
    numpy.random.default_rng takes. One forward pass.
    Tested in: tests/objectives/test_sliced.py
    """
    return loss_and_gradient(*_arguments(_reduced, field, x, probes, rng, n_probes, probe))


def _arguments(square, field, x, probes, rng, n_probes, probe):
    """The field, the points, and the integrand for the probes of every row."""
    field, x = field_and_points(field, x)
    probes = point_probes(x, probes, rng=rng, n_probes=n_probes, probe=probe)
    probes = probes.reshape((-1, *probes.shape[-2:]))

    def integrand(local, rows):
        v = np.ascontiguousarray(probes[rows].swapaxes(0, 1))
        loss, a = square(local.value, v)
        curvature = np.einsum("mni,mni->n", v, local.jvp(v)) / len(v)
        return loss + curvature, (a, None, v, v / len(v))

    return field, x, integrand


def _sliced(s, v):
    """The mean of ½(v·s)² and its derivative in s, mean (v·s) v; s (n, d), v (m, n, d)."""
    along = np.einsum("mni,ni->mn", v, s)
    return 0.5 * (along**2).mean(axis=0), np.einsum("mn,mni->ni", along, v) / len(v)


def _reduced(s, v):
    """½‖s‖² and its derivative s."""
    return half_square(s), s
