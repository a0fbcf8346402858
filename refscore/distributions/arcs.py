"""Blurred circles and arcs: X = C + wZ with C on a circle, in closed form by Bessel functions."""

from __future__ import annotations

import math

import numpy as np

from refscore._arguments import as_array, as_count, as_positive, as_rng, as_scalar
from refscore.distributions.base import Distribution

LOG_2PI = math.log(2 * math.pi)


class Arc(Distribution):
    """centre + R(cos θ, sin θ) + wZ, θ von Mises about a direction: a blurred circle or arc.

    y = x − centre,  η = R y/w² + k,  k = κ (cos direction, sin direction)
    log p = −(‖y‖² + R²)/2w² + ln I₀(‖η‖) − ln I₀(κ) − ln 2πw²
    score = −y/w² + (R/w²) A(‖η‖) η/‖η‖,  A = I₁/I₀
    J = −I/w² + (R²/w⁴) [A(‖η‖)/‖η‖ (I − η̂η̂ᵀ) + A′(‖η‖) η̂η̂ᵀ]

    radius R > 0, width w > 0, centre (2,), direction an angle, concentration κ ≥ 0 (0: the
    whole circle). Smooth on R², finite at 1e150; ValueError if 1/w or R/w² passes 1e150. The
    covariance is inf where it passes 1.8e308. Cost O(1) a point.
    Source: the moment generating function of the von Mises law, Mardia & Jupp (2000), 3.5.

    Tested in: tests/distributions/test_curved.py
    """

    dim = 2
    _shown: tuple[str, ...] = ("radius", "width", "centre", "direction", "concentration")

    def __init__(self, radius, width, centre=(0.0, 0.0), direction=0.0, concentration=0.0):
        self.radius = as_positive(radius, "radius")
        self.width = wide_enough("width", as_positive(width, "width"), "radius", self.radius)
        self.centre = as_array(centre, "centre", (2,)).copy()
        self.direction = as_scalar(direction, "direction")
        self.concentration = as_positive(concentration, "concentration", zero=True)
        self._tilt = self.concentration * _unit(self.direction)

    def _polar(self, x):
        """y (n, 2), ‖η‖ (n,) and η̂ (n, 2), which is 0 where η is."""
        y = x - self.centre
        eta = self.radius * (y / self.width) / self.width + self._tilt
        length = np.hypot(eta[:, 0], eta[:, 1])
        return y, length, eta / np.where(length > 0, length, 1.0)[:, None]

    def _log_density(self, x):
        """−(‖y‖−R)²/2w² + (‖η‖ − R‖y‖/w²) + ln[e^{−‖η‖} I₀(‖η‖)] − …, without cancelling."""
        from scipy.special import i0e

        with np.errstate(over="ignore"):
            y, length, _ = self._polar(x)
            far = np.hypot(y[:, 0], y[:, 1])
            flat = self.radius * (far / self.width) / self.width
            twice = 2 * self.radius * ((y / self.width) @ self._tilt) / self.width
            gain = twice + self.concentration**2
            gap = gain / np.where(length + flat > 0, length + flat, 1.0)
            radial = -0.5 * ((far - self.radius) / self.width) ** 2
        own = self.concentration + math.log(i0e(self.concentration))
        return radial + gap + np.log(i0e(length)) - own - LOG_2PI - 2 * math.log(self.width)

    def _score(self, x):
        y, length, unit = self._polar(x)
        pull = self.radius * (_bessel_ratio(length)[0] / self.width)
        return (pull[:, None] * unit - y / self.width) / self.width

    def _curvatures(self, x):
        """The two eigenvalues of J, across η̂ and along it, and η̂."""
        _, length, unit = self._polar(x)
        ratio, over, slope = _bessel_ratio(length)
        gain, own = self.radius / self.width / self.width, 1 / self.width / self.width
        return gain * gain * over - own, gain * gain * slope - own, unit

    def _score_jacobian(self, x):
        across, along, unit = self._curvatures(x)
        outer = unit[:, :, None] * unit[:, None, :]
        return across[:, None, None] * np.eye(2) + (along - across)[:, None, None] * outer

    def _score_divergence(self, x):
        across, along, _ = self._curvatures(x)
        return across + along

    def sample(self, n, *, rng):
        """n exact draws (n, 2); rng: anything numpy.random.default_rng takes."""
        n, rng = as_count(n, "n", minimum=0), as_rng(rng)
        theta = rng.vonmises(self.direction, self.concentration, n)
        on_arc = self.centre + self.radius * _unit(theta)
        return on_arc + self.width * rng.standard_normal((n, 2))

    @property
    def mean(self):
        """centre + R A(κ) (cos direction, sin direction)."""
        ratio = float(_bessel_ratio(np.float64(self.concentration))[0])
        return self.centre + self.radius * ratio * _unit(self.direction)

    @property
    def covariance(self):
        """w² I + R² [A(κ)/κ (I − eeᵀ) + A′(κ) eeᵀ], e the direction."""
        _, over, slope = (float(v) for v in _bessel_ratio(np.float64(self.concentration)))
        e = _unit(self.direction)
        spread = over * np.eye(2) + (slope - over) * np.outer(e, e)
        with np.errstate(over="ignore"):
            spread = self.radius * (self.radius * spread)
        return spread + np.diag([self.width * self.width] * 2)

    def diffuse(self, alpha, sigma):
        """αX + σZ for α ≠ 0: the arc times α, w → √(α²w² + σ²)."""
        alpha, sigma = scaling(alpha, sigma)
        radius, width = abs(alpha) * self.radius, math.hypot(alpha * self.width, sigma)
        direction = self.direction + (0.0 if alpha > 0 else math.pi)
        return Arc(radius, width, alpha * self.centre, direction, self.concentration)


class Ring(Arc):
    """A blurred circle, R(cos θ, sin θ) + wZ with θ uniform: the Arc with κ = 0 about 0.

    log p = −(‖x‖² + R²)/2w² + ln I₀(R‖x‖/w²) − ln 2πw²
    score = −x/w² + (R/w²) A(R‖x‖/w²) x/‖x‖,  A = I₁/I₀

    radius R > 0, width w > 0. ‖x‖ has Rice's law; mean 0, covariance (R²/2 + w²) I.

    Tested in: tests/distributions/test_curved.py
    """

    _shown = ("radius", "width")

    def __init__(self, radius, width):
        super().__init__(radius, width)

    def diffuse(self, alpha, sigma):
        """αX + σZ for α ≠ 0: Ring(|α|R, √(α²w² + σ²))."""
        alpha, sigma = scaling(alpha, sigma)
        return Ring(abs(alpha) * self.radius, math.hypot(alpha * self.width, sigma))


def scaling(alpha, sigma):
    """Both numbers, checked: alpha not 0, sigma at least 0."""
    alpha, sigma = as_scalar(alpha, "alpha"), as_positive(sigma, "sigma", zero=True)
    if alpha == 0:
        raise ValueError("alpha must not be 0 here: alpha X + sigma Z is then N(0, sigma² I)")
    return alpha, sigma


def wide_enough(name, width, size_name, size):
    """width, checked so that scores and Jacobians stay far from overflow."""
    if 1 / width > 1e150 or size / width / width > 1e150:
        raise ValueError(
            f"{name} must keep 1/{name} and {size_name}/{name}² below 1e150, got {width:g} at"
            f" {size_name} {size:g}"
        )
    return width


def _unit(angle):
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def _slope_series(order):
    """Coefficients c_n of A′ = Σ c_n κ^−n, from A = Σ a_n κ^−n and A′ = 1 − A/κ − A²."""
    a = [1.0]
    for n in range(1, order):
        a.append(0.5 * ((n - 2) * a[n - 1] - sum(a[i] * a[n - i] for i in range(1, n))))
    return np.array([0.0] + [-n * a_n for n, a_n in enumerate(a)])


def _slope_terms(order):
    """Coefficients t_m of A′ I₀² = Σ t_m κ^2m, all positive: (2m)! / (2 (m+1)² 4^m m!⁴)."""
    t = [0.5]
    for m in range(order - 1):
        t.append(t[m] * (2 * m + 1) / (2 * (m + 1) * (m + 2) ** 2))
    return np.array(t)


MIDDLE, FAR_SERIES, NEAR_SERIES = 20.0, _slope_series(30), _slope_terms(72)


def _bessel_ratio(kappa):
    """A = I₁/I₀, A/κ and A′ = 1 − A/κ − A², with A/κ = A′ = ½ at κ = 0.

    A′ would cancel for large κ: up to κ = 20 the power series of A′ I₀² is summed, which has
    positive terms only, and beyond it the expansion in 1/κ.
    """
    from scipy.special import i0, i0e, i1e

    series = np.polynomial.polynomial.polyval
    with np.errstate(all="ignore"):
        ratio = i1e(kappa) / i0e(kappa)
        over = np.where(kappa > 1e-8, ratio / kappa, 0.5)
        near = np.minimum(kappa, MIDDLE)
        slope = series(near * near, NEAR_SERIES) / i0(near) ** 2
        far = series(1 / np.maximum(kappa, MIDDLE), FAR_SERIES)
        return ratio, over, np.where(kappa > MIDDLE, far, slope)
