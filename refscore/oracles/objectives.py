"""Score-matching losses, one value per point, and their exact expectations.

Every loss carries the 1/2. Pointwise losses are built on `fields` alone and accept complex
parameters; s is the field, J its Jacobian, s* the score of the law.
"""

from __future__ import annotations

import numpy as np

from . import fields, scores, traces
from ._elliptical import square_matrix
from ._exact import as_float, eigh, extended, inverse
from ._memory import remembered


def fisher(field, law, x):
    """1/2 |s - s*|^2. x: (..., d). Returns (...,)."""
    return _half_square(fields.value(field, x) - scores.score(law, x))


def implicit(field, x):
    """1/2 |s|^2 + div s. x: (..., d). Returns (...,)."""
    return _half_square(fields.value(field, x)) + fields.divergence(field, x)


def sliced(field, x, probes):
    """Mean over probes of v^T J v + 1/2 (v.s)^2. x: (n, d); probes: (n, m, d). Returns (n,)."""
    along = np.einsum("nmi,ni->nm", probes, fields.value(field, x))
    return (_slope_along(field, x, probes) + along * along / 2).mean(-1)


def variance_reduced_sliced(field, x, probes):
    """Mean over probes of v^T J v, plus 1/2 |s|^2. Shapes as for `sliced`."""
    return _slope_along(field, x, probes).mean(-1) + _half_square(fields.value(field, x))


def expected_sliced(field, x, second_moment):
    """tr(V J) + 1/2 s^T V s with V = E v v^T: the sliced loss averaged over its probes."""
    s, v = fields.value(field, x), np.asarray(second_moment)
    trace = np.einsum("ij,...ji->...", v, fields.jacobian(field, x))
    return trace + np.einsum("...i,ij,...j->...", s, v, s) / 2


def sliced_fisher(field, law, x, second_moment):
    """1/2 (s - s*)^T V (s - s*), V = E v v^T."""
    gap = fields.value(field, x) - scores.score(law, x)
    return np.einsum("...i,ij,...j->...", gap, np.asarray(second_moment), gap) / 2


def denoising(field, x, sigma, noise):
    """1/2 |s(x + sigma z) + z/sigma|^2. x, noise: (..., d); sigma: scalar or (...,)."""
    sigma = np.asarray(sigma, dtype=float)[..., None]
    return _half_square(fields.value(field, x + sigma * noise) + noise / sigma)


@remembered
def gradient(loss, field, *arguments):
    """Gradient (p,) of the mean over points of loss(field, *arguments) in the parameters."""
    return fields.parameter_gradient(lambda f: np.mean(loss(f, *arguments)), field)


def sliced_probe_variance(field, x, kind, reduced=False):
    """Variance over one probe of the sliced loss at x: that of v^T M v, M = J + 1/2 s s^T, or of
    v^T J v for the variance-reduced form. x: (..., d). Returns (...,)."""
    form, s = fields.jacobian(field, x), fields.value(field, x)
    if not reduced:
        form = form + s[..., :, None] * s[..., None, :] / 2
    return traces.variance(form, kind)


def fisher_affine(field, law):
    """1/2 [tr(B S B^T) + |A m + b|^2], B = A + P, for A x + b against N(m, S)."""
    s = square_matrix(law.covariance, len(law.mean))
    b = np.asarray(field.matrix) + inverse(s)[0]
    return _number((_trace(b, s) + _square(_at_mean(field, law))) / 2)


def implicit_affine(field, law):
    """1/2 [tr(A S A^T) + |A m + b|^2] + tr A: any law with mean m and covariance S."""
    a, s = np.asarray(field.matrix), scores.covariance(law)
    return _number((_trace(a, s) + _square(_at_mean(field, law))) / 2 + np.trace(a))


def denoising_affine(field, law, sigma):
    """1/2 [tr(A S A^T) + |A m + b|^2 + ||sigma A + I/sigma||_F^2]: any law with moments m, S.

    The residual A(X - m) + (A m + b) + (sigma A + I/sigma) Z has three uncorrelated parts."""
    a, s = np.asarray(field.matrix), scores.covariance(law)
    noise = extended(sigma) * a + np.eye(len(a)) / extended(sigma)
    spread = _trace(a, s) + _square(_at_mean(field, law)) + _square(noise)
    return _number(spread / 2)


def implicit_constant(law):
    """1/2 E|grad log p|^2: what the implicit objective leaves out of the Fisher divergence."""
    return fisher_information(law) / 2


def denoising_constant(law, sigma):
    """d/(2 sigma^2) - 1/2 I(q_sigma), q_sigma the law of X + sigma Z.

    Gaussian: 1/2 sum_i l_i/(sigma^2 (l_i + sigma^2)) over the eigenvalues of S, no difference."""
    if law.kind == "gaussian":
        values, sigma2 = eigh(square_matrix(law.covariance, len(law.mean)))[0], extended(sigma) ** 2
        return as_float(np.sum(values / (sigma2 * (values + sigma2))) / 2)
    from .bayes import diffused

    smooth = diffused(law, 1.0, sigma)
    return len(scores.mean(law)) / (2 * sigma**2) - fisher_information(smooth) / 2


def fisher_information(law):
    """I(p) = E|grad log p|^2 over the support.

    Gaussian tr P; Student t (nu+d)/(nu+d+2) tr P; independent coordinates in closed form or by
    quadrature; mixtures and kernel densities in one or two dimensions by `expectation`."""
    from .quadrature import expectation, product_information

    if law.kind == "gaussian":
        return as_float(np.trace(inverse(square_matrix(law.covariance, len(law.mean)))[0]))
    if law.kind == "student_t":
        d, nu = len(law.location), extended(law.dof)
        trace = np.trace(inverse(square_matrix(law.shape, d))[0])
        return as_float((nu + d) / (nu + d + 2) * trace)
    if law.kind in ("mixture", "empirical"):
        return expectation(law, lambda x: np.square(scores.score(law, x)).sum(-1))
    return product_information(law)


def sliced_variance_affine(field, law, kind, n_probes=1, reduced=False):
    """Variance of the sliced loss over X ~ N(m, S) and fresh probes, for s = A x + b.

    Var_X[1/2|s|^2] + E_X[Var_v]/n_probes, with s ~ N(u, C), u = A m + b, C = A S A^T:
    Var 1/2|s|^2 = 1/2 tr C^2 + u^T C u, and E_X of the probe variance from E s s^T = C + u u^T,
    E|s|^4 = (tr C + |u|^2)^2 + 4 Var 1/2|s|^2, E s_i^4 = u_i^4 + 6 u_i^2 C_ii + 3 C_ii^2."""
    a = np.asarray(field.matrix, dtype=extended)
    u, c = _at_mean(field, law), a @ square_matrix(law.covariance, len(a)) @ a.T
    across = np.sum(c * c) / 2 + u @ c @ u
    probe = traces.variance(a, kind) if reduced else _mean_probe_variance(a, u, c, across, kind)
    return _number(across + probe / n_probes)


def _mean_probe_variance(a, u, c, across, kind):
    """E_s of variance(A + 1/2 s s^T, kind) through E F, E D and E tr^2."""
    d, symmetric, second = len(a), (a + a.T) / 2, c + np.outer(u, u)
    quartic = np.trace(second) ** 2 + 4 * across
    f = np.sum(symmetric**2) + np.sum(symmetric * second) + quartic / 4
    entries = u**4 + 6 * u**2 * np.diag(c) + 3 * np.diag(c) ** 2
    diagonal = np.diag(a)
    own = np.sum(diagonal**2 + diagonal * np.diag(second) + entries / 4)
    trace = np.trace(a) ** 2 + np.trace(a) * np.trace(second) + quartic / 4
    return {
        "gaussian": 2 * f,
        "rademacher": 2 * (f - own),
        "sphere": extended(2 * d) / (d + 2) * (f - trace / d),
        "coordinate": d * own - trace,
    }[kind]


def _slope_along(field, x, probes):
    return np.einsum("nmi,nij,nmj->nm", probes, fields.jacobian(field, x), probes)


def _half_square(s):
    return (s * s).sum(-1) / 2


def _at_mean(field, law):
    mean = scores.mean(law)
    return np.asarray(field.matrix) @ mean.astype(extended) + np.asarray(field.offset)


def _trace(a, s):
    return np.sum((a @ s) * a)


def _square(a):
    return np.sum(a * a)


def _number(value):
    """Complex stays complex, for complex steps; reals are rounded to float."""
    return complex(value) if np.iscomplexobj(value) else float(value)
