"""Curved targets with exact densities, scores and samplers.

The funnel and the banana are here; the ring, the two moons and the checkerboard, circles and
squares plus Gaussian noise, are in `arcs` and `patterns`, offered here by name.
"""

from __future__ import annotations

import math

import numpy as np

from refscore._arguments import as_count, as_positive, as_rng, as_scalar
from refscore.distributions.arcs import Arc, Ring
from refscore.distributions.base import Distribution
from refscore.distributions.patterns import Checkerboard, TwoMoons

__all__ = ["Arc", "Banana", "Checkerboard", "Funnel", "Ring", "TwoMoons"]
LOG_2PI = math.log(2 * math.pi)


class Funnel(Distribution):
    """Neal's funnel: x₁ ~ N(0, s²) and, given x₁, x₂ … x_d ~ N(0, e^{x₁}) independently.

    Q = e^{−x₁} Σ_{j>1} x_j²
    log p = −x₁²/2s² − Q/2 − (d−1) x₁/2 − ln s − (d/2) ln 2π
    score = (−x₁/s² + Q/2 − (d−1)/2,  −e^{−x₁} x_j)

    dim d ≥ 2, scale s > 0. Mean 0, covariance diag(s², e^{s²/2}, …). Where e^{−x₁} overflows
    (x₁ < −709 off the axis) the log density is −inf and score entries ±inf, never NaN.
    Cost O(d) a point, Jacobian O(d²). Source: Neal, Slice Sampling (2003), section 8.

    Checked by: curved_scores, score_is_gradient
    """

    def __init__(self, dim, scale=3.0):
        self.dim = as_count(dim, "dim", minimum=2)
        self.scale = as_positive(scale, "scale")

    def _split(self, x):
        """x₁ (n,), x_j e^{−x₁/2} (n, d−1), which is 0 where x_j is, and e^{−x₁/2} (n, 1)."""
        narrow = np.exp(-0.5 * x[:, :1])
        rest = x[:, 1:]
        return x[:, 0], np.where(rest == 0, 0.0, rest * narrow), narrow

    def _log_density(self, x):
        with np.errstate(all="ignore"):
            first, u, _ = self._split(x)
            own = -0.5 * (first / self.scale) ** 2 - math.log(self.scale)
            return own - 0.5 * ((u * u).sum(-1) + (self.dim - 1) * first + self.dim * LOG_2PI)

    def _score(self, x):
        with np.errstate(all="ignore"):
            first, u, narrow = self._split(x)
            top = -first / self.scale**2 + 0.5 * ((u * u).sum(-1) - (self.dim - 1))
            return np.concatenate([top[:, None], -_product(u, narrow)], axis=1)

    def _score_jacobian(self, x):
        out = np.zeros(x.shape + (self.dim,))
        with np.errstate(all="ignore"):
            _, u, narrow = self._split(x)
            rest = np.arange(1, self.dim)
            out[:, rest, rest] = -(narrow**2)
            out[:, 0, 0] = -1 / self.scale**2 - 0.5 * (u * u).sum(-1)
            out[:, 0, 1:] = out[:, 1:, 0] = _product(u, narrow)
        return out

    def _score_divergence(self, x):
        with np.errstate(all="ignore"):
            _, u, narrow = self._split(x)
            rest = (self.dim - 1) * narrow[:, 0] ** 2
            return -1 / self.scale**2 - 0.5 * (u * u).sum(-1) - rest

    def sample(self, n, *, rng):
        """n exact draws (n, d); rng: anything numpy.random.default_rng takes."""
        n, rng = as_count(n, "n", minimum=0), as_rng(rng)
        z = rng.standard_normal((n, self.dim))
        z[:, 0] *= self.scale
        z[:, 1:] *= np.exp(0.5 * z[:, :1])
        return z

    @property
    def mean(self):
        """0."""
        return np.zeros(self.dim)

    @property
    def covariance(self):
        """diag(s², e^{s²/2}, …, e^{s²/2})."""
        with np.errstate(over="ignore"):
            rest = np.exp(0.5 * np.square(self.scale))
        return np.diag(np.r_[self.scale**2, np.full(self.dim - 1, rest)])


def _product(u, v):
    """u v, with 0 · inf = 0."""
    return np.where(u == 0, 0.0, u * v)


class Banana(Distribution):
    """A twisted Gaussian: x₁ ~ N(0, s²) and x₂ ~ N(c(x₁² − s²), 1) given x₁.

    r = x₂ − c(x₁² − s²)
    log p = −x₁²/2s² − r²/2 − ln 2πs
    score = (−x₁/s² + 2c x₁ r, −r)

    curvature c, any number, scale s > 0. Mean 0, covariance diag(s², 1 + 2c²s⁴). Far out
    (|x₁| > 1e100) the cubic terms overflow to ±inf, never NaN. Cost O(1) a point.
    Source: Haario, Saksman & Tamminen (1999), with unit width and zero mean.

    Checked by: curved_scores, score_is_gradient
    """

    dim = 2

    def __init__(self, curvature, scale):
        self.curvature = as_scalar(curvature, "curvature")
        self.scale = as_positive(scale, "scale")

    def _split(self, x):
        """x₁, 2c x₁ and r, (n,) each."""
        first, s = x[:, 0], self.scale
        lean = self.curvature * first
        return first, 2 * lean, x[:, 1] - (lean * first - self.curvature * s * s)

    def _log_density(self, x):
        with np.errstate(over="ignore"):
            first, _, r = self._split(x)
            return -0.5 * (first / self.scale) ** 2 - 0.5 * r * r - LOG_2PI - math.log(self.scale)

    def _score(self, x):
        with np.errstate(over="ignore"):
            first, lean, r = self._split(x)
            return np.stack([-first / self.scale**2 + lean * r, -r], axis=-1)

    def _score_jacobian(self, x):
        jacobian = np.empty((len(x), 2, 2))
        with np.errstate(over="ignore"):
            _, lean, r = self._split(x)
            top = 2 * self.curvature * r - lean * lean - 1 / self.scale**2
        jacobian[:, 0, 0], jacobian[:, 1, 1] = top, -1.0
        jacobian[:, 0, 1] = jacobian[:, 1, 0] = lean
        return jacobian

    def sample(self, n, *, rng):
        """n exact draws (n, 2); rng: anything numpy.random.default_rng takes."""
        n, rng = as_count(n, "n", minimum=0), as_rng(rng)
        first, noise = self.scale * rng.standard_normal(n), rng.standard_normal(n)
        return np.stack([first, noise + self.curvature * (first**2 - self.scale**2)], axis=-1)

    @property
    def mean(self):
        """0."""
        return np.zeros(2)

    @property
    def covariance(self):
        """diag(s², 1 + 2c²s⁴)."""
        return np.diag([self.scale**2, 1 + 2 * self.curvature**2 * self.scale**4])
