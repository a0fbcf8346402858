"""Score matching of Gaussian families, and of the one-parameter families it is compared on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from refscore._arguments import as_array, as_count, as_points, as_scalar, beyond_float
from refscore.estimation._rank import solve_symmetric, spread
from refscore.estimation.result import FitResult
from refscore.fields import Affine, LinearInParameters


@dataclass(frozen=True, eq=False, repr=False)
class GaussianFit(FitResult):
    """A fitted Gaussian: mean (d,), precision (d, d); parameters are the free precision entries.

    Tested in: tests/estimation/test_gaussian_fits.py
    """

    mean: np.ndarray | None = None
    precision: np.ndarray | None = None


def fit_gaussian(x, pattern=None) -> GaussianFit:
    """A Gaussian by implicit score matching: free mean, symmetric precision K.

        minimise ½ tr(K S K) − tr K,  S = mean (x − x̄)(x − x̄)ᵀ;  unrestricted K = S⁻¹

    x points (n, d), n > d; pattern (d, d) of zeros and ones, symmetric with a full diagonal:
    K_ij = 0 where it is 0. Unrestricted, this is maximum likelihood (covariance with 1/n, not
    1/(n−1)); with a pattern it is not. Returns a GaussianFit; `converged` is False if the
    restricted K is not positive definite. Raises ValueError naming constant or collinear
    columns. Cost: O(n d² + n p² + p² d²) for p free entries; the covariance of p entries takes
    p² numbers.
    Source: Hyvärinen (2005), section 3.1; Lin, Drton and Shojaie (2016) for patterns.
    Checked by: gaussian_is_maximum_likelihood, gaussian_fit_moments,
        sparse_precision_optimum
    """
    x = as_points(x, "x")
    x = x.reshape(-1, x.shape[-1])
    if len(x) == 0:
        raise ValueError("x must hold at least one point, got none")
    mean, sd = spread(x, "x")
    u = (x - mean) / sd
    pairs = _pairs(pattern, x.shape[1])
    C = u.T @ u / len(x)
    with beyond_float():
        K, covariance = _solved(u, C, sd, pairs)
    if not np.isfinite(K).all():
        raise ValueError("the precision is beyond the range of floats: rescale x")
    names = tuple(f"K[{i}, {j}]" for i, j in pairs)
    definite = bool(np.linalg.eigvalsh(K)[0] > 0)
    message = "implicit score matching in closed form"
    with beyond_float():
        loss = 0.5 * np.sum((K * sd) @ C * (K * sd)) - np.trace(K)  # S = diag(sd) C diag(sd)
    return GaussianFit(
        np.array([K[i, j] for i, j in pairs]),
        covariance,
        float(loss),
        len(x),
        names,
        Affine(-K, K @ mean),
        definite,
        message if definite else "the restricted precision is not positive definite",
        mean=mean,
        precision=K,
    )


def _pairs(pattern, d):
    """The free entries (i, j), i ≤ j."""
    if pattern is None:
        return [(i, j) for i in range(d) for j in range(i, d)]
    pattern = as_array(pattern, "pattern")
    if pattern.shape != (d, d) or not np.array_equal(pattern, pattern.T):
        raise ValueError(f"pattern must be symmetric, ({d}, {d}), got shape {pattern.shape}")
    if not np.isin(pattern, (0, 1)).all() or not np.diagonal(pattern).all():
        raise ValueError("pattern must hold zeros and ones, with ones on its diagonal")
    return [(i, j) for i in range(d) for j in range(i, d) if pattern[i, j]]


def _solved(u, C, sd, pairs):
    """K and the covariance of its free entries, from standardised data u with E u uᵀ = C.

    With the basis E_a of the free entries, G_ab = tr(E_a S E_b) and g_a = −tr E_a.
    """
    n, d = u.shape
    basis = np.zeros((len(pairs), d, d))
    for a, (i, j) in enumerate(pairs):
        basis[a, i, j] = basis[a, j, i] = 1.0
    scaled = basis * sd  # E_a diag(sd)
    G = (scaled @ C).reshape(len(pairs), -1) @ scaled.reshape(len(pairs), -1).T
    solve = solve_symmetric(G, [f"K[{i}, {j}]" for i, j in pairs], n)
    trace = np.array([float(i == j) for i, j in pairs])
    if len(pairs) == d * (d + 1) // 2:
        K = np.linalg.inv(C) / np.outer(sd, sd)
    else:
        K = np.tensordot(solve(trace), basis, axes=1)
    i, j = np.array(pairs).T
    V = np.zeros_like(G)
    for rows in range(0, n, 4096):
        y = u[rows : rows + 4096] * sd
        s = -y @ K  # the score; the gradient in K_ij is −(s_i y_j + s_j y_i) − 1[i = j]
        g = -(s[:, i] * y[:, j] + (i != j) * s[:, j] * y[:, i]) - trace
        V += g.T @ g / n
    covariance = solve(solve(V).T) / n
    return 0.5 * (K + K.T), 0.5 * (covariance + covariance.T)


def diagonal_precision(dim: int) -> LinearInParameters:
    """The score of N(0, diag 1/λ) as a field linear in λ (d,): ψⱼ = −xⱼ eⱼ.

    Checked by: diagonal_precision_optimum, sliced_precision_optimum
    """
    dim = as_count(dim, "dim")
    eye = np.eye(dim)
    return LinearInParameters(
        lambda x: -x[:, :, None] * eye,
        lambda x: np.broadcast_to(-eye[:, :, None] * eye[:, None, :], (len(x), dim, dim, dim)),
        np.ones(dim),
        dim,
        lambda x: np.full((len(x), dim), -1.0),
    )


def isotropic_precision(dim: int) -> LinearInParameters:
    """The score of N(0, I/θ) as a field linear in one θ: ψ = −x.

    Checked by: half_normal_variance_optimum
    """
    dim = as_count(dim, "dim")
    return LinearInParameters(
        lambda x: -x[:, None],
        lambda x: np.broadcast_to(-np.eye(dim), (len(x), 1, dim, dim)),
        [1.0],
        dim,
    )


def generalised_normal_rate(power) -> LinearInParameters:
    """The score of p ∝ exp(−θ|x|^a/a) on the line, a > 1, linear in θ: ψ = −sign(x)|x|^{a−1}.

    With a < 2 the derivative is infinite at 0, and data at exactly 0 are refused.
    Checked by: generalised_normal_optimum
    """
    power = as_scalar(power, "power")
    if power <= 1:
        raise ValueError(f"power must be above 1 for a score that is continuous, got {power!r}")

    def slope(x):
        with np.errstate(divide="ignore", over="ignore"):
            return -(power - 1) * np.abs(x[:, :, None, None]) ** (power - 2)

    def feature(x):
        with beyond_float():
            return (-np.sign(x) * np.abs(x) ** (power - 1))[:, None]

    return LinearInParameters(feature, slope, [1.0], 1)
