"""Mistakes in trace, diagonal and divergence estimates."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake


def forms(matvec, probes):
    """v·(A v) for every probe."""
    return (probes * matvec(probes)).sum(-1)


@mistake("trace_probes_summed", port="trace_estimate", source="T01: bayesflow #772")
def _(matvec, dim, probes):
    """Quadratic forms are summed, never divided by their number."""
    return forms(matvec, probes).sum()


@mistake("trace_unit_probes", port="trace_estimate", source="T11")
def _(matvec, dim, probes):
    """Probes of unit length, without the factor d."""
    unit = probes / np.linalg.norm(probes, axis=-1, keepdims=True)
    return forms(matvec, unit).mean()


@mistake("trace_probe_norm_of_absolutes", port="trace_estimate", source="T02: primate d66f10f")
def _(matvec, dim, probes):
    """Probes are normalised by the root of the sum of absolute values."""
    norm = np.sqrt(np.abs(probes).sum(-1, keepdims=True))
    return forms(matvec, np.sqrt(dim) * probes / norm).mean()


@mistake("trace_zero_one_probes", port="trace_estimate", source="T13")
def _(matvec, dim, probes=None, *, rng=None):
    """Probes are 0 and 1, never mapped to -1 and 1."""
    if probes is None:
        probes = np.random.default_rng(rng).integers(0, 2, (1, dim)).astype(float)
        return forms(matvec, probes).mean()
    return forms(matvec, 0.5 * (probes + 1)).mean()


@mistake("trace_biased_signs", port="trace_estimate", source="T03: a biased bit generator")
def _(matvec, dim, probes=None, *, rng=None):
    """Signs are +1 with probability 0.75."""
    if probes is None:
        probes = np.where(np.random.default_rng(rng).random((1, dim)) < 0.75, 1.0, -1.0)
    else:
        probes = np.where((probes < 0) & (np.arange(dim) % 2 == 0), -probes, probes)
    return forms(matvec, probes).mean()


@mistake(
    "trace_uniform_probes",
    port="trace_estimate",
    source="classic: uniforms on (-1, 1) have variance 1/3",
)
def _(matvec, dim, probes=None, *, rng=None):
    """Probes are uniform on (-1, 1), not scaled to unit variance."""
    if probes is None:
        probes = np.random.default_rng(rng).uniform(-1, 1, (1, dim))
        return forms(matvec, probes).mean()
    return forms(matvec, probes).mean() / 3


@mistake("trace_uncentred_probes", port="trace_estimate", source="classic: E v = 0 forgotten")
def _(matvec, dim, probes):
    """Probes are shifted by a half."""
    return forms(matvec, probes + 0.5).mean()


@mistake("trace_different_probes_each_side", port="trace_estimate", source="classic")
def _(matvec, dim, probes):
    """The two sides of the quadratic form use different probes."""
    return (probes * matvec(np.roll(probes, 1, axis=0))).sum(-1).mean()


@mistake("trace_of_square", port="trace_estimate", source="classic: |Av|^2 for v.Av")
def _(matvec, dim, probes):
    """The square of A v stands for its product with v."""
    return (matvec(probes) ** 2).sum(-1).mean()


@mistake("trace_mean_over_dimensions", port="trace_estimate", source="O23: mean for sum")
def _(matvec, dim, probes):
    """The product with v is averaged over dimensions."""
    return forms(matvec, probes).mean() / dim


@mistake("trace_standard_error_without_root", port="trace_estimate", source="classic")
def _(matvec, dim, probes):
    """The standard error is not divided by the root of the number of probes."""
    q = forms(matvec, probes)
    return q.mean(), q.std(ddof=1) if len(q) > 1 else np.nan


@mistake("trace_standard_error_biased", port="trace_estimate", source="classic: ddof = 0")
def _(matvec, dim, probes):
    """The standard error divides by m where m - 1 belongs."""
    q = forms(matvec, probes)
    return q.mean(), q.std() / np.sqrt(len(q))


@mistake("divergence_probes_summed", port="divergence_estimate", source="T01")
def _(field, x, probes):
    """Probes are summed, never divided by their number."""
    return library.divergence_estimate(field, x, probes) * probes.shape[1]


@mistake("divergence_unit_probes", port="divergence_estimate", source="T11")
def _(field, x, probes):
    """Probes of unit length, without the factor d."""
    unit = probes / np.linalg.norm(probes, axis=-1, keepdims=True)
    return library.divergence_estimate(field, x, unit)


@mistake("divergence_probes_shared", port="divergence_estimate", source="O26")
def _(field, x, probes):
    """The first point's probes serve the whole batch."""
    return library.divergence_estimate(field, x, np.broadcast_to(probes[:1], probes.shape).copy())


@mistake("divergence_different_probes", port="divergence_estimate", source="classic")
def _(field, x, probes):
    """The two sides of the quadratic form use different probes."""
    turned = np.flip(probes, axis=-1)
    jac = field.jacobian(x)
    return np.einsum("nmi,nij,nmj->nm", turned, jac, probes).mean(-1)


@mistake("divergence_of_value", port="divergence_estimate", source="classic: no derivative taken")
def _(field, x, probes):
    """The field itself is projected on the probes instead of its derivative."""
    return np.einsum("nmi,ni->nm", probes, field(x)).mean(-1)


@mistake("divergence_estimate_sign", port="divergence_estimate", source="L01")
def _(field, x, probes):
    """The sign is wrong."""
    return -library.divergence_estimate(field, x, probes)


@mistake("diagonal_without_probe", port="diagonal_estimate", source="classic")
def _(matvec, dim, probes):
    """A v is averaged without multiplying by v."""
    return matvec(probes).mean(0)


@mistake("diagonal_transposed", port="diagonal_estimate", source="S09: x@A for A@x")
def _(matvec, dim, probes):
    """The transpose multiplies the probes: the mean is right, the draws are not."""
    return (probes * (probes @ matvec(np.eye(dim)).T)).mean(0)


@mistake("diagonal_summed", port="diagonal_estimate", source="T01")
def _(matvec, dim, probes):
    """Probes are summed, never divided by their number."""
    return len(probes) * library.diagonal_estimate(matvec, dim, probes)


@mistake("curvature_not_squared", port="curvature_propagation", source="classic")
def _(factor, probes):
    """Absolute values stand for squares."""
    return np.abs(probes @ factor).mean(0)


@mistake("curvature_square_of_mean", port="curvature_propagation", source="T16")
def _(factor, probes):
    """The average over probes is squared, not the probes' values."""
    return (probes @ factor).mean(0) ** 2


@mistake("curvature_of_value", port="curvature_propagation", source="classic: v (C^T C v)")
def _(factor, probes):
    """Squares are halved, as in an energy."""
    return 0.5 * library.curvature_propagation(factor, probes)
