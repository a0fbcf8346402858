"""Two moons and a checkerboard: equal mixtures of blurred arcs and of blurred squares."""

from __future__ import annotations

import math

import numpy as np

from refscore._arguments import as_count, as_positive, as_rng
from refscore.distributions.arcs import Arc, scaling, wide_enough
from refscore.distributions.base import Distribution
from refscore.distributions.bounded import SmoothedUniform


class _EqualMixture(Distribution):
    """K components of equal weight, r their responsibilities.

    log p = ln Σ p_k − ln K,  s = Σ r_k s_k,  J = Σ r_k [J_k + (s_k − s)(s_k − s)ᵀ]

    A subclass writes `_logs`, log p_k less a reference, (K, n), and the reference (n,);
    `_scores` (K, n, d) and `_jacobians` (K, n, d, d). Scores are taken from the leading one,
    s_k − s_t, so that equal scores cancel exactly however large they are.
    """

    dim = 2

    def _shares(self, x):
        """Responsibilities (K, n) and log Σ p_k (n,); even shares where every log is −inf."""
        with np.errstate(over="ignore", under="ignore"):
            logs, reference = self._logs(x)
            top = logs.max(axis=0)
            lost = np.isneginf(top)
            r = np.exp(np.where(lost, 0.0, logs) - np.where(lost, 0.0, top))
            return r / r.sum(axis=0), reference + top + np.log(r.sum(axis=0))

    def _deviations(self, x):
        """r (K, n), the leading score s_t (n, d), s_k − s_t (K, n, d) and their mean (n, d)."""
        r, scores = self._shares(x)[0], self._scores(x)
        leading = scores[r.argmax(axis=0), np.arange(len(x))]
        off = scores - leading
        return r, leading, off, np.einsum("kn,knd->nd", r, off)

    def _log_density(self, x):
        return self._shares(x)[1] - math.log(self._count)

    def _score(self, x):
        _, leading, _, mean = self._deviations(x)
        return leading + mean

    def _score_jacobian(self, x):
        with np.errstate(under="ignore"):
            r, _, off, mean = self._deviations(x)
            off = off - mean
            spread = np.einsum("kn,kni,knj->nij", r, off, off)
            return spread + np.einsum("kn,knij->nij", r, self._jacobians(x))


class TwoMoons(_EqualMixture):
    """Two interleaved blurred arcs, point-symmetric about 0: ½ Arc(−c, up) + ½ Arc(c, down).

    c = (R/2, R/4); each Arc has radius R, width w and concentration κ about ±90°, the smooth
    form of the usual half circles. p(x) = p(−x); log p, score and Jacobian are those of
    the mixture of two Arcs.

    radius R > 0, width w > 0, concentration κ ≥ 0. Mean 0. Finite at 1e150, where the shares
    of the moons are ill-conditioned. Cost O(1) a point.

    Tested in: tests/distributions/test_curved.py
    """

    _count = 2
    _shown = ("radius", "width", "concentration")

    def __init__(self, radius=1.0, width=0.1, concentration=2.0):
        self.radius = as_positive(radius, "radius")
        self.width = as_positive(width, "width")
        self.concentration = as_positive(concentration, "concentration", zero=True)
        self._moons = [
            Arc(radius, width, -sign * self.radius * np.array([0.5, 0.25]), angle, concentration)
            for sign, angle in ((1, math.pi / 2), (-1, -math.pi / 2))
        ]

    def _logs(self, x):
        return np.stack([moon._log_density(x) for moon in self._moons]), np.zeros(len(x))

    def _scores(self, x):
        return np.stack([moon._score(x) for moon in self._moons])

    def _jacobians(self, x):
        return np.stack([moon._score_jacobian(x) for moon in self._moons])

    def sample(self, n, *, rng):
        """n exact draws (n, 2): a draw of the upper moon, times a random sign.

        rng: anything numpy.random.default_rng takes.
        """
        rng = as_rng(rng)
        upper = self._moons[0].sample(n, rng=rng)
        return upper * (1 - 2 * rng.integers(0, 2, size=(n, 1)))

    @property
    def mean(self):
        """0, by symmetry."""
        return np.zeros(2)

    @property
    def covariance(self):
        """Cov of one moon plus m mᵀ, m its mean."""
        upper = self._moons[0]
        return upper.covariance + np.outer(upper.mean, upper.mean)

    def diffuse(self, alpha, sigma):
        """αX + σZ for α ≠ 0: TwoMoons(|α|R, √(α²w² + σ²), κ)."""
        alpha, sigma = scaling(alpha, sigma)
        width = math.hypot(alpha * self.width, sigma)
        return TwoMoons(abs(alpha) * self.radius, width, self.concentration)


class Checkerboard(_EqualMixture):
    """The even squares of a board about 0, uniform on each, plus Gaussian noise of sd σ.

    p = (1/K) Σ_{i+j even} u_i(x₁) u_j(x₂), u_i the SmoothedUniform of the i-th strip

    cells × cells squares of the given side (cells ≥ 2, side > 0), sigma > 0 with 1/σ and
    side/σ² below 1e150 (ValueError). Draws are exact, every point has a positive density,
    and the score keeps its digits in both coordinates at any distance. Cost O(cells²) a point.

    Tested in: tests/distributions/test_curved.py
    """

    _shown = ("cells", "side", "sigma")

    def __init__(self, cells=4, side=1.0, sigma=0.1):
        self.cells = as_count(cells, "cells", minimum=2)
        self.side = as_positive(side, "side")
        self.sigma = wide_enough("sigma", as_positive(sigma, "sigma"), "side", self.side)
        low = self.side * (np.arange(self.cells) - 0.5 * self.cells)
        self._strips = SmoothedUniform(low, low + self.side, self.sigma)
        row, column = np.indices((self.cells, self.cells)).reshape(2, -1)
        self._squares = np.stack([row, column], axis=1)[(row + column) % 2 == 0]
        self._centres = (low + 0.5 * self.side)[self._squares]
        self._count = len(self._squares)

    def _gather(self, function, x):
        """function of every strip at both coordinates, taken to the squares: (K, n, 2)."""
        both = [function(np.repeat(x[:, [c]], self.cells, axis=1)) for c in (0, 1)]
        return np.stack([both[c][:, self._squares[:, c]].T for c in (0, 1)], axis=-1)

    def _strip_logs(self, x):
        """ln u_i(x) − ln u_t(x) (n, cells), u_t the nearest strip, and ln u_t(x) (n,).

        With r the distance to a strip in units σ, and M its mass as seen from there,
        ln u_i − ln u_t = ln M_i − ln M_t − ½(r_i − r_t)(r_i + r_t); on one side of both
        strips r_i − r_t is taken from the board, not from x.
        """
        columns = np.repeat(x[:, None], self.cells, axis=1)
        side, _, _, _, (r, mass, _, _) = self._strips._window(columns)
        steps = np.floor((columns[:, :1] - self._strips.low[0]) / self.side)
        nearest = np.clip(steps, 0, self.cells - 1).astype(int)
        side_t, r_t, mass_t = (np.take_along_axis(a, nearest, 1) for a in (side, r, mass))
        apart = side * (nearest - np.arange(self.cells)) * (self.side / self.sigma)
        step = np.where((r_t > 0) & (side == side_t), apart, r - r_t)
        with np.errstate(all="ignore"):
            fall = np.where(step == 0, 0.0, 0.5 * step * (r + r_t))
            own = np.take_along_axis(self._strips._log_terms(columns), nearest, 1)[:, 0]
        return np.log(mass / mass_t) - fall, own

    def _logs(self, x):
        (first, own_1), (second, own_2) = (self._strip_logs(x[:, c]) for c in (0, 1))
        row, column = self._squares.T
        return (first[:, row] + second[:, column]).T, own_1 + own_2

    def _scores(self, x):
        return self._gather(self._strips._score, x)

    def _jacobians(self, x):
        return self._gather(self._strips._slope, x)[..., None] * np.eye(2)

    def sample(self, n, *, rng):
        """n exact draws (n, 2): a square, a uniform point of it, the noise.

        rng: anything numpy.random.default_rng takes.
        """
        n, rng = as_count(n, "n", minimum=0), as_rng(rng)
        centre = self._centres[rng.integers(0, self._count, size=n)]
        uniform = centre + self.side * (rng.random((n, 2)) - 0.5)
        return uniform + self.sigma * rng.standard_normal((n, 2))

    @property
    def mean(self):
        """The mean of the squares' centres."""
        return self._centres.mean(axis=0)

    @property
    def covariance(self):
        """Cov of the centres + (side²/12 + σ²) I."""
        within = self.side * self.side / 12 + self.sigma * self.sigma
        board = np.cov((self._centres / self.side).T, bias=True)
        with np.errstate(over="ignore"):
            return self.side * (self.side * board) + np.diag([within, within])

    def diffuse(self, alpha, sigma):
        """αX + σ′Z for α ≠ 0: the board times |α| (it is symmetric), σ → √(α²σ² + σ′²)."""
        alpha, added = scaling(alpha, sigma)
        return Checkerboard(
            self.cells, abs(alpha) * self.side, math.hypot(alpha * self.sigma, added)
        )
