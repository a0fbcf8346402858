"""Bandwidths of Gaussian kernel densities: their exact error, and a choice without the truth."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_count, as_positive
from refscore.distributions import Gaussian, GaussianMixture
from refscore.estimation.kernels import as_sample

_ENTRIES = 1 << 20  # entries of one block of distances, 8 MB


def kernel_mise(law, n, bandwidth) -> float:
    """The mean integrated squared error of the kernel density of n draws from a law.

        E∫(p̂ − p)² = (4π h²)^(−d/2)/n + (1 − 1/n) ω(2) − 2 ω(1) + ω(0)
        ω(a) = Σ_kl π_k π_l N(m_k; m_l, S_k + S_l + a h² I)

    p̂ = `Empirical(draws, bandwidth)`. For N(0, I) this is
    (4π)^(−d/2) [h^(−d)/n + (1 − 1/n)(1 + h²)^(−d/2) − 2 (1 + h²/2)^(−d/2) + 1].
    law a Gaussian or GaussianMixture on R^d, K components; n ≥ 1; bandwidth h > 0. Returns a
    number. Raises ValueError or TypeError naming the argument; where the law has no density.
    Cost: O(K² d³); memory O(K d²).
    Source: Marron and Wand, Exact mean integrated squared error (1992), in d dimensions; seed
    004 for the normal law.
    Checked by: kernel_density_error, kernel_density_error_of_mixtures
    """
    return _mise(_components(law), as_count(n, "n"), _bandwidth(bandwidth))


def optimal_bandwidth(law, n) -> float:
    """The h that minimises `kernel_mise(law, n, h)`.

    law a Gaussian or GaussianMixture; n ≥ 1. The least of 64 bandwidths spread geometrically
    from 1e-4 to 10 standard deviations (the largest of the law), then Brent's method to 1e-8.
    Cost: about 100 times `kernel_mise`.
    Tested in: tests/estimation/test_bandwidths.py
    """
    n, parts = as_count(n, "n"), _components(law)
    scale = float(np.sqrt(np.linalg.eigvalsh(law.covariance)[-1]))
    return _least(lambda h: _mise(parts, n, h), scale * np.geomspace(1e-4, 10, 64))


def leave_one_out(data, bandwidth) -> np.ndarray:
    """The log density of every point under the kernel density of the others.

        log[ (1/(n−1)) Σ_{j≠i} (2π h²)^(−d/2) exp(−‖x_i − x_j‖²/2h²) ]

    data (n, d), n ≥ 2; bandwidth h > 0. Returns (n,). Raises ValueError naming the argument.
    Cost: O(n² d), in blocks of about 8 MB an array.
    Source: Duin, On the choice of smoothing parameters for Parzen estimators (1976).
    Checked by: leave_one_out_density
    """
    x, h = as_sample(data, "data"), _bandwidth(bandwidth)
    x, span = _standardised(x)
    if span / h > 1e150:
        raise ValueError(f"bandwidth must be above 1e-150 of data's diameter, got {h:g}")
    return _leave_one_out(x * (span / h), np.ones(1))[0] - x.shape[1] * np.log(h)


def likelihood_bandwidth(data) -> float:
    """The h that maximises the mean of `leave_one_out(data, h)`.

    data (n, d), n ≥ 2. The best of 32 bandwidths spread geometrically from a tenth of the least
    distance to four times the largest from the mean, then Brent's method to 1e-8. Raises
    ValueError where every point has an equal: then h → 0 is best and there is no maximum.
    Cost: about 60 times `leave_one_out`, the first 32 with one pass over the distances.
    Source: Duin (1976); Habbema, Hermans and van den Broek (1974).
    Tested in: tests/estimation/test_bandwidths.py
    """
    x = as_sample(data, "data")
    if (np.unique(x, axis=0, return_counts=True)[1] > 1).all():
        raise ValueError(
            f"data must hold a point that occurs once: each of the {len(x)} rows has an equal,"
            " and the leave-one-out likelihood grows without bound as the bandwidth shrinks"
        )
    x, span = _standardised(x)
    nearest = _nearest(x)
    if not nearest.any():
        raise ValueError("data must hold points whose distances are not zero to rounding")
    grid = np.geomspace(0.1 * nearest[nearest > 0].min(), 4.0, 32)
    start = _leave_one_out(x, grid).mean(axis=1)
    return span * _least(lambda h: -_leave_one_out(x, np.array([h])).mean(), grid, -start)


def _bandwidth(value) -> float:
    h = as_positive(value, "bandwidth")
    if not 1e-150 < h < 1e150:
        raise ValueError(f"bandwidth must lie between 1e-150 and 1e150, got {h:g}")
    return h


def _standardised(x):
    """(x − mean)/span, and the span: the largest distance from the mean."""
    with np.errstate(all="ignore"):
        gap = x - x.mean(axis=0)
        size = np.abs(gap).max() or 1.0
        span = size * np.linalg.norm(gap / size, axis=1).max() or 1.0
    if not np.isfinite(span):
        raise ValueError("data must lie within 1e307 of their mean")
    return gap / span, float(span)


def _components(law):
    if isinstance(law, Gaussian):
        return np.ones(1), law.mean[None], law.covariance[None]
    if isinstance(law, GaussianMixture):
        return law.weights, law.means, law.covariances
    raise TypeError(f"law must be a Gaussian or a GaussianMixture, got {type(law).__name__}")


def _mise(parts, n: int, h: float) -> float:
    d = parts[1].shape[1]
    with np.errstate(over="ignore", under="ignore"):
        own = np.exp(-0.5 * d * np.log(4 * np.pi) - d * np.log(h)) / n
    overlap = [_overlap(parts, a * h * h) for a in (0, 1, 2)]
    return float(own + (1 - 1 / n) * overlap[2] - 2 * overlap[1] + overlap[0])


def _overlap(parts, more: float) -> float:
    """Σ_kl π_k π_l N(m_k; m_l, S_k + S_l + more I)."""
    weights, means, covariances = parts
    d, total = means.shape[1], 0.0
    for weight, mean, covariance in zip(weights, means, covariances):
        S, gap = covariance + covariances + more * np.eye(d), means - mean
        root = _root(S)
        z = np.linalg.solve(root, gap[..., None])[..., 0]
        logs = np.log(np.einsum("kii->ki", root)).sum(-1) + 0.5 * (z * z).sum(-1)
        total += weight * (weights @ np.exp(-logs - 0.5 * d * np.log(2 * np.pi)))
    return total


def _root(S):
    """Cholesky factors, of matrices that are not singular to rounding."""
    try:
        root = np.linalg.cholesky(S)
        pivots = np.einsum("kii->ki", root) ** 2 / np.einsum("kii->ki", S)
        if pivots.min() >= 4 * S.shape[-1] * np.finfo(float).eps:
            return root
    except np.linalg.LinAlgError:
        pass
    raise ValueError("law must have a density: a covariance is singular")


def _least(function, grid, values=None) -> float:
    """Brent's method between the neighbours of the best bandwidth of a grid, in log h."""
    from scipy.optimize import minimize_scalar

    values = np.array([function(h) for h in grid]) if values is None else values
    best = int(np.argmin(values))
    low, high = np.log(grid[max(best - 1, 0)]), np.log(grid[min(best + 1, len(grid) - 1)])
    found = minimize_scalar(
        lambda t: function(np.exp(t)), bounds=(low, high), method="bounded", options={"xatol": 1e-8}
    )
    return float(np.exp(found.x))


def _distances(x):
    """(rows, squared distances to every point, one's own infinite), a block at a time."""
    from scipy.spatial.distance import cdist

    step = max(1, _ENTRIES // len(x))
    for start in range(0, len(x), step):
        rows = np.arange(start, min(start + step, len(x)))
        squares = cdist(x[rows], x, "sqeuclidean")
        squares[rows - start, rows] = np.inf
        yield rows, squares


def _nearest(x) -> np.ndarray:
    return np.sqrt(np.concatenate([squares.min(axis=1) for _, squares in _distances(x)]))


def _leave_one_out(x, bandwidths) -> np.ndarray:
    """One row a bandwidth, (number of bandwidths, n)."""
    n, d = x.shape
    out = np.empty((len(bandwidths), n))
    with np.errstate(all="ignore"):
        for rows, squares in _distances(x):
            least = squares.min(axis=1)
            squares -= least[:, None]
            for row, h in zip(out, bandwidths):
                total = np.exp(squares / (-2 * h * h)).sum(axis=1)
                row[rows] = np.log(total) - least / (2 * h * h)
    return out - (np.log(n - 1) + 0.5 * d * np.log(2 * np.pi) + d * np.log(bandwidths))[:, None]
