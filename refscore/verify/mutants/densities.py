"""Mistakes in log densities and in the derivatives of scores."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.components import (
    components,
    log_components,
    logsumexp,
    responsibilities,
)


def _log_density(law, x, **coefficients):
    parts = components(law)
    if parts is None:
        return library.log_density(law, x)
    return logsumexp(log_components(x, *parts, **coefficients)[0])


@mistake("density_inverse_normaliser", port="log_density", source="seed 001, erratum J4")
def _(law, x):
    """The Gaussian constant (2π)^(d/2) multiplies instead of dividing."""
    return _log_density(law, x, two_pi=-0.5)


@mistake("density_constant_of_one_dimension", port="log_density", source="classic")
def _(law, x):
    """The constant is that of one dimension: (2π)^(1/2) whatever d."""
    return _log_density(law, x, two_pi=0.5 / x.shape[-1])


@mistake("density_determinant_without_root", port="log_density", source="classic")
def _(law, x):
    """The determinant enters without its square root."""
    return _log_density(law, x, determinant=1.0)


@mistake("density_determinant_sign", port="log_density", source="L01")
def _(law, x):
    """The log-determinant has the wrong sign."""
    return _log_density(law, x, determinant=-0.5)


@mistake("density_quadratic_without_half", port="log_density", source="O20")
def _(law, x):
    """The quadratic form enters without its one half."""
    return _log_density(law, x, quadratic=1.0)


@mistake("density_weights_ignored", port="log_density", source="classic")
def _(law, x):
    """A mixture's components are averaged with equal weights."""
    parts = components(law)
    if parts is None:
        return library.log_density(law, x)
    equal = np.full(len(parts[0]), 1 / len(parts[0]))
    return logsumexp(log_components(x, equal, *parts[1:])[0])


@mistake("density_mean_of_log_components", port="log_density", source="classic")
def _(law, x):
    """Logs of the components are averaged instead of the components (Jensen's gap)."""
    parts = components(law)
    if parts is None:
        return library.log_density(law, x)
    log_p = log_components(x, np.ones(len(parts[0])), *parts[1:])[0]
    return log_p @ parts[0]


@mistake("density_t_power", port="log_density", source="classic")
def _(law, x):
    """Student's t has the exponent (ν + 1)/2 of one dimension in every dimension."""
    value = library.log_density(law, x)
    if law.kind != "student_t":
        return value
    gap = x - law.location
    q = np.einsum("ni,ni->n", gap, np.linalg.solve(law.shape, gap.T).T)
    return value + 0.5 * (x.shape[-1] - 1) * np.log1p(q / law.dof)


@mistake("density_laplace_scale_is_sd", port="log_density", source="classic")
def _(law, x):
    """The Laplace scale is taken for the standard deviation."""
    if law.kind != "laplace":
        return library.log_density(law, x)
    b = law.scale / np.sqrt(2)
    return (-np.abs(x - law.location) / b - np.log(2 * b)).sum(-1)


@mistake("density_truncation_not_normalised", port="log_density", source="classic")
def _(law, x):
    """A truncated law keeps the normaliser of the untruncated one."""
    if law.kind not in ("truncated_normal", "half_normal"):
        return library.log_density(law, x)
    mean = getattr(law, "mean", np.zeros(x.shape[-1]))
    return (-0.5 * ((x - mean) / law.sd) ** 2 - np.log(law.sd * np.sqrt(2 * np.pi))).sum(-1)


@mistake("jacobian_sign", port="score_jacobian", source="classic")
def _(law, x):
    """The Hessian of the energy is returned."""
    return -library.score_jacobian(law, x)


@mistake("jacobian_without_spread", port="score_jacobian", source="classic")
def _(law, x):
    """The covariance of the components' scores is left out of a mixture's curvature."""
    parts = components(law)
    if parts is None:
        return library.score_jacobian(law, x)
    r = responsibilities(log_components(x, *parts)[0])
    return -np.einsum("nk,kij->nij", r, np.linalg.inv(parts[2]))


@mistake("jacobian_uncentred_spread", port="score_jacobian", source="classic")
def _(law, x):
    """The spread of the components' scores is not centred at their mean."""
    parts = components(law)
    if parts is None:
        return library.score_jacobian(law, x)
    log_p, s = log_components(x, *parts)
    r = responsibilities(log_p)
    spread = np.einsum("nk,nki,nkj->nij", r, s, s)
    return spread - np.einsum("nk,kij->nij", r, np.linalg.inv(parts[2]))


@mistake("jacobian_has_curl", port="score_jacobian", source="S09: a precision not symmetrised")
def _(law, x):
    """Only the lower triangle is filled."""
    return np.tril(library.score_jacobian(law, x))


@mistake("divergence_sign", port="divergence", source="L01")
def _(law, x):
    """The Laplacian of the energy is returned."""
    return -library.divergence(law, x)


@mistake("divergence_mean_over_dimensions", port="divergence", source="O23")
def _(law, x):
    """The trace is a mean over dimensions."""
    return library.divergence(law, x) / x.shape[-1]


@mistake(
    "divergence_sum_of_all_entries", port="divergence", source="classic: J.sum() for the trace"
)
def _(law, x):
    """All entries of the Jacobian are summed: the gradient of sum(score)."""
    return library.score_jacobian(law, x).sum((-1, -2))


@mistake("divergence_squares_diagonal", port="divergence", source="seed 004, erratum J1")
def _(law, x):
    """The second derivatives are squared."""
    jac = library.score_jacobian(law, x)
    return (np.einsum("nii->ni", jac) ** 2).sum(-1)
