"""Mistakes in densities, scores and their derivatives."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake


def _components(law):
    if law.kind == "gaussian":
        return np.ones(1), law.mean[None], law.covariance[None]
    if law.kind == "mixture":
        return law.weights, law.means, law.covariances
    return None


def _log_components(x, weights, means, covariances, *, quadratic=0.5, determinant=0.5, two_pi=0.5):
    """log pi_k N(x; mu_k, S_k) with the coefficients a mistake may change."""
    d = x.shape[-1]
    gap = x[:, None, :] - means
    solved = np.linalg.solve(covariances, gap[..., None])[..., 0]
    q = np.einsum("nki,nki->nk", gap, solved)
    logdet = np.linalg.slogdet(covariances)[1]
    with np.errstate(all="ignore"):
        weighted = np.log(weights)
    log_p = weighted - quadratic * q - determinant * logdet - two_pi * d * np.log(2 * np.pi)
    return log_p, -solved


def _logsumexp(a):
    top = a.max(-1, keepdims=True)
    return top[..., 0] + np.log(np.exp(a - top).sum(-1))


def _weights(log_p):
    p = np.exp(log_p - log_p.max(-1, keepdims=True))
    return p / p.sum(-1, keepdims=True)


def _log_density(law, x, **coefficients):
    parts = _components(law)
    if parts is None:
        return library.log_density(law, x)
    return _logsumexp(_log_components(x, *parts, **coefficients)[0])


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
    parts = _components(law)
    if parts is None:
        return library.log_density(law, x)
    equal = np.full(len(parts[0]), 1 / len(parts[0]))
    return _logsumexp(_log_components(x, equal, *parts[1:])[0])


@mistake("density_mean_of_log_components", port="log_density", source="classic")
def _(law, x):
    """Logs of the components are averaged instead of the components (Jensen's gap)."""
    parts = _components(law)
    if parts is None:
        return library.log_density(law, x)
    log_p = _log_components(x, np.ones(len(parts[0])), *parts[1:])[0]
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
    parts = _components(law)
    if parts is None:
        return library.score(law, x)
    log_p = _log_components(x, *parts)[0]
    root = np.linalg.cholesky(parts[2])
    scores = -np.linalg.solve(root, (x[:, None] - parts[1])[..., None])[..., 0]
    return np.einsum("nk,nki->ni", _weights(log_p), scores)


@mistake("score_multiplies_covariance", port="score", source="classic")
def _(law, x):
    """The covariance multiplies where its inverse belongs."""
    parts = _components(law)
    if parts is None:
        return library.score(law, x)
    log_p = _log_components(x, *parts)[0]
    scores = -np.einsum("kij,nkj->nki", parts[2], x[:, None] - parts[1])
    return np.einsum("nk,nki->ni", _weights(log_p), scores)


@mistake("score_diagonal_only", port="score", source="S05: isotropic cases hide it")
def _(law, x):
    """Only the covariance's diagonal is used."""
    parts = _components(law)
    if parts is None:
        return library.score(law, x)
    log_p = _log_components(x, *parts)[0]
    variances = np.einsum("kii->ki", parts[2])
    return np.einsum("nk,nki->ni", _weights(log_p), -(x[:, None] - parts[1]) / variances)


@mistake("score_ignores_mean", port="score", source="S07: centred data hide it")
def _(law, x):
    """The mean is left out."""
    parts = _components(law)
    if parts is None:
        return library.score(law, x)
    log_p, _ = _log_components(x, *parts)
    solved = np.linalg.solve(parts[2], np.broadcast_to(x[:, None, :, None], (*log_p.shape, x.shape[-1], 1)))
    return -np.einsum("nk,nki->ni", _weights(log_p), solved[..., 0])


@mistake("score_prior_weights", port="score", source="classic")
def _(law, x):
    """The mixture's weights stand where the responsibilities belong."""
    parts = _components(law)
    if parts is None:
        return library.score(law, x)
    return np.einsum("k,nki->ni", parts[0], _log_components(x, *parts)[1])


@mistake("score_responsibilities_without_weights", port="score", source="classic")
def _(law, x):
    """Responsibilities are normalised densities without the mixture's weights."""
    parts = _components(law)
    if parts is None:
        return library.score(law, x)
    log_p, scores = _log_components(x, *parts)
    return np.einsum("nk,nki->ni", _weights(log_p - np.log(parts[0])), scores)


@mistake("score_responsibilities_without_determinant", port="score", source="classic")
def _(law, x):
    """Responsibilities leave out the components' determinants."""
    parts = _components(law)
    if parts is None:
        return library.score(law, x)
    log_p, scores = _log_components(x, *parts, determinant=0.0)
    return np.einsum("nk,nki->ni", _weights(log_p), scores)


@mistake("score_hard_assignment", port="score", source="classic")
def _(law, x):
    """The nearest component alone is followed (argmax for softmax)."""
    parts = _components(law)
    if parts is None:
        return library.score(law, x)
    log_p, scores = _log_components(x, *parts)
    return np.take_along_axis(scores, log_p.argmax(-1)[:, None, None], 1)[:, 0]


@mistake("score_underflows", port="score", source="classic: exponentials without the maximum")
def _(law, x):
    """Responsibilities are formed without subtracting the maximum: 0/0 far out."""
    parts = _components(law)
    if parts is None:
        return library.score(law, x)
    with np.errstate(all="ignore"):
        log_p, scores = _log_components(x, *parts)
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


@mistake("jacobian_sign", port="score_jacobian", source="classic")
def _(law, x):
    """The Hessian of the energy is returned."""
    return -library.score_jacobian(law, x)


@mistake("jacobian_without_spread", port="score_jacobian", source="classic")
def _(law, x):
    """The covariance of the components' scores is left out of a mixture's curvature."""
    parts = _components(law)
    if parts is None:
        return library.score_jacobian(law, x)
    r = _weights(_log_components(x, *parts)[0])
    return -np.einsum("nk,kij->nij", r, np.linalg.inv(parts[2]))


@mistake("jacobian_uncentred_spread", port="score_jacobian", source="classic")
def _(law, x):
    """The spread of the components' scores is not centred at their mean."""
    parts = _components(law)
    if parts is None:
        return library.score_jacobian(law, x)
    log_p, s = _log_components(x, *parts)
    r = _weights(log_p)
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


@mistake("divergence_sum_of_all_entries", port="divergence", source="classic: J.sum() for the trace")
def _(law, x):
    """All entries of the Jacobian are summed: the gradient of sum(score)."""
    return library.score_jacobian(law, x).sum((-1, -2))


@mistake("divergence_squares_diagonal", port="divergence", source="seed 004, erratum J1")
def _(law, x):
    """The second derivatives are squared."""
    jac = library.score_jacobian(law, x)
    return (np.einsum("nii->ni", jac) ** 2).sum(-1)


@mistake("sample_variance_for_sd", port="sample", source="M01, R35: covariance used as its root")
def _(law, n, rng):
    """Noise is scaled by the covariance instead of its square root."""
    if law.kind != "gaussian":
        return library.sample(law, n, rng)
    z = np.random.default_rng(rng).standard_normal((n, len(law.mean)))
    return law.mean + z @ law.covariance


@mistake("sample_transposed_factor", port="sample", source="classic")
def _(law, n, rng):
    """Noise is multiplied by the Cholesky factor from the wrong side."""
    if law.kind != "gaussian":
        return library.sample(law, n, rng)
    z = np.random.default_rng(rng).standard_normal((n, len(law.mean)))
    return law.mean + z @ np.linalg.cholesky(law.covariance)


@mistake("sample_equal_components", port="sample", source="classic")
def _(law, n, rng):
    """A mixture's components are drawn with equal probabilities."""
    if law.kind != "mixture":
        return library.sample(law, n, rng)
    from refscore.identities import Law

    equal = np.full(len(law.weights), 1 / len(law.weights))
    return library.sample(Law("mixture", weights=equal, means=law.means, covariances=law.covariances), n, rng)


@mistake("sample_t_shared_chi", port="sample", source="N02: one key for two variates")
def _(law, n, rng):
    """Student's t divides the whole batch by one chi-square draw."""
    if law.kind != "student_t":
        return library.sample(law, n, rng)
    g = np.random.default_rng(rng)
    z = g.standard_normal((n, len(law.location))) @ np.linalg.cholesky(law.shape).T
    return law.location + z * np.sqrt(law.dof / g.chisquare(law.dof))


@mistake("sample_t_without_root", port="sample", source="M01: variance and sd confused")
def _(law, n, rng):
    """Student's t divides by the chi-square ratio instead of its square root."""
    if law.kind != "student_t":
        return library.sample(law, n, rng)
    g = np.random.default_rng(rng)
    z = g.standard_normal((n, len(law.location))) @ np.linalg.cholesky(law.shape).T
    return law.location + z * (law.dof / g.chisquare(law.dof, n))[:, None]


@mistake("sample_laplace_sd", port="sample", source="classic")
def _(law, n, rng):
    """The Laplace scale is taken for the standard deviation."""
    x = library.sample(law, n, rng)
    return law.location + (x - law.location) / np.sqrt(2) if law.kind == "laplace" else x


@mistake("sample_pairs_repeated", port="sample", source="N20: a generator made anew in every call")
def _(law, n, rng):
    """Every draw comes twice: half the batch repeats the other."""
    x = library.sample(law, (n + 1) // 2, rng)
    return np.repeat(x, 2, axis=0)[:n]
