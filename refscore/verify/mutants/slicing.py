"""Mistakes in sliced score matching."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.objectives import half_square


def _quadratic(field, x, probes):
    """v^T J v (n, m) and v.s (n, m)."""
    jac, s = field.jacobian(x), field(x)
    return (
        np.einsum("nmi,nij,nmj->nm", probes, jac, probes),
        np.einsum("nmi,ni->nm", probes, s),
    )


@mistake(
    "sliced_without_probe_in_square", port="sliced_loss", source="seed 001, erratum J4 as printed"
)
def _(field, x, probes):
    """The square of the whole score stands for the square of its projection."""
    curved, _ = _quadratic(field, x, probes)
    return curved.mean(-1) + half_square(field(x))


@mistake("sliced_square_without_half", port="sliced_loss", source="seed 001")
def _(field, x, probes):
    """The projected square has lost its one half."""
    curved, along = _quadratic(field, x, probes)
    return (curved + along**2).mean(-1)


@mistake("sliced_without_half", port="sliced_loss", source="conventions 4")
def _(field, x, probes):
    """The whole loss is doubled."""
    return 2 * library.sliced_loss(field, x, probes)


@mistake("sliced_curvature_sign", port="sliced_loss", source="seed 004, erratum J2")
def _(field, x, probes):
    """The curvature term has the wrong sign."""
    curved, along = _quadratic(field, x, probes)
    return (0.5 * along**2 - curved).mean(-1)


@mistake("sliced_sum_of_squares", port="sliced_loss", source="seed 004, erratum J2 as printed")
def _(field, x, probes):
    """The sum of squares (s_i v_i)² stands for the square of the sum."""
    curved, _ = _quadratic(field, x, probes)
    squares = ((probes * field(x)[:, None]) ** 2).sum(-1)
    return (curved + 0.5 * squares).mean(-1)


@mistake("sliced_probes_summed", port="sliced_loss", source="T01")
def _(field, x, probes):
    """Probes are summed, never divided by their number."""
    return library.sliced_loss(field, x, probes) * probes.shape[1]


@mistake("sliced_unit_probes", port="sliced_loss", source="T11; conventions 4: multi-particle")
def _(field, x, probes):
    """Probes are normalised to unit length, without the factor d."""
    unit = probes / np.linalg.norm(probes, axis=-1, keepdims=True)
    return library.sliced_loss(field, x, unit)


@mistake("sliced_first_probe_only", port="sliced_loss", source="classic")
def _(field, x, probes):
    """Only the first probe of each point is used."""
    return library.sliced_loss(field, x, probes[:, :1])


@mistake("sliced_probes_shared", port="sliced_loss", source="O26: one draw for the whole batch")
def _(field, x, probes):
    """The first point's probes serve the whole batch."""
    return library.sliced_loss(field, x, np.broadcast_to(probes[:1], probes.shape).copy())


@mistake("sliced_second_probe_in_square", port="sliced_loss", source="classic")
def _(field, x, probes):
    """The square uses other probes than the curvature."""
    curved, _ = _quadratic(field, x, probes)
    _, along = _quadratic(field, x, np.flip(probes, axis=-1))
    return (curved + 0.5 * along**2).mean(-1)


@mistake("sliced_square_of_mean", port="sliced_loss", source="T16: the square of an average")
def _(field, x, probes):
    """Projections are averaged over probes before they are squared."""
    curved, along = _quadratic(field, x, probes)
    return curved.mean(-1) + 0.5 * along.mean(-1) ** 2


@mistake("sliced_zero_one_probes", port="sliced_loss", source="T13")
def _(field, x, probes=None, *, rng=None):
    """Probes are 0 and 1, never mapped to -1 and 1."""
    if probes is None:
        probes = np.random.default_rng(rng).integers(0, 2, (len(x), 1, x.shape[-1])).astype(float)
        return library.sliced_loss(field, x, probes)
    return library.sliced_loss(field, x, 0.5 * (probes + 1))


@mistake("reduced_projects_square", port="variance_reduced_sliced_loss", source="classic")
def _(field, x, probes):
    """The square is projected, as in the plain form."""
    return library.sliced_loss(field, x, probes)


@mistake("reduced_unit_probes", port="variance_reduced_sliced_loss", source="T11; gallery 5")
def _(field, x, probes):
    """Probes of unit length in the curvature beside the whole square: lands at θ/d."""
    unit = probes / np.linalg.norm(probes, axis=-1, keepdims=True)
    return library.variance_reduced_sliced_loss(field, x, unit)


@mistake("reduced_square_without_half", port="variance_reduced_sliced_loss", source="classic")
def _(field, x, probes):
    """The square has lost its one half."""
    return library.variance_reduced_sliced_loss(field, x, probes) + half_square(field(x))


@mistake("reduced_curvature_sign", port="variance_reduced_sliced_loss", source="O22")
def _(field, x, probes):
    """The curvature term has the wrong sign."""
    return 2 * half_square(field(x)) - library.variance_reduced_sliced_loss(field, x, probes)


@mistake("reduced_square_summed_over_probes", port="variance_reduced_sliced_loss", source="T01")
def _(field, x, probes):
    """The square is added once a probe."""
    extra = (probes.shape[1] - 1) * half_square(field(x))
    return library.variance_reduced_sliced_loss(field, x, probes) + extra
