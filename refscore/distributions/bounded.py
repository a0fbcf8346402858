"""Laws on boxes and half-lines, and the uniform law made regular by Gaussian smoothing."""

from __future__ import annotations

import math

import numpy as np

from refscore._arguments import as_count, as_positive, as_rng, as_scalar
from refscore.distributions import window
from refscore.distributions.product import Product, coordinates, diagonal

LOG_SQRT_2PI = 0.5 * math.log(2 * math.pi)


class _Bounded(Product):
    """A product law on a box [low, high], smooth inside: NaN score rows outside the box.

    Outside: log density −inf, and the whole row of the score, of its Jacobian and divergence
    NaN, for that row alone. A point of the boundary counts as inside (one-sided limits).
    """

    support = "the box [low, high]"

    def _inside(self, x):
        return ((x >= self.low) & (x <= self.high)).all(axis=-1)

    def _log_density(self, x):
        return np.where(self._inside(x), super()._log_density(x), -np.inf)

    def _score(self, x):
        with np.errstate(over="ignore"):
            return np.where(self._inside(x)[:, None], self._force(x), np.nan)

    def _score_jacobian(self, x):
        return np.where(self._inside(x)[:, None, None], super()._score_jacobian(x), np.nan)

    def _score_divergence(self, x):
        return np.where(self._inside(x), super()._score_divergence(x), np.nan)

    def _score_jvp(self, x, v):
        return np.where(self._inside(x)[:, None], super()._score_jvp(x, v), np.nan)

    def _force(self, x):
        raise NotImplementedError


def _interval(low, high):
    low, high = coordinates(low=low, high=high)
    if not (low < high).all():
        raise ValueError(f"high must exceed low in every coordinate, got {low} and {high}")
    with np.errstate(over="ignore"):
        if not np.isfinite(high - low).all():
            raise ValueError("high - low must be below 1.8e308")
    return low, high


class Uniform(_Bounded):
    """The uniform law on a box: log p = −Σ ln(high−low), score 0 inside, NaN rows outside.

    low < high, numbers or (d,). The density jumps at the boundary, so identities that
    integrate by parts gain a boundary term. `diffuse` gives a SmoothedUniform.

    Checked by: bounded_scores
    """

    def __init__(self, low, high):
        self.low, self.high = _interval(low, high)
        self.dim = len(self.low)

    def _log_terms(self, x):
        return np.broadcast_to(-np.log(self.high - self.low), x.shape)

    def _force(self, x):
        return np.zeros_like(x)

    _slope = _force

    def sample(self, n, *, rng):
        """n exact draws (n, d); rng: anything numpy.random.default_rng takes."""
        n, rng = as_count(n, "n", minimum=0), as_rng(rng)
        return self.low + (self.high - self.low) * rng.random((n, self.dim))

    @property
    def mean(self):
        """(low + high)/2."""
        return 0.5 * self.low + 0.5 * self.high

    @property
    def covariance(self):
        """diag((high − low)²/12)."""
        return diagonal((self.high - self.low) / math.sqrt(12))

    def diffuse(self, alpha, sigma):
        """αX + σZ, a SmoothedUniform; X's own family at σ = 0, a Gaussian at α = 0."""
        alpha, added = as_scalar(alpha, "alpha"), as_positive(sigma, "sigma", zero=True)
        return _diffused(self, 0.0, alpha, added)


def _diffused(law, width, alpha, sigma):
    from refscore.distributions._spread import scaled
    from refscore.distributions.gaussian import Gaussian

    if alpha == 0 == sigma:
        raise ValueError("alpha and sigma must not both be 0: the law would be a point mass")
    width = np.hypot(alpha * width, sigma)
    if alpha == 0:
        return Gaussian(np.zeros(law.dim), 0.0).diffuse(1.0, sigma)
    low, high = np.sort([scaled(alpha, law.low), scaled(alpha, law.high)], axis=0)
    return SmoothedUniform(low, high, width) if np.all(width > 0) else Uniform(low, high)


class SmoothedUniform(Product):
    """U + σZ, U uniform on a box: smooth, and positive everywhere (row A9 of the catalogue).

    b = (x−high)/σ,  a = (x−low)/σ,  M = Φ(a) − Φ(b)
    log p = Σ ln M − ln(high−low)
    score = [φ(a) − φ(b)]/(σM),  slope = [bφ(b) − aφ(a)]/(σ²M) − score² = (Var[T] − 1)/σ²

    with T a standard normal conditioned on [b, a] (Tweedie's second moment, which keeps its
    digits off the support). `low` < `high` and `sigma` σ > 0, numbers or (d,). As σ → 0 the
    score has no limit off the box: at x = −.3, σ = .1 on (0, 1) it is 32.8. Finite at any
    distance, full relative accuracy of the density. Cost 64 exponentials a coordinate.

    Checked by: smoothing_bounded_laws, diffused_law
    """

    def __init__(self, low, high, sigma):
        low, high, self.sigma = coordinates(low=low, high=high, sigma=sigma, positive=("sigma",))
        self._uniform = Uniform(low, high)
        self.low, self.high, self.dim = self._uniform.low, self._uniform.high, len(low)

    def _window(self, x):
        """±1, b, w and e^{(b²−a²)/2}, mirrored to the right of the box, and T's moments."""
        side = np.where(x - self.low < self.high - x, -1.0, 1.0)
        b = np.where(side > 0, x - self.high, self.low - x) / self.sigma
        w = np.broadcast_to((self.high - self.low) / self.sigma, b.shape)
        with np.errstate(over="ignore", under="ignore"):
            return side, b, w, -w * (b + 0.5 * w), window.moments(b, w)

    def _log_terms(self, x):
        _, _, _, _, (r, mass, _, _) = self._window(x)
        return np.log(mass) - 0.5 * r * r - LOG_SQRT_2PI - np.log(self.high - self.low)

    def _score(self, x):
        side, b, _, drop, (_, mass, _, _) = self._window(x)
        with np.errstate(under="ignore"):
            return side * np.exp(-0.5 * np.minimum(b, 0) ** 2) * np.expm1(drop) / mass / self.sigma

    def _slope(self, x):
        _, b, w, drop, (_, mass, _, variance) = self._window(x)
        with np.errstate(all="ignore"):
            edge = np.exp(-0.5 * b * b) / mass
            inside = edge * (b - (b + w) * np.exp(drop)) - (edge * np.expm1(drop)) ** 2
            return np.where(b < 0, inside, variance - 1) / self.sigma / self.sigma

    def sample(self, n, *, rng):
        """n exact draws (n, d): a uniform draw plus σ noise.

        rng: anything numpy.random.default_rng takes.
        """
        rng = as_rng(rng)
        uniform = self._uniform.sample(n, rng=rng)
        return uniform + self.sigma * rng.standard_normal(uniform.shape)

    @property
    def mean(self):
        """(low + high)/2."""
        return self._uniform.mean

    @property
    def covariance(self):
        """diag((high − low)²/12 + σ²)."""
        return self._uniform.covariance + diagonal(self.sigma)

    def diffuse(self, alpha, sigma):
        """αX + σ′Z: the box times α, and σ → √(α²σ² + σ′²)."""
        alpha, added = as_scalar(alpha, "alpha"), as_positive(sigma, "sigma", zero=True)
        return _diffused(self, self.sigma, alpha, added)


class TruncatedNormal(_Bounded):
    """N(m, s²) conditioned on [low, high], in each coordinate; bounds may be infinite.

    log p = −½((x−m)/s)² − ln s − ½ ln 2π − ln[Φ((high−m)/s) − Φ((low−m)/s)]
    score = −(x−m)/s²,  slope = −1/s²

    mean m, sd s > 0, low < high: numbers or (d,). They are kept as `parent_mean` and
    `parent_sd`; `.mean` and `.covariance` are those of the conditioned law. Digits are kept
    however far out the box lies. Exact draws by rejection, acceptance above 0.13.

    Checked by: bounded_scores
    """

    def __init__(self, mean, sd, low, high):
        self.parent_mean, self.parent_sd, self.low, self.high = coordinates(
            positive=("sd",), infinite=("low", "high"), mean=mean, sd=sd, low=low, high=high
        )
        if not (self.low < self.high).all():
            raise ValueError(f"high must exceed low in every coordinate, got {low} and {high}")
        self.dim = len(self.low)
        below = (self.low - self.parent_mean) / self.parent_sd
        above = (self.high - self.parent_mean) / self.parent_sd
        with np.errstate(over="ignore", invalid="ignore"):
            centre = 0.5 * self.low + 0.5 * self.high  # from far off both ends look equally near
        self._side = np.where(self.parent_mean > centre, -1.0, 1.0)
        self._near = np.where(self._side > 0, below, -above)
        self._width = (self.high - self.low) / self.parent_sd
        self._peak = np.clip(self.parent_mean, self.low, self.high)
        self._r, self._mass, self._shift, self._variance = window.moments(self._near, self._width)

    def _log_terms(self, x):
        """−(z−r)(z+r)/2 − ln s − ln M, with r the point of the box nearest to m, in units s."""
        t = (x - self._peak) / self.parent_sd
        quadratic = t * (0.5 * t + self._side * self._r)
        return -quadratic - np.log(self.parent_sd) - np.log(self._mass)

    def _force(self, x):
        return -(x - self.parent_mean) / self.parent_sd / self.parent_sd

    def _slope(self, x):
        return np.broadcast_to(-1 / self.parent_sd / self.parent_sd, x.shape)

    def sample(self, n, *, rng):
        """n exact draws (n, d), by rejection; rng: anything numpy.random.default_rng takes."""
        n, rng = as_count(n, "n", minimum=0), as_rng(rng)
        near, width = (np.broadcast_to(a, (n, self.dim)) for a in (self._near, self._width))
        t = window.draw(near, width, rng).reshape(n, self.dim)
        return np.clip(self._peak + self._side * self.parent_sd * t, self.low, self.high)

    @property
    def mean(self):
        """E X of the conditioned law, (d,)."""
        return self._peak + self._side * self.parent_sd * self._shift

    @property
    def covariance(self):
        """Cov X of the conditioned law, (d, d)."""
        return diagonal(self.parent_sd * np.sqrt(self._variance))


class HalfNormal(_Bounded):
    """|N(0, s²)| in each coordinate: log p = Σ ½ ln(2/π) − ln s − x²/2s² for x ≥ 0.

    score = −x/s²,  slope = −1/s²;  E[score] = −√(2/π)/s, not 0: the boundary's term.

    sd s > 0, a number or (d,). Mean √(2/π) s, variance (1 − 2/π) s².

    Checked by: half_normal_boundary, bounded_scores
    """

    support = "the orthant [0, inf)^d"

    def __init__(self, sd):
        (self.sd,) = coordinates(sd=sd, positive=("sd",))
        self.dim = len(self.sd)
        self.low, self.high = np.zeros(self.dim), np.full(self.dim, np.inf)

    def _log_terms(self, x):
        return 0.5 * math.log(2 / math.pi) - np.log(self.sd) - 0.5 * (x / self.sd) ** 2

    def _force(self, x):
        return -x / self.sd / self.sd

    def _slope(self, x):
        return np.broadcast_to(-1 / self.sd / self.sd, x.shape)

    def sample(self, n, *, rng):
        """n exact draws (n, d); rng: anything numpy.random.default_rng takes."""
        n, rng = as_count(n, "n", minimum=0), as_rng(rng)
        return self.sd * np.abs(rng.standard_normal((n, self.dim)))

    @property
    def mean(self):
        """√(2/π) s."""
        return math.sqrt(2 / math.pi) * self.sd

    @property
    def covariance(self):
        """diag((1 − 2/π) s²)."""
        return diagonal(math.sqrt(1 - 2 / math.pi) * self.sd)
