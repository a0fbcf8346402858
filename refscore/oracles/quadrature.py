"""Expectations under described laws by quadrature that doubles until it settles."""

from __future__ import annotations

import numpy as np

from . import _products
from ._elliptical import square_matrix
from ._exact import as_float, eigh, extended, log_gamma
from ._interval import panels


def expectation(law, f, tolerance=1e-11, reach=11.0):
    """E f(X) for a gaussian, mixture or kernel density in one or two dimensions.

    The trapezoid rule in each component's whitened coordinates, whose error falls faster than
    any power of the step for analytic f; the step is halved until two answers agree to
    `tolerance`. f: (n, d) -> (n,). Raises ArithmeticError when they never do."""
    weights, means, roots = _components(law)
    d, count, before = means.shape[1], 48, None
    while count <= (12288 if d == 1 else 768):
        z, mass = _grid(d, count, reach)
        now = sum(w * (mass @ f(m + z @ r.T)) for w, m, r in zip(weights, means, roots))
        if before is not None and abs(now - before) <= tolerance * max(1.0, abs(now)):
            return float(now)
        before, count = now, 2 * count
    raise ArithmeticError(f"quadrature did not settle to {tolerance}")


def _grid(d, count, reach):
    if d > 2:
        raise ValueError(f"expectation works in one or two dimensions, got {d}")
    z = np.linspace(-reach, reach, count + 1)
    mass = np.exp(-z * z / 2)
    mass /= mass.sum()
    if d == 1:
        return z[:, None], mass
    first, second = np.meshgrid(z, z, indexing="ij")
    keep = first**2 + second**2 <= reach**2
    return np.stack([first[keep], second[keep]], axis=1), np.outer(mass, mass)[keep]


def _components(law):
    if law.kind == "gaussian":
        weights, means, covariances = [1.0], np.asarray(law.mean)[None], [law.covariance]
    elif law.kind == "mixture":
        weights, means, covariances = law.weights, np.asarray(law.means), law.covariances
    elif law.kind == "empirical":
        means = np.asarray(law.data)
        weights, covariances = np.ones(len(means)), [float(law.bandwidth) ** 2] * len(means)
    else:
        raise ValueError(f"expectation takes gaussian, mixture or empirical, got {law.kind!r}")
    weights = np.asarray(weights, dtype=float)
    roots = []
    for c in covariances:
        values, vectors = eigh(square_matrix(c, means.shape[1]))
        roots.append(as_float(vectors * np.sqrt(values)))
    return weights / weights.sum(), means.astype(float), roots


def product_information(law):
    """Fisher information of a law of independent coordinates, summed over them.

    laplace 1/s^2; logistic 1/(3 s^2); generalised normal k^2 Gamma(2-1/k)/(Gamma(1/k) s^2), power
    k > 1/2; uniform 0; half-normal 1/s^2; truncated normal E z^2/s^2; smoothed uniform by
    quadrature."""
    if law.kind not in _products.KINDS:
        raise ValueError(f"no Fisher information for a {law.kind!r} law")
    own = _products.arguments(law)
    if law.kind in ("laplace", "half_normal", "logistic"):
        return as_float(np.sum(1 / own[-1] ** 2) / (3 if law.kind == "logistic" else 1))
    if law.kind == "uniform":
        return 0.0
    if law.kind == "truncated_normal":
        m, s = own[:2]
        kind = _products.truncated_normal
        return as_float(np.sum((kind.variance(*own) + (kind.mean(*own) - m) ** 2) / s**4))
    if law.kind == "generalised_normal":
        _, s, k = own
        logs = np.array([log_gamma(2 - 1 / p) - log_gamma(1 / p) for p in k])
        return as_float(np.sum(k**2 / s**2 * np.exp(logs)))
    return as_float(sum(_smoothed_information(*one) for one in zip(*own)))


def _smoothed_information(low, high, sigma):
    """int p s^2 over [low - 12 sigma, high + 12 sigma] in panels about sigma/2 wide or 1/64."""
    start, stop = low - 12 * sigma, high + 12 * sigma
    count = min(int(2 * (stop - start) / sigma) + 64, 4096)
    x, weight = panels(start, stop, count)
    kind, own = _products.smoothed_uniform, (low, high, sigma)
    terms = [
        np.exp(kind.log_density(x[i : i + 512], *own)) * kind.score(x[i : i + 512], *own) ** 2
        for i in range(0, len(x), 512)
    ]
    return np.concatenate(terms) @ weight


def boundary_mean_score(law):
    """E[score] over the support, (d,): zero for full support, else -[p] at the ends.

    E s = int p' = p(high) - p(low) coordinate by coordinate."""
    own = _products.arguments(law)
    if law.kind == "half_normal":
        return as_float(-_density(law.kind, np.zeros_like(own[0]), own))
    if law.kind == "truncated_normal":
        low, high = own[2:]
        ends = [np.where(np.isfinite(e), e, extended(0)) for e in (low, high)]
        p = [
            np.where(np.isfinite(e), _density(law.kind, v, own), 0)
            for e, v in zip((low, high), ends)
        ]
        return as_float(p[1] - p[0])
    return np.zeros(len(own[0]))


def _density(kind, x, own):
    return np.exp(_products.KINDS[kind].log_density(x, *own))
