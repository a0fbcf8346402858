"""The exact law of a one-dimensional Langevin chain on a grid: its transfer operator."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refscore._arguments import (
    as_array,
    as_callable,
    as_count,
    as_ladder,
    as_positive,
    beyond_float,
)
from refscore.laws._grid import as_ends, as_grid, chain_grid, require_fine, slopes
from refscore.laws.starts import weighted
from refscore.nodes import Nodes

_LOST, _FAR = 1e-7, 5.5  # mass that may leave the grid, and the deviations that hold the rest


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
        self.grid = as_grid(grid)
        self.spacing = float(self.grid[1] - self.grid[0])
        require_fine(self.grid, self.score, self.step_size)
        self.means = self._drifted(self.grid)
        self._kernel = self._density(self.grid[:, None] - self.means) * self.spacing

    def apply(self, density, n_steps: int = 1) -> np.ndarray:
        """The density (n,) on the grid after n_steps more steps; O(n²) a step.

        Raises: ValueError for a density that is not normalised, and when more than 1e-7 of the
        mass leaves the grid, with what the grid would have to reach.
        Checked by: chain_distribution
        """
        density = self._mass(density) / self.spacing
        with beyond_float():
            for _ in range(as_count(n_steps, "n_steps", minimum=0)):
                density = self._kernel @ density
            return self._kept(density, self.means, density)

    def after(self, start: Nodes) -> np.ndarray:
        """The density on the grid one step after weighted points (m, 1) that stand for a law.

        Checked by: chain_distribution
        """
        means, weights = self._first(start)
        density = self._density(self.grid[:, None] - means) @ weights
        return self._kept(density, means, weights)

    def distribution(self, density, points) -> np.ndarray:
        """P(X <= c) one step after the density on the grid, for every c of points (k,).

        Checked by: chain_distribution
        """
        return self._reached(self.means, self._mass(density), points)

    def distribution_after(self, start: Nodes, points) -> np.ndarray:
        """P(X <= c) one step after weighted points (m, 1).

        Checked by: chain_distribution
        """
        return self._reached(*self._first(start), points)

    def density(self, density, points) -> np.ndarray:
        """The density at any points (k,) one step after the density on the grid.

        Tested in: tests/test_laws_transfer.py
        """
        return self._peaked(self.means, self._mass(density), points)

    def density_after(self, start: Nodes, points) -> np.ndarray:
        """The density at any points (k,) one step after weighted points (m, 1).

        Tested in: tests/test_laws_transfer.py
        """
        return self._peaked(*self._first(start), points)

    def _first(self, start) -> tuple[np.ndarray, np.ndarray]:
        x, weights = weighted(start)
        return self._drifted(x), weights

    def _mass(self, density) -> np.ndarray:
        """The mass (n,) at every point of the grid."""
        mass = as_array(density, "density", self.grid.shape) * self.spacing
        if not abs(mass.sum() - 1) < 1e-6:
            raise ValueError(
                f"density must integrate to 1 on the grid, got an integral of {mass.sum():.9g}"
            )
        return mass

    def _reached(self, means, weights, points) -> np.ndarray:
        from scipy.special import ndtr

        c = as_array(points, "points", (None,))
        return ndtr((c[:, None] - means) / self.step_size**0.5) @ weights

    def _peaked(self, means, weights, points) -> np.ndarray:
        c = as_array(points, "points", (None,))
        return self._density(c[:, None] - means) @ weights

    def _drifted(self, x) -> np.ndarray:
        return x + 0.5 * self.step_size * slopes(self.score, x)

    def _density(self, gap) -> np.ndarray:
        eta = self.step_size
        with beyond_float():
            return np.exp(-0.5 * gap * gap / eta) / np.sqrt(2 * np.pi * eta)

    def _kept(self, density, means, weights) -> np.ndarray:
        mass = density.sum() * self.spacing
        if not abs(mass - 1) < _LOST:
            reached = means[weights >= _LOST * weights.max()]
            far = _FAR * self.step_size**0.5
            raise ValueError(
                f"grid must hold the whole law: its mass is {mass:.9g} on {self.grid[0]:.6g} to"
                f" {self.grid[-1]:.6g}, and a step takes the chain from about"
                f" {reached.min() - far:.4g} to {reached.max() + far:.4g}"
            )
        return density


def transfer_operator(score: Callable, step_size, grid) -> TransferOperator:
    """The transfer operator of the unadjusted Langevin chain in one dimension.

        (Tρ)(y) = ∫ N(y; x + (η/2) s(x), η) ρ(x) dx

    Arguments: score, (n, 1) -> (n, 1); step_size η > 0; grid (n,), increasing, equally spaced
    by at most √η/max(2, 1.5 |m'|) at the steepest m = x + (η/2) s(x) that stays on the grid,
    wide enough for the law. Returns: TransferOperator, with .apply(density,
    n_steps). Raises: ValueError naming the argument. Cost: n² numbers.
    Source: the Chapman-Kolmogorov equation.
    Checked by: chain_distribution
    """
    return TransferOperator(score, step_size, grid)


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
    T, density = _until_last(score, step_size, n_steps, start, low, high)
    if density is None:
        return T.distribution_after(start, points)
    return T.distribution(density, points)


def chain_density(
    score: Callable, step_size, n_steps: int, start: Nodes, points, low, high
) -> np.ndarray:
    """The density at c of k unadjusted Langevin steps in one dimension, without a draw.

    Arguments, raises, cost, source: as `chain_distribution`. Returns: (j,).
    Tested in: tests/test_laws_transfer.py
    """
    T, density = _until_last(score, step_size, n_steps, start, low, high)
    if density is None:
        return T.density_after(start, points)
    return T.density(density, points)


def _until_last(score, step_size, n_steps, start, low, high):
    """The operator, and the density on its grid one step before the end, None for one step."""
    score, start = as_callable(score, "score"), _at_points(start)
    k, eta = as_count(n_steps, "n_steps"), as_positive(step_size, "step_size")
    T = transfer_operator(score, eta, chain_grid([(score, eta)], *as_ends(low, high)))
    return T, None if k == 1 else T.apply(T.after(start), k - 2)


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
    low, high = as_ends(low, high)
    sizes = eta * (sigmas / sigmas[-1]) ** 2
    levels = [(_at(score_at, sigma), size) for sigma, size in zip(sigmas, sizes)]
    for t, (score, size) in enumerate(levels):
        T = transfer_operator(score, size, chain_grid(levels[t : t + 2], low, high))
        density = T.apply(T.after(start), n - 2)
        if t < len(levels) - 1:
            density = T.apply(density)
            start = Nodes(T.grid[:, None], density * T.spacing)
            reached = T.grid[density > 1e-20 * density.max()]
            low, high = max(low, reached[0] - size**0.5), min(high, reached[-1] + size**0.5)
    return T.distribution(density, points)


def _at(score_at: Callable, sigma: float) -> Callable:
    return lambda x: score_at(x, sigma)


def _at_points(start) -> Nodes:
    points, weights = weighted(start)
    return Nodes(points[:, None], weights)
