"""The divergence of a field from Jacobian-vector products with probes."""

from __future__ import annotations

import numpy as np

from refscore._arguments import (
    as_array,
    as_count,
    as_offering,
    as_points,
    beyond_float,
    require_one,
)
from refscore.traces.operators import Operator
from refscore.traces.probes import draw_probes


def jacobian_operator(field, x) -> Operator:
    """The Jacobian of a field at one point, as counted products J v by `field.jvp`.

    Arguments: field with `.jvp(x, v)`; x (d,). Returns: an Operator, good for `exact_trace`,
    `hutchinson`, `hutch_plus_plus`, `xtrace` and `diagonal`. Cost: one jvp a product.
    Tested in: tests/test_traces.py
    """
    field, x = as_offering(field, "field", "jvp"), as_points(x, "x").copy()
    if x.ndim != 1:
        raise ValueError(f"x must be one point (d,), got shape {x.shape}")
    return Operator(lambda v: field.jvp(np.tile(x, (len(v), 1)), _real(v)), len(x))


def divergence_estimate(
    field, x, probes=None, *, rng=None, n_probes=1, probe="rademacher"
) -> np.ndarray:
    """Hutchinson's estimate of the divergence at every point: the mean over m of vᵀ J(x) v.

        div s(x) = tr J(x) = E vᵀ J(x) v  when  E v vᵀ = I

    Arguments: field with `.jvp(x, v)`; x (..., d); probes (..., m, d), m for every point, or
    n_probes drawn of the kind `probe`: gaussian, rademacher, sphere or coordinate (see
    `draw_probes`; steinhaus ones are complex and turned away); rng: anything
    numpy.random.default_rng takes. Returns: (...,). Raises: ValueError naming the argument. Cost:
    m Jacobian-vector products a point.
    Checked by: divergence_given_probes, divergence_unbiased, divergence_mean
    """
    field, x = as_offering(field, "field", "jvp"), as_points(x, "x")
    probes = point_probes(x, probes, rng=rng, n_probes=n_probes, probe=probe)
    with beyond_float():
        forms = [
            np.sum(probes[..., j, :] * field.jvp(x, probes[..., j, :]), axis=-1)
            for j in range(probes.shape[-2])
        ]
        return sum(forms) / len(forms)


def point_probes(x: np.ndarray, probes, *, rng=None, n_probes=1, probe="rademacher"):
    """Probes (..., m, d) for points (..., d): as given, or fresh ones for every point."""
    require_one("probes", probes, rng)
    if probes is None:
        shape = (*x.shape[:-1], as_count(n_probes, "n_probes"), x.shape[-1])
        return _real(draw_probes(shape, probe, rng=rng))
    probes = as_array(probes, "probes")
    m = probes.shape[-2] if probes.ndim == x.ndim + 1 else 0
    if m == 0 or probes.shape != (*x.shape[:-1], m, x.shape[-1]):
        lead = "".join(f"{n}, " for n in x.shape[:-1])
        raise ValueError(
            f"probes must have shape ({lead}m, {x.shape[-1]}), m for every point,"
            f" got shape {probes.shape}"
        )
    return probes


def _real(v: np.ndarray) -> np.ndarray:
    if np.iscomplexobj(v):
        raise ValueError("probes must be real for the Jacobian of a real field, got complex ones")
    return v
