"""Curved targets with exact densities, scores and samplers.

The funnel and the banana are here; the ring, the two moons and the checkerboard, circles and
squares plus Gaussian noise, are in `arcs` and `patterns`.
"""

from __future__ import annotations

import math

import numpy as np

from refscore._arguments import as_count, as_positive, as_rng, as_scalar
from refscore.distributions.base import Distribution

LOG_2PI = math.log(2 * math.pi)


class Funnel(Distribution):
    """Neal's funnel: x₁ ~ N(0, s²) and, given x₁, x₂ … x_d ~ N(0, e^{x₁}) independently.

    Q = e^{−x₁} Σ_{j>1} x_j²
    log p = −x₁²/2s² − Q/2 − (d−1) x₁/2 − ln s − (d/2) ln 2π
    score = (−x₁/s² + Q/2 − (d−1)/2,  −e^{−x₁} x_j)

    dim d ≥ 2, scale s > 0. Mean 0, covariance diag(s², e^{s²/2}, …), inf beyond 1.8e308,
    as draws may be. Where e^{−x₁} overflows (x₁ < −709 off the axis) the log density is −inf
    and score entries ±inf, never NaN.
    Cost O(d) a point, Jacobian O(d²). Source: Neal, Slice Sampling (2003), section 8.

    Checked by: curved_scores, score_is_gradient
    """

    _shown = ("dim", "scale")

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
            own, pull = first / self.scale / self.scale, 0.5 * (u * u).sum(-1)
            top = pull - own - 0.5 * (self.dim - 1)
            lost = np.isinf(pull) & (own == np.inf)  # which is larger: compare square roots
            size = np.sqrt(0.5) * np.hypot.reduce(u, axis=-1)
            wins = np.where(size > np.sqrt(np.abs(first)) / self.scale, np.inf, -np.inf)
            top = np.where(lost, wins, top)
            return np.concatenate([top[:, None], -_product(u, narrow)], axis=1)

    def _score_jacobian(self, x):
        out = np.zeros(x.shape + (self.dim,))
        with np.errstate(all="ignore"):
            _, u, narrow = self._split(x)
            rest = np.arange(1, self.dim)
            out[:, rest, rest] = -(narrow**2)
            out[:, 0, 0] = -1 / self.scale / self.scale - 0.5 * (u * u).sum(-1)
            out[:, 0, 1:] = out[:, 1:, 0] = _product(u, narrow)
        return out

    def _score_divergence(self, x):
        with np.errstate(all="ignore"):
            _, u, narrow = self._split(x)
            rest = (self.dim - 1) * narrow[:, 0] ** 2
            return -1 / self.scale / self.scale - 0.5 * (u * u).sum(-1) - rest

    def sample(self, n, *, rng):
        """n exact draws (n, d); rng: anything numpy.random.default_rng takes."""
        n, rng = as_count(n, "n", minimum=0), as_rng(rng)
        z = rng.standard_normal((n, self.dim))
        z[:, 0] *= self.scale
        with np.errstate(over="ignore", under="ignore"):
            z[:, 1:] *= np.exp(0.5 * z[:, :1])
        return z

    @property
    def mean(self):
        """0."""
        return np.zeros(self.dim)

    @property
    def covariance(self):
        """diag(s², e^{s²/2}, …, e^{s²/2})."""
        square = self.scale * self.scale
        with np.errstate(over="ignore"):
            rest = np.exp(0.5 * square)
        return np.diag(np.r_[square, np.full(self.dim - 1, rest)])


def _product(u, v):
    """u v, with 0 · inf = 0."""
    return np.where(u == 0, 0.0, u * v)


class Banana(Distribution):
    """A twisted Gaussian: x₁ ~ N(0, s²) and x₂ ~ N(c(x₁² − s²), 1) given x₁.

    r = x₂ − c(x₁² − s²)
    log p = −x₁²/2s² − r²/2 − ln 2πs
    score = (−x₁/s² + 2c x₁ r, −r)

    curvature c, any number, scale s > 0. Mean 0, covariance diag(s², 1 + 2c²s⁴), inf beyond
    1.8e308. Far out (|x₁| > 1e100) the cubic terms overflow to ±inf, never NaN. Cost O(1) a
    point.
    Source: Haario, Saksman & Tamminen (1999), with unit width and zero mean.

    Checked by: curved_scores, score_is_gradient
    """

    dim = 2
    _shown = ("curvature", "scale")

    def __init__(self, curvature, scale):
        self.curvature = as_scalar(curvature, "curvature")
        self.scale = as_positive(scale, "scale")

    def _split(self, x):
        """x₁, 2c x₁ and r, (n,) each; x₁² − s² as a product, so that inf never meets inf."""
        first, s = x[:, 0], self.scale
        return first, 2 * self.curvature * first, self._above(x, first - s, first + s)

    def _above(self, x, low, high):
        """x₂ − c · low · high."""
        return x[:, 1] - _product(high, self.curvature * low)

    def _minus_own(self, value, r, own):
        """value − own, where both are inf by the sign of (2cs)(rs) − 1."""
        tie = np.isinf(value) & (value == own)
        sign = _product(2 * self.curvature * self.scale, r * self.scale) - 1
        return np.where(tie, np.sign(sign) * value, value - own)

    def _log_density(self, x):
        with np.errstate(all="ignore"):
            first, _, r = self._split(x)
            return -0.5 * (first / self.scale) ** 2 - 0.5 * r * r - LOG_2PI - math.log(self.scale)

    def _score(self, x):
        with np.errstate(all="ignore"):
            first, lean, r = self._split(x)
            own = first / self.scale / self.scale
            return np.stack([self._minus_own(_product(lean, r), r, own), -r], axis=-1)

    def _score_jacobian(self, x):
        jacobian = np.empty((len(x), 2, 2))
        with np.errstate(all="ignore"):
            first, lean, _ = self._split(x)
            wide = math.sqrt(3) * first  # 2cr − 4c²x₁² = 2c [x₂ − c(3x₁² − s²)]
            bend = self._above(x, wide - self.scale, wide + self.scale)
            value = _product(2 * self.curvature, bend)
            top = self._minus_own(value, bend, 1 / self.scale / self.scale)
        jacobian[:, 0, 0], jacobian[:, 1, 1] = top, -1.0
        jacobian[:, 0, 1] = jacobian[:, 1, 0] = lean
        return jacobian

    def sample(self, n, *, rng):
        """n exact draws (n, 2); rng: anything numpy.random.default_rng takes."""
        n, rng = as_count(n, "n", minimum=0), as_rng(rng)
        first, noise = self.scale * rng.standard_normal(n), rng.standard_normal(n)
        with np.errstate(all="ignore"):
            lift = _product(first + self.scale, self.curvature * (first - self.scale))
            return np.stack([first, noise + lift], axis=-1)

    @property
    def mean(self):
        """0."""
        return np.zeros(2)

    @property
    def covariance(self):
        """diag(s², 1 + 2c²s⁴)."""
        lift = self.curvature * self.scale * self.scale
        return np.diag([self.scale * self.scale, 1 + 2 * lift * lift])
