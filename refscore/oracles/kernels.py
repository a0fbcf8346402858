"""Closed forms: kernel densities and kernel estimators of scores.

The kernel is exp(-|x - z|^2/(2 h^2)), written as a product over coordinates that accepts complex
points; its derivatives are complex steps, never the formulas -(x - z)/h^2 k and their kin.
"""

from __future__ import annotations

import numpy as np

from ._elliptical import square_matrix
from ._exact import as_float, extended

_STEP = 1e-30


def gram(x, z, bandwidth):
    """k(x_i, z_j). x: (n, d); z: (m, d). Returns (n, m)."""
    x, z = np.asarray(x), np.asarray(z)
    k = np.ones((len(x), len(z)), dtype=np.result_type(x, z, float))
    for a in range(x.shape[1]):
        t = (x[:, None, a] - z[None, :, a]) / bandwidth
        k = k * np.exp(-t * t / 2)
    return k


def gradients(x, z, bandwidth):
    """d k(x_i, z_j) / d x_i. Returns (n, m, d)."""
    return np.stack([gram(p, z, bandwidth).imag / _STEP for p in _nudged(x)], axis=-1)


def laplacians(x, z, bandwidth):
    """The Laplacian of k(., z_j) at x_i: a complex step of the log-derivative form. (n, m)."""
    total = 0.0
    for a, p in enumerate(_nudged(x)):
        slope = (np.asarray(z)[None, :, a] - p[:, None, a]) / bandwidth**2
        total = total + (slope * gram(p, z, bandwidth)).imag / _STEP
    return total


def _nudged(x):
    """x with every coordinate in turn moved by a complex step."""
    x = np.asarray(x)
    return [x + 1j * _STEP * unit for unit in np.eye(x.shape[1])]


def stein_scores(x, bandwidth, regularisation):
    """G of (K + eta I) G = -B, B_i = sum_j d k(x_i, x_j)/d x_j. Returns (n, d)."""
    matrix = gram(x, x, bandwidth) + regularisation * np.eye(len(x))
    return _solve(matrix, -gradients(x, x, bandwidth).sum(axis=0))  # d/dx of the first, summed


def family_coefficients(x, basis, bandwidth, regularisation, base=None):
    """alpha of (A + lambda K) alpha = -b, both averaged point by point. Returns (m,).

    base: grad log q0 at x, (n, d), or None for a flat q0."""
    base = np.zeros(np.shape(x)) if base is None else base
    matrix = regularisation * gram(basis, basis, bandwidth)
    linear = laplacians(x, basis, bandwidth).mean(axis=0)
    for slopes, own in zip(gradients(x, basis, bandwidth), base):
        matrix = matrix + slopes @ slopes.T / len(x)
        linear = linear + slopes @ own / len(x)
    return _solve(matrix, -linear)


def family_objective(alpha, x, basis, bandwidth, regularisation):
    """mean 1/2 |grad f|^2 + Laplacian f, plus lambda/2 |f|^2 with |f|^2 = alpha^T K alpha."""
    return _objective(alpha, x, basis, bandwidth, regularisation)


def _objective(alpha, x, basis, bandwidth, regularisation):
    s = np.einsum("nmi,m->ni", gradients(x, basis, bandwidth), alpha)
    loss = (s * s).sum(-1) / 2 + laplacians(x, basis, bandwidth) @ alpha
    return loss.mean() + regularisation * (alpha @ gram(basis, basis, bandwidth) @ alpha) / 2


def family_gradient(alpha, *arguments):
    """Gradient (m,) of `family_objective` in alpha, by complex steps."""
    moved = (alpha + 1j * _STEP * unit for unit in np.eye(len(alpha)))
    return np.array([_objective(a, *arguments).imag / _STEP for a in moved])


def _solve(matrix, right):
    """By orthogonal factorisation, refined on extended-precision residuals."""
    q, r = np.linalg.qr(matrix)
    solution = np.zeros_like(right, dtype=extended)
    for _ in range(4):
        residual = right - matrix.astype(extended) @ solution
        solution = solution + np.linalg.solve(r, q.T @ as_float(residual))
    return as_float(solution)


def mise_normal(dim, n, bandwidth):
    """(4 pi)^(-d/2) [h^-d/n + (1 - 1/n)(1 + h^2)^(-d/2) - 2 (1 + h^2/2)^(-d/2) + 1]: N(0, I)."""
    h, half = extended(bandwidth), -extended(dim) / 2
    bracket = h ** (-dim) / n + (1 - extended(1) / n) * (1 + h * h) ** half
    bracket = bracket - 2 * (1 + h * h / 2) ** half + 1
    return float((4 * extended(np.pi)) ** half * bracket)


def mise_quadrature(law, n, bandwidth, spacing=0.15, reach=16.0):
    """Integral of variance plus squared bias over a lattice, one or two dimensions.

    E phat = p * N(0, h^2) and E k^2 = (4 pi h^2)^(-d/2) p * N(0, h^2/2), so the variance is
    (E k^2 - (E phat)^2)/n. The trapezoid rule is spectrally accurate for analytic integrands."""
    means = np.atleast_2d(law.mean if law.kind == "gaussian" else law.means)
    d, h2 = means.shape[1], bandwidth**2
    sides = [np.arange(m.min() - reach, m.max() + reach, spacing) for m in means.T]
    x = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1).reshape(-1, d)
    p, smooth, square = (_smoothed(law, x, extra) for extra in (0.0, h2, h2 / 2))
    square = square * (4 * np.pi * h2) ** (-d / 2)
    return float(((square - smooth**2) / n + (smooth - p) ** 2).sum() * spacing**d)


def _smoothed(law, x, extra):
    """The density of a Gaussian or mixture after adding N(0, extra I)."""
    if law.kind == "gaussian":
        parts = [(1.0, law.mean, law.covariance)]
    else:
        parts = list(zip(law.weights, law.means, law.covariances))
    total = 0.0
    for weight, mean, covariance in parts:
        s = as_float(square_matrix(covariance, x.shape[1])) + extra * np.eye(x.shape[1])
        form = np.einsum("ni,ij,nj->n", x - mean, np.linalg.inv(s), x - mean)
        total = total + weight * np.exp(-form / 2) / np.sqrt(np.linalg.det(2 * np.pi * s))
    return total


def leave_one_out(data, bandwidth):
    """log of the kernel density at every point of the others, by leaving it out. (n,)."""
    from types import SimpleNamespace

    from .scores import log_density

    rest = [np.delete(np.asarray(data), i, axis=0) for i in range(len(data))]
    laws = [SimpleNamespace(kind="empirical", data=r, bandwidth=bandwidth) for r in rest]
    return np.array([log_density(law, x[None])[0] for law, x in zip(laws, np.asarray(data))])
