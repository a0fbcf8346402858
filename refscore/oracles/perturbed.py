"""Losses on perturbed data, one value per point, and their exact means, variances and optima.

Kernel densities, noise, control variates, finite differences. Every loss carries the 1/2;
pointwise ones accept fields with complex parameters, as `objectives.gradient` needs.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from . import fields, objectives, scores
from ._elliptical import square_matrix
from ._exact import as_float, eigh, extended, inverse


def explicit(field, x, data, bandwidth):
    """1/2 |s - grad log q|^2, q the Gaussian kernel density of data (m, d). x: (n, d)."""
    return objectives.fisher(field, _kernel_density(data, bandwidth), x)


def gaussian_denoising(field, x, scale, covariance, noise):
    """1/2 |s(y) + C^-1 (y - a x)|^2 at y = a x + L z, L lower, L L^T = C. x, noise: (n, d)."""
    c = square_matrix(covariance, np.shape(x)[-1])
    added = as_float(np.einsum("ij,nj->ni", _lower_root(c), noise))
    target = as_float(np.einsum("ij,nj->ni", inverse(c)[0], added))
    return _half_square(fields.value(field, scale * x + added) + target)


def controlled_denoising(field, x, sigma, noise):
    """1/2 |s(y) + z/sigma|^2 - z.s(x)/sigma - (|z|^2 - d)/(2 sigma^2) at y = x + sigma z."""
    variate = (noise * fields.value(field, x)).sum(-1) / sigma
    excess = ((noise * noise).sum(-1) - np.shape(x)[-1]) / (2 * sigma**2)
    return objectives.denoising(field, x, sigma, noise) - variate - excess


def noisy_implicit(field, x, sigma, noise):
    """1/2 |s|^2 + div s at x + sigma z."""
    return objectives.implicit(field, x + sigma * noise)


def regularised_implicit(field, x, strength):
    """1/2 |s|^2 + div s + strength sum_i (ds_i/dx_i)^2."""
    diagonal = np.einsum("...ii->...i", fields.jacobian(field, x))
    return objectives.implicit(field, x) + strength * (diagonal * diagonal).sum(-1)


def finite_difference(field, x, step, probes):
    """Mean over v of v.(s(x + e v) - s(x - e v))/(2 e) + 1/2 (v.s(x))^2. probes: (n, m, d)."""
    x = np.asarray(x)[:, None, :]
    up, down = fields.value(field, x + step * probes), fields.value(field, x - step * probes)
    slope = (probes * (up - down)).sum(-1) / (2 * step)
    along = (probes * fields.value(field, x)).sum(-1)
    return (slope + along * along / 2).mean(-1)


def curvature_propagation(field, x, factor, probes):
    """1/2 |s|^2 - mean over v of v^T C C^T v. factor: (n, k, d); probes: (n, m, k)."""
    gram = np.einsum("nkd,nld->nkl", factor, factor)
    form = np.einsum("nmk,nkl,nml->nm", probes, gram, probes)
    return _half_square(fields.value(field, x)) - form.mean(-1)


def kernel_constant(data, bandwidth):
    """d/(2 h^2) - 1/2 I(q): the denoising loss at sigma = h less the explicit one, in the mean.

    One or two dimensions, by quadrature of the kernel density q."""
    information = objectives.fisher_information(_kernel_density(data, bandwidth))
    return np.shape(data)[1] / (2 * bandwidth**2) - information / 2


def denoising_mean_1d(field, data, sigma, panels=2000):
    """E 1/2 |s(y) + z/sigma|^2 for y = x_j + sigma z on the line, any smooth field.

    By Stein's identity E[1/2 s^2 + s'] + 1/(2 sigma^2) under the kernel density of the data,
    on equal panels, which converge faster than any power for an analytic integrand."""
    data = np.asarray(data, dtype=float)
    low, high = data.min() - 12 * sigma, data.max() + 12 * sigma
    y, step = np.linspace(low, high, panels, retstep=True)
    density = np.exp(scores.log_density(_kernel_density(data, sigma), y[:, None]))
    mean = step * (density * objectives.implicit(field, y[:, None])).sum()
    return mean + 1 / (2 * sigma**2)


def noised_score(law, sigma):
    """(matrix, offset) of the score of N(m, S + sigma^2 I): -P (I + sigma^2 P)^-1, P = S^-1."""
    values, vectors = eigh(square_matrix(law.covariance, len(law.mean)))
    precision = 1 / values
    shrunk = (vectors * (precision / (1 + extended(sigma) ** 2 * precision))) @ vectors.T
    return as_float(-shrunk), as_float(shrunk @ np.asarray(law.mean, dtype=extended))


def regularised_fit(law, strength):
    """(matrix, offset) of the affine field with the least regularised implicit loss on N(m, S).

    Row i solves a_i (S + 2 strength e_i e_i^T) = -e_i: a_i = -P_i/(1 + 2 strength P_ii)."""
    precision = inverse(square_matrix(law.covariance, len(law.mean)))[0]
    rows = precision / (1 + 2 * extended(strength) * np.diag(precision))[:, None]
    return as_float(-rows), as_float(rows @ np.asarray(law.mean, dtype=extended))


def gaussian_denoising_affine(field, law, scale, covariance):
    """1/2 [tr(A (a^2 S + C) A^T) + |a A m + b|^2] + tr A + 1/2 tr C^-1 for A x + b: the mean.

    E |A L z + L^-T z|^2 = tr(A C A^T) + 2 tr A + tr C^-1, as A L and L^-T contract to A."""
    a, m = np.asarray(field.matrix, dtype=extended), scores.mean(law).astype(extended)
    c = square_matrix(covariance, len(m))
    spread = extended(scale) ** 2 * square_matrix(scores.covariance(law), len(m)) + c
    at_mean = extended(scale) * (a @ m) + np.asarray(field.offset)
    quadratic = np.sum((a @ spread) * a) + np.sum(at_mean**2) + np.trace(inverse(c)[0])
    return float(quadratic / 2 + np.trace(a))


def denoising_variance(field, law, sigma):
    """Variance over X ~ N(m, S) and z of the denoising loss of A x + b.

    The residual is u + B w with w standard normal, u = A m + b, B = [A L, sigma A + I/sigma]."""
    a, u, root = _affine_on_gaussian(field, law)
    b = np.hstack([a @ root, extended(sigma) * a + np.eye(len(a)) / extended(sigma)])
    return float(_quadratic_variance(b.T @ b / 2, b.T @ u))


def controlled_variance(field, law, sigma):
    """The same of the controlled loss: 1/2 |u + B w|^2 + z^T A z, B = [A L, sigma A].

    At sigma = 0 it is Var(1/2 |s|^2 + div s) + 2 |sym A|^2."""
    a, u, root = _affine_on_gaussian(field, law)
    b = np.hstack([a @ root, extended(sigma) * a])
    form = b.T @ b / 2
    form[len(a) :, len(a) :] += (a + a.T) / 2
    return float(_quadratic_variance(form, b.T @ u))


def noise_slope(field, x):
    """1/2 Laplacian of 1/2 |s|^2 + div s: 1/2 (|J|_F^2 + s.lap s + lap div s). x: (n, d).

    Affine fields, where the last two vanish, and networks of one hidden layer, where with
    t = tanh, D = 1 - t^2: tanh'' = -2 t D and tanh''' = (6 t^2 - 2) D."""
    jacobian = fields.jacobian(field, x)
    slope = (jacobian * jacobian).sum((-1, -2))
    if field.kind == "affine":
        return slope / 2
    (first, last), (bias, _) = field.weights, field.biases
    t = np.tanh(np.asarray(x) @ first.T + bias)
    squares, coupling = (first**2).sum(-1), np.einsum("ki,ik->k", first, last)
    laplacian = (-2 * t * (1 - t * t) * squares) @ last.T
    of_divergence = ((6 * t * t - 2) * (1 - t * t)) @ (squares * coupling)
    return (slope + (fields.value(field, x) * laplacian).sum(-1) + of_divergence) / 2


def kinked_fisher(scale, other):
    """1/2 (1/scale - 1/other)^2: Laplace data of this scale, s = -sign(x)/other."""
    return (1 / scale - 1 / other) ** 2 / 2


def _kernel_density(data, bandwidth):
    return SimpleNamespace(kind="empirical", data=np.asarray(data), bandwidth=bandwidth)


def _affine_on_gaussian(field, law):
    a, m = np.asarray(field.matrix, dtype=extended), np.asarray(law.mean, dtype=extended)
    return a, a @ m + np.asarray(field.offset), _lower_root(square_matrix(law.covariance, len(m)))


def _quadratic_variance(form, slope):
    """Var(w^T Q w + g.w) = 2 |Q|_F^2 + |g|^2 for symmetric Q."""
    return 2 * np.sum(form * form) + np.sum(slope * slope)


def _lower_root(covariance):
    """L with L L^T = C, column by column, in extended precision."""
    c = np.array(covariance, dtype=extended)
    root = np.zeros_like(c)
    for j in range(len(c)):
        root[j:, j] = c[j:, j] - root[j:, :j] @ root[j, :j]
        root[j:, j] /= np.sqrt(root[j, j])
    return root


def _half_square(s):
    return (s * s).sum(-1) / 2
