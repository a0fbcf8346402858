"""Laws with independent coordinates: each a table of one-dimensional formulas.

Every class works on extended arrays x (n, d) and returns one value per coordinate.
"""

from __future__ import annotations

import numpy as np

from ._exact import LOG_2, LOG_2PI, PI, extended, log_gamma
from ._interval import interval


def _array(a):
    return np.atleast_1d(np.asarray(a, dtype=extended))


class laplace:
    """p = e^{-|z|} / (2 s), z = (x - m)/s; the score at the kink is taken as 0."""

    arrays = ("location", "scale")

    def log_density(x, m, s):
        return -abs(x - m) / s - np.log(s) - LOG_2

    def score(x, m, s):
        return -np.sign(x - m) / s

    def slope(x, m, s):
        return np.zeros_like(x)

    def mean(m, s):
        return m

    def variance(m, s):
        return 2 * s * s

    def cdf(x, m, s):
        z = (x - m) / s
        tail = np.exp(-abs(z)) / 2
        return np.where(z < 0, tail, 1 - tail)


class logistic:
    """p = e^{-z} / (s (1 + e^{-z})^2), z = (x - m)/s."""

    arrays = ("location", "scale")

    def log_density(x, m, s):
        z = abs(x - m) / s
        return -z - 2 * np.log1p(np.exp(-z)) - np.log(s)

    def score(x, m, s):
        return np.expm1(-abs(x - m) / s) / (1 + np.exp(-abs(x - m) / s)) / s * np.sign(x - m)

    def slope(x, m, s):
        e = np.exp(-abs(x - m) / s)
        return -2 * e / (1 + e) ** 2 / (s * s)

    def mean(m, s):
        return m

    def variance(m, s):
        return PI * PI * s * s / 3

    def cdf(x, m, s):
        e = np.exp(-abs(x - m) / s)
        return np.where(x < m, e, 1) / (1 + e)


class generalised_normal:
    """p = k e^{-|z|^k} / (2 s Gamma(1/k)), z = (x - m)/s, power k."""

    arrays = ("location", "scale", "power")

    def log_density(x, m, s, k):
        constant = np.log(k / (2 * s)) - np.vectorize(log_gamma, otypes=[extended])(1 / k)
        return constant - (abs(x - m) / s) ** k

    def score(x, m, s, k):
        z = (x - m) / s
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(z == 0, 0, -k * np.sign(z) * abs(z) ** (k - 1) / s)

    def slope(x, m, s, k):
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = -k * (k - 1) * (abs(x - m) / s) ** (k - 2) / (s * s)
        return np.where(k == 1, 0, slope)

    def mean(m, s, k):
        return m

    def variance(m, s, k):
        gamma = np.vectorize(log_gamma, otypes=[extended])
        return s * s * np.exp(gamma(3 / k) - gamma(1 / k))

    def cdf(x, m, s, k):
        from scipy.special import gammainc

        z = (x - m) / s
        inner = gammainc((1 / k).astype(float), (abs(z) ** k).astype(float))
        return (1 + np.sign(z) * inner) / 2


class uniform:
    """1/(high - low) on [low, high]; outside, log density -inf and score nan."""

    arrays = ("low", "high")

    def log_density(x, low, high):
        return np.where((x >= low) & (x <= high), -np.log(high - low), -np.inf)

    def score(x, low, high):
        return np.where((x >= low) & (x <= high), extended(0), np.nan)

    slope = score

    def mean(low, high):
        return (low + high) / 2

    def variance(low, high):
        return (high - low) ** 2 / 12

    def cdf(x, low, high):
        return np.clip((x - low) / (high - low), 0, 1)


class smoothed_uniform:
    """Uniform(low, high) + sigma Z. With b = (x - high)/sigma (mirrored left of the middle) and
    w = (high - low)/sigma, z = (x - u)/sigma given x is a standard normal on [b, b + w]:
    p = P(b < z < b + w)/(high - low), score = -E[z]/sigma, slope = (Var z - 1)/sigma^2."""

    arrays = ("low", "high", "sigma")

    def _given(x, low, high, sigma):
        left = x - low < high - x
        b = np.where(left, low - x, x - high) / sigma
        a = np.where(left, high - x, x - low) / sigma
        w = (high - low) / sigma
        return interval(b, w, a), a, b, w, np.where(left, -1, 1)

    def log_density(x, low, high, sigma):
        return smoothed_uniform._given(x, low, high, sigma)[0].log_mass - np.log(high - low)

    def score(x, low, high, sigma):
        """(phi(b) - phi(a))/(mass sigma): here e^{-b^2/2} (1 - e^{-w(a+b)/2}) over the integral."""
        z, a, b, w, side = smoothed_uniform._given(x, low, high, sigma)
        return -side * smoothed_uniform._centre(z, a, b, w) / sigma

    def _centre(z, a, b, w):
        """E[z], keeping its relative accuracy where it is tiny."""
        edge = np.exp(-(b - z.mode) * (b + z.mode) / 2)
        return -edge * np.expm1(-w * (a + b) / 2) / z.integral

    def slope(x, low, high, sigma):
        z, a, b, w, _ = smoothed_uniform._given(x, low, high, sigma)
        inside = np.exp(-b * b / 2)  # b < 0 < a: three terms of one sign
        with np.errstate(over="ignore", invalid="ignore"):
            other = np.exp(-a * a / 2)
            terms = (b * inside - np.where(other > 0, a * other, 0)) / z.integral
        terms = terms - smoothed_uniform._centre(z, a, b, w) ** 2
        return np.where((b < 0) & (w > 1), terms, z.variance - 1) / (sigma * sigma)

    def mean(low, high, sigma):
        return (low + high) / 2

    def variance(low, high, sigma):
        return (high - low) ** 2 / 12 + sigma**2

    def cdf(x, low, high, sigma):
        """[a Phi(a) + phi(a) - b Phi(b) - phi(b)]/w, a = (x - low)/sigma, b = (x - high)/sigma."""
        from scipy.special import ndtr

        def integrated(z):
            return z * ndtr(z) + np.exp(-z * z / 2) / np.sqrt(2 * np.pi)

        a, b = ((x - end) / sigma for end in (low, high))
        a, b = a.astype(float), b.astype(float)
        return np.clip((integrated(a) - integrated(b)) * sigma / (high - low), 0, 1)


class truncated_normal:
    """N(mean, sd^2) given low <= x <= high; ends may be infinite; outside as for uniform."""

    arrays = ("mean", "sd", "low", "high")

    def _whole(m, s, low, high):
        return interval((low - m) / s, (high - low) / s, (high - m) / s)

    def log_density(x, m, s, low, high):
        z = (x - m) / s
        inside = -z * z / 2 - LOG_2PI / 2 - np.log(s)
        inside = inside - truncated_normal._whole(m, s, low, high).log_mass
        return np.where((x >= low) & (x <= high), inside, -np.inf)

    def score(x, m, s, low, high):
        return np.where((x >= low) & (x <= high), -(x - m) / (s * s), np.nan)

    def slope(x, m, s, low, high):
        return np.where((x >= low) & (x <= high), -1 / (s * s), np.nan)

    def mean(m, s, low, high):
        return m + s * truncated_normal._whole(m, s, low, high).mean

    def variance(m, s, low, high):
        return s * s * truncated_normal._whole(m, s, low, high).variance

    def cdf(x, m, s, low, high):
        whole = truncated_normal._whole(m, s, low, high).log_mass
        top = np.clip(x, low, high)
        with np.errstate(divide="ignore", invalid="ignore"):  # an empty interval has no mean
            part = interval((low - m) / s, (top - low) / s, (top - m) / s).log_mass
        return np.where(x <= low, 0, np.where(x >= high, 1, np.exp(part - whole)))


class half_normal:
    """|N(0, sd^2)|: p = 2 N(x; 0, sd^2) on x >= 0."""

    arrays = ("sd",)

    def log_density(x, s):
        inside = LOG_2 - LOG_2PI / 2 - np.log(s) - (x / s) ** 2 / 2
        return np.where(x >= 0, inside, -np.inf)

    def score(x, s):
        return np.where(x >= 0, -x / (s * s), np.nan)

    def slope(x, s):
        return np.where(x >= 0, -1 / (s * s), np.nan)

    def mean(s):
        return s * np.sqrt(2 / PI)

    def variance(s):
        return s * s * (1 - 2 / PI)

    def cdf(x, s):
        from scipy.special import erf

        return erf(np.maximum(x / s, 0).astype(float) / np.sqrt(2))


KINDS = [laplace, logistic, generalised_normal, uniform, smoothed_uniform, truncated_normal]
KINDS = {kind.__name__: kind for kind in [*KINDS, half_normal]}


def arguments(law):
    """The law's arrays, broadcast to the common dimension."""
    return np.broadcast_arrays(*(_array(getattr(law, name)) for name in KINDS[law.kind].arrays))
