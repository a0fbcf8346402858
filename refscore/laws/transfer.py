"""The exact law of a one-dimensional Langevin chain on a grid: its transfer operator."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refscore._arguments import (
    as_array,
    as_callable,
    as_count,
    as_ladder,
    as_offering,
    as_positive,
    as_scalar,
    beyond_float,
)
from refscore.nodes import Nodes

_LOST, _MOST = 1e-7, 8192  # mass that may leave the grid, and points that it may have


class TransferOperator:
    """One step of the chain on densities: (Tρ)(y) = ∫ N(y; m(x), η) ρ(x) dx, m = x + (η/2) s(x).

    Made by `transfer_operator`. `grid` (n,), equally spaced; `step_size` η; `means` m (n,).
    The trapezoid rule is all but exact here: the integrand is smooth and vanishes at the ends.
    Checked by: chain_distribution
    """

    def __init__(self, score: Callable, step_size, grid):
        self.score, self.step_size = (
            as_callable(score, "score"),
            as_positive(step_size, "step_size"),
        )
        self.grid = _even(grid)
        self.spacing = float(self.grid[1] - self.grid[0])
        if self.spacing > self.step_size**0.5 / 2:
            raise ValueError(
                f"grid must have a spacing of at most sqrt(step_size) / 2 ="
                f" {self.step_size**0.5 / 2:.6g}, got {self.spacing:.6g}"
            )
        self.means = self._drifted(self.grid)
        self._kernel = self._density(self.grid[:, None] - self.means) * self.spacing

    def apply(self, density, n_steps: int = 1) -> np.ndarray:
        """The density (n,) on the grid after n_steps more steps; O(n²) a step.

        Raises: ValueError when more than 1e-7 of the mass leaves the grid.
        Checked by: chain_distribution
        """
        density = as_array(density, "density", self.grid.shape)
        with beyond_float():
            for _ in range(as_count(n_steps, "n_steps", minimum=0)):
                density = self._kernel @ density
            return self._kept(density)

    def after(self, start: Nodes) -> np.ndarray:
        """The density on the grid one step after weighted points (m, 1) that stand for a law.

        Checked by: chain_distribution
        """
        points, weights = _started(start)
        means = self._drifted(points)
        return self._kept(self._density(self.grid[:, None] - means) @ weights)

    def distribution(self, density, points) -> np.ndarray:
        """P(X <= c) one step after the density on the grid, for every c of points (k,).

        Checked by: chain_distribution
        """
        density = as_array(density, "density", self.grid.shape)
        return self._reached(self.means, density * self.spacing, points)

    def distribution_after(self, start: Nodes, points) -> np.ndarray:
        """P(X <= c) one step after weighted points (m, 1).

        Checked by: chain_distribution
        """
        x, weights = _started(start)
        return self._reached(self._drifted(x), weights, points)

    def _reached(self, means, weights, points) -> np.ndarray:
        from scipy.special import ndtr

        c = as_array(points, "points", (None,))
        return ndtr((c[:, None] - means) / self.step_size**0.5) @ weights

    def _drifted(self, x) -> np.ndarray:
        return x + 0.5 * self.step_size * _slope(self.score, x)

    def _density(self, gap) -> np.ndarray:
        eta = self.step_size
        return np.exp(-0.5 * gap * gap / eta) / np.sqrt(2 * np.pi * eta)

    def _kept(self, density) -> np.ndarray:
        mass = density.sum() * self.spacing
        if not abs(mass - 1) < _LOST:
            raise ValueError(f"grid must hold the whole law: its mass is {mass:.9g} after a step")
        return density


def transfer_operator(score: Callable, step_size, grid) -> TransferOperator:
    """The transfer operator of the unadjusted Langevin chain in one dimension.

        (Tρ)(y) = ∫ N(y; x + (η/2) s(x), η) ρ(x) dx

    Arguments: score, (n, 1) -> (n, 1); step_size η > 0; grid (n,), increasing, equally spaced
    by at most √η/2, wide enough for the law. Returns: TransferOperator, with .apply(density,
    n_steps). Raises: ValueError naming the argument. Cost: n² numbers.
    Source: the Chapman-Kolmogorov equation.
    Checked by: chain_distribution
    """
    return TransferOperator(score, step_size, grid)


def uniform_start(low, high, n: int = 600) -> Nodes:
    """Gauss-Legendre points of the uniform law on (low, high), to start a chain from.

    Arguments: low < high; n points, in panels of ten: enough where the first step's standard
    deviation √η is above a fiftieth of the interval. Returns: Nodes. Raises: ValueError naming
    the argument. Cost: n.
    Checked by: chain_distribution
    """
    low, high = _ends(low, high)
    panels = max(1, as_count(n, "n") // 10)
    x, w = np.polynomial.legendre.leggauss(10)
    edges = np.linspace(low, high, panels + 1)
    half = np.diff(edges)[:, None] / 2
    points = (edges[:-1, None] + half * (1 + x)).reshape(-1, 1)
    return Nodes(points, (half * w).ravel() / (high - low))


def chain_distribution(
    score: Callable, step_size, n_steps: int, start: Nodes, points, low, high
) -> np.ndarray:
    """P(X_k <= c) of k unadjusted Langevin steps in one dimension, without a draw.

    Arguments: score, (n, 1) -> (n, 1); step_size η > 0; n_steps k >= 1; start, weighted points
    (m, 1) that stand for the law of X_0; points c (j,); low and high, an interval that holds
    the chain. Returns: (j,). Raises: ValueError naming the argument, or when the law leaves the
    interval. Cost: k n² for n = (high - low) max(3, 2 |m'|)/√η points, m' = 1 + (η/2) s'.
    Source: the Chapman-Kolmogorov equation.
    Checked by: chain_distribution, erratum_becomes_the_distribution
    """
    score, start = as_callable(score, "score"), _at_points(start)
    k, eta = as_count(n_steps, "n_steps"), as_positive(step_size, "step_size")
    T = transfer_operator(score, eta, _grid([(score, eta)], *_ends(low, high)))
    if k == 1:
        return T.distribution_after(start, points)
    return T.distribution(T.apply(T.after(start), k - 2), points)


def annealed_distribution(
    score_at: Callable, sigmas, step_size, n_steps_each: int, start: Nodes, points, low, high
) -> np.ndarray:
    """The same after an annealed chain: n steps at every level, step size η (σ_t/σ_T)².

    Arguments: score_at(x, sigma), (n, 1) -> (n, 1); sigmas (T,), descending; step_size η > 0,
    that of the last level; n_steps_each n >= 2; the others as in `chain_distribution`.
    Returns: (j,). Raises: as there. Cost: that of T chains, each on the interval it needs.
    Source: Song and Ermon 2019 (algorithm 1); the Chapman-Kolmogorov equation.
    Checked by: annealed_distribution
    """
    sigmas, eta = as_ladder(sigmas, "sigmas"), as_positive(step_size, "step_size")
    n, start = as_count(n_steps_each, "n_steps_each", minimum=2), _at_points(start)
    score_at = as_callable(score_at, "score_at")
    low, high = _ends(low, high)
    sizes = eta * (sigmas / sigmas[-1]) ** 2
    levels = [(_at(score_at, sigma), size) for sigma, size in zip(sigmas, sizes)]
    for t, (score, size) in enumerate(levels):
        T = transfer_operator(score, size, _grid(levels[t : t + 2], low, high))
        density = T.apply(T.after(start), n - 2)
        if t < len(levels) - 1:
            density = T.apply(density)
            start = Nodes(T.grid[:, None], density * T.spacing)
            reached = T.grid[density > 1e-20 * density.max()]
            low, high = max(low, reached[0] - size**0.5), min(high, reached[-1] + size**0.5)
    return T.distribution(density, points)


def _at(score_at: Callable, sigma: float) -> Callable:
    return lambda x: score_at(x, sigma)


def _ends(low, high) -> tuple[float, float]:
    low, high = as_scalar(low, "low"), as_scalar(high, "high")
    if not low < high:
        raise ValueError(f"low must be below high, got {low:g} and {high:g}")
    return low, high


def _grid(levels, low: float, high: float) -> np.ndarray:
    """Three points for a standard deviation of each kernel, 2 seen through the steepest drift.

    The trapezoid rule then errs by less than e^{-2π² 2²}, and by what the score's nearest
    complex pole allows."""
    x = np.linspace(low, high, 4001)
    widths = []
    for score, eta in levels:  # the next level's kernel acts on this grid too
        drift = 0.5 * eta * _slope(score, x)
        steepest = np.abs(1 + np.diff(drift) / np.diff(x)).max()
        widths.append(eta**0.5 / max(3.0, 2.0 * steepest))
    count = (high - low) / min(widths) + 2
    if not count <= _MOST:
        raise ValueError(
            f"low, high and step_size must allow a grid of at most {_MOST} points, got {count:.3g}"
        )
    return np.linspace(low, high, int(np.ceil(count)))


def _at_points(start) -> Nodes:
    points, weights = _started(start)
    return Nodes(points[:, None], weights)


def _slope(score, x) -> np.ndarray:
    """s(x) (n,), checked."""
    return as_array(score(x[:, None].copy()), "score(x)", (len(x), 1))[:, 0]


def _started(start) -> tuple[np.ndarray, np.ndarray]:
    """(points (m,), weights (m,)) of nodes on the line."""
    start = as_offering(start, "start", "points", "weights")
    points = as_array(start.points, "start.points", (None, 1))[:, 0]
    return points, as_array(start.weights, "start.weights", points.shape)


def _even(grid) -> np.ndarray:
    grid = as_array(grid, "grid", (None,))
    gaps = np.diff(grid)
    if len(grid) < 2 or not (gaps > 0).all() or np.ptp(gaps) > 1e-8 * gaps.max():
        raise ValueError("grid must be increasing and equally spaced, two points at least")
    if len(grid) > _MOST:
        raise ValueError(f"grid must have at most {_MOST} points, got {len(grid)}")
    return grid.copy()
