"""Mistakes in scores."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.components import components, log_components, responsibilities


@mistake("score_of_energy", port="score", source="O01, S-family: sign of an energy gradient")
def _(law, x):
    """The gradient of the energy is returned: the sign is wrong."""
    return -library.score(law, x)


@mistake("score_of_density", port="score", source="seed 000, erratum J16")
def _(law, x):
    """The gradient of the density is returned instead of that of its log."""
    p = np.exp(library.log_density(law, x))
    return p[:, None] * library.score(law, x)


@mistake("score_divides_by_sd", port="score", source="S08")
def _(law, x):
    """Divided by the standard deviation instead of the variance (Cholesky factor once)."""
    parts = components(law)
    if parts is None:
        return library.score(law, x)
    log_p = log_components(x, *parts)[0]
    root = np.linalg.cholesky(parts[2])
    scores = -np.linalg.solve(root, (x[:, None] - parts[1])[..., None])[..., 0]
    return np.einsum("nk,nki->ni", responsibilities(log_p), scores)


@mistake("score_multiplies_covariance", port="score", source="classic")
def _(law, x):
    """The covariance multiplies where its inverse belongs."""
    parts = components(law)
    if parts is None:
        return library.score(law, x)
    log_p = log_components(x, *parts)[0]
    scores = -np.einsum("kij,nkj->nki", parts[2], x[:, None] - parts[1])
    return np.einsum("nk,nki->ni", responsibilities(log_p), scores)


@mistake("score_diagonal_only", port="score", source="S05: isotropic cases hide it")
def _(law, x):
    """Only the covariance's diagonal is used."""
    parts = components(law)
    if parts is None:
        return library.score(law, x)
    log_p = log_components(x, *parts)[0]
    variances = np.einsum("kii->ki", parts[2])
    return np.einsum("nk,nki->ni", responsibilities(log_p), -(x[:, None] - parts[1]) / variances)


@mistake("score_ignores_mean", port="score", source="S07: centred data hide it")
def _(law, x):
    """The mean is left out."""
    parts = components(law)
    if parts is None:
        return library.score(law, x)
    log_p, _ = log_components(x, *parts)
    points = np.broadcast_to(x[:, None, :, None], (*log_p.shape, x.shape[-1], 1))
    solved = np.linalg.solve(parts[2], points)
    return -np.einsum("nk,nki->ni", responsibilities(log_p), solved[..., 0])


@mistake("score_prior_weights", port="score", source="classic")
def _(law, x):
    """The mixture's weights stand where the responsibilities belong."""
    parts = components(law)
    if parts is None:
        return library.score(law, x)
    return np.einsum("k,nki->ni", parts[0], log_components(x, *parts)[1])


@mistake("score_responsibilities_without_weights", port="score", source="classic")
def _(law, x):
    """Responsibilities are normalised densities without the mixture's weights."""
    parts = components(law)
    if parts is None:
        return library.score(law, x)
    log_p, scores = log_components(x, *parts)
    return np.einsum("nk,nki->ni", responsibilities(log_p - np.log(parts[0])), scores)


@mistake("score_responsibilities_without_determinant", port="score", source="classic")
def _(law, x):
    """Responsibilities leave out the components' determinants."""
    parts = components(law)
    if parts is None:
        return library.score(law, x)
    log_p, scores = log_components(x, *parts, determinant=0.0)
    return np.einsum("nk,nki->ni", responsibilities(log_p), scores)


@mistake("score_hard_assignment", port="score", source="classic")
def _(law, x):
    """The nearest component alone is followed (argmax for softmax)."""
    parts = components(law)
    if parts is None:
        return library.score(law, x)
    log_p, scores = log_components(x, *parts)
    return np.take_along_axis(scores, log_p.argmax(-1)[:, None, None], 1)[:, 0]


@mistake("score_underflows", port="score", source="classic: exponentials without the maximum")
def _(law, x):
    """Responsibilities are formed without subtracting the maximum: 0/0 far out."""
    parts = components(law)
    if parts is None:
        return library.score(law, x)
    with np.errstate(all="ignore"):
        log_p, scores = log_components(x, *parts)
        p = np.exp(log_p)
        return np.einsum("nk,nki->ni", p / p.sum(-1, keepdims=True), scores)


@mistake("score_t_without_dimension", port="score", source="classic")
def _(law, x):
    """Student's t score has ν + 1 where ν + d belongs."""
    value = library.score(law, x)
    if law.kind != "student_t":
        return value
    return value * (law.dof + 1) / (law.dof + x.shape[-1])


@mistake("score_laplace_without_scale", port="score", source="classic")
def _(law, x):
    """The Laplace score is a bare sign, without its scale."""
    value = library.score(law, x)
    return np.sign(value) if law.kind == "laplace" else value


@mistake("score_logistic_double_argument", port="score", source="classic")
def _(law, x):
    """The logistic score has tanh of the whole argument instead of its half."""
    if law.kind != "logistic":
        return library.score(law, x)
    return -np.tanh((x - law.location) / law.scale) / law.scale


@mistake("score_power_without_factor", port="score", source="classic")
def _(law, x):
    """The generalised normal's score loses the factor of its power."""
    value = library.score(law, x)
    return value / law.power if law.kind == "generalised_normal" else value


@mistake("score_half_normal_reflected", port="score", source="classic")
def _(law, x):
    """The half-normal's score is that of the absolute value: the sign is lost."""
    value = library.score(law, x)
    return np.abs(value) if law.kind == "half_normal" else value


@mistake("score_in_single_precision", port="score", source="N15, L10")
def _(law, x):
    """Computed in float32."""
    with np.errstate(all="ignore"):
        return library.score(law, np.asarray(x, np.float32)).astype(np.float32)


@mistake("score_funnel_without_volume", port="score", source="classic")
def _(law, x):
    """The funnel's log-determinant is not differentiated: -(d - 1)/2 is missing."""
    value = library.score(law, x).copy()
    if law.kind == "funnel":
        value[..., 0] += 0.5 * (x.shape[-1] - 1)
    return value


@mistake("score_banana_without_chain_rule", port="score", source="classic")
def _(law, x):
    """The banana's centre is taken as constant in x_1: the chain rule is forgotten."""
    value = library.score(law, x).copy()
    if law.kind == "banana":
        value[..., 0] = -x[..., 0] / law.scale**2
    return value
