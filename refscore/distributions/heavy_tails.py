"""Tails heavier or lighter than the Gaussian's: Student's t, Laplace, logistic, exp(−|z|^p)."""

from __future__ import annotations

import math

import numpy as np

from refscore._arguments import as_array, as_count, as_covariance, as_positive, as_rng
from refscore.distributions.base import Distribution
from refscore.distributions.product import Product, coordinates, diagonal


class StudentT(Distribution):
    """Student's t: location + L z √(ν/χ²_ν), with Σ = L Lᵀ the shape and ν the dof.

    δ² = (x−m)ᵀ P (x−m),  P = Σ⁻¹
    log p = ln Γ((ν+d)/2) − ln Γ(ν/2) − (d/2) ln(νπ) − ½ ln det Σ − ((ν+d)/2) ln(1 + δ²/ν)
    ∇ log p = −(ν+d) P(x−m) / (ν+δ²)

    location (d,), shape (d, d) positive definite, dof > 0. The mean needs dof > 1 and the
    covariance dof > 2, else ValueError. Finite at any distance: lengths are scaled before
    they are squared. For dof ≪ 1 draws beyond 1e308 come back infinite. Cost O(d²) a point.
    Source: Kotz & Nadarajah, Multivariate t Distributions (2004), eq. 1.1.

    Checked by: heavy_tail_scores, samples_follow_law, far_points
    """

    _shown = ("dim", "dof")

    def __init__(self, location, shape, dof):
        self.shape = as_covariance(shape, "shape").copy()
        self.dim = len(self.shape)
        self.location = as_array(location, "location", (self.dim,)).copy()
        self.dof = as_positive(dof, "dof")
        self._factor = np.linalg.cholesky(self.shape)
        self._inverse_factor = self._solve(np.eye(self.dim))

    def _solve(self, right, trans=0):
        from scipy.linalg import solve_triangular

        return solve_triangular(self._factor, right, lower=True, trans=trans, check_finite=False)

    def _whiten(self, x):
        """u = L⁻¹(x−m) (d, n), δ = ‖u‖ and h = √(ν+δ²) (n,), none of them overflowing."""
        if not len(x):
            return x.T, np.empty(0), np.empty(0)
        u = self._solve((x - self.location).T)
        largest = np.abs(u).max(axis=0)
        delta = largest * np.sqrt(((u / np.where(largest > 0, largest, 1.0)) ** 2).sum(axis=0))
        return u, delta, np.hypot(math.sqrt(self.dof), delta)

    def _pull(self, x):
        """g = P(x−m)/h (d, n) and h (n,): the score is −(ν+d) g/h."""
        u, _, h = self._whiten(x)
        return (self._solve(u / h, trans=1) if len(x) else u), h

    def _log_density(self, x):
        nu, d = self.dof, self.dim
        _, delta, _ = self._whiten(x)
        q = delta / math.sqrt(nu)
        near = np.minimum(q, 1e8)
        log1p_q2 = np.log1p(near * near) + 2 * np.log(np.maximum(q, 1e8) / 1e8)
        constant = _log_gamma_ratio(0.5 * nu, 0.5 * d) - 0.5 * d * math.log(2 * math.pi)
        log_det = 2 * np.log(np.diag(self._factor)).sum()
        return constant - 0.5 * log_det - 0.5 * (nu + d) * log1p_q2

    def _score(self, x):
        with np.errstate(under="ignore"):
            g, h = self._pull(x)
            return -(self.dof + self.dim) * (g / h).T

    def _score_jacobian(self, x):
        """−(ν+d) [P/h² − 2 g gᵀ/h²]."""
        with np.errstate(under="ignore"):
            g, h = self._pull(x)
            precision = self._inverse_factor.T @ self._inverse_factor
            v, h = (g / h).T, h[:, None, None]
            outer = v[:, :, None] * v[:, None, :]
            return -(self.dof + self.dim) * (precision / h / h - 2 * outer)

    def _score_divergence(self, x):
        with np.errstate(under="ignore"):
            g, h = self._pull(x)
            trace = (self._inverse_factor**2).sum()
            return -(self.dof + self.dim) * (trace / h / h - 2 * ((g / h) ** 2).sum(axis=0))

    def sample(self, n, *, rng):
        """location + L z exp(½ ln(ν/χ²)); the χ² in logarithms, for small dof.

        rng: anything numpy.random.default_rng takes.
        """
        n, rng = as_count(n, "n", minimum=0), as_rng(rng)
        z = rng.standard_normal((n, self.dim))
        a = 0.5 * self.dof
        log_gamma = np.log(rng.gamma(a + 1, size=n)) + np.log1p(-rng.random(n)) / a
        with np.errstate(over="ignore"):
            spread = np.exp(0.5 * (math.log(a) - log_gamma))
            return self.location + spread[:, None] * (z @ self._factor.T)

    @property
    def mean(self):
        """The location; ValueError unless dof > 1."""
        if self.dof <= 1:
            raise ValueError(f"the mean of StudentT needs dof > 1, got dof {self.dof}")
        return self.location.copy()

    @property
    def covariance(self):
        """Σ ν/(ν−2); ValueError unless dof > 2."""
        if self.dof <= 2:
            raise ValueError(f"the covariance of StudentT needs dof > 2, got dof {self.dof}")
        return self.shape * (self.dof / (self.dof - 2))


def _log_gamma_ratio(a: float, m: float) -> float:
    """ln Γ(a+m) − ln Γ(a) − m ln a, by Stirling's series for large a (no cancellation)."""
    if a < 20:
        return math.lgamma(a + m) - math.lgamma(a) - m * math.log(a)

    def tail(z):
        w = 1 / (z * z)
        return (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w / 1188)))) / z

    return (a + m - 0.5) * math.log1p(m / a) - m + tail(a + m) - tail(a)


class _Located(Product):
    """A product of 1-D laws symmetric about `location` with standard deviation `_sd()`."""

    def __init__(self, location, scale):
        self.location, self.scale = coordinates(location=location, scale=scale, positive=("scale",))
        self.dim = len(self.location)

    def _standard(self, x):
        with np.errstate(over="ignore"):
            return (x - self.location) / self.scale

    @property
    def mean(self):
        """The location (d,)."""
        return self.location.copy()

    @property
    def covariance(self):
        """diag(sd²), (d, d)."""
        return diagonal(self._sd())


class Laplace(_Located):
    """Independent Laplace coordinates: log p = −Σ |x−m|/b − Σ ln 2b, score −sign(x−m)/b.

    location m, scale b > 0, numbers or (d,). At the kink x = m the score is set to 0 (the
    middle of its one-sided limits) and the Jacobian is 0 everywhere: the −(2/b) δ(x−m) of
    the distributional derivative is absent, so identities that integrate by parts must add
    it. Draws are exact; cost O(d) a point. Source: seed 004.

    Checked by: heavy_tail_scores, samples_follow_law, erratum_smooth_model
    """

    smooth = False

    def _log_terms(self, x):
        return -np.abs(self._standard(x)) - (math.log(2) + np.log(self.scale))

    def _score(self, x):
        return -np.sign(x - self.location) / self.scale

    def _slope(self, x):
        return np.zeros_like(x)

    def _sd(self):
        return math.sqrt(2) * self.scale

    def sample(self, n, *, rng):
        """n exact draws (n, d); rng: anything numpy.random.default_rng takes."""
        n, rng = as_count(n, "n", minimum=0), as_rng(rng)
        return self.location + self.scale * rng.laplace(size=(n, self.dim))


class Logistic(_Located):
    """Independent logistic coordinates, z = (x−m)/s, in forms that never overflow.

    log p = Σ −|z| − 2 ln(1 + e^{−|z|}) − ln s
    score = −tanh(z/2)/s,  slope = −1/(2 s² cosh²(z/2))

    location m, scale s > 0, numbers or (d,). Smooth; cost O(d) a point.

    Checked by: heavy_tail_scores, samples_follow_law
    """

    def _log_terms(self, x):
        a = np.abs(self._standard(x))
        return -a - 2 * np.log1p(np.exp(-a)) - np.log(self.scale)

    def _score(self, x):
        return -np.tanh(0.5 * self._standard(x)) / self.scale

    def _slope(self, x):
        with np.errstate(under="ignore"):
            e = np.exp(-np.abs(self._standard(x)))
            return -2 * e / (1 + e) ** 2 / self.scale / self.scale

    def _sd(self):
        return self.scale * math.pi / math.sqrt(3)

    def sample(self, n, *, rng):
        """n exact draws (n, d); rng: anything numpy.random.default_rng takes."""
        n, rng = as_count(n, "n", minimum=0), as_rng(rng)
        return self.location + self.scale * rng.logistic(size=(n, self.dim))


class GeneralisedNormal(_Located):
    """Independent coordinates with density ∝ exp(−|z|^p), z = (x−m)/s.

    log p = Σ −|z|^p + ln p − ln 2s − ln Γ(1/p)
    score = −p sign(z) |z|^{p−1}/s,  slope = −p(p−1) |z|^{p−2}/s²

    location m, scale s > 0, power p > 0, numbers or (d,). p = 2 is N(m, s²/2), p = 1 the
    Laplace law. At z = 0 the score is 0 for every p (for p ≤ 1 a kink or cusp: the middle of
    ∓p|z|^{p−1}) and the slope its limit: 0 for p = 1 or p > 2, −inf for 1 < p < 2, +inf for
    p < 1. `smooth` says p ≥ 2 throughout. For p > 2 far points may overflow: log density
    −inf, score ∓inf, never NaN; for p ≪ 1 draws beyond 1e308 come back infinite. Cost O(d) a
    point.

    Checked by: heavy_tail_scores
    """

    def __init__(self, location, scale, power):
        self.location, self.scale, self.power = coordinates(
            location=location, scale=scale, power=power, positive=("scale", "power")
        )
        self.dim = len(self.location)
        self.smooth = bool((self.power >= 2).all())

    def _log_terms(self, x):
        from scipy.special import gammaln

        p = self.power
        constant = np.log(p) - math.log(2) - np.log(self.scale) - gammaln(1 / p)
        return constant - np.abs(self._standard(x)) ** p

    def _score(self, x):
        z, p = self._standard(x), self.power
        with np.errstate(all="ignore"):
            return np.where(z == 0, 0.0, -p * np.sign(z) * np.abs(z) ** (p - 1) / self.scale)

    def _slope(self, x):
        a, p = np.abs(self._standard(x)), self.power
        with np.errstate(all="ignore"):
            slope = -p * (p - 1) * a ** (p - 2) / self.scale / self.scale
            return np.where(p == 1, 0.0, slope)

    def _sd(self):
        from scipy.special import gammaln

        with np.errstate(over="ignore"):
            return self.scale * np.exp(0.5 * (gammaln(3 / self.power) - gammaln(1 / self.power)))

    def sample(self, n, *, rng):
        """|z|^p ~ Gamma(1/p): z = ± U G^{1/p} with G ~ Gamma(1 + 1/p), U uniform.

        rng: anything numpy.random.default_rng takes.
        """
        n, rng = as_count(n, "n", minimum=0), as_rng(rng)
        size, p = (n, self.dim), self.power
        signed = 2 * rng.random(size) - 1
        with np.errstate(over="ignore", under="ignore"):
            z = signed * rng.gamma(1 + 1 / p, size=size) ** (1 / p)
            return self.location + self.scale * z
