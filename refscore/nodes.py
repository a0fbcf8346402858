"""Nodes: weighted points that stand for an expectation, E f = Σ_i w_i f(x_i)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from refscore._arguments import (
    as_array,
    as_callable,
    as_count,
    as_covariance,
    as_offering,
    as_points,
    as_positive,
    as_rng,
    as_square,
    as_weights,
    beyond_float,
)

MOST_POINTS = 1 << 24


@dataclass(frozen=True, eq=False)
class Nodes:
    """Points x_i with weights w_i: E f = Σ_i w_i f(x_i).

    Arguments: points (m, d); weights (m,), any finite numbers (they sum to one when the nodes
    stand for a law, and to the volume of the box when they stand for its Lebesgue measure).
    Checked by: signal_to_noise, chain_distribution
    """

    points: np.ndarray
    weights: np.ndarray

    def __post_init__(self):
        points = as_points(self.points, "points").copy()
        if points.ndim != 2 or not len(points):
            raise ValueError(f"points must have shape (m, d), m >= 1, got shape {points.shape}")
        weights = as_array(self.weights, "weights", (len(points),)).copy()
        points.flags.writeable = weights.flags.writeable = False
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "weights", weights)

    def __len__(self) -> int:
        return len(self.points)

    def mean(self, values) -> np.ndarray:
        """Σ_i w_i f_i over the first axis, for values (m, ...) or a function of the points.

        Returns: shape values.shape[1:]. Raises: ValueError for another length or for values
        that are not finite. Cost: m products per entry.
        Checked by: signal_to_noise
        """
        values = values(self.points) if callable(values) else values
        values = as_array(values, "values")
        if values.shape[:1] != (len(self),):
            raise ValueError(f"values must have shape ({len(self)}, ...), got shape {values.shape}")
        with beyond_float():
            return np.tensordot(self.weights, values, axes=1)[()]

    def under(self, log_density: Callable, *, normalise: bool = True) -> Nodes:
        """The same points under a density q on these nodes: w_i q(x_i) / Σ_j w_j q(x_j).

        Arguments: log_density, (m, d) -> (m,), may be unnormalised, -inf outside a support;
        normalise=False keeps w_i q(x_i), whose sum then tells how much mass the nodes hold.
        Raises: ValueError when no node has mass. Cost: one evaluation of the density.
        Tested in: tests/test_nodes.py
        """
        logs = np.asarray(as_callable(log_density, "log_density")(self.points), dtype=np.float64)
        if logs.shape != self.weights.shape or np.isnan(logs).any() or (logs == np.inf).any():
            raise ValueError(
                f"log_density must give ({len(self)},) numbers below +inf, got shape {logs.shape}"
            )
        top = logs.max() if normalise else 0.0
        if top == -np.inf:
            raise ValueError("log_density is -inf at every node: no mass on these nodes")
        with np.errstate(under="ignore"):
            weights = self.weights * np.exp(logs - top)
        total = weights.sum() if normalise else 1.0
        if total == 0:
            raise ValueError("log_density gives these nodes a total mass of zero")
        return Nodes(self.points, weights / total)


def monte_carlo(law, n: int, *, rng=None) -> Nodes:
    """Monte Carlo: n independent draws of a law, each with weight 1/n; the error falls as n^{-1/2}.

    Arguments: law with `.sample(n, rng=)`; n, how many; rng: anything
    numpy.random.default_rng takes. Cost: n draws.
    Tested in: tests/test_nodes.py
    """
    n = as_count(n, "n")
    law = as_offering(law, "law", "sample")
    draws = np.asarray(law.sample(n, rng=as_rng(rng)))
    if draws.ndim != 2 or len(draws) != n:
        raise TypeError(
            f"law must draw points (n, d), got draws of shape {draws.shape} from a"
            f" {type(law).__name__}"
        )
    return Nodes(draws, np.full(n, 1 / n))


def signs(dim: int) -> Nodes:
    """All 2^d vectors of signs, weight 2^-d each: the law of Rademacher probes, exactly.

    Arguments: dim d, the length of a vector. Cost: 2^d d numbers. Raises: ValueError beyond 2^24
    points.
    Tested in: tests/test_nodes.py
    """
    binary = enumerate_binary(dim)
    return Nodes(2 * binary.points - 1, binary.weights)


def enumerate_binary(dim: int) -> Nodes:
    """All 2^d vectors of {0, 1}^d, weight 2^-d each; `.under(log_density)` makes them a law.

    Arguments: dim d, the length of a vector. Cost: 2^d d numbers. Raises: ValueError beyond 2^24
    points.
    Checked by: bernoulli_gradient_is_a_difference
    """
    dim = as_count(dim, "dim")
    _require_few(1, 2, dim, f"{{0, 1}}^{dim}")
    bits = np.arange(2**dim)[:, None] >> np.arange(dim)[::-1]
    return Nodes((bits & 1).astype(np.float64), np.full(2**dim, 0.5**dim))


def gauss_hermite(law, order: int) -> Nodes:
    """Gauss-Hermite nodes of a Gaussian, or of every component of a Gaussian mixture.

        x = μ_k + L_k ξ,  L_k L_kᵀ = S_k,  weights π_k Π_j w_j

    Exact for polynomials of degree 2·order - 1 in each coordinate of ξ.
    Arguments: law, a Gaussian (mean, covariance) or mixture (weights, means, covariances);
    order, nodes per axis. Returns: Nodes with K·order^d points. Raises: TypeError for another
    law, ValueError beyond 2^24 points. Source: Golub and Welsch 1969.
    Checked by: signal_to_noise
    """
    order = as_count(order, "order")
    weights, means, covariances = gaussian_components(law)
    count, dim = means.shape
    _require_few(count, order, dim, f"{count} components, {order} nodes on each of {dim} axes")
    with np.errstate(all="ignore"):
        xi, w = np.polynomial.hermite_e.hermegauss(order)
    if not np.isfinite(w).all():
        raise ValueError(f"order must be at most about 300, got {order}")
    grid, products = _grid([xi] * dim), _products([w / w.sum()] * dim)
    roots = _roots(covariances)
    points = means[:, None, :] + grid @ np.swapaxes(roots, -1, -2)
    return Nodes(points.reshape(-1, dim), np.outer(weights, products).ravel())


def trapezoid(low, high, n: int) -> Nodes:
    """The trapezoid rule on a box with n panels on each axis, weights for Lebesgue measure.

    Converges faster than any power of the panel for analytic densities that vanish at the
    edges, such as mixtures; `.under(p.log_density)` turns the rule into expectations under p.
    Arguments: low, high, numbers (1-D) or (d,), low < high. Returns: Nodes, (n+1)^d points,
    weights that sum to the volume. Source: Trefethen and Weideman 2014, section 5.
    Tested in: tests/test_nodes.py
    """
    low, high = np.atleast_1d(as_array(low, "low")), np.atleast_1d(as_array(high, "high"))
    if low.ndim != 1 or low.shape != high.shape or not (low < high).all():
        raise ValueError(f"low and high must be (d,) with low < high, got {low} and {high}")
    n = as_count(n, "n")
    _require_few(1, n + 1, len(low), f"{n} panels on each of {len(low)} axes")
    rule = np.r_[0.5, np.ones(n - 1), 0.5] / n
    with beyond_float():
        widths = high - low
        volume = widths.prod()
    if not np.isfinite(volume):
        raise ValueError(f"low and high must span a finite volume, got {low} and {high}")
    axes = list(np.linspace(low, high, n + 1).T)
    with beyond_float():
        return Nodes(_grid(axes), _products([width * rule for width in widths]))


def quasi_monte_carlo(law, n: int, *, rng=None) -> Nodes:
    """Scrambled Sobol points, n of weight 1/n, of the unit cube, a Gaussian or a mixture.

        u in [0, 1)^d,  z = Φ⁻¹(u),  x = μ_k + L_k z,  k from one more coordinate of u

    Arguments: law, a whole number d (the unit cube) or a Gaussian or mixture; n, a power of
    two; rng: anything numpy.random.default_rng takes. Raises: ValueError when n is not a power of
    two. Source: Owen 1997.
    Tested in: tests/test_nodes.py
    """
    n = as_count(n, "n")
    if n & (n - 1):
        raise ValueError(f"n must be a power of two (Sobol points are balanced then), got {n}")
    if isinstance(law, (int, np.integer)):
        return Nodes(_sobol(as_count(law, "law"), n, rng), np.full(n, 1 / n))
    from scipy.special import ndtri

    weights, means, covariances = gaussian_components(law)
    u = _sobol(means.shape[1] + (len(weights) > 1), n, rng)
    k = np.searchsorted(np.cumsum(weights)[:-1], u[:, -1], side="right")
    k = k if len(weights) > 1 else np.zeros(n, dtype=int)
    z = ndtri(np.clip(u[:, : means.shape[1]], 2.0**-64, 1 - 2.0**-53))
    points = means[k] + np.einsum("nij,nj->ni", _roots(covariances)[k], z)
    return Nodes(points, np.full(n, 1 / n))


def gaussian_components(law) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(weights (K,), means (K, d), covariances (K, d, d)) of a Gaussian or Gaussian mixture.

    Raises: TypeError for a law of another kind, which its moments alone would not describe.
    Checked by: langevin_law, langevin_stationary, flow_map
    """
    if all(hasattr(law, name) for name in ("weights", "means", "covariances")):
        means = as_array(law.means, "law.means", (None, None))
        return as_weights(law.weights, "law.weights"), means, _full(law.covariances, *means.shape)
    if hasattr(law, "data") and hasattr(law, "bandwidth"):
        data = as_array(law.data, "law.data", (None, None))
        spread = np.full(len(data), as_positive(law.bandwidth, "law.bandwidth", zero=True) ** 2)
        return np.full(len(data), 1 / len(data)), data, _full(spread, *data.shape)
    names = {getattr(law, "kind", ""), *(c.__name__ for c in type(law).__mro__)}
    if not names & {"gaussian", "Gaussian"}:
        raise TypeError(f"law must be a Gaussian or a Gaussian mixture, got {type(law).__name__}")
    mean = as_array(law.mean, "law.mean", (None,))
    covariance = as_square(law.covariance, "law.covariance", len(mean))
    return np.ones(1), mean[None], covariance[None]


def _full(covariances, count: int, dim: int) -> np.ndarray:
    covariances = as_array(covariances, "law.covariances")
    if covariances.ndim < 3:
        diagonal = np.broadcast_to(covariances.reshape(count, -1), (count, dim))
        return diagonal[:, :, None] * np.eye(dim)
    return as_array(covariances, "law.covariances", (count, dim, dim))


def _roots(covariances: np.ndarray) -> np.ndarray:
    """L with L Lᵀ = S for every component, singular ones too."""
    try:
        return np.linalg.cholesky(covariances)
    except np.linalg.LinAlgError:
        for S in covariances:
            as_covariance(S, "law.covariance", singular=True)
        variances, E = np.linalg.eigh(covariances)
        return E * np.sqrt(np.maximum(variances, 0))[:, None, :]


def _sobol(dim: int, n: int, rng) -> np.ndarray:
    from scipy.stats import qmc

    return qmc.Sobol(dim, scramble=True, bits=53, seed=as_rng(rng)).random(n)


def _grid(axes: list[np.ndarray]) -> np.ndarray:
    """All combinations, the last axis running fastest; any number of axes."""
    sizes = [len(axis) for axis in axes]
    after = [math.prod(sizes[i + 1 :]) for i in range(len(axes))]
    before = [math.prod(sizes[:i]) for i in range(len(axes))]
    return np.stack(
        [np.tile(np.repeat(a, m), n) for a, m, n in zip(axes, after, before, strict=True)], axis=-1
    )


def _products(rules: list[np.ndarray]) -> np.ndarray:
    return _grid(rules).prod(axis=1)


def _require_few(count: int, base: int, power: int, what: str) -> None:
    """Raise if count · base^power is more than MOST_POINTS, without forming it."""
    digits = math.log10(count) + power * math.log10(base)
    if digits > math.log10(MOST_POINTS) + 1e-9:
        points = f"{10**digits:.3g}" if digits < 300 else f"1e{digits:.0f}"
        raise ValueError(f"{what} would take {points} points; at most {MOST_POINTS} are made")
