"""Processes from a schedule of one's own: from α and σ, from f and g, or from a rate β."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_callable, as_positive
from refscore.processes._rated import GivenRates
from refscore.processes._smooth import as_function_of_time, derivatives
from refscore.processes.base import Process, as_divisor, as_time


def from_marginal(alpha, sigma, final_time=1.0, *, prior_std=None) -> Process:
    """The process with marginals X_t = α(t) X_0 + σ(t) Z; its rates by differentiation.

        f = α'/α,  g² = (σ²)' - 2 f σ²,  λ = log(α/σ) must not rise

    Derivatives are those of polynomials through 12 Chebyshev nodes of a window around t, halved
    until they resolve α, and σ or σ² (the smoother: a noise like √t has a smooth square).
    Arguments: alpha, sigma, smooth functions of an array of times, α > 0 before the end and
    σ > 0 after the start; final_time T; prior_std, σ(T) unless given. Returns: a Process.
    Raises: ValueError where α or σ is not finite or negative or λ rises, or, from a rate, where
    they are too rough to differentiate. Cost: a rate about 50 evaluations of α and σ. Source:
    Lu et al. 2022.
    Tested in: tests/processes/test_given.py
    """
    return GivenMarginal(alpha, sigma, final_time, prior_std)


def from_rates(drift_rate, diffusion, final_time=1.0, *, prior_std=None, breaks=()) -> Process:
    """The process dx = f(t) x dt + g(t) dw from the data; its marginals by quadrature.

        α = e^{∫f},  σ² = ∫_0^t g(u)² e^{2∫_u^t f} du

    Polynomials of degree 15 on panels, halved until f and g² are resolved, to the precision of
    what f and g return; relative precision near t = 0 is kept. Arguments: drift_rate f and
    diffusion g >= 0, functions of an array of times, finite on [0, T], smooth but for some
    hundred kinks and jumps; final_time T; prior_std, σ(T) unless given; breaks, times within
    [0, T] that are panels' ends: what is narrower than a tenth of t and shows at none of the
    first panels' 18 points, a spike, is not seen unless its time is one of them; solvers with
    error control stop there too.
    Returns: a Process. Raises: ValueError where f or g is not finite or g is negative, or, where
    seen, too rough. Cost: some hundred evaluations of f and g once, a thousand for every jump,
    then a polynomial a time.
    Source: Särkkä and Solin 2019.
    Tested in: tests/processes/test_given.py
    """
    return GivenRates(drift_rate, diffusion, final_time, prior_std, breaks=breaks)


def variance_preserving(beta, area=None, final_time=1.0) -> Process:
    """The variance-preserving process of any rate, dx = -½ β(t) x dt + √β(t) dw.

        α_t = e^{-B/2},  σ_t² = 1 - e^{-B},  B(t) = ∫_0^t β

    Arguments: beta β >= 0 and area B, functions of an array of times; without B by quadrature,
    as in `from_rates`; final_time T. Returns: a Process, prior_std 1. Raises: ValueError as
    `from_rates`, and where B is not ∫β by more than 1e-4 of it, beyond what 256 panels leave
    open. Source: Song et al. 2021, equation 11.
    Tested in: tests/processes/test_given.py
    """
    rate = as_function_of_time(as_callable(beta, "beta"), "beta")
    if area is None:
        by_quadrature = GivenRates(
            lambda t: -0.5 * rate(t), lambda t: np.sqrt(rate(t)), final_time, 1.0, rate
        )
        return Preserving(rate, lambda t: -2 * by_quadrature.log_alpha(t), final_time)
    return Preserving(rate, as_function_of_time(as_callable(area, "area"), "area"), final_time)


class GivenMarginal(Process):
    """What `from_marginal` returns."""

    def __init__(self, alpha, sigma, final_time, prior_std):
        self.final_time = as_positive(final_time, "final_time")
        self._alpha = as_function_of_time(as_callable(alpha, "alpha"), "alpha")
        self._sigma = as_function_of_time(as_callable(sigma, "sigma"), "sigma")
        _check(self._alpha, self._sigma, self.final_time)
        if prior_std is None:
            prior_std = float(self._sigma(self.final_time))
        self._prior = as_positive(prior_std, "prior_std")

    def marginal(self, t) -> tuple[np.ndarray, np.ndarray]:
        """(α_t, σ_t), shapes of t."""
        t = as_time(t, self)
        return np.array(self._alpha(t))[()], np.array(self._sigma(t))[()]

    def marginal_rates(self, t) -> tuple[np.ndarray, np.ndarray]:
        """(α', σ'), shapes of t; σ' is inf where the noise starts like √t."""
        _, _, rate, up, _ = self._slopes(t)
        return rate[()], up[()]

    def drift_rate(self, t) -> np.ndarray:
        """f(t) = α'/α, shape of t."""
        alpha, _, rate, _, _ = self._slopes(t)
        return (rate / as_divisor(alpha))[()]

    def diffusion(self, t) -> np.ndarray:
        """g(t) = √((σ²)' - 2 f σ²), shape of t."""
        alpha, sigma, rate, _, gain = self._slopes(t)
        return np.sqrt(np.maximum(gain - 2 * rate / as_divisor(alpha) * sigma**2, 0.0))[()]

    def prior_std(self) -> float:
        """Standard deviation of the Gaussian that stands for the law at time T."""
        return self._prior

    def _values(self, t) -> np.ndarray:
        """α, σ and σ² at times (...,), (3, ...)."""
        sigma = self._sigma(t)
        return np.stack([self._alpha(t), sigma, sigma**2])

    def _slopes(self, t):
        """α, σ, α', σ' and (σ²)': of the noise, what is the smoother, σ or its square."""
        t = as_time(t, self)
        (rate, direct, square), (off, error, other) = derivatives(self._values, t, self.final_time)
        alpha, sigma, _ = self._values(t)
        with np.errstate(divide="ignore", invalid="ignore"):
            rooted = (sigma == 0) & (square > 10 * other)
            use = ~rooted & ~(other / (2 * sigma) < error)
            up = np.where(rooted, np.inf, np.where(use, direct, square / (2 * sigma)))
            left = np.where(use, error, np.where(rooted, 0.0, other / (2 * sigma)))
            gain = np.where(use, 2 * sigma * direct, square)
        for name, good in (("alpha", off <= 1e-6 * (1 + np.abs(rate))),
                           ("sigma", left <= 1e-6 * (1 + np.abs(up)))):  # fmt: skip
            if not np.all(good):
                raise ValueError(f"{name} is too rough to differentiate at t; is it smooth in t?")
        return alpha, sigma, rate, up, gain


class Preserving(Process):
    """What `variance_preserving` returns."""

    def __init__(self, beta, area, final_time):
        self.final_time = as_positive(final_time, "final_time")
        self._beta, self._area = beta, area
        t = np.linspace(0, self.final_time, 257)
        rate, B = beta(t), area(t)
        for what, bad in (("beta", ~(rate >= 0)), ("area", ~(np.diff(B, prepend=B[0]) >= 0))):
            if bad.any():
                verb = "must be at least 0" if what == "beta" else "must not fall"
                raise ValueError(f"{what} {verb}; it does at t = {t[np.argmax(bad)]:.6g}")
        if abs(B[0]) > 1e-12:
            raise ValueError(f"area must be 0 at t = 0, got {B[0]:.6g}")
        _require_area(beta, t, B)

    def marginal(self, t) -> tuple[np.ndarray, np.ndarray]:
        """(α_t, σ_t), shapes of t."""
        B = self._area(as_time(t, self))
        return np.exp(-B / 2)[()], np.sqrt(-np.expm1(-B))[()]

    def drift_rate(self, t) -> np.ndarray:
        """f(t) = -½ β(t), shape of t."""
        return (-0.5 * self._beta(as_time(t, self)))[()]

    def diffusion(self, t) -> np.ndarray:
        """g(t) = √β(t), shape of t."""
        return np.sqrt(self._beta(as_time(t, self)))[()]

    def prior_std(self) -> float:
        """1, the standard deviation of the law that the process forgets its start for."""
        return 1.0


def _require_area(beta, t, B) -> None:
    """Raise where B(t) is not ∫_0^t β: by Gauss's rule, and what another rule leaves open."""
    sums = []
    for n in (16, 9):
        node, weight = np.polynomial.legendre.leggauss(n)
        half = np.diff(t) / 2
        with np.errstate(all="ignore"):
            sums.append(weight @ beta(t[:-1] + half * (node[:, None] + 1)) * half)
    area, left = np.cumsum(sums[0]), np.cumsum(np.abs(sums[0] - sums[1]))
    with np.errstate(all="ignore"):
        bad = np.abs(B[1:] - area) > 1e-4 * area + 10 * left
    for i in np.flatnonzero(bad & np.isfinite(B[1:] + area + left))[:1]:
        raise ValueError(
            f"area must be the integral of beta: {area[i]:.6g} at t = {t[i + 1]:.6g}, got"
            f" {B[i + 1]:.6g}"
        )


def _check(alpha, sigma, end: float) -> None:
    """Raise where α, σ or the fall of α/σ is not what a process has."""
    t = end * np.union1d(np.geomspace(1e-6, 1, 49), np.linspace(0, 1, 513))
    a, s = alpha(t), sigma(t)
    last, first = t == t[-1], t == 0
    for name, values, at_end in (("alpha", a, last), ("sigma", s, first)):
        bad = ~np.isfinite(values) | ~((values > 0) | (at_end & (values == 0)))
        if bad.any():
            i = int(np.argmax(bad))
            where = "before the end" if name == "alpha" else "after t = 0"
            raise ValueError(
                f"{name} must be finite and positive {where}, got {values[i]:.6g} at t = {t[i]:.6g}"
            )
    with np.errstate(divide="ignore"):
        ratio = np.log(a) - np.log(s)
        rises = np.flatnonzero(ratio[1:] > ratio[:-1] + 1e-9 * (1 + np.abs(ratio[:-1])))
    for i in rises[:1]:
        raise ValueError(
            "alpha / sigma must not rise with t, but it does between t ="
            f" {t[i]:.6g} and {t[i + 1]:.6g}: no noise is ever taken away"
        )
